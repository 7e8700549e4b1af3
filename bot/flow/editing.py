"""What managers write on an article: which passage a channel gets, or which words; where it goes; what its pictures show.

A draft shows what would come of that; keeping it renders what waits anew, by the same composing, and holds it. All in one
transaction. The article's file is never touched.
"""

from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain.article import Article
from bot.domain.channel import Channel
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.edits import UNEDITED, Edits, Wish
from bot.domain.excerpt import Excerpt
from bot.domain.ledger import Act, Change
from bot.domain.people import Right
from bot.domain.post import Post
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.deciding import LATER, Deciding, guarded, retold
from bot.flow.planning import Planner
from bot.ports import Clock, Store

if TYPE_CHECKING:
    from bot.domain.composing import Composition
    from bot.domain.finding import Finding

#: Far more than any channel takes in one post or thread, and than any platform takes as alt text.
LONGEST, LONGEST_ALT = 20_000, 5_000
WHY = "its words were changed"
ADDED = "a manager sends it here"
LEFT_OUT = "a manager left this channel out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one channel would get, exactly, and what an attentive reader would mark in it.

    `delivery` is what the ledger has there, None = nothing; `goes` tells whether the article goes there, `changed` whether
    the change alters what it gets, `open` whether that can be altered at all. `post` and `excerpt` are None where it gets
    nothing.
    """

    channel: Channel
    delivery: Delivery | None
    goes: bool
    open: bool
    changed: bool = False
    excerpt: Excerpt | None = None
    post: Post | None = None
    findings: "Sequence[Finding]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An article with what would be written on it: as it would be `described`, all `edits`, and every channel's preview."""

    article: Article
    edits: Edits
    previews: Sequence[Preview]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What a change would do: what there is, what each channel would get, and which deliveries that touches."""

    article: Article
    channels: Sequence[Channel]
    there: Sequence[Delivery]
    change: Edits
    edits: Edits
    made: "Mapping[str, Composition]"
    touched: Sequence[Delivery]

    @property
    def new(self) -> Sequence[str]:
        """The channels to which a manager sends the article and which have nothing of it that lives."""
        served = {each.channel for each in self.there if each.state is not State.CANCELLED}
        goes = self.change.goes.items()
        return [channel for channel, sent in goes if sent and channel in self.made and channel not in served]


class Editing:
    """Writes on articles, in somebody's name and with their rights: what is approved only those change who may approve."""

    def __init__(
        self, store: Store, clock: Clock, planner: Planner, by: str = "bot", rights: Set[Right] = frozenset(Right)
    ) -> None:
        self._store, self._clock, self._planner, self._by, self._rights = store, clock, planner, by, rights
        self._deciding = Deciding(store, clock, by)

    def acting(self, by: str, rights: Set[Right] = frozenset(Right)) -> "Editing":
        """Return the same verbs in somebody's name, "cli:anna", "desk:anna", who may do so much."""
        return Editing(self._store, self._clock, self._planner, by, rights)

    async def draft(self, campaign: str, name: str, change: Edits = UNEDITED) -> Draft:
        """Return what would come of a change; nothing is written."""
        course = await self._course(await self._store.article(campaign, name), change)
        drafted = [self._preview(course, each) for each in course.channels]
        shown = [each for each in drafted if each.post is not None]
        made = [_composed(each) for each in shown]
        said = await self._planner.recently(course.article, [each.channel for each in shown])
        marks = await self._planner.marked(made, course.article, said)
        found = {each.channel.name: marked for each, marked in zip(shown, marks, strict=True)}
        previews = [replace(each, findings=found.get(each.channel.name, ())) for each in drafted]
        return Draft(article=course.edits.described(course.article), edits=course.edits, previews=previews)

    def _preview(self, course: _Course, channel: Channel) -> Preview:
        last = _last(course.there, channel.name)
        made = course.made.get(channel.name) if last is not None or channel.name in course.new else None
        left = last is not None and not _waits(last)
        changed = not left and (last is None or last in course.touched)
        said: Composition | Delivery | None = last if last is not None and not changed else made
        return Preview(
            channel=channel,
            delivery=last,
            goes=left or made is not None,
            changed=changed and (last is not None or made is not None),
            open=not left,
            excerpt=said.excerpt if said else None,
            post=said.post if said else None,
        )

    async def _course(self, article: Article, change: Edits) -> _Course:
        """Return what a change to an article would do; the same for a draft and for what is kept."""
        before = await self._store.edits(article.campaign, article.name)
        there = await self._store.deliveries(campaign=article.campaign, article=article.name)
        served = {each.channel for each in there if each.state is not State.CANCELLED}
        change = _news(before, _sound(article, change), served)
        edits = change.over(before)
        made = {each.channel.name: each for each in await self._planner.compose(article, edits)}
        was = made
        if change.goes or change.alts:
            was = {each.channel.name: each for each in await self._planner.compose(article, before)}
        return _Course(
            article=article,
            channels=await self._store.channels(),
            there=there,
            change=change,
            edits=edits,
            made=made,
            touched=[each for each in there if _waits(each) and _differs(each, was, made, change)],
        )

    async def outset(self, campaign: str, name: str) -> Draft:
        """Return how an article stands, with nothing composed or marked: what a form's fields are held against."""
        from bot.domain.composing import goes

        article, edits = await self._store.article(campaign, name), await self._store.edits(campaign, name)
        within, there = (
            await self._store.campaign(campaign),
            await self._store.deliveries(campaign=campaign, article=name),
        )
        previews = []
        for channel in await self._store.channels():
            last = _last(there, channel.name)
            left = last is not None and not _waits(last)
            there_too = left or (last is not None and goes(article, within, channel, edits))
            previews.append(Preview(channel=channel, delivery=last, goes=there_too, open=not left))
        return Draft(article=article, edits=edits, previews=previews)

    async def change(
        self,
        campaign: str,
        name: str,
        change: Edits,
        *,
        edition: str = "",
        seen: Mapping[str, int] | None = None,
        whole: bool = False,
    ) -> Sequence[Delivery]:
        """Keep what was written, and return the article's deliveries as they stand then; what says the same is left alone.

        With `edition` and `seen` (versions of deliveries by id) only if the article, and what is to change, is still as it
        was seen; with `whole` all that waits. Raises NotAllowed, also for a channel whose post has left or ended, or was
        approved and whoever writes may not approve; NotFound, BadInput.
        """
        return (await self._kept(campaign, name, change, edition, seen, whole=whole))[1]

    async def keep(
        self, campaign: str, name: str, change: Edits, *, edition: str = "", seen: Mapping[str, int]
    ) -> Sequence[Delivery]:
        """Keep what was written, to decide about it: return what was `seen` or is new by this, as it was written.

        A decision at these versions is about words that whoever decides has seen. Raises as `change` does, whatever waits
        and is not as it was seen.
        """
        course, there = await self._kept(campaign, name, change, edition, seen, whole=True)
        before = {each.id for each in course.there}
        return [each for each in there if each.id in seen or (each.id not in before and each.channel in course.new)]

    async def _kept(
        self,
        campaign: str,
        name: str,
        change: Edits,
        edition: str,
        seen: Mapping[str, int] | None,
        *,
        whole: bool,
    ) -> tuple[_Course, Sequence[Delivery]]:
        article = await self._store.article(campaign, name)
        if edition and edition != article.digest:
            raise NotAllowed("the article's file was edited meanwhile", hint="look at its new text, then save again")
        course = await self._course(article, change)
        self._refuse(course)
        known = [each for each in course.there if _waits(each)] if whole else course.touched
        if seen is not None:
            await self._deciding.chosen([f"{each.id}@{seen.get(each.id, 0)}" for each in known])
        return course, await self._written(course, [guarded(each, each.state, "") for each in known])

    async def _written(self, course: _Course, known: Sequence[Change]) -> Sequence[Delivery]:
        """Write what a change would do, while what is `known` stands; return the deliveries as they are then."""
        article, made, there = course.article, course.made, course.there
        renewed = [
            await self._renewed(each, article, made[each.channel]) for each in course.touched if each.channel in made
        ]
        moves = [guarded(each, State.CANCELLED, LEFT_OUT) for each in course.touched if each.channel not in made]
        added = [
            await self._planner.held(article, made[channel], ADDED, 1 + sum(each.channel == channel for each in there))
            for channel in course.new
        ]
        acts = self._acts(f"{article.campaign}/{article.name}", course.change)
        if not acts and not renewed:
            return there
        try:
            return await self._store.edit(
                article.campaign,
                article.name,
                course.change,
                self._clock.now(),
                seen={each.delivery: each.version for each in known if each.version is not None},
                renewed=renewed,
                moves=moves,
                added=added,
                acts=acts,
            )
        except NotAllowed as refusal:
            raise await self._deciding.explained(refusal, known) from refusal

    async def choose(
        self, campaign: str, name: str, channels: Sequence[str], start: int, end: int
    ) -> Sequence[Delivery]:
        """Let channels say what stands between two offsets of the article's text, widened to whole words."""
        from bot.domain.excerpting.passages import snapped

        article = await self._store.article(campaign, name)
        first, last = snapped(article, start, end)
        if first == last or end > len(article.text):
            what = f"{start}-{end} is no passage of this text, which has {len(article.text):,} characters"
            raise BadInput(what, hint=f"`handbill excerpts {campaign}/{name}` shows passages with their offsets")
        wish = Wish(text=article.text[first:last], start=first)
        return await self.change(campaign, name, Edits(said=dict.fromkeys(channels, wish)))

    def _refuse(self, course: _Course) -> None:
        """Refuse what is meant for a channel that does not take it, and what only those may change who approve."""
        change, known = course.change, {each.name for each in course.channels}
        for channel in {**change.said, **change.goes}:
            if channel not in known:
                raise NotFound(f"no channel is called {channel!r}", hint="`handbill status` lists them")
            if channel in change.said or not change.goes[channel]:
                _refuse_gone(_last(course.there, channel))
        for channel, wish in change.said.items():
            if wish is not None and channel not in course.made and change.goes.get(channel) is not False:
                hint = "send it there as well, or choose another channel"
                raise NotAllowed(f"the article does not go to {channel}", hint=hint)
        approved = [each for each in course.touched if each.state is not State.HELD]
        if approved and Right.APPROVE not in self._rights:
            what = f"delivery {approved[0].id} on {approved[0].channel} is approved ({approved[0].state})"
            hint = "ask somebody who may to send it back first, then write"
            raise NotAllowed(f"{what}: to change that takes the right to {Right.APPROVE}", hint=hint)

    async def _renewed(self, delivery: Delivery, article: Article, made: "Composition") -> Delivery:
        new = replace(delivery, digest=article.digest, excerpt=made.excerpt, post=made.post)
        why = f"{WHY}: {await self._planner.faults(new, article) or 'approve it again'}"
        return replace(new, why=await retold(self._store, delivery, why))

    def _acts(self, article: str, change: Edits) -> Sequence[Act]:
        acts = []
        for channel, wish in change.said.items():
            words = wish.text if wish else ""
            verb = "choose" if wish is None or wish.passage else "override"
            acts.append(Act(by=self._by, verb=verb, subject=f"{article} {channel}", words=words))
        for channel, goes in change.goes.items():
            verb = "send here" if goes else "leave out"
            acts.append(Act(by=self._by, verb=verb, subject=f"{article} {channel}"))
        for image, alt in change.alts.items():
            acts.append(Act(by=self._by, verb="alt", subject=f"{article} {image[:12]}", words=alt or ""))
        return acts


