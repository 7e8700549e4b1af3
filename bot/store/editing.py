"""The part of the port Store that the desk needs most: what managers write on articles, and the inbox in which those lie."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.domain.delivery import Delivery
from bot.domain.edits import Edits
from bot.domain.inbox import Letter, Wanted
from bot.domain.ledger import Act, Change
from bot.store import audit, deliveries, inbox, overrides
from bot.store.file import LedgerFile


class EditsFile(LedgerFile):
    """What managers write on articles."""

    async def edits(self, campaign: str, article: str) -> Edits:
        """Return all that was written on an article."""
        return await self._read(overrides.edits, campaign, article)

    async def edit(
        self,
        campaign: str,
        article: str,
        change: Edits,
        at: datetime,
        *,
        renewed: Sequence[Delivery] = (),
        moves: Sequence[Change] = (),
        added: Sequence[Delivery] = (),
        acts: Sequence[Act] = (),
    ) -> None:
        """Keep what was written with what follows from it, all or nothing; raises NotAllowed as those moves do."""

        def whole(connection: Connection) -> None:
            for each in renewed:
                deliveries.replace_post(connection, each, at)
            deliveries.move(connection, moves, at)
            deliveries.add(connection, added, at)
            overrides.edit(connection, campaign, article, change)

        await self._write(audit.noted(whole, at, *acts))

    async def inbox(self, wanted: Wanted) -> Sequence[Letter]:
        """Return the articles that are wanted, the newest first."""
        return await self._read(inbox.letters, wanted)
