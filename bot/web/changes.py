"""Whether the ledger changed: one cheap look a second, however many pages are open."""

import asyncio

from bot.ports import Clock, Store

#: Seconds for which what was seen is taken to be still so.
FRESH = 0.8


class Changes:
    """The ledger's version, shared by all who wait for the next one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._looking = asyncio.Lock()
        self._seen, self._version = -FRESH, 0

    async def version(self) -> int:
        """Return a number that is another one after anything was written, by whomever; raises StoreError."""
        async with self._looking:
            now = self._clock.monotonic()
            if now - self._seen >= FRESH or self._version == 0:
                self._version = await self._store.version()
                self._seen = self._clock.monotonic()
            return self._version
