"""Attempts that happened after the copy of the database that is in use was made.

The journal tells of them. A delivery that the copy has becomes uncertain, with those attempts, so that the platform is
asked; one that it does not have yet becomes so when its article is taken in again. An article that was edited since gets a
delivery of another id then; it is known by article and channel, and held when it says something else than was sent.
Of a thread the first part without a receipt is asked about; attempts on later parts wait here until it is their turn.
Nothing is sent again blindly.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row

from bot.domain.delivery import LEASE_MARGIN, Attempt, Delivery, PublishKey, State, fingerprint_of, key_of
from bot.domain.outcome import Unknown
from bot.domain.post import Post
from bot.store import witness
from bot.store.codec import decode, encode_outcome
from bot.store.journal import Armed
from bot.store.prepared import Prepared
from bot.store.schema import ATTEMPTS, DELIVERIES, OUTCOMES, POSTS, RECEIPTS, STRAYS

A, D, S = ATTEMPTS.c, DELIVERIES.c, STRAYS.c

#: The states in which a delivery may still be sent, or be on its way.
OPEN = (State.HELD, State.SCHEDULED, State.SENDING, State.RETRYING, State.UNCERTAIN, State.FAILED)
RESTORED = "an older copy of the database was put in place"

_ANY = Prepared(select(literal(1)).select_from(STRAYS).limit(1))
_PART = Prepared(
    select(literal(1)).select_from(STRAYS).where(S.delivery == bindparam("of"), S.part == bindparam("of_part"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strayed:
    """What was found: deliveries that are uncertain now, and how many attempts have deliveries that are not there."""

    uncertain: tuple[str, ...] = ()
    remembered: int = 0


def place_of(found: Delivery | Armed) -> dict[str, str]:
    """Return the campaign, the article and the channel, by name."""
    return {name: getattr(found, name) for name in ("campaign", "article", "channel")}


def is_known(connection: Connection, armed: Armed) -> bool:
    """Tell whether the database has that attempt; its epoch, and its delivery's id, may be others here."""
    attempt = armed.attempt
    of = A.channel == armed.channel if armed.channel else A.delivery == attempt.delivery
    here = (of, A.part == attempt.part, A.armed == attempt.armed, A.key == attempt.key.value)
    there = (S.part == attempt.part, S.armed == attempt.armed, S.key == attempt.key.value)
    found = select(literal(1)).select_from(ATTEMPTS).where(*here).union_all(
        select(literal(1)).select_from(STRAYS).where(*there)
    )  # fmt: skip
    return connection.execute(found.limit(1)).first() is not None


def take_in(connection: Connection, armed: Iterable[Armed], now: datetime) -> Strayed:
    """Give each delivery the attempts it does not know of, and remember those of which it is not there."""
    uncertain: list[str] = []
    remembered = 0
    by_delivery = sorted(armed, key=lambda each: each.attempt.delivery)
    for _, group in groupby(by_delivery, key=lambda each: each.attempt.delivery):
        theirs = tuple(group)
        row = _present(connection, theirs[0])
        if row is None:
            _remember(connection, theirs)
            remembered += len(theirs)
            continue
        attempts = _take(connection, row.id, row.channel, theirs)
        if State(row.state) in OPEN:
            doubt(connection, row.id, State(row.state), now, *_judged(connection, row.id, attempts, now))
            uncertain.append(row.id)
    if by_delivery:
        witness.deafened(connection, now)
    return Strayed(uncertain=tuple(uncertain), remembered=remembered)


