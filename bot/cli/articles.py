"""add and preview."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.manuscript import (
    backdrop,
    campaign_of,
    draft_of,
    illustrated,
    language_shape,
    language_told,
    name_for,
    path_of,
    refuse_pictures_without_folder,
)
from bot.cli.output import CONTROLS, home_of, json_option, part_shape, say, settings_of, show_json
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.domain.article import Article
    from bot.domain.composing import Composition
    from bot.domain.finding import Finding as Remark
    from bot.flow.checkup import Finding
    from bot.settings import Settings
    from bot.sources.adding import Copy
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
    from bot.sources import adding

    settings = load(home_of(ctx))
    folder = settings.queue / adding.safe(campaign, "campaign")
    if name and len(files) > 1:
        raise BadInput("--name is for one article", hint="add them one by one, or leave it out")
    copies = [copy for file in files for copy in _copies(file, name, folder, settings.zone)]
    adding.refuse_conflicts(copies, replace=replace)
    written = [{"file": str(copy.target), "written": adding.write(copy)} for copy in copies]
    if as_json:
        show_json(written)
        return
    for each in written:
        say(f"{'added' if each['written'] else 'already there'}: {each['file']}")


def _copies(file: str, name: str, folder: Path, zone: str) -> "list[Copy]":
    from bot.sources import adding
    from bot.sources import article as reading

    where = file if file != "-" else "standard input"
    raw, file_name = _input(file, name)
    if Path(file_name).suffix.lower() not in reading.SUFFIXES:
        hint = f"an article ends in {', '.join(reading.SUFFIXES)}"
        raise BadInput(f"{file_name!r} is not the name of an article", where=where, hint=hint)
    draft = reading.read(raw, folder.name, file_name, where, zone, lambda _: ("", 0.0))
    if file == "-" and not name:
        file_name = adding.slug(draft.article.title) + Path(file_name).suffix
    if draft.article.name.partition(".")[0].upper() == "README":
        raise BadInput("a README is never taken for an article", where=where, hint="give another name with --name")
    found = _pictures(draft, Path(file).parent if file != "-" else None)
    beside = [adding.Copy(target=folder / os.path.normpath(each), raw=raw, picture=True) for each, raw in found]
    return [*beside, adding.Copy(target=folder / adding.safe(file_name, "file name"), raw=raw)]


def _input(file: str, name: str) -> tuple[bytes, str]:
    if file == "-":
        raw = sys.stdin.buffer.read()
        return raw, name or name_for(raw)
    path = Path(file)
    if path.is_dir():
        raise BadInput("this is a folder", where=file, hint="name the files in it: `handbill add folder/*.md`")
    try:
        return path.read_bytes(), name or path.name
    except FileNotFoundError as error:
        raise NotFound("there is no such file", where=file) from error


def _pictures(draft: "Draft", base: Path | None) -> "list[tuple[str, bytes]]":
    """Return name and bytes of each picture; BadArticle for one that the bot could not take."""
    if not draft.pictures:
        return []
    import asyncio
    import tempfile

    from bot.media import MediaFolder
    from bot.sources import pictures

    refuse_pictures_without_folder(draft, base)
    with tempfile.TemporaryDirectory() as scratch:

        async def checked() -> tuple[bytes, ...]:
            found = await pictures.load(draft, base or Path(), base or Path())
            await pictures.illustrated(draft, found, MediaFolder(Path(scratch)))
            return found

        found = asyncio.run(checked())
    return [(name, raw) for (name, _, _), raw in zip(draft.pictures, found, strict=True)]


@click.command(
    name="preview",
    help="""Show exactly what each channel would get, part by part, with counted lengths. Nothing is queued.
An article in queue/ is named CAMPAIGN/FILE. Without credentials each platform's default limits serve.

