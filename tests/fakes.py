"""Hand-written stand-ins for what lies behind the ports, used by the flow's tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.channel import Account, Limits, Unit
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, ReplyTo, Retry, Sent
from bot.domain.post import Part
from bot.ports import Clock, Found

LIMITS = Limits(length=280, unit=Unit.CODE_POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One publish call as the platform got it."""

    part: Part
    key: PublishKey
    reply_to: ReplyTo | None
    resume: str


@dataclass(slots=True)
class NoticeBoard:
    """A platform in memory: publishes unless its `script` says what to answer (or raise) next.

    `effects` are (key, text) that followers could see; `answers` what `find` says, in order, else what is true. A part
    numbered `break_at` is never taken; `before` runs when a part is asked to go, `after` once it is public, `before_removal`
    before one is removed. `limits` are what it tells when verified, if it is not `unwell`; `refusals` what it answers instead
    of removing a post, by id.
    """

    clock: Clock
    script: list[Outcome | Exception] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    effects: dict[str, Receipt] = field(default_factory=dict)
    answers: list[Receipt | Exception | None] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    closed: bool = False
    break_at: int = 0
    before: Callable[[], Awaitable[object]] | None = None
    after: Callable[[], Awaitable[object]] | None = None
    before_removal: Callable[[], Awaitable[object]] | None = None
    limits: Limits = LIMITS
    unwell: Exception | None = None
    refusals: dict[str, Outcome | Exception] = field(default_factory=dict)

    async def verify(self) -> Account:
        if self.unwell is not None:
            raise self.unwell
        return Account(name="@board", url="https://board.example", limits=self.limits)

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        self.calls.append(Call(part=part, key=key, reply_to=reply_to, resume=resume))
        if self.before is not None:
            await self.before()
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if part.number == self.break_at:
            return Retry(why="refused")
        receipt = self.show(key)
        if self.after is not None:
            await self.after()
        return Sent(receipt=receipt)

    def show(self, key: PublishKey) -> Receipt:
        """Make it public, as a request does whose answer is lost."""
        number = str(len(self.effects) + 1)
        self.effects[key.value] = Receipt(id=number, url=f"https://board.example/{number}", at=self.clock.now())
        return self.effects[key.value]

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        found = self.effects.get(key.value)
        return found if found is not None and found.at >= since else None

    async def retract(self, receipt: Receipt) -> Outcome:
        if self.before_removal is not None:
            await self.before_removal()
        if (refusal := self.refusals.get(receipt.id)) is not None:
            if isinstance(refusal, Exception):
                raise refusal
            return refusal
        self.removed.append(receipt.id)
        return Sent(receipt=receipt)

    async def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class HandEngine:
    """An engine that only remembers when it was asked to wake."""

    asked: list[datetime] = field(default_factory=list)

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        await wake()

    def wake_at(self, moment: datetime) -> None:
        self.asked.append(moment)

    async def stop(self) -> None:
        self.asked.clear()


@dataclass(slots=True)
class Shelf:
    """A source that holds what is put on it."""

    found: Found = field(default_factory=Found)
    name: str = "shelf"

    async def read(self) -> Found:
        return self.found

    async def changes(self) -> AsyncIterator[None]:
        yield None
