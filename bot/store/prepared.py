"""Statements that every delivery needs: written in SQLAlchemy Core, compiled once, run straight on the driver.

Building such a statement anew costs ten times what SQLite takes to run it, and running it through SQLAlchemy five
times (docs/store.md has the figures). Only the writer uses these; everything else is ordinary Core.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Insert, Select, Update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningInsert

from bot.store.schema import ticks

DIALECT = SQLiteDialect_pysqlite(paramstyle="named")


class Prepared:
    """One statement; each `bindparam` in it is a name that `run` takes a value for."""

    def __init__(self, statement: "Insert | ReturningInsert[datetime] | Update | Select[int]") -> None:
        compiled = statement.compile(dialect=DIALECT)
        self._sql, self._constants = str(compiled), dict(compiled.params)

    def run(self, connection: Connection, values: Mapping[str, object]) -> sqlite3.Cursor:
        """Run it; moments become what UTCDateTime stores. Names it does not know are passed over, sqlite3.Error goes up."""
        stored = {name: ticks(value) if isinstance(value, datetime) else value for name, value in values.items()}
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw.execute(self._sql, self._constants | stored)
