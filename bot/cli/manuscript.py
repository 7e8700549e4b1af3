"""What preview and excerpts read: an article as it stands in a file, and what stands around it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.directory import Directory
from bot.domain.edits import UNEDITED, Edits
from bot.errors import BadArticle, NotFound

if TYPE_CHECKING:
    from bot.domain.article import Article
    from bot.domain.campaign import Campaign
    from bot.domain.channel import Channel
    from bot.domain.finding import Earlier
    from bot.settings import Settings
    from bot.sources.article import Draft


def path_of(settings: "Settings", name: str) -> Path | None:
    """Return the file that a name stands for: a path, or CAMPAIGN/FILE (the suffix may be left off) in the folder."""
    if name == "-":
        return None
    from bot.sources.article import SUFFIXES

    candidates = [Path(name), settings.queue / name, *(settings.queue / f"{name}{suffix}" for suffix in SUFFIXES)]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise NotFound(f"there is no article {name!r}", hint=f"give a file, or CAMPAIGN/FILE below {settings.queue}")
    return found


def draft_of(settings: "Settings", path: Path | None, name: str) -> "Draft":
    """Return the article in a file, or in standard input for None; `name` is what it is called in errors."""
    from bot.sources import article as reading

    raw = path.read_bytes() if path else sys.stdin.buffer.read()
    file_name, where = (path.name, name) if path else (name_for(raw), "standard input")
    draft = reading.read(raw, _campaign_name(settings, path), file_name, where, settings.zone)
    refuse_pictures_without_folder(draft, path)
    return draft


def name_for(raw: bytes) -> str:
    """Return a name whose suffix fits a text that came without one."""
    return "text.html" if raw.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else "text.md"


def refuse_pictures_without_folder(draft: "Draft", base: Path | None) -> None:
    """Raise BadArticle for pictures of an article that came without a folder."""
    if draft.pictures and base is None:
        name, _, where = draft.pictures[0]
        hint = "save the article as a file beside its pictures and name that"
        raise BadArticle(f"image {name!r} cannot come along with standard input", where=where, hint=hint)


async def illustrated(settings: "Settings", path: Path | None, draft: "Draft") -> "Article":
    """Return the article with its pictures, looked at but not kept."""
    import tempfile

    from bot.media import MediaFolder
    from bot.sources import pictures

    base = path.parent if path else Path()
    with tempfile.TemporaryDirectory() as scratch:
        found = await pictures.load(draft, base, settings.queue if _queued(settings, base) else base)
        return await pictures.illustrated(draft, found, MediaFolder(Path(scratch)))


def language_told(article: "Article") -> str:
    """Return an article's language and how it is known: "en (given)", "de (detected, 93 %)", "unknown"."""
    if not article.language:
        return "unknown"
    sure = f", {article.language_confidence:.0%}".replace("%", " %") if article.language_confidence else ""
    return f"{article.language} ({article.language_source}{sure})"


def language_shape(article: "Article") -> dict[str, Any]:
    """Return the same for --json."""
    return {
        "language": article.language,
        "language_source": str(article.language_source),
        "language_confidence": round(article.language_confidence, 3),
    }


def _queued(settings: "Settings", folder: Path) -> bool:
    """Tell whether a folder lies in queue/, where pictures may also lie beside other campaigns' articles."""
    return folder.resolve().is_relative_to(settings.queue)


def _campaign_name(settings: "Settings", path: Path | None) -> str:
    from bot.sources.folder import GENERAL, campaign_at

    return campaign_at(settings.queue, path.resolve()) if path else GENERAL


def campaign_of(settings: "Settings", path: Path | None, name: str) -> "Campaign":
    """Return the campaign of that name, else the one of the folder that a file lies in."""
    from bot.domain.campaign import Campaign
    from bot.sources import article as reading
    from bot.sources.folder import CAMPAIGN_FILES

    folder = settings.queue / name if name else (path.parent if path else settings.queue)
    called = name or _campaign_name(settings, path)
    for file in (folder / each for each in CAMPAIGN_FILES):
        if file.is_file():
            return reading.campaign_of(file.read_bytes(), called, str(file))
    if name:
        raise NotFound(f"campaign {name!r} has no {CAMPAIGN_FILES[0]}", where=str(folder))
    return Campaign(name=called)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """The channels an article may go to, and what the ledger knows: who may be mentioned, what was said.

    `edits` are what managers wrote on it, `earlier` what was said, by channel; `faulty` are addresses that the bot found so.
    """

    channels: "Sequence[Channel]"
    directory: Directory = field(default_factory=Directory)
    edits: Edits = UNEDITED
    earlier: "Mapping[str, Sequence[Earlier]]" = field(default_factory=dict)
    faulty: Mapping[str, tuple[str, str]] = field(default_factory=dict)


async def backdrop(settings: "Settings", article: "Article") -> Backdrop:
    """Return the channels with their live limits as far as known; every platform's defaults where none is set up."""
    from bot.app import configured, opened
    from bot.domain.channel import Channel
    from bot.flow.linkcheck import faulty
    from bot.platforms import adapters

    if settings.channels and settings.database.exists():
        async with opened(settings) as app:
            channels = await app.store.channels()
            return Backdrop(
                channels=channels,
                directory=_directory(settings) or await app.store.directory(),
                edits=await app.store.edits(article.campaign, article.name),
                earlier={each.name: await app.planner.earlier(article, each) for each in channels},
                faulty=await faulty(app.store, app.clock),
            )
    found = configured(settings)
    every = [Channel(name=name, platform=name, limits=adapter.LIMITS) for name, adapter in adapters().items()]
    return Backdrop(channels=found or every, directory=_directory(settings) or Directory())


def _directory(settings: "Settings") -> Directory | None:
    """Return the directory as it lies in queue/, like the campaign's file; None where that cannot be read."""
    from bot.platforms import handles
    from bot.sources.directory import lying_in

    return lying_in(settings.queue, handles())
