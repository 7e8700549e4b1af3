"""Article: a source text with its facts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BlockKind(StrEnum):
    """What a stretch of an article's text is; only PROSE, QUOTE and LIST may give words to an excerpt."""

    HEADING = "heading"
    PROSE = "prose"
    QUOTE = "quote"
    LIST = "list"
    CAPTION = "caption"
    BYLINE = "byline"
    BOILERPLATE = "boilerplate"
    CODE = "code"
    TABLE = "table"


class LanguageSource(StrEnum):
    """How an article's language is known: the manager or the page says it, or it was found out from the text."""

    GIVEN = "given"
    DETECTED = "detected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, heading or list entry: `text[start:end]` of its article, offsets in code points."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One picture, known by the hash of its bytes; the bytes themselves lie in the media folder.

    `sha256` is lower-case hex, `media_type` such as "image/png", `width` and `height` in pixels, `size` in bytes,
    `alt` the words for those who cannot see it ("" when the manager gave none).
    """

    sha256: str
    media_type: str
    width: int
    height: int
    size: int
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A source text with its facts. Identity is (campaign, name); `digest` tells one edition from the next.

    `text` is plain text in NFC with "\\n" line ends, paragraphs parted by a blank line; `blocks` cover its words in
    order. `language` is a BCP 47 tag or "" when neither given nor detected with confidence
    (`language_source`; `language_confidence` is 0 to 1 when detected, else 0). `link` is "" when none.
    `excerpt` is a passage chosen by hand ("" = let Handbill choose); `channels` empty = all channels of the campaign.
    `ready` False means draft: deliveries wait in held. `gone` tells that its file was taken away. Times are aware UTC.
    """

    campaign: str
    name: str
    digest: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    link: str = ""
    author: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    date: datetime | None = None
    ready: bool = True
    channels: tuple[str, ...] = ()
    not_before: datetime | None = None
    expires: datetime | None = None
    excerpt: str = ""
    thread: bool = False
    warning: str = ""
    visibility: str = ""
    language_source: LanguageSource = LanguageSource.UNKNOWN
    language_confidence: float = 0.0
    gone: bool = False
