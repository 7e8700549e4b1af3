"""A managers' folder on disk for tests, and the source that reads it."""

import io
import os
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.article import Article
from bot.media import MediaFolder
from bot.ports import Found, Problem
from bot.sources import article as reading
from bot.sources.folder import Folder

TEXT = "The library opens at night from May. Readers may stay until eleven."


def read(content: str | bytes, name: str = "a.md", zone: str = "UTC") -> Article:
    """Return the article that one file holds."""
    raw = content.encode() if isinstance(content, str) else content
    return reading.read(raw, "library", name, "queue/library/a", zone).article


def blocks(content: str, name: str = "a.md") -> list[tuple[str, str]]:
    """Return what a file's text consists of, as (kind, words)."""
    found = read(content, name)
    return [(str(block.kind), found.text[block.start : block.end]) for block in found.blocks]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, format=kind)
    return out.getvalue()


@dataclass(slots=True)
class Desk:
    """A folder of articles and the source that reads it."""

    root: Path
    source: Folder

    def put(self, name: str, content: str | bytes, age: float = 5) -> Path:
        """Write a file as if that many seconds ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    async def one(self, name: str, content: str | bytes) -> Article:
        self.put(name, content)
        found = await self.source.read()
        assert found.problems == ()
        (article,) = found.articles
        return article

    async def problem(self, name: str, content: str | bytes) -> Problem:
        self.put(name, content)
        found = await self.source.read()
        assert found.articles == ()
        (problem,) = found.problems
        return problem


def desk_at(tmp_path: Path) -> Desk:
    root = tmp_path / "queue"
    root.mkdir()
    return Desk(root, Folder(root, MediaFolder(tmp_path / "media"), SystemClock()))


def names(found: Found) -> list[str]:
    return [f"{each.campaign}/{each.name}" for each in found.articles]
