"""Channels, their plans, and the hold that stops everything."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.channel import Channel
from bot.domain.ledger import Hold
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.errors import NotFound
from bot.store.codec import decode, encode
from bot.store.schema import CHANNELS, DELIVERIES, HOLD, PLANS

# Asked at every wake-up, so built once: building a statement costs several times what running it does.
_EVERY = select(CHANNELS.c.body, CHANNELS.c.paused).order_by(CHANNELS.c.name)
_PLANS = select(PLANS.c.channel, PLANS.c.body)
_HOLD = select(HOLD.c.active, HOLD.c.why, HOLD.c.since)


def put(connection: Connection, channel: Channel) -> None:
    """Keep what is known about a channel; whether it is paused or resting stays as it is."""
    new = upsert(CHANNELS).values(name=channel.name, body=encode(channel), paused=channel.paused)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"body": new.excluded.body}))


def every(connection: Connection) -> Sequence[Channel]:
    """Return all channels by name."""
    return tuple(replace(decode(Channel, body), paused=paused) for body, paused in connection.execute(_EVERY))


def pause(connection: Connection, name: str, why: str) -> None:
    """Pause a channel, or with no reason given let it go on."""
    _update(connection, name, paused=why)


def rest(connection: Connection, name: str, until: datetime) -> None:
    """Leave a channel alone until that moment."""
    _update(connection, name, rest=until)


def put_quota(connection: Connection, delivery: str, quota: Quota, at: datetime) -> None:
    """Keep what a platform said of the quota of a delivery's channel."""
    of = select(DELIVERIES.c.channel).where(DELIVERIES.c.id == delivery).scalar_subquery()
    connection.execute(update(CHANNELS).where(CHANNELS.c.name == of).values(quota=encode(quota), quota_at=at))


def quota(connection: Connection, name: str) -> tuple[Quota, datetime] | None:
    """Return what was last said of a channel's quota, and when; None = nothing yet."""
    row = connection.execute(select(CHANNELS.c.quota, CHANNELS.c.quota_at).where(CHANNELS.c.name == name)).one_or_none()
    return (decode(Quota, row.quota), row.quota_at) if row and row.quota else None


def put_plan(connection: Connection, channel: str, plan: Plan | None) -> None:
    """Keep a channel's plan, None clears it; raises NotFound for a channel that is not there."""
    if plan is None:
        connection.execute(delete(PLANS).where(PLANS.c.channel == channel))
        return
    if not connection.scalar(select(CHANNELS.c.name).where(CHANNELS.c.name == channel)):
        raise _no_channel(channel)
    new = upsert(PLANS).values(channel=channel, body=encode(plan))
    connection.execute(new.on_conflict_do_update(index_elements=["channel"], set_={"body": new.excluded.body}))


def plans(connection: Connection) -> Mapping[str, Plan]:
    """Return the plan of each channel that has its own."""
    return {channel: decode(Plan, body) for channel, body in connection.execute(_PLANS)}


def set_hold(connection: Connection, hold: Hold) -> None:
    """Stop or release all posting."""
    values = {"active": int(hold.on), "why": hold.why, "since": hold.since}
    new = upsert(HOLD).values(id=1, **values)
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=values))


def hold(connection: Connection) -> Hold:
    """Return whether all posting is stopped."""
    row = connection.execute(_HOLD).one_or_none()
    return Hold(on=bool(row.active), why=row.why, since=row.since) if row else Hold(on=False)


def _update(connection: Connection, name: str, **values: object) -> None:
    if not connection.execute(update(CHANNELS).where(CHANNELS.c.name == name).values(**values)).rowcount:
        raise _no_channel(name)


def _no_channel(name: str) -> NotFound:
    return NotFound(f"there is no channel {name}", hint="`handbill channels` lists them")