def _sound(article: Article, change: Edits) -> Edits:
    """Return a change whose passages stand in the article word for word and whose words have room; raises BadInput."""
    said: dict[str, Wish | None] = {}
    for channel, wish in change.said.items():
        text = "" if wish is None else wish.text if wish.passage else wish.text.strip()
        if wish is None or not text:
            said[channel] = None
            continue
        if wish.passage and article.text[wish.start : wish.start + len(text)] != text:
            hint = "mark it again: the article's text may have changed"
            raise BadInput("this passage does not stand in the article word for word", hint=hint)
        if len(text) > LONGEST:
            raise BadInput(f"{len(text):,} characters are too many, {LONGEST:,} is the most")
        said[channel] = replace(wish, text=text)
    images = {each.sha256: each.alt for each in article.images}
    alts: dict[str, str | None] = {}
    for image, alt in change.alts.items():
        words = " ".join((alt or "").split())
        if image not in images:
            raise NotFound("the article has no such picture", hint="look at the article again: its pictures changed")
        if len(words) > LONGEST_ALT:
            raise BadInput(f"an alt text of {len(words):,} characters is too long, {LONGEST_ALT:,} is the most")
        alts[image] = None if words in ("", images[image]) else words
    return replace(change, said=said, alts=alts)


def _news(before: Edits, change: Edits, served: Container[str]) -> Edits:
    """Return what of a change is not so already; a channel that has nothing of the article (any more) can be sent it."""
    return Edits(
        said={name: wish for name, wish in change.said.items() if wish != before.said.get(name)},
        goes={
            name: goes
            for name, goes in change.goes.items()
            if goes != before.goes.get(name) or (goes and name not in served)
        },
        alts={name: alt for name, alt in change.alts.items() if alt != before.alts.get(name)},
    )


