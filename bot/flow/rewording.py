"""A manager's own words for an article on one channel: kept, and what waits there rendered anew and held."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.article import Article
from bot.domain.delivery import UNSENT, Delivery
from bot.domain.edits import Edits, Wish
from bot.domain.ledger import Act
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.deciding import LATER, retold
from bot.flow.editing import LONGEST
from bot.flow.planning import Planner
from bot.ports import Clock, Store

WHY = "its words were changed"


class Rewording:
    """Overrides what Handbill chose to say, for one article on one channel."""

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str = "bot") -> None:
        self._store, self._clock, self._planner, self._by = store, clock, planner, by

    async def say(self, campaign: str, name: str, channel: str, text: str) -> Sequence[Delivery]:
        """Let an article say these words on a channel, and return the deliveries that wait for approval of them.

        Raises NotAllowed when the article does not go there, or what goes there is being sent, sent or ended.
        """
        words = text.strip()
        if not words:
            raise BadInput("the words are missing", hint="to go back to the excerpt, clear them")
        if len(words) > LONGEST:
            raise BadInput(f"{len(words):,} characters are too many, {LONGEST:,} is the most")
        return await self._change(campaign, name, channel, words)

    async def clear(self, campaign: str, name: str, channel: str) -> Sequence[Delivery]:
        """Let an article say its excerpt again, and return the deliveries that wait for approval of it.

        Raises NotFound when there are no words to clear, NotAllowed as above.
        """
        if (campaign, name, channel) not in await self._store.overrides(campaign, name):
            raise NotFound(
                f"{campaign}/{name} has no words of its own on {channel}", hint="`handbill override` lists them"
            )
        return await self._change(campaign, name, channel, "")

    async def kept(self, campaign: str = "", name: str = "") -> Mapping[tuple[str, str, str], str]:
        """Return managers' words by (campaign, article, channel)."""
        return await self._store.overrides(campaign, name)

    async def _change(self, campaign: str, name: str, channel: str, words: str) -> Sequence[Delivery]:
        """Render what waits first, so that words which a guard refused are not kept."""
        article = await self._store.article(campaign, name)
        waiting = await self._waiting(article, channel)
        change = Edits(said={channel: Wish(text=words) if words else None})
        edits = change.over(await self._store.edits(campaign, name))
        made = {each.channel.name: each for each in await self._planner.compose(article, edits)}
        if channel not in made and (words or waiting):
            hint = "add the channel to the article's `channels`, or to its campaign's"
            raise NotAllowed(f"{campaign}/{name} has nothing to say on {channel}", hint=hint)
        for delivery in waiting:
            said = made[channel]
            renewed = replace(delivery, digest=article.digest, excerpt=said.excerpt, post=said.post)
            why = f"{WHY}: {await self._planner.faults(renewed, article) or 'approve it again'}"
            renewed = replace(renewed, why=await retold(self._store, delivery, why))
            await self._store.replace_post(renewed, self._clock.now())
        act = Act(by=self._by, verb="override", subject=f"{campaign}/{name} {channel}", words=words)
        await self._store.put_override(campaign, name, channel, words, act)
        return [await self._store.delivery(each.id) for each in waiting]

    async def _waiting(self, article: Article, channel: str) -> Sequence[Delivery]:
        """Return what is still to be sent on a channel; NotAllowed when all there is has left or ended."""
        if channel not in {each.name for each in await self._store.channels()}:
            raise NotFound(f"no channel is called {channel!r}", hint="`handbill status` lists them")
        there = await self._store.deliveries(campaign=article.campaign, article=article.name, channel=channel)
        waiting = [each for each in there if each.state in UNSENT and not each.receipts]
        if there and not waiting:
            state = "partly sent" if there[-1].state in UNSENT else there[-1].state
            hint = f"{LATER.get(there[-1].state, 'nothing was changed')}; `handbill log {there[-1].id}` tells its story"
            raise NotAllowed(f"delivery {there[-1].id} is {state}: its words cannot change", hint=hint)
        return waiting
