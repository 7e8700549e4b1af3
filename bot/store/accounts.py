"""One bot to an account on this machine, whatever its folder: a lock for each credential where every bot of a user looks.

That is below the temporary folder, which a login session, a cron job and a service have in common unless the service was
given one of its own, and in the runtime folder where there is one. A file's name is a keyed hash of the credential, never
the credential; its content is who holds it. What another machine, container or user does cannot be seen from here.
"""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from threading import Event
from typing import IO

import structlog

from bot.errors import NotAllowed
from bot.store.lock import PAUSE, TRIES, locked

log = structlog.get_logger("store")

KEY = "key"


@contextmanager
def sole_accounts(accounts: Mapping[str, str], data: Path) -> Iterator[None]:
    """Hold each channel's account for the bot of this data folder; `accounts` are credentials by channel.

    Raises NotAllowed that names the channel and the other folder. Where no lock can be made, that is logged and nothing
    is held: posting matters more than this.
    """
    with ExitStack() as stack:
        for folder in lock_folders():
            try:
                _make(folder)
                key = _key(folder)
                own = {_name(account, key): channel for channel, account in accounts.items()}
                files = {
                    channel: stack.enter_context((folder / name).open("a+", encoding="utf-8"))
                    for name, channel in own.items()
                }
            except OSError as error:
                what = "cannot see in this folder whether another Handbill posts to the same accounts"
                log.warning(what, folder=str(folder), error=error.strerror)
                continue
            for channel, file in files.items():
                _hold(file, channel, data)
        yield


def lock_folders() -> tuple[Path, ...]:
    """Return the folders in which a bot of this user may hold its accounts."""
    user = str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(tempfile.gettempdir()) / f"handbill-{user}", *([Path(runtime) / "handbill"] if runtime else [])


def _make(folder: Path) -> None:
    """Make a folder if need be; OSError where it is not ours alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    ours = sys.platform == "win32" or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
    if not stat.S_ISDIR(found.st_mode) or not ours:
        raise PermissionError(1, f"{folder} is not ours alone")


def _hold(file: IO[str], channel: str, data: Path) -> None:
    if not any(locked(file) or Event().wait(PAUSE) for _ in range(TRIES)):
        file.seek(0)
        other = file.read().strip() or "another folder"
        raise NotAllowed(
            f"another Handbill on this machine posts to the account of channel {channel}",
            where=other,
            hint="stop it, or take the channel's settings out of one of the two: both would post the same",
        )
    file.truncate(0)
    file.write(str(data))
    file.flush()


def _key(folder: Path) -> bytes:
    """Return this user's key, made the first time."""
    with (folder / KEY).open("a+b") as file:
        if not any(locked(file) or Event().wait(PAUSE) for _ in range(TRIES)):
            raise OSError(11, "the key is in use")
        file.seek(0)
        key = file.read()
        if not key:
            key = token_bytes(32)
            file.write(key)
        return key


def _name(account: str, key: bytes) -> str:
    return blake2b(account.encode(), key=key, digest_size=16, person=b"handbill").hexdigest()
