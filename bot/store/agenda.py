"""What stands in the days of a range. Each day costs two steps into an index, however long the queue is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Subquery, TextClause, and_, bindparam, func, select, text, tuple_, union_all
from sqlalchemy.engine import Connection

from bot.domain.agenda import Booked, Span
from bot.domain.delivery import State
from bot.store import rows
from bot.store.prepared import Prepared, among
from bot.store.rows import COLUMNS, JOINED
from bot.store.schema import ARTICLES, DELIVERIES, moment

D = DELIVERIES.c
#: States in which `due` tells when a delivery goes or went out. What is uncertain is looked for again at its `due`, so that
#: its slot counts; what is held or cancelled has no moment.
_MOMENTLESS = (State.HELD, State.CANCELLED, State.UNCERTAIN)
TOLD = text(f"state IN ({', '.join(repr(state.value) for state in State if state not in _MOMENTLESS)})")


_UNSURE = D.state == State.UNCERTAIN.value
_PLANNED = func.coalesce(D.slot, D.due)


def _within(moment: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(moment >= bindparam("since"), moment < bindparam("until"))


def _standing(*more: ColumnElement[bool] | TextClause) -> Subquery:
    """Return id and moment of all that stands in a span. Three queries, so that each is one range of an index."""
    return union_all(
        select(D.id, D.due.label("at")).where(TOLD, _within(D.due), *more),
        select(D.id, D.slot).where(TOLD, D.due.is_(None), _within(D.slot), *more),
        select(D.id, _PLANNED).where(_UNSURE, _within(_PLANNED), *more),
    ).subquery("standing")


def _asked(standing: Subquery) -> tuple[Prepared, Prepared]:
    """Return the queries for how many there are, and for the first of them."""
    first = select(standing.c.id).order_by(standing.c.at, standing.c.id).limit(bindparam("most"))
    return Prepared(select(func.count()).select_from(standing)), Prepared(first)


_EVERYWHERE = _asked(_standing())
#: With the sign, SQLite does not walk through all that a channel ever had instead (sqlite.org/optoverview.html, 2.2).
_THERE = _asked(_standing(text("+deliveries.channel = :channel")))
_READ = select(*COLUMNS).select_from(JOINED).where(D.id.in_(bindparam("of", expanding=True)))
_BOOKED = Prepared(
    select(D.channel, D.slot).where(D.channel.in_(among("on")), _within(D.slot)).order_by(D.channel, D.slot)
)
_TITLES = select(ARTICLES.c.campaign, ARTICLES.c.name, ARTICLES.c.title)


def spans(connection: Connection, edges: Sequence[datetime], most: int, channel: str) -> Sequence[Span]:
    """Return for each span between two edges how many deliveries stand in it, and the first `most` of them by moment."""
    count, first = _THERE if channel else _EVERYWHERE
    found: list[tuple[int, Sequence[str]]] = []
    for since, until in pairwise(edges):
        values = {"since": since, "until": until, "channel": channel, "most": most}
        (number,) = count.run(connection, values).fetchone()
        found.append((number, [name for (name,) in first.run(connection, values)] if number else ()))
    wanted = [name for _, names in found for name in names]
    known = {each.id: each for each in rows.read(connection, _READ, {"of": wanted})} if wanted else {}
    return [(number, [known[name] for name in names if name in known]) for number, names in found]


def booked(connection: Connection, channels: Sequence[str], since: datetime, until: datetime) -> Booked:
    """Return the slots of each of these channels, from `since` up to `until`, that deliveries have."""
    found: dict[str, set[datetime]] = {each: set() for each in channels}
    for channel, slot in _BOOKED.run(connection, {"on": list(channels), "since": since, "until": until}):
        found[channel].add(moment(slot))
    return {channel: frozenset(slots) for channel, slots in found.items()}


def titles(connection: Connection, articles: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Return the title of each of these (campaign, article) that is known."""
    if not articles:
        return {}
    named = tuple_(ARTICLES.c.campaign, ARTICLES.c.name).in_(sorted(set(articles)))
    return {(campaign, name): title for campaign, name, title in connection.execute(_TITLES.where(named))}
