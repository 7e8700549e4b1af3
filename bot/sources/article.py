"""One file's bytes -> Article."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from bot.domain.article import Article, BlockKind, LanguageSource
from bot.domain.campaign import Campaign
from bot.domain.rendering.hashtags import hashtag
from bot.domain.text.blocks import refined
from bot.domain.text.marginalia import dateline
from bot.errors import BadArticle
from bot.sources import markdown, matter, plain, webpage
from bot.sources.language import detected

SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm")
LARGEST = 2 * 2**20
LONGEST_TITLE = 120
#: The kinds of blocks that can give words to a post.
GIVING = (BlockKind.PROSE, BlockKind.LIST, BlockKind.QUOTE)
TITLING = (BlockKind.HEADING, *GIVING)
STATUS = re.compile(r"""^(["']?)status\1[ \t]*:.*$""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An article whose pictures are still names: (file, alt, where) each; bot.sources.pictures puts them in."""

    article: Article
    pictures: tuple[tuple[str, str, str], ...] = ()


def article_fields(zone: str) -> Mapping[str, Callable[[Any], Any]]:
    """Return the front matter's known fields with their readers."""
    return {
        **dict.fromkeys(("title", "author", "excerpt", "warning"), matter.text),
        **dict.fromkeys(("tags", "channels"), matter.words),
        **dict.fromkeys(("date", "not_before"), matter.moment(zone)),
        "expires": matter.moment(zone, time.max),  # a day that is named is still good
        "link": matter.link,
        "language": matter.language,
        "images": matter.images,
        "status": matter.status,
        "thread": matter.truth,
        "visibility": matter.visibility,
    }


CAMPAIGN_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("title", "disclosure", "template"), matter.text),
    **dict.fromkeys(("channels", "tags", "required_tags"), matter.words),
    **dict.fromkeys(("approval", "tags_in_text"), matter.truth),
    "alt": matter.alt,
    "links": matter.places,
}


