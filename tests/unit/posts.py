"""Channels of four kinds and an article of ours, for the tests of rendering."""

from dataclasses import replace

import regex

from bot.domain import rendering
from bot.domain.article import Article, Block, BlockKind, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, LinkPlace, LinkRule, Unit
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.post import Post

WEIGHTED = Limits(length=280, unit=Unit.WEIGHTED, url_weight=23, alt=1000)
FEDIVERSE = Limits(
    length=500,
    unit=Unit.GRAPHEMES,
    url_weight=23,
    link_rule=LinkRule.SCHEME,
    local_mentions=True,
    warning_counts=True,
    warnings=True,
    languages=True,
    visibilities=("public", "unlisted"),
    alt=1500,
)
CARDS = Limits(
    length=300,
    unit=Unit.GRAPHEMES,
    bytes=3000,
    link_rule=LinkRule.SPANS,
    pings=False,
    link=LinkPlace.CARD,
    languages=True,
)
ROOM = Limits(length=4096, unit=Unit.CODE_POINTS, caption=1024, images=10)

#: The default template without the headline, for what is not about it.
PLAIN = "{excerpt}\n\n{link}\n\n{tags}\n{disclosure}"
LINK = "https://library.example.org/night-trains"
SENTENCE_END = regex.compile(r"(?<=[.!?])(?=\s)|(?<=[。！？])|(?=\n\n)")

LEAD = (
    "The town library opens on Sundays from May. Readers can borrow, return and renew at the new desk in the hall. "
    "The council pays for two librarians and a porter, who will be there from ten to six. Music rooms stay closed on "
    "Sundays, because the lift is being replaced until autumn and nobody should carry a piano. Coffee is free."
)


def channel(limits: Limits, **rules: object) -> Channel:
    return Channel(name="wall", platform="wall", limits=replace(limits, **rules))  # type: ignore[arg-type]


def article(text: str = LEAD, **facts: object) -> Article:
    plain = Article(
        campaign="spring",
        name="a",
        digest="0",
        title="Sundays at the library",
        text=text,
        blocks=(Block(kind=BlockKind.PROSE, start=0, end=len(text)),),
        link=LINK,
        language="en",
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def excerpt(text: str = LEAD, score: float = 0.0) -> Excerpt:
    ends = tuple(sorted({match.start() for match in SENTENCE_END.finditer(text)} | {len(text)}))
    return Excerpt(text=text, start=0, end=len(text), reason=Reason.LEAD, sentences=ends, score=score)


def picture(number: int = 1, alt: str = "The new desk") -> Image:
    return Image(sha256=f"{number:064x}", media_type="image/png", width=640, height=480, size=9000, alt=alt)


def render(text: str, limits: Limits, *, template: str = "{excerpt}", link: str = "", **facts: object) -> Post:
    source = article(text, link=link, **facts)
    return rendering.render(source, excerpt(text), Campaign(name="spring", template=template), channel(limits))
