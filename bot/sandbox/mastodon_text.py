"""How the simulated Mastodon server shows a text: app/lib/text_formatter.rb of github.com/mastodon/mastodon."""

import html
import re

from bot.domain.channel import LinkRule
from bot.domain.post import Span, SpanKind
from bot.domain.text import links

#: app/helpers/languages_helper.rb: the only tags that keep their region.
REGIONAL = ("zh-CN", "zh-HK", "zh-TW", "zh-YUE")


def entities(text: str) -> list[Span]:
    """Return what becomes a link, mention or tag, in order; what stands inside a link is part of it."""
    found = list(links.links(text, LinkRule.SCHEME))
    for span in (*links.mentions(text), *links.tags(text)):
        if all(span.end <= each.start or each.end <= span.start for each in found):
            found.append(span)
    return sorted(found, key=lambda span: span.start)


def content(text: str, base: str) -> str:
    """Return a status's HTML: paragraphs, breaks, links with their hidden parts."""
    pieces, end = [], 0
    for span in entities(text):
        pieces += [html.escape(text[end : span.start]), _linked(text[span.start : span.end], span, base)]
        end = span.end
    pieces.append(html.escape(text[end:]))
    paragraphs = re.split(r"\n{2,}", "".join(pieces))
    return "".join(f"<p>{each}</p>".replace("\n", "<br />") for each in paragraphs if each)


def _linked(text: str, span: Span, base: str) -> str:
    """Return the HTML of one link, mention (shown without its host) or hashtag."""
    match span.kind:
        case SpanKind.LINK:
            prefix = re.match(r"(?:https?://(?:www\.)?)?", text)
            start = prefix.end() if prefix else 0
            shown, rest = text[start : start + 30], text[start + 30 :]
            return (
                f'<a href="{html.escape(text)}" target="_blank" rel="nofollow noopener noreferrer">'
                f'<span class="invisible">{text[:start]}</span>'
                f'<span class="{"ellipsis" if rest else ""}">{html.escape(shown)}</span>'
                f'<span class="invisible">{html.escape(rest)}</span></a>'
            )
        case SpanKind.TAG:
            page = f"{base}/tags/{span.target.lower()}"
            return f'<a href="{page}" class="mention hashtag" rel="tag">{text[0]}<span>{span.target}</span></a>'
        case SpanKind.MENTION:
            name, _, host = span.target.partition("@")
            page = f"https://{host}/@{name}" if host else f"{base}/@{name}"
            return f'<span class="h-card"><a href="{page}" class="u-url mention">@<span>{name}</span></a></span>'


def language(tag: str) -> str:
    """Return the tag as the server keeps it: whole if it is one of its own, else the first subtag, else its default."""
    first = re.split(r"[_-]", tag)[0]
    return tag if tag in REGIONAL else first if re.fullmatch(r"[a-z]{2,3}", first) else "en"
