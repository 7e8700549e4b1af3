"""Where sentences end: sentencex's judgement, with corrections for what it gets wrong in news texts.

sentencex knows the abbreviations of some 240 languages and is fast, but ends sentences inside decimals, after list
markers and ordinals, before the speaker of a quoted question, and reads on after "…" and "U.S." (measured in
docs/excerpting.md). Each correction is one function of JOINS (no end here after all) or a case of `_missed`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

import regex
from sentencex import get_sentence_boundaries

from bot.domain.text import words
from bot.domain.text.quotes import BRACKETS, marks

#: sentencex takes quadratic time over unclosed quotation marks: it never sees more than this many code points at once.
WINDOW = 4000
#: A quotation longer than this may end a sentence inside, or nothing could be shortened.
LONG_QUOTE = 600
#: Languages that write ordinals with a full stop ("19. Jahrhundert").
ORDINALS = frozenset(
    {"de", "da", "nb", "nn", "no", "fi", "cs", "sk", "pl", "hu", "sl", "hr", "sr", "et", "lv", "is", "tr"}
)
#: Abbreviations that often stand at a sentence's end; what follows decides.
MAY_END = frozenset(
    {
        "etc",
        "usw",
        "ecc",
        "co",
        "inc",
        "ltd",
        "corp",
        "jr",
        "sr",
        "al",
        "uws",
        "osv",
        "uu",
        "др",
        "пр",
        "т.д",
        "т.п",
        "г",
        "гг",
        "руб",
        "тыс",
        "млн",
    }
)

_PARAGRAPH = regex.compile(r"\n[^\S\n]*\n\s*")
_CAPITAL = regex.compile(r"\p{Lu}")
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_LAST_TOKEN = regex.compile(r"(?r)[^\s(\[“„«\"'’]+")
_INITIALS = regex.compile(r"(?:\p{Lo}\.){1,3}")
_APOSTROPHE = regex.compile(r"['’]")
_OPENER = regex.compile(r"(?r)(?<=\s)[“„«‘‚(\[¿¡]+\s*$")
_SMILE = regex.compile(r"\s*(?:\p{Extended_Pictographic}[\ufe0f\u200d\p{EMod}]*)+(?=\s)")
_MARKER = regex.compile(r"[(\[]?[⁃•‣◦*–-]?[^\S\n]*(?:\d{1,3}|\p{L})[.)\]]+")
_LOWER = regex.compile(r"(?!\(?(?:\p{Ll}|[ivx]{1,4})[.)]+\s)(?:[–—-]+\s*)?[\"'“‘(]?\p{Ll}(?!\p{Lu})")
_GOES_ON = regex.compile(r"[,;،؛、)\]]|[\u202c\u2069]|[–—-]{1,2}\s+\p{Ll}")
_PARTICLE = regex.compile(r"[とってはがをもにのへ、。]|など|という")
_URLISH = regex.compile(r"[/@:]|\..*\.|^www\.", regex.IGNORECASE)
_ACRONYM = regex.compile(r"(?:\p{Lu}\.){2,}$|[ap]\.m\.$")
_NUMERAL = regex.compile(r"\d|[IVXLC]+\b|\p{Lu}\b")
_NUMBERED = regex.compile(r"-?\d{1,2}\.")
_TELLING = regex.compile(r"[^，。！？；：“「『\s]{2,24}(?=[，。：])")
_NAME = regex.compile(r"(?:\p{Lu}[\p{L}\p{M}.’'-]*\s+){1,3}|\p{Han}{1,4}")
_WORD = regex.compile(r"[¿¡]?[\"“„«‘]?(\p{L}[\p{L}\p{M}’']*)")
_ASKED = regex.compile(r"[?!؟？！](?:[^\S\n]*[»”\"’'“]|[」』])$")
_PLAIN = regex.compile(r"(?<=\p{Ll}{6}[.!?])\s+[\"“„«]?\p{Lu}|(?<=\p{L}[。！？])(?=\p{L})")
_MISSED = regex.compile(
    r"(?:(?P<ellipsis>…|\.{3})[\"'”’»)]*|[.!?][\"'”’»]?(?P<bracket>[)\]])|(?<!\p{Ll}{5})(?P<short>\.))"
    r"(?=\s+[¿¡\"“„«‘(]*\p{Lu})"
)
_SHORT = regex.compile(r"(?<![\p{L}\p{N}.])[\p{L}.]{2,8}$")
_ITEM = regex.compile(r"(?<=(?:^|\s)([⁃•‣◦-]?(?:(\d{1,2})|(\p{Ll}))))[.)]{1,2}(?=\s+\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place where a sentence may end: `text[start:at]` is the sentence so far, `after` where the next words begin.

    `token` is the last word before the cut with its full stop; `cased` whether the text has capitals at all.
    """

    text: str
    start: int
    at: int
    after: int
    token: str
    words: words.Words
    cased: bool


