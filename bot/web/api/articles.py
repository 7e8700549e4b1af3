"""Articles: those that came in, a new one, the passages they offer, and exactly what each channel gets of them."""

import asyncio
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import Path, Query, Response
from pydantic import Field

from bot.domain import article as noun
from bot.domain.channel import Channel
from bot.domain.composing import goes, offers
from bot.domain.delivery import State
from bot.domain.edits import Edits, Wish
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting.passages import snapped
from bot.domain.inbox import Letter, Pile, Wanted
from bot.domain.people import Right
from bot.domain.rendering import messages
from bot.errors import BadInput
from bot.flow import editing
from bot.sources.arrivals import Arrival
from bot.web.api.operations import LARGEST, By, Operation
from bot.web.api.shapes import LARGEST_NUMBER, Body, Delivery, Moment, Part, Shape, Whole, Yes, parts, shape

TAG = "articles"
#: Articles on one page, unless told otherwise and at most; pictures of one article; letters of one in base64.
EACH, MOST, PICTURES, LONGEST_PICTURE = 30, 200, 8, 14 * 2**20
#: Characters of an article, and of a line of its facts.
LONGEST, LONGEST_LINE = 400_000, 500
SHA256 = r"^[0-9a-f]{64}$"

Campaign = Annotated[str, Path(max_length=200, examples=["library"])]
Name = Annotated[str, Path(max_length=200, description="Its file's name", examples=["night-opening.md"])]
Line = Annotated[str, Field(max_length=LONGEST_LINE)]


class Standing(Shape):
    """How one delivery of an article stands."""

    id: str
    version: int
    channel: str
    state: State


class Came(Shape):
    """An article that came in."""

    mark: int = Field(description="Grows with each that comes in")
    campaign: str
    article: str = Field(validation_alias="name")
    title: str
    language: str
    gone: bool = Field(description="Its file was taken away")
    images: int
    deliveries: list[Standing] = Field(validation_alias="standings")


class Articles(Shape):
    """A page of articles; `next` is what `before` takes for the page behind it, null on the last."""

    articles: list[Came]
    next: int | None


class Picture(Shape):
    """A picture of an article."""

    sha256: str
    alt: str
    media_type: str
    width: int
    height: int


class Article(Shape):
    """An article with its text, into which offsets count code points."""

    campaign: str
    article: str = Field(validation_alias="name")
    edition: str = Field(validation_alias="digest", description="Tells one edition from the next")
    title: str
    text: str
    link: str
    author: str
    language: str
    language_source: str
    language_confidence: float
    tags: list[str]
    images: list[Picture]
    date: Moment | None
    ready: bool = Field(description="No: it is a draft")
    channels: list[str] = Field(description="Where its file says that it goes; none = wherever its campaign goes")
    not_before: Moment | None
    expires: Moment | None
    thread: bool
    warning: str
    visibility: str
    gone: bool


class NewPicture(Body):
    """A picture that comes along. It is re-encoded, without what its file tells besides."""

    name: str = Field(min_length=1, max_length=200)
    base64: str = Field(
        max_length=LONGEST_PICTURE, description="Its bytes", json_schema_extra={"contentEncoding": "base64"}
    )
    alt: str = Field(default="", max_length=editing.LONGEST_ALT)


class NewArticle(Body):
    """A new article: Markdown with its facts beside it."""

    text: str = Field(min_length=1, max_length=LONGEST, pattern=r"\S", description="Markdown")
    campaign: str = Field(default="", max_length=100, description="The folder below queue/; empty = none in particular")
    title: Line = ""
    link: Line = ""
    author: Line = ""
    tags: list[Annotated[str, Field(max_length=100)]] = Field(default_factory=list, max_length=30)
    language: Line = Field(default="", description="BCP 47; empty = it is found out")
    draft: Yes = Field(
        default=True,
        description="Its posts wait for approval; no: they are scheduled at once, which takes the right to approve",
    )
    pictures: list[NewPicture] = Field(default_factory=list, max_length=PICTURES)


class Arrived(Shape):
    """Where a new article was written. `taken` no: it lies in the folder, and comes in as soon as that can be."""

    campaign: str
    article: str
    taken: bool


class Fit(Shape):
    """How many messages a passage takes on a channel: 1 = it fits whole, 0 = it would be shortened."""

    channel: str
    messages: int


