"""Excerpts: whole sentences of an article, word for word, that make good posts.

units.py      what an excerpt may be made of       voices.py     who speaks, which figure is told
scoring.py    how good a stretch would be          choosing.py   which ones are offered
passages.py   what a person marks in the text

Pure and deterministic; linear in the length of the article. How it judges is told in docs/excerpting.md.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from unicodedata import normalize

from bot.domain.article import Article
from bot.domain.edits import Wish
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting.choosing import chosen
from bot.domain.excerpting.passages import passage
from bot.domain.text import sentences

__all__ = ["by_hand", "excerpts", "wished"]

_TOKEN = re.compile(r"\S+")
_TRIES = 50


def excerpts(article: Article, *, most: int = 8, longest: int = 900) -> tuple[Excerpt, ...]:
    """Return up to `most` excerpts of at most `longest` code points, best first, at least three where the text allows.

    Each is verbatim and made of whole sentences (or list entries); only a sentence that alone is longer than `longest`
    is cut. The first one of a thread is the article itself from its lead on, as far as a dozen messages hold and nothing
    but prose goes on. An article without words to give has none.
    """
    return chosen(article, most=most, longest=longest) if most > 0 and longest > 0 else ()


def by_hand(article: Article, passage: str) -> Excerpt:
    """Return the passage a manager typed, as the article has it, or as the manager's own words where the article has not.

    White space and line ends may differ. A passage that comes twice is the first that stands between whole words.
    """
    words = normalize("NFC", passage).split()
    found = _found(article.text, words)
    if found:
        start, end = found
        text, reason = article.text[start:end], Reason.BY_HAND
    else:
        start = end = -1
        text, reason = normalize("NFC", passage).strip(), Reason.OWN_WORDS
    stops = sentences.ends(text, article.language)
    return Excerpt(text=text, start=start, end=end, reason=reason, sentences=stops)


def wished(article: Article, wish: Wish) -> Excerpt | None:
    """Return what a manager wants an article to say; None for a passage that stands in it no more.

    A passage that moved is found again; it never becomes words that the article has not.
    """
    end = wish.start + len(wish.text)
    if wish.passage and article.text[wish.start : end] == wish.text:
        return passage(article, wish.start, end)
    found = by_hand(article, wish.text)
    return found if found.verbatim or not wish.passage else None


def _found(text: str, words: list[str]) -> tuple[int, int] | None:
    """Look the words up in the text, both with single spaces, and return the offsets in the text itself."""
    if not words:
        return None
    tokens = [found.span() for found in _TOKEN.finditer(text)]
    folded = " ".join(text[start:end] for start, end in tokens)
    places = [0, *accumulate(end - start + 1 for start, end in tokens)]
    wanted = " ".join(words)
    hits: list[int] = []
    at = folded.find(wanted)
    while at >= 0 and len(hits) < _TRIES:
        hits.append(at)
        if _between_words(folded, at, at + len(wanted)):
            break
        at = folded.find(wanted, at + 1)
    if not hits:
        return None
    begin = hits[-1] if _between_words(folded, hits[-1], hits[-1] + len(wanted)) else hits[0]
    return _place(tokens, places, begin), _place(tokens, places, begin + len(wanted) - 1) + 1


def _place(tokens: list[tuple[int, int]], places: list[int], at: int) -> int:
    n = bisect_right(places, at) - 1
    return tokens[n][0] + at - places[n]


def _between_words(text: str, start: int, end: int) -> bool:
    inside = text[start - 1 : start].isalnum() and text[start].isalnum()
    return not inside and not (text[end - 1].isalnum() and text[end : end + 1].isalnum())
