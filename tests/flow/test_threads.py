"""Threads over real HTTP to the simulated platforms: whatever befalls part 3 of 5, it goes on at 3, in order, nothing twice."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bot.chats import telegram as readers
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery, PublishKey, State
from bot.domain.outcome import Outcome, Receipt, ReplyTo
from bot.domain.plan import Plan
from bot.domain.post import Part, Post
from bot.flow.dispatch import Dispatch
from bot.flow.planning import Planner
from bot.flow.reconcile import Reconcile
from bot.flow.steering import Steering
from bot.media import MediaFolder
from bot.net import session
from bot.platforms import adapters
from bot.ports import Means, Platform
from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.server import running
from bot.sandbox.world import Fault, World
from bot.store.sql import SqlStore
from tests.contract.telegram_bench import picture
from tests.fakes import HandEngine
from tests.flow.conftest import PACE
from tests.store_samples import SECOND, HandClock, article, delivery, sqlite

STEADY = Plan(times=(time(0), time(23, 59, 59)), every=timedelta(seconds=10))
CREDENTIALS: dict[str, dict[str, str]] = {
    "x": x.DEMO.settings(),
    "mastodon": {"TOKEN": "sandbox"},
    "telegram": {
        "TOKEN": telegram.TOKEN,
        "CHANNEL": telegram.CHANNEL,
        "DISCUSSION": str(telegram.DISCUSSION),
    },
    "bluesky": {"HANDLE": bluesky.HANDLE, "PASSWORD": bluesky.PASSWORD},
}


class TimedWorld(World):
    """A world whose time is the clock's that the bot goes by."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        super().__init__()

    def now(self) -> datetime:
        return self._clock.now()


@dataclass
class Watched:
    """A platform that does something right before a part is published for the first time, and counts the calls.

    So many looks as it is `blind` show nothing, like a timeline that lags behind.
    """

    inner: Platform
    before: dict[int, Any] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    blind: int = 0

    async def verify(self) -> Any:
        return await self.inner.verify()

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        self.calls.append(part.number)
        happens = self.before.pop(part.number, None)
        if happens is not None:
            happens()
        return await self.inner.publish(part, key, reply_to, resume)

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        if self.blind:
            self.blind -= 1
            return None
        return await self.inner.find(part, key, since)

    async def retract(self, receipt: Receipt) -> Outcome:
        return await self.inner.retract(receipt)

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class Stage:
    """One platform with its channel, and the bot's parts around them."""

    name: str
    clock: HandClock
    world: World
    store: SqlStore
    platform: Watched
    dispatch: Dispatch
    reconcile: Reconcile
    steering: Steering
    chat: readers.TelegramChat | None
    service: Any
    media: MediaFolder

    async def step(self) -> Delivery:
        """Do what the bot does within five seconds."""
        await self.dispatch.wake()
        await self.dispatch.idle()
        if self.chat is not None:
            await self.chat._turn(_nobody)
        await self.reconcile.look()
        self.clock.at += 5 * SECOND
        return await self.store.delivery("t1")

    async def until(self, state: State, parked: bool = False) -> Delivery:
        # X's signatures carry the machine's own time, which may be five minutes off.
        for _ in range(58):
            found = await self.step()
            if found.state is state and (not parked or found.due is None):
                return found
        raise AssertionError(await self.store.history("t1"))

    def breaks(self, kind: str, **more: Any) -> None:
        """Spoil the publishing request of part 3."""
        fault = Fault(platform=self.name, kind=kind, **more)
        self.platform.before[3] = lambda: self.world.faults.append(fault)

    async def published(self) -> list[str]:
        """Return what followers see, in order; each part must answer the one before."""
        effects = self.world.visible(self.name)
        assert [each.reply_to for each in effects] == ["", *(each.id for each in effects[:-1])]
        return [each.text for each in effects]


async def _nobody(_: object) -> None:
    return None


