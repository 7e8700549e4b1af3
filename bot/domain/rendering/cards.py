"""What the card of a link says below the title."""

from collections.abc import Iterator

import regex

from bot.domain.article import Article, BlockKind
from bot.domain.rendering.fitting import clipped
from bot.domain.text import marginalia, sentences, words
from bot.domain.text.quotes import marks

DESCRIPTION = 200
"""Code points of a card's description: what platforms show of it before they cut it themselves."""

ENOUGH = 40
"""Bytes in UTF-8, since ideographs say more: a shorter paragraph describes nothing, a shorter first sentence not alone."""

_SEEN = 40
_FAR = 2000
_WHOLE = regex.compile(r"[.!…。！।۔][\"'”’»›“‘」』)\]）】]*$")
_NOTE = regex.compile(r"\[\d{1,3}\]")
_LETTER = regex.compile(r"[\p{L}\p{N}]")


def description(article: Article, excerpt: str, text: str) -> str:
    """Return the beginning of the first paragraph that reads alone and that the post does not say, or "".

    `excerpt` is what all the parts of the post say, `text` the part with the card. No dateline, no turn of an interview,
    nothing that leads on to a list or leans on the words before it.
    """
    lists = words.of(words.language_of(article.text, article.language))
    said = " ".join(f"{excerpt} {text}".split())
    opening = " ".join(excerpt.split())[:_SEEN]
    for paragraph in _paragraphs(article):
        flat = " ".join(paragraph.split())
        letter = _LETTER.search(flat)
        leans = letter is None or lists.dangling.match(flat, letter.start()) is not None
        if _size(flat) < ENOUGH or flat[:_SEEN] in said or leans or not _sound(flat):
            continue
        shown = _shortened(flat, lists.language)
        if not opening or opening not in shown:
            return shown
    return ""


def _paragraphs(article: Article) -> Iterator[str]:
    for block in article.blocks:
        if block.kind is BlockKind.PROSE:
            paragraph = article.text[block.start : min(block.end, block.start + _FAR)]
            yield paragraph[marginalia.dateline(paragraph) or marginalia.clock(paragraph) :]


def _sound(paragraph: str) -> bool:
    """Whether a paragraph ends like one, has no mark of a footnote and nobody's words without their marks."""
    ends = len(paragraph) >= _FAR / 2 or _WHOLE.search(paragraph)
    spoken = marginalia.turn(paragraph) or marks(paragraph).doubtful
    return bool(ends) and not spoken and not _NOTE.search(paragraph)


def _shortened(paragraph: str, language: str) -> str:
    """Return as many whole sentences as a card shows, or the beginning of the first one."""
    fitting = [end for end in sentences.ends(paragraph, language) if end <= DESCRIPTION]
    if fitting and _size(paragraph[: fitting[-1]]) >= ENOUGH:
        return paragraph[: fitting[-1]]
    return clipped(paragraph, lambda short: len(short) <= DESCRIPTION)


def _size(said: str) -> int:
    return len(said.encode("utf-8", "surrogatepass"))
