"""The port Answers on the database file: what programs were told, by the keys they asked with, for a day."""

import json
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, delete, insert, select, update
from sqlalchemy.engine import Connection

from bot.ports import Answer, Begun
from bot.store.file import LedgerFile
from bot.store.schema import METADATA, UTCDateTime

#: How long an answer is kept, and how many of one caller.
LASTS, MOST = timedelta(hours=24), 5000

#: `status` empty = not answered yet. Programs' own, so it stands beside the ledger's tables.
ANSWERS = Table(
    "answers",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)
C = ANSWERS.c


class AnswersFile(LedgerFile):
    """What programs were told."""

    async def begin_answer(self, caller: str, key: str, fingerprint: str, at: datetime) -> Begun | None:
        """Return what is known under a key; None when nothing was, and it is begun now."""
        return await self._write(begin, caller, key, fingerprint, at)

    async def finish_answer(self, caller: str, key: str, answer: Answer) -> None:
        """Keep the answer to what was begun."""
        await self._write(finish, caller, key, answer)

    async def forget_answer(self, caller: str, key: str) -> None:
        """Forget what was begun: it may be asked again."""
        await self._write(forget, caller, key)


def begin(connection: Connection, caller: str, key: str, fingerprint: str, at: datetime) -> Begun | None:
    """Note that something is begun under a key, unless it was before; forget what is old."""
    connection.execute(delete(ANSWERS).where(C.at <= at - LASTS))
    if row := connection.execute(select(ANSWERS).where(C.caller == caller, C.key == key)).one_or_none():
        return Begun(fingerprint=row.fingerprint, answer=_answer(row.status, row.headers, row.body))
    new = {"caller": caller, "key": key, "at": at, "fingerprint": fingerprint, "headers": "[]", "body": b""}
    connection.execute(insert(ANSWERS).values(new))
    return None


def finish(connection: Connection, caller: str, key: str, answer: Answer) -> None:
    """Keep an answer, and of this caller's only so many; what is being answered always stays."""
    told = {"status": answer.status, "headers": json.dumps(answer.headers), "body": answer.body}
    connection.execute(update(ANSWERS).where(C.caller == caller, C.key == key).values(told))
    answered = select(C.key).where(C.caller == caller, C.status.is_not(None)).order_by(C.at.desc(), C.key)
    old = answered.limit(-1).offset(MOST)
    connection.execute(delete(ANSWERS).where(C.caller == caller, C.key.in_(old)))


def forget(connection: Connection, caller: str, key: str) -> None:
    """Forget what was begun under a key."""
    connection.execute(delete(ANSWERS).where(C.caller == caller, C.key == key))


def _answer(status: int | None, headers: str, body: bytes) -> Answer | None:
    if status is None:
        return None
    return Answer(status=status, headers=tuple((name, each) for name, each in json.loads(headers)), body=body)
