"""One bot to a database: a lock on a file beside it, let go by the operating system even after kill -9."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, Any

from bot.errors import NotAllowed, StoreError

#: Who asks whether a bot runs holds the lock for that moment: a bot that starts just then tries again, each time this
#: many seconds later.
TRIES, PAUSE = 10, 0.05


@contextmanager
def sole_bot(data: Path) -> Iterator[None]:
    """Hold the data folder for this bot; NotAllowed when another running bot has it."""
    with _opened(data) as file:
        if not any(locked(file) or Event().wait(PAUSE) for _ in range(TRIES)):
            raise NotAllowed(
                "another Handbill is running on this database",
                where=str(data),
                hint="stop it first, or set HANDBILL_DATA to another folder",
            )
        yield


def bot_is_running(data: Path) -> bool:
    """Tell whether a bot holds the data folder at this moment; any number may ask at the same time."""
    if not (data / "handbill.lock").exists():
        return False
    with _opened(data) as file:
        return not locked(file, shared=True)


@contextmanager
def _opened(data: Path) -> Iterator[IO[str]]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "handbill.lock").open("a", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"the data folder cannot be written: {error.strerror}",
            where=str(data),
            hint="check its permissions and the free space, or set HANDBILL_DATA",
        ) from error
    with file:
        yield file


def locked(file: IO[Any], *, shared: bool = False) -> bool:
    """Lock the file until it is closed; Windows knows no shared locks here."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    os.set_inheritable(file.fileno(), False)
    return True
