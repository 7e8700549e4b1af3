"""What `doctor` says: each channel verified, what is missing and how to mend it. Verifying also heals a paused channel."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.domain.channel import Account, Channel
from bot.errors import HandbillError
from bot.ports import Clock, Platform, Problem, Store

log = structlog.get_logger("checkup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `level` is "ok", "warning" or "error"; `hint` says what to do."""

    subject: str
    level: str
    what: str
    hint: str = ""


class Checkup:
    """Verifies channels and keeps their live limits in the store."""

    def __init__(
        self, store: Store, clock: Clock, platforms: Mapping[str, Platform], configured: Sequence[Channel]
    ) -> None:
        self._store, self._clock, self._platforms, self._configured = store, clock, platforms, configured

    async def register(self) -> None:
        """Put every configured channel into the store as far as it is not there, with its platform's default limits."""
        known = {each.name for each in await self._store.channels()}
        for channel in self._configured:
            if channel.name not in known:
                await self._store.put_channel(channel)

    async def channels(self) -> Sequence[Finding]:
        """Verify every channel, all at once; a verified one is no longer paused and has its server's limits."""
        return await asyncio.gather(*(self._channel(channel) for channel in self._configured))

    async def mend(self) -> None:
        """Verify again the channels that are paused, so that a new credential is enough to go on."""
        paused = {each.name for each in await self._store.channels() if each.paused}
        for channel in self._configured:
            if channel.name in paused and (await self._channel(channel)).level != "error":
                log.info("resumed", channel=channel.name)

    async def _channel(self, channel: Channel) -> Finding:
        try:
            account = await self._platforms[channel.name].verify()
        except HandbillError as error:
            return Finding(subject=channel.name, level="error", what=error.what, hint=error.hint)
        await self._store.put_channel(
            Channel(
                name=channel.name,
                platform=channel.platform,
                limits=account.limits,
                account=account.name,
                url=account.url,
            )
        )
        await self._store.pause_channel(channel.name, "")
        return _finding(channel, account)


def _finding(channel: Channel, account: Account) -> Finding:
    limits = account.limits
    what = f"{account.name}: {limits.length:,} {limits.unit}, {limits.images} images"
    notes = "; ".join(account.notes)
    if account.automated is False:
        hint = "mark the account as automated in its profile settings" + (f"; {notes}" if notes else "")
        return Finding(subject=channel.name, level="warning", what=f"{what}; not marked as automated", hint=hint)
    return Finding(subject=channel.name, level="ok", what=what, hint=notes)


def surroundings(problems: Sequence[Problem], folder_there: bool, folder: str) -> list[Finding]:  # noqa: FBT001 - a fact
    """Return what is to be said of the managers' folder."""
    if not folder_there:
        return [
            Finding(subject="queue", level="warning", what=f"{folder} is not there", hint="`handbill init` makes it")
        ]
    return [Finding(subject=each.where, level=each.level, what=each.what, hint=each.hint) for each in problems] or [
        Finding(subject="queue", level="ok", what=f"{folder}: every file could be taken")
    ]
