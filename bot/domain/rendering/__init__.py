"""An excerpt written the way one channel wants it, in one or more parts.

    excerpt --wording--> words --fitting, threads--> words that fit --parts--> post

wording.py  normalised words, hashtags, who may be mentioned         hashtags.py, mentions.py, strangers.py
layout.py   the campaign's template, filled                          cuts.py     where a text may be cut
fitting.py  one message, and what gives way                          threads.py  several messages
parts.py    spans, card, images: what an adapter gets                cards.py    the words on a link's card
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from bot.domain.article import Article, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, LinkPlace
from bot.domain.directory import Directory
from bot.domain.excerpt import Excerpt
from bot.domain.post import Post
from bot.domain.rendering.parts import Desk, Made, write
from bot.domain.rendering.wording import Order, counted, sheet
from bot.errors import BadInput

LOSS = 1 / 3
"""An image is worth this share of the text, no more: where its caption would lose as much, it is left off instead."""

DROPPED = 0.25
"""What each sentence that a channel has no room for takes from an excerpt's score."""

NOBODY = Directory()


def render(
    article: Article, excerpt: Excerpt, campaign: Campaign, channel: Channel, *, directory: Directory = NOBODY
) -> Post:
    """Return the post exactly as it will be sent; every part keeps to the channel's limits.

    Only who is in the `directory` is mentioned. `notes` say what was shortened or left out. Raises BadInput when the
    campaign's disclosure alone is too long.
    """
    made = _made(article, excerpt, campaign, channel, directory, thread=article.thread)
    return Post(channel=channel.name, parts=made.parts, notes=made.notes)


def messages(
    article: Article, excerpt: Excerpt, campaign: Campaign, channel: Channel, *, directory: Directory = NOBODY
) -> int:
    """Return how many messages it takes to say all of an excerpt on a channel, 0 when it would be shortened."""
    if _made(article, excerpt, campaign, channel, directory, thread=False).whole:
        return 1
    made = _made(article, excerpt, campaign, channel, directory, thread=True)
    return len(made.parts) if made.whole else 0


def choose(
    article: Article,
    excerpts: Sequence[Excerpt],
    campaign: Campaign,
    channel: Channel,
    *,
    directory: Directory = NOBODY,
) -> Excerpt:
    """Return the best excerpt as this channel shows it: not cut within a sentence, and with few sentences dropped.

    Only an article that is to be a thread may fill several messages. Among equals the first wins. Raises ValueError
    when there is none.
    """
    if not excerpts:
        raise ValueError("there is no excerpt to choose from: the sequence is empty")
    best, least = excerpts[0], (True, inf)
    for excerpt in sorted(excerpts, key=lambda one: -one.score):
        if least <= (False, -excerpt.score):
            break  # even whole, what is left would be no better
        made = _made(article, excerpt, campaign, channel, directory, thread=article.thread)
        loss = made.cut, made.lost * DROPPED - excerpt.score
        if loss < least:
            best, least = excerpt, loss
    return best


def _made(
    article: Article, excerpt: Excerpt, campaign: Campaign, channel: Channel, directory: Directory, *, thread: bool
) -> Made:
    """Return the post with its images, or without them where the text under an image would lose too much."""
    link, why = _placed(campaign, channel)
    order = Order(
        article=article,
        excerpt=excerpt,
        campaign=campaign,
        platform=channel.platform,
        limits=channel.limits,
        link=link,
        directory=directory,
    )
    said = sheet(order)
    said = replace(said, notes=(*said.notes, *why)) if why and article.link else said

    def written(images: tuple[Image, ...]) -> Made | None:
        desk = Desk(article=article, channel=channel, sheet=said, images=images, link=link)
        return write(desk, thread=thread and desk.most > 1)

    made = written(said.images)
    if said.images and channel.limits.caption and not (made and made.whole):
        plain = written(())
        if plain and (not made or plain.kept - made.kept >= plain.kept * LOSS):
            made = _without_images(plain, len(said.images), channel.limits.caption)
    if not made:
        what = "the disclosure, required hashtags and the fixed words of the template are longer than a whole post"
        hint = "shorten the campaign's disclosure, required_tags or template"
        raise BadInput(what, where=f"{campaign.name} on {channel.name}", hint=hint)
    return made


def _without_images(plain: Made, images: int, caption: int) -> Made:
    """Return the post without images, with the reason among its notes."""
    why = f"{'image' if images == 1 else counted(images, 'image')} left out: text longer than the caption limit of {caption:,}"
    return replace(plain, notes=(*plain.notes, why))


def _placed(campaign: Campaign, channel: Channel) -> tuple[LinkPlace, tuple[str, ...]]:
    """Return where the link goes, and why not where the campaign wants it."""
    ours = channel.limits.link
    wanted = campaign.link_on(channel) or ours
    if wanted is LinkPlace.CARD and ours is not LinkPlace.CARD:
        return ours, ("link card left out: this channel has none",)
    if wanted is LinkPlace.REPLY and channel.limits.thread_parts < 2:
        return LinkPlace.TEXT, ("the link stands in the text: this channel has no replies",)
    return wanted, ()
