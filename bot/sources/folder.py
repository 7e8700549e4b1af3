"""The managers' folder: `queue/<campaign>/*.md|txt|html`, with campaign.yaml and pictures beside them.

Handbill never writes here but through `handbill add`. A file is taken only when it is whole: unchanged for a moment and,
where the system can tell, not open for writing anywhere.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.directory import Directory
from bot.errors import HandbillError, StoreError, told
from bot.ports import Clock, Found, Media, Problem
from bot.sources import article as reading
from bot.sources import directory, pictures

#: How often a folder that is not there is looked for.
MISSING = timedelta(seconds=2)
#: A file that has not changed for this long is taken for whole.
SETTLED = timedelta(seconds=0.3)
#: How soon a file is taken again that failed for what may pass by itself: a full disk, no descriptor left.
AGAIN = timedelta(seconds=10)
#: How often a changing file is looked at again before it is left for the next time.
LOOKS = 10
#: Articles that lie in the folder itself belong to this campaign.
GENERAL = "general"
CAMPAIGN_FILES = ("campaign.yaml", "campaign.yml")
#: What lies in the folder and is no article.
OTHERS = (*CAMPAIGN_FILES, *directory.FILES)
#: What an unreadable file keeps waiting, by its name.
WAITING = {
    **dict.fromkeys(CAMPAIGN_FILES, "its articles wait until then"),
    **dict.fromkeys(directory.FILES, "the directory as it was counts until then"),
}
#: A name of bytes that are no text here cannot be kept, shown or typed.
NAMELESS = ("the name is not UTF-8", "rename it; if all such names are told, start Handbill with LC_ALL=C.UTF-8")
#: What people put into the folder and we cannot read.
FOREIGN = (".doc", ".docx", ".odt", ".rtf", ".pdf", ".pages", ".epub")

Stamp = tuple[int, int, int]
#: The stamp of a file that is to be read anew.
NEVER: Stamp = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a file gave when it had this stamp: an article, campaign or directory, or problems, or both (warnings)."""

    stamp: Stamp
    article: Article | None = None
    campaign: Campaign | None = None
    directory: Directory | None = None
    problems: tuple[Problem, ...] = ()
    pictures: tuple[tuple[Path, Stamp | None], ...] = ()


