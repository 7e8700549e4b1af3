"""Intake and planning over the real store: new, edited, gone, drafts, approvals, slots in order of readiness."""

from datetime import time, timedelta

import pytest

from bot.domain.campaign import Campaign
from bot.domain.delivery import State
from bot.domain.plan import Plan
from bot.errors import NotAllowed
from bot.ports import Found, Problem
from tests.flow.conftest import House
from tests.store_samples import HOUR, NOON, article, channel


async def take(house: House, *articles, problems=(), campaigns=(), present=None):
    there = present if present is not None else frozenset((each.campaign, each.name) for each in articles)
    house.shelf.found = Found(articles=articles, problems=problems, campaigns=campaigns, present=there)
    return await house.intake.take(house.shelf)


async def by_channel(house: House):
    return {each.channel: each for each in await house.store.deliveries()}


async def test_a_ready_article_gets_a_slot_on_every_channel(house):
    taken = await take(house, article())
    assert taken.new == ("library/night-opening",)
    found = await by_channel(house)
    assert set(found) == {"board", "wall"}
    assert {each.state for each in found.values()} == {State.SCHEDULED}
    assert {each.slot for each in found.values()} == {NOON.replace(hour=12, minute=30, second=0, microsecond=0)}
    text = article().text
    assert all(text[each.excerpt.start : each.excerpt.end] == each.excerpt.text for each in found.values())


async def test_taking_the_same_again_changes_nothing(house):
    await take(house, article())
    before = await house.store.deliveries()
    assert (await take(house, article())).new == ()
    assert await house.store.deliveries() == before


async def test_slots_are_filled_in_order_and_never_twice(house):
    await take(house, *(article(f"a{n}", text=f"The library opens room {n} tonight.") for n in range(4)))
    slots = [each.slot for each in await house.store.deliveries(channel="board")]
    assert len(set(slots)) == 4
    assert [each.article for each in await house.store.deliveries(channel="board")] == ["a0", "a1", "a2", "a3"]


async def test_a_draft_is_held_and_becoming_ready_is_its_approval(house):
    await take(house, article(ready=False))
    assert {each.state for each in await house.store.deliveries()} == {State.HELD}
    await take(house, article(digest="d2"))
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_a_campaign_that_wants_approval_holds_even_ready_articles(house):
    await take(house, article(), campaigns=(Campaign(name="library", approval=True),))
    held = await house.store.deliveries()
    assert {each.state for each in held} == {State.HELD}
    await house.steering.approve([each.id for each in held])
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_an_edit_renews_what_is_unsent_and_holds_it_but_never_what_was_sent(house):
    await take(house, article())
    await house.steering.send_now([(await by_channel(house))["board"].id])
    await house.settle()
    sent = (await by_channel(house))["board"]
    await take(house, article(digest="d2", text="The library now stays open until two in the morning."))
    found = await by_channel(house)
    assert (found["board"].state, found["board"].post) == (State.SENT, sent.post)
    assert found["wall"].state == State.HELD
    assert "until two" in found["wall"].post.parts[0].text
    assert "edited" in found["wall"].why
    assert found["wall"].revision == 2


async def test_a_changed_campaign_renews_what_it_changes_and_nothing_else(house):
    await take(house, article(), campaigns=(Campaign(name="library", title="Spring"),))
    await take(house, article(), campaigns=(Campaign(name="library", title="Spring at the library"),))
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}
    await take(house, article(), campaigns=(Campaign(name="library", disclosure="The town pays."),))
    renewed = await house.store.deliveries()
    assert {each.state for each in renewed} == {State.HELD}
    assert all("The town pays." in each.post.parts[0].text and "campaign" in each.why for each in renewed)
    assert (
        await take(house, article(), campaigns=(Campaign(name="library", disclosure="The town pays."),))
    ).edited == ()


async def test_an_article_that_no_longer_goes_to_a_channel_is_cancelled_there_and_a_new_one_is_planned(house):
    await take(house, article(channels=("board",)))
    await take(house, article(digest="d2", channels=("wall",)))
    found = await by_channel(house)
    assert (found["board"].state, found["wall"].state) == (State.CANCELLED, State.SCHEDULED)


async def test_an_article_that_is_taken_away_is_held_and_a_broken_one_is_not(house):
    await take(house, article())
    problem = Problem(where="queue/library/night-opening:3", what="broken")
    await take(house, problems=(problem,), present=frozenset({("library", "night-opening")}))
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}
    assert tuple(await house.store.problems()) == (problem,)
    taken = await take(house)
    assert taken.gone == ("library/night-opening",)
    assert {each.state for each in await house.store.deliveries()} == {State.HELD}
    assert tuple(await house.store.problems()) == ()


