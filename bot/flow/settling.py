"""Uncertain deliveries -> what a person or the platform found out: there, absent, or given up."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bot.domain.addresses import post_at
from bot.domain.article import Article
from bot.domain.delivery import Delivery, State
from bot.domain.ledger import Change
from bot.domain.outcome import Receipt
from bot.errors import BadInput, NotFound, StoreError, told
from bot.flow.deciding import Deciding, guarded, refuse
from bot.flow.planning import Planner
from bot.flow.refitting import WHY, excess
from bot.ports import Clock, Store

EDITED = "its article was edited meanwhile: approve its new words"
GONE = "its article is no longer in the folder: approve it again or cancel it"
MISDIRECTED = "its article no longer goes to this channel: cancel it, or approve what it said"
UNMADE = "what its article says by now cannot be posted ({}): mend that, approve what it said, or cancel it"


class Verdict(StrEnum):
    """What a person found out about an uncertain delivery."""

    THERE = "there"
    ABSENT = "absent"
    GIVE_UP = "give up"


class Settling:
    """Moves uncertain deliveries on."""

    def __init__(self, store: Store, clock: Clock, planner: Planner, by: str) -> None:
        self._store, self._clock, self._planner = store, clock, planner
        self._deciding = Deciding(store, clock, by)

    async def settle(self, id: str, verdict: Verdict, url: str) -> Delivery:
        """Do what a person's verdict calls for, with their name in the delivery's history and the audit log."""
        [delivery] = await self._deciding.chosen([id])
        refuse([delivery], {State.UNCERTAIN}, "settled")
        who, part = self._deciding.by.removeprefix("cli:"), open_part(delivery)
        match verdict:
            case _ if part is None:
                await self._deciding.move("settle", [self._onward(delivery, "every part has its receipt")])
            case Verdict.THERE:
                proof = await self._proof(delivery, url)
                change = self._onward(delivery, f"{who} found it on the platform", 1)
                await self._deciding.move("settle", [change], f"there: {url}", [(delivery.id, part, proof)])
            case Verdict.ABSENT:
                why = f"{who} says it is not there"
                words = await self._words(delivery)
                await self._deciding.move("settle", self._back(delivery, why, self._clock.now(), words), "absent")
                await self._reword(delivery, words)
            case Verdict.GIVE_UP:
                await self._deciding.move("settle", [guarded(delivery, State.FAILED, f"given up by {who}")], "give up")
        return await self._store.delivery(delivery.id)

    async def check(self, id: str, url: str) -> None:
        """Raise what `settle` would raise of this address, before a person is asked whether they mean it."""
        [delivery] = await self._deciding.chosen([id])
        await self._proof(delivery, url)

    async def found(self, delivery: Delivery, why: str) -> None:
        """Move a delivery on after the proof of its open part was recorded: done, or on with the thread."""
        await self._store.move([self._onward(delivery, why)], self._clock.now())

    async def again(self, delivery: Delivery, why: str, due: datetime) -> None:
        """Send a delivery again that was proved absent; one whose article says something else by now is held with that."""
        words = await self._words(delivery)
        await self._store.move(self._back(delivery, why, due, words), self._clock.now())
        await self._reword(delivery, words)

    def _onward(self, delivery: Delivery, why: str, more: int = 0) -> Change:
        """Return the move that follows when so many `more` parts than known are proved."""
        if len(delivery.receipts) + more == len(delivery.post.parts):
            return guarded(delivery, State.SENT, why)
        return guarded(delivery, State.RETRYING, f"{why}; the thread goes on", due=self._clock.now())

    def _back(self, delivery: Delivery, why: str, due: datetime, words: Delivery | None) -> list[Change]:
        if words is None:
            return [guarded(delivery, State.RETRYING, f"{why}: sent again", due=due)]
        back = guarded(delivery, State.RETRYING, why, due=due, tries=0)
        return [back, Change.of(replace(delivery, state=State.RETRYING), State.HELD, f"{why}; {words.why}")]

    async def _words(self, delivery: Delivery) -> Delivery | None:
        """Return the delivery as it must be held instead of sent again, with its reason; None when it may go as it is.

        What is armed or uncertain is neither edited, taken away nor refitted; so all of that waits here until it may be.
        """
        if delivery.receipts:
            return None
        over = await self._excess(delivery)
        misfit = replace(delivery, why=f"{WHY} ({over}): change its article or cancel it")
        try:
            article = await self._store.article(delivery.campaign, delivery.article)
        except NotFound:
            return misfit if over else None
        if article.gone:
            return replace(delivery, why=GONE)
        if not over and article.digest == delivery.digest:
            return None
        try:
            made = {each.channel.name: each for each in await self._planner.compose(article)}.get(delivery.channel)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being composed, a person has to mend that
            await self._store.put_article(stale(article), self._clock.now())
            return replace(delivery, why=UNMADE.format(told(error).what))
        if made is None:
            return replace(delivery, why=MISDIRECTED)
        if over and excess(made.post, made.channel.limits):
            return misfit
        if made.post == delivery.post:
            return None
        return replace(
            delivery,
            digest=article.digest,
            excerpt=made.excerpt,
            post=made.post,
            not_before=article.not_before,
            expires=article.expires,
            why=f"{WHY} ({over}): approve it again" if article.digest == delivery.digest else EDITED,
        )

    async def _excess(self, delivery: Delivery) -> str:
        """Return by what the post passes its channel's limits as they are now, "" when it fits."""
        channels = await self._store.channels()
        return next((excess(delivery.post, each.limits) for each in channels if each.name == delivery.channel), "")

    async def _reword(self, delivery: Delivery, words: Delivery | None) -> None:
        if words is not None and words.post != delivery.post:
            held = await self._store.delivery(delivery.id)
            await self._store.replace_post(replace(words, why=held.why, tries=held.tries), self._clock.now())

    async def _proof(self, delivery: Delivery, url: str) -> Receipt:
        """Return the receipt of a post that a person saw at an address of the delivery's own channel."""
        channel = next((each for each in await self._store.channels() if each.name == delivery.channel), None)
        if channel is None:
            raise NotFound(f"there is no channel {delivery.channel}")
        post = post_at(url, channel)
        for part, receipt in delivery.receipts:
            if receipt.id.rpartition("/")[2] == post:
                hint = f"give the address of part {open_part(delivery)}"
                raise BadInput(f"{url} is part {part}, which is known to be there", hint=hint)
        return Receipt(id=post, url=url.strip(), at=self._clock.now())


def stale(article: Article) -> Article:
    """Return the article under an edition that no file has, so that the next intake takes its file anew."""
    return replace(article, digest=article.digest.partition("+")[0])


def open_part(delivery: Delivery) -> int | None:
    """Return the number of the first part without a receipt."""
    done = {number for number, _ in delivery.receipts}
    return next((part.number for part in delivery.post.parts if part.number not in done), None)
