"""Articles: title and text in columns of their own (the full-text index reads them there), the rest as JSON.

One that cannot be read is as good as not there, and whoever finds that forgets its edition: the next intake takes its file
anew. Its posts are not concerned, what they say is kept with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import DBAPIError

from bot.domain.article import Article
from bot.errors import NotFound
from bot.ports import Problem
from bot.store.codec import decode, encode
from bot.store.damage import pass_over
from bot.store.failures import code_of
from bot.store.schema import ARTICLES

BESIDE = frozenset({"campaign", "name", "digest", "language", "title", "text"})
#: The edition of an article that was found damaged: no file has it.
FORGOTTEN = ""
COLUMNS = (*(ARTICLES.c[name] for name in sorted(BESIDE)), ARTICLES.c.body)


def put(connection: Connection, article: Article, seen: datetime) -> None:
    """Keep the article in place of its former edition."""
    values = {name: getattr(article, name) for name in BESIDE}
    new = upsert(ARTICLES).values(body=encode(article, without=BESIDE), seen=seen, **values)
    changed = {name: new.excluded[name] for name in ("digest", "language", "title", "text", "seen", "body")}
    connection.execute(new.on_conflict_do_update(index_elements=["campaign", "name"], set_=changed))


class Damaged(NotFound):
    """An article that is there and cannot be read."""


def get(connection: Connection, campaign: str, name: str) -> Article:
    """Return the article; raises NotFound, or Damaged when it cannot be read."""
    here = select(ARTICLES.c.id).where(ARTICLES.c.campaign == campaign, ARTICLES.c.name == name)
    found = read(connection, select(ARTICLES.c.id, *COLUMNS).where(ARTICLES.c.id.in_(here)))
    if found:
        return found[0]
    if connection.scalar(here) is None:
        raise NotFound(f"there is no article {campaign}/{name}")
    hint = "it is taken anew from its file at the next look at queue/"
    raise Damaged(f"what the database holds of article {campaign}/{name} is damaged", hint=hint)


def read(connection: Connection, query: Select[*tuple[Any, ...]]) -> tuple[Article, ...]:
    """Return the articles that a query over their id and COLUMNS finds, but for those that cannot be read."""
    try:
        return tuple(made(row) for row in connection.execute(query))
    except (ValueError, DBAPIError) as error:
        if code_of(error):
            raise
    found: list[Article] = []
    for each in connection.scalars(query.with_only_columns(ARTICLES.c.id, maintain_column_froms=True)).all():
        try:
            found.append(made(connection.execute(select(*COLUMNS).where(ARTICLES.c.id == each)).one()))
        except (ValueError, DBAPIError) as error:
            if code_of(error):
                raise
            pass_over("article", str(each))
    return tuple(found)


def forget(connection: Connection, campaign: str, name: str) -> None:
    """Let the next intake take an article's file anew, whatever its edition."""
    here = (ARTICLES.c.campaign == campaign, ARTICLES.c.name == name)
    connection.execute(update(ARTICLES).where(*here).values(digest=FORGOTTEN))


def forgotten(connection: Connection) -> Iterator[Problem]:
    """Yield a problem for each article that was found damaged and whose file was not taken anew yet."""
    rows = connection.execute(select(ARTICLES.c.campaign, ARTICLES.c.name).where(ARTICLES.c.digest == FORGOTTEN))
    for campaign, name in rows:
        hint = "nothing is lost if its file is in queue/: the next look takes it anew"
        yield Problem(where=f"{campaign}/{name}", what="what the database holds of it is damaged", hint=hint)


def damaged(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return (campaign, name) of all that cannot be read; reads every one."""
    names = connection.execute(select(ARTICLES.c.id, ARTICLES.c.campaign, ARTICLES.c.name)).all()
    return [
        (campaign, name)
        for number, campaign, name in names
        if not read(connection, select(ARTICLES.c.id, *COLUMNS).where(ARTICLES.c.id == number))
    ]


def editions(connection: Connection) -> Mapping[tuple[str, str], str]:
    """Return the digest of every article's present edition."""
    rows = connection.execute(select(ARTICLES.c.campaign, ARTICLES.c.name, ARTICLES.c.digest))
    return {(campaign, name): digest for campaign, name, digest in rows}


def made(row: Row[*tuple[object, ...]]) -> Article:
    """Return the article that a row of COLUMNS holds."""
    columns = {name: value for name, value in row._mapping.items() if name != "id"}
    return decode(Article, str(columns.pop("body")), columns)
