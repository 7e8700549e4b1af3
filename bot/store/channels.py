"""Channels, their plans, and the hold that stops everything.

A row that cannot be read hides no other. Nothing is posted to a channel of which it, or its plan, is damaged: the plan may
have forbidden it. The bot sets a damaged channel up anew from its settings; a plan has to be set by a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import LargeBinary, bindparam, cast, delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.channel import Channel
from bot.domain.ledger import Hold
from bot.domain.pacing import Quota
from bot.domain.plan import Plan, mark_of
from bot.errors import NotAllowed, NotFound
from bot.ports import Problem
from bot.store.codec import decode, encode
from bot.store.damage import pass_over
from bot.store.prepared import Prepared, among
from bot.store.schema import CHANNELS, DELIVERIES, HOLD, PLANS, moment

# Asked at every wake-up, so built once: building a statement costs several times what running it does.
# What is JSON is read as bytes: damaged it may be no text at all, and then SQLite would hand out none of the rows.
_BODY, _PLAN = cast(CHANNELS.c.body, LargeBinary), cast(PLANS.c.body, LargeBinary)
_STANDING = (CHANNELS.c.name, _BODY, *(CHANNELS.c[name] for name in ("paused", "rest", "rest_why")))
_EVERY = select(*_STANDING).order_by(CHANNELS.c.name)
_PLANS = select(PLANS.c.channel, _PLAN)
_THEIRS = Prepared(
    select(*_STANDING, _PLAN)
    .select_from(CHANNELS.outerjoin(PLANS, PLANS.c.channel == CHANNELS.c.name))
    .where(CHANNELS.c.name.in_(among("names")))
)
_HOLD = select(HOLD.c.active, HOLD.c.why, HOLD.c.since)
# Told after nearly every post.
_PUT_QUOTA = Prepared(
    update(CHANNELS)
    .where(CHANNELS.c.name == select(DELIVERIES.c.channel).where(DELIVERIES.c.id == bindparam("of")).scalar_subquery())
    .values(quota=bindparam("told"), quota_at=bindparam("at"))
)


def put(connection: Connection, channel: Channel) -> None:
    """Keep what is known about a channel; whether it is paused or resting stays as it is."""
    new = upsert(CHANNELS).values(name=channel.name, body=encode(channel), paused=channel.paused)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"body": new.excluded.body}))


def every(connection: Connection) -> Sequence[Channel]:
    """Return all channels by name, but for those that cannot be read."""
    found: list[Channel] = []
    for name, *row in connection.execute(_EVERY):
        try:
            found.append(_standing(*row))
        except ValueError:
            pass_over("channel", name)
    return tuple(found)


def theirs(connection: Connection, names: Sequence[str]) -> tuple[Mapping[str, Channel], Mapping[str, Plan]]:
    """Return the channels of these names that may be posted to, and the plans of those that have their own.

    Left out are those of which anything is damaged.
    """
    found: dict[str, Channel] = {}
    plans: dict[str, Plan] = {}
    for name, body, paused, rests, why, plan in _THEIRS.run(connection, {"names": list(names)}):
        try:
            own = _plan(plan) if plan is not None else None
            found[name] = _standing(body, paused, None if rests is None else moment(rests), why)
        except ValueError:
            pass_over("channel or plan", name)
            continue
        if own is not None:
            plans[name] = own
    return found, plans


@lru_cache(maxsize=1024)
def _standing(body: bytes, paused: str, rests: datetime | None, why: str | None) -> Channel:
    # Kept, since every wake-up reads it and it hardly ever changes.
    return replace(decode(Channel, body), paused=paused, rests=rests, rests_why=why or "")


@lru_cache(maxsize=1024)
def _plan(body: bytes) -> Plan:
    return decode(Plan, body)


def pause(connection: Connection, name: str, why: str, was: str | None = None) -> None:
    """Pause a channel, or with no reason given let it go on; with `was` only while it is paused for that reason."""
    if was is not None and connection.scalar(select(CHANNELS.c.paused).where(CHANNELS.c.name == name)) != was:
        raise NotAllowed(f"{name} is paused for another reason by now, or not at all")
    _update(connection, name, paused=why)


def rest(connection: Connection, name: str, until: datetime | None, why: str) -> None:
    """Leave a channel alone until that moment, None = no longer."""
    _update(connection, name, rest=until, rest_why=why)


def put_quota(connection: Connection, delivery: str, quota: Quota, at: datetime) -> None:
    """Keep what a platform said of the quota of a delivery's channel."""
    _PUT_QUOTA.run(connection, {"of": delivery, "told": encode(quota), "at": at})


