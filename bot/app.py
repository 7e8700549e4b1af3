"""The composition root: settings -> store, adapters, flow. The only file that knows everyone; it holds no rules.

opened(settings)       the ledger and the verbs that need no network         (most commands)
connected(app)         the same with every configured channel connected      (doctor, retract)
running(settings)      the bot: everything, until the context ends           (run, demo)
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog

from bot.chats import connect_all
from bot.clock import PeerClocks, SteppedClock, SystemClock
from bot.domain.channel import Channel
from bot.domain.lateness import LatePolicy
from bot.domain.plan import Plan
from bot.domain.reactions import STEADY, Rhythm
from bot.flow.agenda import Calendar
from bot.flow.checkup import Checkup
from bot.flow.editing import Editing
from bot.flow.enrolling import Enrolling
from bot.flow.gauging import Gauging
from bot.flow.intake import Intake
from bot.flow.outlook import Outlooks
from bot.flow.planning import Planner
from bot.flow.refitting import Refitting
from bot.flow.rewording import Rewording
from bot.flow.steering import Steering
from bot.media import MediaFolder
from bot.net import fetcher, session
from bot.platforms import adapters, handles
from bot.ports import Adapter, Answers, Chat, Engine, Means, Platform, Results, Roster, Source, Trail, Witness
from bot.settings import Settings
from bot.sources.arrivals import Arrivals
from bot.sources.folder import Folder
from bot.store import open_store
from bot.store.accounts import sole_accounts
from bot.store.lock import bot_is_running, sole_bot

if TYPE_CHECKING:
    from bot.flow.rehearsal import Forecast
    from bot.store.sql import SqlStore

RECONCILE_EVERY = timedelta(seconds=3)
MEND_EVERY = timedelta(minutes=5)
LOOK_EVERY = timedelta(seconds=20)
#: How long new articles wait for channels to tell their limits, an edit for a post on its way, and what has failed before it
#: is tried again.
LIMITS_FIRST, LANDING, AGAIN = timedelta(seconds=5), timedelta(seconds=2), timedelta(seconds=10)

log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What a face may use: the verbs, and the store for looking things up."""

    settings: Settings
    clock: SystemClock
    store: "SqlStore"
    witness: Witness
    media: MediaFolder
    source: Source
    planner: Planner
    intake: Intake
    steering: Steering
    by: str = "bot"

    @property
    def refitting(self) -> Refitting:
        """What keeps waiting posts within their channels' limits."""
        return Refitting(self.store, self.clock, self.planner)

    @property
    def rewording(self) -> Rewording:
        """What gives an article a manager's own words on a channel."""
        return Rewording(self.store, self.clock, self.planner, self.by)

    @property
    def editing(self) -> Editing:
        """What managers write on articles."""
        return Editing(self.store, self.clock, self.planner, self.by)

    @property
    def arrivals(self) -> Arrivals:
        """What writes new articles into the folder."""
        return Arrivals(self.settings.queue, self.media, self.settings.zone)

    @property
    def outlooks(self) -> Outlooks:
        """What tells at once what becomes of a delivery that is to go out now."""
        return Outlooks(self.store, self.clock, self.planner)

    @property
    def calendar(self) -> Calendar:
        """What goes out on which day, and what is free."""
        return Calendar(self.store, self.clock, self.default_plan)

    @property
    def roster(self) -> Roster:
        """Who may come in."""
        return self.store

    @property
    def enrolling(self) -> Enrolling:
        """What decides who may come in."""
        return Enrolling(self.store, self.clock, self.by)

    @property
    def results(self) -> Results:
        """What platforms reported of what is published."""
        return self.store

    @property
    def trail(self) -> Trail:
        """What was decided, and what is last known of the channels."""
        return self.store

    @property
    def answers(self) -> Answers:
        """What programs were told, for those that ask again."""
        return self.store

    async def is_running(self) -> bool:
        """Tell whether a bot runs on this data."""
        return await asyncio.to_thread(bot_is_running, self.settings.data)

    @property
    def gauging(self) -> Gauging:
        """What tells how channels stand, and what is left of what they take."""
        return Gauging(self.store, self.trail, self.clock)

    @property
    def default_plan(self) -> Plan:
        """The plan of every channel that has none of its own."""
        return Plan(zone=self.settings.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The same with every configured channel connected."""

    app: App
    platforms: Mapping[str, Platform]
    chats: tuple[Chat, ...]
    checkup: Checkup
    peers: PeerClocks


@asynccontextmanager
async def opened(settings: Settings, by: str = "bot") -> AsyncIterator[App]:
    """Open the ledger; StoreError or StoreTooNew when that cannot be. What is decided is told as an act of `by`."""
    clock = SystemClock()
    store = await open_store(settings.database, clock)
    try:
        media = MediaFolder(settings.data / "media")
        planner = Planner(store, clock, Plan(zone=settings.zone))
        app = App(
            settings=settings,
            clock=clock,
            store=store,
            witness=store,
            media=media,
            source=Folder(settings.queue, media, clock, settings.zone, handles()),
            planner=planner,
            intake=Intake(store, clock, planner),
            steering=Steering(store, clock, planner, by),
            by=by,
        )
        await Checkup(store, {}, configured(settings), app.refitting, app.clock).register()
        yield app
    finally:
        await store.close()


async def catch_up(app: App) -> None:
    """Take in what is new in the folder, unless a running bot does that already."""
    if not await app.is_running():
        await app.intake.take(app.source)


@asynccontextmanager
async def connected(app: App) -> AsyncIterator[Connected]:
    """Connect every channel whose credentials are complete; no network call is made yet."""
    peers = PeerClocks(app.clock)
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(session(app.settings.deadline.total_seconds(), peers.heard))
        means = {
            each.name: Means(
                channel=each.name,
                credentials=each.credentials,
                session=shared,
                media=app.media,
                clock=app.clock,
                witness=app.witness,
                timeout=app.settings.deadline.total_seconds() * 0.8,
            )
            for each in app.settings.channels
            if not each.missing
        }
        known = {each.name: each.platform for each in app.settings.channels}
        platforms = {name: adapters()[known[name]].connect(each) for name, each in means.items()}
        for platform in platforms.values():
            stack.push_async_callback(platform.close)
        chats = connect_all([(known[name], each) for name, each in means.items()])
        for chat in chats:
            stack.push_async_callback(chat.close)
        checkup = Checkup(app.store, platforms, configured(app.settings), app.refitting, app.clock)
        yield Connected(app=app, platforms=platforms, chats=tuple(chats), checkup=checkup, peers=peers)


@asynccontextmanager
async def running(settings: Settings, rhythm: Rhythm = STEADY) -> AsyncIterator[Connected]:
    """Run the bot while the context lasts; leaving it finishes what is under way and closes everything.

    `rhythm` is how often platforms are asked what became of posts.
    """
    with sole_bot(settings.data), sole_accounts(accounts(settings), settings.data):
        async with opened(settings) as app:
            await app.store.require_sound()
            async with connected(app) as live, _at_work(live, rhythm):
                yield live


@asynccontextmanager
async def _at_work(live: Connected, rhythm: Rhythm) -> AsyncIterator[None]:
    # Imported here, since a command that only looks or decides should not wait for what the bot runs on.
    from bot.engines.local import LocalEngine
    from bot.flow.commanding import Commanding
    from bot.flow.counting import Counting
    from bot.flow.dispatch import Dispatch, Pace
    from bot.flow.listening import Listening
    from bot.flow.reconcile import Reconcile

    app = live.app
    pace = Pace(deadline=app.settings.deadline, jitter=random.random)
    engine: Engine = LocalEngine(app.clock)
    dispatch = Dispatch(app.store, app.clock, engine, live.platforms, app.default_plan, pace)
    reconcile = Reconcile(app.store, app.clock, live.platforms, app.steering, pace, dispatch.busy, live.peers.skew)
    counting = Counting(app.store, app.results, app.clock, live.platforms, app.default_plan, rhythm)
    listening = Listening(app.store, Commanding(app.store, app.clock, app.steering, app.settings.zone))
    await live.checkup.register()
    verifying = asyncio.create_task(_lasting(app, "verify", live.checkup.channels))
    background = [verifying, asyncio.create_task(_lasting(app, "watch", partial(_watch, app, engine, verifying)))]
    background += [asyncio.create_task(_lasting(app, "links", partial(_watch_links, app)))]
    background += [
        asyncio.create_task(_lasting(app, "listen", partial(chat.listen, listening.answer))) for chat in live.chats
    ]
    try:
        await asyncio.wait({verifying}, timeout=LIMITS_FIRST.total_seconds())
        live.peers.agree()
        await app.store.set_right(app.clock.now())
        chores: dict[timedelta, Callable[[], Awaitable[None]]] = {
            RECONCILE_EVERY: reconcile.look,
            MEND_EVERY: partial(_mend, live),
            rhythm.every: counting.look,
        }
        await engine.start(dispatch.wake, chores)
        yield
    finally:
        reconcile.stop()
        counting.stop()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await engine.stop()
        await dispatch.stop()


async def _mend(live: Connected) -> None:
    """Try what is paused again, and bring back what a clock that was wrong meanwhile has put off."""
    await live.checkup.mend()
    await live.app.store.set_right(live.app.clock.now())


async def _lasting(app: App, name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do a piece of work to its end; whatever else ends it is logged, and it is begun again."""
    while True:
        try:
            await work()
            return
        except Exception as error:  # noqa: BLE001 - nobody awaits it: unlogged, it would be missed in silence
            log.error("failed", task=name, error=f"{type(error).__name__}: {error}")
            await app.clock.sleep(AGAIN)


async def _watch(app: App, engine: Engine, verifying: asyncio.Task[None]) -> None:
    """Take in the folder now and whenever it changes; first the channels may tell their limits."""
    await asyncio.wait({verifying}, timeout=LIMITS_FIRST.total_seconds())
    await _take(app, engine)
    async for _ in app.source.changes():
        await _take(app, engine)


async def _take(app: App, engine: Engine) -> None:
    """Take in the folder, once more while an edit waits for a post on its way; what is due by now does not wait for that."""
    again = True
    while again:
        again = (await app.intake.take(app.source)).again
        engine.wake_at(app.clock.now())
        if again:
            await app.clock.sleep(LANDING)


async def _watch_links(app: App) -> None:
    """Look at the links of what waits, again and again."""
    from bot.flow.linkcheck import LinkWatch

    async with fetcher() as links:
        watch = LinkWatch(app.store, app.clock, links)
        while True:
            await watch.look()
            await app.clock.sleep(LOOK_EVERY)


async def foretold(app: App, span: timedelta, *, approve_all: bool = False) -> "tuple[Forecast, tuple[str, ...]]":
    """Return what would happen in the coming time, played through on a copy of the ledger, and what refused approval."""
    from bot.engines.stepping import SteppingEngine
    from bot.flow.dispatch import Dispatch, Pace
    from bot.flow.rehearsal import Agreeable, approve_each, forecast, rehearse

    since = app.clock.now()
    clock, engine = SteppedClock(since), SteppingEngine()
    with TemporaryDirectory(prefix="handbill-") as folder:
        copy = Path(folder) / "copy.db"
        await app.store.backup(copy)
        store = await open_store(copy, clock)
        try:
            planner = Planner(store, clock, app.default_plan)
            steering = Steering(store, clock, planner)
            refused = await approve_each(store, steering) if approve_all else ()
            clock.at += timedelta(microseconds=1)  # what was approved comes before what happens
            platforms = {each.name: Agreeable(each, clock) for each in await store.channels()}
            pace = Pace(deadline=app.settings.deadline, jitter=float)
            dispatch = Dispatch(store, clock, engine, platforms, app.default_plan, pace)
            await rehearse(store, clock, engine, dispatch, since + span)
            return await forecast(store, since + timedelta(microseconds=1), since + span, app.default_plan), refused
        finally:
            await store.close()


def known_platforms() -> Mapping[str, Adapter]:
    """Return every platform there is, by name."""
    return adapters()


def configured(settings: Settings) -> tuple[Channel, ...]:
    """Return the channels whose credentials are complete, with their platforms' default limits."""
    return tuple(
        Channel(name=each.name, platform=each.platform, limits=adapters()[each.platform].LIMITS)
        for each in settings.channels
        if not each.missing
    )


def accounts(settings: Settings) -> Mapping[str, str]:
    """Return by channel what its platform knows its account by: the required settings, and where the platform is."""
    return {
        each.name: "\n".join(
            (
                each.platform,
                *(
                    each.credentials.get(field.key, "").rstrip("/")
                    for field in adapters()[each.platform].FIELDS
                    if field.required or field.key == "BASE_URL"
                ),
            )
        )
        for each in settings.channels
        if not each.missing
    }


async def demo_plans(app: App, every: int) -> None:
    """Give each channel without a plan steady slots all day long, `every` so many seconds."""
    own = await app.store.plans()
    late = LatePolicy(grace=timedelta(minutes=5), gap=timedelta(seconds=every))
    steady = Plan(times=(time(0), time(23, 59, 59)), every=timedelta(seconds=every), late=late, paid_results=True)
    for channel in await app.store.channels():
        if channel.name not in own:
            await app.store.put_plan(channel.name, steady)


def samples() -> Path:
    """Return the folder of sample articles: in a wheel beside this file, in the repository `queue/` itself."""
    packed = Path(__file__).parent / "samples"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "queue"
