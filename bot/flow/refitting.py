"""A channel's limits as its server tells them now -> what waits for it and no longer fits, rendered anew and held.

What was approved is what is sent, byte for byte; so a post that must change goes back to whoever approves.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.domain.channel import Channel, Limits
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.post import Part, Post
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.planning import Planner
from bot.ports import Change, Clock, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition

log = structlog.get_logger("refitting")

WHY = "the channel's limits changed"


class Refitting:
    """Keeps what waits within the limits that it will meet."""

    def __init__(self, store: Store, clock: Clock, planner: Planner) -> None:
        self._store, self._clock, self._planner = store, clock, planner

    async def look(self, channel: Channel) -> Sequence[str]:
        """Hold every unsent delivery of a channel whose post does not keep to its limits; return the ids.

        The store must know those limits already: the post is rendered anew by them, as far as that is possible. A
        thread of which a part is public is left as it is, and goes on.
        """
        waiting = await self._store.deliveries(channel=channel.name, states=tuple(UNSENT))
        misfits = [each for each in waiting if not each.receipts and not keeps(each.post, channel.limits)]
        return [each.id for each in misfits if await self._held(each)]

    async def _held(self, delivery: Delivery) -> bool:
        """Hold a delivery, with its new post if there is one; tell whether anything changed."""
        made, now = await self._made(delivery), self._clock.now()
        try:
            if made is not None and keeps(made.post, made.channel.limits):
                why = f"{WHY}: approve it again"
                await self._store.replace_post(replace(delivery, excerpt=made.excerpt, post=made.post, why=why), now)
            elif delivery.state is not State.HELD:
                why = f"{WHY}, and it does not fit any more: change its article or cancel it"
                await self._store.move([Change.of(delivery, State.HELD, why)], now)
            else:
                return False
        except NotAllowed as refusal:
            log.info("moved on meanwhile", delivery=delivery.id, why=refusal.what)
            return False
        log.warning("held", delivery=delivery.id, channel=delivery.channel, why=WHY)
        return True

    async def _made(self, delivery: Delivery) -> "Composition | None":
        """Return what the delivery's article becomes on its channel by now; None when it cannot be made to fit."""
        try:
            article = await self._store.article(delivery.campaign, delivery.article)
            found = {each.channel.name: each for each in await self._planner.compose(article)}
        except (BadInput, NotFound) as error:
            log.info("cannot be rendered anew", delivery=delivery.id, why=error.what)
            return None
        return found.get(delivery.channel)


def keeps(post: Post, limits: Limits) -> bool:
    """Tell whether every part of a post keeps to a channel's limits, counted anew."""
    return len(post.parts) <= max(limits.thread_parts, 1) and all(_fits(part, limits) for part in post.parts)


def _fits(part: Part, limits: Limits) -> bool:
    from bot.domain.text import measure

    return (
        measure.fits(part.text, limits, warning=part.warning, caption=bool(part.images))
        and len(part.images) <= limits.images
        and all(not limits.alt or len(image.alt) <= limits.alt for image in part.images)
    )
