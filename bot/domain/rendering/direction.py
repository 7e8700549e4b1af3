"""Right-to-left posts: invisible marks without which a reader would see a line, an address or a range in another order.

Platforms let the first letter of a paragraph decide its direction (HTML's dir=auto), so a Persian line that begins with a
Latin word would run from left to right: a right-to-left mark goes before it. Within a line the bidirectional algorithm
moves what is not a letter, so that "@ada" is seen as "ada@" and 10–20 as 20–10: such a word is isolated. Nothing is
marked in a post that runs from left to right. Sources: https://unicode.org/reports/tr9/ and
https://html.spec.whatwg.org/multipage/dom.html#the-dir-attribute
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from unicodedata import bidirectional

import regex

from bot.domain.channel import LinkRule
from bot.domain.post import Span
from bot.domain.rendering.layout import Laid
from bot.domain.text import links
from bot.domain.text.addresses import to_mark

RLM, LRI, PDI = "\u200f", "\u2066", "\u2069"
MARKS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""The code points that do nothing but direct, as the inside of a character class."""

_RIGHT = regex.compile(r"[[\p{bc=R}\p{bc=AL}]&&\p{L}]", regex.V1)
_LEFT = regex.compile(r"[\p{bc=L}&&\p{L}]", regex.V1)
_STRONG = regex.compile(r"[\p{bc=R}\p{bc=AL}]|(?P<left>\p{bc=L})")
_ASIDE = regex.compile(r"\b\w+://\S++|[@#＃＠]\S++|\b\w++(?:\.\w++)+")
_ISOLATED = regex.compile(r"[\u2066-\u2068][^\u2066-\u2069]*+\u2069")
_HANDLE = regex.compile(r"(?<![A-Za-z0-9_.+~@＠-])[@＠]\u2060?[A-Za-z0-9_](?:[A-Za-z0-9_.@-]*[A-Za-z0-9_])?")
_RANGE = regex.compile(r"(?<![\w+.,])\+?[0-9]++(?:(?:[-–—‑./:,]| [–—-] )[0-9]++)++(?!\w)")
_OPENED = regex.compile(r"(?P<isolate>[\u2066-\u2068])|(?P<embedding>[\u202a\u202b\u202d\u202e])|[\u2069\u202c]")
_PDF = "\u202c"
_ENOUGH = 2000

Insert = tuple[int, str]
"""A mark and where it goes: before that offset of the bare text."""


def runs_from_right(text: str) -> bool:
    """Tell whether most letters of a text, addresses and what is isolated aside, are of a script written from right to left."""
    words = _ASIDE.sub(" ", _ISOLATED.sub(" ", text[:_ENOUGH]))
    return len(_RIGHT.findall(words)) > len(_LEFT.findall(words))


def inserts(text: str, rule: LinkRule, address: str, *, marked: bool) -> tuple[Insert, ...]:
    """Return the marks for one message of a post that runs from right to left, in order.

    `address` is the article's link as it stands there; `marked` True where the post marks its links itself, else none is
    touched by a mark that the platform would take for a part of it.
    """
    lines, whole = text.split("\n"), marked or rule is LinkRule.SPANS
    if not any(_right(line, rule, address) for line in lines):
        return ()
    found: list[Insert] = []
    at, first = 0, True
    for line in lines:
        found += ((at + offset, mark) for offset, mark in _line(line, rule, address, whole=whole, first=first))
        first = first and not line.strip()
        at += len(line) + 1
    return tuple(found)


def inserted(text: str, marks: Sequence[Insert]) -> str:
    """Return a text with its marks."""
    pieces: list[str] = []
    at = 0
    for offset, mark in marks:
        pieces += (text[at:offset], mark)
        at = offset
    return "".join((*pieces, text[at:]))


def moved(laid: Laid, spans: Iterable[Span], marks: Sequence[Insert]) -> tuple[str, tuple[Span, ...]]:
    """Return the text with its marks, and its spans without those at their ends."""
    text = inserted(laid.text, marks)
    if not marks:
        return text, tuple(spans)
    places = [offset for offset, _ in marks]

    def moved_to(offset: int, *, end: bool) -> int:
        return offset + sum(place < offset or (place == offset and not end) for place in places)

    return text, tuple(
        replace(span, start=moved_to(span.start, end=False), end=moved_to(span.end, end=True)) for span in spans
    )


