"""A text in several messages: where one ends and the next begins."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.domain.channel import LinkRule
from bot.domain.rendering import cuts
from bot.domain.rendering.cuts import Rank

SHARES: tuple[tuple[Rank, float], ...] = (
    (Rank.PARAGRAPH, 1 / 2),
    (Rank.SENTENCE, 1 / 3),
    (Rank.CLAUSE, 1 / 3),
    (Rank.WORD, 0),
    (Rank.LETTER, 0),
)
"""Where a message ends: at the first kind of place that fills at least this share of what it could hold."""

ORPHAN = 1 / 3
"""A last piece shorter than this share of the one before it is evened out with it."""


class Holds(Protocol):
    """Whether a piece fits as the message of that number."""

    def __call__(self, piece: str, number: int, *, last: bool) -> bool:
        """Tell it; `last` True when the message ends the thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be split: a text, its sentence ends, which addresses count as links, and what each message holds."""

    text: str
    ends: tuple[int, ...]
    rule: LinkRule
    holds: Holds
    most: int

    def seams(self, start: int, end: int) -> cuts.Seams:
        """Return the places for a cut in a stretch of the text, as offsets from its start."""
        low, high = bisect_left(self.ends, start + 1), bisect_left(self.ends, end + 1)
        ends = (at - start for at in self.ends[low:high])
        return cuts.seams(self.text[start:end], ends, self.rule, whole=end == len(self.text))


def split(script: Script) -> tuple[tuple[int, int], ...]:
    """Return the pieces of a text, (start, end) each, at most `most`, that together hold every word of it.

    Only when there is too much text or a word that fits nowhere does the last piece not fit.
    """
    pieces: list[tuple[int, int]] = []
    start, last = 0, False
    while not last:
        length, last = _piece(script, start, len(pieces) + 1)
        pieces.append((start, start + length))
        start = _next_word(script.text, start + length)
    return _even(script, pieces)


def _piece(script: Script, start: int, number: int) -> tuple[int, bool]:
    """Return the length of the message that begins there, and whether it is the last one."""
    rest = script.text[start:]
    seen = cuts.window(rest, lambda head: script.holds(head, number, last=False))
    if number == script.most or (len(seen) == len(rest) and script.holds(rest, number, last=True)):
        return len(rest), True
    found = script.seams(start, start + len(seen))

    def holds(at: int) -> bool:
        return script.holds(rest[:at].rstrip(), number, last=False)

    reach = cuts.longest(found.places[Rank.LETTER], holds)
    cut = next((at for rank, share in SHARES if (at := cuts.best(found, rank, share * reach, holds))), 0)
    return (cut, False) if cut else (len(rest), True)


def _even(script: Script, pieces: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Move the last cut towards the middle where it would leave a last message of a few words."""
    if len(pieces) < 2:
        return tuple(pieces)
    (start, cut), (_, end) = pieces[-2:]
    if end - cut >= (cut - start) * ORPHAN:
        return tuple(pieces)
    found = script.seams(start, end)
    for at in _middle_out(found, (end - start) // 2):
        after = _next_word(script.text, start + at)
        fits = script.holds(script.text[start : start + at].rstrip(), len(pieces) - 1, last=False)
        if fits and script.holds(script.text[after:end], len(pieces), last=True):
            return (*pieces[:-2], (start, start + at), (after, end))
    return tuple(pieces)


def _middle_out(found: cuts.Seams, middle: int) -> Iterable[int]:
    """Yield places for a cut, the best kind first, those next to the middle first; a few of each kind."""
    for rank in (Rank.PARAGRAPH, Rank.SENTENCE, Rank.CLAUSE, Rank.WORD):
        near = sorted(
            (at for at in found.places[rank] if middle / 2 < at < middle * 3 / 2), key=lambda at: abs(at - middle)
        )
        yield from near[:6]


def _next_word(text: str, at: int) -> int:
    """Return where the text goes on after white space."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at
