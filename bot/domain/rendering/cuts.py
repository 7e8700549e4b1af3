"""Where a text may be cut: never inside a letter, word, number, address, handle or hashtag."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import regex

from bot.domain.channel import LinkRule
from bot.domain.rendering.strangers import WORD_JOINER
from bot.domain.text import links

# White space at which a line may break: without the no-break spaces, with those of CJK (UAX #14, classes SP, BA, BK).
_SPACE = r"[ \t\n\r\f\v\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]"
_CLOSERS = r"[”’»›\"')\]）」』】》〉]"
_KANA = r"[\p{Katakana}ー]"
_LETTERS = r"[\p{Han}\p{Hiragana}\p{Katakana}ー々]"
_OPENERS = r"[「『（【《〈“]"
# Signs that do not begin a line in Japanese and Chinese typesetting (JIS X 4051, GB/T 15834): small kana and repeat marks.
_NO_START = r"[ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々〻ゝゞヽヾ]"

_SPACES = regex.compile(_SPACE + "+")
_PARAGRAPHS = regex.compile(rf"\n{_SPACE}*\n")
_CLAUSES = regex.compile(
    rf"(?:[,;:،؛]{_CLOSERS}*|[)\]])(?={_SPACE})|[、，；：。！？）】]{_CLOSERS}*(?!{_CLOSERS}|[、，；：。！？])|\w—(?=\w)"
)
_DASHES_AND_LINES = regex.compile(rf"{_SPACE}+(?=[–—-]{_SPACE})|\n")
_CHINESE = regex.compile(
    rf"(?<={_LETTERS})(?<!{_KANA}(?={_KANA}))(?!{_NO_START})(?={_LETTERS}|{_OPENERS}|\p{{Latin}})|(?<=\p{{Latin}})(?=\p{{Han}})"
)
_JAPANESE = regex.compile(rf"(?<=\p{{Hiragana}})(?!{_NO_START})(?=[\p{{Han}}\p{{Katakana}}]|{_OPENERS}|\p{{Latin}})")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_ZERO_WIDTH_SPACE = regex.compile("\u200b")
_CLUSTER = regex.compile(r"\X")

# A figure stays with its thousands, sign and currency; what follows "@" or "#" must not lose its beginning; a Thai or Lao
# vowel stays with its consonant (UAX #14, class SA, as far as it goes without a dictionary).
_TOGETHER = regex.compile(
    rf"(?<=\d)(?={_SPACE}?[\d%‰€$£¥°])|(?<=[€$£¥№§]){_SPACE}?(?=\d)|(?<=\d[.,:/٫٬'’\-])(?=\d)|(?<=\d)(?=[.,:/٫٬'’\-]\d)"
    r"|(?<=[@＠#＃\u2060\u200d])|(?=[@＠\u2060\u200d])|(?<=[\w&])(?=[#＃])|(?<=[เแโใไເແໂໃໄ])|(?=[ะาำๅๆฯະາຳໆ])|(?<=\d)(?=\p{Han})"
)

_PAIRS = {"“": "”", "„": "“”", "‘": "’", "«": "»", "»": "«", "‹": "›", '"': '"', "(": ")", "[": "]"}
_PAIRS |= {"「": "」", "『": "』", "（": "）", "【": "】", "《": "》", "〈": "〉"}
_ENCLOSING = regex.compile(r"[“”„‘«»‹›\"()\[\]「」『』（）【】《》〈〉]|(?<!\w)’|’(?!\w)|\n\s*\n")


class Rank(IntEnum):
    """How good a place for a cut is; lower is better, and each includes the better ones."""

    PARAGRAPH = 1
    SENTENCE = 2
    CLAUSE = 3
    WORD = 4
    LETTER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """The places where a text may be cut, as ascending offsets, by rank; `letters` are all ends of whole letters.

    `inside` are quotations and brackets (start, end), `addresses` the links, both in order. `text` may be the beginning
    of a longer one.
    """

    text: str
    places: Mapping[Rank, tuple[int, ...]]
    letters: tuple[int, ...]
    inside: tuple[tuple[int, int], ...]
    addresses: tuple[tuple[int, int], ...]


def window(text: str, holds: Callable[[str], bool]) -> str:
    """Return a beginning of the text that no longer `holds`; all of it when all of it may hold.

    It grows by doubling, so that a text of any length costs no more than what fits of it.
    """
    size = 256
    while size < len(text) and holds(text[:size]):
        size *= 2
    return text[:size]


def seams(text: str, ends: Iterable[int], rule: LinkRule, *, whole: bool) -> Seams:
    """Find the places where a text may be cut; `ends` are its sentence ends, `whole` False when more text follows it."""
    letters = tuple(match.end() for match in _CLUSTER.finditer(text))
    letters = letters if whole else letters[:-1]
    atoms = _atoms(text, rule)
    cleft = set(letters)
    together = {at for match in _TOGETHER.finditer(text) for at in match.span()}
    together |= {match.start() for match in _SPACES.finditer(text) if match.end() not in cleft}
    allowed = {at for at in letters if at not in together and not _within(at, atoms)}
    end = {len(text)} if whole else set()
    found = {
        Rank.PARAGRAPH: end | {match.start() for match in _PARAGRAPHS.finditer(text)},
        Rank.SENTENCE: set(ends),
        Rank.CLAUSE: {m.end() for m in _CLAUSES.finditer(text)} | {m.start() for m in _DASHES_AND_LINES.finditer(text)},
        Rank.WORD: {match.start() for match in _SPACES.finditer(text)} | _unspaced(text),
        Rank.LETTER: allowed,
    }
    places: dict[Rank, tuple[int, ...]] = {}
    known: set[int] = set()
    for rank, at in found.items():
        known |= at & allowed
        places[rank] = tuple(sorted(known))
    addresses = tuple((span.start, span.end) for span in links.links(text, rule))
    return Seams(text=text, places=places, letters=letters, inside=_enclosures(text, whole=whole), addresses=addresses)


def longest(places: tuple[int, ...], holds: Callable[[int], bool]) -> int:
    """Return the last place that holds, 0 when none does; what follows one that does not hold does not hold either."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if holds(places[middle]) else (low, middle)
    return places[low - 1] if low else 0


