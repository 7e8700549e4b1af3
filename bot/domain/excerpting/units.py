"""Units: the sentences and list entries an excerpt may be made of, each with what can be said about it alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from bot.domain.article import Article, Block, BlockKind
from bot.domain.excerpting.interviews import Interview, interview, label, meets
from bot.domain.excerpting.quoting import Balance, Setting, settings
from bot.domain.excerpting.telling import stems, telling
from bot.domain.excerpting.voices import SILENT, Voice, figure, signature, voice
from bot.domain.text import marginalia, sentences, words
from bot.domain.text.covers import covering
from bot.domain.text.pointers import points

_WIDE = regex.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]")
_FIRST_LETTER = regex.compile(r"[\p{L}\p{N}]")
_STOP = regex.compile(r"[.!?…。！？｡؟۔।॥።][\"'”’»›“‘」』)\]）】*_\s]*(?:\[\d+\])*$|[)”»」』]$")
_ASKS = regex.compile(r"[?？؟;][\"'”’»›“‘」』)\]）】\s]*$")
_BRAND = regex.compile(r"\p{Ll}{1,3}\p{Lu}")
_WORDS = regex.compile(r"\p{L}{2}")
_EMOJI = regex.compile(r"(?r)(?:\s*[\p{Extended_Pictographic}\p{EMod}\p{Regional_Indicator}\u200d\ufe0f\u20e3]+)+$")
_NOTE = regex.compile(r"\[\d{1,3}\]")
SHORTEST = 24
#: The kinds of blocks that give words to excerpts.
GIVING = frozenset({BlockKind.PROSE, BlockKind.LIST, BlockKind.QUOTE})
#: From this many paragraphs that begin with a time on, an article is a live report, and the times go.
LIVE = 3
#: An introduction that only presents somebody is no wider.
PRESENTING = 240
LABELLED = 80
#: As many sentences of one paragraph are looked at: a text without paragraphs takes no longer than a book.
SENTENCES = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`text[start:end]` of the article, one sentence or list entry.

    `width` counts a wide character twice; `stems` its content words. `opens` and `closes` say whether its start and its
    end lie outside every quotation and bracket; `doubtful` that its quotation marks do not tell whose words it holds.
    `dangling` it leans on the sentence before, `joined` an "and" ties it there, `contrast` it takes that back, `asks` it
    is a question, `fragment` it is no sentence, `small` it begins in lower case, `leads_on` it ends in a colon, `noted`
    it has the mark of a footnote, `points` it only sends readers elsewhere, `reply` it goes on with an answer whose
    question stands before, `asked` it begins with that question, `courtesy` it greets or thanks, `facts` it lists when
    and where, `presents` it only tells whom an interview is with. `ends_paragraph`: the last of its paragraph.
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
    joined: bool
    contrast: bool
    asks: bool
    fragment: bool
    small: bool
    leads_on: bool
    noted: bool
    points: bool
    reply: bool
    asked: bool
    courtesy: bool
    facts: bool
    presents: bool
    starts_paragraph: bool
    ends_paragraph: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Units that an excerpt may span, with nothing but white space and list markers between them.

    `outer` tells for each unit where its list marker begins, for an excerpt of several entries. `introduced`: the first
    unit of a list holds the line that leads on to it ("The library offers: ..."). `bound`: of its entries none goes without
    the others, since they are short facts such as opening hours.
    """

    kind: BlockKind
    units: tuple[Unit, ...]
    outer: tuple[int, ...]
    introduced: bool = False
    bound: bool = False

    def goes(self, first: int, last: int) -> bool:
        """Whether these units may go without the others."""
        whole = first == 0 and last + 1 == len(self.units)
        return whole or not (self.bound or (self.introduced and first == 0))


