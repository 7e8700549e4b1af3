"""From an article to the post of one channel: the one way there is, so that a preview cannot differ from the post."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.directory import Directory
from bot.domain.edits import UNEDITED, Edits
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting import by_hand, excerpts, wished
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
    edits: Edits = UNEDITED,
) -> tuple[Composition, ...]:
    """Return a composition for each channel that the article goes to; none for an article without words.

    `edits` are what managers wrote on it: what counts instead of an excerpt that was chosen, where it goes, alt texts.
    """
    plain, article = article, edits.described(article)
    own = {channel: excerpt for channel, wish in edits.said.items() if wish and (excerpt := wished(article, wish))}
    there = [each for each in channels if goes(article, campaign, each, edits)]
    offered = offers(plain) if any(each.name not in own for each in there) else ()
    found = [
        (channel, own.get(channel.name) or choose(article, offered, campaign, channel, directory=directory))
        for channel in there
        if offered or channel.name in own
    ]
    return tuple(
        Composition(
            channel=channel,
            excerpt=excerpt,
            post=render(article, excerpt, campaign, channel, directory=directory),
        )
        for channel, excerpt in found
    )


@lru_cache(maxsize=32)
def offers(article: Article) -> tuple[Excerpt, ...]:
    """Return what Handbill itself chooses from: the passage that the article's file names, else what it found there."""
    return (by_hand(article, article.excerpt),) if article.excerpt else excerpts(article)


def goes(article: Article, campaign: Campaign, channel: Channel, edits: Edits = UNEDITED) -> bool:
    """Tell whether an article goes to a channel: what a manager said of that counts before the article's file."""
    said = edits.goes.get(channel.name)
    return meant_for(article, campaign, channel) if said is None else said


def meant_for(article: Article, campaign: Campaign, channel: Channel) -> bool:
    """Tell whether an article goes to a channel: its own list counts, else its campaign's, else every channel.

    A list may name channels or whole platforms.
    """
    wanted = article.channels or campaign.channels
    return not wanted or channel.name in wanted or channel.platform in wanted
