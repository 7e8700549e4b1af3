"""The port Trail on the database file: the audit log backwards, and what is last known of each channel."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.engine import Connection, Row

from bot.domain.campaign import Campaign
from bot.domain.outcome import Receipt
from bot.domain.trail import Pulse, Trace, Wanted
from bot.store import audit, campaigns, channels
from bot.store.codec import decode
from bot.store.file import LedgerFile
from bot.store.schema import ACTS, ATTEMPTS, DELIVERIES, RECEIPTS, RESULTS

A, D, N = ACTS.c, DELIVERIES.c, RESULTS.c
_LAST = (
    select(N.delivery, N.published, RECEIPTS.c.body)
    .select_from(RESULTS.outerjoin(RECEIPTS, (RECEIPTS.c.delivery == N.delivery) & (RECEIPTS.c.part == N.part)))
    .where(N.channel == bindparam("on"))
    .order_by(N.published.desc(), N.delivery)
    .limit(1)
)
_CALLS = select(func.count(), func.min(ATTEMPTS.c.armed)).where(
    ATTEMPTS.c.channel == bindparam("on"), ATTEMPTS.c.armed > bindparam("after")
)


class TrailFile(LedgerFile):
    """What managers look back on."""

    async def traces(self, wanted: Wanted) -> Sequence[Trace]:
        """Return the acts that are looked for, the latest first."""
        return await self._read(traces, wanted)

    async def deciders(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return everybody who decided anything, and what was decided, each in alphabetical order."""
        return await self._read(deciders)

    async def pulses(self, since: Mapping[str, Sequence[datetime]]) -> Mapping[str, Pulse]:
        """Return what is last known of channels, each with its calls since these moments."""
        return await self._read(pulses, since)

    async def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns by name, but for those that cannot be read."""
        return await self._read(campaigns.every)


def traces(connection: Connection, wanted: Wanted) -> Sequence[Trace]:
    """Return acts with the deliveries that they are about; each step goes down the log's own order."""
    about = ACTS.outerjoin(DELIVERIES, D.id == A.subject)
    query = select(*ACTS.c, D.id.label("delivery"), D.campaign, D.article, D.channel).select_from(about)
    if wanted.before:
        query = query.where(A.number < wanted.before)
    if wanted.by:
        query = query.where(A.by == wanted.by)
    if wanted.verb:
        query = query.where(A.verb == wanted.verb)
    if wanted.subject:
        query = query.where(or_(A.subject == wanted.subject, A.subject.startswith(wanted.subject, autoescape=True)))
    rows: Iterable[Row[Any]] = connection.execute(query.order_by(A.number.desc()).limit(wanted.limit))
    return tuple(
        Trace(
            entry=audit.made(row),
            delivery=row.delivery or "",
            campaign=row.campaign or "",
            article=row.article or "",
            channel=row.channel or "",
        )
        for row in rows
    )


def deciders(connection: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """Return everybody who decided anything, and every verb."""
    pairs = connection.execute(select(A.by, A.verb).distinct()).all()
    return sorted({by for by, _ in pairs}), sorted({verb for _, verb in pairs})


def pulses(connection: Connection, since: Mapping[str, Sequence[datetime]]) -> Mapping[str, Pulse]:
    """Return what is last known of each of these channels."""
    return {name: _pulse(connection, name, moments) for name, moments in since.items()}


def _pulse(connection: Connection, name: str, since: Sequence[datetime]) -> Pulse:
    told, last = channels.quota(connection, name), connection.execute(_LAST, {"on": name}).one_or_none()
    calls = tuple(tuple(connection.execute(_CALLS, {"on": name, "after": each}).one()) for each in since)
    delivery, posted, body = last or ("", None, None)
    quota, heard = told or (None, None)
    return Pulse(quota=quota, heard=heard, calls=calls, posted=posted, delivery=delivery, url=_address(body))


def _address(body: str | None) -> str:
    try:
        return decode(Receipt, body).url if body else ""
    except ValueError:  # its own page tells of the damage
        return ""
