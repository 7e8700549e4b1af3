"""The ports of results: what platforms tell of their posts, and where that is kept. Read it after bot.ports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.domain.outcome import Receipt
from bot.domain.reactions import Asked, Published, Reactions, Result, Sought, Sum


@runtime_checkable
class Reporting(Protocol):
    """What a Platform may do besides: tell what became of its posts. Its `Limits.reports` say what it counts."""

    async def reactions(self, receipts: Sequence[Receipt]) -> Mapping[str, Reactions]:
        """Return what is counted by the receipts' ids, without those of which the platform says nothing (any more).

        It takes up to `Limits.reports.batch` of them. Raises Unreachable or BadSetting.
        """
        ...


class Results(Protocol):
    """What platforms reported of what is published; raises StoreError."""

    async def reported_next(
        self, channel: str, now: datetime, since: datetime, before: datetime, most: int
    ) -> Sequence[Published]: ...
    # ^ of which it is time to ask; neither what was to be asked before `since` nor what was published after `before`
    async def put_reactions(self, asked: Sequence[Asked]) -> None: ...
    async def put_read(
        self, channel: str, at: datetime, cost: int
    ) -> None: ...  # before it is asked; counts as `spent`
    async def reactions(self, delivery: str) -> Sequence[tuple[int, Reactions]]: ...  # (part, what was told), by time
    async def results(self, sought: Sought) -> Sequence[Result]: ...
    async def count_results(self, sought: Sought) -> int: ...  # how many without the limit
    async def sums(self, sought: Sought) -> Sequence[Sum]: ...  # by channel and quarter of an hour