def ends(text: str, language: str) -> tuple[int, ...]:
    """Return the ends of sentences: offsets after trailing quotation marks and brackets, before the white space.

    Increasing; the last is `len(text.rstrip())`; none for a text without words or marks. A blank line always ends one.
    `language` is a BCP 47 tag, "" = guessed from the text. The misses we know are listed in docs/excerpting.md.
    """
    lists = words.of(words.language_of(text, language))
    found: list[int] = []
    at = 0
    for gap in [*_PARAGRAPH.finditer(text), None]:
        end = gap.start() if gap else len(text)
        found += (at + offset for offset in _paragraph(text[at:end], lists))
        at = gap.end() if gap else end
    return tuple(found)


def _paragraph(text: str, lists: words.Words) -> list[int]:
    end = len(text.rstrip())
    if not end:
        return []
    listed = _enumerated(text, lists)
    pairs = marks(text).pairs
    quoted = _Quoted(text, pairs)
    proposed = {*_boundaries(_plain_apostrophes(text, pairs), lists.language), *_missed(text, lists)}
    cased = _CAPITAL.search(text) is not None
    found: list[int] = []
    start = len(text) - len(text.lstrip())
    for at in sorted(proposed | listed):
        if start < at < end and (at in listed or not (quoted.holds(at) or _runs_on(text, start, at, lists, cased))):
            found.append(at)
            start = _after_space(text, at)
    if found and not _LETTER.search(text, found[-1], end):
        found.pop()
    return [*found, end]


def _runs_on(text: str, start: int, at: int, lists: words.Words, cased: bool) -> bool:  # noqa: FBT001 - a fact, no switch
    if _PLAIN.match(text, at):
        return False
    token = _LAST_TOKEN.search(text, max(start, at - 40), at)
    after = _after_space(text, at)
    cut = Cut(text=text, start=start, at=at, after=after, token=token[0] if token else "", words=lists, cased=cased)
    return any(joins(cut) for joins in JOINS)


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _boundaries(text: str, language: str) -> Iterator[int]:
    """Yield where sentencex ends a sentence, asking it about WINDOW code points at a time.

    White space is left off, and an opening mark behind it, which sentencex keeps where nothing closes it. An emoji goes
    with the sentence before it.
    """
    start = 0
    while start < len(text):
        window = text[start : start + WINDOW]
        last = start + len(window) >= len(text)
        found = get_sentence_boundaries(language or "en", window)
        stops = [boundary["end_index"] for boundary in found][: None if last else -1]
        for stop in stops:
            opener = _OPENER.search(window, max(0, stop - 6), stop)
            at = start + len(window[: opener.start() if opener else stop].rstrip())
            smile = _SMILE.match(text, at)
            yield smile.end() if smile else at
        start += stops[-1] if stops and not last else len(window)


def _plain_apostrophes(text: str, pairs: tuple[tuple[int, int], ...]) -> str:
    """Make letters of apostrophes that quote nothing: sentencex takes "Jr.'s" for an opening mark and reads on to the next."""
    if not _APOSTROPHE.search(text):
        return text
    quoting = {at for pair in pairs for at in pair}
    return _APOSTROPHE.sub(lambda found: found[0] if found.start() in quoting else "\u02bc", text)


class _Quoted:
    """Answers in one sweep, for rising offsets, whether an offset lies inside a quotation of ordinary length."""

    def __init__(self, text: str, pairs: tuple[tuple[int, int], ...]) -> None:
        spans = [pair for pair in pairs if text[pair[0]] not in BRACKETS and pair[1] - pair[0] <= LONG_QUOTE]
        self._starts = [start for start, _ in spans]
        self._reach = list(accumulate((end for _, end in spans), max))

    def holds(self, at: int) -> bool:
        n = bisect_right(self._starts, at - 1)
        return n > 0 and self._reach[n - 1] >= at


# --- an end that is none ----------------------------------------------------------------------------------------------


def _only_a_marker(cut: Cut) -> bool:
    so_far = cut.text[cut.start : cut.at]
    return len(so_far) < 12 and (_MARKER.fullmatch(so_far) is not None or not _LETTER.search(so_far))


