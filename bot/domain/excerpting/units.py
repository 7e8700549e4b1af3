"""Units: the sentences and list entries an excerpt may be made of, each with what can be said about it alone."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import regex

from bot.domain.article import Article, Block, BlockKind
from bot.domain.excerpting.telling import stems, telling
from bot.domain.excerpting.voices import Voice, figure, signature, voice
from bot.domain.text import marginalia, sentences, words
from bot.domain.text.quotes import Marks, marks

_WIDE = regex.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]")
_FIRST_LETTER = regex.compile(r"[\p{L}\p{N}]")
_STOP = regex.compile(r"[.!?…。！？｡؟۔।॥።][\"'”’»›“‘」』)\]）】*_\s]*(?:\[\d+\])*$|[)”»」』]$")
_ASKS = regex.compile(r"[?？؟;][\"'”’»›“‘」』)\]）】\s]*$")
_WORDS = regex.compile(r"\p{L}{2}")
_EMOJI = regex.compile(r"(?r)(?:\s*[\p{Extended_Pictographic}\p{EMod}\p{Regional_Indicator}\u200d\ufe0f\u20e3]+)+$")
_NOTE = regex.compile(r"\[\d{1,3}\]")
SHORTEST = 24
#: The kinds of blocks that give words to excerpts.
GIVING = frozenset({BlockKind.PROSE, BlockKind.LIST, BlockKind.QUOTE})
#: More stretches in doubt than this in one paragraph are not looked at: no real paragraph has them.
DOUBTS = 20
#: From this many paragraphs that begin with a time on, an article is a live report, and the times go.
LIVE = 3
#: As many sentences of one paragraph are looked at: a text without paragraphs takes no longer than a book.
SENTENCES = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`text[start:end]` of the article, one sentence or list entry.

    `width` counts a wide character twice; `stems` its content words. `opens` and `closes` say whether its start and its
    end lie outside every quotation and bracket; `doubtful` that its quotation marks do not tell whose words it holds.
    `dangling` it leans on the sentence before, `contrast` it takes that back, `asks` it is a question, `fragment` it is
    no sentence, `leads_on` it ends in a colon, `noted` it has the mark of a footnote. `ends_paragraph`: the last of its
    paragraph.
    """

    start: int
    end: int
    paragraph: int
    width: int
    stems: tuple[str, ...]
    voice: Voice
    figure: str
    opens: bool
    closes: bool
    doubtful: bool
    dangling: bool
    contrast: bool
    asks: bool
    fragment: bool
    leads_on: bool
    noted: bool
    starts_paragraph: bool
    ends_paragraph: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Units that an excerpt may span, with nothing but white space and list markers between them.

    `outer` tells for each unit where its list marker begins, for an excerpt of several entries. `introduced`: the first
    unit of a list holds the line that leads on to it ("The library offers: ...").
    """

    kind: BlockKind
    units: tuple[Unit, ...]
    outer: tuple[int, ...]
    introduced: bool = False


def runs(article: Article) -> tuple[Run, ...]:
    """Return all runs of an article in order; headings, captions and the like belong to none."""
    text = article.text
    lists = words.of(words.language_of(text, article.language))
    found: list[Run] = []
    paragraph = 0
    live = _live(text, article.blocks)
    giving = [(block.start, block.end) for block in article.blocks if block.kind in GIVING]
    kept = telling(text, giving, lists)
    for group in _groups(text, article.blocks, kept):
        kind = group[0].kind
        units: list[Unit] = []
        for block in group:
            units += _units(text, block, paragraph, lists, live=live)
            paragraph += 1
        lead_in = found[-1].units[-1] if found and kind is BlockKind.LIST else None
        introduced = bool(units and lead_in and lead_in.leads_on and not _parted(text, lead_in.end, units[0].start))
        if units and lead_in and introduced:
            units[0] = replace(
                lead_in, end=units[0].end, width=lead_in.width + units[0].width, leads_on=False, fragment=False
            )
        if units:
            outer = tuple(_outer(text, unit.start) if kind is BlockKind.LIST else unit.start for unit in units)
            found.append(Run(kind=kind, units=tuple(units), outer=outer, introduced=introduced))
    return tuple(found)


def _live(text: str, blocks: Sequence[Block]) -> bool:
    times = (
        marginalia.clock(text[block.start : block.start + 40]) for block in blocks if block.kind is BlockKind.PROSE
    )
    return sum(map(bool, times)) >= LIVE


def _groups(text: str, blocks: Sequence[Block], kept: Collection[tuple[int, int]]) -> Iterator[list[Block]]:
    """Put together what an excerpt may span: paragraphs that follow each other, entries of one list; each quotation alone."""
    group: list[Block] = []
    for block in blocks:
        gives = (block.start, block.end) in kept and text[block.start : block.end].strip()
        same = gives and group and block.kind is group[-1].kind is not BlockKind.QUOTE
        if group and not (same and not _parted(text, group[-1].end, block.start)):
            yield group
            group = []
        if gives:
            group.append(block)
    if group:
        yield group


def _parted(text: str, end: int, start: int) -> bool:
    return _WORDS.search(text, end, start) is not None


def _outer(text: str, start: int) -> int:
    line = text.rfind("\n", 0, start) + 1
    return start if _parted(text, line, start) else line + len(text[line:start]) - len(text[line:start].lstrip())


def _units(text: str, block: Block, paragraph: int, lists: words.Words, *, live: bool) -> Iterator[Unit]:
    source = text[block.start : block.end]
    skip = 0
    if block.kind is BlockKind.PROSE:
        skip = marginalia.dateline(source) or (marginalia.clock(source) if live else 0)
    found = marks(source)
    whole = block.kind is BlockKind.LIST or (block.kind is BlockKind.QUOTE and signature(source))
    stops = (len(source.rstrip()),) if whole else sentences.ends(source, lists.language)
    at = skip
    spans = []
    for stop in stops[:SENTENCES]:
        begin = at + len(source[at:stop]) - len(source[at:stop].lstrip())
        if begin < stop:
            spans.append((begin, stop))
        at = max(at, stop)
    balance = _Balance(found, turn=marginalia.turn(source))
    for n, (begin, stop) in enumerate(spans):
        yield _unit(source, begin, stop, block, paragraph, lists, balance, first=n == 0, last=n + 1 == len(spans))


class _Balance:
    """Answers in one sweep, for rising offsets, what is open there and whether a stretch is doubtful.

    A `turn` in an interview is doubtful throughout: somebody's words, without their marks.
    """

    def __init__(self, found: Marks, *, turn: bool) -> None:
        self._turn = turn
        self._pairs = found.pairs
        self._starts = [start for start, _ in found.pairs]
        self._reach = list(accumulate((end for _, end in found.pairs), max))
        self._doubtful = found.doubtful

    def inside(self, at: int) -> bool:
        n = bisect_left(self._starts, at)
        return n > 0 and self._reach[n - 1] >= at

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the pairs that begin in a stretch and end in it, as offsets into the stretch."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return [(a - start, b - start) for a, b in self._pairs[first:last] if b < end]

    def doubtful(self, start: int, end: int) -> bool:
        return self._turn or any(a < end and start < b for a, b in self._doubtful[:DOUBTS])


def _unit(
    source: str,
    begin: int,
    stop: int,
    block: Block,
    paragraph: int,
    lists: words.Words,
    balance: _Balance,
    *,
    first: bool,
    last: bool,
) -> Unit:
    text = source[begin:stop]
    letter = _FIRST_LETTER.search(text)
    at = letter.start() if letter else 0
    wide = width(text)
    leans = lists.dangling.match(text, at) is not None
    heard = voice(text, balance.within(begin, stop), lists)
    bare = text if text.isascii() else _EMOJI.sub("", text)
    small = text[at : at + 1].islower() and not first
    return Unit(
        start=block.start + begin,
        end=block.start + stop,
        paragraph=paragraph,
        width=wide,
        stems=stems(text, lists),
        voice=heard,
        figure=figure(text, lists),
        opens=not balance.inside(begin),
        closes=not balance.inside(stop),
        doubtful=balance.doubtful(begin, stop),
        dangling=leans and not (heard.named and at > 0),
        contrast=leans and lists.contrast.match(text, at) is not None,
        asks=_ASKS.search(bare[-8:]) is not None,
        fragment=wide < SHORTEST or small or not _STOP.search(bare[-16:]),
        leads_on=bare.endswith((":", "：")),
        noted="[" in text and _NOTE.search(text) is not None,
        starts_paragraph=first,
        ends_paragraph=last,
    )


def width(text: str) -> int:
    """Return the length of a text with wide characters counted twice."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))
