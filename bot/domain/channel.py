"""Channel: one account or room on a platform, and its limits as data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.pacing import Price, Rate
from bot.domain.reactions import Reports


class Unit(StrEnum):
    """How a platform counts the length of a text. `bot.domain.text.measure` knows each."""

    CODE_POINTS = "code points"
    GRAPHEMES = "graphemes"
    UTF16 = "UTF-16 units"
    BYTES = "bytes"
    WEIGHTED = "weighted characters"


class LinkRule(StrEnum):
    """Which addresses in a text a platform itself turns into links (and counts with `url_weight`)."""

    BARE = "bare domains too"
    SCHEME = "only with http:// or https://"
    SPANS = "only where the post marks them"


class LinkPlace(StrEnum):
    """Where a post carries its article's link."""

    TEXT = "in the text"
    CARD = "as a card"
    REPLY = "in the first reply"
    OMIT = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What proves that a part is not there: so many `reads`, so long `apart`, after the quiet period.

    `resends` is how often a part that left no trace is sent again before a person is asked.
    """

    reads: int = 1
    apart: timedelta = timedelta(0)
    resends: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A channel's rules as data; 0 means no limit unless said otherwise.

    `length` in `unit`; `bytes` a second cap in UTF-8 bytes; `url_weight` what one link counts (0 = its own length);
    `marked_links` tells that posts mark their links, so that one may be written otherwise than its address;
    `local_mentions` counts "@user@host" as "@user"; `pings` tells that
    the platform itself makes a mention of any @word in a text; `warning_counts` adds a content warning to the length;
    `caption` the lower limit when an image goes along; `images` how many, `image_bytes` each, `image_pixels` width x
    height, `image_types` media types, `alt` code points of alt text; `tags` how many hashtags we put at most;
    `link` where the article's link goes; `edits`, `deletes`, `warnings`, `languages`, `visibilities` what the
    platform can do at all. `thread_parts` 1 = cannot chain replies. `rates` are how often it may be told something,
    `price` what that costs, `absence` what it takes to believe that something is not there, `reports` what it
    tells of published posts. `address` is how the address of a post goes on behind that of its account: a regular
    expression whose one group is the post's id.
    """

    length: int
    unit: Unit
    bytes: int = 0
    url_weight: int = 0
    link_rule: LinkRule = LinkRule.BARE
    marked_links: bool = False
    local_mentions: bool = False
    pings: bool = True
    warning_counts: bool = False
    caption: int = 0
    images: int = 4
    image_bytes: int = 0
    image_pixels: int = 0
    image_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp", "image/gif")
    alt: int = 0
    tags: int = 3
    link: LinkPlace = LinkPlace.TEXT
    edits: bool = False
    deletes: bool = True
    warnings: bool = False
    languages: bool = False
    visibilities: tuple[str, ...] = ()
    thread_parts: int = 25
    rates: tuple[Rate, ...] = ()
    price: Price | None = None
    address: str = r"(?:[a-z]+/)?([\w.~:-]+)"
    absence: Absence = Absence()
    reports: Reports = Reports()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What `verify` learned about a channel from its platform.

    `name` is how people see it ("@library@town.example"), `url` its public page, `limits` the server's own, `automated`
    whether the platform shows it as automated (None = the platform has no such mark), `notes` for `doctor`.
    """

    name: str
    url: str
    limits: Limits
    automated: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One account or room on a platform. `name` is "x" or, for a second account, "x__NAME" in lower case.

    `paused` says why it is paused; until `rests` nothing is sent, for the reason `rests_why`.
    """

    name: str
    platform: str
    limits: Limits
    account: str = ""
    url: str = ""
    paused: str = ""
    rests: datetime | None = None
    rests_why: str = ""

    def resting(self, now: datetime) -> bool:
        """Tell whether nothing is sent for now."""
        return self.rests is not None and self.rests > now