@pytest.fixture(params=["x", "mastodon", "telegram", "bluesky"])
async def stage(request: pytest.FixtureRequest, tmp_path, monkeypatch) -> AsyncIterator[Stage]:
    name, clock = request.param, HandClock(datetime.now(UTC))
    world, media = TimedWorld(clock), MediaFolder(tmp_path / "media")
    services = {"x": x.X, "mastodon": mastodon.Mastodon, "telegram": telegram.Telegram, "bluesky": bluesky.Bluesky}
    monkeypatch.setattr(readers, "POLL", 0)
    async with AsyncExitStack() as stack:
        service: Any = services[name](world)
        address = await stack.enter_async_context(running(world, [service]))
        shared = await stack.enter_async_context(session(30))
        store = await sqlite(tmp_path, clock)
        stack.push_async_callback(store.close)
        means = Means(
            channel=name,
            credentials={"BASE_URL": f"{address}/{name}", **CREDENTIALS[name]},
            session=shared,
            media=media,
            clock=clock,
            witness=store,
            timeout=60,
        )
        adapter = adapters()[name]
        platform = Watched(adapter.connect(means))
        stack.push_async_callback(platform.close)
        await store.put_channel(Channel(name=name, platform=name, limits=adapter.LIMITS))
        await store.put_article(article(), clock.now())
        planner, platforms = Planner(store, clock, STEADY), {name: platform}
        steering = Steering(store, clock, planner)
        yield Stage(
            name=name,
            clock=clock,
            world=world,
            store=store,
            platform=platform,
            dispatch=Dispatch(store, clock, HandEngine(), platforms, STEADY, PACE),
            reconcile=Reconcile(store, clock, platforms, steering, PACE),
            steering=steering,
            chat=readers.connect([means]) if name == "telegram" else None,
            service=service,
            media=media,
        )


TEXTS = [f"Part {number} of the story of the reading room." for number in range(1, 6)]


@pytest.fixture
async def thread(stage: Stage) -> Stage:
    pictures = (await picture(stage, "red"), await picture(stage, "blue"))  # type: ignore[arg-type]
    parts = tuple(
        Part(number=number, text=text, images=pictures if number == 2 else (), length=len(text), limit=280)
        for number, text in enumerate(TEXTS, 1)
    )
    waits = delivery("t1", channel=stage.name, due=stage.clock.now(), post=Post(channel=stage.name, parts=parts))
    await stage.store.add_deliveries([waits], stage.clock.now())
    return stage


async def whole(stage: Stage) -> None:
    """Let the thread come to its end; every part must be there once, in order, each with its receipt."""
    done = await stage.until(State.SENT)
    assert await stage.published() == TEXTS
    ids = [effect.id for effect in stage.world.visible(stage.name)]
    assert [receipt.id for _, receipt in done.receipts] == ids
    assert stage.platform.calls[-2:] == [4, 5]
    assert [stage.platform.calls.count(number) for number in (1, 2, 4, 5)] == [1, 1, 1, 1]


async def test_an_album_is_one_part_with_pieces(thread: Stage) -> None:
    await whole(thread)
    found = await thread.store.delivery("t1")
    assert [len(receipt.pieces) for _, receipt in found.receipts] == [0, int(thread.name == "telegram"), 0, 0, 0]


@pytest.mark.parametrize("kind", ["reset", "truncate", "garbage"])
async def test_part_3_whose_answer_is_lost_is_found_and_the_thread_goes_on(thread: Stage, kind: str) -> None:
    thread.breaks(kind)
    await whole(thread)
    assert thread.platform.calls.count(3) == 1, "it was there, so it is not sent again"
    assert any("it is there" in why for _, _, why in await thread.store.history("t1"))


@pytest.mark.parametrize(("kind", "status"), [("refuse", 0), ("error", 503)])
async def test_part_3_that_never_arrived_is_proved_absent_and_sent_again(thread: Stage, kind: str, status: int) -> None:
    thread.breaks(kind, status=status)
    await whole(thread)
    assert thread.platform.calls.count(3) == 2
    looks = [why for _, _, why in await thread.store.history("t1") if why.startswith("looked")]
    if thread.name == "x":
        assert ["again at" in why for why in looks] == [True, False], "two looks, a minute apart"


async def test_part_3_that_must_wait_goes_on_after_the_wait(thread: Stage) -> None:
    thread.breaks("flood", seconds=30)
    await whole(thread)
    assert thread.platform.calls.count(3) == 2


async def test_part_3_that_was_refused_goes_on_once_it_is_approved_again(thread: Stage) -> None:
    thread.breaks("error", status=400)
    failed = await thread.until(State.FAILED)
    assert [number for number, _ in failed.receipts] == [1, 2]
    assert "part 3 of 5" in failed.why
    await thread.steering.approve(["t1"])
    await whole(thread)


