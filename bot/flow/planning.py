"""Article -> posts -> deliveries with slots."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery, State
from bot.domain.finding import Earlier
from bot.domain.plan import Plan, next_slot
from bot.ports import Clock, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition
    from bot.domain.finding import Finding


class Planner:
    """Makes deliveries and gives them slots, in the order in which they become ready."""

    def __init__(self, store: Store, clock: Clock, default: Plan) -> None:
        self._store, self._clock, self._default = store, clock, default

    async def compose(self, article: Article, own: Mapping[str, str] | None = None) -> "tuple[Composition, ...]":
        """Return what each channel of the article would get; `own` words by channel count before the overrides kept."""
        # Its tables of words and signs take a quarter of a short command's time, and most commands compose nothing.
        from bot.domain.composing import compose

        kept = await self._store.overrides(article.campaign, article.name)
        return await asyncio.to_thread(
            compose,
            article,
            await self._store.campaign(article.campaign),
            await self._store.channels(),
            directory=await self._store.directory(),
            overrides={channel: words for (_, _, channel), words in kept.items()} | dict(own or {}),
        )

    async def add(self, article: Article, compositions: "Iterable[Composition]") -> Sequence[Delivery]:
        """Add a delivery for each composition that has none yet; return the new ones."""
        campaign = await self._store.campaign(article.campaign)
        added: list[Delivery] = []
        for composition in compositions:
            delivery = await self._delivery(article, campaign, composition)
            added += await self._store.add_deliveries([delivery], self._clock.now())
        return added

    async def slot(
        self,
        channel: str,
        not_before: datetime | None,
        expires: datetime | None,
        given: Collection[datetime] = (),
    ) -> datetime | None:
        """Return the next free slot of a channel, None when there is none before the article expires.

        `given` are slots that were promised and are not in the ledger yet.
        """
        taken = await self._store.taken_slots(channel, self._clock.now())
        return await self.fresh_slot(channel, not_before, expires, {*taken, *given})

    async def fresh_slot(
        self, channel: str, not_before: datetime | None, expires: datetime | None, taken: Collection[datetime]
    ) -> datetime | None:
        """Return the channel's next slot that is not among those `taken`, whatever the ledger holds."""
        now = self._clock.now()
        return next_slot(await self.plan(channel), max(now, not_before or now), taken, expires)

    async def plan(self, channel: str) -> Plan:
        """Return the plan of a channel, the default one where it has none of its own."""
        return (await self._store.plans()).get(channel, self._default)

    async def earlier(self, article: Article, channel: Channel) -> Sequence[Earlier]:
        """Return what the channel's platform was or will be told, but for what this channel was told of the article."""
        from bot.domain.linting import WINDOW

        said = await self._store.said(channel.platform, self._clock.now() - WINDOW)
        kin = await self._store.deliveries(campaign=article.campaign, article=article.name, channel=channel.name)
        own = {each.id for each in kin}
        return [each for each in said if each.delivery not in own]

    async def lint(self, delivery: Delivery, article: Article) -> "tuple[Finding, ...]":
        """Return what an attentive reader would mark in what a delivery says."""
        from bot.domain.composing import Composition
        from bot.domain.linting import lint
        from bot.flow.linkcheck import faulty

        [channel] = [each for each in await self._store.channels() if each.name == delivery.channel]
        composition = Composition(channel=channel, excerpt=delivery.excerpt, post=delivery.post)
        campaign = await self._store.campaign(article.campaign)
        known = (await self._store.directory()).handles(channel.platform)
        return lint(
            composition,
            article,
            campaign,
            known=known,
            earlier=await self.earlier(article, channel),
            faulty=await faulty(self._store, self._clock),
        )

    async def faults(self, delivery: Delivery, article: Article) -> str:
        """Return why a delivery must not be sent unseen, "" when it may be."""
        from bot.domain.linting import faults

        return faults(await self.lint(delivery, article))

    async def barred(self, delivery: Delivery) -> "Finding | None":
        """Return why nobody can approve a delivery, None when somebody can."""
        from bot.domain.linting import BARRED

        article = await self._store.article(delivery.campaign, delivery.article)
        return next((each for each in await self.lint(delivery, article) if each.rule in BARRED), None)

    async def _delivery(self, article: Article, campaign: Campaign, composition: "Composition") -> Delivery:
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
        reasons = ["the article is a draft"] * (not article.ready)
        reasons += ["this campaign's posts wait for approval"] * (article.ready and campaign.approval)
        if why := "; ".join(filter(None, (*reasons, await self.faults(held, article)))):
            return replace(held, why=why)
        slot = await self.slot(held.channel, article.not_before, article.expires)
        if slot is None:
            return replace(held, why="no free slot before it expires")
        return replace(held, state=State.SCHEDULED, slot=slot, due=slot, why="the article is ready")


def delivery_id(article: Article, composition: "Composition", round: int = 1) -> str:
    """Return the same short id for the same article, excerpt, channel and round, whenever it is computed."""
    identity = "\n".join(
        (article.campaign, article.name, composition.excerpt.text, composition.channel.name, str(round))
    )
    return blake2b(identity.encode(), digest_size=8).hexdigest()
