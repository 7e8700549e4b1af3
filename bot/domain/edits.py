"""Edits: what managers wrote on an article: what it is to say on a channel, where it goes, what its pictures show.

The article's file is never touched by that. Entries of None in a change mean: as if nobody had said anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.domain.article import Article

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an article is to say on a channel: a manager's own words, or the passage that stood at offset `start` >= 0."""

    text: str
    start: int = -1

    @property
    def passage(self) -> bool:
        """Whether it is a passage of the article, and nothing else will do."""
        return self.start >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What was written: `said` and `goes` (does the article go there, whatever its file says) by channel's name, `alts` by
    the SHA-256 of a picture.
    """

    said: Mapping[str, Wish | None] = field(default_factory=dict)
    goes: Mapping[str, bool | None] = field(default_factory=dict)
    alts: Mapping[str, str | None] = field(default_factory=dict)

    def over(self, before: "Edits") -> "Edits":
        """Return what holds when these are made to what was written before."""
        return Edits(
            said=_over(before.said, self.said),
            goes=_over(before.goes, self.goes),
            alts=_over(before.alts, self.alts),
        )

    def described(self, article: Article) -> Article:
        """Return an article with the alt texts that were written for its pictures."""
        if not any(image.sha256 in self.alts for image in article.images):
            return article
        images = (replace(each, alt=self.alts.get(each.sha256) or each.alt) for each in article.images)
        return replace(article, images=tuple(images))


UNEDITED = Edits()


def _over(before: Mapping[str, T | None], change: Mapping[str, T | None]) -> Mapping[str, T | None]:
    return {name: each for name, each in {**before, **change}.items() if each is not None}
