"""What is open where in a paragraph's quotations, and quotations that run on over several paragraphs.

In the American way a quotation of several paragraphs opens anew in each and closes only in the last. Its paragraphs are
in doubt one by one; together they are somebody's words, and say whose where the sentence goes on before or after them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from bot.domain.excerpting.voices import says
from bot.domain.text import words
from bot.domain.text.quotes import DOUBLE, Marks, marks

#: More stretches in doubt than this in one paragraph are not looked at: no real paragraph has them.
DOUBTS = 20
#: Who speaks stands this near to a quotation's beginning or end.
NEAR = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A paragraph's marks as they stand among its neighbours.

    `since` is where a quotation opens that the next paragraph goes on with, `until` where one closes that began in a
    paragraph before (the paragraph's length when it does not close here either); -1 = there is none.
    """

    found: Marks
    since: int = -1
    until: int = -1


def settings(sources: Sequence[str], lists: words.Words) -> Iterator[Setting]:
    """Yield the setting of each of some paragraphs that follow each other, in time linear in their length."""
    n = 0
    while n < len(sources):
        chain, closed = _chain(sources, n)
        last = n + len(chain) - 1
        if closed and _attributed(sources[n][: chain[0].since], sources[last][chain[-1].until + 1 :], lists):
            yield from chain
        else:
            yield from (replace(each, since=-1, until=-1) for each in chain)
        n = last + 1


def _chain(sources: Sequence[str], n: int) -> tuple[list[Setting], bool]:
    """Return the settings of the paragraphs from the n-th on that one quotation runs through, and whether it closes."""
    found = marks(sources[n])
    chain = [Setting(found=found, since=_left_open(sources[n], found))]
    opener = sources[n][chain[0].since]
    for source in sources[n + 1 :] if chain[0].since >= 0 else ():
        if not source.startswith(opener):
            break
        found = marks(source)
        left = _left_open(source, found)
        if left == 0:
            chain.append(Setting(found=found, until=len(source)))
            continue
        close = next((end for start, end in found.pairs if start == 0), -1)
        if close < 0:
            break
        chain.append(Setting(found=found, since=left, until=close))
        if left < 0:
            return chain, True
    return chain, False


def _left_open(source: str, found: Marks) -> int:
    """Return where the one quotation opens that a paragraph leaves open at its end, -1 when it leaves none, or several."""
    opener = next((start for start, end in found.doubtful if end == len(source) and source[start] in DOUBLE), -1)
    paired = {at for pair in found.pairs for at in pair}
    at = source.find(source[opener], opener + 1) if opener >= 0 else -1
    while at in paired:
        at = source.find(source[opener], at + 1)
    return opener if at < 0 else -1


def _attributed(before: str, after: str, lists: words.Words) -> bool:
    """Whether what stands before a quotation or after it says that somebody speaks."""
    return says(before[-NEAR:], lists) is not None or says(after[:NEAR], lists) is not None


class Balance:
    """Answers in one sweep, for rising offsets, what is open there and whether a stretch is doubtful.

    A turn in an interview is doubtful throughout: somebody's words, without their marks.
    """

    def __init__(self, source: str, setting: Setting, *, turn: bool) -> None:
        self._turn = turn
        self._pairs = setting.found.pairs
        size = len(source)
        running = [(-1, setting.until)] * (setting.until >= 0) + [(setting.since, size)] * (setting.since >= 0)
        spans = sorted([*self._pairs, *running])
        self._starts = [start for start, _ in spans]
        self._reach = list(accumulate((end for _, end in spans), max))
        known = {(max(start, 0), end) for start, end in running}
        self._doubtful = [each for each in setting.found.doubtful if each not in known]
        self._firsts = [start for start, _ in self._pairs]

    def inside(self, at: int) -> bool:
        """Whether a quotation or bracket is open there."""
        n = bisect_left(self._starts, at)
        return n > 0 and self._reach[n - 1] >= at

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the pairs that begin in a stretch and end in it, as offsets into the stretch."""
        first, last = bisect_left(self._firsts, start), bisect_left(self._firsts, end)
        return [(a - start, b - start) for a, b in self._pairs[first:last] if b < end]

    def doubtful(self, start: int, end: int) -> bool:
        """Whether a stretch may be somebody's words without looking like it."""
        return self._turn or any(a < end and start < b for a, b in self._doubtful[:DOUBTS])
