"""add and preview."""

import asyncio
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, part_shape, settings_of, show_json
from bot.errors import BadArticle, BadInput, NotAllowed, NotFound

if TYPE_CHECKING:
    from bot.domain.article import Article
    from bot.domain.campaign import Campaign
    from bot.domain.channel import Channel
    from bot.domain.composing import Composition
    from bot.settings import Settings
    from bot.sources.article import Draft


@click.command(
    name="add",
    help="""Put articles into queue/CAMPAIGN/: Markdown with front matter, plain text or HTML; - reads standard input.
Pictures that an article names go along. Nothing is written unless every file can be taken.

\b
Examples:
  handbill add night-opening.md --campaign library
  pbpaste | handbill add - --name tour.txt""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE|-…")
@click.option("--campaign", default="general", show_default=True, help="Folder below queue/.")
@click.option("--name", default="", help="File name for standard input (default: made from its first words).")
@click.option("--replace", is_flag=True, help="Replace an article of the same name.")
@json_option
@click.pass_context
def add_command(
    ctx: click.Context, files: tuple[str, ...], campaign: str, name: str, replace: bool, as_json: bool
) -> None:
    """Check and copy articles."""
    from bot.settings import load

    settings = load(ctx.find_root().obj["home"])
    folder = settings.queue / _safe(campaign, "campaign")
    copies = [copy for file in files for copy in _copies(file, name, folder, settings.zone)]
    if not replace:
        _refuse_conflicts(copies)
    written = [{"file": str(copy.target), "written": _write(copy)} for copy in copies]
    if as_json:
        show_json(written)
        return
    for each in written:
        click.echo(f"{'added' if each['written'] else 'already there'}: {each['file']}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Bytes that are to stand at a place in the folder."""

    target: Path
    raw: bytes
    picture: bool = False


def _copies(file: str, name: str, folder: Path, zone: str) -> list[Copy]:
    from bot.sources import article as reading

    raw, file_name = _input(file, name)
    if Path(file_name).suffix.lower() not in reading.SUFFIXES:
        hint = f"an article ends in {', '.join(reading.SUFFIXES)}"
        raise BadInput(f"{file_name!r} is not the name of an article", where=file, hint=hint)
    draft = reading.read(raw, folder.name, file_name, file if file != "-" else "standard input", zone, lambda _: "")
    base = Path(file).parent if file != "-" else None
    return [*_pictures(draft, base, folder), Copy(target=folder / _safe(file_name, "file name"), raw=raw)]


def _input(file: str, name: str) -> tuple[bytes, str]:
    if file == "-":
        raw = sys.stdin.buffer.read()
        return raw, name or _name_for(raw)
    path = Path(file)
    if path.is_dir():
        raise BadInput("this is a folder", where=file, hint="name the files in it: handbill add folder/*.md")
    try:
        return path.read_bytes(), name or path.name
    except FileNotFoundError as error:
        raise NotFound("there is no such file", where=file) from error


def _name_for(raw: bytes) -> str:
    """Return a file name from the first words of a text: letters and digits of any script, joined by hyphens."""
    text = raw[:2000].decode("utf-8", "replace")
    line = next((line for line in text.splitlines() if any(map(str.isalnum, line)) and ":" not in line[:12]), "article")
    words = "".join(
        letter if letter.isalnum() or unicodedata.combining(letter) else " " for letter in line.lower()
    ).split()
    return "-".join(words)[:60].rstrip("-") + (".html" if text.lstrip().startswith("<") else ".md")


def _pictures(draft: "Draft", base: Path | None, folder: Path) -> list[Copy]:
    copies = []
    for name, _, where in draft.pictures:
        source = base / name if base else None
        if source is None or not source.is_file():
            raise BadArticle(
                f"image {name!r} is missing", where=where, hint="put it beside the article or mend its name"
            )
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise BadArticle(f"image {name!r} lies outside the article's folder", where=where, hint="put it beside it")
        copies.append(Copy(target=target, raw=source.read_bytes(), picture=True))
    return copies


def _safe(name: str, what: str) -> str:
    if not name or name != Path(name).name or name.startswith((".", "_")):
        raise BadInput(f"{name!r} cannot be a {what}", hint="use a plain name without / or a leading dot")
    return name


def _refuse_conflicts(copies: Sequence[Copy]) -> None:
    for copy in copies:
        if copy.target.exists() and copy.target.read_bytes() != copy.raw:
            what = "another picture" if copy.picture else "another article"
            raise NotAllowed(f"{what} of that name is there", where=str(copy.target), hint="use --replace or --name")


def _write(copy: Copy) -> bool:
    """Put the bytes in place, whole or not at all; False when they are there already."""
    target = copy.target
    if target.exists() and target.read_bytes() == copy.raw:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(copy.raw)
        os.replace(partial, target)  # noqa: PTH105 - says that it replaces
    finally:
        partial.unlink(missing_ok=True)
    return True


@click.command(
    name="preview",
    help="""Show exactly what each channel would get, part by part, with counted lengths. Nothing is queued.
An article in queue/ is named CAMPAIGN/FILE. Without credentials each platform's default limits serve.

\b
Examples:
  handbill preview library/night-opening.md
  handbill preview draft.md --channel mastodon
  echo "The museum opens at night from May." | handbill preview -""",
)
@click.argument("article", metavar="ARTICLE|FILE|-")
@click.option("--campaign", default="", help="Take disclosure, tags and template from this campaign.")
@click.option("--channel", "only", multiple=True, help="Only this channel (may be given again).")
@json_option
@click.pass_context
def preview_command(ctx: click.Context, article: str, campaign: str, only: tuple[str, ...], as_json: bool) -> None:
    """Compose without queueing."""
    settings = settings_of(ctx)
    found, composed = asyncio.run(_composed(settings, article, campaign))
    composed = tuple(each for each in composed if not only or each.channel.name in only)
    if not composed:
        raise NotFound(
            "no channel would get this article", hint="its `channels`, its campaign's, or --channel rule all out"
        )
    if as_json:
        show_json(
            {"article": found.title, "language": found.language, "posts": [_post_shape(each) for each in composed]}
        )
        return
    click.echo(f"{found.title}  [{found.language or 'language unknown'}]\n")
    for each in composed:
        _show_post(each)


async def _composed(settings: "Settings", name: str, campaign: str) -> "tuple[Article, Sequence[Composition]]":
    import tempfile

    from bot.domain.composing import compose
    from bot.media import MediaFolder

    path = _path(settings, name)
    with tempfile.TemporaryDirectory() as scratch:
        article = await _article(path, name, MediaFolder(Path(scratch)), settings.zone)
    return article, compose(article, _campaign(settings, path, campaign), await _channels(settings))


def _path(settings: "Settings", name: str) -> Path | None:
    """Return the file that a name stands for: a path, or CAMPAIGN/FILE (the suffix may be left off) in the folder."""
    if name == "-":
        return None
    from bot.sources.article import SUFFIXES

    candidates = [Path(name), settings.queue / name, *(settings.queue / f"{name}{suffix}" for suffix in SUFFIXES)]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise NotFound(f"there is no article {name!r}", hint=f"give a file, or CAMPAIGN/FILE below {settings.queue}")
    return found


async def _article(path: Path | None, name: str, media: Any, zone: str) -> "Article":  # noqa: ANN401 - MediaFolder, imported late
    from bot.sources import article as reading

    raw = await asyncio.to_thread(path.read_bytes if path else sys.stdin.buffer.read)
    file_name = path.name if path else "standard-input.md"
    draft = reading.read(raw, path.parent.name if path else "general", file_name, name, zone)
    images = []
    for copy, (_, alt, _) in zip(_pictures(draft, path.parent if path else None, Path()), draft.pictures, strict=True):
        images.append(await media.put(copy.raw, alt))
    return reading.with_images(draft.article, tuple(images))


def _campaign(settings: "Settings", path: Path | None, name: str) -> "Campaign":
    from bot.domain.campaign import Campaign
    from bot.sources import article as reading

    folder = settings.queue / name if name else (path.parent if path else settings.queue)
    file = folder / "campaign.yaml"
    if file.is_file():
        return reading.campaign_of(file.read_bytes(), folder.name, str(file))
    if name:
        raise NotFound(f"campaign {name!r} has no campaign.yaml", where=str(folder))
    return Campaign(name=folder.name)


async def _channels(settings: "Settings") -> "Sequence[Channel]":
    """Return the channels with their live limits as far as known; every platform's defaults where none is set up."""
    from bot.app import configured, opened
    from bot.domain.channel import Channel
    from bot.platforms import adapters

    if settings.channels and settings.database.exists():
        async with opened(settings) as app:
            return await app.store.channels()
    found = configured(settings)
    return found or [Channel(name=name, platform=name, limits=adapter.LIMITS) for name, adapter in adapters().items()]


def _post_shape(each: "Composition") -> dict[str, Any]:
    return {
        "channel": each.channel.name,
        "unit": str(each.channel.limits.unit),
        "reason": str(each.excerpt.reason),
        "detail": each.excerpt.detail,
        "verbatim": each.excerpt.verbatim,
        "notes": list(each.post.notes),
        "parts": [part_shape(part) for part in each.post.parts],
    }


def _show_post(each: "Composition") -> None:
    detail = f", {each.excerpt.detail}" if each.excerpt.detail else ""
    click.secho(f"{each.channel.name}  ({each.excerpt.reason}{detail})", bold=True)
    for part in each.post.parts:
        of = f"part {part.number} of {len(each.post.parts)}, " if len(each.post.parts) > 1 else ""
        click.secho(f"  {of}{part.length:,} of {part.limit:,} {each.channel.limits.unit}", dim=True)
        click.echo("\n".join(f"    {line}" for line in part.text.splitlines()))
        for image in part.images:
            click.secho(f"    [image {image.width} x {image.height}: {image.alt or 'NO ALT TEXT'}]", dim=True)
        if part.card:
            click.secho(f"    [card: {part.card.title} – {part.card.url}]", dim=True)
        facts = [f"language {part.language}"] * bool(part.language) + [f"warning: {part.warning}"] * bool(part.warning)
        if facts:
            click.secho(f"    [{', '.join(facts)}]", dim=True)
    for note in each.post.notes:
        click.secho(f"  note: {note}", fg="yellow")
    click.echo()