async def test_a_channel_that_is_paused_in_the_middle_goes_on_at_part_3(thread: Stage) -> None:
    thread.breaks("unauthorised")
    if thread.name == "bluesky":  # which renews its session after one 401
        thread.breaks("unauthorised", times=2)
    waiting = await thread.until(State.RETRYING)
    while len(waiting.receipts) < 2 or "refused" not in waiting.why:
        waiting = await thread.step()
    [channel] = await thread.store.channels()
    assert channel.paused
    assert (await thread.published(), waiting.why.partition(":")[0]) == (TEXTS[:2], "part 3 of 5")
    for _ in range(3):
        await thread.step()
    assert len(thread.world.effects) == 2
    await thread.store.pause_channel(thread.name, "")
    await whole(thread)


async def test_a_bot_that_dies_in_the_middle_goes_on_at_part_3(thread: Stage) -> None:
    """Its answer was lost; another life of the bot, which remembers nothing, takes over."""
    thread.breaks("reset")
    unknown = await thread.until(State.UNCERTAIN)
    assert [number for number, _ in unknown.receipts] == [1, 2]
    platforms = {thread.name: thread.platform}
    thread.dispatch = Dispatch(thread.store, thread.clock, HandEngine(), platforms, STEADY, PACE)
    thread.reconcile = Reconcile(thread.store, thread.clock, platforms, thread.steering, PACE)
    await whole(thread)


# --- what guards a post that is sent again although it is there -------------------------------------------------------


async def lagging(stage: Stage, looks: int) -> None:
    """Publish one post whose answer is lost and which the first looks do not show."""
    stage.platform.before[1] = lambda: stage.world.faults.append(Fault(platform=stage.name, kind="reset"))
    stage.platform.blind = looks
    one = Part(number=1, text=TEXTS[0], length=40, limit=280)
    waits = delivery("t1", channel=stage.name, due=stage.clock.now(), post=Post(channel=stage.name, parts=(one,)))
    await stage.store.add_deliveries([waits], stage.clock.now())


@pytest.mark.parametrize("stage", ["x"], indirect=True)
async def test_x_refuses_the_very_same_text_and_a_further_look_proves_it(stage: Stage) -> None:
    await lagging(stage, 2)
    await stage.until(State.SENT)
    assert (await stage.published(), stage.platform.calls) == (TEXTS[:1], [1, 1])
    assert any("duplicate" in why for _, _, why in await stage.store.history("t1"))


@pytest.mark.parametrize("stage", ["x"], indirect=True)
async def test_what_x_calls_a_duplicate_and_never_shows_waits_for_a_person(stage: Stage) -> None:
    await lagging(stage, 99)
    parked = await stage.until(State.UNCERTAIN, parked=True)
    assert "not there after 2 tries" in parked.why
    for _ in range(2):
        await stage.step()
    assert (await stage.published(), stage.platform.calls) == (TEXTS[:1], [1, 1])


@pytest.mark.parametrize("stage", ["mastodon"], indirect=True)
@pytest.mark.parametrize("replay", [200, 500])
async def test_mastodon_knows_the_key_again_within_its_lifetime(stage: Stage, replay: int) -> None:
    """Since 4.6 it answers a replay with 500, which a further look clears up."""
    stage.service.replay = replay
    await lagging(stage, 1)
    await stage.until(State.SENT)
    assert (await stage.published(), stage.platform.calls) == (TEXTS[:1], [1, 1])


@pytest.mark.parametrize("stage", ["bluesky"], indirect=True)
async def test_bluesky_answers_the_same_record_with_what_is_there(stage: Stage) -> None:
    await lagging(stage, 1)
    await stage.until(State.SENT)
    assert (await stage.published(), stage.platform.calls) == (TEXTS[:1], [1, 1])


@pytest.mark.parametrize("stage", ["telegram"], indirect=True)
async def test_telegram_without_a_witness_is_left_to_a_person(stage: Stage) -> None:
    await lagging(stage, 0)
    stage.service.hears, stage.chat = False, None
    parked = await stage.until(State.UNCERTAIN, parked=True)
    assert "look for the post yourself" in parked.why
    assert stage.platform.calls == [1]


@pytest.mark.parametrize("stage", ["x", "mastodon"], indirect=True)
async def test_a_plan_can_forbid_to_send_again(stage: Stage) -> None:
    await stage.store.put_plan(stage.name, Plan(resend=False))
    await lagging(stage, 99)
    parked = await stage.until(State.UNCERTAIN, parked=True)
    assert "the channel's plan leaves it to a person" in parked.why
    assert stage.platform.calls == [1]
