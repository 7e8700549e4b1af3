"""The rule against saying the same thing twice."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import regex

from bot.domain.finding import Earlier, Finding, Level
from bot.domain.linting.proof import Proof, imprint, own_words
from bot.domain.rendering.strangers import WORD_JOINER

#: From this share of common shingles on, two posts say the same.
ALIKE = 0.8
#: How long what was said counts.
WINDOW = timedelta(days=30)

_WORD = re.compile(r"\w+")
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

Shingles = Set[object]


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a text's shingles: how many there are, and the hashes of about every fourth of them."""

    size: int
    some: frozenset[int]

    @classmethod
    def of(cls, shingles: Shingles) -> "Print":
        """Return what is kept of those shingles."""
        return cls(len(shingles), frozenset([each for each in map(hash, shingles) if not each & 3]))


def near_duplicate(proof: Proof) -> Iterator[Finding]:
    """A platform is not told the same twice within a month, from whatever account."""
    if not proof.earlier:
        return
    line = imprint(proof.campaign)
    text = own_words("\n".join(part.text for part in proof.parts), line).casefold()
    spaceless = 2 * len(_SPACELESS.findall(text)) > len(text)
    ours = _shingles(text, spaceless=spaceless)
    mark = Print.of(ours)
    pieces = sorted(set("".join(_WORD.findall(text)) if spaceless else _WORD.findall(text)), key=len, reverse=True)

    def likeness(each: Earlier) -> float:
        if _lacks(each.text.casefold().replace(WORD_JOINER, ""), pieces, int((1 - ALIKE) * len(ours)) + 1):
            return 0.0
        if _most_in_common(mark, _print(each.text, line, spaceless=spaceless)) < ALIKE:
            return 0.0
        return _jaccard(ours, _apart(each.text, line, spaceless=spaceless))

    share, nearest = max(((likeness(each), each) for each in proof.earlier), key=lambda found: found[0])
    if ours and share >= ALIKE:
        when = f"{nearest.at:%Y-%m-%d %H:%M} UTC"
        what = f"nearly the same as on {nearest.channel} at {when} (delivery {nearest.delivery})"
        fix = "choose another passage with `excerpt:`, or cancel one of the two"
        yield Finding(level=Level.ERROR, what=what, fix=fix)


def _lacks(text: str, pieces: Sequence[str], spared: int) -> bool:
    """Whether more than so many of our words or letters are not in a text, so that more shingles than that are not either.

    This spares most earlier posts the comparison.
    """
    for piece in pieces:
        if piece not in text:
            spared -= 1
            if spared < 0:
                return True
    return False


def _shingles(text: str, *, spaceless: bool) -> Shingles:
    """Return each three words in a row, or where words are not parted each four letters."""
    words = _WORD.findall(text)
    if spaceless:
        letters = "".join(words)
        return {letters[at : at + 4] for at in range(max(len(letters) - 3, bool(letters)))}
    if len(words) < 3:
        return {tuple(words)} if words else set()
    return set(zip(words, words[1:], words[2:], strict=False))


@lru_cache(maxsize=4096)  # what was said within a month is held against every new post
def _print(said: str, line: re.Pattern[str] | None, *, spaceless: bool) -> Print:
    return Print.of(_apart(said, line, spaceless=spaceless))


@lru_cache(maxsize=2)  # asked for its print and, where that may be the same, for itself
def _apart(said: str, line: re.Pattern[str] | None, *, spaceless: bool) -> Shingles:
    return _shingles(own_words(said, line).casefold(), spaceless=spaceless)


def _most_in_common(ours: Print, theirs: Print) -> float:
    """Return a share of common shingles that two texts cannot exceed, 0 to 1: all may be common that the prints left out."""
    left_out = min(ours.size - len(ours.some), theirs.size - len(theirs.some))
    common = len(ours.some & theirs.some) + left_out
    return common / max(ours.size + theirs.size - common, 1)


def _jaccard(ours: Shingles, theirs: Shingles) -> float:
    """Return how many of all shingles both have, 0 to 1."""
    if min(len(ours), len(theirs)) < ALIKE * max(len(ours), len(theirs)):
        return 0.0  # cannot reach it
    common = len(ours & theirs)
    return common / max(len(ours) + len(theirs) - common, 1)
