"""Published parts -> taken back, the last first; what fails half-way goes on where it stopped."""

from collections.abc import Mapping

from bot.domain.delivery import Delivery, State
from bot.domain.outcome import Outcome, Receipt, Refused, Retry, Sent, Unauthorised, Unknown
from bot.errors import NotAllowed
from bot.flow.deciding import Deciding, guarded, refuse
from bot.ports import Clock, Platform, Store

#: States in which parts may be public and nothing is on its way.
WITHDRAWABLE = frozenset({State.SENT, State.FAILED, State.HELD, State.SCHEDULED, State.RETRYING})


class Withdrawing:
    """Takes one delivery back from its platform."""

    def __init__(self, store: Store, clock: Clock, by: str) -> None:
        self._store, self._clock, self._deciding = store, clock, Deciding(store, clock, by)

    async def retract(self, id: str, platforms: Mapping[str, Platform]) -> Delivery:
        """Remove every published part; NotAllowed in the platform's words where it cannot, and then try again later.

        That it is being taken back is written down first, and a thread that is still to go on is held with that, so that
        nothing is added to what is taken away.
        """
        [delivery] = await self._deciding.chosen([id])
        refuse([delivery], WITHDRAWABLE, "retracted")
        if not delivery.receipts:
            raise NotAllowed(f"nothing of delivery {delivery.id} was published", hint="cancel it instead")
        await self._refuse_unable(delivery)
        platform = platforms.get(delivery.channel)
        if platform is None:
            raise NotAllowed(f"channel {delivery.channel} is not set up", hint="`handbill doctor` says what is missing")
        delivery = await self._begun(delivery)
        _, gone = await self._store.removed(delivery.id)
        for part, receipt in sorted(delivery.receipts, reverse=True):
            if part not in gone:
                await self._remove(delivery, part, receipt, platform)
        change = guarded(delivery, State.RETRACTED, "retracted by a manager")
        await self._deciding.move("retract", [change], f"all of it, {len(delivery.receipts)} published")
        return await self._store.delivery(delivery.id)

    async def _begun(self, delivery: Delivery) -> Delivery:
        why = "its parts are being taken back"
        act = self._deciding.act("retract", delivery.id, why)
        try:
            await self._store.withdraw(delivery, why, self._clock.now(), act)
        except NotAllowed as refusal:
            raise await self._deciding.explained(refusal, [guarded(delivery, State.HELD, why)]) from refusal
        return await self._store.delivery(delivery.id)

    async def _refuse_unable(self, delivery: Delivery) -> None:
        for channel in await self._store.channels():
            if channel.name == delivery.channel and not channel.limits.deletes:
                where = delivery.receipts[0][1].url
                raise NotAllowed(
                    f"the platform of {channel.name} offers no way to take a post back; nothing was tried",
                    hint=f"remove it there by hand: {where}",
                )

    async def _remove(self, delivery: Delivery, part: int, receipt: Receipt, platform: Platform) -> None:
        """Remove one part and write that down, or write down why not."""
        outcome = await _asked(platform, receipt)
        now, of = self._clock.now(), f"part {part} of {len(delivery.post.parts)}"
        if isinstance(outcome, Sent):
            await self._store.put_removal(delivery.id, part, now, self._deciding.act("retract", delivery.id, of))
            return
        why = f"{of} could not be taken back: {getattr(outcome, 'why', 'the platform is still at it')}"
        act = self._deciding.act("retract", delivery.id, why)
        _, gone = await self._store.removed(delivery.id)
        if gone or not isinstance(outcome, Refused | Retry | Unauthorised):
            await self._store.reschedule(delivery, delivery.due, why, now, act)
        else:
            await self._store.withdraw(delivery, why, now, act, stop=True)
        raise NotAllowed(
            f"delivery {delivery.id}: {why}",
            hint=f"{len(gone)} of {len(delivery.receipts)} are gone; "
            f"`handbill retract {delivery.id}` goes on where this stopped",
        )


async def _asked(platform: Platform, receipt: Receipt) -> Outcome:
    try:
        return await platform.retract(receipt)
    except Exception as error:  # noqa: BLE001 - docs/adapters.md: what escapes an adapter is unknown; removing again does no harm
        return Unknown(why=f"the adapter failed with {type(error).__name__}")
