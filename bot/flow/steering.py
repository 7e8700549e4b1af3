"""What managers decide: approve, move, hold, cancel, send now, settle what is uncertain, pause and resume everything."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot.domain.agenda import Day
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.ledger import Change, Hold
from bot.domain.plan import Plan
from bot.errors import BadInput, NotAllowed
from bot.flow.checkup import GOES_ON, PAUSED
from bot.flow.deciding import Deciding, guarded, refuse, refuse_begun
from bot.flow.planning import Planner
from bot.flow.releasing import Overdue, Released, Releasing
from bot.flow.replanning import Foresight, Replanning
from bot.flow.settling import Settling, Verdict
from bot.flow.slotting import Moved, Slotting
from bot.flow.withdrawing import Withdrawing
from bot.ports import Clock, Platform, Store

#: The most that is kept of a comment.
LONGEST_COMMENT = 2000
#: Characters of the reason for a pause.
LONGEST_REASON = 500


class Steering:
    """Each verb takes ids (any unambiguous beginning will do, "@VERSION" behind it) and does all or, when one is
    refused, nothing. What is done goes into the audit log as an act of `by`; NotAllowed when somebody was first.
    """

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str = "bot") -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)
        self._slotting = Slotting(store, clock, planner, by)
        self._replanning = Replanning(store, clock, planner, by)
        self._releasing = Releasing(store, clock, planner, by)
        self._settling = Settling(store, clock, planner, by)
        self._withdrawing = Withdrawing(store, clock, by)

    def acting(self, by: str) -> "Steering":
        """Return the same verbs in somebody's name: "cli:anna", "desk"."""
        return Steering(self._store, self._clock, self._planner, by)

    async def approve(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Give each held delivery the next free slot of its channel; one that is scheduled already is left alone."""
        return await self._slotting.approve(ids)

    async def move(self, ids: Sequence[str], to: datetime | Day) -> Sequence[Moved]:
        """Give each delivery that moment, or of its channel's free slots on that day the nearest to its time of day.

        What is held or failed is approved by that. NotAllowed tells what speaks against the moment.
        """
        return await self._slotting.move(ids, to)

    async def put_back(self, places: Mapping[str, datetime | None]) -> Sequence[Moved]:
        """Put each delivery where it stood before it was moved: at that moment, or with None off the schedule."""
        return await self._slotting.put_back(places)

    async def hold(self, ids: Sequence[str], why: str = "held by a manager") -> Sequence[Delivery]:
        """Take each delivery off the schedule until it is approved again."""
        chosen = await self._deciding.chosen(ids)
        waiting = [each for each in chosen if each.state is not State.HELD]
        refuse(waiting, UNSENT | {State.FAILED}, "held")
        refuse_begun(waiting, "held")
        held = [await self._deciding.guarded(each, State.HELD, why) for each in waiting]
        return await self._done("hold", chosen, held)

    async def send_back(self, ids: Sequence[str], comment: str) -> Sequence[Delivery]:
        """Take each delivery off the schedule with what is to be done about it; on one that is held it is told anew."""
        comment = " ".join(comment.split())[:LONGEST_COMMENT]
        if not comment:
            raise BadInput("the comment is missing", hint="say what is to be changed")
        chosen = await self._deciding.chosen(ids)
        refuse(chosen, UNSENT | {State.FAILED}, "sent back")
        refuse_begun(chosen, "sent back")
        why = f"sent back: {comment}"
        back = [await self._deciding.guarded(each, State.HELD, why) for each in chosen]
        return await self._done("send back", chosen, back, comment)

    async def cancel(self, ids: Sequence[str], why: str = "cancelled by a manager") -> Sequence[Delivery]:
        """End each delivery unsent, for good."""
        chosen = await self._deciding.chosen(ids)
        waiting = [each for each in chosen if each.state is not State.CANCELLED]
        refuse(waiting, UNSENT, "cancelled")
        refuse_begun(waiting, "cancelled")
        return await self._done("cancel", chosen, [guarded(each, State.CANCELLED, why) for each in waiting])

    async def send_now(self, ids: Sequence[str], *, anyway: bool = False) -> Sequence[Delivery]:
        """Make each delivery due at once, an approval too; during a pause or a blackout only if it is to be `anyway`."""
        chosen = await self._deciding.chosen(ids)
        refuse(chosen, UNSENT, "sent now")
        held = [each for each in chosen if each.state is State.HELD]
        await self._slotting.refuse_barred(held)
        now = self._clock.now()
        hushed = await self._hushed(chosen, now)
        if hushed and not anyway:
            raise next(iter(hushed.values()))
        changes = []
        for number, each in enumerate(chosen):
            why = "sent in spite of the blackout, by a manager" if each.channel in hushed else "sent now by a manager"
            due = now - timedelta(microseconds=len(chosen) - 1 - number)  # in the order in which they were named
            to, slot = (State.SCHEDULED, due) if each in held else (each.state, None)
            changes.append(await self._deciding.guarded(each, to, why, slot=slot, due=due, anyway=anyway))
        return await self._done("send-now", chosen, changes, "in spite of a pause or blackout" if hushed else "")

    async def _hushed(self, chosen: Iterable[Delivery], now: datetime) -> Mapping[str, NotAllowed]:
        """Return by channel why nothing is to be sent there now."""
        hold = await self._store.hold()
        found: dict[str, NotAllowed] = {}
        for channel in dict.fromkeys(each.channel for each in chosen):
            blackout = (await self._planner.plan(channel)).blackout_at(now)
            if hold.on:
                hint = "`handbill resume` lets it go on; with --anyway it is the first to go out then"
                found[channel] = NotAllowed(f"everything is paused: {hold.why}", hint=hint)
            if blackout is not None:
                what = f"nothing is posted to {channel} until {blackout.end:%Y-%m-%d %H:%M} UTC"
                why = f": {blackout.why}" if blackout.why else ""
                found[channel] = NotAllowed(what + why, hint="with --anyway it is posted all the same")
        return found

    async def put_plan(self, channel: str, plan: Plan | None, seen: str = "") -> int:
        """Set a channel's plan (None = the default) and move what is scheduled to its slots, in order; return how many.

        With the mark of a plan that was `seen` only while that stands.
        """
        return await self._replanning.put(channel, plan, seen)

    async def foresee(self, channel: str, plan: Plan, today: date, days: int) -> Foresight:
        """Return what a plan would bring, and do to what waits, in the days from today on."""
        return await self._replanning.foresee(channel, plan, today, days)

    async def pause_channel(self, channel: str, why: str) -> None:
        """Send nothing to one channel until a person lets it go on, whatever its platform says meanwhile."""
        why = " ".join(why.split())
        if not why:
            raise BadInput("the reason is missing", hint="those who find the channel paused will want to know why")
        await self._store.pause_channel(channel, why, self._deciding.act(PAUSED, channel, why))

    async def resume_channel(self, channel: str) -> None:
        """Let one channel go on; what came due meanwhile is treated as late, by its plan."""
        paused = next((each.paused for each in await self._store.channels() if each.name == channel), "")
        if not paused:
            raise NotAllowed(f"{channel} is not paused", hint="somebody was first, or its platform let it go on")
        await self._store.pause_channel(channel, "", self._deciding.act(GOES_ON, channel, f"it was paused: {paused}"))

    async def check_address(self, id: str, url: str) -> None:
        """Raise BadInput for an address at which nothing of this uncertain delivery can be."""
        await self._settling.check(id, url)

    async def settle(self, id: str, verdict: Verdict, url: str = "") -> Delivery:
        """Say what became of an uncertain delivery: it is there (at `url`), it is not there, or it does not matter."""
        return await self._settling.settle(id, verdict, url)

    async def found(self, delivery: Delivery, why: str) -> None:
        """Move an uncertain delivery on after the proof of its open part was recorded: done, or on with the thread."""
        await self._settling.found(delivery, why)

    async def again(self, delivery: Delivery, why: str, due: datetime) -> None:
        """Send an uncertain delivery again that was proved absent; with new words for it, it is held instead."""
        await self._settling.again(delivery, why, due)

    async def retract(self, id: str, platforms: Mapping[str, Platform]) -> Delivery:
        """Remove every published part of a delivery, the last first; NotAllowed in the platform's words if it cannot."""
        return await self._withdrawing.retract(id, platforms)

    async def pause(self, why: str) -> Hold:
        """Stop all posting at once: the request on its way is finished, nothing new is begun, a thread waits between parts."""
        return await self._releasing.pause(why)

    async def overdue(self, limit: int = 0) -> Sequence[Delivery]:
        """Return what has come due and was not sent, the longest due first."""
        return await self._releasing.overdue(limit)

    async def uncertain(self) -> int:
        """Return how many deliveries are uncertain: neither a pause nor its end decides about them."""
        return await self._releasing.uncertain()

    async def resume(self, choice: Overdue = Overdue.LATE, since: datetime | None = None) -> Released:
        """Post again; `choice` says what becomes of what came due meanwhile, `since` which pause is meant."""
        return await self._releasing.resume(choice, since)

    async def _done(
        self, verb: str, chosen: Sequence[Delivery], changes: Sequence[Change], words: str = ""
    ) -> Sequence[Delivery]:
        await self._deciding.move(verb, changes, words)
        return [await self._store.delivery(each.id) for each in chosen]
