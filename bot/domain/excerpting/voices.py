"""Who speaks in a sentence, and which figure it brings."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from bot.domain.text import words
from bot.domain.text.marginalia import DATE_WORDS
from bot.domain.text.quotes import BRACKETS
from bot.domain.text.wordlists import ADVERBS

#: Less than this share of a sentence in quotation marks is a word held with tongs, not somebody speaking.
SPOKEN_SHARE = 0.25
BARE_SHARE = 0.6
#: Brackets, and the marks of titles.
NOT_SPEECH = BRACKETS | {"《", "〈"}
LONGEST_NAME = 60
SHORTEST_NAME = 3

_PARTICLE = r"(?:von|van|de|del|della|der|den|di|da|du|la|le|al|bin)"
_NAME = (
    r"(?:\p{Lu}[\p{L}\p{M}]{0,4}\.\s)*\p{Lu}[\p{L}\p{M}’'-]+"
    rf"(?:\s+{_PARTICLE}(?=\s)|\s+\p{{Lu}}[\p{{L}}\p{{M}}.’'-]*){{0,4}}"
)
_ROLE = r"(?:,\s+[^,.;:!?\n|]{2,40}(?=[,.;|]|$))?"
_AFTER = regex.compile(rf"\s*[:,]?\s*((?:[\p{{Ll}}\p{{Nd}}][\p{{L}}\p{{Nd}}’'-]*\s+){{0,2}})({_NAME}{_ROLE})")
_BEFORE = regex.compile(rf"({_NAME}{_ROLE}),?\s*$")
_ARTICLE = r"(?:the|an?|one|der|die|das|eine?|les?|la|l[’']|une?|el|l[oa]s|il|lo|os?|as?|de|het|een)"
_ROLE_AFTER = regex.compile(
    rf"\s*({_ARTICLE}\s?\p{{L}}[\p{{L}}’'-]*(?:\s\p{{L}}[\p{{L}}’'-]*){{0,3}}(?:,\s(?-i:{_NAME}))?)(?=[,.;:!?|]|\s*$)",
    regex.IGNORECASE,
)
_ROLE_BEFORE = regex.compile(
    rf"(?<!\p{{L}})({_ARTICLE}\s?\p{{L}}[\p{{L}}’'-]*(?:\s\p{{L}}[\p{{L}}’'-]*){{0,3}})\s*$", regex.IGNORECASE
)
_AN_ARTICLE = regex.compile(_ARTICLE)
_BARE = r"[^\s,.;:!?،؛؟：，。「“«」”»|]"
_UNCASED_AFTER = regex.compile(rf"\s+({_BARE}+(?:\s+{_BARE}+){{0,3}})")
_UNCASED_BEFORE = regex.compile(rf"((?:{_BARE}+(?:\s{_BARE}+){{0,2}}،\s)?{_BARE}{{1,12}}(?:\s+{_BARE}+){{0,3}})،?\s*$")
#: Korean, Hindi and Japanese put what says who acts behind the name.
_ACTING = regex.compile(r"(?<=\p{Hangul})(?:은|는|이|가)$|\sने$|(?<=\p{Han}|さん)[はが]$|^と(?=[\p{Han}\p{Katakana}])")
#: "said the architect Jonas Weil once": when and how somebody spoke is no part of who.
_ADVERB = regex.compile(rf"(?:\s(?:{ADVERBS}))+$", regex.IGNORECASE)
#: Somebody, but who?
_NOBODY = frozenset(
    {"有人", "有的人", "一些人", "many", "some", "one", "others", "people", "somebody", "someone", "nobody", "everyone"}
)

_WORD = regex.compile(r"[\p{L}\p{M}]+")
_SIGNED = regex.compile(r"(?<=[\"“”»«」』’])\s*(?:[–—―-]{1,2}\s*([^\n.!?]{2,80})|\(([^()]{2,80})\))\.?\s*$")
_UNIT_WORDS = (
    r"per ?cent|percent|prozent|pour cent|por ciento|per cento|procent|процент\p{L}*|بالمئة|في المئة|بالمائة|درصد|٪"
    r"|(?:m|b|tr)illion\p{L}*|mio\.?|mrd\.?|milliarden?|milliards?|millones|mille|mil\b|tausend|thousand|hundred"
    r"|тысяч\p{L}*"
    r"|миллион\p{L}*|млн|млрд|тыс\.?|ملايين|مليون|مليار|ألف|آلاف|میلیون|میلیارد|هزار|تومان|ریال|euros?|dollars?"
    r"|pounds?|francs?"
    r"|рубл\p{L}+|km|kilomet\p{L}+|kilomètres?|kilómetros?|kg|hectares?|degrees"
)
_DIGITS = r"\p{Nd}(?:[\p{Nd}]|[.,٬٫'’\u00a0\u202f ](?=\p{Nd}{3}(?!\p{Nd}))|[.,٫](?=\p{Nd}))*"
_FIGURE = regex.compile(
    rf"(?<![\p{{Nd}}.,:/\p{{L}}-])(?:[€$£¥₹₽]\s?{_DIGITS}(?:\s(?:{_UNIT_WORDS}))?|{_DIGITS}\s?(?:[%٪％€$£¥₹₽°]|(?:{_UNIT_WORDS})(?!\p{{L}})|[万萬億亿千百]+)"
    rf"|{_DIGITS}(?![\p{{Nd}}:/.,-]*\p{{Nd}}))",
    regex.IGNORECASE,
)
_FOLLOWING = regex.compile(r"\s?(\p{Han}{1,3}|\s\p{L}[\p{L}\p{M}\u200c'’-]*)")
_NO_FIGURE = regex.compile(
    r"\s?[年月日時时点點分号號:]|\s?(?:Uhr|heures|h\b|p\.m|a\.m|o[’']clock|года|году|год|г\.)|[.:/-]\p{Nd}|(?:st|nd"
    r"|rd|th)\b|\.\s\p{L}"
)
_VERSION = regex.compile(r"\p{Nd}{1,2}[.,]\p{Nd}{1,2}")
_UNSIZED = regex.compile(r"\p{Nd}{1,2}|(?:1[0-9]|20)\p{Nd}{2}|[۰-۹]{4}|[٠-٩]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How a sentence speaks: `quoted` the share of it in quotation marks, `spoken` whether it says that somebody speaks.

    `mine`: somebody speaks of themselves, outside quotation marks.
    `speaker` is a name with a role where one stands beside it ("Ada Brand, curator"), or ""; `named` whether there is one.
    """

    quoted: float = 0.0
    spoken: bool = False
    speaker: str = ""
    mine: bool = False

    @property
    def named(self) -> bool:
        """Whether the sentence quotes somebody and names them."""
        return bool(self.speaker) and self.quoted >= SPOKEN_SHARE

    @property
    def bare(self) -> bool:
        """Whether the sentence is a quotation that does not say whose."""
        return self.quoted >= BARE_SHARE and not self.spoken


