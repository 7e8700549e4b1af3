"""What managers write on an article (bot.domain.edits), and the directory of who may be mentioned."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Table, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.directory import Directory
from bot.domain.edits import Edits, Wish
from bot.store.codec import decode, encode
from bot.store.schema import ALTS, DESTINATIONS, DIRECTORY, OVERRIDES

WORDS = OVERRIDES.c
_DIRECTORY = select(DIRECTORY.c.body)


def put(connection: Connection, campaign: str, article: str, channel: str, text: str) -> None:
    """Keep the words for an article on a channel, "" clears them; raises NotFound for a channel that is not there."""
    say(connection, campaign, article, channel, Wish(text=text) if text else None)


def say(connection: Connection, campaign: str, article: str, channel: str, wish: Wish | None) -> None:
    """Keep what an article is to say on a channel, None clears it."""
    here = {"campaign": campaign, "article": article, "channel": channel}
    values = {"text": wish.text, "start": wish.start if wish.passage else None} if wish else None
    _put(connection, OVERRIDES, here, values)


def every(connection: Connection, campaign: str, article: str) -> Mapping[tuple[str, str, str], str]:
    """Return managers' own words by (campaign, article, channel), in that order; an empty name matches all."""
    query = select(WORDS.campaign, WORDS.article, WORDS.channel, WORDS.text).where(WORDS.start.is_(None))
    query = query.order_by(WORDS.campaign, WORDS.article, WORDS.channel)
    for column, wanted in ((WORDS.campaign, campaign), (WORDS.article, article)):
        query = query.where(column == wanted) if wanted else query
    return {(row.campaign, row.article, row.channel): row.text for row in connection.execute(query)}


def edit(connection: Connection, campaign: str, article: str, change: Edits) -> None:
    """Keep what was written on an article; entries of None clear what was written before."""
    here = {"campaign": campaign, "article": article}
    for channel, wish in change.said.items():
        say(connection, campaign, article, channel, wish)
    for channel, goes in change.goes.items():
        _put(connection, DESTINATIONS, here | {"channel": channel}, None if goes is None else {"goes": int(goes)})
    for image, alt in change.alts.items():
        _put(connection, ALTS, here | {"image": image}, {"text": alt} if alt else None)


def edits(connection: Connection, campaign: str, article: str) -> Edits:
    """Return all that was written on an article."""

    def rows(table: Table) -> CursorResult[Any]:
        return connection.execute(select(table).where(table.c.campaign == campaign, table.c.article == article))

    return Edits(
        said={
            row.channel: Wish(text=row.text, start=-1 if row.start is None else row.start) for row in rows(OVERRIDES)
        },
        goes={row.channel: bool(row.goes) for row in rows(DESTINATIONS)},
        alts={row.image: row.text for row in rows(ALTS)},
    )


def _put(connection: Connection, table: Table, here: Mapping[str, str], values: Mapping[str, object] | None) -> None:
    """Keep one row in place of the former one; no values = no row."""
    if values is None:
        connection.execute(delete(table).where(*(table.c[name] == each for name, each in here.items())))
        return
    new = upsert(table).values(**here, **values)
    connection.execute(
        new.on_conflict_do_update(index_elements=[*here], set_={name: new.excluded[name] for name in values})
    )


def put_directory(connection: Connection, directory: Directory) -> None:
    """Keep the directory in place of the former one."""
    new = upsert(DIRECTORY).values(id=1, body=encode(directory))
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_={"body": new.excluded.body}))


def directory(connection: Connection) -> Directory:
    """Return the directory, an empty one when none was ever kept."""
    body = connection.scalar(_DIRECTORY)
    return decode(Directory, body) if body else Directory()
