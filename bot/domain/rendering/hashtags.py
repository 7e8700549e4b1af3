"""Hashtags made of an article's tags, at the end of a post or where their word stands in it."""

import unicodedata
from collections.abc import Iterable, Iterator

import regex

from bot.domain.channel import LinkRule
from bot.domain.post import SpanKind
from bot.domain.text import links
from bot.domain.text.quotes import BRACKETS, marks

_APOSTROPHE = regex.compile(r"(?<=\p{L})['’ʼ](?=\p{L}{1,2}\b)|(?<=\p{L})['’ʼ](?!\p{L})")
_BREAK = regex.compile(r"[^\p{L}\p{M}\p{Nd}_]+")
_CASED = regex.compile(r"[\p{Lu}\p{Ll}\p{Lt}]")
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_LETTER = regex.compile(r"\p{L}")


def hashtag(words: str) -> str:
    """Return a tag's words as one word without "#", "" when nothing of it can be a hashtag.

    "night trains" gives "NightTrains": read aloud as two words. A script without case keeps its words apart by "_",
    unless it is written without spaces anyway.
    """
    plain = _APOSTROPHE.sub("", unicodedata.normalize("NFC", words))
    tag = ""
    for piece in filter(None, _BREAK.split(plain)):
        tag += (_joint(tag, piece) if tag else "") + _capital(piece)
    return tag if _LETTER.search(tag) and unicodedata.category(tag[0])[0] != "M" else ""


def hashtags(words: Iterable[str]) -> tuple[str, ...]:
    """Return the hashtags of all tags in order, each once whatever its case, without "#"."""
    tags: dict[str, str] = {}
    for tag in map(hashtag, words):
        tags.setdefault(tag.casefold(), tag)
    return tuple(filter(None, tags.values()))


def _capital(piece: str) -> str:
    """Return it with a capital first letter, unless it has capitals of its own ("iPhone")."""
    first = piece[:1].upper()
    return piece if len(first) != 1 or piece != piece.lower() else first + piece[1:]


def _joint(left: str, right: str) -> str:
    """Return what stands between two words: nothing where capitals or the script itself tell them apart."""
    if _CASED.search(left[-1:] + right[:1]) or _SPACELESS.search(left[-1:] + right[:1]):
        return ""
    return "_" if _LETTER.search(left) and _LETTER.search(right) else ""


def woven(text: str, tag: str, rule: LinkRule) -> str:
    """Return a text with "#" before the first word that is this tag but for its case; "" where there is none.

    Not in what somebody says, an address, a handle, a compound, or where platforms would see another hashtag.
    """
    word = regex.compile(rf"(?<![\w#＃@＠&'’‑-])(?:{regex.escape(tag)})(?!\w|['’‑.@-]\w|/)", regex.IGNORECASE)
    spared: list[tuple[int, int]] | None = None
    for match in word.finditer(text):
        spared = list(_spared(text, rule)) if spared is None else spared
        if any(start < match.end() and match.start() < end for start, end in spared):
            continue
        tagged = f"{text[: match.start()]}#{text[match.start() :]}"
        if (match.start(), match.end() + 1) in ((span.start, span.end) for span in links.tags(tagged)):
            return tagged
    return ""


def _spared(text: str, rule: LinkRule) -> Iterator[tuple[int, int]]:
    """Yield the stretches that stay as they are: addresses, handles, and what is quoted or may be."""
    for each in (rule, LinkRule.BARE):
        yield from ((span.start, span.end) for span in links.links(text, each))
    yield from ((span.start, span.end) for span in links.mentions(text) if span.kind is SpanKind.MENTION)
    at = 0
    for paragraph in text.split("\n"):
        found = marks(paragraph)
        quoted = (pair for pair in found.pairs if paragraph[pair[0]] not in BRACKETS)
        yield from ((at + start, at + end + 1) for start, end in (*quoted, *found.doubtful))
        at += len(paragraph) + 1