def best(found: Seams, rank: Rank, least: float, holds: Callable[[int], bool]) -> int:
    """Return the last place of a rank that holds and is not before `least`, 0 when there is none.

    A place outside quotations and brackets wins over one inside, where that does not lose half of the text.
    """
    places = found.places[rank]
    last = longest(places, holds)
    if not last or last < least:
        return 0
    outside = last
    while around := next(((start, end) for start, end in found.inside if start < outside < end), None):
        index = bisect_right(places, around[0])
        outside = places[index - 1] if index else 0
    return outside if outside >= max(least, last / 2) and holds(outside) else last


def trimmed(found: Seams, at: int) -> str:
    """Return the text before a cut as it stands before an ellipsis: without a comma or dash left hanging."""
    floor = next((end for start, end in reversed(found.addresses) if end <= at), 0)
    head = found.text[:at].rstrip()
    short = head.rstrip(" \t\n,;:.…–—-·、，；：。،؛([{（「『【《“„«‹")
    index = bisect_left(found.letters, len(short))
    whole = index < len(found.letters) and found.letters[index] == len(short)
    return short if whole and len(short) >= floor else head


def _atoms(text: str, rule: LinkRule) -> list[tuple[int, int]]:
    """Return what must stay in one piece, merged and in order."""
    named = text.replace(f"@{WORD_JOINER}", " @").replace(f"＠{WORD_JOINER}", " ＠")  # a harmless handle stays one too
    found = [*links.links(text, LinkRule.BARE), *links.mentions(named), *links.tags(text)]
    found += links.links(text, rule) if rule is not LinkRule.BARE else ()
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _within(at: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a place lies inside one of the spans, which are in order and do not overlap."""
    index = bisect_left(spans, (at, 0)) - 1
    return index >= 0 and at < spans[index][1]


def _unspaced(text: str) -> set[int]:
    """Return the places between words of scripts that are written without spaces."""
    pattern = _JAPANESE if _HIRAGANA.search(text) else _CHINESE
    return {m.start() for m in pattern.finditer(text)} | {m.end() for m in _ZERO_WIDTH_SPACE.finditer(text)}


def _enclosures(text: str, *, whole: bool) -> tuple[tuple[int, int], ...]:
    """Return quotations and brackets, outermost included; what never closes counts only where the text goes on."""
    open_: list[tuple[str, int]] = []
    found: list[tuple[int, int]] = []
    for match in _ENCLOSING.finditer(text):
        sign = match.group()
        closes = next((n for n in range(len(open_) - 1, -1, -1) if sign in _PAIRS[open_[n][0]]), None)
        if sign.isspace():
            open_.clear()
        elif closes is not None:
            found.append((open_[closes][1], match.end()))
            del open_[closes:]
        elif sign in _PAIRS and len(open_) < 8:  # deeper nesting is noise; the bound keeps hostile input linear
            open_.append((sign, match.start()))
    found += [(start, len(text)) for _, start in open_ if not whole]
    return tuple(sorted(found))