def _last(there: Sequence[Delivery], channel: str) -> Delivery | None:
    """Return the last delivery on a channel that is not cancelled."""
    here = [each for each in there if each.channel == channel and each.state is not State.CANCELLED]
    return max(here, key=lambda each: each.round, default=None)


def _waits(delivery: Delivery) -> bool:
    return delivery.state in UNSENT and not delivery.receipts


def _differs(
    delivery: Delivery, was: "Mapping[str, Composition]", made: "Mapping[str, Composition]", change: Edits
) -> bool:
    """Tell whether a change is about a delivery: it would say something else by it, or goes there no more."""
    channel = delivery.channel
    if channel not in made:
        return change.goes.get(channel) is False
    told = channel in change.said or channel not in was or was[channel].post != made[channel].post
    return told and made[channel].post != delivery.post


def _composed(preview: Preview) -> "Composition":
    """Return what a delivery says as what it was composed to."""
    from bot.domain.composing import Composition

    assert preview.excerpt is not None
    assert preview.post is not None
    return Composition(channel=preview.channel, excerpt=preview.excerpt, post=preview.post)


def _refuse_gone(last: Delivery | None) -> None:
    """Refuse to change what a channel gets where what there is has left."""
    if last is None or _waits(last):
        return
    state = "partly sent" if last.state in UNSENT else last.state
    hint = f"{LATER.get(last.state, 'nothing was changed')}; `handbill log {last.id}` tells its story"
    raise NotAllowed(f"delivery {last.id} on {last.channel} is {state}: its words cannot change", hint=hint)
