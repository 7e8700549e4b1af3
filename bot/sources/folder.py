"""The managers' folder: `queue/<campaign>/*.md|txt|html`, with campaign.yaml and pictures beside them.

Handbill never writes here but through `handbill add`. A file is taken only when it is whole: unchanged for a moment and,
where the system can tell, not open for writing anywhere.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.domain.article import Article, Image
from bot.domain.campaign import Campaign
from bot.errors import BadArticle, HandbillError
from bot.ports import Clock, Found, Media, Problem
from bot.sources import article as reading

#: A file that has not changed for this long is taken for whole.
SETTLED = timedelta(seconds=0.3)
#: How often a changing file is looked at again before it is left for the next time.
LOOKS = 10
#: Articles that lie in the folder itself belong to this campaign.
GENERAL = "general"

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a file gave when it had this stamp: an article or problems, or both (warnings)."""

    stamp: Stamp
    article: Article | None = None
    problems: tuple[Problem, ...] = ()
    pictures: tuple[tuple[Path, Stamp | None], ...] = ()


@dataclass(slots=True)
class Folder:
    """Reads the folder; files that did not change since the last `read` are not parsed again."""

    root: Path
    media: Media
    clock: Clock
    zone: str = "UTC"
    name: str = "folder"
    _taken: dict[Path, Taken] = field(default_factory=dict)
    _unsettled: bool = False

    async def read(self) -> Found:
        """Return all articles and campaigns that are whole now, and a problem for every file that cannot be taken."""
        paths = await asyncio.to_thread(self._paths)
        settled = await self._settled(paths)
        self._taken = {path: taken for path, taken in self._taken.items() if path in paths}
        campaigns, problems = await asyncio.to_thread(self._campaigns)
        for path in settled:
            if not self._fresh(path):
                self._taken[path] = await self._take(path)
        taken = [self._taken[path] for path in paths if path in self._taken]
        return Found(
            articles=tuple(each.article for each in taken if each.article),
            campaigns=campaigns,
            problems=(*problems, *(problem for each in taken for problem in each.problems)),
            present=frozenset((self._campaign(path), path.name) for path in paths),
        )

    async def changes(self) -> AsyncIterator[None]:
        """Yield when something in the folder changed, and again soon after while a file was not whole."""
        from watchfiles import awatch

        self.root.mkdir(parents=True, exist_ok=True)
        async for changed in awatch(self.root, debounce=400, step=100, rust_timeout=1000, yield_on_timeout=True):
            if changed or self._unsettled:
                yield

    def _paths(self) -> list[Path]:
        """Return the article files, by campaign and name; hidden ones, README and unfinished downloads are none."""
        candidates = [*self.root.glob("*"), *self.root.glob("*/*")]
        return sorted(
            path
            for path in candidates
            if path.suffix.lower() in reading.SUFFIXES
            and not path.name.startswith((".", "_", "~"))
            and not path.parent.name.startswith((".", "_"))
            and path.stem.upper() != "README"
            and path.is_file()
        )

    def _campaign(self, path: Path) -> str:
        return GENERAL if path.parent == self.root else path.parent.name

    def _where(self, path: Path) -> str:
        return path.relative_to(self.root.parent).as_posix()

    async def _settled(self, paths: list[Path]) -> list[Path]:
        """Return the files that are whole, waiting a little for those that are being written."""
        waiting = {path: stamp(path) for path in paths if not self._fresh(path)}
        settled: list[Path] = []
        for _ in range(LOOKS):
            if not waiting:
                break
            if any(_recent(mark, self.clock) for mark in waiting.values()):
                await self.clock.sleep(SETTLED)
            after = {path: stamp(path) for path in waiting}
            whole = [path for path, mark in waiting.items() if after[path] == mark and not _being_written(path)]
            settled += whole
            waiting = {path: after[path] for path in waiting if path not in whole}
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
        mark = stamp(path) or (0, 0)
        where = self._where(path)
        try:
            raw = await asyncio.to_thread(_bytes, path, where)
            draft = await asyncio.to_thread(reading.read, raw, self._campaign(path), path.name, where, self.zone)
        except BadArticle as error:
            return Taken(stamp=mark, problems=(_problem(error),))
        files = tuple(path.parent / file for file, _, _ in draft.pictures)
        pictures = tuple((file, stamp(file)) for file in files)
        try:
            images = tuple([await self._picture(path, *each) for each in draft.pictures])
        except HandbillError as error:
            return Taken(stamp=mark, problems=(_problem(error),), pictures=pictures)
        article = reading.with_images(draft.article, images)
        problems = tuple(_no_alt(file, at) for file, alt, at in draft.pictures if not alt)
        return Taken(stamp=mark, article=article, problems=problems, pictures=pictures)

    async def _picture(self, article: Path, name: str, alt: str, where: str) -> Image:
        path = (article.parent / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise BadArticle(f"image {name!r} lies outside the folder", where=where, hint="put it beside the article")
        if not path.is_file():
            raise BadArticle(
                f"image {name!r} is missing", where=where, hint="put it beside the article or mend its name"
            )
        try:
            return await self.media.put(await asyncio.to_thread(_bytes, path, where), alt)
        except HandbillError as error:
            raise BadArticle(f"image {name!r}: {error.what}", where=where, hint=error.hint) from error

    def _campaigns(self) -> tuple[tuple[Campaign, ...], tuple[Problem, ...]]:
        campaigns, problems = [], []
        for path in sorted(self.root.glob("*/campaign.yaml")):
            try:
                where = self._where(path)
                campaigns.append(reading.campaign_of(_bytes(path, where), path.parent.name, where))
            except BadArticle as error:
                problems.append(_problem(error))
        return tuple(campaigns), tuple(problems)


def stamp(path: Path) -> Stamp | None:
    """Return what changes when a file does: size and time of change; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _recent(mark: Stamp | None, clock: Clock) -> bool:
    return mark is not None and clock.now().timestamp() - mark[1] / 1e9 < SETTLED.total_seconds()


def _being_written(path: Path) -> bool:
    """Tell whether any program has the file open for writing; False where the system cannot say.

    Linux grants a read lease only on a file that nobody has open for writing (fcntl(2), F_SETLEASE).
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _bytes(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > 8 * reading.LARGEST:
                size = os.fstat(file.fileno()).st_size
                raise BadArticle(f"the file has {size:,} bytes: too large to take in", where=where)
            return file.read()
    except OSError as error:
        raise BadArticle(f"cannot be read: {error.strerror}", where=where, hint="check its permissions") from error


def _problem(error: HandbillError) -> Problem:
    return Problem(where=error.where, what=error.what, hint=error.hint)


def _no_alt(name: str, where: str) -> Problem:
    return Problem(
        where=where,
        what=f"image {name!r} has no alt text",
        hint="say in a sentence what it shows, for those who cannot see it",
        level="warning",
    )
