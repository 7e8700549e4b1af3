"""Which quotation marks and brackets of a paragraph belong together, and which stand alone.

The same mark opens in one language and closes in another (“ in „Haus“, » in »Haus«), a straight one does both, and ’ is
mostly an apostrophe: what stands around a mark and what is open already decide.
"""

from dataclasses import dataclass
from functools import lru_cache

import regex

#: What may close each mark. Only these open: a mark that stands here and may also close is tried as a closer first.
CLOSERS: dict[str, str] = {
    "“": "”“",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«»",
    "‹": "›",
    "›": "‹",
    "‘": "’",
    "‚": "‘’",
    '"': '"',
    "'": "'",
    "「": "」",
    "『": "』",
    "｢": "｣",
    "《": "》",
    "〈": "〉",
    "(": ")",
    "[": "]",
    "（": "）",
    "【": "】",
    "〔": "〕",
}
#: An opener of these without its closer means that we cannot tell whose words follow.
DOUBLE = frozenset('“„”«»"「『｢')
BRACKETS = frozenset("([（【〔")
_MARK = regex.compile("[" + regex.escape("".join(CLOSERS) + "".join(CLOSERS.values()), special_only=False) + "]")
_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """`pairs` are (opener, closer) offsets by opener; `doubtful` ranges may be somebody's words without their marks."""

    pairs: tuple[tuple[int, int], ...]
    doubtful: tuple[tuple[int, int], ...]


@lru_cache(maxsize=8)  # a paragraph is asked for its sentences and for its quotations, one after the other
def marks(text: str) -> Marks:
    """Pair the marks of one paragraph, in linear time. Offsets in code points."""
    pairs: list[tuple[int, int]] = []
    doubtful: list[tuple[int, int]] = []
    open_: list[int] = []
    for found in _MARK.finditer(text):
        at = found.start()
        if _apostrophe(text, at):
            continue
        depth = _closes(text, at, open_)
        if depth:
            doubtful += _unclosed(text, open_[len(open_) - depth + 1 :], at)
            opener = open_[-depth]
            del open_[-depth:]
            if _believable(text, opener, at):
                pairs.append((opener, at))
        elif _opens(text, at, open_):
            open_.append(at)
        elif text[at] in "”»」』" or (text[at] == '"' and not text[at - 1 : at].isdigit()):
            doubtful.append((0, at + 1))
    doubtful += _unclosed(text, open_, len(text))
    return Marks(pairs=tuple(sorted(pairs)), doubtful=tuple(sorted(doubtful)))


def _unclosed(text: str, openers: list[int], end: int) -> list[tuple[int, int]]:
    return [(opener, end) for opener in openers if text[opener] in DOUBLE][:1]


def _apostrophe(text: str, at: int) -> bool:
    if text[at] not in "'’‘":
        return False
    return text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()


def _closes(text: str, at: int, open_: list[int]) -> int:
    """Return how deep among the open marks the one lies that this mark closes, 1 = the innermost, 0 = it closes none."""
    mark = text[at]
    if mark in "\"'" and _after_space(text, at) and not _before_space(text, at):
        return 0
    for depth, opener in enumerate(reversed(open_[-_DEPTH:]), 1):
        if mark in CLOSERS[text[opener]] and not (mark == text[opener] == "“"):
            return depth
    return 0


def _opens(text: str, at: int, open_: list[int]) -> bool:
    mark = text[at]
    match mark:
        case "'":
            return _after_space(text, at) and text[at + 1 : at + 2].isalpha()
        case '"':
            return not _before_space(text, at) and (
                _after_space(text, at) or not text[at - 1 : at].isalnum() or not open_
            )
        case "»" | "”" | "›":
            return _after_space(text, at) and not _before_space(text, at)
        case _:
            return mark in CLOSERS


def _after_space(text: str, at: int) -> bool:
    return at == 0 or text[at - 1].isspace() or text[at - 1] in "([{（“„«‹‘‚\"'—–-/¿¡"


def _before_space(text: str, at: int) -> bool:
    return at + 1 >= len(text) or text[at + 1].isspace()


def _believable(text: str, opener: int, closer: int) -> bool:
    """Tell a single-quoted passage from two apostrophes: it ends in punctuation, or holds no full stop followed by space."""
    if text[opener] not in "'‘‚" or text[closer - 1] in ".,!?…;":
        return True
    return regex.search(r"[.!?]\s", text, pos=opener, endpos=closer) is None
