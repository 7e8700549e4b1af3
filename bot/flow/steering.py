"""What managers decide: approve, hold, cancel, send now, settle what is uncertain, pause and resume everything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.ledger import Change, Hold
from bot.domain.plan import WEEKDAYS, Plan
from bot.errors import NotAllowed
from bot.flow.deciding import Deciding, begun, guarded, refuse, refuse_begun
from bot.flow.planning import Planner
from bot.flow.releasing import Overdue, Released, Releasing
from bot.flow.settling import Settling, Verdict
from bot.flow.withdrawing import Withdrawing
from bot.ports import Clock, Platform, Store

#: How often a new plan is laid over deliveries that others move at the same time.
PATIENCE = 3


class Steering:
    """Each verb takes ids (any unambiguous beginning will do, "@VERSION" behind it) and does all or, when one is
    refused, nothing. What is done goes into the audit log as an act of `by`; NotAllowed when somebody was first.
    """

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str = "bot") -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)
        self._releasing = Releasing(store, clock, planner, by)
        self._settling = Settling(store, clock, planner, by)
        self._withdrawing = Withdrawing(store, clock, by)

    def acting(self, by: str) -> "Steering":
        """Return the same verbs in somebody's name: "cli:anna", "desk"."""
        return Steering(self._store, self._clock, self._planner, by)

    async def approve(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Give each held delivery the next free slot of its channel; one that is scheduled already is left alone."""
        chosen = await self._deciding.chosen(ids)
        waiting = [each for each in chosen if each.state is not State.SCHEDULED]
        refuse(waiting, {State.HELD, State.FAILED}, "approved")
        await self._refuse_barred(waiting)
        changes: list[Change] = []
        given: dict[str, set[datetime]] = {}
        for delivery in waiting:
            slot = await self._slot(delivery, given.setdefault(delivery.channel, set()))
            changes += _scheduling(delivery, slot, "approved")
        return await self._done("approve", chosen, changes)

    async def _slot(self, delivery: Delivery, given: set[datetime]) -> datetime:
        """Return the next free slot; a thread that is half out is finished whatever its article's last day."""
        expires = None if begun(delivery) else delivery.expires
        slot = await self._planner.slot(delivery.channel, delivery.not_before, expires, given)
        if slot is None:
            raise NotAllowed(
                f"delivery {delivery.id} has no free slot before it expires",
                hint="send it now, change `expires` in the article, or cancel it",
            )
        given.add(slot)
        return slot

    async def hold(self, ids: Sequence[str], why: str = "held by a manager") -> Sequence[Delivery]:
        """Take each delivery off the schedule until it is approved again."""
        chosen = await self._deciding.chosen(ids)
        waiting = [each for each in chosen if each.state is not State.HELD]
        refuse(waiting, UNSENT | {State.FAILED}, "held")
        refuse_begun(waiting, "held")
        return await self._done("hold", chosen, [guarded(each, State.HELD, why) for each in waiting])

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
        await self._refuse_barred(held)
        now = self._clock.now()
        hushed = await self._hushed(chosen, now)
        if hushed and not anyway:
            raise next(iter(hushed.values()))
        changes = []
        for number, each in enumerate(chosen):
            why = "sent in spite of the blackout, by a manager" if each.channel in hushed else "sent now by a manager"
            due = now - timedelta(microseconds=len(chosen) - 1 - number)  # in the order in which they were named
            to, slot = (State.SCHEDULED, due) if each in held else (each.state, None)
            changes.append(guarded(each, to, why, slot=slot, due=due, anyway=anyway))
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

    async def put_plan(self, channel: str, plan: Plan | None) -> int:
        """Set a channel's plan (None = the default) and move what is scheduled to its slots, in order; return how many."""
        old = (await self._store.plans()).get(channel)
        await self._store.put_plan(channel, plan, self._deciding.act(_plan_verb(old, plan), channel, _plan_words(plan)))
        for patience in range(PATIENCE, 0, -1):
            try:
                return await self._replan(channel)
            except NotAllowed:
                if patience == 1:
                    raise
        return 0

    async def _replan(self, channel: str) -> int:
        now, why = self._clock.now(), "the channel's plan was changed"
        scheduled = await self._store.deliveries(channel=channel, states=(State.SCHEDULED,))
        waiting = [each for each in scheduled if each.slot is not None and each.slot > now]
        given: set[datetime] = {each.slot for each in scheduled if each.slot is not None and each not in waiting}
        freed: list[Change] = []
        placed: list[Change] = []
        for delivery in waiting:
            expires = None if begun(delivery) else delivery.expires
            slot = await self._planner.fresh_slot(channel, delivery.not_before, expires, given)
            if slot is None:
                freed.append(guarded(delivery, State.HELD, why))
            else:
                given.add(slot)
                placed.append(guarded(delivery, State.SCHEDULED, why, slot=slot, due=slot))
        # What the old plan's cap or budget had put off is ruled anew, with the plan's gap between, never in a burst.
        gap = (await self._planner.plan(channel)).late.gap
        put_off = [each for each in scheduled if each not in waiting and each.due is not None and each.due > now]
        for number, delivery in enumerate(put_off):
            if delivery.due is not None and (sooner := now + number * gap) < delivery.due:
                placed.append(guarded(delivery, State.SCHEDULED, why, due=sooner))
        await self._store.move([*freed, *placed], now)  # slots are let go before they are given
        return len(placed)

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

    async def _refuse_barred(self, deliveries: Iterable[Delivery]) -> None:
        """Refuse what no approval can make fit to be sent, and threads that are half taken back."""
        for delivery in deliveries:
            if begun(delivery):
                await self._refuse_withdrawn(delivery)
            elif found := await self._planner.barred(delivery):
                raise NotAllowed(f"delivery {delivery.id} cannot be approved: {found.what}", hint=found.fix)

    async def _refuse_withdrawn(self, delivery: Delivery) -> None:
        withdrawing, gone = await self._store.removed(delivery.id)
        if gone:
            what = f"part {gone[-1]} of delivery {delivery.id} was taken back: a thread with a gap is not finished"
            raise NotAllowed(what, hint=f"`handbill retract {delivery.id}` takes back the rest")
        if withdrawing:
            what = f"delivery {delivery.id} is being taken back"
            raise NotAllowed(what, hint=f"look again when that has ended; `handbill retract {delivery.id}` finishes it")

    async def _done(
        self, verb: str, chosen: Sequence[Delivery], changes: Sequence[Change], words: str = ""
    ) -> Sequence[Delivery]:
        await self._deciding.move(verb, changes, words)
        return [await self._store.delivery(each.id) for each in chosen]


def _scheduling(delivery: Delivery, slot: datetime, why: str) -> list[Change]:
    """Return the moves that put a delivery on the schedule; a failed one is brought back first, its tries forgotten."""
    if delivery.state is State.HELD:
        return [guarded(delivery, State.SCHEDULED, why, slot=slot, due=slot)]
    held = replace(delivery, state=State.HELD)
    back = guarded(delivery, State.HELD, "brought back", tries=0)
    return [back, Change.of(held, State.SCHEDULED, why, slot=slot, due=slot)]


def _plan_verb(old: Plan | None, new: Plan | None) -> str:
    """Return which of the plan's verbs makes one plan of another."""
    if new is None:
        return "plan clear"
    same = replace(old or Plan(zone=new.zone), blackouts=new.blackouts) == new
    return "plan blackout" if same else "plan set"


def _plan_words(plan: Plan | None) -> str:
    """Return a plan in few words, for the audit log."""
    if plan is None:
        return ""
    days = " ".join(WEEKDAYS[day] for day in plan.days)
    times = ",".join(f"{each:%H:%M}" for each in plan.times)
    words = [f"{days} {times} {plan.zone}"]
    words += [f"every {plan.every}"] if plan.every else []
    words += [f"{plan.daily} a day"] if plan.daily else []
    words += [f"{plan.budget / 1_000_000:g} a month"] if plan.budget else []
    words += ["no resend"] * (not plan.resend)
    words += [f"blackout {each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M} UTC" for each in plan.blackouts]
    return "; ".join(words)
