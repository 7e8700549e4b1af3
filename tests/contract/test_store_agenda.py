"""What stands in spans of time, over every store we ship: which deliveries, how many, which slots, which titles."""

import pytest

from bot.domain.delivery import State
from tests.store_samples import HOUR, MINUTE, NOON, STORES, HandClock, article, channel, delivery


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    found = await STORES[request.param](tmp_path, HandClock())
    for name in ("x", "wall"):
        await found.put_channel(channel(name))
    yield found
    await found.close()


EDGES = [NOON, NOON + HOUR, NOON + 2 * HOUR]


async def names(store, most=10, on=""):
    return [(count, [each.id for each in found]) for count, found in await store.spans(EDGES, most, on)]


async def test_each_span_has_what_begins_in_it_and_none_what_lies_on_its_end(store):
    moments = {"a1": NOON, "a2": NOON + HOUR - MINUTE, "b1": NOON + HOUR, "c1": NOON + 2 * HOUR, "z1": NOON - MINUTE}
    await store.add_deliveries([delivery(name, due=at) for name, at in moments.items()], NOON)
    assert await names(store) == [(2, ["a1", "a2"]), (1, ["b1"])]


async def test_the_first_are_listed_and_all_are_counted(store):
    await store.add_deliveries([delivery(f"a{n}", due=NOON + n * MINUTE) for n in range(5)], NOON)
    assert await names(store, most=2) == [(5, ["a0", "a1"]), (0, [])]


async def test_one_channel_alone_can_be_asked_for(store):
    await store.add_deliveries([delivery("a1"), delivery("w1", channel="wall")], NOON)
    assert await names(store, on="wall") == [(1, ["w1"]), (0, [])]
    assert await names(store, on="nowhere") == [(0, []), (0, [])]


@pytest.mark.parametrize(
    ("state", "slot", "due", "there"),
    [
        (State.SCHEDULED, NOON - HOUR, NOON, True),  # put off until now
        (State.SCHEDULED, NOON, NOON - HOUR, False),
        (State.RETRYING, NOON - HOUR, NOON, True),
        (State.SCHEDULED, NOON, None, True),  # parked: its slot is all there is
        (State.UNCERTAIN, NOON, NOON + 5 * HOUR, True),  # looked for again later
        (State.UNCERTAIN, None, NOON, True),
        (State.SENT, NOON - HOUR, NOON, True),
        (State.SENT, NOON, None, True),
        (State.FAILED, NOON, NOON, True),
        (State.RETRACTED, NOON, NOON, True),
        (State.HELD, None, None, False),
        (State.CANCELLED, None, None, False),
    ],
)
async def test_what_a_delivery_stands_under(store, state, slot, due, there):
    await store.add_deliveries([delivery("a1", due=due, slot=slot, state=state)], NOON)
    [(count, _), _] = await store.spans(EDGES, 10)
    assert count == there


async def test_slots_are_taken_until_they_are_given_back(store):
    await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + HOUR), delivery("w1", "w", "wall")], NOON)
    booked = await store.booked(["x", "wall"], NOON, NOON + HOUR)
    assert booked == {"x": {NOON}, "wall": {NOON}}
    assert await store.booked(["x"], NOON + MINUTE, NOON + 2 * HOUR) == {"x": {NOON + HOUR}}


async def test_titles_are_those_of_the_articles_asked_for(store):
    for name in ("one", "two"):
        await store.put_article(article(name, title=f"The {name}"), NOON)
    asked = [("library", "one"), ("library", "one"), ("library", "none"), ("museum", "two")]
    assert await store.titles(asked) == {("library", "one"): "The one"}
    assert await store.titles([]) == {}
    assert await store.titles([("library", f"a{n}") for n in range(2000)]) == {}
