"""Words with an "@" that a platform would turn into a mention, made harmless."""

from bisect import bisect_left
from itertools import compress, pairwise

import regex

from bot.domain.channel import LinkRule
from bot.domain.text import links

WORD_JOINER = "\u2060"
"""Invisible and unbreakable; after "@" it keeps the word readable while no platform takes it for a handle."""


#: What is no mention only because of the letters after it would be one where the text is cut before them.
_NAME = regex.compile(r"(?<![A-Za-z0-9_.+~=/!#$%&*@＠-])[@＠]([A-Za-z0-9_]++)")


def strangers(text: str, rule: LinkRule) -> tuple[tuple[int, str], ...]:
    """Return where an "@" stands that would mention somebody, and whom; addresses of pages and mail are left alone."""
    nearly = {match.start(): match[1] for match in _NAME.finditer(text)}
    found = sorted((nearly | {mention.start: mention.target for mention in links.mentions(text)}).items())
    addresses = links.links(text, rule) if found else ()
    before = [bisect_left(addresses, at, key=lambda span: span.start) for at, _ in found]
    free = (not index or addresses[index - 1].end <= at for (at, _), index in zip(found, before, strict=True))
    return tuple(compress(found, free))


def defused(
    text: str, rule: LinkRule, ends: tuple[int, ...] = (), spared: frozenset[int] = frozenset()
) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    """Return the text with a word joiner after each such "@", the sentence ends moved along, and who was meant.

    An "@" that stands at one of the places in `spared` is left as it is.
    """
    found = [(at, who) for at, who in strangers(text, rule) if at not in spared]
    if not found:
        return text, ends, ()
    marks = [at + 1 for at, _ in found]
    harmless = WORD_JOINER.join(text[start:end] for start, end in pairwise([0, *marks, len(text)]))
    moved = tuple(end + bisect_left(marks, end + 1) for end in ends)
    return harmless, moved, tuple(dict.fromkeys(who for _, who in found))
