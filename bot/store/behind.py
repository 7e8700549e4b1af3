"""Tells whether a database is an older copy than the journal beside it, and sees to what that means."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from bot.domain.delivery import State
from bot.domain.ledger import Hold
from bot.errors import StoreError
from bot.ports import Problem
from bot.store import articles, campaigns, channels, strays
from bot.store.connections import reading_engine, writing_engine
from bot.store.failures import told as explained
from bot.store.journal import compact, journal_of, overgrown, reaches, unknown
from bot.store.schema import DELIVERIES, STRAYS
from bot.store.strays import Strayed

log = structlog.get_logger("store")

D = DELIVERIES.c
#: The states in which a person or a platform must still say what became of a doubtful delivery.
OPEN = (State.UNCERTAIN.value, State.HELD.value)


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
            idle = not overgrown(journal, now)
            idle = idle and not unknown(journal, lambda each: strays.is_known(connection, each))
    finally:
        reading.dispose()
    if idle:
        return
    with writing_engine(path, patience, "BEGIN IMMEDIATE").begin() as connection:
        take_in(connection, journal, now)
        if overgrown(journal, now):
            compact(journal, now, lambda each: strays.is_known(connection, each))


def take_in(connection: Connection, journal: Path, now: datetime) -> Strayed:
    """Take in what a journal knows and this database does not."""
    found = strays.take_in(connection, unknown(journal, lambda each: strays.is_known(connection, each)), now)
    if found.uncertain or found.remembered:
        log.warning("an older copy of the database is in place", uncertain=len(found.uncertain), later=found.remembered)
    return found


def hold_if_blind(connection: Connection, journal: Path, made: datetime | None, what: str, now: datetime) -> bool:
    """Stop all posting unless the journal tells what was sent since a copy was `made` (None = nobody knows); tell if so.

    Deliveries that the copy has are doubted one by one; this is for articles that came later and may be posted already.
    """
    if made is not None and reaches(journal, made):
        return False
    before = channels.hold(connection)
    why = f"{what}: newer articles may be posted already, and nothing here tells: look at the platforms, cancel those"
    both = f"{before.why}; {why}" if before.on and before.why else why
    channels.set_hold(connection, Hold(on=True, why=both), now)
    return True


def problems(connection: Connection, path: Path) -> Sequence[Problem]:
    """Return every source's problems, what is damaged, and that the database at `path` is an older copy, while that matters.

    It does while anything that it made doubtful is undecided, or was not taken in yet.
    """
    absent = STRAYS.c.delivery.not_in(select(D.id))
    waiting = connection.scalar(select(func.count(STRAYS.c.delivery.distinct())).where(absent)) or 0
    undecided = select(func.count()).where(D.state.in_(OPEN), D.doubted.is_not(None))
    doubted = connection.scalar(undecided) or 0
    found = (*channels.damaged(connection), *articles.forgotten(connection), *campaigns.problems(connection))
    if not waiting and not doubted:
        return found
    what = f"{strays.RESTORED}: {doubted} of its posts were sent after it was made, or may have been"
    more = f"; {waiting} more will be known when their articles are taken in again" if waiting else ""
    hint = "nothing is sent again before the platforms were asked; `handbill status` lists what a person must settle"
    return (Problem(where=str(path), what=what + more, hint=hint, level="warning"), *found)
