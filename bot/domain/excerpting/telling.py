"""Which words tell what a text is about, and which paragraphs of a very long one are worth a closer look."""

from collections import Counter
from collections.abc import Collection, Sequence
from heapq import nlargest
from math import log1p

import regex

from bot.domain.text import words

#: Words are compared by their first letters, which tells "library" and "libraries" to be the same in many languages.
STEM = 6
#: A closer look is for this many paragraphs, the first ones and the most telling ones, each with the one that follows it.
CLOSELY, OPENING = 200, 40

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[\u200c'’-][\p{L}\p{M}\p{N}]+)*")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")

Stretch = tuple[int, int]


def telling(text: str, paragraphs: Sequence[Stretch], lists: words.Words) -> Collection[Stretch]:
    """Return the paragraphs (start, end) that excerpts may come from: all of them, but for a book.

    A book's are those whose words it uses most. All of it is read for that, and only these sentence by sentence.
    """
    if len(paragraphs) <= 2 * CLOSELY:
        return frozenset(paragraphs)
    told = [frozenset(stems(text[start:end], lists)) for start, end in paragraphs]
    seen = Counter(stem for one in told for stem in one)
    weights = {stem: log1p(count) for stem, count in seen.items()}
    worth = [sum(map(weights.__getitem__, one)) / (len(one) + 8) for one in told]
    best = {*range(OPENING), *nlargest(CLOSELY - OPENING, range(len(worth)), key=worth.__getitem__)}
    return frozenset(paragraphs[n] for n in {*best, *(n + 1 for n in best)} if n < len(paragraphs))


def stems(text: str, lists: words.Words) -> tuple[str, ...]:
    """Return the content words of a text, shortened to be compared: pairs of characters where no spaces part words."""
    tokens = _TOKEN.findall(text.lower())
    if text.isascii() or not _UNSPACED.search(text):
        return tuple(token[:STEM] for token in tokens if len(token) > 2 and token not in lists.function)
    found: list[str] = []
    for token in tokens:
        if _UNSPACED.match(token):
            found += (token[n : n + 2] for n in range(len(token) - 1))
        elif len(token) > 2 and token not in lists.function:
            found.append(token[:STEM])
    return tuple(found)
