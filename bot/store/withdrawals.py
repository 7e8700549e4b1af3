"""That a delivery's published parts are being taken back: known before the first of them is asked to go."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.domain.delivery import COMING, Delivery, State
from bot.domain.ledger import Change
from bot.store import attempts, deliveries
from bot.store.schema import DELIVERIES

D = DELIVERIES.c


def begin(connection: Connection, delivery: Delivery, why: str, at: datetime) -> None:
    """Mark a delivery, and hold it if it waits, so that nothing is added to what goes; NotAllowed if it changed since."""
    if delivery.state in COMING:
        held = Change.of(delivery, State.HELD, why, version=delivery.version)
        deliveries.move(connection, [held], at)
    else:
        deliveries.reschedule(connection, delivery, delivery.due, why, at)
    _mark(connection, delivery.id, at)


def stop(connection: Connection, delivery: Delivery, why: str, at: datetime) -> None:
    """Take the mark off again: every part is still public. NotAllowed if the delivery changed since it was read."""
    deliveries.reschedule(connection, delivery, delivery.due, why, at)
    _mark(connection, delivery.id, None)


def standing(connection: Connection, delivery: str) -> tuple[bool, Sequence[int]]:
    """Return whether a delivery is being taken back, and the parts that are gone, in order."""
    marked = connection.scalar(select(D.withdrawing).where(D.id == delivery))
    return marked is not None, attempts.removed(connection, delivery)


def _mark(connection: Connection, delivery: str, at: datetime | None) -> None:
    connection.execute(update(DELIVERIES).where(D.id == delivery).values(withdrawing=at))
