"""queue/directory.yaml: people and organisations, and the handle each has on each platform.

    Ada Brand:
      mastodon: "@ada@town.example"
      bluesky: ada.bsky.social

A line that cannot be used is left out and told; the others count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bot.domain.directory import Directory, Entry, folded
from bot.errors import BadArticle
from bot.ports import Problem
from bot.sources import matter
from bot.sources.article import decoded
from bot.sources.plain import tidy

FILES = ("directory.yaml", "directory.yml")
#: Characters: some two thousand people, read in about a second.
LONGEST = 100_000
LONGEST_NAME = 100


@dataclass(slots=True)
class Page:
    """The file being read. `patterns` tell for each platform what a handle looks like there, without "@"."""

    where: str
    patterns: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def tell(self, node: Any, what: str, hint: str = "") -> None:  # noqa: ANN401 - PyYAML's nodes have no types
        """Note what is wrong with the line of a node."""
        where = f"{self.where}:{node.start_mark.line + 1}"
        self.problems.append(Problem(where=where, what=what, hint=hint, level="warning"))


def read(raw: bytes, where: str, patterns: Mapping[str, str]) -> tuple[Directory, tuple[Problem, ...]]:
    """Return the directory that a file holds, and what of it cannot be used.

    Raises BadArticle when it cannot be read at all; `where` is its path as a manager knows it.
    """
    text = decoded(raw, where)
    if len(text) > LONGEST:
        raise BadArticle(f"the directory has {len(text):,} characters, {LONGEST:,} is the most", where=where)
    page = Page(where, patterns)
    node = _nodes(text, where)
    if node is None:
        return Directory(), ()
    if node.id != "mapping":
        hint = "write a name and a colon, and below it, indented, `platform: handle`"
        raise BadArticle("the directory must be names with their handles", where=f"{where}:1", hint=hint)
    return Directory(entries=tuple(_entries(node, page))), tuple(page.problems)


def lying_in(folder: Path, patterns: Mapping[str, str]) -> Directory | None:
    """Return the directory that lies in the managers' folder now, an empty one where none does, None for a broken one."""
    try:
        found = [read(path.read_bytes(), path.name, patterns)[0] for name in FILES if (path := folder / name).is_file()]
    except (BadArticle, OSError):
        return None
    return Directory(entries=tuple(entry for each in found for entry in each.entries))


def _nodes(text: str, where: str) -> Any:  # noqa: ANN401 - as above
    try:
        return matter.nodes(text, where, 1)
    except BadArticle as error:
        number = int(error.where.rpartition(":")[2])
        if ": @" in "".join(text.split("\n")[number - 1 : number]):
            error.hint = 'a handle that begins with @ needs quotes: "@ada@town.example"'
        raise


def _entries(node: Any, page: Page) -> Iterator[Entry]:  # noqa: ANN401 - as above
    seen: set[str] = set()
    for key, value in node.value:
        name = " ".join(tidy(str(key.value)).split()) if key.id == "scalar" else ""
        if not name or len(name) > LONGEST_NAME or re.search(r"[{}]|^[@＠]", name):
            page.tell(key, "this is not a name", "write it as people read it, without @ or braces")
        elif folded(name) in seen:
            page.tell(key, f"{name} is there twice", "put all handles below one of them")
        elif value.id != "mapping" and value.value:
            page.tell(value, f"{name} has no platforms", "write `platform: handle` below the name, indented")
        else:
            seen.add(folded(name))
            yield Entry(name=name, handles=tuple(_handles(value, page)))


def _handles(node: Any, page: Page) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - as above
    seen: set[str] = set()
    for key, value in node.value if node.id == "mapping" else ():
        platform = str(key.value).strip()
        handle = tidy(str(value.value)).strip().removeprefix("@") if value.id == "scalar" else ""
        if platform not in page.patterns:
            close = get_close_matches(platform, page.patterns, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(page.patterns))}"
            page.tell(key, f"no platform is called {platform!r}", hint)
        elif platform in seen:
            page.tell(key, f"{platform} is there twice", "leave one of them")
        elif not re.fullmatch(page.patterns[platform], handle):
            hint = "write it as the platform shows it, on Mastodon and its like with the server: @name@server"
            page.tell(value, f"{handle[:60]!r} is not a handle on {platform}", hint)
        else:
            seen.add(platform)
            yield platform, handle
