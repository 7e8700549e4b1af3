"""Deliveries: adding, finding, moving. Every function that writes runs under the write lock, so what it reads stays true."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.engine import Connection

from bot.domain.delivery import COMING, TRANSITIONS, UNSENT, Delivery, State
from bot.domain.finding import Earlier
from bot.domain.ledger import Change
from bot.domain.post import Post
from bot.errors import HandbillError, NotAllowed, NotFound
from bot.ports import Ready
from bot.store import channels, rows, strays
from bot.store.codec import decode
from bot.store.prepared import Prepared, among
from bot.store.rows import COLUMNS, JOINED
from bot.store.schema import CHANNELS, DELIVERIES, ENDED, HOLD, MOVES, POSTS, WAITS, moment, ticks

D = DELIVERIES.c
WAITING = DELIVERIES.alias("waiting")

#: Of all that have these in common there is one.
IDENTITY = ("campaign", "article", "excerpt_digest", "channel", "round")

#: States in which a post is public, may be, or will be without anybody's doing.
SPOKEN = (State.SCHEDULED, State.SENDING, State.RETRYING, State.UNCERTAIN, State.SENT)

#: The states that the index of what ended tells of.
ENDS = (State.SENT, State.FAILED, State.RETRACTED, State.CANCELLED)

#: Why a delivery that cannot be read is held.
DAMAGED = "it is damaged in the database and cannot be read: restore a backup"

# Statements that each delivery needs are built once: building one takes SQLAlchemy ten times as long as running it.
_EXISTS = Prepared(select(literal(1)).select_from(DELIVERIES).where(*(D[name] == bindparam(name) for name in IDENTITY)))
_ADD, _SAY = insert(DELIVERIES), insert(POSTS)
_LIKE = select(D.id).where(D.id.between(bindparam("first"), bindparam("last"))).order_by(D.id).limit(2)
_SPEAKING = (
    D.channel.in_(bindparam("on", expanding=True)),
    D.slot >= bindparam("since"),
    D.state.in_([state.value for state in SPOKEN]),
)
_SAID = (
    select(D.channel, func.coalesce(D.due, D.slot), POSTS.c.post, D.id, POSTS.c.excerpt, POSTS.c.checksum)
    .select_from(JOINED)
    .where(*_SPEAKING)
    .order_by(D.slot.desc(), D.id)
)
_AS_KNOWN = (
    D.id == bindparam("of"),
    D.state == bindparam("was"),
    D.epoch == bindparam("of_epoch"),
    D.version == func.coalesce(bindparam("of_version", type_=Integer), D.version),
)


def _given(column: Column[Any]) -> ColumnElement[Any]:
    """Return the value given for a column, else what it holds; nothing when the slot is freed."""
    kept = case((bindparam("free", type_=Integer) == 1, None), else_=column)
    return func.coalesce(bindparam(f"new_{column.name}", type_=column.type), kept)


_STEP = (
    update(DELIVERIES)
    .where(*_AS_KNOWN)
    .values(version=D.version + 1, why=bindparam("new_why"), moved=bindparam("at"), lease=None)
)
_STAY = _STEP.values(
    slot=_given(D.slot),
    due=_given(D.due),
    tries=func.coalesce(bindparam("new_tries", type_=Integer), D.tries),
    anyway=func.coalesce(bindparam("new_anyway", type_=Integer), D.anyway),
)
_MOVE, _REMAIN = Prepared(_STAY.values(state=bindparam("to"))), Prepared(_STAY)
#: A move that keeps slot and moment: naming them, SQLite would write their indexes anew with the same values.
_PASS = Prepared(_STEP.values(state=bindparam("to")))
_RESCHEDULE = Prepared(
    update(DELIVERIES)
    .where(*_AS_KNOWN)
    .values(due=bindparam("new_due"), why=bindparam("new_why"), moved=bindparam("at"), version=D.version + 1)
)


def _first_waiting(column: str, *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return a column of the delivery that waits first on the channel of the enclosing query."""
    query = select(WAITING.c[column]).where(WAITING.c.channel == CHANNELS.c.name, text(WAITS), *conditions)
    return query.order_by(WAITING.c.due, WAITING.c.id).limit(1).correlate(CHANNELS).scalar_subquery()


