"""An excerpt written the way one channel wants it, in one or more parts.

    excerpt --wording--> words --fitting, threads--> words that fit --parts--> post

wording.py  normalised words, hashtags, no mentions of strangers     hashtags.py, strangers.py
layout.py   the campaign's template, filled                          cuts.py     where a text may be cut
fitting.py  one message, and what gives way                          threads.py  several messages
parts.py    spans, card, images: what an adapter gets
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.excerpt import Excerpt
from bot.domain.post import Post
from bot.domain.rendering.parts import Desk, Made, write
from bot.domain.rendering.wording import counted, sheet
from bot.errors import BadInput

LOSS = 1 / 3
"""An image is worth this share of the text, no more: where its caption would lose as much, it is left off instead."""


def render(article: Article, excerpt: Excerpt, campaign: Campaign, channel: Channel) -> Post:
    """Return the post exactly as it will be sent; every part keeps to the channel's limits.

    `notes` say what was shortened or left out. Raises BadInput when the campaign's disclosure alone is too long.
    """
    thread = article.thread and channel.limits.thread_parts > 1
    made = _made(article, excerpt, campaign, channel, thread=thread)
    return Post(channel=channel.name, parts=made.parts, notes=made.notes)


def choose(article: Article, excerpts: Sequence[Excerpt], campaign: Campaign, channel: Channel) -> Excerpt:
    """Return the excerpt that one message on this channel shows best: whole, or with the fewest sentences dropped.

    Among equals the best score wins, then the first. Raises ValueError when there is none.
    """

    def loss(excerpt: Excerpt) -> tuple[bool, int, float]:
        made = _made(article, excerpt, campaign, channel, thread=False)
        return made.cut, made.lost, -excerpt.score

    return min(excerpts, key=loss)


def _made(article: Article, excerpt: Excerpt, campaign: Campaign, channel: Channel, *, thread: bool) -> Made:
    """Return the post with its images, or without them where the text under an image would lose too much."""
    said = sheet(article, excerpt, campaign, channel.limits)
    made = write(Desk(article=article, channel=channel, sheet=said, images=said.images), thread=thread)
    if said.images and channel.limits.caption and not (made and made.whole):
        plain = write(Desk(article=article, channel=channel, sheet=said, images=()), thread=thread)
        if plain and (not made or plain.kept - made.kept >= plain.kept * LOSS):
            made = _without_images(plain, len(said.images), channel.limits.caption)
    if not made:
        what = "the disclosure and the fixed words of the template are longer than a whole post"
        raise BadInput(
            what, where=f"{campaign.name} on {channel.name}", hint="shorten the campaign's disclosure or template"
        )
    return made


def _without_images(plain: Made, images: int, caption: int) -> Made:
    """Return the post without images, with the reason among its notes."""
    why = f"{'image' if images == 1 else counted(images, 'image')} left out: text longer than the caption limit of {caption:,}"
    return replace(plain, notes=(*plain.notes, why))
