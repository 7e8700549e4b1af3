"""Campaigns, and the problems that managers should see.

A campaign that cannot be read is not taken for a plain one, since it may want approval; the next intake keeps it anew.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import LargeBinary, cast, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.campaign import Campaign
from bot.errors import NotFound
from bot.ports import Problem
from bot.store.codec import decode, encode
from bot.store.damage import pass_over
from bot.store.schema import CAMPAIGNS, PROBLEMS

_BODIES = select(CAMPAIGNS.c.name, cast(CAMPAIGNS.c.body, LargeBinary))
_PROBLEMS = select(PROBLEMS.c.source, cast(PROBLEMS.c.body, LargeBinary)).order_by(PROBLEMS.c.source, PROBLEMS.c.number)


def put(connection: Connection, campaigns: Sequence[Campaign]) -> None:
    """Keep the campaigns, each in place of the one of its name."""
    new = upsert(CAMPAIGNS)
    new = new.on_conflict_do_update(index_elements=["name"], set_={"body": new.excluded.body})
    if campaigns:
        connection.execute(new, [{"name": each.name, "body": encode(each)} for each in campaigns])


def get(connection: Connection, name: str) -> Campaign:
    """Return the campaign of that name, a plain one when nothing is known about it; NotFound when it cannot be read."""
    row = connection.execute(_BODIES.where(CAMPAIGNS.c.name == name)).one_or_none()
    try:
        return decode(Campaign, row[1]) if row else Campaign(name=name)
    except ValueError as error:
        pass_over("campaign", name)
        hint = "the next look at queue/ keeps it anew"
        raise NotFound(f"what the database holds of campaign {name} is damaged", hint=hint) from error


def every(connection: Connection) -> Sequence[Campaign]:
    """Return all campaigns by name, but for those that cannot be read."""
    found: list[Campaign] = []
    for name, body in connection.execute(_BODIES.order_by(CAMPAIGNS.c.name)):
        try:
            found.append(decode(Campaign, body))
        except ValueError:
            pass_over("campaign", name)
    return tuple(found)


def damaged(connection: Connection) -> Iterator[str]:
    """Yield in words which campaigns cannot be read."""
    for name, body in connection.execute(_BODIES):
        try:
            decode(Campaign, body)
        except ValueError:
            yield f"campaign {name} is damaged: the next look at queue/ keeps it anew"


def put_problems(connection: Connection, source: str, problems: Sequence[Problem]) -> None:
    """Keep these as all the problems that source has."""
    connection.execute(delete(PROBLEMS).where(PROBLEMS.c.source == source))
    rows = [{"source": source, "number": n, "body": encode(each)} for n, each in enumerate(problems)]
    if rows:
        connection.execute(insert(PROBLEMS), rows)


def problems(connection: Connection) -> Sequence[Problem]:
    """Return every source's problems, in the order in which they were found."""
    found: list[Problem] = []
    for source, body in connection.execute(_PROBLEMS):
        try:
            found.append(decode(Problem, body))
        except ValueError:
            pass_over("problem of", source)
    return tuple(found)