SILENT, _MINE = Voice(), Voice(mine=True)


def voice(text: str, pairs: Sequence[tuple[int, int]], lists: words.Words) -> Voice:
    """Return how one sentence speaks; `pairs` are its quotation marks and brackets, as offsets into `text`."""
    pairs = [pair for pair in pairs if text[pair[0]] not in NOT_SPEECH]
    if not pairs:
        return _MINE if lists.mine.search(text) else SILENT
    if (signed := signature(text)) and not lists.speech.match(signed):
        return Voice(quoted=1.0, spoken=True, speaker=signed)
    outside, held = _outside(text, pairs)
    quoted, mine = held / len(text), lists.mine.search(outside) is not None
    if found := says(outside, lists):
        return Voice(quoted=quoted, spoken=True, speaker=_speaker(outside, *found.span(), lists), mine=mine)
    return Voice(quoted=quoted, mine=mine)


def says(outside: str, lists: words.Words) -> "regex.Match[str] | None":
    """Return the first word by which the text outside quotation marks says that somebody speaks."""
    if lists.language in words.UNSPACED:
        return lists.speech.search(outside)
    starts = (word.start() for word in _WORD.finditer(outside))
    return next((found for at in starts if (found := lists.speech.match(outside, at))), None)


def signature(text: str) -> str:
    """Return who signed a quotation ("“...” – Ada Brand, curator"), or ""."""
    found = _SIGNED.search(text)
    return (found[1] or found[2]).strip() if found else ""


def figure(text: str, lists: words.Words) -> str:
    """Return the first figure worth telling, with the word it counts ("12,000 books", "48 %"), or "".

    Dates, times, years, ordinals and numbers below a hundred that count nothing are none.
    """
    if not any(map(str.isdigit, text)):
        return ""
    for found in _FIGURE.finditer(text):
        number = found[0].strip()
        following = _FOLLOWING.match(text, found.end())
        word = following[1].strip() if following else ""
        if _VERSION.fullmatch(number) and (not word or word.lower() in lists.function):
            continue
        if not number[0].isdigit() or not number[-1].isdigit():
            return number
        if _UNSIZED.fullmatch(number) or _NO_FIGURE.match(text, found.end()) or word.lower() in DATE_WORDS:
            continue
        return number if not word or word.lower() in lists.function else f"{number}{following[0] if following else ''}"
    return ""


def _outside(text: str, pairs: Sequence[tuple[int, int]]) -> tuple[str, int]:
    """Return the text with a "|" for each outermost quotation, and how many code points those held."""
    pieces, at, held = [], 0, 0
    for start, end in pairs:
        if start >= at:
            pieces += [text[at:start], "|"]
            held += end + 1 - start
            at = end + 1
    return "".join([*pieces, text[at:]]), held


def _speaker(outside: str, start: int, end: int, lists: words.Words) -> str:
    """Return the name, or failing that the role, nearest to the words that say somebody speaks."""
    head, _, before = outside[:start][-160:].rpartition("|")
    if any(map(str.isupper, outside)):
        name = _cased(before, outside, end, lists)
    else:
        # 한지우 씨는 “...”고 말했다: the name may stand before the quotation
        near = before if len(before.strip()) >= SHORTEST_NAME else head
        behind, ahead = _UNCASED_BEFORE.search(near[-60:]), _UNCASED_AFTER.match(outside, end)
        name = behind[1] if behind else ahead[1] if ahead else ""
    name = _ADVERB.sub("", _ACTING.sub("", name.strip(" ,.:;")))
    return "" if lists.dangling.match(name) or name.lower() in _NOBODY else name[:LONGEST_NAME]


def _cased(before: str, outside: str, end: int, lists: words.Words) -> str:
    before = _ADVERB.sub("", before.rstrip())
    if (found := _BEFORE.search(before)) and found[1].lower() not in lists.function:
        return found[1]
    if (found := _AFTER.match(outside, end)) and found[2].lower() not in lists.function:
        between = found[1].lower().split()
        if not any(word in lists.function and not _AN_ARTICLE.fullmatch(word) for word in between):
            return found[2]
    role = _ROLE_BEFORE.search(before) or _ROLE_AFTER.match(outside, end)
    return role[1] if role else ""
