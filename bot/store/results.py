"""The port Results on the database file: each method names the function of reactions.py that does it, and who runs it."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.reactions import Asked, Published, Reactions, Result, Sought, Sum
from bot.store import reactions
from bot.store.file import LedgerFile


class ResultsFile(LedgerFile):
    """What platforms reported of what is published."""

    async def reported_next(
        self, channel: str, now: datetime, since: datetime, before: datetime, most: int
    ) -> Sequence[Published]:
        """Return the parts of a channel about which its platform is to be asked now, the longest due first."""
        return await self._read(reactions.due, channel, now, since, before, most)

    async def put_reactions(self, asked: Sequence[Asked]) -> None:
        """Keep what came of asking, and when to ask again."""
        await self._write(reactions.put, asked)

    async def put_read(self, channel: str, at: datetime, cost: int) -> None:
        """Keep what a question is about to cost, in millionths."""
        await self._write(reactions.put_read, channel, at, cost)

    async def reactions(self, delivery: str) -> Sequence[tuple[int, Reactions]]:
        """Return all that was reported of a delivery's parts, in the order of time."""
        return await self._read(reactions.history, delivery)

    async def results(self, sought: Sought) -> Sequence[Result]:
        """Return the posted deliveries of a time with what was last reported of them."""
        return await self._read(reactions.every, sought)

    async def count_results(self, sought: Sought) -> int:
        """Return how many deliveries that would be without a limit."""
        return await self._read(reactions.count, sought)

    async def sums(self, sought: Sought) -> Sequence[Sum]:
        """Return what each channel's deliveries of a time got, by the quarter of an hour in which they were posted."""
        return await self._read(reactions.sums, sought)
