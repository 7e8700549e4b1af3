"""The ports of articles: where they come from, their pictures, and the addresses in them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.domain.article import Article, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits
from bot.domain.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file that could not be taken, in words for the manager: where is "path:line" when a line is known.

    `level` is "error" (the file is left out) or "warning" (it is taken, but something in it is not as meant).
    """

    where: str
    what: str
    hint: str = ""
    level: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a source found: the articles and campaigns that are whole, and a problem for each that is not.

    `present` are the (campaign, name) of all articles that are there, readable or not, so that nobody takes a broken
    file for a deleted one; None when the source itself is not there. `directory` is who may be mentioned, None when the
    source cannot tell or has no say in that. `campaigns` has every campaign of an article, a plain one where none is told.
    """

    articles: tuple[Article, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    directory: Directory | None = None
    problems: tuple[Problem, ...] = ()
    present: frozenset[tuple[str, str]] | None = frozenset()


class Source(Protocol):
    """Where articles come from."""

    name: str

    async def read(self) -> Found:
        """Return all that is there now. A faulty file becomes a Problem and never hides another; raises StoreError never."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield each time it is worth calling `read` again, until the iterator is closed."""
        ...


class Media(Protocol):
    """The bytes of images, by content hash."""

    async def put(self, data: bytes, alt: str, *, anew: bool = False) -> Image:
        """Keep a picture and return its facts; BadInput when it is none.

        It is re-encoded where it holds more than the picture (EXIF, anything behind its end), or `anew` in any case.
        """
        ...

    async def fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        """Return bytes and media type that keep within the limits, scaled down or re-encoded when they must be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is at an address: HTTP `status`, 0 = no answer, and `why` in words; `final` differs when it redirects."""

    status: int
    final: str
    why: str = ""


class Links(Protocol):
    """Looks at addresses that other people wrote, and at nothing but the public internet."""

    async def look(self, url: str) -> Look:
        """Tell what is at an address within a few seconds; never raises for what the network does."""
        ...
