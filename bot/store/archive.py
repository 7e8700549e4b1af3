"""Backups: the ledger and the pictures with their checksums in one zip file, and the way back from it."""

import json
import os
import sqlite3
import zipfile
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from sqlalchemy import func, select

from bot import __version__
from bot.domain.delivery import State
from bot.domain.ledger import Act
from bot.errors import BadInput, NotAllowed, NotFound, StoreError, StoreTooNew
from bot.store import audit, behind, people, strays
from bot.store.connections import writing_engine
from bot.store.failures import told
from bot.store.journal import journal_of
from bot.store.lock import sole_bot
from bot.store.migrate import copy_to, known, prepare, revision_of
from bot.store.schema import DELIVERIES

MANIFEST, DATABASE, MEDIA = "manifest.json", "handbill.db", "media/"
#: Of the shape of the file; a file of another number is refused.
FORMAT = 1
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup file holds: when it was made, by which Handbill, the schema's revision, and its members' checksums."""

    made: datetime
    version: str
    schema: str
    members: dict[str, tuple[str, int]]

    @property
    def pictures(self) -> int:
        """How many pictures it holds."""
        return sum(name.startswith(MEDIA) for name in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of a restore: ids that are `uncertain` now, how many attempts are `remembered` for articles to come.

    `undecided` is how many are held or failed, `paused` whether posting was stopped, `aside` where the former files are.
    """

    backup: Backup
    uncertain: tuple[str, ...]
    remembered: int
    undecided: int
    paused: bool
    aside: tuple[Path, ...]


def back_up(database: Path, media: Path, file: Path, now: datetime, patience: float) -> Backup:
    """Write a backup to a new file, also while the database is in use; the file is there whole or not at all.

    Raises NotFound without a database, NotAllowed when the file is there already, StoreError, OSError.
    """
    if not database.exists():
        raise NotFound("there is no database to back up", where=str(database))
    _refuse_present(file)
    with TemporaryDirectory(dir=file.absolute().parent, prefix=".handbill-") as folder:
        copy, packed = Path(folder) / DATABASE, Path(folder) / "backup.zip"
        try:
            copy_to(database, copy, patience)
            schema = revision_of(copy, patience)
        except Exception as error:
            raise _explained(error, database) from error
        with zipfile.ZipFile(packed, "x", zipfile.ZIP_DEFLATED) as archive:
            members = {DATABASE: _pack(archive, DATABASE, copy, zipfile.ZIP_DEFLATED)}
            for picture in _pictures(media):
                with suppress(FileNotFoundError):
                    members[MEDIA + picture.name] = _pack(archive, MEDIA + picture.name, picture, zipfile.ZIP_STORED)
            backup = Backup(made=now, version=__version__, schema=schema, members=members)
            archive.writestr(MANIFEST, _manifest(backup))
        packed.chmod(0o600)
        with packed.open("rb+") as written:
            os.fsync(written.fileno())
        _refuse_present(file)
        packed.rename(file)
    return backup


def restore(database: Path, media: Path, file: Path, by: str, now: datetime, patience: float) -> Restored:
    """Put a backup in place; the present files are kept beside it as NAME.bak-TIME.

    What could have been sent since the backup was made becomes uncertain; without a journal that tells of all that time
    everything is paused as well. Raises BadInput for a file that is no whole
    backup, StoreTooNew, NotAllowed while a bot runs, StoreError; then everything is as it was.
    """
    if not file.is_file():
        raise BadInput("there is no such file", where=str(file))
    with sole_bot(database.parent), TemporaryDirectory(dir=database.parent, prefix=".restore-") as folder:
        backup = _unpack(file, Path(folder))
        copy = Path(folder) / DATABASE
        try:
            _refuse_damaged(copy, file)
            prepare(copy, now, patience)
            restored = _doubted(copy, database, backup, Act(by=by, verb="restore", subject=file.name), now)
            _settle_down(copy)
        except Exception as error:
            raise _explained(error, file) from error
        aside = _exchange(database, media, Path(folder), now)
    return Restored(**restored, backup=backup, aside=aside)


def _doubted(copy: Path, database: Path, backup: Backup, act: Act, now: datetime) -> dict[str, Any]:
    """Bring the unpacked copy in step with what may have happened since, before anybody else can open it."""
    journal = journal_of(database)
    with writing_engine(copy, 0, "BEGIN IMMEDIATE").begin() as connection:
        people.forget_visits(connection)
        found = behind.take_in(connection, journal, now)
        doubted = strays.doubt_due(connection, now, backup.made)
        states = [State.HELD.value, State.FAILED.value]
        count = select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.state.in_(states))
        undecided = connection.scalar(count) or 0
        what = f"restored from a backup of {backup.made:%Y-%m-%d %H:%M} UTC"
        paused = behind.hold_if_blind(connection, journal, backup.made, what, now)
        words = f"of {backup.made.isoformat()}"
        audit.note(connection, Act(by=act.by, verb=act.verb, subject=act.subject, words=words), now)
    return {
        "uncertain": (*found.uncertain, *doubted),
        "remembered": found.remembered,
        "undecided": undecided,
        "paused": paused,
    }