@dataclass(slots=True)
class Folder:
    """Reads the folder; files that did not change since the last `read` are not parsed again.

    `handles` tell for each platform what a handle looks like, for the directory.
    """

    root: Path
    media: Media
    clock: Clock
    zone: str = "UTC"
    handles: Mapping[str, str] = field(default_factory=dict)
    name: str = "folder"
    _taken: dict[Path, Taken] = field(default_factory=dict)
    _unsettled: bool = False
    _failed: datetime | None = None

    async def read(self) -> Found:
        """Return all articles and campaigns that are whole now, and a problem for every file that cannot be taken.

        Articles of a campaign whose file cannot be read wait: without it they would go out without their imprint.
        """
        self._failed = None
        paths, strays = await asyncio.to_thread(self._paths)
        for path in await self._settled(paths):
            self._taken[path] = await self._take(path)
        self._taken = {path: self._taken[path] for path in paths if path in self._taken}
        campaigns = {path.parent: self._taken.get(path) for path in paths if path.name in CAMPAIGN_FILES}
        waiting = {folder for folder, taken in campaigns.items() if taken is None or taken.campaign is None}
        found = self._taken.values()
        return Found(
            articles=tuple(
                taken.article for path, taken in self._taken.items() if taken.article and path.parent not in waiting
            ),
            campaigns=(*(taken.campaign for taken in found if taken.campaign), *self._plain(paths, campaigns)),
            directory=self._directory(paths),
            problems=(*strays, *(problem for taken in found for problem in taken.problems)),
            present=self._present(paths),
        )

    def _present(self, paths: list[Path]) -> frozenset[tuple[str, str]] | None:
        if not self.root.is_dir():
            return None
        return frozenset((campaign_at(self.root, path), path.name) for path in paths if path.name not in OTHERS)

    def _plain(self, paths: list[Path], told: Container[Path]) -> Iterator[Campaign]:
        """Yield a plain campaign for each folder without a campaign file, so that one taken away rules no longer."""
        articles = (path for path in paths if path.name not in OTHERS and path.parent not in told)
        yield from (Campaign(name=name) for name in dict.fromkeys(campaign_at(self.root, path) for path in articles))

    def _directory(self, paths: list[Path]) -> Directory | None:
        """Return the directory, an empty one where there is none, None while one cannot be read."""
        taken = [self._taken.get(path) for path in paths if path.name in directory.FILES]
        found = [each.directory for each in taken if each and each.directory]
        known = self.root.is_dir() and len(found) == len(taken)
        return Directory(entries=tuple(entry for each in found for entry in each.entries)) if known else None

    async def changes(self) -> AsyncIterator[None]:
        """Yield soon after the start, when something in the folder changed, and again while a file is not whole or failed."""
        from watchfiles import awatch

        while (
            not self.root.is_dir()
        ):  # not made here: an empty folder in the place of a missing share says "all is gone"
            await self.clock.sleep(MISSING)
        begun = False  # What changed between the last read and the beginning of this watch is seen by one more read.
        async for changed in awatch(self.root, debounce=400, step=100, rust_timeout=1000, yield_on_timeout=True):
            failed = self._failed is not None and self.clock.now() >= self._failed + AGAIN
            if changed or self._unsettled or failed or not begun:
                begun = True
                yield

    def _paths(self) -> tuple[list[Path], list[Problem]]:
        """Return articles, campaign files and the directory, and a problem for what a manager may take for one.

        In order of campaign and name. Hidden files, README and unfinished downloads are none.
        """
        paths: dict[tuple[str, str], Path] = {}
        strays: list[Problem] = []
        for path in sorted(found for depth in ("*", "*/*", "*/*/*") for found in self.root.glob(depth)):
            within = path.relative_to(self.root).parts
            if any(part.startswith((".", "_", "~")) for part in within) or path.stem.upper() == "README":
                continue
            suffix = path.suffix.lower()
            if path.name not in OTHERS and suffix not in (*reading.SUFFIXES, *FOREIGN):
                continue
            key = campaign_at(self.root, path), path.name
            if not path.is_file():
                continue
            why = _stray(path, len(within), taken=key in paths) if _sayable(within) else NAMELESS
            if why:
                strays.append(Problem(where=self._where(path), what=why[0], hint=why[1]))
            else:
                paths[key] = path
        return list(paths.values()), strays

    def _where(self, path: Path) -> str:
        return path.relative_to(self.root.parent).as_posix().encode(errors="backslashreplace").decode()

    async def _settled(self, paths: list[Path]) -> list[Path]:
        """Return the files that are new or changed and whole, waiting a little for those that are being written."""
        waiting = {path: stamp(path) for path in paths if not self._fresh(path)}
        settled: list[Path] = []
        for _ in range(LOOKS):
            if not waiting:
                break
            if any(_recent(mark, self.clock) for mark in waiting.values()):
                await self.clock.sleep(SETTLED)
            after = {path: mark for path in waiting if (mark := stamp(path))}
            whole = [path for path, mark in after.items() if waiting[path] == mark and not being_written(path)]
            settled += whole
            waiting = {path: mark for path, mark in after.items() if path not in whole}
        self._unsettled = bool(waiting)
        return settled

    def _fresh(self, path: Path) -> bool:
        """Tell whether a file gave what it gives now, its pictures included."""
        taken = self._taken.get(path)
        return (
            taken is not None
            and taken.stamp == stamp(path)
            and all(stamp(picture) == mark for picture, mark in taken.pictures)
        )

    async def _take(self, path: Path) -> Taken:
        mark = stamp(path) or NEVER
        where, campaign = self._where(path), campaign_at(self.root, path)
        files: tuple[tuple[Path, Stamp | None], ...] = ()
        try:
            raw = await asyncio.to_thread(pictures.contents, path, where)
            if path.name in CAMPAIGN_FILES:
                return Taken(stamp=mark, campaign=reading.campaign_of(raw, campaign, where))
            if path.name in directory.FILES:
                who, problems = await asyncio.to_thread(directory.read, raw, where, self.handles)
                return Taken(stamp=mark, directory=who, problems=problems)
            draft = await asyncio.to_thread(reading.read, raw, campaign, path.name, where, self.zone)
            files = tuple((beside, stamp(beside)) for beside in (path.parent / name for name, _, _ in draft.pictures))
            found = await pictures.load(draft, path.parent, self.root)
            article = await pictures.illustrated(draft, found, self.media)
        except Exception as error:  # noqa: BLE001 - one file must never keep the others waiting; a fault is met anew at each read
            passing = isinstance(error.__cause__, OSError | StoreError)
            self._failed = self.clock.now() if passing else self._failed
            known = isinstance(error, HandbillError) and not passing
            return Taken(stamp=mark if known else NEVER, problems=(self._problem(error, path),), pictures=files)
        problems = tuple(_no_alt(file, at) for file, alt, at in draft.pictures if not alt)
        return Taken(stamp=mark, article=article, problems=problems, pictures=files)

    def _problem(self, error: Exception, path: Path) -> Problem:
        found = told(error)
        hint = "; ".join(filter(None, (found.hint, WAITING.get(path.name, ""))))
        return Problem(where=found.where or self._where(path), what=found.what, hint=hint)


