"""What a few languages' small words tell: which sentence leans on the one before, who speaks, what is merely grammar.

Own word lists, by the first part of a BCP 47 tag. A language that is not here gets empty lists: nothing is then known
to lean on anything, and scores rest on what holds for every script.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.domain.text.wordlists import (
    CONTRAST,
    DANGLING,
    FIRST_PERSON,
    FIRST_PLURAL,
    FUNCTION,
    JOINING,
    NUMBERING,
    SECOND_PERSON,
    SPEECH,
    TITLES,
)

#: Languages written without spaces between words: there a listed word ends wherever it ends.
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "km"})
_NEVER = regex.compile(r"(?!)")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_SCRIPTS: tuple[tuple[str, str], ...] = (
    (r"[\p{Hiragana}\p{Katakana}]", "ja"),
    (r"\p{Han}", "zh"),
    (r"\p{Hangul}", "ko"),
    (r"\p{Cyrillic}", "ru"),
    (r"[پچژگکی]", "fa"),
    (r"\p{Arabic}", "ar"),
    (r"\p{Thai}", "th"),
    (r"\p{Devanagari}", "hi"),
    (r"\p{Greek}", "el"),
    (r"\p{Armenian}", "hy"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's lists. The patterns are for `match` at a word's first letter, `mine`, `ours` and `yours` for `search`.

    `function` words are in lower case.

    `dangling` opens a sentence that needs the one before it, `contrast` one that takes back what stood before it (each
    is dangling too), `joining` one that an "and" ties to it, `speech` says that somebody speaks, `mine` that one person
    speaks of themselves, `ours` that several do, `yours` that somebody is spoken to; `titles` are abbreviations that a
    name follows, `numbering` those that a number may follow.
    """

    language: str
    function: frozenset[str]
    dangling: regex.Pattern[str]
    contrast: regex.Pattern[str]
    speech: regex.Pattern[str]
    joining: regex.Pattern[str]
    mine: regex.Pattern[str]
    ours: regex.Pattern[str]
    yours: regex.Pattern[str]
    titles: frozenset[str]
    numbering: frozenset[str] = frozenset(NUMBERING.split())


@lru_cache(maxsize=64)
def of(language: str) -> Words:
    """Return the lists of a BCP 47 tag's language."""
    code = primary(language)
    contrast = CONTRAST.get(code, "")
    return Words(
        language=code,
        function=frozenset(FUNCTION.get(code, "").split()),
        dangling=_pattern("|".join(filter(None, (DANGLING.get(code, ""), contrast))), code),
        contrast=_pattern(contrast, code),
        speech=_pattern(SPEECH.get(code, ""), code),
        joining=_pattern(JOINING.get(code, ""), code),
        mine=_anywhere(FIRST_PERSON.get(code, ""), code),
        ours=_anywhere(FIRST_PLURAL.get(code, ""), code),
        yours=_anywhere(SECOND_PERSON.get(code, ""), code),
        titles=frozenset((TITLES[""] + " " + TITLES.get(code, "")).split()),
    )


@lru_cache(maxsize=64)
def primary(language: str) -> str:
    """Return the language part of a BCP 47 tag in lower case ("pt" for "pt-BR")."""
    return regex.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]


def language_of(text: str, language: str = "") -> str:
    """Return the tag's language, or a guess from the script and the small words of the first 4,000 characters; "en" last."""
    if language.strip():
        return primary(language)
    sample = text[:4000]
    letters = Counter(code for script, code in _SCRIPTS for _ in regex.finditer(script, sample))
    code, seen = letters.most_common(1)[0] if letters else ("", 0)
    if seen * 3 > len(sample):
        return _among_neighbours(code, letters)
    spoken = Counter(_WORD.findall(sample.lower()))
    hits = {tag: sum(spoken[word] for word in words.split()) for tag, words in FUNCTION.items()}
    return max(hits, key=lambda tag: (hits[tag], tag == "en"))


def _among_neighbours(code: str, letters: Counter[str]) -> str:
    """Tell apart languages that share a script: kana makes it Japanese, four letters make it Persian."""
    if code == "zh" and letters["ja"] * 10 > letters["zh"]:
        return "ja"
    return "fa" if code == "ar" and letters["fa"] * 30 > letters["ar"] else code


def _pattern(alternatives: str, code: str) -> regex.Pattern[str]:
    if not alternatives:
        return _NEVER
    end = "" if code in UNSPACED else r"(?:(?<=\s)|(?![\p{L}\p{M}\p{N}]))"
    return regex.compile(rf"(?:{alternatives}){end}", regex.IGNORECASE)


def _anywhere(alternatives: str, code: str) -> regex.Pattern[str]:
    start = "" if code in UNSPACED else r"(?<![\p{L}\p{M}\p{N}])"
    return regex.compile(rf"{start}(?:{_pattern(alternatives, code).pattern})", regex.IGNORECASE)
