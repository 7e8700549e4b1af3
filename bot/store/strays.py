"""Attempts that happened after the copy of the database that is in use was made.

The journal tells of them. A delivery that the copy has becomes uncertain, with those attempts, so that the platform is
asked; one that it does not have yet becomes so when its article is taken in again, since ids are the same every time.
Of a thread the first part without a receipt is asked about; attempts on later parts wait here until it is their turn.
Nothing is sent again blindly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row

from bot.domain.delivery import Attempt, Delivery, PublishKey, State, fingerprint_of, key_of
from bot.domain.outcome import Unknown
from bot.domain.post import Post
from bot.store.codec import decode, encode_outcome
from bot.store.prepared import Prepared
from bot.store.schema import ATTEMPTS, DELIVERIES, OUTCOMES, POSTS, RECEIPTS, STRAYS

A, D, S = ATTEMPTS.c, DELIVERIES.c, STRAYS.c

#: How long after an attempt's deadline its request may still land (bot.flow.dispatch gives leases as much).
LANDING = timedelta(seconds=5)
#: The states in which a delivery may still be sent, or be on its way.
OPEN = (State.HELD, State.SCHEDULED, State.SENDING, State.RETRYING, State.UNCERTAIN, State.FAILED)
RESTORED = "an older copy of the database was put in place"

_ANY = Prepared(select(literal(1)).select_from(STRAYS).limit(1))
_PART = Prepared(
    select(literal(1)).select_from(STRAYS).where(S.delivery == bindparam("of"), S.part == bindparam("of_part"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strayed:
    """What was found: deliveries that are uncertain now, and attempts whose deliveries are not there."""

    uncertain: tuple[str, ...] = ()
    remembered: int = 0


def is_known(connection: Connection, attempt: Attempt) -> bool:
    """Tell whether the database has that attempt; its epoch may be another one here."""
    here = (A.delivery == attempt.delivery, A.part == attempt.part, A.armed == attempt.armed)
    there = (S.delivery == attempt.delivery, S.part == attempt.part, S.armed == attempt.armed)
    found = select(literal(1)).select_from(ATTEMPTS).where(*here).union_all(
        select(literal(1)).select_from(STRAYS).where(*there)
    )  # fmt: skip
    return connection.execute(found.limit(1)).first() is not None


def take_in(connection: Connection, attempts: Iterable[Attempt], now: datetime) -> Strayed:
    """Give each delivery the attempts it does not know of, and remember those of which it is not there."""
    uncertain: list[str] = []
    remembered = 0
    by_delivery = sorted(attempts, key=lambda each: each.delivery)
    for delivery, group in groupby(by_delivery, key=lambda each: each.delivery):
        theirs = tuple(group)
        row = connection.execute(select(D.state, D.channel).where(D.id == delivery)).one_or_none()
        if row is None:
            _remember(connection, theirs)
            remembered += len(theirs)
            continue
        turn = _turn(connection, delivery, theirs)
        _keep(connection, row.channel, turn)
        _remember(connection, [each for each in theirs if each not in turn])
        if State(row.state) in OPEN:
            doubt(connection, delivery, State(row.state), now, *_judged(connection, delivery, theirs, now))
            uncertain.append(delivery)
    return Strayed(uncertain=tuple(uncertain), remembered=remembered)


def recalled(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Sequence[Delivery]:
    """Return new deliveries as they must be added: one that was armed already is uncertain, not scheduled."""
    if not _ANY.run(connection, {}).fetchone():
        return deliveries
    return [_recalled(each, _strays(connection, each.id), now) for each in deliveries]


def adopt(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Give deliveries that were just added the attempts that were remembered for them."""
    for delivery in deliveries:
        if delivery.state is State.UNCERTAIN:
            _adopt(connection, delivery, _turn(connection, delivery.id, _strays(connection, delivery.id)))


def in_the_way(connection: Connection, delivery: Delivery, part: int, now: datetime) -> bool:
    """Tell whether a part that is about to be armed was armed in a time this copy does not know; then it is uncertain."""
    if not _PART.run(connection, {"of": delivery.id, "of_part": part}).fetchone():
        return False
    theirs = tuple(each for each in _strays(connection, delivery.id) if each.part == part)
    state = State(connection.scalars(select(D.state).where(D.id == delivery.id)).one())
    if state not in OPEN:
        return False
    _adopt(connection, delivery, theirs)
    doubt(connection, delivery.id, state, now, *_verdict(delivery.post, theirs, now))
    return True


def doubt(connection: Connection, id: str, state: State, now: datetime, due: datetime | None, why: str) -> None:
    """Make a delivery uncertain, whatever it was, to be looked at when `due` (None = by a person)."""
    last = select(func.max(A.epoch)).where(A.delivery == id).scalar_subquery()
    values = {"version": D.version + 1, "moved": now, "lease": None}
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
    for row in rows:
        supposed, readable = _supposed(connection, row, now, max(row.moved, since or row.moved))
        if row.state not in on_its_way:
            _keep(connection, row.channel, supposed[:1])
            _say(connection, supposed[:1], now)
        _remember(connection, supposed[1:])
        if row.state != State.UNCERTAIN.value:
            why = f"{RESTORED}: this was due after that copy was made, and may have been sent"
            doubt(connection, row.id, State(row.state), now, now + LANDING if readable else None, why)
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


def _recalled(delivery: Delivery, strays: Sequence[Attempt], now: datetime) -> Delivery:
    if not strays:
        return delivery
    due, why = _verdict(delivery.post, strays, now)
    epoch = max(delivery.epoch, *(each.epoch for each in strays))
    return replace(delivery, state=State.UNCERTAIN, slot=None, due=due, epoch=epoch, why=why)


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
    return max(now, last + LANDING), why


def _turn(connection: Connection, id: str, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Return those on parts that are proved, and those on the first part that is not."""
    proved = set(connection.scalars(select(RECEIPTS.c.part).where(RECEIPTS.c.delivery == id)))
    first = min((each.part for each in attempts if each.part not in proved), default=0)
    return tuple(each for each in attempts if each.part in {*proved, first})


def _adopt(connection: Connection, delivery: Delivery, attempts: Sequence[Attempt]) -> None:
    _keep(connection, delivery.channel, attempts)
    for each in attempts:
        of = (S.delivery == each.delivery, S.part == each.part, S.armed == each.armed)
        connection.execute(delete(STRAYS).where(*of))


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


def _remember(connection: Connection, attempts: Sequence[Attempt]) -> None:
    if attempts:
        connection.execute(upsert(STRAYS).on_conflict_do_nothing(), [_row(each) for each in attempts])


def _strays(connection: Connection, id: str) -> tuple[Attempt, ...]:
    rows = connection.execute(select(STRAYS).where(S.delivery == id).order_by(S.armed))
    return tuple(
        Attempt(
            delivery=row.delivery,
            part=row.part,
            epoch=row.epoch,
            key=PublishKey(value=row.key, at=row.key_at),
            fingerprint=row.fingerprint,
            armed=row.armed,
            deadline=row.deadline,
            cost=row.cost,
        )
        for row in rows
    )


def _row(attempt: Attempt) -> dict[str, object]:
    plain = ("delivery", "part", "epoch", "fingerprint", "armed", "deadline", "cost")
    key = {"key": attempt.key.value, "key_at": attempt.key.at}
    return {name: getattr(attempt, name) for name in plain} | key
