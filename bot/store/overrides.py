"""The words that managers want on a channel instead of an excerpt, and the directory of who may be mentioned."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.domain.directory import Directory
from bot.store.codec import decode, encode
from bot.store.schema import DIRECTORY, OVERRIDES

WORDS = OVERRIDES.c
_DIRECTORY = select(DIRECTORY.c.body)


def put(connection: Connection, campaign: str, article: str, channel: str, text: str) -> None:
    """Keep the words for an article on a channel, "" clears them; raises NotFound for a channel that is not there."""
    if not text:
        connection.execute(
            delete(OVERRIDES).where(WORDS.campaign == campaign, WORDS.article == article, WORDS.channel == channel)
        )
        return
    new = upsert(OVERRIDES).values(campaign=campaign, article=article, channel=channel, text=text)
    keys = ["campaign", "article", "channel"]
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_={"text": new.excluded.text}))


def every(connection: Connection, campaign: str, article: str) -> Mapping[tuple[str, str, str], str]:
    """Return the words by (campaign, article, channel), in that order; an empty name matches all."""
    query = select(WORDS.campaign, WORDS.article, WORDS.channel, WORDS.text).order_by(
        WORDS.campaign, WORDS.article, WORDS.channel
    )
    for column, wanted in ((WORDS.campaign, campaign), (WORDS.article, article)):
        query = query.where(column == wanted) if wanted else query
    return {(row.campaign, row.article, row.channel): row.text for row in connection.execute(query)}


def put_directory(connection: Connection, directory: Directory) -> None:
    """Keep the directory in place of the former one."""
    new = upsert(DIRECTORY).values(id=1, body=encode(directory))
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_={"body": new.excluded.body}))


def directory(connection: Connection) -> Directory:
    """Return the directory, an empty one when none was ever kept."""
    body = connection.scalar(_DIRECTORY)
    return decode(Directory, body) if body else Directory()
