"""What each stretch of a text is: prose, heading, list entry, quotation, or something printed around the article.

Two steps: `of_plain` first cuts plain text by its shape (blank lines, markers, fences, columns, line lengths), then
`refined` judges each paragraph by its words. A Markdown or HTML source knows the shape already and calls `refined` only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from bot.domain.article import Block, BlockKind
from bot.domain.text import marginalia
from bot.domain.text.quotes import marks

#: Lines wider than this were not broken by a typewriter: each is a paragraph of its own.
WIDEST_WRAP = 120
NARROWEST_WRAP = 40
VERSE_LINE = 60
HEADING_WIDTH = 110
HEADING_WORDS = 16
QUESTION_WORDS = 9
#: How many whole-paragraph quotations are looked up elsewhere in the text, which takes the length of the text each.
PULL_QUOTES = 40

_ROW = regex.compile(r"[^\n]+")
_LETTERED = regex.compile(r"[A-Za-z]\.")
_GAP = regex.compile(r"\n(?:[^\S\n]*\n)+")
_FENCE = regex.compile(r"^[^\S\n]{0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?\n)??[^\S\n]{0,3}\1[`~]*[^\S\n]*$", regex.M | regex.S)
_MARKER = regex.compile(
    r"(?:[-*+•‣◦▪●–⁃·]|\(?(?:\d{1,3}|[a-zA-Z]|[۰-۹]{1,3}|[٠-٩]{1,3})[.)])[^\S\n]+(?=\S)|[•‣◦▪●・](?=\S)"
)
_HASHES = regex.compile(r"#{1,6}[^\S\n]+(?=\S)")
_RULE = regex.compile(r"={3,}|-{3,}")
_COLUMNS = regex.compile(r"\S(?: {3,}|\t+)\S|\|")
_CODE = regex.compile(r"[{};=<>$]|^\s*(?:def|import|from|function|var|let|return|#include)\b", regex.M)
_STOP = regex.compile(r"[.!?…。！？｡؟۔।॥።:：;؛,،、—–-][\"'”’»›“‘」』)\]）】*_]*$|\[\d+\]$")
_FULL_STOP = regex.compile(r"[.!?…。！？｡؟۔।॥።][\"'”’»›“‘」』)\]）】*_]*(?:\[\d+\])*$")
_SENTENCE = regex.compile(r"[\p{L}\p{N}][\"'”’»)]*[.!?]\s+[\"“„«(¿¡]*\p{Lu}|[。！？۔।]")
_QUESTION = regex.compile(r"[?？؟]$")
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_SIGNED = regex.compile(r"\s*(?:[–—―-]|--)\s*[^\n.!?]{2,80}\.?|\s*\([^()]{2,80}\)", regex.S)
_LOWER = regex.compile(r"[\"“„«(]?\p{Ll}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line without its outer white space; `indent` is how much stood before it."""

    text: str
    start: int
    end: int
    indent: int


def of_plain(text: str) -> tuple[Block, ...]:
    """Return the blocks of a plain text in order: all its words are in one of them, no two overlap.

    A list entry begins after its marker, a heading after its "#"; a stanza stays one block. Offsets in code points.
    """
    return refined(text, tuple(_shaped(text)))


