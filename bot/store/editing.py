"""The part of the port Store that the desk needs most: what managers write on articles, and the inbox in which those lie."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.domain.delivery import Delivery, State
from bot.domain.edits import Edits
from bot.domain.inbox import Letter, Wanted
from bot.domain.ledger import Act, Change
from bot.errors import NotAllowed
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
        seen: Mapping[str, int] | None = None,
        renewed: Sequence[Delivery] = (),
        moves: Sequence[Change] = (),
        added: Sequence[Delivery] = (),
        acts: Sequence[Act] = (),
    ) -> Sequence[Delivery]:
        """Keep what was written with what follows from it, all or nothing; return the article's deliveries as they are then.

        Raises NotAllowed as those moves do, when one that was `seen` has another version, and when what is to be added
        would be the second on its channel that lives.
        """

        def whole(connection: Connection) -> Sequence[Delivery]:
            for name, version in (seen or {}).items():
                if deliveries.get(connection, name).version != version:
                    raise deliveries.moved_on(connection, name)
            for each in renewed:
                deliveries.replace_post(connection, each, at)
            deliveries.move(connection, moves, at)
            there = deliveries.every(connection, campaign, article, "", (), 0)
            refuse_second(there, added)
            deliveries.add(connection, added, at)
            overrides.edit(connection, campaign, article, change)
            return deliveries.every(connection, campaign, article, "", (), 0)

        return await self._write(audit.noted(whole, at, *acts))

    async def inbox(self, wanted: Wanted) -> Sequence[Letter]:
        """Return the articles that are wanted, the newest first."""
        return await self._read(inbox.letters, wanted)


def refuse_second(there: Sequence[Delivery], added: Sequence[Delivery]) -> None:
    """Refuse to send an article to a channel on which a delivery of it lives: somebody else did so first."""
    living = {each.channel: each for each in there if each.state is not State.CANCELLED}
    for each in added:
        if first := living.get(each.channel):
            what = f"the article goes to {each.channel} already: delivery {first.id} is {first.state}"
            raise NotAllowed(what, hint="somebody was first: look at the article again, then decide")
