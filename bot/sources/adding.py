"""New articles for the managers' folder, whoever puts them there: checked first, written whole, never over others unasked."""

import os
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from bot.errors import BadInput, NotAllowed, StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Bytes that are to stand at a place in the folder."""

    target: Path
    raw: bytes
    picture: bool = False


def slug(title: str) -> str:
    """Return a file name made of a title: letters and digits of any script, joined by hyphens."""
    kept = (letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in title.lower())
    return "-".join("".join(kept).split())[:60].rstrip("-") or "article"


def safe(name: str, what: str) -> str:
    """Return a name that a file or folder below queue/ may have; raises BadInput."""
    plain = name == Path(name).name and name.isprintable() and "\\" not in name and len(name.encode()) <= 200
    if not name or not plain or name.startswith((".", "_", "~")):
        raise BadInput(f"{name!r} cannot be a {what}", hint="use a plain name without / that begins with a letter")
    return name


def refuse_conflicts(copies: Sequence[Copy], *, replace: bool = False) -> None:
    """Refuse to put other bytes where some are; the same bytes twice are no conflict."""
    coming: dict[Path, bytes] = {}
    for copy in copies:
        what = "picture" if copy.picture else "article"
        if coming.setdefault(copy.target, copy.raw) != copy.raw:
            raise NotAllowed(
                f"two of these have the same {what} name", where=copy.target.name, hint="rename one of them"
            )
        if not replace and copy.target.exists() and copy.target.read_bytes() != copy.raw:
            hint = "use --replace or --name"
            raise NotAllowed(f"another {what} of that name is there", where=str(copy.target), hint=hint)


def write(copy: Copy) -> bool:
    """Put the bytes in place, whole or not at all; False when they are there already."""
    target = copy.target
    if target.exists() and target.read_bytes() == copy.raw:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(copy)
    try:
        os.replace(partial, target)  # noqa: PTH105 - says that it replaces
    finally:
        partial.unlink(missing_ok=True)
    return True


def write_new(copy: Copy) -> Path:
    """Put the bytes into a file that was not there, under a name with a number when that one is taken; return which."""
    target = copy.target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(copy)
        try:
            return _linked(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        hint = "whoever runs Handbill must be able to write into queue/"
        raise StoreError(f"cannot write into queue/: {error.strerror}", where=str(target), hint=hint) from error


def _partial(copy: Copy) -> Path:
    """Write the bytes beside where they are to stand, under a name that nobody takes for an article."""
    partial = copy.target.with_name(f".{copy.target.name[:40]}.{token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(copy.raw)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    return partial


def _linked(partial: Path, target: Path) -> Path:
    """Give a file its name, or the next free one: a link is made only where nothing is."""
    for number in range(1, 1000):
        free = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        if free.exists() and free.read_bytes() == partial.read_bytes():
            return free
        with suppress(FileExistsError):
            _name(partial, free)
            return free
    raise NotAllowed("there are too many files of that name", where=target.name, hint="choose another title")


def _name(partial: Path, free: Path) -> None:
    """Give a file a name that none has; where the folder knows no links, by writing it anew."""
    try:
        os.link(partial, free)
    except FileExistsError:
        raise
    except OSError:
        with free.open("xb") as file:
            file.write(partial.read_bytes())
