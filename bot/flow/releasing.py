"""The hold that stops everything, and what becomes of what came due while it lasted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.delivery import COMING, Delivery, State
from bot.domain.ledger import Act, Change, Hold
from bot.errors import NotAllowed
from bot.flow.deciding import Deciding, guarded
from bot.flow.planning import Planner
from bot.ports import Clock, Store


class Overdue(StrEnum):
    """What to do with what came due while everything was paused."""

    LATE = "late"
    RESLOT = "reslot"
    DROP = "drop"


#: The same in words, for those who are to choose.
CHOICES = {
    Overdue.LATE: "post late, spread as each plan says",
    Overdue.RESLOT: "use the next free slots, in order",
    Overdue.DROP: "cancel what came due",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a resume did: how many had come `due`, got a new slot, were held for want of one, or were cancelled.

    `begun` are threads of which a part is public: they cannot be dropped and go on. `uncertain` is how many are that, which
    no choice here touches.
    """

    hold: Hold
    due: int = 0
    reslotted: int = 0
    held: int = 0
    dropped: int = 0
    begun: int = 0
    uncertain: int = 0


class Releasing:
    """Stops all posting, and lets it go on."""

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str) -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)

    async def pause(self, why: str) -> Hold:
        """Stop all posting: nothing more is armed from now on. A second pause keeps the moment of the first."""
        return await self._store.set_hold(Hold(on=True, why=why), [self._deciding.act("pause", words=why)])

    async def overdue(self, limit: int = 0) -> Sequence[Delivery]:
        """Return what has come due and was not sent, the longest due first; `limit` 0 = all.

        What was put off (a platform said "in an hour") came due at its slot.
        """
        now = self._clock.now()
        waiting = await self._store.deliveries(states=COMING, limit=limit)
        return [each for each in waiting if any(at is not None and at <= now for at in (each.due, each.slot))]

    async def uncertain(self) -> int:
        """Return how many nobody knows about: they are not for a resume to decide, and may be sent again."""
        return (await self._store.tally()).get(State.UNCERTAIN, 0)

    async def resume(self, choice: Overdue, since: datetime | None = None) -> Released:
        """Let posting go on, in one transaction with what becomes of what came due; NotAllowed when somebody was first.

        With `since` only if it is the pause that began then.
        """
        hold = await self._store.hold()
        if not hold.on and since is None:
            return Released(hold=hold, uncertain=await self.uncertain())
        if since is not None and hold.since != since:
            raise await self._overtaken()
        due = await self.overdue()
        changes = await self._changes(choice, due)
        done = _counted(due, changes)
        verb = {Overdue.DROP: "cancel", Overdue.RESLOT: "reslot"}.get(choice, "resume")
        acts = [self._deciding.act(verb, change.delivery, "came due during the pause") for change in changes]
        try:
            await self._store.set_hold(Hold(on=False), [*acts, self._told(choice, done)], was=hold, changes=changes)
        except NotAllowed as refusal:
            told = await self._deciding.explained(refusal, changes)
            raise (await self._overtaken() if told is refusal else told) from refusal
        return replace(done, uncertain=await self.uncertain())

    async def _overtaken(self) -> NotAllowed:
        """Return what to tell a person who ends a pause that somebody else has ended."""
        last, told = await self._store.last_act(verbs=("pause", "resume")), "that pause has ended"
        if last is not None:
            told += f": {last.act.by} decided to {last.act.verb} at {last.at:%Y-%m-%d %H:%M:%S} UTC"
            told += f" ({last.act.words})" if last.act.words else ""
        return NotAllowed(told, hint="look again, then decide; nothing was done")

    def _told(self, choice: Overdue, done: Released) -> Act:
        counts = f"{done.due} due, {done.reslotted} given new slots, {done.held} held, {done.dropped} cancelled"
        return self._deciding.act("resume", words=f"{choice}: {counts}")

    async def _changes(self, choice: Overdue, due: Sequence[Delivery]) -> Sequence[Change]:
        match choice:
            case Overdue.LATE:
                return ()
            case Overdue.DROP:
                why = "cancelled by a manager: it came due while everything was paused"
                return [guarded(each, State.CANCELLED, why) for each in due if not each.receipts]
            case Overdue.RESLOT:
                channels = dict.fromkeys(each.channel for each in due)
                taken = {each: await self._taken(each, due) for each in channels}
                moved = [await self._reslotted(each, taken[each.channel]) for each in due]
                # Slots are let go before they are given.
                return sorted(moved, key=lambda change: change.slot is not None)

    async def _taken(self, channel: str, due: Sequence[Delivery]) -> set[datetime]:
        """Return the slots of a channel that deliveries have which are not to move."""
        return set(await self._store.taken_slots(channel, self._clock.now())) - {each.slot for each in due}

    async def _reslotted(self, delivery: Delivery, taken: set[datetime]) -> Change:
        expires = None if delivery.receipts else delivery.expires
        earliest = max(filter(None, (delivery.not_before, delivery.due)), default=None)  # what was put off stays so
        slot = await self._planner.fresh_slot(delivery.channel, earliest, expires, taken)
        if slot is None:
            why = "no free slot before it expires: send it now or cancel it"
            return guarded(delivery, State.HELD, why)
        taken.add(slot)
        why = "came due while everything was paused: the next free slot"
        return guarded(delivery, delivery.state, why, slot=slot, due=slot)


def _counted(due: Sequence[Delivery], changes: Sequence[Change]) -> Released:
    went = [change.to for change in changes]
    return Released(
        hold=Hold(on=False),
        due=len(due),
        reslotted=sum(to in COMING for to in went),
        held=went.count(State.HELD),
        dropped=went.count(State.CANCELLED),
        begun=sum(bool(each.receipts) for each in due),
    )