def recalled(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Sequence[Delivery]:
    """Return new deliveries as they must be added: one that was armed already is uncertain, not scheduled.

    Held is one whose article was posted on its channel in other words, under another id.
    """
    if not _ANY.run(connection, {}).fetchone():
        return deliveries
    ids = [each.id for each in deliveries]
    return [_recalled(each, _theirs(connection, each, ids), now) for each in deliveries]


def adopt(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Give deliveries that were just added the attempts that were remembered for them."""
    if not _ANY.run(connection, {}).fetchone():
        return
    for delivery in deliveries:
        if theirs := _theirs(connection, delivery):
            _forget(connection, theirs)
            # One that a person must approve first has no part of whose turn it could be.
            _take(connection, delivery.id, delivery.channel, theirs, at_once=delivery.state is State.HELD)
            connection.execute(update(DELIVERIES).where(D.id == delivery.id).values(doubted=D.moved))


def in_the_way(connection: Connection, delivery: Delivery, part: int, now: datetime) -> bool:
    """Tell whether a part that is about to be armed was armed in a time this copy does not know; then it is uncertain."""
    if not _PART.run(connection, {"of": delivery.id, "of_part": part}).fetchone():
        return False
    theirs = _strays(connection, S.delivery == delivery.id, S.part == part)
    state = State(connection.scalars(select(D.state).where(D.id == delivery.id)).one())
    if state not in OPEN:
        return False
    _forget(connection, theirs)
    attempts = _take(connection, delivery.id, delivery.channel, theirs, at_once=True)
    doubt(connection, delivery.id, state, now, *_verdict(delivery.post, attempts, now))
    return True


def doubt(connection: Connection, id: str, state: State, now: datetime, due: datetime | None, why: str) -> None:
    """Make a delivery uncertain, whatever it was, to be looked at when `due` (None = by a person)."""
    last = select(func.max(A.epoch)).where(A.delivery == id).scalar_subquery()
    values = {"version": D.version + 1, "moved": now, "lease": None, "doubted": now}
    if state is State.FAILED:
        connection.execute(update(DELIVERIES).where(D.id == id).values(state=State.HELD.value, why=RESTORED, **values))
    values |= {"epoch": func.max(D.epoch, func.coalesce(last, 0)), "due": due, "why": why}
    # A state that stays as it is must not be set again: the table of moves has no move from a state to itself.
    other = {} if state is State.UNCERTAIN else {"state": State.UNCERTAIN.value}
    connection.execute(update(DELIVERIES).where(D.id == id).values(values | other))


def doubt_due(connection: Connection, now: datetime, since: datetime | None = None) -> tuple[str, ...]:
    """Make uncertain whatever was due by now, and may have been sent by whoever went on with the original; return the ids.

    `since` is when the copy was made; None = nobody knows, so that each may have been sent since it last moved.
    """
    on_its_way = (State.SENDING.value, State.UNCERTAIN.value)
    due = D.state.in_([State.SCHEDULED.value, State.RETRYING.value]) & (D.due <= now)
    columns = (D.id, D.channel, D.state, D.epoch, D.revision, D.moved, POSTS.c.post)
    joined = DELIVERIES.join(POSTS, (POSTS.c.delivery == D.id) & (POSTS.c.revision == D.revision))
    rows = connection.execute(select(*columns).select_from(joined).where(due | D.state.in_(on_its_way))).all()
    doubted: list[str] = []
    witness.deafened(connection, now)
    for row in rows:
        supposed, readable = _supposed(connection, row, now, max(row.moved, since or row.moved))
        if row.state not in on_its_way:
            _keep(connection, row.channel, supposed[:1])
            _say(connection, supposed[:1], now)
        _remember(connection, [Armed(attempt=each) for each in supposed[1:]])
        if row.state != State.UNCERTAIN.value:
            why = f"{RESTORED}: this was due after that copy was made, and may have been sent"
            doubt(connection, row.id, State(row.state), now, now + LEASE_MARGIN if readable else None, why)
            doubted.append(row.id)
    return tuple(doubted)


def _supposed(
    connection: Connection, row: Row[*tuple[Any, ...]], now: datetime, since: datetime
) -> tuple[list[Attempt], bool]:
    """Return an attempt for each part without a receipt, as they would have been armed, and whether the post can be read."""
    proved = set(connection.scalars(select(RECEIPTS.c.part).where(RECEIPTS.c.delivery == row.id)))
    try:
        parts = [each for each in decode(Post, row.post).parts if each.number not in proved]
    except ValueError:
        return [], False
    return [
        Attempt(
            delivery=row.id,
            part=part.number,
            epoch=row.epoch + 1,
            key=PublishKey(value=key_of(row.id, part.number, row.revision), at=since),
            fingerprint=fingerprint_of(part),
            armed=since,
            deadline=now,
        )
        for part in parts
    ], True


def _say(connection: Connection, attempts: Sequence[Attempt], now: datetime) -> None:
    """Tell of supposed attempts what is known of them: nothing."""
    for each in attempts:
        kind, body = encode_outcome(Unknown(why=f"{RESTORED}: nobody knows whether this was sent"))
        of = {"delivery": each.delivery, "part": each.part, "epoch": each.epoch}
        connection.execute(insert(OUTCOMES).values(**of, ended=now, kind=kind, body=body))


def _recalled(delivery: Delivery, theirs: Sequence[Armed], now: datetime) -> Delivery:
    if not theirs:
        return delivery
    attempts = [each.attempt for each in theirs]
    due, why = _verdict(delivery.post, attempts, now)
    epoch = max(delivery.epoch, *(each.epoch for each in attempts))
    if due is None and attempts[0].delivery != delivery.id:
        at = f"{attempts[0].armed:%Y-%m-%d %H:%M} UTC"
        why = f"{RESTORED}: its article was posted here {at}, or may have been, in other words"
        why += ": look at the platform; approve this only if it must go out as well"
        return replace(delivery, state=State.HELD, slot=None, due=None, epoch=epoch, why=why)
    # The slot stays: what is found to be absent is sent as late as that slot allows.
    return replace(delivery, state=State.UNCERTAIN, due=due, epoch=epoch, why=why)


def _judged(connection: Connection, id: str, attempts: Sequence[Attempt], now: datetime) -> tuple[datetime | None, str]:
    latest = POSTS.c.revision.desc()
    body = connection.scalar(select(POSTS.c.post).where(POSTS.c.delivery == id).order_by(latest).limit(1))
    try:
        return _verdict(decode(Post, str(body)), attempts, now)
    except ValueError:
        return None, f"{RESTORED}, and this post is damaged in it: look at the platform, then settle it"


def _verdict(post: Post, attempts: Sequence[Attempt], now: datetime) -> tuple[datetime | None, str]:
    """Return when the platform may be asked, None when it cannot be asked for words that are not here; and why."""
    said = {part.number: fingerprint_of(part) for part in post.parts}
    first, last = attempts[0], max(each.deadline for each in attempts)
    why = f"{RESTORED}: part {first.part} was sent, or may have been, {first.armed:%Y-%m-%d %H:%M} UTC, after that copy"
    if any(said.get(each.part) != each.fingerprint for each in attempts):
        return None, f"{why}; it said something else then: look at the platform, then settle it"
    return max(now, last + LEASE_MARGIN), why


def _turn(connection: Connection, id: str, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Return those on parts that are proved, and those on the first part that is not."""
    proved = set(connection.scalars(select(RECEIPTS.c.part).where(RECEIPTS.c.delivery == id)))
    first = min((each.part for each in attempts if each.part not in proved), default=0)
    return tuple(each for each in attempts if each.part in {*proved, first})


def _present(connection: Connection, armed: Armed) -> Row[*tuple[Any, ...]] | None:
    """Return id, state and channel of the delivery that an attempt was made for.

    Where it is not there under its id, that is the one of its article and channel that may still be sent, if there is one.
    """
    query = select(D.id, D.state, D.channel)
    if row := connection.execute(query.where(D.id == armed.attempt.delivery)).one_or_none():
        return row
    here = (D.campaign == armed.campaign, D.article == armed.article, D.channel == armed.channel)
    rows = connection.execute(query.where(*here, D.state.in_([state.value for state in OPEN])).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def _theirs(connection: Connection, delivery: Delivery, beside: Collection[str] = ()) -> tuple[Armed, ...]:
    """Return what is remembered for a delivery: under its id, else of its article and channel under one that is not there.

    `beside` are ids that are about to be there.
    """
    here = (S.campaign == delivery.campaign, S.article == delivery.article, S.channel == delivery.channel)
    absent = (S.delivery.not_in(select(D.id)), S.delivery.not_in(beside))
    return _strays(connection, S.delivery == delivery.id) or _strays(connection, *here, *absent)


def _take(
    connection: Connection, id: str, channel: str, theirs: Sequence[Armed], *, at_once: bool = False
) -> Sequence[Attempt]:
    """Give a delivery attempts, those whose turn it is or all `at_once`, and remember the others; return all as its own."""
    own = [replace(each, attempt=replace(each.attempt, delivery=id)) for each in theirs]
    attempts = [each.attempt for each in own]
    turn = attempts if at_once else _turn(connection, id, attempts)
    _keep(connection, channel, turn)
    _remember(connection, [each for each in own if each.attempt not in turn])
    return attempts


def _forget(connection: Connection, theirs: Sequence[Armed]) -> None:
    for each in theirs:
        of = each.attempt
        connection.execute(delete(STRAYS).where(S.delivery == of.delivery, S.part == of.part, S.armed == of.armed))


def _keep(connection: Connection, channel: str, attempts: Sequence[Attempt]) -> None:
    """Add attempts in their order; one whose claim has another attempt here gets the next number."""
    for each in attempts:
        taken = select(literal(1)).where(A.delivery == each.delivery, A.part == each.part, A.epoch == each.epoch)
        next_ = select(func.max(A.epoch) + 1).where(A.delivery == each.delivery).scalar_subquery()
        epoch = case((taken.exists(), next_), else_=each.epoch)
        first_use = select(func.min(A.key_at)).where(A.delivery == each.delivery, A.key == each.key.value)
        key_at = func.coalesce(first_use.scalar_subquery(), literal(each.key.at, A.key_at.type))
        row = _row(each) | {"channel": channel, "epoch": epoch, "key_at": key_at}
        connection.execute(insert(ATTEMPTS).values(row))


def _remember(connection: Connection, theirs: Sequence[Armed]) -> None:
    if theirs:
        rows = [_row(each.attempt) | place_of(each) for each in theirs]
        connection.execute(upsert(STRAYS).on_conflict_do_nothing(), rows)


def _strays(connection: Connection, *of: ColumnElement[bool]) -> tuple[Armed, ...]:
    rows = connection.execute(select(STRAYS).where(*of).order_by(S.armed))
    return tuple(
        Armed(
            attempt=Attempt(
                delivery=row.delivery,
                part=row.part,
                epoch=row.epoch,
                key=PublishKey(value=row.key, at=row.key_at),
                fingerprint=row.fingerprint,
                armed=row.armed,
                deadline=row.deadline,
                cost=row.cost,
            ),
            campaign=row.campaign,
            article=row.article,
            channel=row.channel,
        )
        for row in rows
    )


def _row(attempt: Attempt) -> dict[str, object]:
    plain = ("delivery", "part", "epoch", "fingerprint", "armed", "deadline", "cost")
    key = {"key": attempt.key.value, "key_at": attempt.key.at}
    return {name: getattr(attempt, name) for name in plain} | key
