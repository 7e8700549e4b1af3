"""The contract of ports.Store and ports.Witness; every store we ship passes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.domain.campaign import Campaign
from bot.domain.delivery import State, fingerprint_of
from bot.domain.lateness import LatePolicy
from bot.domain.ledger import Hold
from bot.domain.plan import Plan
from bot.errors import NotAllowed, NotFound, StoreError
from bot.ports import Problem, Sighting, Store, Witness
from bot.store.sql import SqlStore
from tests.store_samples import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    STORES,
    HandClock,
    article,
    channel,
    delivery,
    receipt,
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, clock)
    await opened.put_channel(channel("x"))
    await opened.put_channel(channel("mastodon"))
    yield opened
    await opened.close()


def test_it_has_the_shape_of_both_ports(store):
    def shown(as_store: Store, as_witness: Witness) -> tuple[object, object]:
        return as_store, as_witness

    assert shown(store, store)
    assert {name for port in (Store, Witness) for name in vars(port) if name[0] != "_"} <= set(dir(store))


# campaigns, articles, problems


async def test_an_unknown_campaign_is_a_plain_one(store):
    assert await store.campaign("museum") == Campaign(name="museum")


async def test_a_campaign_replaces_the_one_of_its_name(store):
    await store.put_campaigns([])
    await store.put_campaigns([Campaign(name="library", title="Old"), Campaign(name="museum", approval=True)])
    await store.put_campaigns([Campaign(name="library", title="New", tags=("a", "b"), channels=("x",))])
    assert await store.campaign("library") == Campaign(name="library", title="New", tags=("a", "b"), channels=("x",))
    assert await store.campaign("museum") == Campaign(name="museum", approval=True)


async def test_an_article_comes_back_as_it_went_in_and_an_edition_replaces_the_former(store):
    first = article(text="Zum Lesesaal 📚 geht es\n\nنحو اليمين", expires=NOON + HOUR)
    await store.put_article(first, NOON)
    await store.put_article(article("other"), NOON)
    assert await store.article("library", "night-opening") == first
    second = replace(first, digest="d2", title="Changed", text="Short.", language="de", ready=False)
    await store.put_article(second, NOON + HOUR)
    assert await store.article("library", "night-opening") == second
    assert await store.editions() == {("library", "night-opening"): "d2", ("library", "other"): "d1"}
    with pytest.raises(NotFound, match="museum/night-opening"):
        await store.article("museum", "night-opening")


async def test_problems_replace_those_of_the_same_source(store):
    old, new = Problem(where="a.md:3", what="no title"), Problem(where="b.md", what="too big", level="warning")
    await store.put_problems("folder", [old, new])
    await store.put_problems("feed", [old])
    await store.put_problems("folder", [new])
    assert await store.problems() == (old, new)
    await store.put_problems("feed", [])
    assert await store.problems() == (new,)


# channels and plans


async def test_what_is_learned_of_a_channel_keeps_its_pause(store):
    await store.pause_channel("x", "the token was refused")
    await store.put_channel(channel("x", account="@library", url="https://x.example/library"))
    found = {each.name: each for each in await store.channels()}
    assert list(found) == ["mastodon", "x"]
    assert found["x"] == channel(
        "x", account="@library", url="https://x.example/library", paused="the token was refused"
    )
    await store.pause_channel("x", "")
    assert (await store.channels())[1].paused == ""
    for refused in (store.pause_channel("nowhere", "why"), store.rest_channel("nowhere", NOON)):
        with pytest.raises(NotFound, match="nowhere"):
            await refused


async def test_plans_are_kept_and_cleared(store):
    plan = Plan(
        days=(0, 6),
        times=(time(9), time(17, 30, 15)),
        zone="Europe/Vienna",
        every=timedelta(minutes=90, microseconds=5),
        late=LatePolicy(grace=timedelta(seconds=1), limit=timedelta(days=3)),
    )
    await store.put_plan("x", Plan())
    await store.put_plan("x", plan)
    await store.put_plan("mastodon", Plan())
    assert await store.plans() == {"x": plan, "mastodon": Plan()}
    await store.put_plan("mastodon", None)
    assert await store.plans() == {"x": plan}
    with pytest.raises(NotFound):
        await store.put_plan("nowhere", plan)


async def test_the_hold_is_remembered(store):
    assert await store.hold() == Hold(on=False)
    await store.set_hold(Hold(on=True, why="storm", since=NOON))
    assert await store.hold() == Hold(on=True, why="storm", since=NOON)
    await store.set_hold(Hold(on=False))
    assert await store.hold() == Hold(on=False)


# deliveries


async def test_a_delivery_comes_back_as_it_went_in(store):
    sample = delivery(parts=3, due=NOON, expires=NOON + HOUR, not_before=NOON - HOUR, tries=2, round=4, revision=7)
    held = delivery("b2", due=None)
    assert await store.add_deliveries([sample, held], NOON) == (sample, held)
    found = await store.delivery("a1")
    assert found == sample
    assert [fingerprint_of(part) for part in found.post.parts] == [fingerprint_of(part) for part in sample.post.parts]
    assert found.due.tzinfo is UTC
    assert await store.delivery("b2") == held
    assert await store.history("a1") == ((NOON, State.SCHEDULED, "new"),)


async def test_one_that_is_there_already_is_left_alone(store):
    await store.add_deliveries([delivery("a1", "same words")], NOON)
    again = delivery("z9", "same words", due=NOON + HOUR)
    fresh = delivery("b2", "same words", channel="mastodon")
    twice = delivery("b3", "same words", channel="mastodon", due=NOON + HOUR)
    assert await store.add_deliveries([again, fresh, twice], NOON) == (fresh,)
    assert [each.id for each in await store.deliveries()] == ["a1", "b2"]
    next_round = delivery("c3", "same words", due=NOON + HOUR, round=2)
    assert await store.add_deliveries([next_round], NOON) == (next_round,)


async def test_guards_refuse_a_taken_slot_a_used_id_and_an_unknown_channel(store):
    await store.add_deliveries([delivery("a1")], NOON)
    with pytest.raises(NotAllowed, match="slot"):
        await store.add_deliveries([delivery("b1", due=NOON + HOUR), delivery("b2", due=NOON)], NOON)
    with pytest.raises(NotAllowed, match="id"):
        await store.add_deliveries([delivery("a1", "other words", due=NOON + HOUR)], NOON)
    with pytest.raises(NotFound):
        await store.add_deliveries([delivery("b3", channel="nowhere")], NOON)
    assert [each.id for each in await store.deliveries()] == ["a1"]


async def test_any_unambiguous_beginning_of_an_id_will_do(store):
    ids = ("abc", "abcd", "abx", "b%", "b_", "c" * 40)
    await store.add_deliveries([delivery(each, due=NOON + n * MINUTE) for n, each in enumerate(ids)], NOON)
    for given, meant in {"abc": "abc", "abcd": "abcd", "abx": "abx", "b%": "b%", "b_": "b_", "ccc": "c" * 40}.items():
        assert (await store.delivery(given)).id == meant
    for given in ("", "ab", "b", "zz", "%", "a_c", "\udcff", "abc\0"):
        with pytest.raises(NotFound):
            await store.delivery(given)


async def test_deliveries_are_chosen_by_all_that_is_given_in_order_of_due(store):
    rows = [
        delivery("a1", due=NOON + HOUR),
        delivery("a2", due=NOON, channel="mastodon"),
        delivery("a3", due=None),
        delivery("a4", due=NOON + MINUTE, campaign="museum"),
        delivery("a5", due=NOON + 2 * MINUTE, article="tea"),
    ]
    await store.add_deliveries(rows, NOON)

    async def ids(**chosen):
        return [each.id for each in await store.deliveries(**chosen)]

    assert await ids() == ["a2", "a4", "a5", "a1", "a3"]
    assert await ids(limit=2) == ["a2", "a4"]
    assert await ids(campaign="library") == ["a2", "a5", "a1", "a3"]
    assert await ids(campaign="library", article="night-opening", channel="x") == ["a1", "a3"]
    assert await ids(states=(State.HELD, State.SENT)) == ["a3"]
    assert await ids(campaign="nobody") == []


async def test_taken_slots_are_those_of_the_channel_from_then_on(store):
    rows = [delivery(f"a{n}", due=NOON + n * HOUR) for n in (2, 0, 1)]
    await store.add_deliveries([*rows, delivery("b", channel="mastodon", due=NOON + 9 * HOUR)], NOON)
    assert await store.taken_slots("x", NOON + HOUR) == (NOON + HOUR, NOON + 2 * HOUR)


async def test_due_is_the_first_of_each_free_channel(store):
    for name in ("bluesky", "telegram", "quiet"):
        await store.put_channel(channel(name))
    rows = [
        delivery("x2", due=NOON - MINUTE),
        delivery("x1", due=NOON - MINUTE, slot=NOON + HOUR),
        delivery("x3", due=NOON - SECOND),
        delivery("m1", channel="mastodon", due=NOON),
        delivery("b1", channel="bluesky", due=NOON + timedelta(microseconds=1)),
        delivery("t1", channel="telegram", due=None),
    ]
    await store.add_deliveries(rows, NOON)

    async def due(now=NOON, busy=()):
        return [each.id for each in (await store.ready(now, busy)).deliveries]

    assert await due() == ["x1", "m1"]
    assert await due(NOON + SECOND) == ["x1", "m1", "b1"]
    assert await due(NOON, ["x"]) == ["m1"]
    assert await due(NOON - HOUR) == []
    await store.pause_channel("x", "refused")
    await store.rest_channel("mastodon", NOON + SECOND)
    assert await due() == []
    assert await due(NOON + SECOND) == ["m1", "b1"]
    await store.set_hold(Hold(on=True))
    assert await due(NOON + HOUR) == []


async def test_next_due_is_when_something_may_be_due_next(store):
    assert await store.next_due() is None
    await store.add_deliveries([delivery("a1", due=NOON), delivery("m1", channel="mastodon", due=NOON + HOUR)], NOON)
    assert await store.next_due() == NOON
    await store.rest_channel("x", NOON + MINUTE)
    assert await store.next_due() == NOON + MINUTE
    await store.pause_channel("x", "refused")
    assert await store.next_due() == NOON + HOUR
    await store.set_hold(Hold(on=True))
    assert await store.next_due() is None


# the witness


async def test_a_sighting_is_remembered_once(store, clock):
    seen = Sighting(channel="telegram", text="Open until midnight.", receipt=receipt("7"))
    await store.saw(seen)
    clock.at = NOON + HOUR
    await store.saw(seen)
    other = Sighting(channel="telegram", text="Tea.", receipt=receipt("8"))
    await store.saw(other)
    await store.saw(replace(other, channel="telegram__museum"))
    assert await store.sightings("telegram", NOON) == (seen, other)
    assert await store.sightings("telegram", NOON + SECOND) == (other,)
    assert await store.sightings("x", NOON) == ()


async def test_the_moment_of_having_heard_all_never_goes_back(store):
    assert await store.heard_until("telegram") is None
    await store.caught_up("telegram", NOON)
    await store.caught_up("telegram", NOON - HOUR)
    assert await store.heard_until("telegram") == NOON
    assert await store.heard_until("x") is None
    assert await store.deaf_until() is None


# times and the end


async def test_moments_of_other_zones_are_the_same_moment_in_utc(store):
    abroad = NOON.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    await store.add_deliveries([delivery(due=abroad)], abroad)
    found = await store.delivery("a1")
    assert found.due == NOON
    assert found.due.tzinfo is UTC


async def test_a_closed_store_says_so(store):
    await store.close()
    for call in (store.hold(), store.set_hold(Hold(on=True))):
        with pytest.raises(StoreError, match="closed"):
            await call
    await store.close()
