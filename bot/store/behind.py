"""Tells, when a database is opened, whether it is an older copy than the journal beside it, and sees to what that means."""

from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from bot.domain.delivery import State
from bot.errors import StoreError
from bot.ports import Problem
from bot.store import campaigns, strays
from bot.store.connections import reading_engine, writing_engine
from bot.store.failures import told as explained
from bot.store.journal import compact, journal_of, overgrown, unknown
from bot.store.schema import DELIVERIES, PROBLEMS, STRAYS
from bot.store.strays import Strayed

log = structlog.get_logger("store")

#: The source of problems that the database itself has.
LEDGER = "ledger"


def catch_up(path: Path, now: datetime, patience: float) -> None:
    """Take in what the journal knows and the database at `path` does not; usually that is nothing, and only looked at.

    Raises StoreError; then nothing was changed.
    """
    try:
        _catch_up(path, now, patience)
    except Exception as error:
        meant = explained(error)
        if isinstance(meant, StoreError):
            meant.where = meant.where or str(path)
        raise meant from error


def _catch_up(path: Path, now: datetime, patience: float) -> None:
    journal = journal_of(path)
    reading = reading_engine(path, patience, 1)
    try:
        with reading.connect() as connection:
            idle = not told(connection) and not overgrown(journal, now)
            idle = idle and not unknown(journal, lambda each: strays.is_known(connection, each))
    finally:
        reading.dispose()
    if idle:
        return
    with writing_engine(path, patience, "BEGIN IMMEDIATE").begin() as connection:
        found = take_in(connection, journal, now)
        tell(connection, path, found)
        if overgrown(journal, now):
            compact(journal, now, lambda each: strays.is_known(connection, each))


def take_in(connection: Connection, journal: Path, now: datetime) -> Strayed:
    """Take in what a journal knows and this database does not."""
    return strays.take_in(connection, unknown(journal, lambda each: strays.is_known(connection, each)), now)


def told(connection: Connection) -> bool:
    """Tell whether managers are told of an older copy."""
    return connection.scalar(select(PROBLEMS.c.number).where(PROBLEMS.c.source == LEDGER).limit(1)) is not None


def tell(connection: Connection, path: Path, found: Strayed) -> None:
    """Tell managers of what was found as long as it matters: while anything of it is uncertain or not taken in."""
    if found.uncertain or found.remembered:
        log.warning("an older copy of the database is in place", uncertain=len(found.uncertain), later=found.remembered)
    absent = STRAYS.c.delivery.not_in(select(DELIVERIES.c.id))
    waiting = connection.scalar(select(func.count(STRAYS.c.delivery.distinct())).where(absent)) or 0
    asked = select(func.count()).where(DELIVERIES.c.state == State.UNCERTAIN.value)
    uncertain = connection.scalar(asked.where(DELIVERIES.c.why.startswith(strays.RESTORED))) or 0
    if not waiting and not uncertain:
        campaigns.put_problems(connection, LEDGER, ())
        return
    what = f"{strays.RESTORED}: {uncertain} of its posts were sent after it was made, or may have been"
    more = f"; {waiting} more will be known when their articles are taken in again" if waiting else ""
    hint = "nothing is sent again before the platforms were asked; `handbill status` lists what a person must settle"
    problem = Problem(where=str(path), what=what + more, hint=hint, level="warning")
    campaigns.put_problems(connection, LEDGER, [problem])
