"""What a manager who is new to the desk stumbled over: each told as it is on the page that has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from re import findall

import pytest

from bot.domain.delivery import State
from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.web.rendering import off_terminal
from tests.faces.conftest import PATIENCE
from tests.faces.test_desk_calendar import HERE, day_in, delivery, fill, form_of, get, in_days, move, post, slot
from tests.faces.test_desk_decide import press, unsure
from tests.faces.test_desk_hold import Visitor
from tests.faces.test_desk_plan import CHANNELS, FORM, send

STEP = timedelta(seconds=10)


async def test_dropped_on_a_day_with_room_at_any_time_it_goes_out_by_daylight_and_that_it_is_approved_is_told(
    desk, http
):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None), delivery("h2", "wall", due=None), delivery("h3", due=None))
        for name in ("board", "wall"):
            await served.live.app.store.put_plan(name, Plan(zone="Europe/Berlin", every=STEP))
        _, after = await move(http, served, "h1@1 h2@1", day=day_in(2))
        assert [await slot(served, name) for name in ("h1", "h2")] == [in_days(2)] * 2
        assert "2 posts approved, the first goes out:" in after
        await post(http, served, "/calendar/undo", form_of(after, "/calendar/undo"))
        _, after = await move(http, served, "h3@1", day=day_in(2))
        assert "is approved and goes out on board:" in after


async def test_undone_it_waits_for_the_reason_it_had_before(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None))
        before = await served.live.app.store.delivery("h1")
        _, after = await move(http, served, "h1@1", day=day_in(2))
        await post(http, served, "/calendar/undo", form_of(after, "/calendar/undo"))
        back = await served.live.app.store.delivery("h1")
        assert (back.state, back.why) == (State.HELD, before.why)
        assert "put back by a manager" not in await get(http, served, "/")


async def test_an_article_waits_as_one_with_one_button_for_all_its_channels(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None), delivery("h2", "wall", due=None))
        text = await get(http, served, "/")
        [waiting] = findall(r'<section id="held".*?</section>', text, 16)
        assert waiting.count('<li class="deed">') == 1
        assert "Approve 2 posts" in waiting
        fields = form_of(text, "/inbox/approve")
        status, _ = await post(http, served, "/inbox/approve", fields)
        states = [(await served.live.app.store.delivery(name)).state for name in ("h1", "h2")]
        assert (status, states) == (200, [State.SCHEDULED] * 2)


async def test_who_may_not_approve_is_told_so_and_not_asked(desk, http):
    async with desk(HERE, role=Role.EDITOR) as served:
        await fill(served, delivery("h1", due=None))
        text = await get(http, served, "/")
        assert "Waits for somebody who may approve it" in text
        assert "Waits for your word" not in text


async def test_an_address_that_cannot_be_right_is_refused_before_anybody_is_asked(desk, http):
    async with desk() as served:
        await unsure(served)
        visitor = Visitor(http, served)
        html = await visitor.look("/delivery/a1")
        status, _, text = await press(visitor, html, "there", url="https://example.com/hello")
        assert status == 400
        assert "is not on" in text
        assert "counts as published" not in text


async def test_people_in_own_words_have_their_plain_names_on_the_first_page(desk, http):
    async with desk(HERE) as served:
        named = delivery("a1", due=datetime.now(UTC) + timedelta(hours=3))
        words = replace(named.excerpt, text="Thanks to {@Harbour Boatbuilders} for the oars.")
        await fill(served, replace(named, excerpt=words))
        text = await get(http, served, "/")
        assert "Thanks to Harbour Boatbuilders for the oars." in text


async def test_the_dialog_proposes_the_first_free_day_after_today_and_begins_at_its_field(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None))
        shown = await chromium.open(f"{served.address}/calendar?view=list", width=1280)
        await shown.locator("#waiting .move").first.click()
        field = shown.locator("#moving-box #to-day")
        await field.wait_for()
        assert await field.input_value() == day_in(1)
        assert await field.evaluate("each => each === document.activeElement")
        assert chromium.complaints == []


async def test_a_month_opens_with_today_in_sight(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None), delivery("a1", due=in_days(0, "23:59")))
        shown = await chromium.open(f"{served.address}/calendar?view=month", width=1280)
        await shown.set_viewport_size({"width": 1280, "height": 900})
        today = shown.locator("#grid .ec-today").first
        await today.wait_for()
        await shown.wait_for_function(
            "() => { const main = document.querySelector('#grid .ec-main').getBoundingClientRect(),"
            " day = document.querySelector('#grid .ec-body .ec-today, #grid .ec-today').getBoundingClientRect();"
            " return day.top >= main.top && day.top + 60 <= Math.min(main.bottom, innerHeight); }",
            timeout=PATIENCE * 1000,
        )


async def test_every_wrong_part_of_a_plan_is_named_as_it_was_typed(desk, http):
    async with desk(CHANNELS) as served:
        wrong = {"times": "9h, noon", "gap_n": "abc", "do": "save"}
        status, text = await send(http, served, "/plan/mastodon", **(FORM | wrong))
    assert status == 400
    text = unescape(text)
    assert "'9h' is no time of day; 'noon' is no time of day" in text
    assert "'abc' is no length of time" in text


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("choose a day to come; `handbill send-now` posts at once", "choose a day to come"),
        (
            "look again, then decide: `handbill log 3f2a`; it is at version 2",
            "look again, then decide; it is at version 2",
        ),
        ("`handbill send-now 3f2a` posts it at once", "handbill send-now 3f2a posts it at once"),
    ],
)
def test_a_page_leaves_the_command_line_out_where_it_says_something_else_besides(hint, told):
    assert off_terminal(hint) == told
