"""What every decision of a person goes through: is it still as they saw it, does its state allow that, who decided."""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.ledger import Act, Change
from bot.domain.outcome import Receipt, Unknown
from bot.errors import BadInput, HandbillError, NotAllowed
from bot.ports import Clock, Store

#: Why a delivery cannot be touched in a state, and when that will be possible again.
LATER = {
    State.SENDING: "it is being sent at this moment: ask again in half a minute",
    State.UNCERTAIN: "it may be public already: once that is known, or you have settled it, you can decide",
}

#: States in which a delivery that may be public waits for a word, and in which that has been said; what they tell is kept.
DOUBTED, TOLD = frozenset({State.HELD, State.FAILED}), frozenset({State.HELD, State.FAILED, State.SCHEDULED})
#: What parts the reason for such a doubt from whatever came after it.
SINCE = "; since then: "


class Overtaken(NotAllowed):
    """Somebody (`by`, "" = the bot) changed a delivery since whoever decides looked at it."""

    def __init__(self, what: str, *, hint: str, delivery: Delivery, by: str) -> None:
        super().__init__(what, hint=hint)
        self.delivery, self.by = delivery, by


class Deciding:
    """Reads what a person means and writes what they decided, with their name, all of it or nothing."""

    def __init__(self, store: Store, clock: Clock, by: str) -> None:
        self._store, self._clock, self.by = store, clock, by

    async def chosen(self, ids: Sequence[str]) -> list[Delivery]:
        """Return the deliveries meant, each once: "3f2a", or "3f2a@5" for one that must still be at version 5."""
        found = [await self._meant(each) for each in ids]
        return list({each.id: each for each in found}.values())

    async def _meant(self, words: str) -> Delivery:
        name, at, version = words.partition("@")
        if at and not (version.isascii() and version.isdigit()):
            raise BadInput(
                f"{version!r} is no version of a delivery", hint="`handbill queue --json` shows it; say 3f2a@5"
            )
        delivery = await self._store.delivery(name)
        if at and int(version) > delivery.version:
            raise BadInput(f"delivery {delivery.id} has no version {version} yet: it is at {delivery.version}")
        if at and delivery.version != int(version):
            raise await self._overtaken(delivery)
        return delivery

    def act(self, verb: str, subject: str = "", words: str = "") -> Act:
        """Return an act of whoever decides."""
        return Act(by=self.by, verb=verb, subject=subject, words=words)

    async def move(
        self, verb: str, changes: Sequence[Change], words: str = "", proofs: Sequence[tuple[str, int, Receipt]] = ()
    ) -> None:
        """Make all the moves, each delivery's told in the audit log; NotAllowed says who was there first."""
        await self.enact([self.act(verb, each, words) for each in touched(changes)], changes, proofs)

    async def enact(
        self, acts: Sequence[Act], changes: Sequence[Change], proofs: Sequence[tuple[str, int, Receipt]] = ()
    ) -> None:
        """Make all the moves as these acts; NotAllowed says who was there first."""
        if not changes:
            return
        try:
            await self._store.move(changes, self._clock.now(), acts, proofs)
        except NotAllowed as refusal:
            raise await self.explained(refusal, changes) from refusal

    async def guarded(self, delivery: Delivery, to: State, why: str, **more: Any) -> Change:  # noqa: ANN401 - as below
        """Return a guarded move whose reason keeps what was told of a delivery that may be public."""
        return guarded(delivery, to, await retold(self._store, delivery, why), **more)

    async def explained(self, refusal: NotAllowed, changes: Iterable[Change]) -> HandbillError:
        """Return what to tell a person whose decision came second: how it is now, since when and by whom."""
        for change in changes:
            delivery = await self._store.delivery(change.delivery)
            if change.version is not None and delivery.version != change.version:
                return await self._overtaken(delivery)
        return refusal

    async def _overtaken(self, delivery: Delivery) -> NotAllowed:
        at, state, why = (await self._store.history(delivery.id))[-1]
        entry = await self._store.last_act(subject=delivery.id)
        by = f"{entry.act.by} ({entry.act.verb})" if entry and entry.at >= at else "the bot"
        reason = f": {why}" if why else ""
        return Overtaken(
            f"delivery {delivery.id} was changed meanwhile: it is {state} since {at:%Y-%m-%d %H:%M:%S} UTC by {by}{reason}",
            hint=f"look again, then decide: `handbill log {delivery.id}`; it is at version {delivery.version} now",
            delivery=delivery,
            by=entry.act.by if entry and entry.at >= at else "",
        )


def touched(changes: Iterable[Change]) -> Sequence[str]:
    """Return the ids of the deliveries that moves are about, each once."""
    return tuple(dict.fromkeys(change.delivery for change in changes))


def refuse(deliveries: Iterable[Delivery], allowed: set[State] | frozenset[State], verb: str) -> None:
    """Raise NotAllowed for the first delivery whose state forbids it, with the reason and when it will be possible."""
    for delivery in deliveries:
        if delivery.state not in allowed:
            otherwise = f"only {', '.join(sorted(allowed))} can"
            raise NotAllowed(
                f"delivery {delivery.id} is {delivery.state} and cannot be {verb}",
                hint=f"{LATER.get(delivery.state, otherwise)}; `handbill log {delivery.id}` tells its story",
            )


def refuse_begun(deliveries: Iterable[Delivery], verb: str) -> None:
    """Refuse for threads of which a part is public: stopping there would leave half of it."""
    for delivery in deliveries:
        if delivery.receipts:
            seen = f"{delivery.id}@{delivery.version}"
            goes_on = (
                "`handbill approve {}` lets it go on" if delivery.state is State.HELD else "or let the thread go on"
            )
            raise NotAllowed(
                f"a part of delivery {delivery.id} is public, so it cannot be {verb}",
                hint=f"`handbill retract {seen}` takes it back; {goes_on.format(seen)}",
            )


def guarded(delivery: Delivery, to: State, why: str, **more: Any) -> Change:  # noqa: ANN401 - the fields of a Change
    """Return a move that happens only if nothing at all has changed since the delivery was read."""
    return Change.of(delivery, to, why, version=delivery.version, **more)


async def may_be_public(store: Store, delivery: Delivery) -> bool:
    """Tell whether the last that was sent of a delivery is something of which nobody heard."""
    attempts = await store.attempts(delivery.id) if delivery.epoch else ()
    return bool(attempts) and (attempts[-1].outcome is None or isinstance(attempts[-1].outcome, Unknown))


async def retold(store: Store, delivery: Delivery, why: str) -> str:
    """Return a new reason; behind what was told of a delivery that may be public, which the next to approve must read."""
    if delivery.state not in TOLD or not await may_be_public(store, delivery):
        return why
    told = delivery.why.partition(SINCE)[0]
    return why if why.startswith(told) else f"{told}{SINCE}{why}"  # an undo gives back the whole of it


def begun(delivery: Delivery) -> bool:
    """Tell whether a part of it is public and others are not, with nothing on its way."""
    return bool(delivery.receipts) and delivery.state in UNSENT | {State.FAILED}
