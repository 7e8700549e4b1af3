"""How a connection to the database file is made: the same pragmas everywhere."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool, QueuePool

#: FULL, since a commit that a power cut takes back could be an armed attempt, and its post would go out twice.
#: No automatic checkpoints: only the writer checkpoints (see writer.py).
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA journal_size_limit = 67108864",
)


def connect(path: Path, patience: float, *more: str) -> sqlite3.Connection:
    """Return a connection without transactions of its own; `more` are further pragmas. Raises sqlite3.Error."""
    raw = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in (*PRAGMAS, *more):
            raw.execute(pragma)
    except sqlite3.Error:
        raw.close()
        raise
    return raw


def writing_engine(path: Path, patience: float, begin: str = "") -> Engine:
    """Return an engine for one connection; `begin` opens its transactions, "" leaves that to the caller."""
    engine = create_engine("sqlite+pysqlite://", creator=lambda: connect(path, patience), poolclass=NullPool)
    return _beginning(engine, begin)


def reading_engine(path: Path, patience: float, readers: int) -> Engine:
    """Return an engine for `readers` connections that cannot write; each transaction sees one moment's state."""
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, patience, "PRAGMA query_only = ON"),
        poolclass=QueuePool,
        pool_size=readers,
        max_overflow=0,
    )
    return _beginning(engine, "BEGIN")


def _beginning(engine: Engine, begin: str) -> Engine:
    """Make SQLAlchemy's own begin say what we mean (docs.sqlalchemy.org, "pysqlite, transactions with SQLite")."""
    if begin:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine
