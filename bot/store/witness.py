"""Messages of ours that came back on another way."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.ports import Sighting
from bot.store.codec import decode, encode
from bot.store.schema import HEARD, SIGHTINGS

#: Stands for all channels in the table of what was heard.
EVERYWHERE = ""


def saw(connection: Connection, sighting: Sighting, at: datetime) -> None:
    """Remember a message that came back at that moment; the first sighting of a receipt counts."""
    row = {"channel": sighting.channel, "receipt_id": sighting.receipt.id, "at": at, "body": encode(sighting)}
    connection.execute(upsert(SIGHTINGS).values(row).on_conflict_do_nothing())


def sightings(connection: Connection, channel: str, since: datetime) -> Sequence[Sighting]:
    """Return what came back on a channel at or after `since`, in the order in which it came.

    The moment is ours, not the platform's, whose clock may be coarser or behind: leaving out what is there would let a
    post go out twice.
    """
    query = select(SIGHTINGS.c.body).where(SIGHTINGS.c.channel == channel, SIGHTINGS.c.at >= since)
    return tuple(decode(Sighting, body) for body in connection.scalars(query.order_by(SIGHTINGS.c.at)))


def caught_up(connection: Connection, channel: str, at: datetime) -> None:
    """Note that nothing was left to hear; the latest such moment is kept."""
    new = upsert(HEARD).values(channel=channel, until=at)
    latest = func.max(HEARD.c.until, new.excluded.until)
    connection.execute(new.on_conflict_do_update(index_elements=["channel"], set_={"until": latest}))


def deafened(connection: Connection, at: datetime) -> None:
    """Note that a copy made earlier was put in place: what came back up to now was told to the one before it."""
    caught_up(connection, EVERYWHERE, at)


def deaf_until(connection: Connection) -> datetime | None:
    """Return the moment before which what came back may have been told to another copy, None = there was none."""
    return heard_until(connection, EVERYWHERE)


def heard_until(connection: Connection, channel: str) -> datetime | None:
    """Return the last moment at which nothing was left to hear."""
    moment: datetime | None = connection.scalar(select(HEARD.c.until).where(HEARD.c.channel == channel))
    return moment
