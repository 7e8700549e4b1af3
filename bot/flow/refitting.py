"""A channel's limits as its server tells them now -> what waits for it and no longer fits, rendered anew and held.

What was approved is what is sent, byte for byte; so a post that must change goes back to whoever approves.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.domain.channel import Channel, Limits
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.ledger import Change
from bot.domain.post import Part, Post
from bot.errors import NotAllowed, StoreError, told
from bot.flow.deciding import retold
from bot.flow.planning import Planner
from bot.ports import Clock, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition

log = structlog.get_logger("refitting")

#: How often, and how far apart, it is looked at what comes of a post that is being sent.
LOOKS, APART = 4, timedelta(seconds=2)
WHY = "the channel's limits changed"


class Refitting:
    """Keeps what waits within the limits that it will meet."""

    def __init__(self, store: Store, clock: Clock, planner: Planner) -> None:
        self._store, self._clock, self._planner = store, clock, planner

    async def look(self, channel: Channel) -> Sequence[str]:
        """Hold every unsent delivery of a channel whose post does not keep to its limits; return the ids.

        The store must know those limits already: the post is rendered anew by them, as far as that is possible. A
        thread of which a part is public is left as it is, and goes on. What comes of one that is being sent is waited
        for, for a moment: if it is to be tried again, it is held.
        """
        held: list[str] = []
        for _ in range(LOOKS):
            misfits = await self._misfits(channel)
            held += [each.id for each, over in misfits if each.state in UNSENT and await self._held(each, over)]
            if all(each.state in UNSENT for each, _ in misfits):
                break
            await self._clock.sleep(APART)
        return tuple(dict.fromkeys(held))

    async def _misfits(self, channel: Channel) -> list[tuple[Delivery, str]]:
        """Return what waits or is being sent and passes the limits, with by what."""
        found = await self._store.deliveries(channel=channel.name, states=(*UNSENT, State.SENDING))
        return [(each, over) for each in found if not each.receipts and (over := excess(each.post, channel.limits))]

    async def _held(self, delivery: Delivery, over: str) -> bool:
        """Hold a delivery, with its new post if there is one; tell whether anything changed."""
        made, now = await self._made(delivery), self._clock.now()
        try:
            if made is not None and not excess(made.post, made.channel.limits):
                renewed = replace(delivery, excerpt=made.excerpt, post=made.post)
                why = f"{WHY} ({over}): {await self._renewal(delivery, renewed)}"
                renewed = replace(renewed, why=await retold(self._store, delivery, why))
                await self._store.replace_post(renewed, now)
            elif delivery.state is not State.HELD:
                why = f"{WHY} ({over}), and it does not fit any more: change its article or cancel it"
                why = await retold(self._store, delivery, why)
                await self._store.move([Change.of(delivery, State.HELD, why)], now)
            else:
                return False
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)
            return False
        log.warning("held", delivery=delivery.id, channel=delivery.channel, why=WHY)
        return True

    async def _renewal(self, before: Delivery, renewed: Delivery) -> str:
        """Return what a manager should know of a post before approving it again: what it gave up, and what is wrong."""
        given = [note for note in renewed.post.notes if note not in before.post.notes]
        if renewed.excerpt.text != before.excerpt.text:
            given.insert(0, "another excerpt was chosen")
        article = await self._store.article(renewed.campaign, renewed.article)
        return "; ".join((*given, await self._planner.faults(renewed, article) or "approve it again"))

    async def _made(self, delivery: Delivery) -> "Composition | None":
        """Return what the delivery's article becomes on its channel by now; None when it cannot be made to fit."""
        try:
            article = await self._store.article(delivery.campaign, delivery.article)
            found = {each.channel.name: each for each in await self._planner.compose(article)}
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever keeps one from being composed must not keep the others
            log.warning("cannot be rendered anew", delivery=delivery.id, why=told(error).what)
            return None
        return found.get(delivery.channel)


def excess(post: Post, limits: Limits) -> str:
    """Return in words by what a post, counted anew, passes a channel's limits; "" when it keeps to all of them."""
    most = max(limits.thread_parts, 1)
    if len(post.parts) > most:
        return f"it has {len(post.parts)} parts, the channel takes {most}"
    return next(filter(None, (_excess(part, limits) for part in post.parts)), "")


def _excess(part: Part, limits: Limits) -> str:
    from bot.domain.text import measure

    length = measure.length(part.text, limits, warning=part.warning)
    most = limits.caption if part.images and limits.caption else limits.length
    longest = max((len(image.alt) for image in part.images), default=0)
    where = f"part {part.number}" if part.number > 1 else "it"
    if most and length > most:
        return f"{where} has {length:,} {limits.unit.value}, the channel takes {most:,}"
    if not measure.fits(part.text, limits, warning=part.warning, caption=bool(part.images)):
        return (
            f"{where} has {measure.byte_offset(part.text, len(part.text)):,} bytes, the channel takes {limits.bytes:,}"
        )
    if len(part.images) > limits.images:
        return f"{where} has {len(part.images)} images, the channel takes {limits.images}"
    if limits.alt and longest > limits.alt:
        return f"{where} has an alt text of {longest:,} characters, the channel takes {limits.alt:,}"
    return ""
