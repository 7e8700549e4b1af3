"""Where internet hosts stand in a text, as the reference counter of weighted lengths sees them.

That counter tries one large expression at every character; here each dot before a letter is looked at once and the run
of host characters around it is read from left to right, which finds the same hosts in linear time whatever the text.
Offsets are code points. Source: docs/conformance.md, 1.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bot.domain.text.tlds import COUNTED

SPACES = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
ACCENTED = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    r"\u0300-\u036f\u1e00-\u1eff"
)
_NEVER = r"\ufffe\ufeff\uffff"
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_OUTSIDE = rf"!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~${SPACES}{_NEVER}{_DIRECTIONS}"

#: What no link can follow directly.
GLUE = rf"A-Za-z0-9@＠$#＃{_NEVER}"

_LETTER = rf"[^\-_.{_OUTSIDE}]"
_LABEL = rf"[^.{_OUTSIDE}]*+"

_DOT = re.compile(rf"\.(?={_LETTER})")
_BEFORE = re.compile(_LABEL)
_AFTER = re.compile(rf"(?:\.(?={_LETTER}){_LABEL}(?<![\-_]))*+(?:\.(?={_LETTER}){_LABEL})?")
_BLOCKS = re.compile(rf"[@＠$#＃{_NEVER}]")
_TO_START = re.compile(r"[\-_]*+")
# The counter would rather have a divider before a host than the start of the text.
_TO_VERY_START = re.compile(r"[^\x00-\x7f＠＃](?=[^\-_])|[\-_]*+")
# The counter sees UTF-16: the first half of an astral character divides, and the second half already starts a label.
_TO_FREE_START = re.compile(r"[A-Za-z0-9＠＃]*+(?:(?=[\U00010000-\U0010ffff])|[^A-Za-z0-9＠＃])[\-_]*+")
_ASCII_LABELS = re.compile(rf"(?:[\-A-Za-z0-9{ACCENTED}]++\.)++")
_LATIN_TLD = re.compile(r"([A-Za-z0-9]++)(?![@+\-])|[Xx][Nn]--[\-0-9A-Za-z]++")
_NOT_AFTER_TLD = re.compile(r"[0-9A-Za-z@+\-]")
_NATIVE = sorted((name for name in COUNTED if not name.isascii()), key=len, reverse=True)
_NATIVE_BY_LETTER = {
    letter: [name for name in _NATIVE if name[0] == letter] for letter in {name[0] for name in _NATIVE}
}
_IDEOGRAPHIC_DOTS = re.compile("[\u3002\uff0e\uff61]")
_LONGEST_LABEL = 63


class Run(NamedTuple):
    """`text[start:end]` are labels with a dot between each two; all but the outer ones have a letter at both ends."""

    start: int
    end: int


class Host(NamedTuple):
    """`text[start:end]` is a host; with `whole` False what stands before it keeps it from being a link.

    The search for the next one goes on at `over`: a label with an underscore may keep the counter from a longer host.
    """

    start: int
    end: int
    over: int
    whole: bool


def next_run(text: str, at: int) -> Run | None:
    """Return the first run at or after `at`, None when there is none."""
    dot = _DOT.search(text, at)
    if dot is None:
        return None
    before = _BEFORE.match(text[at : dot.start()][::-1])
    after = _AFTER.match(text, dot.start())
    return Run(dot.start() - (before.end() if before else 0), after.end() if after else dot.end())


def host_in(text: str, run: Run, *, taken: bool) -> Host | None:
    """Return the host of a run, with as many labels as end in a known name; None when there is none.

    `taken` True: what stands before the run belongs to an earlier find, so its first character can only be a divider.
    """
    labels = _labels(text, run)
    blocked = taken or (run.start > 0 and _BLOCKS.match(text, run.start - 1) is not None)
    start = _start(text, labels[0], blocked=blocked)
    whole = start >= 0 and (start == run.start or text[start - 1] not in "-_")
    if start < 0:
        start, labels = labels[1][0], labels[1:]
    end = spoilt = 0
    name = text[start : labels[0][1]]
    for at, stop in labels[1:]:
        if known := _tld(text, at, len(text)):
            end, spoilt = (end, known) if "_" in name else (known, spoilt)
        name = text[at:stop]
    return Host(start, end or spoilt, max(end, spoilt), whole and end > 0) if end or spoilt else None


def ascii_hosts(text: str, host: Host) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the stretches in a host without scheme that count as links: Latin labels before the name."""
    at = host.start
    while match := _ASCII_LABELS.search(text, at, host.end):
        dots = [dot for dot in range(match.start(), match.end()) if text[dot] == "."]
        end = next((end for dot in reversed(dots) if (end := _tld(text, dot + 1, host.end))), 0)
        if end:
            yield match.start(), end
        at = end or match.end()


def registrable(text: str, host: Host) -> bool:
    """Whether every label, written in Punycode, is short enough for the name system."""
    domain = text[host.start : host.end]
    if domain.startswith("xn--") and not any(ascii_hosts(text, host)):
        return False
    return all(1 <= punycode_length(label) <= _LONGEST_LABEL for label in domain.split("."))


@lru_cache(maxsize=1024)
def punycode_length(label: str) -> int:
    """Return how many ASCII characters a label takes; exact up to 63, beyond that at least 64."""
    if label.isascii() or len(label) > _LONGEST_LABEL:
        return len(label)
    pieces = _IDEOGRAPHIC_DOTS.split(label)
    return (
        sum(len(piece) if piece.isascii() else 4 + len(piece.encode("punycode")) for piece in pieces) + len(pieces) - 1
    )


def _labels(text: str, run: Run) -> list[tuple[int, int]]:
    labels, at = [], run.start
    for label in text[run.start : run.end].split("."):
        labels.append((at, at + len(label)))
        at += len(label) + 1
    return labels


def _start(text: str, label: tuple[int, int], *, blocked: bool) -> int:
    """Return where a host may start in a label, -1 for nowhere."""
    start, end = label
    if start == end or text[end - 1] in "-_":
        return -1
    before = _TO_FREE_START if blocked else _TO_START if start else _TO_VERY_START
    skip = before.match(text, start, end)
    return skip.end() if skip and skip.end() < end else -1


def _tld(text: str, at: int, end: int) -> int:
    """Return where the known name that starts at `at` ends, 0 when none does."""
    match = _LATIN_TLD.match(text, at, end)
    if match and (match[1] is None or match[1].lower() in COUNTED):
        return match.end()
    for name in _NATIVE_BY_LETTER.get(text[at].lower(), ()):
        stop = at + len(name)
        if text[at : min(stop, end)].lower() == name and not _NOT_AFTER_TLD.match(text, stop, end):
            return stop
    return 0
