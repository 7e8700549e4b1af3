"""Links, mentions and tags in a text, as the platforms find them.

A LinkRule names a way of finding: BARE that of platforms that count every link the same, SCHEME that of the fediverse,
SPANS that of the AT protocol, whose posts mark their links themselves. Offsets are code points; spans come in order and
never overlap. Sources: docs/conformance.md, 1 to 3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import quote, unquote

import regex

from bot.domain.channel import LinkRule
from bot.domain.post import Span, SpanKind
from bot.domain.text.hosts import ACCENTED, GLUE, SPACES, Host, Run, ascii_hosts, host_in, next_run, registrable
from bot.domain.text.marks import apart, marked_links, rich

__all__ = ["links", "mentions", "readable_address", "rich", "safe_address", "same_page", "shown_address", "tags"]

_LONGEST_URL = 4096
_LONGEST_SLUG = 40
_LONGEST_DOMAIN = 253
_LONGEST_SCHEME = 8
_SHORTENED = re.compile(r"https?://t\.co/([a-z0-9]+)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """What a link may be made of; the characters of `path_loose` and `query_loose` may be in it but not end it.

    `bare`: a host without scheme is a link too. `tail` is port and path.
    """

    bare: bool
    scheme: re.Pattern[str]
    tail: re.Pattern[str]
    path_loose: str
    query: re.Pattern[str]
    query_loose: str


def _dialect(*, bare: bool, schemes: str, path: str, path_loose: str, query: str, query_loose: str) -> _Dialect:
    """Compile a dialect; `path` and `query` are the insides of character classes. Brackets nest once."""
    nested = rf"\([{path}]++\)[{path}]*+"
    brackets = rf"\((?:[{path}]++(?:{nested})?|{nested})\)"
    return _Dialect(
        bare=bare,
        scheme=re.compile(rf"(?<![{GLUE}])(?:{schemes})(?:://)?\Z", re.IGNORECASE | re.ASCII),
        tail=re.compile(rf"(?::[0-9]++)?(?P<path>/(?:[{path}]++|{brackets})*+)?"),
        path_loose=path_loose,
        query=re.compile(rf"\?([{query}]++)"),
        query_loose=query_loose,
    )


_QUERY = r"A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@"
_BEYOND_ASCII = (
    r"\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd"
    r"\U00040000-\U000dfffd\U000e1000-\U0010fffd"
)
_DIALECTS = {
    LinkRule.BARE: _dialect(
        bare=True,
        schemes="https?",
        path=rf"A-Za-z0-9\u0400-\u04ff{ACCENTED}!*';:=+,.$/%#\[\]\-\u2013_~@|&",
        path_loose="!*';:,.$%[]\u2013~@|&",
        query=_QUERY,
        query_loose="!?*'();:+$%[].,~|@",
    ),
    LinkRule.SCHEME: _dialect(
        bare=False,
        schemes="https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini",
        path=rf"^<>()?{SPACES}",
        path_loose="!*\"'「」;:=,.$%[]~&|@",
        query=rf"{_QUERY}\^{_BEYOND_ASCII}",
        query_loose="!?*'();:+$%[].,~|@^",
    ),
}


def links(text: str, rule: LinkRule) -> tuple[Span, ...]:
    """Return what a platform with this rule would link; `target` is the address it would open.

    A bare domain leads to https. Sentence marks and brackets around a link stay outside.
    """
    if rule is LinkRule.SPANS:
        return tuple(marked_links(text))
    dialect = _DIALECTS[rule]
    if "." not in text or not (dialect.bare or "://" in text):
        return ()
    return tuple(_links(text, dialect))


def _links(text: str, dialect: _Dialect) -> Iterator[Span]:
    at = 0
    while run := next_run(text, at):
        scheme = _scheme_before(text, at, run, dialect)
        run = _without_next_scheme(text, run, dialect)
        host = host_in(text, run, taken=0 < at == run.start)
        if host is None:
            at = run.end
            continue
        has_path, end = _tail(text, host.over, dialect)
        at = end
        if not host.whole or not registrable(text, host):
            continue
        if scheme is not None:
            if host.start == run.start:
                yield from _with_scheme(text, scheme, host, end if host.over == host.end else host.end)
        elif dialect.bare and text[host.start - 1 : host.start] not in tuple("-_./"):
            yield from _without_scheme(text, host, end if has_path and host.over == host.end else 0)


def _scheme_before(text: str, at: int, run: Run, dialect: _Dialect) -> int | None:
    """Return where the scheme before a run starts, None when there is none."""
    if text[run.start - 3 : run.start] != "://":
        return None
    match = dialect.scheme.search(text, max(at, run.start - 3 - _LONGEST_SCHEME), run.start)
    return match.start() if match else None


def _without_next_scheme(text: str, run: Run, dialect: _Dialect) -> Run:
    """Return the run without the scheme of the link that follows it ("日本.comhttp" before "://")."""
    if not text.startswith("://", run.end):
        return run
    match = dialect.scheme.search(text, max(run.start, run.end - _LONGEST_SCHEME), run.end)
    return Run(run.start, match.start()) if match else run


def _tail(text: str, at: int, dialect: _Dialect) -> tuple[bool, int]:
    """Return whether a path follows the host that ends at `at`, and where port, path and query end."""
    match = dialect.tail.match(text, at)
    if match is None:
        return False, at
    end = match.end()
    path = match["path"] or ""
    kept = 1 + len(path[1:].rstrip(dialect.path_loose)) if path else 0
    if kept < len(path):
        return True, end - len(path) + kept
    query = dialect.query.match(text, end)
    kept = len(query[1].rstrip(dialect.query_loose)) if query else 0
    return path != "", end + (1 + kept if kept else 0)


def _with_scheme(text: str, start: int, host: Host, end: int) -> Iterator[Span]:
    short = _SHORTENED.match(text, start, end)
    if short:
        if len(short[1]) > _LONGEST_SLUG:
            return
        query = _DIALECTS[LinkRule.BARE].query.match(text, short.end(), end)
        end = end if query and query.end() == end else short.end()
    scheme = host.start - start
    if scheme + len(text[start:end].encode("utf-16-le", "surrogatepass")) // 2 <= _LONGEST_URL:
        yield Span(kind=SpanKind.LINK, start=start, end=end, target=text[start:end])


def _without_scheme(text: str, host: Host, path_end: int) -> Iterator[Span]:
    """Yield the Latin stretches of a host; the path, if there is one, belongs to the last of them."""
    if len("https://") + max(host.end, path_end) - host.start > _LONGEST_URL:
        return
    stretches = list(ascii_hosts(text, host))
    for number, (start, end) in enumerate(stretches, 1):
        last = path_end if path_end and number == len(stretches) else end
        yield Span(kind=SpanKind.LINK, start=start, end=last, target=f"https://{text[start:last]}")


_MENTION = re.compile(
    r"(?:\A|[^a-zA-Z0-9_!#$%&*@＠]|(?:\A|[^a-zA-Z0-9_+~.\-])[rR][tT]:?)"
    r"[@＠]([a-zA-Z0-9_]{1,20})(/[a-zA-Z][a-zA-Z0-9_\-]{0,24})?"
)
_REMOTE_MENTION = regex.compile(r"(?<![=/\w])@([A-Za-z0-9_]++(?:[.\-]++[A-Za-z0-9_]++)*+(?:@(\w++(?:[.\-]++\w++)*+))?)")
_NO_MENTION_BEFORE = re.compile(rf"[@＠{ACCENTED}]|://")


def mentions(text: str, rule: LinkRule | None = None) -> tuple[Span, ...]:
    """Return what a platform with this rule takes for a mention; with None, whatever any of them would.

    `target` is "user" or "user@host".
    """
    if "@" not in text and "＠" not in text:
        return ()
    found = [span for each in ((rule,) if rule else LinkRule) for span in _mentions(text, each)]
    return apart(found)


def _mentions(text: str, rule: LinkRule) -> Iterator[Span]:
    """Yield the mentions that do not begin inside a link."""
    if rule is LinkRule.SPANS:
        found = rich(text)
    else:
        names = _names(text) if rule is LinkRule.BARE else _addresses(text)
        found = apart([*links(text, rule), *names])
    yield from (span for span in found if span.kind is SpanKind.MENTION)


def _names(text: str) -> Iterator[Span]:
    for match in _MENTION.finditer(text):
        if match[2] is None and not _NO_MENTION_BEFORE.match(text, match.end()):
            yield Span(kind=SpanKind.MENTION, start=match.start(1) - 1, end=match.end(1), target=match[1])


def _addresses(text: str) -> Iterator[Span]:
    for match in _REMOTE_MENTION.finditer(text):
        if len(match[2] or "") <= _LONGEST_DOMAIN and not _NO_MENTION_BEFORE.match(text, match.end()):
            yield Span(kind=SpanKind.MENTION, start=match.start(), end=match.end(), target=match[1])


# Letters and marks of any script, digits, and what else Indic, Hebrew, Arabic, Tibetan and Japanese words are made of.
_WORD = (
    r"\p{L}\p{M}\p{Nd}_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\xb7"
)
_TAG = regex.compile(
    rf"(?:(?<=[\ufe0e\ufe0f])|(?<![{_WORD}&]))[#＃](?![\ufe0f\u20e3])(?=[{_WORD}]*?[\p{{L}}\p{{M}}])([{_WORD}]++)"
)
_NO_TAG_BEFORE = re.compile("[#＃]|://")


def tags(text: str) -> tuple[Span, ...]:
    """Return the hashtags, which need a letter and a divider before them; `target` is the word without "#"."""
    if "#" not in text and "＃" not in text:
        return ()
    return tuple(span for span in apart([*links(text, LinkRule.BARE), *_words(text)]) if span.kind is SpanKind.TAG)


def _words(text: str) -> Iterator[Span]:
    end = -1
    for match in _TAG.finditer(text):
        if match.start() != end and not _NO_TAG_BEFORE.match(text, match.end()):
            yield Span(kind=SpanKind.TAG, start=match.start(), end=match.end(), target=match[1])
        end = match.end()


_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*://)([^/?#]*)(.*)", re.DOTALL)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def safe_address(url: str) -> str:
    """Return an address of the same page that is one link from end to end where links are found by LinkRule.BARE.

    Only what would end the link early is encoded, and only when something would; so twice is the same as once. An
    address without scheme, or whose host no platform knows, may stay less than one link.
    """
    parts = _ADDRESS.fullmatch(url)
    if parts is None or _is_one_link(url, LinkRule.BARE):
        return url
    scheme, host, rest = parts.groups()
    rest = rest if rest.startswith("/") or not rest else f"/{rest}"
    address = url
    for name in (host, _punycode(host)):
        for brackets in ("()", ""):
            address = scheme + name + _encoded(rest, brackets)
            if _is_one_link(address, LinkRule.BARE):
                return address
    return address


def shown_address(url: str, rule: LinkRule, *, marked: bool) -> str:
    """Return the most readable way to write an address that is one link from end to end where it will stand.

    `marked` True: the post marks its links, so that the platform need not see where one ends.
    """
    plain = readable_address(url)
    if marked or rule is LinkRule.SPANS:
        return plain
    safe = safe_address(url)
    path, mark, query = safe.partition("?")
    ways = (plain, f"{readable_address(path)}{mark}{query}", url)
    return next((each for each in ways if _is_one_link(each, rule)), safe)


# What people read in the path of an address: letters, marks and digits, and the joiner within Persian words.
_READABLE = regex.compile(
    r"(?:[\p{L}\p{M}\p{N}--\p{Default_Ignorable_Code_Point}]|(?<=\p{L})\u200c(?=\p{L}))+", regex.V1
)
_BEYOND_ASCII_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")


def readable_address(url: str) -> str:
    """Return an address of the very same page with percent-encoded letters of any script as themselves (RFC 3987, 3.2).

    What is not readable, or would lead elsewhere once normalised, stays encoded.
    """
    parts = _ADDRESS.fullmatch(url)
    if parts is None or "%" not in parts[3]:
        return url
    plain = _BEYOND_ASCII_ENCODED.sub(_decoded, parts[3])
    return parts[1] + parts[2] + plain if normalize("NFC", plain) == plain else url


def _decoded(match: re.Match[str]) -> str:
    try:
        letters = unquote(match[0], errors="strict")
    except UnicodeDecodeError:
        return match[0]
    return letters if _READABLE.fullmatch(letters) else match[0]


def same_page(one: str, other: str) -> bool:
    """Whether two addresses differ in nothing but the way their letters are written."""
    return _folded(one) == _folded(other)


def _folded(url: str) -> str:
    parts = _ADDRESS.fullmatch(url)
    if parts is None:
        return url
    return f"{parts[1].lower()}{_punycode(parts[2])}/{unquote(parts[3]).removeprefix('/').rstrip('?')}"


def _is_one_link(url: str, rule: LinkRule) -> bool:
    found = links(url, rule)
    return len(found) == 1 and found[0].start == 0 and found[0].end == len(url)


def _encoded(rest: str, brackets: str) -> str:
    """Encode what cannot be in a path or query, and what cannot be last in either; an empty query goes."""
    dialect = _DIALECTS[LinkRule.BARE]
    path, _, query = (
        _STRAY_PERCENT.sub("%25", quote(piece, safe=f"/:?#[]@!$&'*+,;=%~{brackets}", errors="ignore"))
        for piece in rest.partition("?")
    )
    path, query = _closed(path, dialect.path_loose), _closed(query, dialect.query_loose)
    return f"{path}?{query}" if query else path


def _closed(piece: str, loose: str) -> str:
    kept = piece.rstrip(loose)
    return kept + "".join("%20" if mark == "+" else f"%{ord(mark):02X}" for mark in piece[len(kept) :])


def _punycode(host: str) -> str:
    return ".".join(
        label if label.isascii() else "xn--" + normalize("NFC", label.lower()).encode("punycode").decode("ascii")
        for label in host.split(".")
    )
