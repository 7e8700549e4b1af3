"""Hashtags made of an article's tags."""

import unicodedata
from collections.abc import Iterable

import regex

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
