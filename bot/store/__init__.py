"""The ledger (deliveries, attempts, receipts) and the archive (campaigns, articles), on SQLite.

Read in this order:

    sql.py          SqlStore: the Store and Witness ports, each method one transaction
    file.py         the open file below it: the writer, the readers, and what can be wrong with it
    writer.py       the one thread that writes, with group commit; the only place that checkpoints
    connections.py  how a connection to the file is made
    schema.py       the tables; migrations/ makes them, migrate.py brings a file up to date
    codec.py        frozen dataclasses <-> JSON
    failures.py     what a database error means, in plain words
    setright.py     brings back what a clock that was wrong has put off
    prepared.py     the few statements that every delivery needs, compiled once
    archive.py exchange.py   backups and exports
    lock.py accounts.py      one running bot to a database, and to an account
    articles.py campaigns.py overrides.py channels.py deliveries.py attempts.py looks.py readers.py reactions.py
    witness.py      one noun each
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from bot.ports import Clock

if TYPE_CHECKING:
    from bot.store.sql import SqlStore

#: How many seconds to wait for another program that is writing, before giving up in words.
PATIENCE = 10.0


async def open_store(path: Path, clock: Clock, *, patience: float = PATIENCE) -> "SqlStore":
    """Open the database at `path`, made or upgraded first where needed (a copy is kept before an upgrade).

    Raises StoreTooNew when a newer Handbill wrote it, StoreError when it cannot be used; then nothing was changed.
    """
    return await asyncio.to_thread(_open, path, clock, patience)


def _open(path: Path, clock: Clock, patience: float) -> "SqlStore":
    # Imported here so that whoever only imports this package does not pay for SQLAlchemy.
    from bot.store.behind import catch_up
    from bot.store.migrate import prepare
    from bot.store.sql import SqlStore

    prepare(path, clock.now(), patience)
    catch_up(path, clock.now(), patience)
    return SqlStore(path, clock, patience)
