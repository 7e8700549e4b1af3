"""Which stretches are offered: candidates from the best starts, then the best few that do not repeat each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import regex

from bot.domain.article import Article, BlockKind
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting.scoring import ALONE, WHOLE_AND_SHORT, Measure, measure, opening
from bot.domain.excerpting.units import Run, Unit, runs

LONGEST_SPAN = 7
#: How many starts are tried in full, so that a book takes no longer than a report.
STARTS = 160
AT_LEAST = 3
#: Widths that part short, middling and long excerpts, and what a second one of the same class costs.
CLASSES = (250, 520)
SAME_CLASS = 0.12
SAME_START = 0.25
#: What a stretch must score to be offered beside better ones.
FLOOR = 0.2
SHORT_TEXT = 300
#: The widest story of a thread: some ten messages of the shortest kind. It is offered before everything else.
STORY = 2400
STORY_FIRST = 1.0

_GRAPHEME = regex.compile(r"\X")
#: Scripts without spaces whose words only a dictionary parts (UAX #14, class SA): cut nowhere else than at spaces.
_UNSPACED = regex.compile(r"\P{L}*[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_CLAUSE = regex.compile(r"[,;:،؛、，；：—–\n]+[^\S\n]*(?=\S)|[\s\u200b](?=\S)")
_CLAUSE_ONLY = regex.compile(r"[;:؛；：—–\n、，،,]\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The units `first` to `last` of a run, `start` to `end` in the article; `size` 0 short, 1 middling, 2 long.

    It begins at the list marker when it has several entries and nothing leads on to them. `whole`: all there is.
    """

    run: Run
    first: int
    last: int
    start: int
    end: int
    size: int
    score: float
    whole: bool

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units it spans."""
        return self.run.units[self.first : self.last + 1]


def chosen(article: Article, *, most: int, longest: int) -> tuple[Excerpt, ...]:
    """Return the excerpts of an article, best first; none for one without words to give."""
    found = _telling(runs(article))
    if not found:
        return ()
    scale = measure(article, found)
    best = _best(article, found, scale, most, longest)
    told = _story(found, scale) if article.thread else None
    if not told or any(told.end - told.start <= len(one.text) for one in best[:1]):
        return best
    first = replace(_excerpt(article, told, scale), score=max(one.score for one in best) + STORY_FIRST)
    return (first, *best)[:most]


def _telling(found: Sequence[Run]) -> Sequence[Run]:
    """Return the runs that have more to say than where to read on and the rest of an answer; all when none has."""
    return [run for run in found if not all(unit.points or unit.reply for unit in run.units)] or found


def _best(article: Article, found: Sequence[Run], scale: Measure, most: int, longest: int) -> tuple[Excerpt, ...]:
    for strict in (True, False):
        candidates = _candidates(found, scale, longest, strict=strict)
        if candidates:
            break
    else:
        return tuple(_pieces(article, found, longest))[:most]
    picked = _picked(article, candidates, most)
    return tuple(_excerpt(article, candidate, scale) for candidate in picked)


def _story(found: Sequence[Run], scale: Measure) -> Candidate | None:
    """Return what a thread tells: the article from its lead on, to the last paragraph that there is room for."""
    run = next(run for run in found if any(unit.start == scale.first for unit in run.units))
    widths = list(accumulate(unit.width for unit in run.units))
    pointing = next((n for n, unit in enumerate(run.units) if unit.points), len(run.units))
    ends = [
        n
        for n, unit in enumerate(run.units[:pointing])
        if unit.ends_paragraph and widths[n] <= STORY and _may_close(run.units, n)
    ]
    if not ends or any(unit.doubtful for unit in run.units[: ends[-1] + 1]):
        return None
    last = ends[-1]
    return Candidate(
        run=run,
        first=0,
        last=last,
        start=run.units[0].start,
        end=run.units[last].end,
        size=len(CLASSES),
        score=0.0,
        whole=len(found) == 1 and last + 1 == len(run.units),
    )


def _candidates(found: Sequence[Run], scale: Measure, longest: int, *, strict: bool) -> list[Candidate]:
    worths = [[scale.worth(unit) for unit in run.units] for run in found]
    starts = [
        (n, i)
        for n, run in enumerate(found)
        for i, unit in enumerate(run.units)
        if not unit.reply and not unit.points and (not strict or _may_open(run, unit, i))
    ]
    starts.sort(key=lambda at: (-worths[at[0]][at[1]] - opening(found[at[0]].units[at[1]]), at))
    out: list[Candidate] = []
    for n, i in starts[:STARTS]:
        out += _spans(found[n], i, scale, worths[n], longest, strict=strict, alone=len(found) == 1)
    return out


def _may_open(run: Run, unit: Unit, n: int) -> bool:
    if unit.dangling or unit.doubtful or not unit.opens or unit.voice.bare or unit.leads_on or unit.small:
        return False
    return run.kind is not BlockKind.LIST or n == 0 or not unit.fragment


def _spans(
    run: Run,
    i: int,
    scale: Measure,
    worths: Sequence[float],
    longest: int,
    *,
    strict: bool,
    alone: bool,
) -> Iterator[Candidate]:
    """Yield the stretches from unit `i` on that are whole: no quotation cut, nobody's words without marks or speaker."""
    units = run.units
    heard = _Heard()
    for j in range(i, len(units)):
        if units[j].points:
            return
        heard.hear(units[j])
        whole = alone and i == 0 and j + 1 == len(units)
        if units[j].end - run.outer[i] > longest or (strict and units[j].doubtful):
            return
        bound = run.bound or (run.introduced and i == 0)
        if j - i >= LONGEST_SPAN and not (i == 0 and (alone or bound)):
            return
        if (
            not run.goes(i, j)
            or (j - i >= LONGEST_SPAN and not (whole or bound))
            or (strict and not (_may_close(units, j) and heard.told))
        ):
            continue
        wide = sum(unit.width for unit in units[i : j + 1])
        yield Candidate(
            run=run,
            first=i,
            last=j,
            start=run.outer[i] if j > i and not (run.introduced and i == 0) else units[i].start,
            end=units[j].end,
            size=sum(wide > limit for limit in CLASSES),
            score=scale.score(run, i, j, worths) + WHOLE_AND_SHORT * (whole and wide <= SHORT_TEXT),
            whole=whole,
        )


