"""What a post on the AT protocol marks: mentions, links and tags, as the protocol's own library detects them.

The server never looks for them: what a post does not mark stays plain text. Offsets are code points; the protocol wants
UTF-8 bytes, see `measure.byte_offset`. Source: docs/conformance.md, 3. Its quirks are kept: a word that
begins with "http" needs no known name, a known name must be in lower case, one closing mark is dropped from a link.
"""

from collections.abc import Iterator

import regex

from bot.domain.post import Span, SpanKind
from bot.domain.text.tlds import CURRENT

# What the reference means by white space, and what besides it ends a tag.
_SPACE = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_TAG_END = rf"{_SPACE}\xad\u2060\u200b-\u200d\u20e2"
_LONGEST_TAG = 64

_MENTION = regex.compile(rf"(?:\A|[{_SPACE}(])@([a-zA-Z0-9.\-]+)\b", regex.ASCII)
_LINK = regex.compile(
    rf"(?:\A|[{_SPACE}(])((?:[Hh][Tt][Tt][Pp][Ss]?://[^{_SPACE}]"
    rf"|(?P<domain>[A-Za-z][A-Za-z0-9]*+(?:\.[A-Za-z0-9]++)++))[^{_SPACE}]*+)"
)
_TAG = regex.compile(rf"(?:\A|[{_SPACE}])([#＃](?!\ufe0f)(?=[0-9\p{{P}}]*+[^0-9\p{{P}}{_TAG_END}])[^{_TAG_END}]++)")
_CASHTAG = regex.compile(rf"(?:\A|[{_SPACE}(])\$([A-Za-z][A-Za-z0-9]{{0,4}})(?=[{_SPACE}.,;:!?)\"'\u2019]|\Z)")
_CLOSING = regex.compile(r"\p{P}++\Z")


def rich(text: str) -> tuple[Span, ...]:
    """Return mentions (target: the handle, still to be resolved), links and tags ("$AAPL" keeps its sign), in order.

    Of two that overlap the first stays.
    """
    found = [*_mentions(text), *marked_links(text), *_tags(text), *_cashtags(text)]
    return apart(found)


def apart(spans: list[Span]) -> tuple[Span, ...]:
    """Return the spans in order, without those that begin inside another; of two with one beginning the longer stays."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def marked_links(text: str) -> Iterator[Span]:
    """Yield the links; a bare domain leads to https."""
    if "." not in text and "://" not in text:
        return
    for match in _LINK.finditer(text):
        address, end = match[1], match.end(1)
        if not address.startswith("http"):
            if not match["domain"] or not _known(match["domain"]):
                continue
            address = f"https://{address}"
        if address[-1] in ".,;:!?":
            address, end = address[:-1], end - 1
        if address[-1] == ")" and "(" not in address:
            address, end = address[:-1], end - 1
        yield Span(kind=SpanKind.LINK, start=match.start(1), end=end, target=address)


def _mentions(text: str) -> Iterator[Span]:
    for match in _MENTION.finditer(text) if "@" in text else ():
        if _known(match[1]) or match[1].endswith(".test"):
            yield Span(kind=SpanKind.MENTION, start=match.start(1) - 1, end=match.end(1), target=match[1])


def _tags(text: str) -> Iterator[Span]:
    for match in _TAG.finditer(text) if "#" in text or "＃" in text else ():
        word = _CLOSING.sub("", match[1])[1:]
        if len(word) > _LONGEST_TAG and len(regex.findall(r"\X", word)) > _LONGEST_TAG:
            continue
        yield Span(kind=SpanKind.TAG, start=match.start(1), end=match.start(1) + 1 + len(word), target=word)


def _cashtags(text: str) -> Iterator[Span]:
    for match in _CASHTAG.finditer(text) if "$" in text else ():
        yield Span(kind=SpanKind.TAG, start=match.start(1) - 1, end=match.end(1), target=f"${match[1].upper()}")


def _known(domain: str) -> bool:
    _, dot, name = domain.rpartition(".")
    return dot != "" and name in CURRENT