def _unpack(file: Path, folder: Path) -> Backup:
    """Unpack a backup and check every byte of it; raises BadInput, StoreTooNew."""
    try:
        with zipfile.ZipFile(file) as archive:
            backup = _read_manifest(archive.read(MANIFEST))
            if set(archive.namelist()) != {MANIFEST, *backup.members}:
                raise _no_backup(file, "it does not hold what its list says")
            (folder / MEDIA).mkdir()
            for name, (checksum, size) in backup.members.items():
                with archive.open(name) as packed, (folder / name).open("xb") as target:
                    if _copied(packed, target, size) != (checksum, size):
                        raise _no_backup(file, f"{name} is not what was put into it")
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError) as error:
        raise _no_backup(file, "it is damaged, cut short or something else") from error
    if backup.schema not in known():
        raise StoreTooNew(
            f"this backup was made by a newer Handbill (revision {backup.schema}, known up to {known()[-1]})",
            where=str(file),
            hint="upgrade Handbill first",
        )
    return backup


def _read_manifest(text: bytes) -> Backup:
    told_ = json.loads(text)
    if told_["format"] != FORMAT:
        raise ValueError("another format")
    members = {name: (each["sha256"], each["bytes"]) for name, each in told_["members"].items()}
    for name in members:
        if name != DATABASE and (not name.startswith(MEDIA) or not name.removeprefix(MEDIA).isalnum()):
            raise ValueError("no name of ours")
    made = datetime.fromisoformat(told_["made"])
    if made.tzinfo is None or DATABASE not in members:
        raise ValueError("not whole")
    return Backup(made=made, version=told_["handbill"], schema=told_["schema"], members=members)


def _manifest(backup: Backup) -> str:
    members = {name: {"sha256": checksum, "bytes": size} for name, (checksum, size) in backup.members.items()}
    told_ = {"format": FORMAT, "handbill": backup.version, "schema": backup.schema, "made": backup.made.isoformat()}
    return json.dumps(told_ | {"members": members}, indent=1)


def _refuse_damaged(copy: Path, file: Path) -> None:
    with closing(sqlite3.connect(copy)) as raw:
        faults = [row[0] for row in raw.execute("PRAGMA integrity_check(3)")]
        if faults != ["ok"] or raw.execute("PRAGMA foreign_key_check").fetchall():
            raise StoreError("the database in this backup is damaged", where=str(file), hint="take an older backup")


def _settle_down(copy: Path) -> None:
    """Have all of a database in its one file, and that on the disk."""
    with closing(sqlite3.connect(copy)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    with copy.open("rb+") as file:
        os.fsync(file.fileno())


def _exchange(database: Path, media: Path, folder: Path, now: datetime) -> tuple[Path, ...]:
    """Move the present files aside and the new ones into their place; when one cannot be moved, move all back."""
    stamp = now.astimezone(UTC).strftime("bak-%Y%m%dT%H%M%SZ")
    aside = {database: database.with_name(f"{database.name}.{stamp}")}
    aside |= {
        Path(f"{database}{more}"): database.with_name(f"{database.name}.{stamp}{more}") for more in ("-wal", "-shm")
    }
    aside |= {media: media.with_name(f"{media.name}.{stamp}")}
    moves = [(old, new) for old, new in aside.items() if old.exists()]
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in [*moves, (folder / MEDIA, media), (folder / DATABASE, database)]:
            old.rename(new)
            done.append((old, new))
    except OSError as error:
        for old, new in reversed(done):
            new.rename(old)
        raise StoreError(f"the files cannot be exchanged: {error.strerror}", where=str(database.parent)) from error
    return tuple(new for _, new in moves)


def _pictures(media: Path) -> list[Path]:
    return sorted(each for each in media.iterdir() if each.is_file() and each.name.isalnum()) if media.is_dir() else []


def _pack(archive: zipfile.ZipFile, name: str, source: Path, how: int) -> tuple[str, int]:
    entry = zipfile.ZipInfo.from_file(source, name)
    entry.compress_type = how
    with source.open("rb") as file, archive.open(entry, "w") as packed:
        return _copied(file, packed, source.stat().st_size)


def _copied(source: IO[bytes], target: IO[bytes], most: int) -> tuple[str, int]:
    """Copy to the end, or to where it is more than it should be; return the SHA-256 and how much it was."""
    digest, size = sha256(), 0
    while size <= most and (chunk := source.read(CHUNK)):
        target.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _refuse_present(file: Path) -> None:
    if file.exists():
        raise NotAllowed("is there already and was left alone", where=str(file), hint="give a new name")


def _no_backup(file: Path, why: str) -> BadInput:
    return BadInput(f"this is not a whole backup: {why}", where=str(file), hint="nothing was changed; try another file")


def _explained(error: Exception, where: Path) -> Exception:
    meant = told(error)
    if isinstance(meant, StoreError):
        meant.where = meant.where or str(where)
    return meant