def campaign_at(root: Path, path: Path) -> str:
    """Return the campaign to which a file in the folder belongs."""
    return GENERAL if path.parent == root else path.parent.name


def stamp(path: Path) -> Stamp | None:
    """Return what changes when a file does: size, time of writing, time of any change; None when it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _recent(mark: Stamp | None, clock: Clock) -> bool:
    return mark is not None and clock.now().timestamp() - mark[1] / 1e9 < SETTLED.total_seconds()


def being_written(path: Path) -> bool:
    """Tell whether any program has the file open for writing; False where the system cannot say.

    Linux grants a read lease only on a file that nobody has open for writing (fcntl(2), F_SETLEASE). Whoever opens it in
    that very moment makes the kernel signal us: by SIGURG, which does nothing, since SIGIO would end us.
    """
    if sys.platform != "linux":
        return False
    import fcntl
    import signal

    try:
        with path.open("rb") as file:
            fcntl.fcntl(file.fileno(), fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _stray(path: Path, depth: int, *, taken: bool) -> tuple[str, str] | None:
    """Return why a file is not taken although a manager may think so, and what to do; None when it is."""
    suffix = path.suffix.lower()
    if suffix in FOREIGN:
        return (
            f"{suffix} files cannot be read",
            f"save it as {', '.join(reading.SUFFIXES[:3])} or {reading.SUFFIXES[3]}",
        )
    if path.name in directory.FILES and depth > 1:
        return "a directory counts for all campaigns, so it is not taken from here", "move it up into queue/ itself"
    if depth > 2:
        return "the file lies too deep to be taken", "articles lie in a campaign's folder itself, not below it"
    if taken:
        return "another article of this campaign has that name", "give it another name"
    return None


def _sayable(parts: tuple[str, ...]) -> bool:
    """Tell whether a name is text; Python hands out bytes that are none as halves of characters (PEP 383)."""
    return not any("\ud800" <= each <= "\udfff" for part in parts for each in part)


def _no_alt(name: str, where: str) -> Problem:
    return Problem(
        where=where,
        what=f"image {name!r} has no alt text",
        hint="say in a sentence what it shows: in the file, or at the desk under “Alt text” on the article's page",
        level="warning",
    )
