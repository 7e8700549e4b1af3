"""Brings a database file to the newest revision, or says why it cannot.

Alembic is imported only when there is something to do: its import alone takes 0.3 s, and the question whether there is
takes one SELECT.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from bot.errors import StoreError, StoreTooNew
from bot.store.connections import writing_engine
from bot.store.failures import told

SCRIPTS = Path(__file__).with_name("migrations")


def prepare(path: Path, now: datetime, patience: float, scripts: Path = SCRIPTS) -> None:
    """Make or upgrade the database at `path`; one that has content is copied first, to NAME.REVISION-TIME.bak.

    Raises StoreTooNew, StoreError; then the file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        revision = revision_of(path, patience)
        if _upgradable(path, revision, scripts):
            _upgrade(path, now, patience, scripts)
    except OSError as error:
        raise StoreError(f"the database cannot be opened: {error.strerror}", where=str(path)) from error
    except Exception as error:
        meant = told(error)
        if isinstance(meant, StoreError):
            meant.where = str(path)
        raise meant from error


def known(scripts: Path = SCRIPTS) -> tuple[str, ...]:
    """Return the revisions this Handbill knows, oldest first: the numbers that its migration files begin with."""
    return tuple(sorted(each.name.partition("_")[0] for each in (scripts / "versions").glob("[0-9]*.py")))


def revision_of(path: Path, patience: float) -> str:
    """Return a database's revision, "" for a file that is not there or empty; opened for reading only."""
    if path.is_dir():
        raise StoreError("this is a folder, not a database file", hint="give the path of a file in it")
    if not path.exists() or not path.stat().st_size:
        return ""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=patience, uri=True)) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return ""
        if "alembic_version" not in tables:
            raise StoreError("this SQLite database is not one of Handbill's", hint="give another path")
        row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""


def copy_to(path: Path, copy: Path, patience: float) -> None:
    """Copy a database, also one in use, to a new file that holds one moment's state. Raises sqlite3.Error, OSError."""
    copy.touch(mode=0o600, exist_ok=False)
    with (
        closing(sqlite3.connect(path, timeout=patience)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        # A copy is a single file: in WAL mode the first reader would put two more beside it.
        target.execute("PRAGMA journal_mode = DELETE")


def ours(name: str | None, kind: str, _: object) -> bool:
    """Tell Alembic which tables are ours to compare: not the full-text index's own."""
    return kind != "table" or name is None or "_fts" not in name


def _upgradable(path: Path, revision: str, scripts: Path) -> bool:
    """Tell whether there is something to do."""
    revisions = known(scripts)
    if revision and revision not in revisions:
        raise StoreTooNew(
            f"the database was written by a newer Handbill (revision {revision}, known up to {revisions[-1]})",
            where=str(path),
            hint="upgrade Handbill, or restore the copy that was made before the database was upgraded",
        )
    return revision != revisions[-1]


def _upgrade(path: Path, now: datetime, patience: float, scripts: Path) -> None:
    """Run the migrations in one transaction, in which no other program can write and after which all references hold."""
    from alembic import command
    from alembic.config import Config

    engine = writing_engine(path, patience, "BEGIN IMMEDIATE")
    with engine.connect() as connection:
        # A rebuilt table is dropped first, which with foreign keys on would delete what refers to it
        # (sqlite.org/lang_altertable.html, step 1 of "Making Other Kinds Of Table Schema Changes").
        _raw(connection).execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            revision = revision_of(path, patience)
            if not _upgradable(path, revision, scripts):
                return
            if revision:
                stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
                copy_to(path, path.with_name(f"{path.name}.{revision}-{stamp}.bak"), patience)
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(scripts).replace("%", "%%"))
            command.upgrade(config, "head")
            if broken := _raw(connection).execute("PRAGMA foreign_key_check").fetchall():
                raise StoreError(f"the upgrade would leave {len(broken)} rows without what they belong to")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