@lru_cache(maxsize=512)  # while a text is shortened, most of its lines are asked for again and again
def _line(line: str, rule: LinkRule, address: str, *, whole: bool, first: bool) -> tuple[Insert, ...]:
    """Return the marks for one line; with `first` it is the one that gives the direction of all where a platform asks once."""
    strong, right = _STRONG.search(line), _right(line, rule, address)
    turned = [(0, RLM)] if strong and strong["left"] and (right or first) else []
    if not right:
        return tuple(turned)
    closers = [(len(line), mark) for mark in _unclosed(line)]
    addresses = _addresses(line, rule, address)
    words = sorted({*_words(line, addresses)})
    kept = [word for word in words if not any(start < word[1] and word[0] < end for start, end in addresses)]
    for chosen in (words, kept, []):
        around = [insert for start, end in chosen for insert in ((start, LRI), (end, PDI))]
        marks = (*turned, *around, *closers)
        if whole or _targets(inserted(line, marks), rule) == _targets(line, rule):
            return marks
    return tuple(turned)


def _right(line: str, rule: LinkRule, address: str) -> bool:
    """Whether there are letters from right to left in a line, besides those of addresses."""
    if not _RIGHT.search(line):
        return False
    for start, end in _addresses(line, rule, address):
        line = line[:start] + " " * (end - start) + line[end:]
    return _RIGHT.search(line) is not None


def _targets(line: str, rule: LinkRule) -> list[str]:
    return [span.target for span in (*links.links(line, rule), *links.mentions(line, rule), *links.tags(line))]


def _unclosed(line: str) -> Iterator[str]:
    """Yield what closes the author's own isolates and embeddings where a cut left them open, the innermost first."""
    open_: list[str] = []
    for match in _OPENED.finditer(line):
        if match["isolate"] or match["embedding"]:
            open_.append(PDI if match["isolate"] else _PDF)
        elif match[0] in open_:
            del open_[len(open_) - 1 - open_[::-1].index(match[0]) :]
    yield from reversed(open_)


def _addresses(line: str, rule: LinkRule, address: str) -> list[tuple[int, int]]:
    found = [(span.start, span.end) for span in to_mark(line, rule)]
    at = line.find(address) if address else -1
    if at < 0:
        return found
    end = at + len(address)
    return [(at, end), *((start, stop) for start, stop in found if stop <= at or end <= start)]


def _words(line: str, addresses: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the addresses, handles and ranges of figures that would be seen in another order than they are read."""
    found = list(addresses)
    for pattern in (_HANDLE, _RANGE):
        around = tuple(found)
        found += (
            match.span()
            for match in pattern.finditer(line)
            if not any(start < match.end() and match.start() < end for start, end in around)
        )
    if not found:
        return
    isolated = [match.span() for match in _ISOLATED.finditer(line)]
    right = _rightward(line, isolated)
    for start, end in found:
        if any(right[start:end]) and not any(low < end and start < high for low, high in isolated):
            yield start, end


def _rightward(line: str, isolated: list[tuple[int, int]]) -> list[bool]:
    """Return for each character of a right-to-left line whether it is moved: its level is that of the line (UAX #9, 3.3).

    Without rule N0: a bracket may be taken for moved that is not.
    """
    kinds = [bidirectional(letter) for letter in line]
    for start, end in isolated:
        kinds[start:end] = ["ON"] + ["BN"] * (end - start - 1)
    seen = [at for at, kind in enumerate(kinds) if kind != "BN"]
    types = [kinds[at] for at in seen]
    _weak(types)
    _neutral(types)
    right = [False] * len(line)
    for at, kind in zip(seen, types, strict=True):
        right[at] = kind == "R"
    return right


def _weak(types: list[str]) -> None:
    """Resolve weak types in place: rules W1 to W7."""
    before = "R"
    for at, kind in enumerate(types):
        types[at] = before = before if kind == "NSM" else kind
    _after_strong(types, {("AL", "EN"): "AN"})
    for at in range(1, len(types) - 1):
        near, kind = types[at - 1], types[at]
        if near == types[at + 1] and (kind, near) in (("ES", "EN"), ("CS", "EN"), ("CS", "AN")):
            types[at] = near
    for steps in (range(len(types)), range(len(types) - 1, -1, -1)):
        before = ""
        for at in steps:
            types[at] = before = "EN" if types[at] == "ET" and before == "EN" else types[at]
    _after_strong(types, {("L", "EN"): "L"})
    types[:] = ["R" if kind == "AL" else kind for kind in types]


def _after_strong(types: list[str], becomes: Mapping[tuple[str, str], str]) -> None:
    """Change types in place by the last strong one before each: rules W2 and W7."""
    strong = "R"
    for at, kind in enumerate(types):
        strong = kind if kind in ("L", "R", "AL") else strong
        types[at] = becomes.get((strong, kind), kind)


def _neutral(types: list[str]) -> None:
    """Resolve neutral types in place: a row of them is left-to-right only between two such letters (rules N1 and N2)."""
    at, before = 0, "R"
    while at < len(types):
        end = at
        while end < len(types) and types[end] not in ("L", "R", "EN", "AN"):
            end += 1
        if end > at:
            after = types[end] if end < len(types) else "R"
            types[at:end] = ["L" if before == after == "L" else "R"] * (end - at)
        if end < len(types):
            before = types[end]
        at = end + 1
