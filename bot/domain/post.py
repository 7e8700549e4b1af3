"""Post: an excerpt rendered for one channel, in one or more parts."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.article import Image


class SpanKind(StrEnum):
    """What a marked stretch of a part's text is."""

    LINK = "link"
    TAG = "tag"
    MENTION = "mention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """`text[start:end]` of a part means `target`; offsets in code points, never overlapping, in order.

    `target` is the address for LINK, the word without "#" for TAG, the handle without "@" for MENTION.
    """

    kind: SpanKind
    start: int
    end: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A link shown as a card under the post where the platform wants it given."""

    url: str
    title: str
    description: str = ""
    image: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message of a post: all that an adapter needs to send it, and nothing it must decide.

    `number` counts from 1; `length` is `text` counted in the channel's own unit, `limit` what it may be.
    `language` is a BCP 47 tag or ""; `warning` and `visibility` are "" for the platform's default.
    """

    number: int
    text: str
    spans: tuple[Span, ...] = ()
    images: tuple[Image, ...] = ()
    card: Card | None = None
    language: str = ""
    warning: str = ""
    visibility: str = ""
    length: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An excerpt rendered for one channel. `notes` say what was shortened or left out, and why."""

    channel: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


def addresses(post: Post) -> tuple[str, ...]:
    """Return the addresses that a post leads to, in its text and on its cards, each once."""
    found = (
        url
        for part in post.parts
        for url in (
            *(span.target for span in part.spans if span.kind is SpanKind.LINK),
            *([part.card.url] if part.card else []),
        )
    )
    return tuple(dict.fromkeys(found))
