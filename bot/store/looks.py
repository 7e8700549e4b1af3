"""What was found at addresses, and when."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from bot.ports import Look
from bot.store.codec import decode, encode
from bot.store.schema import LOOKS


def put(connection: Connection, looks: Mapping[str, Look], at: datetime, since: datetime) -> None:
    """Keep what was found now, and nothing that was found before `since`."""
    connection.execute(delete(LOOKS).where(LOOKS.c.at < since))
    new = upsert(LOOKS)
    new = new.on_conflict_do_update(index_elements=["url"], set_={"at": new.excluded.at, "body": new.excluded.body})
    if looks:
        connection.execute(new, [{"url": url, "at": at, "body": encode(look)} for url, look in looks.items()])


def every(connection: Connection, since: datetime) -> Mapping[str, tuple[datetime, Look]]:
    """Return what was found at or after `since` by address, with its moment."""
    rows = connection.execute(select(LOOKS.c.url, LOOKS.c.at, LOOKS.c.body).where(LOOKS.c.at >= since))
    return {url: (at, decode(Look, body)) for url, at, body in rows}
