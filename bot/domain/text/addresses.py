"""Addresses in a text as far as their writer meant them, where platforms see less or more of them."""

from collections.abc import Iterator
from dataclasses import replace

import regex

from bot.domain.channel import LinkRule
from bot.domain.post import Span
from bot.domain.text.links import links

# Letters of scripts that keep words apart by spaces: what follows an address directly must be a part of it. In others, and
# in Korean, whose particles are joined to the word before, nobody can tell.
_GLUED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[\p{{L}}\p{{M}}\p{{Nd}}--[{_GLUED}]]"
_BEYOND = rf"[{_LETTER}--\p{{ASCII}}]"
_REST = regex.compile(rf"{_BEYOND}(?:[{_LETTER}\u200c\-._~%!$&*+=:@/?#]*[{_LETTER}/_=])?", regex.V1)
_TORN = regex.compile(rf"[{_GLUED}]")
_ANOTHER_SENTENCE = regex.compile(r"[、。，；：！？「」『』【】（）〈〉《》“”«»…؛،؟]")


def meant(text: str) -> tuple[Span, ...]:
    """Return the addresses with a scheme, each with all letters of its path, whatever their script; `target` in full."""
    return tuple(
        replace(span, end=end, target=text[span.start : end])
        for span in links(text, LinkRule.BARE)
        if "://" in text[span.start : span.end]
        for end in [_end(text, span)]
    )


def _end(text: str, span: Span) -> int:
    if text.count("/", span.start, span.end) < 3:
        return span.end
    rest = _REST.match(text, span.end)
    return rest.end() if rest else span.end


def astray(text: str, rule: LinkRule) -> Iterator[tuple[str, str]]:
    """Yield the links that a platform with this rule would end elsewhere than a reader does: what it takes, and why not."""
    ends = {span.start: span.end for span in meant(text)}
    for span in links(text, rule):
        taken = text[span.start : span.end]
        torn = taken.endswith("/") and "://" in taken and _TORN.match(text, span.end) is not None
        if ends.get(span.start, 0) > span.end or torn:
            yield taken, "ends there for this platform, before its last letters"
        elif rule is LinkRule.SCHEME and _ANOTHER_SENTENCE.search(taken):
            yield taken, "runs on into the sentence on this platform"


def to_mark(text: str, rule: LinkRule) -> tuple[Span, ...]:
    """Return the links that a post should mark where the platform lets it: as they are meant, and what else it would find."""
    ours = meant(text)
    others = (
        span for span in links(text, rule) if not any(one.start < span.end and span.start < one.end for one in ours)
    )
    return tuple(sorted((*ours, *others), key=lambda span: span.start))
