"""Article -> posts -> deliveries with slots."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery, State
from bot.domain.finding import Earlier
from bot.domain.plan import Plan, next_slot
from bot.errors import NotFound
from bot.ports import Clock, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition
    from bot.domain.edits import Edits
    from bot.domain.finding import Finding

#: How old what is known of other posts may be while somebody writes, and how many of a platform's, the nearest in time; what
#: is kept or approved is held against all.
RECENT, MOST_RECENT = timedelta(seconds=20), 500
#: By channel, what its platform was or will be told.
Said = Mapping[str, Sequence[Earlier]]


class Planner:
    """Makes deliveries and gives them slots, in the order in which they become ready."""

    def __init__(self, store: Store, clock: Clock, default: Plan) -> None:
        self._store, self._clock, self._default = store, clock, default
        self._said: dict[str, tuple[datetime, Sequence[Earlier]]] = {}

    async def compose(self, article: Article, edits: "Edits | None" = None) -> "tuple[Composition, ...]":
        """Return what each channel of the article would get, with these `edits` instead of those that are kept."""
        # Its tables of words and signs take a quarter of a short command's time, and most commands compose nothing.
        from bot.domain.composing import compose

        return await asyncio.to_thread(
            compose,
            article,
            await self._store.campaign(article.campaign),
            await self._store.channels(),
            directory=await self._store.directory(),
            edits=await self._store.edits(article.campaign, article.name) if edits is None else edits,
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

    async def recently(self, article: Article, channels: "Sequence[Channel]") -> Said:
        """Return by channel what `earlier` does, up to RECENT old: for previews, which are drawn with every key."""
        kin = await self._store.deliveries(campaign=article.campaign, article=article.name)
        said = {platform: await self._heard(platform) for platform in {each.platform for each in channels}}
        own = {each.name: {one.id for one in kin if one.channel == each.name} for each in channels}
        return {
            each.name: [one for one in said[each.platform] if one.delivery not in own[each.name]] for each in channels
        }

    async def _heard(self, platform: str) -> Sequence[Earlier]:
        from bot.domain.linting import WINDOW

        now = self._clock.now()
        known = self._said.get(platform)
        if known is None or not timedelta(0) <= now - known[0] < RECENT:
            known = self._said[platform] = now, await self._store.said(platform, now - WINDOW, now, MOST_RECENT)
        return known[1]

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

        channel = next((each for each in await self._store.channels() if each.name == delivery.channel), None)
        if channel is None:
            raise NotFound(f"there is no channel {delivery.channel}", hint="`handbill channels` lists them")
        [found] = await self.marked(
            [Composition(channel=channel, excerpt=delivery.excerpt, post=delivery.post)], article
        )
        return found

    async def marked(
        self, compositions: "Sequence[Composition]", article: Article, said: "Said | None" = None
    ) -> "Sequence[tuple[Finding, ...]]":
        """Return for each composition of an article what an attentive reader would mark in it.

        `said` is what the channels' platforms were told, where the caller has asked for that before.
        """
        from bot.domain.linting import lint
        from bot.flow.linkcheck import faulty

        campaign, directory = await self._store.campaign(article.campaign), await self._store.directory()
        found = await faulty(self._store, self._clock)
        earlier = said or {each.channel.name: await self.earlier(article, each.channel) for each in compositions}
        return [
            lint(
                each,
                article,
                campaign,
                known=directory.handles(each.channel.platform),
                earlier=earlier.get(each.channel.name, ()),
                faulty=found,
            )
            for each in compositions
        ]

    async def faults(self, delivery: Delivery, article: Article) -> str:
        """Return why a delivery must not be sent unseen, "" when it may be."""
        from bot.domain.linting import faults

        return faults(await self.lint(delivery, article))

    async def barred(self, delivery: Delivery) -> "Finding | None":
        """Return why nobody can approve a delivery, None when somebody can."""
        from bot.domain.linting import BARRED

        article = await self._store.article(delivery.campaign, delivery.article)
        return next((each for each in await self.lint(delivery, article) if each.rule in BARRED), None)

    async def held(self, article: Article, composition: "Composition", why: str, round: int) -> Delivery:
        """Return a delivery that waits for approval, which the ledger does not have yet."""
        made = self._made(article, composition, round)
        return replace(made, why="; ".join(filter(None, (why, await self.faults(made, article)))))

    def _made(self, article: Article, composition: "Composition", round: int = 1) -> Delivery:
        return Delivery(
            id=delivery_id(article, composition, round),
            campaign=article.campaign,
            article=article.name,
            digest=article.digest,
            channel=composition.channel.name,
            excerpt=composition.excerpt,
            post=composition.post,
            state=State.HELD,
            round=round,
            expires=article.expires,
            not_before=article.not_before,
        )

    async def _delivery(self, article: Article, campaign: Campaign, composition: "Composition") -> Delivery:
        held = self._made(article, composition)
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
