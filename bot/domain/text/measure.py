"""How long a text is, counted as a channel's platform counts it.

A length is taken from a copy of the text in which each link stands as `url_weight` letters and each mention of someone
elsewhere as the local name alone; the unit then says how that copy is counted. Sources: docs/conformance.md, 1 (WEIGHTED),
2 (`local_mentions`, `warning_counts`) and 4; https://unicode.org/reports/tr29/ (GRAPHEMES).
"""

import re
from unicodedata import is_normalized, normalize

import regex

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.post import Span, SpanKind
from bot.domain.text import emoji
from bot.domain.text.links import links, mentions
from bot.domain.text.marks import apart

# Characters that weigh two: all but Latin to Hangul jamo and the common spaces, dashes and quotation marks.
_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_ONE_HEAVY = "\uac00"
_NEVER = re.compile("[\ufffe\ufeff\uffff]")

# Two characters of this set are never one grapheme, but for CR LF; a rare script may be missing, at some cost in speed
# (UAX 29: Grapheme_Cluster_Break Other, Control, LV and LVT).
_ALONE = (
    "\u0000-\u02ff\u0370-\u0482\u048a-\u0590\u05d0-\u05ff\u061c-\u064a\u0660-\u066f\u0671-\u06d5\u06ee-\u06ff\u0904-\u0939"
    "\u10a0-\u10ff\u1200-\u135c\u1e00-\u200b\u200e-\u20cf\u2100-\u2cee\u2e80-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ud7af"
    "\uf900-\ufb1d\ufb1f-\ufdff\ufe30-\uff9d\U0001f200-\U0001f3fa\U0001f400-\U0001ffff"
)
_JOINED = re.compile(f"[{_ALONE}]?[^{_ALONE}]++(?:[{_ALONE}][^{_ALONE}]++)*+[{_ALONE}]?")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_GRAPHEME = regex.compile(r"\X")


def length(text: str, limits: Limits, *, warning: str = "") -> int:
    """Return the length of a text, with its content warning where the platform counts it, in `limits.unit`."""
    if limits.unit is Unit.WEIGHTED and not text.isascii():
        text = text if is_normalized("NFC", text) else normalize("NFC", text)
    counted = _as_counted(text, limits)
    return _COUNT[limits.unit](warning + counted if limits.warning_counts else counted)


def fits(text: str, limits: Limits, *, warning: str = "", caption: bool = False) -> bool:
    """Return whether a text keeps within the length, or with `caption` the caption length, and the byte cap.

    A weighted text may also not hold U+FFFE, U+FEFF or U+FFFF.
    """
    most = limits.caption if caption and limits.caption else limits.length
    if most and length(text, limits, warning=warning) > most:
        return False
    if limits.bytes and byte_offset(text, len(text)) > limits.bytes:
        return False
    return limits.unit is not Unit.WEIGHTED or _NEVER.search(text) is None


def graphemes(text: str) -> int:
    """Return the number of extended grapheme clusters: what a reader would call characters."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    # As a letter a flag joins with the same neighbours, and no long row of flags has to be counted from its start.
    text = _FLAG.sub("x", text)
    count = len(text) - text.count("\r\n")
    return count - sum(len(joined) - len(_GRAPHEME.findall(joined)) for joined in _JOINED.findall(text))


def utf16(text: str) -> int:
    """Return the number of UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_offset(text: str, offset: int) -> int:
    """Return an offset in code points as one in UTF-16 code units."""
    return utf16(text[:offset])


def byte_offset(text: str, offset: int) -> int:
    """Return an offset in code points as one in UTF-8 bytes."""
    return len(text[:offset].encode("utf-8", "surrogatepass"))


def weight(text: str) -> int:
    """Return the weighted length of a text in NFC without links: two for a heavy character or an emoji, else one."""
    if text.isascii():
        return len(text)
    if emoji.HINT.search(text):
        text = emoji.SEQUENCE.sub(_ONE_HEAVY, text)
    return len(text) + len(_HEAVY.findall(text))


_COUNT = {
    Unit.CODE_POINTS: len,
    Unit.GRAPHEMES: graphemes,
    Unit.UTF16: utf16,
    Unit.BYTES: lambda text: byte_offset(text, len(text)),
    Unit.WEIGHTED: weight,
}


def _as_counted(text: str, limits: Limits) -> str:
    """Return the text with links and remote mentions as long as they count."""
    swaps: tuple[Span, ...] = ()
    if limits.url_weight or limits.local_mentions:
        swaps = links(text, limits.link_rule)
    if limits.local_mentions and "@" in text:
        swaps = apart([*swaps, *mentions(text, LinkRule.SCHEME)])
    if not swaps:
        return text
    pieces: list[str] = []
    at = 0
    for span in swaps:
        pieces += (text[at : span.start], _stand_in(span, text, limits.url_weight))
        at = span.end
    return "".join((*pieces, text[at:]))


def _stand_in(span: Span, text: str, url_weight: int) -> str:
    if span.kind is SpanKind.MENTION:
        return "@" + span.target.partition("@")[0]
    return "x" * url_weight if url_weight else text[span.start : span.end]