def refined(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the same blocks, those of PROSE judged again by their words, and what follows the article as BOILERPLATE.

    A text that would be left without any prose keeps its longest headings as prose: it is a text without full stops.
    """
    judged = _without_endmatter(text, _judged(text, blocks))
    if any(block.kind in (BlockKind.PROSE, BlockKind.LIST, BlockKind.QUOTE) for block in judged):
        return judged
    return tuple(
        replace(new, kind=BlockKind.PROSE) if (old.kind, new.kind) == (BlockKind.PROSE, BlockKind.HEADING) else new
        for old, new in zip(blocks, judged, strict=True)
    )


# --- by shape ---------------------------------------------------------------------------------------------------------


def _shaped(text: str) -> Iterator[Block]:
    at = 0
    for fence in _FENCE.finditer(text):
        yield from _between_fences(text, at, fence.start())
        yield Block(kind=BlockKind.CODE, start=fence.start(), end=fence.end())
        at = fence.end()
    yield from _between_fences(text, at, len(text))


def _between_fences(text: str, start: int, end: int) -> Iterator[Block]:
    at = start
    for gap in [*_GAP.finditer(text, start, end), None]:
        stop = gap.start() if gap else end
        lines = tuple(_lines(text, at, stop))
        if lines:
            yield from _chunk(text, lines)
        at = gap.end() if gap else stop


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    for found in _ROW.finditer(text, start, end):
        line = found[0].strip()
        if line:
            indent = len(found[0]) - len(found[0].lstrip())
            begin = found.start() + indent
            yield _Line(text=line, start=begin, end=begin + len(line), indent=indent)


def _chunk(text: str, lines: tuple[_Line, ...]) -> Iterator[Block]:
    start, end = lines[0].start, lines[-1].end
    if all(line.indent >= 4 for line in lines) and _CODE.search(text, start, end):
        yield Block(kind=BlockKind.CODE, start=start, end=end)
    elif len(lines) > 1 and sum(_COLUMNS.search(line.text) is not None for line in lines) > len(lines) * 0.7:
        yield Block(kind=BlockKind.TABLE, start=start, end=end)
    elif len(lines) == 2 and _RULE.fullmatch(lines[1].text) and len(lines[0].text) <= HEADING_WIDTH:
        yield Block(kind=BlockKind.HEADING, start=start, end=lines[0].end)
    else:
        yield from _marked(lines)


def _marked(lines: tuple[_Line, ...]) -> Iterator[Block]:
    """Cut a chunk where markers stand; what has none is prose, or goes on with the entry above it."""
    wrap = _wrap(lines)
    plain: list[_Line] = []
    entry: Block | None = None
    last = lines[0]
    for line in lines:
        kind, begin = _marker(line)
        if kind is BlockKind.PROSE and entry and (line.indent > last.indent or _soft(last, line, wrap)):
            entry = replace(entry, end=line.end)
            continue
        if entry:
            yield entry
            entry = None
        if kind is BlockKind.PROSE:
            plain.append(line)
        else:
            yield from _prose(tuple(plain), wrap)
            plain = []
            entry = Block(kind=kind, start=begin, end=line.end)
        last = line
    if entry:
        yield entry
    yield from _prose(tuple(plain), wrap)


def _marker(line: _Line) -> tuple[BlockKind, int]:
    if found := _HASHES.match(line.text):
        return BlockKind.HEADING, line.start + found.end()
    if line.text.startswith("> "):
        return BlockKind.QUOTE, line.start + 2
    if (found := _MARKER.match(line.text)) and not _LETTERED.match(line.text):
        return BlockKind.LIST, line.start + found.end()
    return BlockKind.PROSE, line.start


def _wrap(lines: tuple[_Line, ...]) -> int:
    """Return the width at which the lines seem to be wrapped: the second longest, so that one long address is forgiven.

    0 = not wrapped at all, since two lines in three end like a paragraph.
    """
    if sum(_FULL_STOP.search(line.text[-12:]) is not None for line in lines) * 3 >= len(lines) * 2:
        return 0
    widths = sorted((len(line.text) for line in lines), reverse=True)
    return widths[1] if len(widths) > 3 and widths[0] > widths[1] + 20 else widths[0]


def _soft(line: _Line, following: _Line, wrap: int) -> bool:
    """Whether a line break only wraps: the next word had no room left, or the sentence plainly goes on."""
    if _LOWER.match(following.text) and not _FULL_STOP.search(line.text):
        return True
    if not NARROWEST_WRAP <= wrap <= WIDEST_WRAP or following.indent > line.indent or _margin(following.text):
        return False
    word = following.text.split(maxsplit=1)[0] if " " in following.text else following.text[:1]
    return len(line.text) + 1 + len(word) > wrap


def _prose(lines: tuple[_Line, ...], wrap: int) -> Iterator[Block]:
    if not lines:
        return
    if _verse(lines, wrap):
        yield Block(kind=BlockKind.PROSE, start=lines[0].start, end=lines[-1].end)
        return
    start = lines[0].start
    for line, following in pairwise(lines):
        if not _soft(line, following, wrap):
            yield Block(kind=BlockKind.PROSE, start=start, end=line.end)
            start = following.start
    yield Block(kind=BlockKind.PROSE, start=start, end=lines[-1].end)


def _verse(lines: tuple[_Line, ...], wrap: int) -> bool:
    """Whether these are lines of a poem: three or more, short, broken on purpose, mostly without full stops."""
    if len(lines) < 3 or wrap > VERSE_LINE:
        return False
    stops = sum(_FULL_STOP.search(line.text) is not None for line in lines)
    return stops * 2 <= len(lines) and not any(_margin(line.text) for line in lines[:3] + lines[-3:])


# --- by words ---------------------------------------------------------------------------------------------------------


def _judged(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    words = [text[block.start : block.end].strip() for block in blocks]
    prose = [n for n, block in enumerate(blocks) if block.kind is BlockKind.PROSE]
    stops = any(_FULL_STOP.search(words[n][-12:]) for n in prose)
    kinds = [block.kind for block in blocks]
    if len(prose) > 1 and marginalia.greeting(words[prose[0]]):
        kinds[prose[0]] = BlockKind.BOILERPLATE
    lookups = PULL_QUOTES
    for n, block in enumerate(blocks):
        if block.kind in (BlockKind.PROSE, BlockKind.LIST) and (margin := _margin(words[n], block.kind)):
            kinds[n] = margin
        elif block.kind is BlockKind.PROSE and words[n][:1] in "“„«\"'»”「『‘":
            lookups -= 1
            if _quotation(text, words[n], look=lookups > 0):
                kinds[n] = BlockKind.QUOTE
        if kinds[n] is BlockKind.PROSE and len(blocks) > 1 and _heading(n, words, blocks, stops=stops):
            kinds[n] = BlockKind.HEADING
    return tuple(replace(block, kind=kind) for block, kind in zip(blocks, kinds, strict=True))


def _margin(words: str, kind: BlockKind = BlockKind.PROSE) -> BlockKind | None:
    if kind is BlockKind.PROSE and marginalia.byline(words):
        return BlockKind.BYLINE
    if kind is BlockKind.PROSE and marginalia.caption(words):
        return BlockKind.CAPTION
    return BlockKind.BOILERPLATE if marginalia.boilerplate(words) or marginalia.the_end(words) else None


def _quotation(text: str, words: str, *, look: bool) -> bool:
    """Whether a paragraph is set apart as a quotation: all in marks and signed, or lifted from elsewhere in the text."""
    pairs = marks(words).pairs
    if not pairs or pairs[0][0] > 0:
        return False
    rest = words[pairs[0][1] + 1 :]
    if rest and _SIGNED.fullmatch(rest):
        return True
    return look and not rest.strip(" .") and len(words) <= 300 and text.count(words[1:-1].strip(" .,")) > 1


def _heading(n: int, words: list[str], blocks: tuple[Block, ...], *, stops: bool) -> bool:
    line, following = words[n], words[n + 1] if n + 1 < len(words) else ""
    if _FULL_STOP.search(line[-12:]) and not _QUESTION.search(line[-1:]):
        return False
    size = len(_WORD.findall(line)) if len(line) <= HEADING_WIDTH else HEADING_WORDS + 1
    if "\n" in line or size > HEADING_WORDS or len(line) + len(_WIDE.findall(line)) > HEADING_WIDTH:
        return False
    if _QUESTION.search(line):
        return size <= QUESTION_WORDS and line[0] not in "“„«\"'「—–-" and len(following) > 2 * len(line) and stops
    if line.endswith((":", "：")):
        if _SENTENCE.search(line):
            return False
        return n + 1 == len(blocks) or blocks[n + 1].kind is not BlockKind.LIST
    return not _STOP.search(line) and (stops or (size <= 5 and len(following) > 2 * len(line)))


def _without_endmatter(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Mark what follows the article: all after "ENDS", who signed a letter, and below "About the library" near the end."""
    out: list[Block] = []
    over = ending = signed = False
    for n, block in enumerate(blocks):
        words = text[block.start : block.end].strip()
        late = block.start * 2 > len(text) and n > 0
        over = over or (late and marginalia.the_end(words))
        if block.kind is BlockKind.HEADING:
            ending = late and marginalia.endmatter(words)
        signed = marginalia.closing(words) if not signed else marginalia.signing(words)
        out.append(replace(block, kind=BlockKind.BOILERPLATE) if over or ending or (signed and late) else block)
    return tuple(out)
