"""What a source found -> articles taken in, their deliveries planned or, where unsent, renewed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import blake2b
from typing import TYPE_CHECKING

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, LinkPlace
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.ledger import Change
from bot.errors import NotAllowed, NotFound, StoreError, told
from bot.flow.deciding import may_be_public, retold
from bot.flow.planning import Planner
from bot.flow.settling import GONE, stale
from bot.ports import Clock, Found, Problem, Source, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition

NO_CHANNEL = Problem(
    where=".env",
    what="no channel is set up, so articles wait in the folder",
    hint="run `handbill init`, or `handbill doctor` to see what is missing",
)

#: Why an edit does not reach a delivery, and when it will.
LATE = {
    State.SENDING: "it is being sent at this moment; if that fails, it gets the new words before the next try",
    State.UNCERTAIN: "it may be public already; if it turns out not to be there, it is held with the new words",
}
HALF_OUT = "a part of it is public, so the rest goes out as it was approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one intake did: "campaign/name" of articles by what became of them, and what stood in the way.

    `again` tells that an edit or a file's absence waits for a post that is on its way: take once more in a few seconds.
    """

    new: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    again: bool = False


class Intake:
    """Takes in what sources find.

    An article enters the archive after its deliveries: a crash between the two makes the next intake do it again, and
    adding a delivery that is there adds nothing.
    """

    def __init__(self, store: Store, clock: Clock, planner: Planner) -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._turn = asyncio.Lock()

    async def take(self, source: Source) -> Taken:
        """Read the source and bring the ledger in step with it, one caller at a time."""
        async with self._turn:
            return await self._take(source)

    async def _take(self, source: Source) -> Taken:
        found = await source.read()
        await self._store.put_campaigns(found.campaigns)
        if found.directory is not None:
            await self._store.put_directory(found.directory)
        channels = await self._store.channels()
        problems = [*found.problems, *misdirected(found, channels)]
        taken = await self._take_articles(found.articles, problems) if channels else Taken()
        await self._store.put_problems(source.name, problems)
        gone, late = await self._hold_gone(found)
        return replace(taken, gone=gone, problems=tuple(problems), again=taken.again or late)

    async def _take_articles(self, articles: Sequence[Article], problems: list[Problem]) -> Taken:
        """Take what is new or edited; an article that cannot be taken, whatever the reason, never hides another."""
        known = await self._store.editions()
        new: list[str] = []
        edited: list[str] = []
        waiting: list[str] = []
        for each in articles:
            article = replace(each, digest=await self._edition(each))
            before = known.get((article.campaign, article.name))
            if before == article.digest:
                continue
            name = f"{article.campaign}/{article.name}"
            try:
                waits = await self._take_one(article, problems, new=before is None)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - among them a fault of ours that one article lays bare
                problems.append(_obstacle(error, name))
                if not isinstance(error, NotAllowed):
                    continue
                waits = True  # a post of it was armed since it was read
            (waiting if waits else new if before is None else edited).append(name)
        return Taken(new=tuple(new), edited=tuple(edited), again=bool(waiting))

    async def _take_one(self, article: Article, problems: list[Problem], *, new: bool) -> bool:
        """Take one article; tell whether it must be taken once more, since a post of it is on its way."""
        made = {each.channel.name: each for each in await self._planner.compose(article)}
        if new:
            begun = await self._store.deliveries(campaign=article.campaign, article=article.name)
            served = {each.channel for each in begun}  # by an intake that was cut short
            await self._planner.add(article, [each for name, each in made.items() if name not in served])
        elif await self._renew(article, made, problems):
            return True
        await self._store.put_article(article, self._clock.now())
        return False

    async def _edition(self, article: Article) -> str:
        """Return what tells one edition from the next: the file's digest, and one of all else its posts are made of."""
        campaign, directory = await self._store.campaign(article.campaign), await self._store.directory()
        around = blake2b(repr((campaign, directory)).encode(), digest_size=8).hexdigest()
        return f"{article.digest}+{around}"

    async def _renew(self, article: Article, made: "Mapping[str, Composition]", problems: list[Problem]) -> bool:
        """Bring an edited article's deliveries in step; one of which any part has gone out is never touched.

        Tells whether one is being sent at this moment: the edit waits for what comes of that.
        """
        before = await self._before(article)
        campaign = await self._store.campaign(article.campaign)
        deliveries = await self._store.deliveries(campaign=article.campaign, article=article.name)
        again = False
        for delivery in deliveries:
            new = made.get(delivery.channel)
            # A change around the article (its campaign, the directory) matters only where it changes the post.
            touched = _file(article) != _file(before) or new is None or new.post != delivery.post
            if not touched or delivery.digest == article.digest:
                continue
            if delivery.state in UNSENT and not delivery.receipts:
                await self._renew_one(delivery, article, new)
            elif words := LATE.get(delivery.state, HALF_OUT if delivery.state in UNSENT else ""):
                where = f"{article.campaign}/{article.name}"
                what = f"the edit does not reach delivery {delivery.id} on {delivery.channel}: {words}"
                problems.append(Problem(where=where, what=what, level="warning"))
                again = again or delivery.state is State.SENDING
        if again:
            return True
        if article.channels != before.channels:  # a channel set up later gets new articles, not the archive
            served = {each.channel for each in deliveries}
            await self._planner.add(article, [each for name, each in made.items() if name not in served])
        if article.ready and not before.ready and not campaign.approval:
            await self._release(article)
        return False

    async def _before(self, article: Article) -> Article:
        """Return an article's former edition; what was damaged in the database may have said anything."""
        try:
            return await self._store.article(article.campaign, article.name)
        except NotFound:
            return replace(article, digest="")

    async def _renew_one(self, delivery: Delivery, article: Article, made: "Composition | None") -> None:
        same = _file(article) == delivery.digest.partition("+")[0]
        what = "its campaign or the directory was changed" if same else "the article was edited"
        if made is None:
            why = "the article no longer goes to this channel"
            await self._store.move([Change.of(delivery, State.CANCELLED, why)], self._clock.now())
            return
        renewed = replace(
            delivery,
            digest=article.digest,
            excerpt=made.excerpt,
            post=made.post,
            not_before=article.not_before,
            expires=article.expires,
            why=f"{what}: approve it again",
        )
        if faults := await self._planner.faults(renewed, article):
            renewed = replace(renewed, why=f"{what}; {faults}")
        renewed = replace(renewed, why=await retold(self._store, delivery, renewed.why))
        await self._store.replace_post(renewed, self._clock.now())

    async def _release(self, article: Article) -> None:
        """Schedule what waited while the article was a draft: marking it ready is its manager's approval.

        A thread that is half out did not wait for that, nor did what may be public: a decision of their own is due.
        """
        held = await self._store.deliveries(campaign=article.campaign, article=article.name, states=(State.HELD,))
        for delivery in [each for each in held if not each.receipts and not await may_be_public(self._store, each)]:
            if faults := await self._planner.faults(delivery, article):
                await self._store.reschedule(delivery, None, faults, self._clock.now())
                continue
            slot = await self._planner.slot(delivery.channel, article.not_before, article.expires)
            if slot is not None:
                change = Change.of(delivery, State.SCHEDULED, "the article is ready", slot=slot, due=slot)
                await self._store.move([change], self._clock.now())

    async def _hold_gone(self, found: Found) -> tuple[tuple[str, ...], bool]:
        """Hold what is scheduled of articles whose file was taken away: by mistake or on purpose, a person says.

        Tells the articles, and whether one of their posts is being sent: it must be looked at again. For what is on its
        way or uncertain, the archive remembers that the file is gone.
        """
        if found.present is None:
            return (), False
        open_ones = await self._store.deliveries(states=(State.SCHEDULED, State.RETRYING, *LATE))
        there = found.present | {(each.campaign, each.name) for each in found.articles}
        gone = [each for each in open_ones if (each.campaign, each.article) not in there and not each.receipts]
        held = [each for each in gone if each.state not in LATE]
        for campaign, name in {(each.campaign, each.article) for each in gone if each.state in LATE}:
            await self._note_gone(campaign, name)
        try:
            await self._store.move([Change.of(each, State.HELD, GONE) for each in held], self._clock.now())
        except NotAllowed:  # one of them was armed since it was read
            return (), True
        names = tuple(sorted({f"{each.campaign}/{each.article}" for each in held}))
        return names, any(each.state is State.SENDING for each in gone)

    async def _note_gone(self, campaign: str, name: str) -> None:
        """Keep that an article's file is gone; if it comes back it is taken anew."""
        with suppress(NotFound):  # an intake that was cut short never kept it
            article = await self._store.article(campaign, name)
            if not article.gone:
                await self._store.put_article(stale(replace(article, gone=True)), self._clock.now())