#: For each channel one step into the index of what waits.
DUE = (
    select(*COLUMNS)
    .select_from(
        CHANNELS.join(DELIVERIES, D.id == _first_waiting("id", WAITING.c.due <= bindparam("now"))).join(
            POSTS, JOINED.onclause
        )
    )
    .where(
        CHANNELS.c.paused == "",
        CHANNELS.c.rest.is_(None) | (CHANNELS.c.rest <= bindparam("now")),
        CHANNELS.c.name.not_in(among("busy")),
        ~select(literal(1)).where(HOLD.c.active == 1).exists(),
    )
    .order_by(D.due, D.id)
    .limit(bindparam("most", type_=Integer))
)
_DUE = Prepared(DUE)
#: One step for each state, however many channels there are.
FIRST = select(
    *(select(func.min(WAITING.c.due)).where(WAITING.c.state == state.value).scalar_subquery() for state in COMING)
)
_FIRST = Prepared(FIRST)
_NEXT_DUE = Prepared(
    select(_first_waiting("due", WAITING.c.due.is_not(None)), CHANNELS.c.rest).where(
        CHANNELS.c.paused == "",
        CHANNELS.c.name.not_in(among("busy")),
        ~select(literal(1)).where(HOLD.c.active == 1).exists(),
    )
)


def add(connection: Connection, deliveries: Sequence[Delivery], at: datetime) -> Sequence[Delivery]:
    """Add those that are not there yet and return them; one that was armed before this copy was put in place is uncertain."""
    new: dict[tuple[object, ...], Delivery] = {}
    for delivery in deliveries:
        row = rows.columns_of(delivery)
        identity = tuple(row[name] for name in IDENTITY)
        if not _EXISTS.run(connection, row).fetchone():
            new.setdefault(identity, delivery)
    if not new:
        return ()
    added = strays.recalled(connection, tuple(new.values()), at)
    connection.execute(_ADD, [rows.columns_of(delivery) | {"moved": at} for delivery in added])
    connection.execute(_SAY, [rows.words_of(delivery, delivery.revision) for delivery in added])
    strays.adopt(connection, added)
    return tuple(added)


def replace_post(connection: Connection, delivery: Delivery, at: datetime) -> None:
    """Give an unsent delivery a new post, its next revision, and send it back to held; its slot becomes free.

    `delivery` is what the caller read, with the new excerpt, post and digest, and what else is to change. Raises
    NotAllowed when it was moved or rendered anew meanwhile, or any part of it is published.
    """
    found = get(connection, delivery.id)
    if found.receipts:
        raise NotAllowed(f"a part of delivery {found.id} is published: what it says cannot change")
    if found.state not in UNSENT or (found.epoch, found.revision) != (delivery.epoch, delivery.revision):
        raise _moved_on(found)
    revision = found.revision + 1
    values: dict[str, Any] = {
        "excerpt_digest": rows.digest_of(delivery.excerpt),
        "revision": revision,
        "version": found.version + 1,
        "tries": delivery.tries,
        "anyway": 0,
        "slot": None,
        "due": None,
        "not_before": delivery.not_before,
        "expires": delivery.expires,
        "moved": at,
        "why": delivery.why,
    }
    if found.state is not State.HELD:
        values["state"] = State.HELD.value
    connection.execute(_SAY, rows.words_of(delivery, revision))
    connection.execute(update(DELIVERIES).where(D.id == found.id).values(values))


def get(connection: Connection, beginning: str) -> Delivery:
    """Return the delivery whose id this is, or the only one whose id begins so; raises NotFound."""
    between = {"first": beginning, "last": beginning + "\U0010ffff"}
    found = list(connection.scalars(_LIKE, between)) if beginning and beginning.isprintable() else []
    if not found:
        raise NotFound(f"there is no delivery {beginning!r}", hint="`handbill queue --all` shows them")
    if len(found) > 1 and found[0] != beginning:
        raise NotFound(f"several deliveries begin with {beginning!r}", hint="give more letters of the id")
    return rows.one(connection, found[0])


