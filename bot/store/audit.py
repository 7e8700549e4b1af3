"""The audit log: what persons did, each entry chained to the one before it, so that an edit shows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection, Row

from bot.domain.ledger import Act, Entry, chained
from bot.store.schema import ACTS

P = ParamSpec("P")
T = TypeVar("T")

_LAST = select(ACTS.c.number, ACTS.c.chain).order_by(ACTS.c.number.desc()).limit(1)


def noted(
    work: Callable[Concatenate[Connection, P], T], at: datetime, *acts: Act | None
) -> Callable[Concatenate[Connection, P], T]:
    """Return `work` made to note these acts in its own transaction: what was not done is not told."""

    def both(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = work(connection, *args, **kwargs)
        for act in acts:
            if act is not None:
                note(connection, act, at)
        return result

    return both


def note(connection: Connection, act: Act, at: datetime) -> None:
    """Add an act to the log."""
    number, chain = connection.execute(_LAST).one_or_none() or (0, "")
    entry = Entry(number=number + 1, at=at, act=act, chain="")
    row = {"number": entry.number, "at": at, "by": act.by, "verb": act.verb}
    row |= {"subject": act.subject, "words": act.words, "chain": chained(entry, chain)}
    connection.execute(insert(ACTS).values(row))


def last(connection: Connection, verbs: Sequence[str], subject: str) -> Entry | None:
    """Return the last entry that is one of these verbs and about this subject, as far as they are given."""
    query = select(ACTS).order_by(ACTS.c.number.desc()).limit(1)
    if verbs:
        query = query.where(ACTS.c.verb.in_(verbs))
    if subject:
        query = query.where(ACTS.c.subject == subject)
    row = connection.execute(query).one_or_none()
    return made(row) if row else None


def every(connection: Connection, after: int, limit: int) -> Sequence[Entry]:
    """Return the entries numbered above `after`, in order; `limit` 0 = all."""
    query = select(ACTS).where(ACTS.c.number > after).order_by(ACTS.c.number)
    return tuple(made(row) for row in connection.execute(query.limit(limit) if limit else query))


def made(row: Row[Any]) -> Entry:
    """Return the entry that a row of the log is."""
    act = Act(by=row.by, verb=row.verb, subject=row.subject, words=row.words)
    return Entry(number=row.number, at=row.at, act=act, chain=row.chain)