def runs(article: Article) -> tuple[Run, ...]:
    """Return all runs of an article in order; headings, captions and the like belong to none.

    A question of an interview is in the run of its answer.
    """
    text, blocks = article.text, article.blocks
    lists = words.of(words.language_of(text, article.language))
    talk = interview(text, blocks, lists)
    giving = [(block.start, block.end) for n, block in enumerate(blocks) if block.kind in GIVING or n in talk.questions]
    page = _Page(
        text=text,
        blocks=blocks,
        lists=lists,
        talk=talk,
        kept=telling(text, giving, lists),
        live=_live(text, blocks),
        lower=_lower(text, blocks),
    )
    found: list[Run] = []
    paragraph = 0
    for group in _groups(page):
        units = _presenting(page, group[-1], _grouped(page, group, paragraph))
        paragraph += len(group)
        if units:
            found.append(_run(text, blocks[group[-1]].kind, units, found[-1].units[-1] if found else None))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is known of an article before its sentences are looked at.

    `kept` are the stretches that give words, `live` whether paragraphs begin with a time, `lower` whether they begin in
    lower case, as some write all they write.
    """

    text: str
    blocks: Sequence[Block]
    lists: words.Words
    talk: Interview
    kept: Collection[tuple[int, int]]
    live: bool
    lower: bool


def _live(text: str, blocks: Sequence[Block]) -> bool:
    times = (
        marginalia.clock(text[block.start : block.start + 40]) for block in blocks if block.kind is BlockKind.PROSE
    )
    return sum(map(bool, times)) >= LIVE


def _lower(text: str, blocks: Sequence[Block]) -> bool:
    prose = [
        block
        for before, block in pairwise([None, *blocks])
        if block and block.kind is BlockKind.PROSE and not (before and _greets(text, before))
    ]
    return 2 * sum(_small(text[block.start : block.start + 80]) for block in prose) > len(prose)


def _greets(text: str, block: Block) -> bool:
    return block.kind is BlockKind.BOILERPLATE and marginalia.greeting(text[block.start : block.end].strip())


def _groups(page: _Page) -> Iterator[list[int]]:
    """Put together what an excerpt may span: paragraphs that follow each other, entries of one list; each quotation alone.

    A question begins anew, and its answer follows it.
    """
    group: list[int] = []
    for n, block in enumerate(page.blocks):
        gives = (block.start, block.end) in page.kept and page.text[block.start : block.end].strip() != ""
        if group and not (gives and _follows(page, group, n)):
            yield group
            group = []
        if gives:
            group.append(n)
    if group:
        yield group


def _follows(page: _Page, group: Sequence[int], n: int) -> bool:
    block, before = page.blocks[n], page.blocks[group[-1]]
    timed = page.live and marginalia.clock(page.text[block.start : block.start + 40])
    if timed or n in page.talk.questions or _parted(page.text, before.end, block.start):
        return False
    if group[-1] in page.talk.questions:
        return block.kind is BlockKind.PROSE
    return block.kind is before.kind is not BlockKind.QUOTE


def _parted(text: str, end: int, start: int) -> bool:
    return _WORDS.search(text, end, start) is not None


def _outer(text: str, start: int) -> int:
    line = text.rfind("\n", 0, start) + 1
    return start if _parted(text, line, start) else line + len(text[line:start]) - len(text[line:start].lstrip())


def _run(text: str, kind: BlockKind, units: list[Unit], before: Unit | None) -> Run:
    """Return a run; a list begins with the line before it that leads on to it."""
    introduced = bool(
        kind is BlockKind.LIST and before and before.leads_on and not _parted(text, before.end, units[0].start)
    )
    bound = kind is BlockKind.LIST and marginalia.belonging([text[unit.start : unit.end] for unit in units])
    if introduced and before:
        wide = before.width + units[0].width
        units[0] = replace(before, end=units[0].end, width=wide, leads_on=False, fragment=False)
    outer = tuple(_outer(text, unit.start) if kind is BlockKind.LIST else unit.start for unit in units)
    return Run(kind=kind, units=tuple(units), outer=outer, introduced=introduced, bound=bound)


def _grouped(page: _Page, group: list[int], paragraph: int) -> list[Unit]:
    """Return the units of blocks that an excerpt may span; a question is one with what its answer begins with."""
    asked = group[0] in page.talk.questions
    giving = [page.blocks[n] for n in (group[1:] if asked else group)]
    sources = [page.text[block.start : block.end] for block in giving]
    units: list[Unit] = []
    for n, setting in enumerate(settings(sources, page.lists)):
        reply = group[n + asked] in page.talk.answers
        units += _units(page, giving[n], paragraph + n + asked, setting, reply=reply)
    if asked and units:
        question = page.blocks[group[0]]
        whole = _from(page.text, units[0], question.start)
        units[0] = replace(whole, asked=True, reply=False, fragment=False, dangling=False, courtesy=False)
    elif units and group[0] and _small(sources[0]) and _greets(page.text, page.blocks[group[0] - 1]):
        units[0] = _from(page.text, units[0], page.blocks[group[0] - 1].start)
    return units


def _presenting(page: _Page, last: int, units: list[Unit]) -> list[Unit]:
    """Mark the units before an interview's first question that only tell who is met: no figure, nobody's words, no room."""
    if last >= min(page.talk.questions, default=0) or sum(unit.width for unit in units) > PRESENTING:
        return units
    if not units or any(unit.figure or unit.voice.spoken or unit.voice.quoted for unit in units):
        return units
    told = page.text[units[0].start : units[-1].end]
    if not meets(told) and not any(name in told for name in _answering(page)):
        return units
    return [replace(unit, presents=True) for unit in units]


def _answering(page: _Page) -> Iterator[str]:
    """Yield the names that stand before answers ("Wren: ...")."""
    for n in page.talk.answers:
        block = page.blocks[n]
        if found := label(page.text[block.start : min(block.end, block.start + LABELLED)]):
            yield found


def _from(text: str, unit: Unit, start: int) -> Unit:
    """Return a unit that begins with what stands before it, a question or a greeting."""
    return replace(unit, start=start, width=unit.width + width(text[start : unit.start]), small=False, joined=False)


def _units(page: _Page, block: Block, paragraph: int, setting: Setting, *, reply: bool) -> Iterator[Unit]:
    source = page.text[block.start : block.end]
    skip = 0
    if block.kind is BlockKind.PROSE:
        skip = marginalia.dateline(source) or (marginalia.clock(source) if page.live else 0)
    facts = block.kind is BlockKind.PROSE and marginalia.facts(source)
    whole = facts or block.kind is BlockKind.LIST or (block.kind is BlockKind.QUOTE and signature(source))
    stops = (len(source.rstrip()),) if whole else sentences.ends(source, page.lists.language)
    at = skip
    spans = []
    for stop in stops[:SENTENCES]:
        begin = at + len(source[at:stop]) - len(source[at:stop].lstrip())
        if begin < stop:
            spans.append((begin, stop))
        at = max(at, stop)
    turn = not reply and marginalia.turn(source)
    balance = Balance(source, setting, turn=turn)
    for n, (begin, stop) in enumerate(spans):
        unit = _unit(source, begin, stop, block, paragraph, page.lists, balance, first=n == 0, last=n + 1 == len(spans))
        if reply or (unit.small and (page.lower or block.kind is BlockKind.LIST)):
            unit = replace(unit, small=False, reply=reply)
        yield replace(unit, dangling=True, facts=True, fragment=False, leads_on=False) if facts else unit


def _unit(
    source: str,
    begin: int,
    stop: int,
    block: Block,
    paragraph: int,
    lists: words.Words,
    balance: Balance,
    *,
    first: bool,
    last: bool,
) -> Unit:
    text = source[begin:stop]
    letter = _FIRST_LETTER.search(text)
    at = letter.start() if letter else 0
    wide = width(text)
    leans = lists.dangling.match(text, at) is not None
    inside = balance.inside(begin)
    heard = voice(text, balance.within(begin, stop), lists)
    heard = SILENT if inside and not heard.spoken else heard  # nobody speaks here but whoever is quoted
    bare = text if text.isascii() else _EMOJI.sub("", text)
    small = _small(text)
    return Unit(
        start=block.start + begin,
        end=block.start + stop,
        paragraph=paragraph,
        width=wide,
        stems=stems(text, lists),
        voice=heard,
        figure=figure(text, lists),
        opens=not inside or (begin == 0 and heard.named),
        closes=not balance.inside(stop),
        doubtful=balance.doubtful(begin, stop),
        dangling=leans and not (heard.named and at > 0),
        joined=lists.joining.match(text, at) is not None,
        contrast=leans and lists.contrast.match(text, at) is not None,
        asks=_ASKS.search(bare[-8:]) is not None,
        fragment=wide < SHORTEST or (small and not first) or not _STOP.search(bare[-16:]),
        small=small,
        leads_on=bare.endswith((":", "：")),
        noted="[" in text and _NOTE.search(text) is not None,
        points=points(text) or covering(text),
        reply=False,
        asked=False,
        courtesy=marginalia.courtesy(text),
        facts=False,
        presents=False,
        starts_paragraph=first,
        ends_paragraph=last,
    )


def _small(text: str) -> bool:
    """Whether a text begins in lower case, and not with an address, a name such as eBay or a Dutch 's."""
    letter = _FIRST_LETTER.search(text)
    if not letter or not letter[0].islower():
        return False
    word = text[letter.start() :].split(maxsplit=1)[0].rstrip(".,;:!?")
    if text[letter.start() - 1 : letter.start()] in ("#", "@") or any(sign in word for sign in ".@/_"):
        return False
    if text[letter.start() - 1 : letter.start()] in ("'", "’") and len(word) == 1:
        return False
    return _BRAND.match(word) is None


def width(text: str) -> int:
    """Return the length of a text with wide characters counted twice."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))
