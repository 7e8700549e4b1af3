"""A passage that a person marks in an article: whole words, verbatim, and whether it cuts a sentence."""

from collections.abc import Iterator

import regex

from bot.domain.article import Article, BlockKind
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.text import sentences

#: What stands within a word. Scripts without spaces have no words to cut: there a letter is whole.
_INSIDE = regex.compile(r"[\p{L}\p{M}\p{N}'’\u200c\u200d_-]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_MARK = regex.compile(r"[\p{M}\u200c\u200d\ufe0f\p{EMod}]")
#: What belongs to a sentence before its first and behind its last word.
_OPENING = regex.compile(r"[\p{Ps}\p{Pi}\"'¿¡‘‚„]+")
_CLOSING = regex.compile(r"[\p{Pe}\p{Pf}\p{Po}\"'’“]+")
#: Blocks that hold sentences one may quote.
GIVING = (BlockKind.PROSE, BlockKind.QUOTE, BlockKind.LIST)


def snapped(article: Article, start: int, end: int) -> tuple[int, int]:
    """Return a stretch of an article's text widened to whole words, without white space around it.

    With the last word of a sentence go the marks behind it, with all its words also those before it. Equal offsets say that
    nothing is left.
    """
    text = article.text
    start, end = max(0, min(start, end, len(text))), min(max(start, end, 0), len(text))
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return start, end
    while start > 0 and _joined(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and _joined(text[end - 1], text[end]):
        end += 1
    for first, last in spoken(article):
        if first < end < last and _CLOSING.fullmatch(text, end, last):
            end = last
        if first < start < last <= end and _OPENING.fullmatch(text, first, start):
            start = first
    return start, end


def cuts(article: Article, start: int, end: int) -> tuple[bool, bool]:
    """Tell whether a stretch of the text begins, and whether it ends, within a sentence."""
    spans = tuple(spoken(article))
    return any(first < start < last for first, last in spans), any(first < end < last for first, last in spans)


def spoken(article: Article) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of an article's prose, lists and quotations begin and end, in order."""
    for block in article.blocks:
        if block.kind not in GIVING:
            continue
        at, words = block.start, article.text[block.start : block.end]
        for end in (*sentences.ends(words, article.language), len(words)):
            last = block.start + end
            while at < last and article.text[at].isspace():
                at += 1
            if at < last:
                yield at, last
                at = last


def passage(article: Article, start: int, end: int) -> Excerpt:
    """Return what stands from one offset to another in an article, as an excerpt chosen by hand."""
    text = article.text[start:end]
    stops = sentences.ends(text, article.language)
    return Excerpt(text=text, start=start, end=end, reason=Reason.BY_HAND, sentences=stops)


def _joined(one: str, other: str) -> bool:
    """Tell whether two letters stand within one word, or make up one sign."""
    if _MARK.match(other) or (one == "\u200d" and not other.isspace()):
        return True
    if _UNSPACED.match(one) or _UNSPACED.match(other):
        return False
    return bool(_INSIDE.match(one) and _INSIDE.match(other))