async def test_without_a_channel_articles_wait_and_are_planned_once_there_is_one(tmp_path, house):
    from bot.flow.intake import Intake
    from bot.flow.planning import Planner
    from tests.store_samples import channel, sqlite

    folder = tmp_path / "second"
    folder.mkdir()
    store = await sqlite(folder, house.clock)
    intake = Intake(store, house.clock, Planner(store, house.clock, house.planner._default))
    house.shelf.found = Found(articles=(article(),), present=frozenset({("library", "night-opening")}))
    taken = await intake.take(house.shelf)
    assert taken.new == ()
    assert "no channel" in taken.problems[-1].what
    await store.put_channel(channel("board"))
    assert (await intake.take(house.shelf)).new == ("library/night-opening",)
    await store.close()


async def test_a_channel_that_does_not_exist_is_a_warning(house):
    taken = await take(house, article(channels=("board", "walll")))
    assert [each.level for each in taken.problems] == ["warning"]
    assert "walll" in taken.problems[0].what
    assert "wall" in taken.problems[0].hint


async def test_not_before_and_expires_bound_the_slot(house):
    await take(house, article(not_before=NOON + timedelta(days=2)))
    assert all(each.slot > NOON + timedelta(days=2) for each in await house.store.deliveries())
    await take(house, article("b", text="The café closes early today.", expires=NOON + timedelta(minutes=5)))
    late = await house.store.deliveries(article="b")
    assert {each.state for each in late} == {State.HELD}
    with pytest.raises(NotAllowed):
        await house.steering.approve([late[0].id])


async def test_steering_refuses_what_the_state_forbids_and_then_changes_nothing(house):
    await take(house, article())
    first, second = await house.store.deliveries()
    await house.steering.cancel([first.id])
    with pytest.raises(NotAllowed, match="cancelled"):
        await house.steering.hold([second.id, first.id])
    assert (await house.store.delivery(second.id)).state == State.SCHEDULED
    held = await house.steering.hold([second.id])
    assert (held[0].state, held[0].slot) == (State.HELD, None)
    approved = await house.steering.approve([second.id])
    assert (approved[0].state, approved[0].slot is not None) == (State.SCHEDULED, True)
    house.clock.at += HOUR
    now = await house.steering.send_now([second.id])
    assert now[0].due == house.clock.at


async def test_what_is_previewed_is_what_is_sent(house):
    composed = {each.channel.name: each.post for each in await house.planner.compose(article())}
    await take(house, article())
    house.clock.at += HOUR
    await house.settle(rounds=2)
    for name, board in house.boards.items():
        assert tuple(call.part for call in board.calls) == composed[name].parts


async def test_an_article_without_channels_goes_to_its_campaigns(house):
    await take(house, article(), campaigns=(Campaign(name="library", channels=("wall",)),))
    assert set(await by_channel(house)) == {"wall"}


async def test_a_new_plan_moves_what_is_scheduled_to_its_slots_in_order(house):
    await take(house, *(article(f"a{n}", text=f"The library opens room {n} tonight.") for n in range(3)))
    before = [each.article for each in await house.store.deliveries(channel="board")]
    assert await house.steering.put_plan("board", Plan(times=(time(15), time(15, 1), time(15, 2)))) == 3
    moved = await house.store.deliveries(channel="board")
    assert [each.article for each in moved] == before
    assert [each.slot.strftime("%d %H:%M") for each in moved] == ["04 15:00", "04 15:01", "04 15:02"]
    assert {each.state for each in moved} == {State.SCHEDULED}
    await house.steering.put_plan("board", Plan(times=()))
    assert {each.state for each in await house.store.deliveries(channel="board")} == {State.HELD}
    assert {each.state for each in await house.store.deliveries(channel="wall")} == {State.SCHEDULED}


async def test_an_article_that_cannot_be_composed_hides_no_other(house):
    long = Campaign(name="museum", disclosure="Paid for by the town. " * 40)
    bad, good = article("bad", campaign="museum"), article("good")
    taken = await take(house, bad, good, campaigns=(long,))
    assert taken.new == ("library/good",)
    assert any("disclosure" in each.what for each in taken.problems)
    assert tuple(await house.store.problems()) == taken.problems
    assert (await take(house, bad, good, campaigns=(Campaign(name="museum"),))).new == ("museum/bad",)


async def test_an_intake_that_was_cut_short_plans_no_channel_twice(house):
    first = article(text="The library opens tonight. Tea is served.")
    house.shelf.found = Found(articles=(first,), present=frozenset())
    made = await house.planner.compose(first)
    await house.planner.add(first, made[:1])
    await take(house, article(digest="d2", text="The library now opens at noon. Coffee is served."))
    assert sorted(each.channel for each in await house.store.deliveries()) == ["board", "wall"]


async def test_a_folder_that_is_not_there_holds_nothing(house):
    await take(house, article())
    house.shelf.found = Found(present=None)
    assert (await house.intake.take(house.shelf)).gone == ()
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_a_channel_set_up_later_gets_new_articles_and_not_the_archive(house):
    await take(house, article())
    await house.store.put_channel(channel("notes"))
    await take(house, article(digest="d2", title="Open late"), article("b", text="The café opens at noon on Monday."))
    assert {each.article for each in await house.store.deliveries(channel="notes")} == {"b"}