def every(
    connection: Connection,
    campaign: str,
    article: str,
    channel: str,
    states: Sequence[State],
    limit: int,
    after: tuple[datetime | None, str] | None = None,
) -> Sequence[Delivery]:
    """Return the deliveries that match all that is given, by due (those without last), then id; only those `after` a place."""
    query, order = select(*COLUMNS).select_from(JOINED), (D.due.nulls_last(), D.id)
    wanted = [
        column == value
        for column, value in ((D.campaign, campaign), (D.article, article), (D.channel, channel))
        if value
    ]
    if states:
        wanted.append(D.state.in_([state.value for state in states]))
    if after is not None:
        wanted.append(_behind(*after))
    if limit:
        # Chosen by id first, so that nothing is read of the posts that are not on this page.
        wanted = [D.id.in_(select(D.id).where(*wanted).order_by(*order).limit(limit))]
    return rows.read(connection, query.where(*wanted).order_by(*order))


def _behind(due: datetime | None, id: str) -> ColumnElement[bool]:
    """Return what is true of deliveries that come after a place in that order."""
    if due is None:
        return and_(D.due.is_(None), D.id > id)
    return or_(D.due > due, and_(D.due == due, D.id > id), D.due.is_(None))


def moved(connection: Connection, states: Sequence[State], limit: int) -> Sequence[Delivery]:
    """Return the deliveries in these states that moved last, the latest first; quickest for those in which they end."""
    order = (D.moved.desc(), D.id)
    # Chosen by id first, state by state: each a walk along an index, however many were ever sent.
    latest = [select(D.id).where(D.state == state.value).order_by(*order).limit(limit) for state in states]
    indexed = [each.where(text(ENDED)) if state in ENDS else each for each, state in zip(latest, states, strict=True)]
    chosen = D.id.in_(union_all(*(select(each.subquery()) for each in indexed)))
    return rows.read(connection, select(*COLUMNS).select_from(JOINED).where(chosen).order_by(*order).limit(limit))


def tally(connection: Connection) -> Mapping[State, int]:
    """Return how many deliveries there are in each state that has any."""
    return {State(state): count for state, count in connection.execute(select(D.state, func.count()).group_by(D.state))}


def said(
    connection: Connection, platform: str, since: datetime, near: datetime | None = None, most: int = 0
) -> Sequence[Earlier]:
    """Return what a platform was or will be told in slots since then, on whatever channel, the latest first.

    With `near`, only the `most` whose slots are nearest to that moment.
    """
    on = [channel.name for channel in channels.every(connection) if channel.platform == platform]
    query = _SAID
    if near is not None:
        nearest = (
            select(D.id).where(*_SPEAKING).order_by(func.abs(type_coerce(D.slot, Integer) - ticks(near))).limit(most)
        )
        query = query.where(D.id.in_(nearest))
    found = connection.execute(query, {"on": on, "since": since})
    return tuple(
        Earlier(
            channel=name, at=at, text="\n\n".join(part.text for part in decode(Post, post).parts), delivery=delivery
        )
        for name, at, post, delivery, excerpt, checksum in found
        if rows.checksum_of(excerpt, post) == checksum
    )


def taken_slots(connection: Connection, channel: str, since: datetime) -> Sequence[datetime]:
    """Return the slots at or after `since` that deliveries of a channel have, in order."""
    return tuple(connection.scalars(select(D.slot).where(D.channel == channel, D.slot >= since).order_by(D.slot)))


def put_off(connection: Connection, channel: str, now: datetime) -> Sequence[datetime]:
    """Return the moments later than now to which deliveries of a channel wait other than their slots, in order."""
    waits = (D.channel == channel, text(WAITS), D.due > now, D.due.is_distinct_from(D.slot))
    return tuple(connection.scalars(select(D.due).where(*waits).order_by(D.due)))


def ready(connection: Connection, now: datetime, busy: Sequence[str], most: int) -> tuple[Ready, Sequence[str]]:
    """Return the first due delivery of each free channel, at most so many, the longest due first; none while on hold.

    Beside them the ids of those that cannot be read: they are in the way of what comes after them until `park` took them off.
    """
    first = min((due for due in _FIRST.run(connection, {}).fetchone() if due is not None), default=None)
    if first is None or moment(first) > now:
        return Ready(deliveries=(), channels={}, plans={}, upcoming=None if first is None else moment(first)), ()
    damaged: Sequence[str] = ()
    try:
        found = rows.swift(connection, _DUE, {"now": now, "busy": list(busy), "most": most})
    except (ValueError, sqlite3.Error):
        found, damaged = rows.sound(connection, DUE, {"now": now, "busy": json.dumps(list(busy)), "most": most})
    theirs = [each.channel for each in found]
    known, plans = channels.theirs(connection, theirs) if theirs else ({}, {})
    upcoming = next_due(connection, [*busy, *theirs])
    more = len(found) + len(damaged) == most
    return Ready(deliveries=found, channels=known, plans=plans, upcoming=upcoming, more=more), damaged


