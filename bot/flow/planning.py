"""Article -> posts -> deliveries with slots."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.composing import Composition, compose
from bot.domain.delivery import Delivery, State
from bot.domain.plan import Plan, next_slot
from bot.ports import Clock, Store


class Planner:
    """Makes deliveries and gives them slots, in the order in which they become ready."""

    def __init__(self, store: Store, clock: Clock, default: Plan) -> None:
        self._store, self._clock, self._default = store, clock, default

    async def compose(self, article: Article) -> tuple[Composition, ...]:
        """Return what each channel of the article would get."""
        return compose(article, await self._store.campaign(article.campaign), await self._store.channels())

    async def add(self, article: Article, compositions: Iterable[Composition]) -> Sequence[Delivery]:
        """Add a delivery for each composition that has none yet; return the new ones."""
        campaign = await self._store.campaign(article.campaign)
        added: list[Delivery] = []
        for composition in compositions:
            delivery = await self._delivery(article, campaign, composition)
            added += await self._store.add_deliveries([delivery], self._clock.now())
        return added

    async def slot(self, channel: str, not_before: datetime | None, expires: datetime | None) -> datetime | None:
        """Return the next free slot of a channel, None when there is none before the article expires."""
        now = self._clock.now()
        plan = (await self._store.plans()).get(channel, self._default)
        taken = frozenset(await self._store.taken_slots(channel, now))
        return next_slot(plan, max(now, not_before or now), taken, expires)

    async def _delivery(self, article: Article, campaign: Campaign, composition: Composition) -> Delivery:
        held = Delivery(
            id=delivery_id(article, composition),
            campaign=article.campaign,
            article=article.name,
            digest=article.digest,
            channel=composition.channel.name,
            excerpt=composition.excerpt,
            post=composition.post,
            state=State.HELD,
            expires=article.expires,
            not_before=article.not_before,
        )
        if not article.ready:
            return replace(held, why="the article is a draft")
        if campaign.approval:
            return replace(held, why="this campaign's posts wait for approval")
        slot = await self.slot(held.channel, article.not_before, article.expires)
        if slot is None:
            return replace(held, why="no free slot before it expires")
        return replace(held, state=State.SCHEDULED, slot=slot, due=slot, why="the article is ready")


def delivery_id(article: Article, composition: Composition, round: int = 1) -> str:
    """Return the same short id for the same article, excerpt, channel and round, whenever it is computed."""
    identity = "\n".join(
        (article.campaign, article.name, composition.excerpt.text, composition.channel.name, str(round))
    )
    return blake2b(identity.encode(), digest_size=8).hexdigest()
