"""What the card of a link says below the title."""

from collections.abc import Iterator
from itertools import pairwise

import regex

from bot.domain.article import Article, BlockKind
from bot.domain.excerpting.interviews import interview
from bot.domain.excerpting.voices import voice
from bot.domain.rendering.fitting import clipped
from bot.domain.text import marginalia, sentences, words
from bot.domain.text.pointers import points
from bot.domain.text.quotes import marks

DESCRIPTION = 200
"""Code points of a card's description: what platforms show of it before they cut it themselves."""

ENOUGH = 40
"""Bytes in UTF-8, since ideographs say more: a shorter paragraph describes nothing, a shorter first sentence not alone."""

BLOCKS = 60
"""Paragraphs, headings and the like that are looked at: a book's card costs no more than a report's."""

_SEEN = 40
_FAR = 2000
_WHOLE = regex.compile(r"[.!…。！।۔][\"'”’»›“‘」』)\]）】]*$")
_NOTE = regex.compile(r"\[\d{1,3}\]")
_LETTER = regex.compile(r"[\p{L}\p{N}]")


def description(article: Article, excerpt: str, text: str) -> str:
    """Return the beginning of the first paragraph that reads alone and that the post does not say, or "".

    `excerpt` is what all the parts of the post say, `text` the part with the card. No dateline, no answer of an interview,
    no words of somebody who is not named there, nothing that leads on to a list or leans on the words before it.
    """
    lists = words.of(words.language_of(article.text, article.language))
    said = " ".join(f"{excerpt} {text}".split())
    opening = " ".join(excerpt.split())[:_SEEN]
    for paragraph in _paragraphs(article, lists):
        flat = " ".join(paragraph.split())
        letter = _LETTER.search(flat)
        leans = letter is None or lists.dangling.match(flat, letter.start()) is not None
        if _size(flat) < ENOUGH or flat[:_SEEN] in said or leans or not _sound(flat):
            continue
        shown = _shortened(flat, lists)
        if shown and (not opening or opening not in shown):
            return shown
    return ""


def _paragraphs(article: Article, lists: words.Words) -> Iterator[str]:
    blocks = article.blocks[:BLOCKS]
    talk = interview(article.text, blocks, lists)
    for n, block in enumerate(blocks):
        if block.kind is BlockKind.PROSE and n not in talk.questions and n not in talk.answers:
            paragraph = article.text[block.start : min(block.end, block.start + _FAR)]
            yield paragraph[marginalia.dateline(paragraph) or marginalia.clock(paragraph) :]


def _sound(paragraph: str) -> bool:
    """Whether a paragraph ends like one, has no mark of a footnote and nobody's words without their marks."""
    ends = len(paragraph) >= _FAR / 2 or _WHOLE.search(paragraph)
    spoken = marginalia.turn(paragraph) or marks(paragraph).doubtful or marginalia.facts(paragraph)
    return bool(ends) and not spoken and not _NOTE.search(paragraph)


def _shortened(paragraph: str, lists: words.Words) -> str:
    """Return as many whole sentences as a card shows, or the beginning of the first one; "" when that says nothing alone."""
    ends = sentences.ends(paragraph, lists.language)
    speaking = voice(paragraph[: ends[0]], [pair for pair in marks(paragraph).pairs if pair[1] < ends[0]], lists)
    if speaking.bare or points(paragraph[: ends[0]]):
        return ""
    pointing = next(
        (n for n, (start, end) in enumerate(pairwise((0, *ends))) if points(paragraph[start:end])), len(ends)
    )
    fitting = [end for end in ends[:pointing] if end <= DESCRIPTION]
    if fitting and _size(paragraph[: fitting[-1]]) >= ENOUGH:
        return paragraph[: fitting[-1]]
    short = clipped(paragraph, lambda short: len(short) <= DESCRIPTION)
    return "" if marks(short).doubtful else short


def _size(said: str) -> int:
    return len(said.encode("utf-8", "surrogatepass"))
