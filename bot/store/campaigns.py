"""Campaigns, and the problems that managers should see."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.campaign import Campaign
from bot.ports import Problem
from bot.store.codec import decode, encode
from bot.store.schema import CAMPAIGNS, PROBLEMS


def put(connection: Connection, campaigns: Sequence[Campaign]) -> None:
    """Keep the campaigns, each in place of the one of its name."""
    new = upsert(CAMPAIGNS)
    new = new.on_conflict_do_update(index_elements=["name"], set_={"body": new.excluded.body})
    if campaigns:
        connection.execute(new, [{"name": each.name, "body": encode(each)} for each in campaigns])


def get(connection: Connection, name: str) -> Campaign:
    """Return the campaign of that name, a plain one when nothing is known about it."""
    body = connection.scalar(select(CAMPAIGNS.c.body).where(CAMPAIGNS.c.name == name))
    return decode(Campaign, body) if body else Campaign(name=name)


def put_problems(connection: Connection, source: str, problems: Sequence[Problem]) -> None:
    """Keep these as all the problems that source has."""
    connection.execute(delete(PROBLEMS).where(PROBLEMS.c.source == source))
    rows = [{"source": source, "number": n, "body": encode(each)} for n, each in enumerate(problems)]
    if rows:
        connection.execute(insert(PROBLEMS), rows)


def problems(connection: Connection) -> Sequence[Problem]:
    """Return every source's problems, in the order in which they were found."""
    bodies = connection.scalars(select(PROBLEMS.c.body).order_by(PROBLEMS.c.source, PROBLEMS.c.number))
    return tuple(decode(Problem, body) for body in bodies)
