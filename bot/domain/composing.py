"""From an article to the post of one channel: the one way there is, so that a preview cannot differ from the post."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.directory import Directory
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting import by_hand, excerpts
from bot.domain.post import Post
from bot.domain.rendering import NOBODY, choose, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What one channel would get: the excerpt that was chosen and the post it became."""

    channel: Channel
    excerpt: Excerpt
    post: Post


def compose(
    article: Article,
    campaign: Campaign,
    channels: Iterable[Channel],
    *,
    directory: Directory = NOBODY,
    overrides: Mapping[str, str] | None = None,
) -> tuple[Composition, ...]:
    """Return a composition for each channel that the article is meant for; none for an article without words.

    `overrides` are the words that a manager wants on a channel, by its name, instead of an excerpt that was chosen.
    """
    if article.excerpt:
        offered: tuple[Excerpt, ...] = (by_hand(article, article.excerpt),)
    else:
        offered = excerpts(article)
    own = {channel: by_hand(article, words) for channel, words in (overrides or {}).items() if words}
    found = [
        (channel, own.get(channel.name) or choose(article, offered, campaign, channel, directory=directory))
        for channel in channels
        if meant_for(article, campaign, channel) and (offered or channel.name in own)
    ]
    return tuple(
        Composition(
            channel=channel,
            excerpt=excerpt,
            post=render(article, excerpt, campaign, channel, directory=directory),
        )
        for channel, excerpt in found
    )


def meant_for(article: Article, campaign: Campaign, channel: Channel) -> bool:
    """Tell whether an article goes to a channel: its own list counts, else its campaign's, else every channel.

    A list may name channels or whole platforms.
    """
    wanted = article.channels or campaign.channels
    return not wanted or channel.name in wanted or channel.platform in wanted
