"""Attempts: armed before a byte leaves, never edited; outcomes and receipts beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row

from bot.domain.delivery import Attempt, Delivery, PublishKey, State
from bot.domain.outcome import Receipt, Sent
from bot.errors import NotAllowed, NotFound
from bot.store import channels, reactions
from bot.store.codec import decode_outcome, encode, encode_outcome
from bot.store.deliveries import moved_on
from bot.store.prepared import Prepared
from bot.store.schema import (
    ATTEMPTS,
    CHANNELS,
    DELIVERIES,
    HOLD,
    OUTCOMES,
    RECEIPTS,
    REMOVALS,
    WAITS,
    UTCDateTime,
    moment,
)

#: Columns of an attempt that arming writes down as they are given.
ATTEMPT = ("delivery", "part", "epoch", "key", "fingerprint", "armed", "deadline", "channel", "cost")
#: What makes two outcomes of attempts the same.
OUTCOME = ("delivery", "part", "epoch", "kind", "body")
#: Outcomes after which nothing was published.
UNPUBLISHED = ("pending", "retry", "refused", "unauthorised")
A, D, CAME, R = ATTEMPTS.c, DELIVERIES.c, OUTCOMES.c, RECEIPTS.c


_FIRST_USE = (
    select(func.min(A.key_at))
    .where(A.delivery == bindparam("delivery"), A.part == bindparam("part"), A.key == bindparam("key"))
    .scalar_subquery()
)
_ARM = Prepared(
    insert(ATTEMPTS)
    .values(
        {name: bindparam(name) for name in ATTEMPT}
        | {"key_at": func.coalesce(_FIRST_USE, bindparam("armed", type_=UTCDateTime))}
    )
    .returning(A.key_at)
)
_SAME_POST = (D.id == bindparam("of"), D.revision == bindparam("of_revision"))
_CLAIM = Prepared(
    update(DELIVERIES)
    .where(
        *_SAME_POST,
        D.epoch == bindparam("to_epoch", type_=Integer) - 1,
        text(WAITS),
        D.due.is_not_distinct_from(bindparam("of_due", type_=UTCDateTime)),
        select(literal(1)).where(CHANNELS.c.name == D.channel, CHANNELS.c.paused == "").exists(),
        ~select(literal(1)).where(HOLD.c.active == 1).exists(),
    )
    .values(
        state=State.SENDING.value,
        epoch=bindparam("to_epoch", type_=Integer),
        lease=bindparam("to_lease"),
        version=D.version + 1,
        moved=bindparam("at"),
        why="",
    )
)
_UNPROVED = (
    select(literal(1))
    .select_from(ATTEMPTS.outerjoin(RECEIPTS, and_(R.delivery == A.delivery, R.part == A.part)))
    .where(A.delivery == D.id, A.epoch == D.epoch, R.part.is_(None))
    .correlate(DELIVERIES)
    .exists()
)
_GO_ON = Prepared(
    update(DELIVERIES)
    .where(*_SAME_POST, D.epoch == bindparam("to_epoch"), D.state == State.SENDING.value, ~_UNPROVED)
    .values(lease=bindparam("to_lease"))
)
_SAME_OUTCOME = Prepared(select(CAME.seq).where(*(CAME[name] == bindparam(name) for name in OUTCOME)))
_CAME = Prepared(insert(OUTCOMES).values({name: bindparam(name) for name in (*OUTCOME, "ended")}))
_PROOF = Prepared(
    upsert(RECEIPTS).values({name: bindparam(name) for name in ("delivery", "part", "body")}).on_conflict_do_nothing()
)


def arm(connection: Connection, delivery: Delivery, attempt: Attempt, lease: datetime) -> PublishKey:
    """Write the attempt down and claim the delivery for it, or go on with the thread it has been claimed for.

    Nothing may be sent unless this returns. Raises NotAllowed when another worker has the delivery, when it was moved,
    rescheduled or rendered anew since it was read, and while its channel is paused or everything is on hold. A thread
    goes on once all that its claim has sent so far is proved.
    """
    read = {"of": delivery.id, "of_revision": delivery.revision, "to_epoch": attempt.epoch, "to_lease": lease}
    if not _CLAIM.run(connection, read | {"of_due": delivery.due, "at": attempt.armed}).rowcount:
        _refuse_while_paused(connection, delivery.channel)
        if not _GO_ON.run(connection, read).rowcount:
            raise moved_on(connection, delivery.id)
    row = {
        "delivery": attempt.delivery,
        "part": attempt.part,
        "epoch": attempt.epoch,
        "key": attempt.key.value,
        "fingerprint": attempt.fingerprint,
        "armed": attempt.armed,
        "deadline": attempt.deadline,
        "channel": delivery.channel,
        "cost": attempt.cost,
    }
    ((first_use,),) = _ARM.run(connection, row).fetchall()
    return PublishKey(value=attempt.key.value, at=moment(first_use))


def record(connection: Connection, attempt: Attempt) -> None:
    """Write down what came of an attempt, whoever owns the delivery by now, and its receipt when it was sent.

    The same outcome again changes nothing; a later, different one (an answer after a time-out) is added.
    """
    if attempt.outcome is None:
        raise NotAllowed("an attempt without an outcome cannot be recorded")
    kind, body = encode_outcome(attempt.outcome)
    of = {"delivery": attempt.delivery, "part": attempt.part, "epoch": attempt.epoch, "kind": kind, "body": body}
    if _SAME_OUTCOME.run(connection, of).fetchone():
        return
    ended = attempt.ended or attempt.armed
    _CAME.run(connection, of | {"ended": ended})
    told = getattr(attempt.outcome, "quota", None)
    if told is not None:
        channels.put_quota(connection, attempt.delivery, told, ended)
    if isinstance(attempt.outcome, Sent):
        receipt(connection, attempt.delivery, attempt.part, attempt.outcome.receipt)


def receipt(connection: Connection, delivery: str, part: int, receipt: Receipt) -> None:
    """Keep the proof that a part is published; the first proof stays."""
    _PROOF.run(connection, {"delivery": delivery, "part": part, "body": encode(receipt)})


def removed(connection: Connection, delivery: str) -> Sequence[int]:
    """Return the parts of a delivery that were taken back, in order."""
    query = select(REMOVALS.c.part).where(REMOVALS.c.delivery == delivery).order_by(REMOVALS.c.part)
    return tuple(connection.scalars(query))


def put_removal(connection: Connection, delivery: str, part: int, at: datetime) -> None:
    """Keep that a published part was taken back; told twice, it is one."""
    row = upsert(REMOVALS).values(delivery=delivery, part=part, at=at)
    connection.execute(row.on_conflict_do_nothing())


def every(connection: Connection, delivery: str) -> Sequence[Attempt]:
    """Return a delivery's attempts in the order in which they were armed, each with the last that was heard of it."""
    last = (
        select(func.max(CAME.seq))
        .where(CAME.delivery == A.delivery, CAME.part == A.part, CAME.epoch == A.epoch)
        .correlate(ATTEMPTS)
        .scalar_subquery()
    )
    query = select(ATTEMPTS, CAME.ended, CAME.kind, CAME.body).select_from(
        ATTEMPTS.outerjoin(OUTCOMES, CAME.seq == last)
    )
    return tuple(_made(row) for row in connection.execute(query.where(A.delivery == delivery).order_by(A.seq)))


