"""What `doctor` says: each channel verified, what is missing and how to mend it.

Verifying also tells what waits for a channel to keep to the limits that its server has now, and lets a paused channel go
on. That an account can be verified does not prove that it may post: a channel that is refused again each time waits longer
each time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.domain.channel import Account, Channel
from bot.domain.delivery import State
from bot.domain.ledger import Act
from bot.errors import HandbillError, NotAllowed, NotFound
from bot.flow.refitting import Refitting
from bot.ports import Clock, Platform, Problem, Store

log = structlog.get_logger("checkup")

#: A clock that is off by more is worth a word; by more than the second, signed requests are refused.
CLOCK_WARNS = timedelta(seconds=30)
CLOCK_FAILS = timedelta(minutes=5)
#: How long a channel waits that was refused although it had been verified; doubled each time, up to the second.
PATIENCE, LONGEST = timedelta(minutes=5), timedelta(hours=6)
#: Under which name the store keeps what is wrong with channels, and when that is looked at again.
SOURCE, AGAIN = "channels", "a running bot asks again every few minutes"
#: What the audit log calls a person's word on one channel.
PAUSED, GOES_ON = "pause channel", "resume channel"
#: Among so many posts that were sent last, a channel's own is looked for.
RECENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `level` is "ok", "warning" or "error"; `hint` says what to do."""

    subject: str
    level: str
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of the last look at a channel, and when that was; `account` None when it could not be verified."""

    at: datetime
    finding: Finding
    account: Account | None = None


class Checkup:
    """Verifies channels and keeps their live limits in the store. `seen` is what came of it, by channel, in this process.

    What a person paused stays paused until a person lets it go on.

    How often a channel was let go on in vain is remembered as long as the process lives: a restart brings new credentials.
    """

    def __init__(
        self,
        store: Store,
        platforms: Mapping[str, Platform],
        configured: Sequence[Channel],
        refitting: Refitting,
        clock: Clock,
    ) -> None:
        self._store, self._platforms, self._configured = store, platforms, configured
        self._refitting, self._clock = refitting, clock
        self._verified: set[str] = set()
        self._let_go: dict[str, tuple[int, datetime]] = {}
        self._told: tuple[Problem, ...] | None = None
        self.seen: dict[str, Seen] = {}

    async def register(self) -> None:
        """Put every configured channel into the store that is not there, or cannot be read, with its platform's limits."""
        known = {each.name for each in await self._store.channels()}
        for channel in self._configured:
            if channel.name not in known:
                await self._store.put_channel(channel)
                self._verified.discard(channel.name)

    async def channels(self, by: str = "") -> Sequence[Finding]:
        """Verify every channel, all at once; a verified one goes on if it was paused, and has its server's limits.

        What goes on because a person asked is told as an act of theirs: `by`, "" = nobody asked.
        """
        paused = await self._paused()
        found = await asyncio.gather(*(self._channel(each, paused.get(each.name, ""), by) for each in self._configured))
        await self._tell(found)
        return found

    async def check(self, name: str, by: str) -> Finding:
        """Verify one channel in the name of who asks; it goes on if its platform's refusal had paused it. Raises NotFound."""
        channel = next((each for each in self._configured if each.name == name), None)
        if channel is None:
            raise NotFound(f"the channel {name} is not set up", hint="what it lacks stands beside it")
        await self.register()
        found = await self._channel(channel, (await self._paused()).get(name, ""), by)
        await self._tell([each.finding for each in self.seen.values()])
        return found

    async def mend(self) -> None:
        """Verify the channels that were never verified yet, and those that are paused when it is time to try again."""
        await self.register()
        paused, found = await self._paused(), []
        for channel in self._configured:
            why = paused.get(channel.name, "")
            if why:
                if self._clock.now() < await self._next_try(channel.name):
                    continue
            elif channel.name in self._verified:
                continue
            found.append(await self._channel(channel, why))
            if found[-1].level != "error":
                log.info("verified", channel=channel.name, resumed=bool(why))
        await self._tell(found)

    async def _tell(self, findings: Sequence[Finding]) -> None:
        """Let everybody know which channels could not be verified, why, and when they are asked again."""
        told = tuple(
            Problem(where=each.subject, what=each.what, hint=f"{each.hint}; {AGAIN}".removeprefix("; "))
            for each in findings
            if each.level == "error"
        )
        if told != self._told:
            await self._store.put_problems(SOURCE, told)
            self._told = told

    async def _paused(self) -> Mapping[str, str]:
        """Return why each channel is paused that its platform's refusal has paused, not a person."""
        paused = {each.name: each.paused for each in await self._store.channels() if each.paused}
        return {name: why for name, why in paused.items() if not await self._by_hand(name)}

    async def _by_hand(self, channel: str) -> bool:
        last = await self._store.last_act(verbs=(PAUSED, GOES_ON), subject=channel)
        return last is not None and last.act.verb == PAUSED

    async def _next_try(self, channel: str) -> datetime:
        """Return when a paused channel may go on: at once the first time and after a post that went out."""
        if channel not in self._let_go:
            return self._clock.now()
        times, at = self._let_go[channel]
        recent = await self._store.moved((State.SENT,), RECENT)
        if any(receipt.at > at for each in recent if each.channel == channel for _, receipt in each.receipts):
            del self._let_go[channel]
            return self._clock.now()
        return at + min(PATIENCE * 2.0 ** min(times - 1, 20), LONGEST)

    async def _channel(self, channel: Channel, paused: str, by: str = "") -> Finding:
        account, finding = await self._verify(channel)
        if account is not None:
            finding = await self._known(channel, account, paused, by)
        self.seen[channel.name] = Seen(at=self._clock.now(), finding=finding, account=account)
        return finding

    async def _verify(self, channel: Channel) -> tuple[Account | None, Finding]:
        """Return who we are on a channel, None and what is wrong when its platform does not tell."""
        try:
            account = await self._platforms[channel.name].verify()
        except HandbillError as error:
            return None, Finding(subject=channel.name, level="error", what=error.what, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - one adapter's fault must not hide what is to be said of the others
            what, hint = f"its adapter failed with {type(error).__name__}", "this is a fault in the program: report it"
            return None, Finding(subject=channel.name, level="error", what=what, hint=hint)
        return account, Finding(subject=channel.name, level="ok", what=account.name)

    async def _known(self, channel: Channel, account: Account, paused: str, by: str) -> Finding:
        """Keep what a platform told of a channel, and let it go on if it was paused."""
        known = replace(channel, limits=account.limits, account=account.name, url=account.url)
        await self._store.put_channel(known)
        held = await self._refitting.look(known)
        self._verified.add(channel.name)
        if paused:
            times, _ = self._let_go.get(channel.name, (0, None))
            self._let_go[channel.name] = times + 1, self._clock.now()
            act = Act(by=by, verb=GOES_ON, subject=channel.name, words=f"it was paused: {paused}") if by else None
            with suppress(NotAllowed):  # somebody has paused it meanwhile
                await self._store.pause_channel(channel.name, "", act, was=paused)
        return _finding(channel, account, len(held), paused)


def _finding(channel: Channel, account: Account, held: int, paused: str) -> Finding:
    limits = account.limits
    what = [f"{account.name}: {limits.length:,} {limits.unit}, {limits.images} images"]
    hints = []
    if account.automated is False:
        what.append("not marked as automated")
        hints.append("mark the account as automated in its profile settings")
    if paused:
        what.append(f"it was paused ({paused}) and goes on, since it could be verified")
        hints.append("its next post shows whether it may post again; if not, it is paused again")
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
