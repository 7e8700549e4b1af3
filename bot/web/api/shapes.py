"""The shapes that docs/json.md tells, as models: what the API answers with, and what its bodies are made of.

A shape is read off the domain's own noun where its fields bear the same names.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from bot.domain import delivery as noun
from bot.domain.delivery import State
from bot.domain.spans import YEARS, zone_of

#: A number of a version, as large as JSON's readers take whole numbers (RFC 8259 §6).
LARGEST_NUMBER = 2**53 - 1


def _written(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError("write it as text")
    return value


def _near(value: Any) -> Any:  # noqa: ANN401 - a date or a moment
    if value.year not in YEARS:
        raise ValueError("it is not in our times")
    return value


_MOMENT = WithJsonSchema({"type": "string", "format": "date-time"})
#: A time in UTC, as docs/json.md writes it.
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str), _MOMENT]
#: A time that a request names, with its offset.
At = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_near), _MOMENT]
Day = Annotated[
    date, BeforeValidator(_written), AfterValidator(_near), WithJsonSchema({"type": "string", "format": "date"})
]
#: The name of an IANA time zone, "" = the installation's own.
Zone = Annotated[str, Field(max_length=64), AfterValidator(lambda name: name and zone_of(name))]
Whole = Annotated[int, Field(strict=True, ge=0, le=LARGEST_NUMBER)]
Yes = Annotated[bool, Field(strict=True)]


class Shape(BaseModel):
    """Something that is told."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """Something that is asked for; a field that is not known is refused, since it is a slip of the pen."""

    model_config = ConfigDict(extra="forbid")


class Excerpt(Shape):
    """Words chosen from an article."""

    text: str
    start: int = Field(description="Where it begins in the article's text; -1 when the words are a manager's own")
    end: int
    reason: str


class Image(Shape):
    """A picture."""

    sha256: str
    alt: str


class Card(Shape):
    """A link shown as a card."""

    url: str
    title: str


class Link(Shape):
    """A marked stretch of a text."""

    kind: str = Field(description="link, tag or mention")
    start: int
    end: int
    target: str


class Part(Shape):
    """One message of a post."""

    number: int
    text: str
    length: int
    limit: int
    language: str
    warning: str
    visibility: str
    images: list[Image]
    card: Card | None
    links: list[Link] = Field(validation_alias="spans")


class Receipt(Shape):
    """Proof that a part is published."""

    part: int
    id: str = Field(description="The platform's own")
    url: str
    at: Moment


class Planned(Shape):
    """A delivery without what it says."""

    id: str
    campaign: str
    article: str
    channel: str
    state: State
    version: int
    why: str
    slot: Moment | None
    due: Moment | None
    expires: Moment | None
    tries: int
    receipts: list[Receipt]


class Delivery(Planned):
    """One post due on one channel."""

    excerpt: Excerpt
    parts: list[Part]
    notes: list[str]
    warnings: list[str]


def planned(delivery: noun.Delivery) -> Planned:
    """Return a delivery without what it says."""
    return Planned(**_facts(delivery))


def shape(delivery: noun.Delivery, warnings: Sequence[str] = ()) -> Delivery:
    """Return a delivery as docs/json.md describes it."""
    return Delivery(**_facts(delivery), **_words(delivery), warnings=list(warnings))


def parts(post: Any) -> list[Part]:  # noqa: ANN401 - a Post or None
    """Return the parts of a post; none of no post."""
    return [Part.model_validate(each) for each in post.parts] if post else []


def _facts(delivery: noun.Delivery) -> dict[str, Any]:
    receipts = [Receipt(part=number, id=each.id, url=each.url, at=each.at) for number, each in delivery.receipts]
    return {name: getattr(delivery, name) for name in Planned.model_fields if name != "receipts"} | {
        "receipts": receipts
    }


def _words(delivery: noun.Delivery) -> dict[str, Any]:
    return {
        "excerpt": Excerpt.model_validate(delivery.excerpt),
        "parts": parts(delivery.post),
        "notes": list(delivery.post.notes),
    }
