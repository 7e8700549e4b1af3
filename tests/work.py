"""Work counted instead of timed, at the places where a hostile text would be gone over again and again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import SupportsIndex

import pytest
from sentencex import get_sentence_boundaries

from bot.domain.channel import Limits
from bot.domain.text import measure, quotes, sentences


@dataclass(slots=True)
class Work:
    """What one call took.

    `read` are the lengths of the texts that sentencex was given, whose time is quadratic in each; `tried` is how many open
    marks were compared with one that may close them; `measured` are the lengths of the texts whose length was asked for.
    """

    read: list[int] = field(default_factory=list)
    tried: int = 0
    measured: list[int] = field(default_factory=list)


class Watched(dict[str, str]):
    """What may close each mark; counts how often one is looked up."""

    def __init__(self, work: Work) -> None:
        super().__init__(quotes.CLOSERS)
        self._work = work

    def __getitem__(self, mark: str) -> str:
        self._work.tried += 1
        return super().__getitem__(mark)


class Sliced(str):
    """A text that counts how many characters are taken out of it: `taken` grows in proportion where the work does."""

    taken = 0

    def __getitem__(self, at: SupportsIndex | slice) -> str:
        piece = super().__getitem__(at)
        self.taken += len(piece)
        return piece


@contextmanager
def counted() -> Iterator[Work]:
    """Count while the context lasts; everything still does what it does."""
    work = Work()
    length = measure.length

    def splitting(language: str, text: str) -> object:
        work.read.append(len(text))
        return get_sentence_boundaries(language, text)

    def measuring(text: str, limits: Limits, *, warning: str = "") -> int:
        work.measured.append(len(text))
        return length(text, limits, warning=warning)

    quotes.marks.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences, "get_sentence_boundaries", splitting)
        patch.setattr(quotes, "CLOSERS", Watched(work))
        patch.setattr(measure, "length", measuring)
        yield work