def _obstacle(error: Exception, name: str) -> Problem:
    found = told(error)
    return Problem(where=found.where or name, what=found.what, hint=found.hint)


def _file(article: Article) -> str:
    return article.digest.partition("+")[0]


def misdirected(found: Found, channels: Sequence[Channel]) -> Iterator[Problem]:
    """Yield a problem for each article or campaign that names a channel there is none of, or when there is none at all."""
    if not channels and found.articles:
        yield NO_CHANNEL
        return
    known = {name for each in channels for name in (each.name, each.platform)}
    named = [(f"{each.campaign}/{each.name}", each.channels) for each in found.articles]
    named += [
        (f"{each.name}/campaign.yaml", (*each.channels, *(name for name, _ in each.links))) for each in found.campaigns
    ]
    for where, names in named:
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
                yield Problem(where=where, what=f"no channel is called {name!r}", hint=hint, level="warning")
    yield from _cardless(found.campaigns, channels)


def _cardless(campaigns: Sequence[Campaign], channels: Sequence[Channel]) -> Iterator[Problem]:
    """Yield a problem for each channel on which a campaign wants link cards and the platform has none."""
    for campaign in campaigns:
        for channel in channels:
            if campaign.link_on(channel) is LinkPlace.CARD and channel.limits.link is not LinkPlace.CARD:
                what = f"links: {channel.name} shows no link cards, so its links stay {channel.limits.link}"
                hint = "say text, reply or omit"
                yield Problem(where=f"{campaign.name}/campaign.yaml", what=what, hint=hint, level="warning")
