"""What platforms reported of what is published, and when each is asked next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, cast, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.delivery import Delivery, State
from bot.domain.outcome import Receipt
from bot.domain.reactions import Asked, Count, Published, Reactions, Result, Sought, Sum
from bot.store import rows
from bot.store.codec import decode
from bot.store.rows import COLUMNS, JOINED
from bot.store.schema import DELIVERIES, REACTIONS, READS, RECEIPTS, REMOVALS, RESULTS, TICK, TOTALS, moment

D, N, T = DELIVERIES.c, RESULTS.c, TOTALS.c
#: Deliveries that are read at a time: SQLite takes only so many values.
AT_ONCE = 500
QUARTER = timedelta(minutes=15) // TICK

_NEXT = RECEIPTS.alias("next")
_FOLLOWED = exists().where(
    _NEXT.c.delivery == N.delivery,
    _NEXT.c.part == N.part + 1,
    ~exists().where(REMOVALS.c.delivery == N.delivery, REMOVALS.c.part == N.part + 1),
)


def due(
    connection: Connection, channel: str, now: datetime, since: datetime, before: datetime, most: int
) -> Sequence[Published]:
    """Return the parts of a channel that are to be asked about, the longest due first.

    Those that were to be asked about before `since` are let be; so are those published after `before`.
    """
    proved = and_(RECEIPTS.c.delivery == N.delivery, RECEIPTS.c.part == N.part)
    query = (
        select(N.delivery, N.part, N.published, RECEIPTS.c.body, _FOLLOWED.label("followed"))
        .select_from(RESULTS.join(RECEIPTS, proved))
        .where(N.channel == channel, N.asks > since, N.asks <= now, N.published <= before)
        .order_by(N.asks, N.delivery, N.part)
        .limit(most)
    )
    return tuple(
        Published(delivery=name, part=part, at=at, receipt=decode(Receipt, body), followed=bool(followed))
        for name, part, at, body, followed in connection.execute(query)
    )


def put(connection: Connection, asked: Sequence[Asked]) -> None:
    """Keep what came of asking; told twice of a moment, it is one."""
    for each in asked:
        which = and_(N.delivery == each.delivery, N.part == each.part)
        connection.execute(update(RESULTS).where(which).values(asks=each.again))
        if each.reactions is not None:
            row = {"delivery": each.delivery, "part": each.part, "at": each.reactions.at}
            counts = {count.value: getattr(each.reactions, count) for count in Count}
            connection.execute(upsert(REACTIONS).on_conflict_do_nothing(), row | counts)


def put_read(connection: Connection, channel: str, at: datetime, cost: int) -> None:
    """Keep what a question is about to cost."""
    new = upsert(READS).values(channel=channel, at=at, cost=cost)
    more = new.on_conflict_do_update(index_elements=["channel", "at"], set_={"cost": READS.c.cost + new.excluded.cost})
    connection.execute(more)


def spent(connection: Connection, channel: str, since: datetime) -> int:
    """Return what the questions since then cost, in millionths."""
    query = select(func.coalesce(func.sum(READS.c.cost), 0)).where(READS.c.channel == channel, READS.c.at >= since)
    return int(connection.scalar(query) or 0)


def history(connection: Connection, delivery: str) -> Sequence[tuple[int, Reactions]]:
    """Return all that was reported of a delivery's parts, in the order of time."""
    query = select(REACTIONS).where(REACTIONS.c.delivery == delivery).order_by(REACTIONS.c.at, REACTIONS.c.part)
    return tuple((row.part, Reactions(at=row.at, **_counts(row._mapping))) for row in connection.execute(query))


def count(connection: Connection, sought: Sought) -> int:
    """Return how many deliveries `every` would find without a limit."""
    return int(connection.scalar(select(func.count()).select_from(TOTALS).where(*_within(sought))) or 0)


def every(connection: Connection, sought: Sought) -> Sequence[Result]:
    """Return the posted deliveries of a time with what was last reported of them."""
    query = select(TOTALS, D.campaign, D.article, D.state).select_from(TOTALS.join(DELIVERIES, D.id == T.delivery))
    order = [T.published.desc(), T.delivery]
    if sought.by is not None:
        by = T[sought.by.value]
        order.insert(0, (by.asc() if sought.rising else by.desc()).nulls_last())
    elif sought.rising:
        order[0] = T.published.asc()
    query = query.where(*_within(sought)).order_by(*order)
    if sought.limit:
        query = query.limit(sought.limit).offset(sought.skip)
    found = connection.execute(query).mappings().all()
    said = _said(connection, [row["delivery"] for row in found])
    return tuple(_result(row, said.get(row["delivery"])) for row in found)


def sums(connection: Connection, sought: Sought) -> Sequence[Sum]:
    """Return what each channel's deliveries of a time got, by the quarter of an hour in which they were posted."""
    # A quarter, since that is what the offsets of all time zones are whole multiples of: days can be made of it anywhere.
    quarter = cast(T.published, Integer).op("/")(QUARTER).label("quarter")
    counts = [func.sum(T[each.value]).label(each.value) for each in Count]
    query = select(T.channel, quarter, func.count().label("posts"), func.count(T.at).label("asked"), *counts)
    query = query.where(*_within(sought)).group_by(T.channel, quarter).order_by(T.channel, quarter)
    return tuple(
        Sum(
            channel=row["channel"],
            since=moment(row["quarter"] * QUARTER),
            posts=row["posts"],
            asked=row["asked"],
            **_counts(row),
        )
        for row in connection.execute(query).mappings()
    )


def _within(sought: Sought) -> Sequence[ColumnElement[bool]]:
    span = (T.published >= sought.since, T.published < sought.until)
    return (*span, T.channel == sought.channel) if sought.channel else span


def _said(connection: Connection, ids: Sequence[str]) -> Mapping[str, Delivery]:
    found: dict[str, Delivery] = {}
    for first in range(0, len(ids), AT_ONCE):
        query = select(*COLUMNS).select_from(JOINED).where(D.id.in_(ids[first : first + AT_ONCE]))
        found |= {each.id: each for each in rows.read(connection, query)}
    return found


def _counts(row: Mapping[Any, Any]) -> dict[str, int | None]:
    return {each.value: row[each.value] for each in Count}


def _result(row: Mapping[Any, Any], said: Delivery | None) -> Result:
    """Return a row's result; what it says is "" where that cannot be read any more."""
    first = next((receipt for part, receipt in said.receipts if part == 1), None) if said else None
    return Result(
        delivery=row["delivery"],
        campaign=row["campaign"],
        article=row["article"],
        channel=row["channel"],
        published=row["published"],
        text=said.excerpt.text if said else "",
        url=first.url if first else "",
        retracted=row["state"] == State.RETRACTED,
        parts=row["parts"],
        at=row["at"],
        **_counts(row),
    )
