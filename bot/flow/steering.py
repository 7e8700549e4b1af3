"""What managers decide: approve, hold, cancel, send now, settle what is uncertain, pause and resume everything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.outcome import Receipt, Sent
from bot.domain.plan import Plan
from bot.errors import BadInput, NotAllowed
from bot.flow.planning import Planner
from bot.ports import Change, Clock, Hold, Platform, Store


class Verdict(StrEnum):
    """What a person found out about an uncertain delivery."""

    THERE = "there"
    ABSENT = "absent"
    GIVE_UP = "give up"


class Steering:
    """Each verb takes ids (any unambiguous beginning will do) and does all or, when one is refused, nothing."""

    def __init__(self, store: Store, clock: Clock, planner: Planner) -> None:
        self._store, self._clock, self._planner = store, clock, planner

    async def approve(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Give each held delivery the next free slot of its channel; one that is scheduled already is left alone."""
        chosen = [each for each in await self._chosen(ids) if each.state is not State.SCHEDULED]
        _refuse(chosen, {State.HELD, State.FAILED}, "approved")
        await self._refuse_barred(chosen)
        changes: list[Change] = []
        given: dict[str, set[datetime]] = {}
        for delivery in chosen:
            slot = await self._planner.slot(
                delivery.channel, delivery.not_before, delivery.expires, given.setdefault(delivery.channel, set())
            )
            if slot is None:
                raise NotAllowed(
                    f"delivery {delivery.id} has no free slot before it expires",
                    hint="send it now, change `expires` in the article, or cancel it",
                )
            given[delivery.channel].add(slot)
            changes += self._scheduling(delivery, slot, "approved")
        return await self._move(ids, changes)

    def _scheduling(self, delivery: Delivery, slot: datetime, why: str) -> list[Change]:
        """Return the moves that put a delivery on the schedule; a failed one is brought back first, its tries forgotten."""
        back = [Change.of(delivery, State.HELD, "brought back", tries=0)] if delivery.state is State.FAILED else []
        held = replace(delivery, state=State.HELD)
        return [*back, Change.of(held, State.SCHEDULED, why, slot=slot, due=slot)]

    async def hold(self, ids: Sequence[str], why: str = "held by a manager") -> Sequence[Delivery]:
        """Take each delivery off the schedule until it is approved again."""
        chosen = [each for each in await self._chosen(ids) if each.state is not State.HELD]
        _refuse(chosen, UNSENT | {State.FAILED}, "held")
        _refuse_begun(chosen, "held")
        return await self._move(ids, [Change.of(each, State.HELD, why) for each in chosen])

    async def cancel(self, ids: Sequence[str], why: str = "cancelled by a manager") -> Sequence[Delivery]:
        """End each delivery unsent, for good."""
        chosen = [each for each in await self._chosen(ids) if each.state is not State.CANCELLED]
        _refuse(chosen, UNSENT, "cancelled")
        _refuse_begun(chosen, "cancelled")
        return await self._move(ids, [Change.of(each, State.CANCELLED, why) for each in chosen])

    async def send_now(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Make each delivery due at once; this is an approval too."""
        chosen = await self._chosen(ids)
        _refuse(chosen, UNSENT, "sent now")
        await self._refuse_barred(each for each in chosen if each.state is State.HELD)
        now, why = self._clock.now(), "sent now by a manager"
        held = [each for each in chosen if each.state is State.HELD]
        moments = (now + timedelta(microseconds=number) for number in range(len(held)))
        await self._store.move(
            [Change.of(each, State.SCHEDULED, why, slot=at, due=at) for each, at in zip(held, moments, strict=False)],
            now,
        )
        for delivery in chosen:
            if delivery not in held:
                await self._store.reschedule(delivery, now, why, now)
        return await self._chosen(ids)

    async def put_plan(self, channel: str, plan: Plan | None) -> int:
        """Set a channel's plan (None = the default) and move what is scheduled to its slots, in order; return how many."""
        await self._store.put_plan(channel, plan)
        now, why = self._clock.now(), "the channel's plan was changed"
        scheduled = await self._store.deliveries(channel=channel, states=(State.SCHEDULED,))
        waiting = [each for each in scheduled if each.slot is not None and each.slot > now]
        freed = [Change.of(each, State.HELD, why) for each in waiting]
        given: set[datetime] = {each.slot for each in scheduled if each.slot is not None and each not in waiting}
        placed: list[Change] = []
        for delivery in waiting:
            slot = await self._planner.fresh_slot(channel, delivery.not_before, delivery.expires, given)
            if slot is not None:
                given.add(slot)
                placed += self._scheduling(delivery, slot, why)
        await self._store.move([*freed, *placed], now)
        return len(placed)

    async def settle(self, id: str, verdict: Verdict, url: str = "") -> Delivery:
        """Say what became of an uncertain delivery: it is there (at `url`), it is not there, or it does not matter."""
        delivery = await self._store.delivery(id)
        _refuse([delivery], {State.UNCERTAIN}, "settled")
        now, open_part = self._clock.now(), _open_part(delivery)
        match verdict:
            case _ if open_part is None:
                await self.found(delivery, "every part has its receipt")
            case Verdict.THERE:
                if not url.startswith(("https://", "http://")):
                    raise BadInput("the address of the post is missing", hint="give it with --url https://…")
                await self._store.receipt(delivery.id, open_part, Receipt(id=_id_in(url), url=url, at=now))
                await self.found(await self._store.delivery(delivery.id), "a manager found it on the platform")
            case Verdict.ABSENT:
                why = "a manager says it is not there: it is sent again"
                await self._store.move([Change.of(delivery, State.RETRYING, why, due=now)], now)
            case Verdict.GIVE_UP:
                await self._store.move([Change.of(delivery, State.FAILED, "given up by a manager")], now)
        return await self._store.delivery(delivery.id)

    async def found(self, delivery: Delivery, why: str) -> None:
        """Move an uncertain delivery on after the proof of its open part was recorded: done, or on with the thread."""
        now = self._clock.now()
        if len(delivery.receipts) == len(delivery.post.parts):
            change = Change.of(delivery, State.SENT, why)
        else:
            change = Change.of(delivery, State.RETRYING, f"{why}; the thread goes on", due=now)
        await self._store.move([change], now)

    async def retract(self, id: str, platforms: Mapping[str, Platform]) -> Delivery:
        """Remove every published part of a delivery, the last first; NotAllowed in the platform's words if it cannot."""
        delivery = await self._store.delivery(id)
        _refuse([delivery], {State.SENT, State.FAILED, State.RETRYING}, "retracted")
        if not delivery.receipts:
            raise NotAllowed(f"nothing of delivery {id} was published", hint="cancel it instead")
        platform = platforms.get(delivery.channel)
        if platform is None:
            raise NotAllowed(f"channel {delivery.channel} is not set up", hint="`handbill doctor` says what is missing")
        for number, receipt in sorted(delivery.receipts, reverse=True):
            outcome = await platform.retract(receipt)
            if not isinstance(outcome, Sent):
                why = getattr(outcome, "why", "it is not done yet")
                raise NotAllowed(f"part {number} of {id} could not be removed: {why}", hint="try again later")
        await self._store.move([Change.of(delivery, State.RETRACTED, "retracted by a manager")], self._clock.now())
        return await self._store.delivery(delivery.id)

    async def pause(self, why: str) -> Hold:
        """Stop all posting at once: the request on its way is finished, nothing new is begun, a thread waits between parts."""
        await self._store.set_hold(Hold(on=True, why=why, since=self._clock.now()))
        return await self._store.hold()

    async def resume(self) -> Hold:
        """Post again; what came due meanwhile is late, and the late policy says what becomes of it."""
        await self._store.set_hold(Hold(on=False))
        return await self._store.hold()

    async def _refuse_barred(self, deliveries: Iterable[Delivery]) -> None:
        """Refuse what no approval can make fit to be sent."""
        for delivery in deliveries:
            if found := await self._planner.barred(delivery):
                raise NotAllowed(f"delivery {delivery.id} cannot be approved: {found.what}", hint=found.fix)

    async def _chosen(self, ids: Sequence[str]) -> list[Delivery]:
        found = [await self._store.delivery(each) for each in ids]
        return list({each.id: each for each in found}.values())

    async def _move(self, ids: Sequence[str], changes: Sequence[Change]) -> Sequence[Delivery]:
        await self._store.move(changes, self._clock.now())
        return await self._chosen(ids)


def _open_part(delivery: Delivery) -> int | None:
    done = {number for number, _ in delivery.receipts}
    return next((part.number for part in delivery.post.parts if part.number not in done), None)


def _id_in(url: str) -> str:
    """Return the post's id, which on every platform of ours is the last segment of its public address."""
    found = url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    if not found or "." in found:
        raise BadInput(f"{url!r} is not the address of a post", hint="open the post and copy its own address")
    return found


def _refuse_begun(deliveries: Sequence[Delivery], verb: str) -> None:
    """Refuse for threads of which a part is public: stopping there would leave half of it."""
    for delivery in deliveries:
        if delivery.receipts:
            raise NotAllowed(
                f"a part of delivery {delivery.id} is public, so it cannot be {verb}",
                hint=f"`handbill retract {delivery.id}` takes it back; or let the thread go on",
            )


def _refuse(deliveries: Sequence[Delivery], allowed: set[State] | frozenset[State], verb: str) -> None:
    for delivery in deliveries:
        if delivery.state not in allowed:
            raise NotAllowed(
                f"delivery {delivery.id} is {delivery.state} and cannot be {verb}",
                hint=f"only {', '.join(sorted(allowed))} can; `handbill log {delivery.id}` tells its story",
            )
