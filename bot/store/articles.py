"""Articles: title and text in columns of their own (the full-text index reads them there), the rest as JSON."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row

from bot.domain.article import Article
from bot.errors import NotFound
from bot.store.codec import decode, encode
from bot.store.schema import ARTICLES

BESIDE = frozenset({"campaign", "name", "digest", "language", "title", "text"})
COLUMNS = (*(ARTICLES.c[name] for name in sorted(BESIDE)), ARTICLES.c.body)


def put(connection: Connection, article: Article, seen: datetime) -> None:
    """Keep the article in place of its former edition."""
    values = {name: getattr(article, name) for name in BESIDE}
    new = upsert(ARTICLES).values(body=encode(article, without=BESIDE), seen=seen, **values)
    changed = {name: new.excluded[name] for name in ("digest", "language", "title", "text", "seen", "body")}
    connection.execute(new.on_conflict_do_update(index_elements=["campaign", "name"], set_=changed))


def get(connection: Connection, campaign: str, name: str) -> Article:
    """Return the article; raises NotFound."""
    query = select(*COLUMNS).where(ARTICLES.c.campaign == campaign, ARTICLES.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no article {campaign}/{name}")
    return made(row)


def editions(connection: Connection) -> Mapping[tuple[str, str], str]:
    """Return the digest of every article's present edition."""
    rows = connection.execute(select(ARTICLES.c.campaign, ARTICLES.c.name, ARTICLES.c.digest))
    return {(campaign, name): digest for campaign, name, digest in rows}


def made(row: Row[*tuple[object, ...]]) -> Article:
    """Return the article that a row of COLUMNS holds."""
    columns = dict(row._mapping)
    return decode(Article, str(columns.pop("body")), columns)