class Offer(Shape):
    """A passage that makes a good post."""

    number: int
    text: str
    start: int
    end: int
    reason: str
    detail: str
    score: float
    channels: list[Fit]
    language: str
    language_source: str
    language_confidence: float


class Remark(Shape):
    """What an attentive reader would mark."""

    rule: str
    level: str
    part: int
    what: str
    fix: str


class Preview(Shape):
    """What one channel gets, exactly: `parts` are what is sent, byte for byte; none where it gets nothing."""

    channel: str
    unit: str
    goes: bool = Field(description="Whether the article goes there")
    open: bool = Field(description="Whether that can still be changed")
    changed: bool = Field(description="Whether the change that was asked about alters it")
    delivery: str | None
    version: int | None
    reason: str
    detail: str
    verbatim: bool
    notes: list[str]
    parts: list[Part]
    findings: list[Remark]


class Own(Body):
    """A manager's own words."""

    text: str = Field(min_length=1, max_length=editing.LONGEST, pattern=r"\S")


class Passage(Body):
    """A passage of the article by its offsets, widened to whole words."""

    start: Whole
    end: Whole


class Change(Body):
    """What is written on an article; null means: as if nobody had said anything."""

    said: dict[str, Own | Passage | None] = Field(default_factory=dict, max_length=100, description="By channel")
    goes: dict[str, Yes | None] = Field(default_factory=dict, max_length=100, description="By channel")
    alts: dict[str, Annotated[str, Field(max_length=editing.LONGEST_ALT)] | None] = Field(
        default_factory=dict, max_length=100, description="By the picture's SHA-256"
    )


class Saving(Change):
    """A change that is kept; with `edition` and `seen` only if all is as it was seen."""

    edition: str = Field(default="", max_length=200)
    seen: dict[str, Whole] = Field(default_factory=dict, max_length=500, description="Versions of deliveries by id")


async def listed(
    by: By,
    pile: Annotated[Pile, Query(description="Those of which some delivery waits, is scheduled, …")] = Pile.ALL,
    words: Annotated[str, Query(max_length=300, description="Those that hold all these words")] = "",
    before: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = EACH,
) -> Articles:
    """List the articles that came in, the newest first."""
    found = await by.store.inbox(Wanted(pile=pile, words=words, before=before, most=limit + 1))
    page = found[:limit]
    return Articles(articles=[_came(each) for each in page], next=page[-1].mark if len(found) > limit else None)


def _came(letter: Letter) -> Came:
    return Came.model_validate(letter)


async def told(by: By, campaign: Campaign, name: Name) -> Article:
    """Tell one article: its text and its facts."""
    return Article.model_validate(await by.store.article(campaign, name))


async def create(by: By, body: NewArticle, response: Response) -> Arrived:
    """Write a new article into the managers' folder and take it in at once.

    Nothing there is ever written over. With an Idempotency-Key it is written once, however often it is asked.
    """
    app = by.live.app
    place = await app.arrivals.add(
        Arrival(
            campaign=body.campaign.strip(),
            title=body.title,
            text=body.text.replace("\r\n", "\n"),
            link=body.link.strip(),
            author=body.author,
            tags=",".join(body.tags),
            language=body.language.strip(),
            draft=body.draft,
            pictures=tuple((each.name, _bytes(each), each.alt) for each in body.pictures),
        ),
        by.rights,
    )
    await app.intake.take(app.source)
    taken = (place.campaign, place.name) in await by.store.editions()
    response.headers["location"] = by.at(f"/v1/articles/{quote(place.campaign, safe='')}/{quote(place.name, safe='')}")
    return Arrived(campaign=place.campaign, article=place.name, taken=taken)


def _bytes(picture: NewPicture) -> bytes:
    try:
        return b64decode(picture.base64, validate=True)
    except (NotBase64, ValueError) as error:
        raise BadInput(f"{picture.name}: this is no base64") from error