\b
Examples:
  handbill preview library/night-opening.md
  handbill preview draft.md --channel mastodon
  handbill preview draft.md --check-links        asks the network where each link leads
  echo "The museum opens at night from May." | handbill preview -""",
)
@click.argument("article", metavar="ARTICLE|FILE|-")
@click.option("--campaign", default="", help="Take disclosure, tags and template from this campaign.")
@click.option("--channel", "only", multiple=True, help="Only this channel (may be given again).")
@click.option("--check-links", is_flag=True, help="Also look whether each link leads somewhere.")
@json_option
@click.pass_context
def preview_command(
    ctx: click.Context, article: str, campaign: str, only: tuple[str, ...], check_links: bool, as_json: bool
) -> None:
    """Compose without queueing."""
    import asyncio

    settings = settings_of(ctx)
    path = path_of(settings, article)
    draft = draft_of(settings, path, article)
    found, composed, findings = asyncio.run(_composed(settings, path, draft, campaign, only))
    if not composed:
        raise NotFound(
            "no channel would get this article", hint="its `channels`, its campaign's, or --channel rule all out"
        )
    links = asyncio.run(_links(composed)) if check_links else {}
    if as_json:
        posts = [_post_shape(each, findings[each.channel.name], links.get(each.channel.name, ())) for each in composed]
        show_json({"article": found.title, **language_shape(found), "posts": posts})
        return
    say(f"{found.title}\nlanguage: {language_told(found)}\n")
    for each in composed:
        _show_post(each, findings[each.channel.name], links.get(each.channel.name, ()))


async def _composed(
    settings: "Settings", path: Path | None, draft: "Draft", campaign: str, only: Sequence[str]
) -> "tuple[Article, Sequence[Composition], Mapping[str, Sequence[Remark]]]":
    """Return the article, what each channel would get, and by channel what a reader would mark in it."""
    from bot.domain.composing import compose
    from bot.domain.linting import lint

    article = await illustrated(settings, path, draft)
    stage, within = await backdrop(settings, article), campaign_of(settings, path, campaign)
    known = {word for channel in stage.channels for word in (channel.name, channel.platform)}
    for word in only:
        if word not in known:
            raise NotFound(f"no channel is called {word!r}", hint=f"there are {', '.join(sorted(known))}")
    chosen = [each for each in stage.channels if not only or {each.name, each.platform} & set(only)]
    composed = compose(article, within, chosen, directory=stage.directory, edits=stage.edits)
    findings = {
        each.channel.name: lint(
            each,
            article,
            within,
            known=stage.directory.handles(each.channel.platform),
            earlier=stage.earlier.get(each.channel.name, ()),
            faulty=stage.faulty,
        )
        for each in composed
    }
    return article, composed, findings


async def _links(composed: "Sequence[Composition]") -> "Mapping[str, Sequence[Finding]]":
    """Return by channel what the network says of the addresses its post leads to."""
    from bot.clock import SystemClock
    from bot.flow.linkcheck import LinkCheck
    from bot.net import fetcher

    async with fetcher() as links:
        return await LinkCheck(links, SystemClock()).check([each.post for each in composed])


def _post_shape(each: "Composition", findings: "Sequence[Remark]", links: "Sequence[Finding]") -> dict[str, Any]:
    return {
        "channel": each.channel.name,
        "unit": str(each.channel.limits.unit),
        "reason": str(each.excerpt.reason),
        "detail": each.excerpt.detail,
        "verbatim": each.excerpt.verbatim,
        "notes": list(each.post.notes),
        "parts": [part_shape(part) for part in each.post.parts],
        "findings": [asdict(finding) for finding in findings],
        "links": [asdict(link) for link in links],
    }


def _show_post(each: "Composition", findings: "Sequence[Remark]", links: "Sequence[Finding]") -> None:
    detail = f", {each.excerpt.detail}" if each.excerpt.detail else ""
    _line(f"{each.channel.name}  ({each.excerpt.reason}{detail})", bold=True)
    for part in each.post.parts:
        of = f"part {part.number} of {len(each.post.parts)}, " if len(each.post.parts) > 1 else ""
        _line(f"  {of}{part.length:,} of {part.limit:,} {each.channel.limits.unit}", dim=True)
        say("\n".join(f"    {line}" for line in part.text.splitlines()))
        for image in part.images:
            _line(f"    [image {image.width} x {image.height}: {image.alt or 'NO ALT TEXT'}]", dim=True)
        if part.card:
            _line(f"    [card: {part.card.title} – {part.card.url}]", dim=True)
        facts = [f"language {part.language}"] * bool(part.language) + [f"warning: {part.warning}"] * bool(part.warning)
        if facts:
            _line(f"    [{', '.join(facts)}]", dim=True)
    for note in each.post.notes:
        _line(f"  note: {note}", fg="yellow")
    for finding in findings:
        place = f"part {finding.part}: " if finding.part and len(each.post.parts) > 1 else ""
        colour = "red" if finding.level == "error" else "yellow"
        _line(f"  {finding.level}: {place}{finding.what} – {finding.fix} [{finding.rule}]", fg=colour)
    for link in links:
        colour = {"ok": "green", "warning": "yellow", "error": "red"}[link.level]
        _line(f"  link: {link.subject} – {link.what}" + (f" ({link.hint})" if link.hint else ""), fg=colour)
    say()


def _line(words: str, **style: Any) -> None:  # noqa: ANN401 - click's own
    """Print a line in a style; foreign words in it cannot steer the terminal."""
    click.secho(words.translate(CONTROLS), **style)
