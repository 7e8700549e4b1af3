"""Channels, their plans, and the hold that stops everything."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.channel import Channel
from bot.domain.ledger import Hold
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.errors import NotAllowed, NotFound
from bot.store.codec import decode, encode
from bot.store.prepared import Prepared, among
from bot.store.schema import CHANNELS, DELIVERIES, HOLD, PLANS, moment

# Asked at every wake-up, so built once: building a statement costs several times what running it does.
_EVERY = select(*(CHANNELS.c[name] for name in ("body", "paused", "rest", "rest_why"))).order_by(CHANNELS.c.name)
_PLANS = select(PLANS.c.channel, PLANS.c.body)
_THEIRS = Prepared(
    select(CHANNELS.c.name, *(CHANNELS.c[name] for name in ("body", "paused", "rest", "rest_why")), PLANS.c.body)
    .select_from(CHANNELS.outerjoin(PLANS, PLANS.c.channel == CHANNELS.c.name))
    .where(CHANNELS.c.name.in_(among("names")))
)
_HOLD = select(HOLD.c.active, HOLD.c.why, HOLD.c.since)


def put(connection: Connection, channel: Channel) -> None:
    """Keep what is known about a channel; whether it is paused or resting stays as it is."""
    new = upsert(CHANNELS).values(name=channel.name, body=encode(channel), paused=channel.paused)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"body": new.excluded.body}))


def every(connection: Connection) -> Sequence[Channel]:
    """Return all channels by name."""
    return tuple(_standing(body, paused, rests, why or "") for body, paused, rests, why in connection.execute(_EVERY))


def theirs(connection: Connection, names: Sequence[str]) -> tuple[Mapping[str, Channel], Mapping[str, Plan]]:
    """Return the channels of these names, and the plans of those that have their own."""
    found: dict[str, Channel] = {}
    plans: dict[str, Plan] = {}
    for name, body, paused, rests, why, plan in _THEIRS.run(connection, {"names": list(names)}):
        found[name] = _standing(body, paused, None if rests is None else moment(rests), why or "")
        if plan:
            plans[name] = _plan(plan)
    return found, plans


@lru_cache(maxsize=1024)
def _standing(body: str, paused: str, rests: datetime | None, why: str) -> Channel:
    # Kept, since every wake-up reads it and it hardly ever changes.
    return replace(decode(Channel, body), paused=paused, rests=rests, rests_why=why)


@lru_cache(maxsize=1024)
def _plan(body: str) -> Plan:
    return decode(Plan, body)


def pause(connection: Connection, name: str, why: str) -> None:
    """Pause a channel, or with no reason given let it go on."""
    _update(connection, name, paused=why)


def rest(connection: Connection, name: str, until: datetime | None, why: str) -> None:
    """Leave a channel alone until that moment, None = no longer."""
    _update(connection, name, rest=until, rest_why=why)


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
    return {channel: _plan(body) for channel, body in connection.execute(_PLANS)}


def set_hold(connection: Connection, new: Hold, was: Hold | None = None) -> None:
    """Stop or release all posting; with `was` only if it still stands so."""
    if was is not None and (now := hold(connection)) != was:
        raise NotAllowed(f"everything is paused by now: {now.why}" if now.on else "posting was resumed meanwhile")
    values = {"active": int(new.on), "why": new.why, "since": new.since}
    row = upsert(HOLD).values(id=1, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))


def hold(connection: Connection) -> Hold:
    """Return whether all posting is stopped."""
    row = connection.execute(_HOLD).one_or_none()
    return Hold(on=bool(row.active), why=row.why, since=row.since) if row else Hold(on=False)


def _update(connection: Connection, name: str, **values: object) -> None:
    if not connection.execute(update(CHANNELS).where(CHANNELS.c.name == name).values(**values)).rowcount:
        raise _no_channel(name)


def _no_channel(name: str) -> NotFound:
    return NotFound(f"there is no channel {name}", hint="`handbill channels` lists them")