class _Heard:
    """Follows a stretch and says whether all quotations so far are told whose they are."""

    def __init__(self) -> None:
        self._speaker = False
        self._bare = False

    def hear(self, unit: Unit) -> None:
        """Take the next unit in."""
        self._speaker = self._speaker or unit.voice.spoken
        self._bare = self._bare or unit.voice.bare

    @property
    def told(self) -> bool:
        """Whether somebody is said to speak, or nothing is quoted."""
        return self._speaker or not self._bare


def _may_close(units: Sequence[Unit], j: int) -> bool:
    return units[j].closes and not units[j].leads_on


def _picked(article: Article, candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Pick the best that do not overlap, lengths mixed; a short text gives overlapping ones up to AT_LEAST."""
    picked: list[Candidate] = []
    unlike = _unlike(article, candidates)
    for apart in (True, False):
        free = unlike
        while len(picked) < (most if apart else min(most, AT_LEAST)):
            free = [one for one in free if _free(one, picked, apart=apart)]
            if not free:
                break
            picked.append(max(free, key=lambda one: (one.score - _likeness(one, picked), -one.start, -one.end)))
    return sorted(_with_a_short_one(picked, unlike, most), key=lambda one: (-one.score, one.start, one.end))


def _with_a_short_one(picked: list[Candidate], unlike: Sequence[Candidate], most: int) -> list[Candidate]:
    """Return the picked ones, with one that stands whole in the shortest channels where the text has such a one."""
    short = [one for one in unlike if sum(unit.width for unit in one.units) <= ALONE]
    if most < 2 or not short or any(one.units[0].width <= ALONE for one in picked):
        return picked
    return [*picked[: most - 1], max(short, key=lambda one: (one.score, -one.start))]


def _unlike(article: Article, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without those that say again, word for word, what a better or earlier one says."""
    first: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda one: (-one.score, one.start, one.end)):
        first.setdefault(_folded(article, one), one)
    return list(first.values())


def _free(one: Candidate, picked: Sequence[Candidate], *, apart: bool) -> bool:
    if apart:
        clear = all(one.end <= other.start or other.end <= one.start for other in picked)
        return clear and (one.score >= FLOOR or not picked) and not (one.whole and one.size)
    return all((one.start, one.end) != (other.start, other.end) for other in picked)


def _likeness(one: Candidate, picked: Sequence[Candidate]) -> float:
    return sum(SAME_CLASS * (one.size == other.size) + SAME_START * (one.start == other.start) for other in picked)


def _folded(article: Article, one: Candidate) -> str:
    return " ".join(article.text[one.start : one.end].split()).strip("“”\"«»„' ")


def _excerpt(article: Article, one: Candidate, scale: Measure) -> Excerpt:
    reason, detail = _reason(one, scale)
    stops, heard = [], _Heard()
    for n, (unit, following) in enumerate(pairwise(one.units), one.first):
        heard.hear(unit)
        apart = one.run.goes(one.first, n) and not (unit.leads_on or following.contrast)
        if apart and unit.closes and heard.told:
            stops.append(unit.end - one.start)
    return Excerpt(
        text=article.text[one.start : one.end],
        start=one.start,
        end=one.end,
        reason=reason,
        detail=detail,
        sentences=(*stops, one.end - one.start),
        score=round(one.score, 4),
    )


def _reason(one: Candidate, scale: Measure) -> tuple[Reason, str]:
    units = one.units
    if one.whole:
        return Reason.WHOLE, ""
    if units[0].start == scale.first:
        return Reason.LEAD, "opens the article"
    for unit in units:
        if unit.voice.named:
            return Reason.QUOTE, unit.voice.speaker
    for unit in units:
        if unit.figure:
            return Reason.FIGURE, unit.figure
    return Reason.KEY_POINT, ""


def _pieces(article: Article, found: Sequence[Run], longest: int) -> Iterator[Excerpt]:
    """Yield the beginnings of units that are longer than an excerpt may be, cut where a clause or a word ends."""
    for run in found:
        for unit in run.units:
            if unit.reply:
                continue
            text = article.text[unit.start : unit.end]
            text = text[: _clause_end(text, longest)].rstrip().rstrip("\u200b")
            if text:
                end = unit.start + len(text)
                yield Excerpt(
                    text=text,
                    start=unit.start,
                    end=end,
                    reason=Reason.KEY_POINT,
                    detail="cut from a longer sentence" if end < unit.end else "",
                    sentences=(len(text),),
                )


def _clause_end(text: str, longest: int) -> int:
    if len(text) <= longest:
        return len(text)
    places = [found.end() for found in _CLAUSE.finditer(text[: longest + 1]) if found.end() <= longest]
    clauses = [at for at in places if at * 2 > longest and _CLAUSE_ONLY.search(text, max(0, at - 4), at)]
    if clauses or places:
        return (clauses or places)[-1]
    if _UNSPACED.match(text):
        return 0
    at = 0
    for grapheme in _GRAPHEME.finditer(text):
        if grapheme.end() > longest:
            break
        at = grapheme.end()
    return at
