"""What `doctor` says: each channel verified, what is missing and how to mend it.

Verifying also heals a paused channel, and tells what waits for it to keep to the limits that its server has now.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.domain.channel import Account, Channel
from bot.errors import HandbillError
from bot.flow.refitting import Refitting
from bot.ports import Platform, Problem, Store

log = structlog.get_logger("checkup")

#: A clock that is off by more is worth a word; by more than the second, signed requests are refused.
CLOCK_WARNS = timedelta(seconds=30)
CLOCK_FAILS = timedelta(minutes=5)


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
        self, store: Store, platforms: Mapping[str, Platform], configured: Sequence[Channel], refitting: Refitting
    ) -> None:
        self._store, self._platforms, self._configured = store, platforms, configured
        self._refitting = refitting
        self._verified: set[str] = set()

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
        """Verify the channels that are paused, so that a new credential is enough to go on, or were never verified yet."""
        paused = {each.name for each in await self._store.channels() if each.paused}
        for channel in self._configured:
            if channel.name not in paused and channel.name in self._verified:
                continue
            if (await self._channel(channel)).level != "error":
                log.info("verified", channel=channel.name, resumed=channel.name in paused)

    async def _channel(self, channel: Channel) -> Finding:
        try:
            account = await self._platforms[channel.name].verify()
        except HandbillError as error:
            return Finding(subject=channel.name, level="error", what=error.what, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - one adapter's fault must not hide what is to be said of the others
            what = f"its adapter failed with {type(error).__name__}"
            return Finding(
                subject=channel.name, level="error", what=what, hint="this is a fault in the program: report it"
            )
        known = replace(channel, limits=account.limits, account=account.name, url=account.url)
        await self._store.put_channel(known)
        held = await self._refitting.look(known)
        await self._store.pause_channel(channel.name, "")
        self._verified.add(channel.name)
        return _finding(channel, account, len(held))


def _finding(channel: Channel, account: Account, held: int) -> Finding:
    limits = account.limits
    what = [f"{account.name}: {limits.length:,} {limits.unit}, {limits.images} images"]
    hints = []
    if account.automated is False:
        what.append("not marked as automated")
        hints.append("mark the account as automated in its profile settings")
    if held:
        what.append(f"{held} waiting {'post' if held == 1 else 'posts'} held: the limits changed")
        hints.append("look at what is held and approve it again")
    level = "warning" if hints else "ok"
    return Finding(subject=channel.name, level=level, what="; ".join(what), hint="; ".join((*hints, *account.notes)))


def surroundings(problems: Sequence[Problem], folder_there: bool, folder: str) -> list[Finding]:  # noqa: FBT001 - a fact
    """Return what is to be said of the managers' folder."""
    if not folder_there:
        return [
            Finding(subject="queue", level="warning", what=f"{folder} is not there", hint="`handbill init` makes it")
        ]
    return [Finding(subject=each.where, level=each.level, what=each.what, hint=each.hint) for each in problems] or [
        Finding(subject="queue", level="ok", what=f"{folder}: every file could be taken")
    ]


def clock(ahead: timedelta | None) -> list[Finding]:
    """Return what is to be said of this machine's clock, which stands `ahead` behind the platforms' (None = unknown)."""
    if ahead is None:
        return []
    seconds = abs(round(ahead.total_seconds()))
    if seconds <= CLOCK_WARNS.total_seconds():
        return [Finding(subject="clock", level="ok", what=f"within {max(seconds, 1)} s of the platforms' clocks")]
    what = f"{seconds:,} s {'behind' if ahead > timedelta(0) else 'ahead of'} the platforms' clocks"
    level = "error" if seconds > CLOCK_FAILS.total_seconds() else "warning"
    return [
        Finding(
            subject="clock", level=level, what=what, hint="set it by NTP: posts go out late and signatures are refused"
        )
    ]