def decoded(raw: bytes, where: str) -> str:
    """Return a file's text in NFC with "\\n" line ends; BadArticle naming the line that is not UTF-8."""
    if len(raw) > LARGEST:
        raise BadArticle(
            f"the file has {len(raw):,} bytes, {LARGEST:,} is the most for an article",
            where=where,
            hint="is it really an article? pictures go beside it as files of their own",
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadArticle("the file is UTF-16, not UTF-8", where=f"{where}:1", hint="save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8 in your editor"
        raise BadArticle("the file is not UTF-8 text", where=f"{where}:{line}", hint=hint) from error
    if "\0" in text:
        raise BadArticle("the file is not text", where=f"{where}:{text.count(chr(10), 0, text.index(chr(0))) + 1}")
    return plain.tidy(text)


def read(
    raw: bytes, campaign: str, name: str, where: str, zone: str, detect: Callable[[str], tuple[str, float]] = detected
) -> Draft:
    """Return the article that a file holds; `where` is its path as a manager knows it. Raises BadArticle.

    `detect` names the language of a text that does not say it, with its confidence.
    """
    yaml_text, body, skipped = matter.split(decoded(raw, where), where)
    fields = matter.read(yaml_text, where, article_fields(zone))
    written, facts = _body(body, PurePosixPath(name).suffix.lower(), f"{where}:{skipped + 1}")
    excerpt = matter.passage(fields, "excerpt", written.text)
    if not any(block.kind in GIVING for block in written.blocks) and not excerpt:
        hint = "write it below the front matter" if skipped else ""
        raise BadArticle("there is no text to post", where=f"{where}:{skipped + 1}", hint=hint)
    language = fields.get("language") or facts.get("language", "")
    told, confidence = (language, 0.0) if language else detect(_prose(written) or excerpt)
    source = LanguageSource.GIVEN if language else LanguageSource.DETECTED if told else LanguageSource.UNKNOWN
    article = Article(
        campaign=campaign,
        name=name,
        digest=sha256(raw).hexdigest(),
        title=fields.get("title") or facts.get("title") or written.title or _first_line(written, excerpt),
        text=written.text,
        blocks=tuple(written.blocks),
        link=fields.get("link") or _given(matter.link, facts, "link", ""),
        author=fields.get("author") or facts.get("author", ""),
        language=told,
        language_source=source,
        language_confidence=confidence,
        tags=fields.get("tags", ()),
        date=fields.get("date", None) or _given(matter.moment(zone), facts, "date", None),
        ready=fields.get("status", default=True),
        channels=fields.get("channels", ()),
        not_before=fields.get("not_before", None),
        expires=fields.get("expires", None),
        excerpt=excerpt,
        thread=fields.get("thread", default=False),
        warning=fields.get("warning"),
        visibility=fields.get("visibility"),
    )
    if article.not_before and article.expires and article.not_before >= article.expires:
        raise BadArticle("expires: it would be over before not_before", where=fields.at("expires"))
    given = tuple((file, alt, fields.at("images")) for file, alt in fields.get("images", ()))
    inline = tuple((unquote(file), alt, f"{where}:{skipped + line}") for file, alt, line in written.images)
    return Draft(article=article, pictures=given or tuple(each for each in inline if not _elsewhere(each[0])))


def drafted(raw: bytes, where: str) -> bytes:
    """Return an article's file with fields that call it a draft; raises BadArticle."""
    yaml_text, body, _ = matter.split(decoded(raw, where), where)
    fields, count = STATUS.subn("status: draft", yaml_text.strip("\n"))
    told = fields if count else f"status: draft\n{fields}".strip()
    return f"---\n{told}\n---\n{body}".encode()


def campaign_of(raw: bytes, name: str, where: str) -> Campaign:
    """Return the campaign that a campaign.yaml describes. Raises BadArticle."""
    fields = matter.read(decoded(raw, where), where, CAMPAIGN_FIELDS, first_line=1)
    bare = Campaign(name=name)
    template = fields.get("template") or bare.template
    unknown = set(re.findall(r"\{(\w+)\}", template)) - TEMPLATE_FIELDS
    if unknown:
        hint = f"known: {', '.join(sorted(TEMPLATE_FIELDS))}"
        raise BadArticle(f"template: no field is called {{{min(unknown)}}}", where=fields.at("template"), hint=hint)
    if wrong := [words for words in fields.get("required_tags", ()) if not hashtag(words)]:
        hint = "a hashtag needs a letter"
        raise BadArticle(f"required_tags: {wrong[0]!r} gives no hashtag", where=fields.at("required_tags"), hint=hint)
    return replace(
        bare,
        title=fields.get("title"),
        channels=fields.get("channels", ()),
        disclosure=fields.get("disclosure"),
        tags=fields.get("tags", ()),
        required_tags=fields.get("required_tags", ()),
        approval=fields.get("approval", default=False),
        alt_required=fields.get("alt", default=bare.alt_required),
        links=fields.get("links", ()),
        tags_in_text=fields.get("tags_in_text", default=False),
        template=template,
    )


TEMPLATE_FIELDS = {"excerpt", "title", "headline", "link", "tags", "source", "disclosure", "part", "parts"}


def _body(body: str, suffix: str, where: str) -> tuple[plain.Written, Mapping[str, str]]:
    facts: Mapping[str, str] = {}
    try:
        match suffix:
            case ".html" | ".htm":
                written, facts = webpage.read(body)
            case ".txt":
                return plain.read(body), facts
            case _:
                written = markdown.read(body)
    except RecursionError as error:
        raise BadArticle("lists or elements within each other without end", where=where) from error
    written.blocks = [*refined(written.text, tuple(written.blocks))]
    return written, facts


def _first_line(written: plain.Written, excerpt: str) -> str:
    """Return a heading that stands before all prose, else the first line of prose without its dateline, shortened by words."""
    words = (written.text[block.start : block.end] for block in written.blocks if block.kind in TITLING)
    found = next(words, excerpt)
    line = " ".join(found[dateline(found) :].partition("\n")[0].split())
    return (
        line if len(line) <= LONGEST_TITLE else (line[:LONGEST_TITLE].rpartition(" ")[0] or line[:LONGEST_TITLE]) + "…"
    )


def _given(reader: Callable[[str], Any], facts: Mapping[str, str], name: str, default: Any) -> Any:  # noqa: ANN401 - what the reader gives
    """Return a fact that a page tells of itself, the default when it tells none that can be used."""
    try:
        return reader(facts[name])
    except (KeyError, ValueError):
        return default


def _elsewhere(address: str) -> bool:
    """Tell whether a picture lies on the web, not beside the article."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:|//", address) is not None


def _prose(written: plain.Written) -> str:
    return " ".join(
        written.text[block.start : block.end]
        for block in written.blocks
        if block.kind not in (BlockKind.CODE, BlockKind.TABLE)
    )