async def excerpts(by: By, campaign: Campaign, name: Name) -> list[Offer]:
    """List the passages of an article that make good posts, the best first."""
    article, within = await by.store.article(campaign, name), await by.store.campaign(campaign)
    edits, directory = await by.store.edits(campaign, name), await by.store.directory()
    there = [each for each in await by.store.channels() if goes(article, within, each, edits)]

    def fits(excerpt: Excerpt) -> Mapping[Channel, int]:
        return {each: messages(article, excerpt, within, each, directory=directory) for each in there}

    def offered() -> list[Offer]:
        return [_offer(number, each, article, fits(each)) for number, each in enumerate(offers(article), 1)]

    return await asyncio.to_thread(offered)


def _offer(number: int, excerpt: Excerpt, article: noun.Article, fits: Mapping[Channel, int]) -> Offer:
    return Offer(
        number=number,
        text=excerpt.text,
        start=excerpt.start,
        end=excerpt.end,
        reason=excerpt.reason,
        detail=excerpt.detail,
        score=round(excerpt.score, 3),
        channels=[Fit(channel=channel.name, messages=count) for channel, count in fits.items()],
        language=article.language,
        language_source=article.language_source,
        language_confidence=round(article.language_confidence, 3),
    )


async def previews(by: By, campaign: Campaign, name: Name) -> list[Preview]:
    """Show what every channel gets of an article as things stand."""
    draft = await by.editing.draft(campaign, name)
    return [_preview(each) for each in draft.previews]


async def foresee(by: By, campaign: Campaign, name: Name, body: Change) -> list[Preview]:
    """Show what every channel would get by a change. Nothing is kept."""
    article = await by.store.article(campaign, name)
    draft = await by.editing.draft(campaign, name, _edits(body, article))
    return [_preview(each) for each in draft.previews]


async def save(by: By, campaign: Campaign, name: Name, body: Saving) -> list[Delivery]:
    """Keep what is written on an article; what waits is rendered anew and held.

    The answer is all of its deliveries as they stand then. The article's file is never touched. With `seen`, all that is
    to change must be named there. What is approved is changed only by those who may approve: others get 409.
    """
    article = await by.store.article(campaign, name)
    change = _edits(body, article)
    kept = await by.editing.change(campaign, name, change, edition=body.edition, seen=body.seen or None)
    return [shape(each) for each in kept]


def _edits(body: Change, article: noun.Article) -> Edits:
    return Edits(
        said={channel: _wish(each, article) for channel, each in body.said.items()}, goes=body.goes, alts=body.alts
    )


def _wish(said: Own | Passage | None, article: noun.Article) -> Wish | None:
    match said:
        case None:
            return None
        case Own(text=text):
            return Wish(text=text)
        case Passage(start=start, end=end):
            first, last = snapped(article, start, end)
            if first == last:
                raise BadInput(f"{start}-{end} is no passage of this text, which has {len(article.text):,} characters")
            return Wish(text=article.text[first:last], start=first)


def _preview(each: editing.Preview) -> Preview:
    excerpt, post = each.excerpt, each.post
    return Preview(
        channel=each.channel.name,
        unit=each.channel.limits.unit,
        goes=each.goes,
        open=each.open,
        changed=each.changed,
        delivery=each.delivery.id if each.delivery else None,
        version=each.delivery.version if each.delivery else None,
        reason=excerpt.reason if excerpt else "",
        detail=excerpt.detail if excerpt else "",
        verbatim=excerpt is not None and excerpt.verbatim,
        notes=list(post.notes) if post else [],
        parts=parts(post),
        findings=[Remark.model_validate(found) for found in each.findings],
    )


HERE = "/v1/articles/{campaign}/{name}"
OPERATIONS = (
    Operation(method="GET", path="/v1/articles", answer=listed, right=Right.SEE, tag=TAG),
    Operation(
        method="POST", path="/v1/articles", answer=create, right=Right.EDIT, tag=TAG, status=201, longest=LARGEST
    ),
    Operation(method="GET", path=HERE, answer=told, right=Right.SEE, tag=TAG),
    Operation(method="PATCH", path=HERE, answer=save, right=Right.EDIT, tag=TAG),
    Operation(method="GET", path=f"{HERE}/excerpts", answer=excerpts, right=Right.SEE, tag=TAG),
    Operation(method="GET", path=f"{HERE}/previews", answer=previews, right=Right.SEE, tag=TAG),
    Operation(method="POST", path=f"{HERE}/previews", answer=foresee, right=Right.EDIT, tag=TAG),
)