def _lower_case(cut: Cut) -> bool:
    """A small letter goes on with the sentence, unless a plain long word and a full stop stand before it."""
    if not cut.cased or not _LOWER.match(cut.text, cut.after):
        return False
    token = cut.token
    return not token.endswith(".") or len(token) <= 5 or not token[:-1].isalpha()


def _goes_on(cut: Cut) -> bool:
    return _GOES_ON.match(cut.text, cut.after) is not None


def _unspaced(cut: Cut) -> bool:
    """A full stop with no space after it ends a sentence only between a lower-case word and a capital, as typed in haste."""
    if cut.after > cut.at:
        return False
    token, after = cut.token, cut.text[cut.after : cut.after + 2]
    if token[-2:-1].isdigit() and after[:1].isdigit():
        return True
    if cut.text[cut.at - 1] not in ".!?…":
        return False
    before = token.rstrip(".!?…")[-2:]
    plain = (before.isdigit() and len(token) > 3) or (before.isalpha() and before.islower() == cut.cased)
    return not (plain and len(before) == 2 and not after.islower() and not _URLISH.search(token))


def _title(cut: Cut) -> bool:
    word = cut.token.removesuffix(".")
    if word == cut.token or "\n" in cut.text[cut.at : cut.after]:
        return False
    return word in cut.words.titles or (word in cut.words.numbering and _NUMERAL.match(cut.text, cut.after) is not None)


def _initial(cut: Cut) -> bool:
    """A lone letter of a script without capitals is an abbreviation: Arabic "د." is "Dr."."""
    token = cut.token.strip("\u202a\u202b\u202c\u2066\u2067\u2069")
    return _INITIALS.fullmatch(token) is not None


def _ordinal(cut: Cut) -> bool:
    if cut.words.language not in ORDINALS or not _NUMBERED.fullmatch(cut.token):
        return False
    following = _WORD.match(cut.text, cut.after)
    return following is not None and following[1].lower() not in cut.words.function


def _speaker_follows(cut: Cut) -> bool:
    """“Why?” Ada Brand asked. / 「いい。」と言った。 / “好。”李明说。: the speaker belongs to the quotation."""
    if cut.text[cut.at - 1] in "」』" and cut.after == cut.at and _PARTICLE.match(cut.text, cut.after):
        return True
    if cut.text[cut.at - 1] in "”」』" and cut.after == cut.at and cut.words.language == "zh":
        told = _TELLING.match(cut.text, cut.after)
        return told is not None and cut.words.speech.search(told[0]) is not None
    if not _ASKED.search(cut.text, max(cut.start, cut.at - 4), cut.at):
        return False
    reach = _NAME.match(cut.text, cut.after)
    return reach is not None and any(
        cut.words.speech.match(cut.text, at) for at in range(cut.after + 1, reach.end() + 1) if _word_start(cut, at)
    )


def _word_start(cut: Cut, at: int) -> bool:
    return cut.words.language in words.UNSPACED or cut.text[at - 1].isspace()


JOINS: tuple[Callable[[Cut], bool], ...] = (
    _lower_case,
    _goes_on,
    _unspaced,
    _only_a_marker,
    _title,
    _initial,
    _ordinal,
    _speaker_follows,
)


# --- an end that was missed -------------------------------------------------------------------------------------------


def _missed(text: str, lists: words.Words) -> Iterator[int]:
    for found in _MISSED.finditer(text):
        if not found["short"] or _may_end(text, found.end(), lists):
            yield found.end()


def _may_end(text: str, at: int, lists: words.Words) -> bool:
    """Whether "U.S." or "etc." ends its sentence: a capitalised small word after it ("The", "Dann") says so."""
    token = _SHORT.search(text, max(0, at - 10), at)
    following = _WORD.match(text, _after_space(text, at))
    if not token or not following or following[1].lower() not in lists.function:
        return False
    return token[0][:-1].lower() in MAY_END or _ACRONYM.search(token[0]) is not None


def _enumerated(text: str, lists: words.Words) -> frozenset[int]:
    """Return the ends before the 2nd, 3rd ... entry of a list that was written into one paragraph: "1. Bread 2. Milk"."""
    ends_: list[int] = []
    expected = 0
    for found in _ITEM.finditer(text):
        number = int(found[2]) if found[2] else ord(found[3])
        at = found.start(1)
        before = text[max(0, at - 8) : at].rstrip()
        if number == expected and before:
            ends_.append(at - min(8, at) + len(before))
        if number == expected or not before or (number in (1, ord("a")) and before[-1] in ".:!?"):
            expected = number + 1
    return frozenset() if lists.language in ORDINALS and len(ends_) < 2 else frozenset(ends_)
