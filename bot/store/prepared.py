"""Statements that every delivery needs: written in SQLAlchemy Core, compiled once, run straight on the driver.

Building such a statement anew costs ten times what SQLite takes to run it, and running it through SQLAlchemy five
times (docs/store.md has the figures). Everything else is ordinary Core.
"""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Select, Text, Update, bindparam, func, select
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningInsert

from bot.store.schema import ticks

DIALECT = SQLiteDialect_pysqlite(paramstyle="named")


class Prepared:
    """One statement; each `bindparam` in it is a name that `run` takes a value for."""

    def __init__(self, statement: "Insert | ReturningInsert[datetime] | Update | Select[Any]") -> None:
        compiled = statement.compile(dialect=DIALECT)
        self._sql, self._constants = str(compiled), dict(compiled.params)

    def run(self, connection: Connection, values: Mapping[str, object]) -> sqlite3.Cursor:
        """Run it; moments become what UTCDateTime stores, lists JSON. Names it does not know are passed over.

        Raises sqlite3.Error.
        """
        stored = self._constants.copy()
        for name, value in values.items():
            # In the order of how often they come.
            if value is None or isinstance(value, str | int):
                stored[name] = value
            elif isinstance(value, datetime):
                stored[name] = ticks(value)
            else:
                stored[name] = json.dumps(value)
        raw = connection.connection.driver_connection
        return raw.execute(self._sql, stored)  # type: ignore[union-attr, no-any-return]


def among(name: str) -> Select[Any]:
    """Return what a list that is given under that name holds, for `in_`: one value, however long the list is."""
    return select(func.json_each(bindparam(name, type_=Text)).table_valued("value", name="given").c.value)
