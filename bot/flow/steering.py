"""What managers decide: approve, hold, cancel, send now, settle what is uncertain, pause and resume everything."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.outcome import Receipt, Sent
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
        _refuse(chosen, {State.HELD}, "approved")
        await self._refuse_barred(chosen)
        for delivery in chosen:
            slot = await self._planner.slot(delivery.channel, delivery.not_before, delivery.expires)
            if slot is None:
                raise NotAllowed(
                    f"delivery {delivery.id} has no free slot before it expires",
                    hint="send it now, change `expires` in the article, or cancel it",
                )
            change = Change.of(delivery, State.SCHEDULED, "approved", slot=slot, due=slot)
            await self._store.move([change], self._clock.now())
        return await self._chosen(ids)

    async def hold(self, ids: Sequence[str], why: str = "held by a manager") -> Sequence[Delivery]:
        """Take each delivery off the schedule until it is approved again."""
        chosen = [each for each in await self._chosen(ids) if each.state is not State.HELD]
        _refuse(chosen, UNSENT, "held")
        return await self._move(ids, [Change.of(each, State.HELD, why) for each in chosen])

    async def cancel(self, ids: Sequence[str], why: str = "cancelled by a manager") -> Sequence[Delivery]:
        """End each delivery unsent, for good."""
        chosen = [each for each in await self._chosen(ids) if each.state is not State.CANCELLED]
        _refuse(chosen, UNSENT, "cancelled")
        return await self._move(ids, [Change.of(each, State.CANCELLED, why) for each in chosen])

    async def send_now(self, ids: Sequence[str]) -> Sequence[Delivery]:
        """Make each delivery due at once; this is an approval too."""
        chosen = await self._chosen(ids)
        _refuse(chosen, UNSENT, "sent now")
        await self._refuse_barred(each for each in chosen if each.state is State.HELD)
        for delivery in chosen:
            now, why = self._clock.now(), "sent now by a manager"
            if delivery.state is State.HELD:
                await self._store.move([Change.of(delivery, State.SCHEDULED, why, slot=now, due=now)], now)
            else:
                await self._store.reschedule(delivery, now, why, now)
        return await self._chosen(ids)

    async def settle(self, id: str, verdict: Verdict, url: str = "") -> Delivery:
        """Say what became of an uncertain delivery: it is there (at `url`), it is not there, or it does not matter."""
        delivery = await self._store.delivery(id)
        _refuse([delivery], {State.UNCERTAIN}, "settled")
        now = self._clock.now()
        match verdict:
            case Verdict.THERE:
                if not url.startswith(("https://", "http://")):
                    raise BadInput("the address of the post is missing", hint="give it with --url https://…")
                await self._store.receipt(delivery.id, _open_part(delivery), Receipt(id=url, url=url, at=now))
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
        """Remove every published part of a sent delivery, the last first; NotAllowed in the platform's words if it cannot."""
        delivery = await self._store.delivery(id)
        _refuse([delivery], {State.SENT}, "retracted")
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
        """Stop all posting at once; what is on its way is finished, nothing new is begun."""
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


def _open_part(delivery: Delivery) -> int:
    done = {number for number, _ in delivery.receipts}
    return next(part.number for part in delivery.post.parts if part.number not in done)


def _refuse(deliveries: Sequence[Delivery], allowed: set[State] | frozenset[State], verb: str) -> None:
    for delivery in deliveries:
        if delivery.state not in allowed:
            raise NotAllowed(
                f"delivery {delivery.id} is {delivery.state} and cannot be {verb}",
                hint=f"only {', '.join(sorted(allowed))} can; `handbill log {delivery.id}` tells its story",
            )
