"""What a clock that was wrong has written: moves that lie in the future."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.domain.backoff import LONGEST_ASKED
from bot.domain.delivery import State
from bot.store.schema import CHANNELS, DELIVERIES

D = DELIVERIES.c
#: Moves that are later than now by less than this are nobody's fault.
SLACK = timedelta(minutes=5)
#: States whose `due` was counted from the moment of their last move.
COUNTED = (State.RETRYING, State.UNCERTAIN, State.SENDING)


def set_right(connection: Connection, now: datetime) -> int:
    """Bring what was put off by a clock that ran ahead back to where it belongs; return how many deliveries that were.

    What was to happen so long after a move in the future happens so long after now. Slots stay: people chose them.
    """
    wrong = (D.moved > now + SLACK, D.state.in_([state.value for state in COUNTED]))
    found = connection.execute(select(D.id, D.moved, D.due, D.lease).where(*wrong)).all()
    for row in found:
        ahead = row.moved - now
        values = {name: at - ahead for name, at in (("due", row.due), ("lease", row.lease)) if at}
        changed = values | {"moved": now, "version": D.version + 1, "why": "a clock that was wrong had put it off"}
        connection.execute(update(DELIVERIES).where(D.id == row.id).values(changed))
    longest = now + LONGEST_ASKED * 1.25
    connection.execute(update(CHANNELS).where(CHANNELS.c.rest > (now if found else longest)).values(rest=None))
    return len(found)
