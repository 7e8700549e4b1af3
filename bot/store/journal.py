"""The journal: every armed attempt a line in a file beside the database, so that an older copy put back shows.

The writer adds a line inside the attempt's transaction, marked "?", and makes that a "+" once it is committed and before
anybody gets an answer: a line with "+" may be public, one with "?" never is. The database holds the durable truth, so
nothing here is flushed. Each line ends with a checksum; one that does not match (a torn tail, an edit) is passed over.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32

from bot.domain.delivery import Attempt, PublishKey
from bot.errors import StoreError
from bot.store.schema import moment, ticks

#: How long a line is kept, and how much longer it may wait for the file to be written anew.
KEPT, SLACK = timedelta(days=90), timedelta(days=7)
OPEN, SURE = b"?", b"+"
BLOCK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """An attempt, and what it was made for; that is "" in lines which tell no more than the attempt."""

    attempt: Attempt
    campaign: str = ""
    article: str = ""
    channel: str = ""


def journal_of(database: Path) -> Path:
    """Return where the journal of a database lies."""
    return database.with_suffix(".armed.log")


class Journal:
    """Written by the one writer only, and only while it holds the database's write lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._open: list[int] = []

    def add(self, armed: Armed) -> None:
        """Write an attempt down, not yet sure; StoreError when there is no room or no right to."""
        try:
            file = self._file if self._open else self._present()
            at = os.lseek(file, 0, os.SEEK_END)
            line = _line(armed)
            if os.write(file, line) != len(line):
                os.ftruncate(file, at)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "the disk is full" if full else f"the journal of what is sent cannot be written: {error.strerror}"
            hint = "make room; Handbill goes on by itself" if full else "check the owner and rights of the file"
            raise StoreError(f"{what}, so nothing is sent", where=str(self._path), hint=hint) from error
        self._open.append(at)

    def confirm(self) -> None:
        """Make sure what was added since the last time: its transaction is committed. Raises OSError."""
        for at in self._open:
            os.lseek(self._file, at, os.SEEK_SET)
            os.write(self._file, SURE)
        self._open.clear()

    def forget(self) -> None:
        """Leave what was added as it is, never sure: its transaction was taken back."""
        self._open.clear()

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _present(self) -> int:
        """Return the file that has the journal's name now: another program may have written it anew, or removed it."""
        if self._file >= 0 and _same(self._file, self._path):
            return self._file
        self.close()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        end = os.lseek(self._file, 0, os.SEEK_END)
        if end and os.lseek(self._file, end - 1, os.SEEK_SET) >= 0 and os.read(self._file, 1) != b"\n":
            os.write(self._file, b"\n")
        return self._file


def unknown(path: Path, known: Callable[[Armed], bool]) -> list[Armed]:
    """Return the attempts that the database does not know, the oldest first; none when there is no journal.

    Attempts are armed and written down in one order, so the search goes back from the end to the first that is known.
    """
    found: list[Armed] = []
    for line in _backwards(path):
        armed = _read(line)
        if armed is None or not line.startswith(SURE):
            continue
        if known(armed):
            break
        found.append(armed)
    return found[::-1]


def overgrown(path: Path, now: datetime) -> bool:
    """Tell whether the journal begins with what need not be kept any longer."""
    first = _oldest(path)
    return first is not None and first < now - KEPT - SLACK


def reaches(path: Path, moment: datetime) -> bool:
    """Tell whether the journal goes back to that moment, so that it tells of all that was armed since."""
    first = _oldest(path)
    return first is not None and first <= moment


def compact(path: Path, now: datetime, known: Callable[[Armed], bool]) -> None:
    """Write the journal anew without what is too old; OSError leaves it as it was. Call it under the write lock."""
    partial = path.with_name(f"{path.name}.partial")
    with path.open("rb") as old, partial.open("wb") as new:
        for line in old:
            armed = _read(line)
            if armed is None or armed.attempt.armed < now - KEPT:
                continue
            if line.startswith(SURE) or known(armed):
                new.write(SURE + line[1:])
    partial.chmod(0o600)
    partial.replace(path)


def _oldest(path: Path) -> datetime | None:
    try:
        with path.open("rb") as file:
            first = _read(file.readline(BLOCK))
    except OSError:
        return None
    return first.attempt.armed if first else None


def _line(armed: Armed) -> bytes:
    attempt, key = armed.attempt, armed.attempt.key
    told = [ticks(attempt.armed), attempt.delivery, attempt.part, attempt.epoch, key.value, attempt.fingerprint]
    told += [ticks(key.at), ticks(attempt.deadline), attempt.cost, armed.campaign, armed.article, armed.channel]
    body = json.dumps(told).encode()
    return b"%b%b %08x\n" % (OPEN, body, crc32(body))


def _read(line: bytes) -> Armed | None:
    body, _, sum_ = line[1:].rstrip(b"\n").rpartition(b" ")
    try:
        if int(sum_, 16) != crc32(body):
            return None
        armed, delivery, part, epoch, key, fingerprint, key_at, deadline, cost, *more = json.loads(body)
        # A line of nine was written before they told what an attempt was made for.
        campaign, article, channel = more or ("", "", "")
    except ValueError:
        return None
    attempt = Attempt(
        delivery=delivery,
        part=part,
        epoch=epoch,
        key=PublishKey(value=key, at=moment(key_at)),
        fingerprint=fingerprint,
        armed=moment(armed),
        deadline=moment(deadline),
        cost=cost,
    )
    return Armed(attempt=attempt, campaign=campaign, article=article, channel=channel)


def _backwards(path: Path) -> Iterator[bytes]:
    """Yield the file's lines from the last to the first, reading no more of it than is asked for."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        at, rest = file.seek(0, os.SEEK_END), b""
        while at:
            size = min(BLOCK, at)
            at = file.seek(at - size)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines[0]
            yield from filter(None, reversed(lines[1:]))
        if rest:
            yield rest


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
