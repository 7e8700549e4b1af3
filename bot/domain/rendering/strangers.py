"""Words with an "@" that a platform would turn into a mention, made harmless."""

from bisect import bisect_left
from itertools import compress, pairwise

from bot.domain.channel import LinkRule
from bot.domain.text import links

WORD_JOINER = "\u2060"
"""Invisible and unbreakable; after "@" it keeps the word readable while no platform takes it for a handle."""


def strangers(text: str, rule: LinkRule) -> tuple[tuple[int, str], ...]:
    """Return where an "@" stands that would mention somebody, and whom; addresses of pages and mail are left alone."""
    found = links.mentions(text)
    addresses = links.links(text, rule) if found else ()
    before = [bisect_left(addresses, mention.start, key=lambda span: span.start) for mention in found]
    free = (
        not index or addresses[index - 1].end <= mention.start for mention, index in zip(found, before, strict=True)
    )
    return tuple((mention.start, mention.target) for mention in compress(found, free))


def defused(text: str, rule: LinkRule, ends: tuple[int, ...] = ()) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    """Return the text with a word joiner after each such "@", the sentence ends moved along, and who was meant."""
    found = strangers(text, rule)
    if not found:
        return text, ends, ()
    marks = [at + 1 for at, _ in found]
    harmless = WORD_JOINER.join(text[start:end] for start, end in pairwise([0, *marks, len(text)]))
    moved = tuple(end + bisect_left(marks, end + 1) for end in ends)
    return harmless, moved, tuple(dict.fromkeys(who for _, who in found))
