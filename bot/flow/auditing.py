"""Looking back on what was decided: is the audit log whole, and all of it as a table."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.ledger import Entry, chained
from bot.domain.trail import Wanted
from bot.flow.tables import line
from bot.ports import Clock, Store, Trail

#: Entries that are read at a time where all are wanted.
AT_ONCE = 2000
HEADS = ("number", "at", "by", "verb", "subject", "words", "campaign", "article", "channel", "chain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How far the chain of the audit log was recomputed, and when: up to entry `upto` of `entries`, whose chain is `head`.

    `broken` is the first entry that does not follow from those before it, 0 when there is none so far.
    """

    at: datetime
    entries: int = 0
    upto: int = 0
    head: str = ""
    broken: int = 0

    @property
    def whole(self) -> bool:
        """Tell whether all was recomputed and every entry follows from those before it."""
        return not self.broken and self.upto == self.entries


class Auditing:
    """Recomputes the chain bit by bit, so that no page waits for a long one; what it found is kept while the process lives."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known = Verified(at=clock.now())
        self._one = asyncio.Lock()

    async def verified(self) -> Verified:
        """Return how the chain stands after some more entries were recomputed, at most AT_ONCE of them."""
        async with self._one:
            if not self._known.broken:
                await self._more()
            return self._known

    async def anew(self) -> Verified:
        """Recompute the whole chain from its first entry on, also what was found to be sound before."""
        async with self._one:
            self._known = Verified(at=self._clock.now())
            while await self._more():
                pass
            return self._known

    async def _more(self) -> bool:
        """Recompute the next entries; return whether it is worth doing so again."""
        before, last = self._known, await self._store.last_act()
        # The last that was found to be sound is read once more: it shows whether the log was changed or cut since.
        found = await self._store.acts(max(before.upto - 1, 0), AT_ONCE)
        upto, head, broken = await asyncio.to_thread(_followed, found, before)
        entries = max(last.number if last else 0, upto, broken)
        self._known = Verified(at=self._clock.now(), entries=entries, upto=upto, head=head, broken=broken)
        return not broken and before.upto < upto < entries


def _followed(entries: Sequence[Entry], known: Verified) -> tuple[int, str, int]:
    """Return the last entry that follows from those before it, its chain, and the first one that does not (0 = all do).

    The first of the entries is the last that is known to be sound, if any is.
    """
    upto, head = known.upto, known.head
    if upto and (not entries or (entries[0].number, entries[0].chain) != (upto, head)):
        return upto - 1, "", upto
    for entry in entries[bool(upto) :]:
        if entry.number != upto + 1 or entry.chain != chained(entry, head):
            return upto, head, upto + 1
        upto, head = entry.number, entry.chain
    return upto, head, 0


async def csv_lines(trail: Trail, wanted: Wanted) -> AsyncIterator[str]:
    """Yield the lines of a table of all that is wanted, the latest first, however much that is; moments are UTC."""
    yield line(HEADS)
    wanted = replace(wanted, limit=AT_ONCE)
    while found := await trail.traces(wanted):
        for each in found:
            entry, act = each.entry, each.entry.act
            told = (entry.number, entry.at.isoformat(), act.by, act.verb, act.subject, act.words)
            yield line((*told, each.campaign, each.article, each.channel, entry.chain))
        wanted = replace(wanted, before=found[-1].entry.number)