def armed(connection: Connection, channel: str, count: int, skip: int) -> Sequence[datetime]:
    """Return when the last `count` attempts on a channel but for the last `skip` were armed, the latest first."""
    query = select(A.armed).where(A.channel == channel).order_by(A.armed.desc()).limit(count).offset(skip)
    return tuple(connection.scalars(query))


def begun(connection: Connection, channel: str, since: datetime, but: str) -> Sequence[datetime]:
    """Return when each delivery of a channel but one was last armed since then, the latest first."""
    last = func.max(A.armed).label("last")
    query = select(last).where(A.channel == channel, A.armed >= since, A.delivery != but).group_by(A.delivery)
    return tuple(connection.scalars(query.order_by(last.desc())))


def spent(connection: Connection, channel: str, since: datetime) -> int:
    """Return what the attempts since then cost, in millionths, but for those that surely published nothing; and questions."""
    last = select(CAME.kind).where(CAME.delivery == A.delivery, CAME.part == A.part, CAME.epoch == A.epoch)
    kind = last.order_by(CAME.seq.desc()).limit(1).correlate(ATTEMPTS).scalar_subquery()
    query = select(func.coalesce(func.sum(A.cost), 0)).where(
        A.channel == channel, A.armed >= since, A.cost > 0, func.coalesce(kind, "").not_in(UNPUBLISHED)
    )
    return int(connection.scalar(query) or 0) + reactions.spent(connection, channel, since)


def _refuse_while_paused(connection: Connection, channel: str) -> None:
    held = select(HOLD.c.why).where(HOLD.c.active == 1).scalar_subquery()
    row = connection.execute(select(CHANNELS.c.paused, held).where(CHANNELS.c.name == channel)).one_or_none()
    if row is None:
        raise NotFound(f"there is no channel {channel}")
    paused, hold = row
    if hold is not None:
        raise NotAllowed(f"everything is on hold: {hold}", hint="`handbill resume` lets it go on")
    if paused:
        raise NotAllowed(f"channel {channel} is paused: {paused}")


def _made(row: Row[Any]) -> Attempt:
    return Attempt(
        delivery=row.delivery,
        part=row.part,
        epoch=row.epoch,
        key=PublishKey(value=row.key, at=row.key_at),
        fingerprint=row.fingerprint,
        armed=row.armed,
        deadline=row.deadline,
        cost=row.cost,
        ended=row.ended,
        outcome=decode_outcome(row.kind, row.body) if row.kind else None,
    )
