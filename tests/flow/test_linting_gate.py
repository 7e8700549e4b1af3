"""What linting finds holds a delivery, a person may let it pass, and some things nobody can."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.campaign import Campaign
from bot.domain.channel import Limits, Unit
from bot.domain.delivery import State
from bot.errors import NotAllowed
from tests.flow.conftest import House
from tests.flow.test_intake import by_channel, take
from tests.store_samples import PICTURE, article, channel

BARE = replace(PICTURE, alt="")
DAY = timedelta(days=1)


async def test_a_picture_without_alt_text_holds_its_posts_until_a_person_lets_them_pass(house: House):
    await take(house, article(images=(BARE,)))
    held = await by_channel(house)
    assert {(each.state, each.slot, each.why) for each in held.values()} == {
        (State.HELD, None, "image 1 has no alt text")
    }
    await house.steering.approve([held["board"].id])
    await house.steering.send_now([held["wall"].id])
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_a_campaign_may_do_without_alt_texts(house: House):
    await take(house, article(images=(BARE,)), campaigns=(Campaign(name="library", alt_required=False),))
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_becoming_ready_approves_no_errors_and_says_them(house: House):
    await take(house, article(ready=False, images=(BARE,)))
    drafts = {each.why for each in await house.store.deliveries()}
    assert drafts == {"the article is a draft; image 1 has no alt text"}
    await take(house, article(digest="d2", images=(BARE,)))
    assert {(each.state, each.why) for each in await house.store.deliveries()} == {
        (State.HELD, "image 1 has no alt text")
    }
    await take(house, article(digest="d3", images=(BARE,), tags=("more",)))
    assert {each.why for each in await house.store.deliveries()} == {"the article was edited; image 1 has no alt text"}


async def test_a_platform_is_told_the_same_once_a_month_whatever_the_account(house: House):
    await house.store.put_channel(replace(channel("board__museum"), platform="board"))
    await take(house, article())
    found = await by_channel(house)
    first, second, other = found["board"], found["board__museum"], found["wall"]
    assert (first.state, second.state, other.state) == (State.SCHEDULED, State.HELD, State.SCHEDULED)
    assert f"nearly the same as on board at 2026-05-04 12:30 UTC (delivery {first.id})" in second.why

    house.clock.at += timedelta(hours=1)
    await house.settle()
    await take(house, article("again", digest="d2"))
    assert {each.state for each in await house.store.deliveries(article="again")} == {State.HELD}
    house.clock.at += 31 * DAY
    await take(house, article("later", digest="d3"))
    later = {each.channel: each.state for each in await house.store.deliveries(article="later")}
    assert later == {"board": State.SCHEDULED, "board__museum": State.HELD, "wall": State.SCHEDULED}


async def test_an_article_is_no_duplicate_of_itself(house: House):
    await take(house, article())
    await take(house, article(digest="d2", tags=("more",)))
    assert {each.why for each in await house.store.deliveries()} == {"the article was edited: approve it again"}


async def test_what_was_withdrawn_may_be_said_again(house: House):
    await take(house, article())
    await house.steering.cancel([each.id for each in await house.store.deliveries()])
    await take(house, article("again", digest="d2"))
    assert {each.state for each in await house.store.deliveries(article="again")} == {State.SCHEDULED}


async def test_nobody_can_approve_what_the_channel_would_refuse(house: House):
    await take(house, article(ready=False))
    fine, long = (await by_channel(house))["wall"], (await by_channel(house))["board"]
    await house.store.put_channel(replace(channel("board"), limits=Limits(length=40, unit=Unit.CODE_POINTS)))
    for verb in (house.steering.approve, house.steering.send_now):
        with pytest.raises(
            NotAllowed, match=r"cannot be approved: too long: .* code points, the channel takes 40"
        ) as no:
            await verb([fine.id, long.id])
        assert "template" in no.value.hint
        assert {each.state for each in await house.store.deliveries()} == {State.HELD}, "all or nothing"
    await house.store.put_channel(channel("board"))
    await house.steering.approve([fine.id, long.id])
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}
    assert (await house.store.delivery(long.id)).slot is not None