def park(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Hold what is waiting and cannot be read, until a person acts."""
    waiting = update(DELIVERIES).where(D.id.in_(ids), text(WAITS))
    values = {"state": State.HELD.value, "anyway": 0, "slot": None, "due": None, "moved": at, "version": D.version + 1}
    connection.execute(waiting.values(values | {"why": DAMAGED}))


def next_due(connection: Connection, busy: Sequence[str] = ()) -> datetime | None:
    """Return the moment at which `due` may next have something to give, None when nothing waits on a free channel."""
    found = _NEXT_DUE.run(connection, {"busy": list(busy)})
    first = min((max(due, rest or due) for due, rest in found if due is not None), default=None)
    return None if first is None else moment(first)


def overdue_leases(connection: Connection, now: datetime) -> Sequence[Delivery]:
    """Return what is still in sending although its lease has run out, the oldest first."""
    query = select(*COLUMNS).select_from(JOINED).where(D.state == State.SENDING.value, D.lease <= now)
    return rows.read(connection, query.order_by(D.lease, D.id))


def move(connection: Connection, changes: Sequence[Change], at: datetime) -> None:
    """Make all the moves or, when one is refused, none."""
    if len(changes) > 1:
        # Slots that change hands are let go first, so that two deliveries can trade places.
        trading = [change.delivery for change in changes if change.slot]
        connection.execute(update(DELIVERIES).where(D.id.in_(trading)).values(slot=None))
    for change in changes:
        _move(connection, change, at)


def reschedule(connection: Connection, delivery: Delivery, due: datetime | None, why: str, at: datetime) -> None:
    """Keep the state, change the moment (None = parked until a person acts), if nothing changed since it was read."""
    known = (delivery.id, delivery.state, delivery.epoch)
    _guarded(connection, _RESCHEDULE, *known, of_version=delivery.version, new_due=due, new_why=why, at=at)


def history(connection: Connection, delivery: str) -> Sequence[tuple[datetime, State, str]]:
    """Return every move of a delivery with its reason, the oldest first."""
    query = select(MOVES.c.at, MOVES.c.state, MOVES.c.why).where(MOVES.c.delivery == delivery).order_by(MOVES.c.seq)
    return tuple((at, State(state), why) for at, state, why in connection.execute(query))


def moved_on(connection: Connection, id: str) -> HandbillError:
    """Return the error that says where a delivery stands instead: NotAllowed, or NotFound when it is not there."""
    try:
        return _moved_on(get(connection, id))
    except NotFound as missing:
        return missing


def _move(connection: Connection, change: Change, at: datetime) -> None:
    remains = change.to is change.state and (
        change.state is State.HELD or (change.due is not None and change.state in COMING)
    )
    if not remains and (change.state, change.to) not in TRANSITIONS:
        raise NotAllowed(f"delivery {change.delivery} is {change.state} and cannot become {change.to}")
    plain = not change.slot_free and {change.slot, change.due, change.tries, change.anyway} == {None}
    _guarded(
        connection,
        _REMAIN if remains else _PASS if plain else _MOVE,
        change.delivery,
        change.state,
        change.epoch,
        to=change.to.value,
        new_why=change.why,
        at=at,
        free=int(change.slot_free),
        new_slot=change.slot,
        new_due=change.due,
        new_tries=change.tries,
        new_anyway=None if change.anyway is None else int(change.anyway),
        of_version=change.version,
    )


def _guarded(connection: Connection, change: Prepared, id: str, state: State, epoch: int, **values: object) -> None:
    """Change a delivery if it still is as its caller knew it."""
    known = {"of": id, "was": state.value, "of_epoch": epoch}
    if not change.run(connection, known | values).rowcount:
        raise moved_on(connection, id)


def _moved_on(found: Delivery) -> NotAllowed:
    return NotAllowed(f"delivery {found.id} has moved on: it is {found.state} now", hint="look again, then decide")