def quota(connection: Connection, name: str) -> tuple[Quota, datetime] | None:
    """Return what was last said of a channel's quota, and when; None = nothing yet."""
    row = connection.execute(select(CHANNELS.c.quota, CHANNELS.c.quota_at).where(CHANNELS.c.name == name)).one_or_none()
    try:
        return (decode(Quota, row.quota), row.quota_at) if row and row.quota else None
    except ValueError:  # the next answer of the platform tells it anew
        return None


def put_plan(connection: Connection, channel: str, plan: Plan | None, seen: str = "") -> None:
    """Keep a channel's plan, None clears it; raises NotFound for a channel that is not there.

    With the mark of the plan that was `seen` only if that still stands; NotAllowed otherwise.
    """
    if seen and mark_of(plans(connection).get(channel)) != seen:
        raise NotAllowed(f"the plan of {channel} was changed meanwhile")
    if plan is None:
        connection.execute(delete(PLANS).where(PLANS.c.channel == channel))
        return
    if not connection.scalar(select(CHANNELS.c.name).where(CHANNELS.c.name == channel)):
        raise _no_channel(channel)
    new = upsert(PLANS).values(channel=channel, body=encode(plan))
    connection.execute(new.on_conflict_do_update(index_elements=["channel"], set_={"body": new.excluded.body}))


def plans(connection: Connection) -> Mapping[str, Plan]:
    """Return the plan of each channel that has its own, but for those that cannot be read."""
    found: dict[str, Plan] = {}
    for channel, body in connection.execute(_PLANS):
        try:
            found[channel] = _plan(body)
        except ValueError:
            pass_over("plan", channel)
    return found


def damaged(connection: Connection) -> Iterator[Problem]:
    """Yield what cannot be read of channels and their plans, and what to do about it."""
    known = {channel.name for channel in every(connection)}
    for name, *_ in connection.execute(_EVERY):
        if name not in known:
            what = "what the database holds of it is damaged: nothing is posted there"
            yield Problem(where=name, what=what, hint="start the bot again; it is set up anew from your settings")
    sound = plans(connection)
    for name, _ in connection.execute(_PLANS):
        if name not in sound:
            what = "its plan is damaged in the database: nothing is posted there until it has one"
            hint = f"`handbill plan set {name}` with what you want, or `handbill plan clear {name}`"
            yield Problem(where=name, what=what, hint=hint)


def set_hold(connection: Connection, new: Hold, at: datetime, was: Hold | None = None) -> Hold:
    """Stop or release all posting, with `was` only if it still stands so; a stop without `since` keeps that or is of `at`."""
    now = hold(connection)
    if was is not None and now != was:
        raise NotAllowed(f"everything is paused by now: {now.why}" if now.on else "posting was resumed meanwhile")
    if new.on and new.since is None:
        new = replace(new, since=now.since if now.on and now.since else at)
    values = {"active": int(new.on), "why": new.why, "since": new.since}
    row = upsert(HOLD).values(id=1, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    return new


def hold(connection: Connection) -> Hold:
    """Return whether all posting is stopped."""
    row = connection.execute(_HOLD).one_or_none()
    return Hold(on=bool(row.active), why=row.why, since=row.since) if row else Hold(on=False)


def _update(connection: Connection, name: str, **values: object) -> None:
    if not connection.execute(update(CHANNELS).where(CHANNELS.c.name == name).values(**values)).rowcount:
        raise _no_channel(name)


def _no_channel(name: str) -> NotFound:
    return NotFound(f"there is no channel {name}", hint="`handbill status` lists them")
