"""One file's bytes -> Article."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from bot.domain.article import Article, Block, BlockKind, Image
from bot.domain.campaign import Campaign
from bot.domain.text.blocks import of_plain, refined
from bot.errors import BadArticle
from bot.sources import markdown, matter, webpage
from bot.sources.language import detected

SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm")
LARGEST = 5 * 2**20
LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An article whose pictures are still names: (file, alt, where) each."""

    article: Article
    pictures: tuple[tuple[str, str, str], ...] = ()


def article_fields(zone: str) -> Mapping[str, Callable[[Any], Any]]:
    """Return the front matter's known fields with their readers."""
    moment = matter.moment(zone)
    return {
        **dict.fromkeys(("title", "author", "excerpt", "warning"), matter.text),
        **dict.fromkeys(("tags", "channels"), matter.words),
        **dict.fromkeys(("date", "not_before", "expires"), moment),
        "link": matter.link,
        "language": matter.language,
        "images": matter.images,
        "status": matter.status,
        "thread": matter.truth,
        "visibility": matter.visibility,
    }


CAMPAIGN_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("title", "disclosure", "template"), matter.text),
    **dict.fromkeys(("channels", "tags"), matter.words),
    "approval": matter.truth,
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
    return unicodedata.normalize("NFC", re.sub(r"\r\n?|\u2028|\u0085", "\n", text))


def read(raw: bytes, campaign: str, name: str, where: str, zone: str, detect: Callable[[str], str] = detected) -> Draft:
    """Return the article that a file holds; `where` is its path as a manager knows it. Raises BadArticle.

    `detect` names the language of a text that does not say it.
    """
    text = decoded(raw, where)
    suffix = PurePosixPath(name).suffix.lower()
    yaml_text, body, skipped = matter.split(text, where)
    fields = matter.read(yaml_text, where, article_fields(zone))
    written, facts = _body(body, suffix)
    blocks = refined(written.text, tuple(written.blocks)) if suffix != ".txt" else of_plain(written.text)
    if not any(block.kind is not BlockKind.HEADING for block in blocks) and not fields.get("excerpt"):
        raise BadArticle(
            "there is no text to post", where=f"{where}:{skipped + 1}", hint="write it below the front matter"
        )
    article = Article(
        campaign=campaign,
        name=name,
        digest=sha256(raw).hexdigest(),
        title=fields.get("title") or _title(written, facts, blocks),
        text=written.text,
        blocks=blocks,
        link=fields.get("link") or facts.get("link", ""),
        author=fields.get("author") or facts.get("author", ""),
        language=fields.get("language") or facts.get("language", "") or detect(_prose(written.text, blocks)),
        tags=fields.get("tags", ()),
        date=_utc(fields.get("date", None)),
        ready=fields.get("status", default=True),
        channels=fields.get("channels", ()),
        not_before=_utc(fields.get("not_before", None)),
        expires=_utc(fields.get("expires", None)),
        excerpt=fields.get("excerpt"),
        thread=fields.get("thread", default=False),
        warning=fields.get("warning"),
        visibility=fields.get("visibility"),
    )
    given = tuple((file, alt, fields.at("images")) for file, alt in fields.get("images", ()))
    inline = tuple((file, alt, where) for file, alt in written.images if not re.match(r"[a-z]+:", file))
    return Draft(article=article, pictures=given or inline)


def campaign_of(raw: bytes, name: str, where: str) -> Campaign:
    """Return the campaign that a campaign.yaml describes. Raises BadArticle."""
    fields = matter.read(decoded(raw, where), where, CAMPAIGN_FIELDS, first_line=1)
    plain = Campaign(name=name)
    template = fields.get("template") or plain.template
    unknown = set(re.findall(r"\{(\w+)\}", template)) - TEMPLATE_FIELDS
    if unknown:
        hint = f"known: {', '.join(sorted(TEMPLATE_FIELDS))}"
        raise BadArticle(f"template: no field is called {{{min(unknown)}}}", where=fields.at("template"), hint=hint)
    return replace(
        plain,
        title=fields.get("title"),
        channels=fields.get("channels", ()),
        disclosure=fields.get("disclosure"),
        tags=fields.get("tags", ()),
        approval=fields.get("approval", default=False),
        template=template,
    )


TEMPLATE_FIELDS = {"excerpt", "title", "link", "tags", "source", "disclosure", "part", "parts"}


def with_images(article: Article, images: tuple[Image, ...]) -> Article:
    """Return the article with its pictures in place."""
    return replace(article, images=images)


def _body(body: str, suffix: str) -> tuple[markdown.Written, Mapping[str, str]]:
    match suffix:
        case ".html" | ".htm":
            return webpage.read(body)
        case ".txt":
            return markdown.Written(text=body.strip("\n").rstrip()), {}
        case _:
            return markdown.read(body), {}


def _title(written: markdown.Written, facts: Mapping[str, str], blocks: tuple[Block, ...]) -> str:
    """Return the title a text gives itself: the page's, its first heading, else its first line, shortened by words."""
    if facts.get("title") or written.title:
        return facts.get("title") or written.title
    heading = next((block for block in blocks if block.kind is BlockKind.HEADING), None)
    first = written.text[heading.start : heading.end] if heading else written.text.strip().partition("\n")[0]
    first = " ".join(first.split())
    return first if len(first) <= LONGEST_TITLE else first[:LONGEST_TITLE].rpartition(" ")[0] + "…"


def _prose(text: str, blocks: tuple[Block, ...]) -> str:
    return " ".join(
        text[block.start : block.end] for block in blocks if block.kind not in (BlockKind.CODE, BlockKind.TABLE)
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
