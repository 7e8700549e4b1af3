"""The calendar on the desk: as HTML, over HTTP, and in a browser with mouse and keyboard."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from html import unescape
from re import findall, search
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from bot.domain.delivery import State
from bot.domain.people import Role
from bot.domain.plan import Blackout, Plan
from bot.domain.post import Part, Post
from tests.faces.conftest import PATIENCE
from tests.faces.test_pages import NAMELESS, PALE, WIDE
from tests.store_samples import article, attempt, channel
from tests.store_samples import delivery as sample

BERLIN = ZoneInfo("Europe/Berlin")
HERE = {"HANDBILL_ZONE": "Europe/Berlin"}
CHANNELS = ("board", "wall")


def delivery(id: str, channel: str = "board", **more):
    words = f"Open until midnight, says {id}."
    plain = Post(channel=channel, parts=(Part(number=1, text=words, length=len(words), limit=280),))
    return sample(id, channel=channel, post=plain, **more)


#: The day on which these tests run, and days to come: two in a row of one month, as a month's sheet shows them.
TODAY = datetime.now(BERLIN).date()
SOON = next(n for n in (2, 3) if (TODAY + timedelta(days=n)).month == (TODAY + timedelta(days=n + 1)).month)


def in_days(days: int, clock: str = "09:00", zone: ZoneInfo = BERLIN) -> datetime:
    """A wall-clock time so many days from today, UTC."""
    day = TODAY + timedelta(days=days)
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)


def day_in(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


async def fill(desk, *deliveries, **plan):
    """Two channels with slots at 09:00, 12:30 and 17:30 in Berlin."""
    store = desk.live.app.store
    for name in CHANNELS:
        await store.put_channel(channel(name))
        await store.put_plan(name, Plan(zone="Europe/Berlin", **plan))
    for name in {each.article for each in deliveries}:
        await store.put_article(article(name), datetime.now(UTC))
    await store.add_deliveries(deliveries, datetime.now(UTC))


async def slot(desk, id: str):
    return (await desk.live.app.store.delivery(id)).slot


def form_of(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the first form on a page with that address."""
    found = search(rf'<form[^>]*action="{action}"[^>]*>(.*?)</form>', page, 16)
    assert found is not None, page
    return {name: unescape(value) for name, value in findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found[1])}


async def get(http, desk, path: str):
    async with http.get(desk.address + path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def post(http, desk, path: str, fields: dict[str, str]):
    headers = {"Origin": desk.address, "Sec-Fetch-Site": "same-origin"}
    async with http.post(desk.address + path, data=fields, headers=headers) as answer:
        return answer.status, unescape(await answer.text())


async def move(http, desk, what: str, **to: str):
    page = await get(http, desk, "/calendar/move?" + urlencode({"what": what}))
    return await post(http, desk, "/calendar/move", form_of(page, "/calendar/move") | {"what": what} | to)


# --- without script -------------------------------------------------------------------------------------------------


async def test_the_list_shows_days_with_what_goes_out_what_is_free_and_what_waits(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(1)), delivery("h1", due=None), delivery("h2", "wall", due=None))
        page = await get(http, served, "/calendar")
        [tomorrow] = findall(rf'data-date="{day_in(1)}"(.*?)</article>', page, 16)
        times = findall(r'<p class="moment">(?:<time[^>]*>)?([^<]+)', tomorrow)
        assert times == ["09:00", "09:00", "12:30", "17:30"]
        assert tomorrow.count("free slot") == 3
        assert 'href="/delivery/a1"' in tomorrow
        assert 'data-refs="h1@1 h2@1"' in page, "what is held of one article stands together"
        assert "Times are Europe/Berlin." in page


async def test_a_day_on_which_the_clocks_change_says_so(desk, http):
    async with desk(HERE) as served:
        await fill(served, times=(time(2, 30),))
        spring = await get(http, served, "/calendar?view=week&day=2027-03-28")
        assert "Clocks go forward from 02:00 to 03:00: this day has 23 hours" in spring
        assert ">03:00</p>" in spring, "what 02:30 becomes on the day that has none"
        autumn = await get(http, served, "/calendar?view=list&day=2027-10-31")
        assert "Clocks go back from 03:00 to 02:00: this day has 25 hours" in autumn
        assert "02:30 (UTC+0200)" in autumn, "which of the two it is"


async def test_a_move_without_script_offers_free_slots_is_told_and_is_undone(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(1)))
        page = await get(http, served, "/calendar/move?what=a1@1")
        offered = [datetime.fromisoformat(each) for each in findall(r'name="slot" value="([^"]+)"', page)]
        assert in_days(1, "12:30") in offered
        assert in_days(1) not in offered
        status, after = await move(http, served, "a1@1", slot=in_days(2).isoformat())
        assert (status, await slot(served, "a1")) == (200, in_days(2))
        assert "“The library at night” goes out on board:" in after
        status, after = await post(http, served, "/calendar/undo", form_of(after, "/calendar/undo"))
        assert (status, await slot(served, "a1")) == (200, in_days(1))
        assert "It is back where it was." in after
        assert [each.act.by for each in await served.decisions()] == ["desk:anna", "desk:anna"]


async def test_what_waits_of_an_article_is_put_on_a_day_and_back(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("h1", due=None), delivery("h2", "wall", due=None), delivery("a1", due=in_days(3)))
        _, after = await move(http, served, "h1@1 h2@1", day=day_in(3))
        assert [await slot(served, name) for name in ("h1", "h2")] == [in_days(3, "12:30"), in_days(3)]
        assert "2 posts approved" in after
        await post(http, served, "/calendar/undo", form_of(after, "/calendar/undo"))
        back = [await served.live.app.store.delivery(name) for name in ("h1", "h2")]
        assert [(each.state, each.slot) for each in back] == [(State.HELD, None)] * 2


async def test_a_time_is_read_in_the_zone_that_the_page_showed(desk, http):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(1)))
        await move(http, served, "a1@1", day=day_in(3), time="10:07", zone="Asia/Tehran")
        there = (await slot(served, "a1") or in_days(0)).astimezone(ZoneInfo("Asia/Tehran"))
        assert f"{there:%Y-%m-%d %H:%M}" == f"{day_in(3)} 10:07"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ({"day": "2026-01-01", "time": "09:00"}, "has passed"),
        ({"slot": in_days(2).isoformat()}, "is taken on board: delivery b1"),
        ({"slot": in_days(4, "12:00").isoformat()}, "town festival"),
        ({"day": day_in(4)}, "board has no free slot"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason(desk, http, to, words):
    async with desk(HERE) as served:
        dark = Blackout(start=in_days(4, "00:00"), end=in_days(5, "00:00"), why="town festival")
        await fill(served, delivery("a1", due=in_days(1)), delivery("b1", due=in_days(2)), blackouts=(dark,))
        status, page = await move(http, served, "a1@1", **to)
        assert (status, words in page) == (409, True), page
        assert await slot(served, "a1") == in_days(1)


async def test_what_is_being_sent_or_was_changed_since_is_refused(desk, http):
    async with desk(HERE) as served:
        going = delivery("a1", due=in_days(-1))
        await fill(served, going, delivery("b1", due=in_days(1)))
        store = served.live.app.store
        await store.arm(going, attempt(going, armed=datetime.now(UTC)), datetime.now(UTC) + timedelta(hours=1))
        page = await get(http, served, "/calendar/move?what=a1")
        assert "It is not waiting any more" in page
        fields = form_of(await get(http, served, "/calendar/move?what=b1@1"), "/calendar/move")
        status, said = await post(
            http, served, "/calendar/move", fields | {"what": "a1@2", "slot": in_days(3).isoformat()}
        )
        assert (status, "it is being sent at this moment" in said) == (409, True)
        await served.live.app.steering.acting("cli:bert").hold(["b1"], "wrong date")
        status, said = await post(http, served, "/calendar/move", fields | {"slot": in_days(3).isoformat()})
        assert (status, "by cli:bert (hold): wrong date" in said) == (409, True)


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.EDITOR, 403), (Role.APPROVER, 303)])
async def test_only_who_may_approve_moves_anything(desk, http, role, status):
    async with desk(HERE, role=role) as served:
        await fill(served, delivery("a1", due=in_days(1)), delivery("h1", due=None))
        page = await get(http, served, "/calendar")
        assert ("Move to…" in page, "draggable" in page) == (role is Role.APPROVER,) * 2
        token = search(r'name="token" value="([^"]+)"', page)
        assert token is not None
        fields = {"token": token[1], "what": "a1@1", "slot": in_days(2).isoformat()}
        headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
        send = {"data": fields, "headers": headers, "allow_redirects": False}
        async with http.post(served.address + "/calendar/move", **send) as answer:
            assert answer.status == status
        moved = await slot(served, "a1") == in_days(2)
        assert moved == (status == 303)
        stolen = send | {"data": fields | {"token": "x" * 43, "what": "a1"}}
        async with http.post(served.address + "/calendar/move", **stolen) as answer:
            assert answer.status == 403
        assert (await get(http, served, "/calendar/sheet")).startswith('{"events"')


async def test_the_sheet_tells_what_the_list_tells_and_a_crowded_day_says_how_much_more(desk, http):
    async with desk(HERE) as served:
        crowd = [delivery(f"c{n:02}", due=in_days(2, "08:00") + n * timedelta(minutes=1)) for n in range(60)]
        await fill(served, *crowd, delivery("a1", "wall", due=in_days(1)), delivery("u1", "wall", due=None))
        for view, listed in (("week", 40), ("month", 12)):
            query = {"view": view, "day": day_in(1), "until": day_in(3)}
            events = json.loads(await get(http, served, "/calendar/sheet?" + urlencode(query)))["events"]
            cards = [each for each in events if each["extendedProps"]["kind"] == "card"]
            assert len(cards) == listed + 1
            first = next(each for each in cards if each["id"] == "a1")
            assert (first["start"], first["startEditable"]) == (f"{day_in(1)}T09:00:00", True)
            [more] = [each["title"] for each in events if each["extendedProps"]["kind"] == "more"]
            assert more == "60 posts on this day"
        query = {"view": "list", "day": day_in(2), "channel": "wall"}
        assert "c00" not in await get(http, served, "/calendar?" + urlencode(query))


@pytest.mark.parametrize(
    "query", ["view=week&day=0000-99-99", "zone=../../etc/passwd", "channel=%00", "day=9999-12-31"]
)
async def test_an_address_that_means_nothing_shows_today(desk, http, query):
    async with desk(HERE) as served:
        await fill(served)
        page = await get(http, served, f"/calendar?{query}")
        assert any(f'id="on-{day_in(days)}"' in page for days in (0, 1)), (
            "or tomorrow, when midnight is passed meanwhile"
        )


async def test_nothing_planned_is_a_page_that_says_what_will_be_here(desk, http):
    async with desk(HERE) as served:
        page = await get(http, served, "/calendar")
        assert "Nothing waits. What is held" in page
        assert "Nothing goes out, and no plan has a slot." in page


# --- in a browser ---------------------------------------------------------------------------------------------------


async def until(check) -> None:
    """Wait until a check holds."""
    async with asyncio.timeout(PATIENCE):
        while not await check():
            await asyncio.sleep(0.05)


async def centre(locator) -> tuple[float, float]:
    place = await locator.bounding_box()
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


async def month_sheet(chromium, served, **more):
    page = await chromium.open(f"{served.address}/calendar?view=month&day={day_in(SOON)}", width=1400, **more)
    await page.set_viewport_size({"width": 1400, "height": 1500})
    return page


async def drag(page, card, x: float, y: float) -> None:
    """Drag a card to a place, as a hand does it: not in one step."""
    await page.mouse.move(*await centre(card))
    await page.mouse.down()
    for step in range(1, 6):
        await page.mouse.move(x, y - 5 + step)
    await page.mouse.up()


async def test_a_card_dragged_to_another_day_goes_out_there_and_comes_back_on_undo(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(SOON, "12:30")), delivery("b1", due=in_days(SOON + 1, "12:30")))
        page = await month_sheet(chromium, served)
        cards = page.locator("#grid .is-card")
        await cards.nth(1).wait_for()
        x, y = await centre(cards.nth(1))
        await drag(page, cards.first, x, y + 30)
        undo = page.locator("#notice").get_by_role("button", name="Undo")
        await undo.wait_for()
        assert await slot(served, "a1") == in_days(SOON + 1), "12:30 is taken there, 09:00 is nearer to it than 17:30"
        await page.locator("#grid .slip", has_text="09:00").wait_for()
        await undo.click()
        await page.get_by_text("It is back where it was.").wait_for()
        assert await slot(served, "a1") == in_days(SOON, "12:30")
        assert [each.act.verb for each in await served.decisions()] == ["move", "put back"]
        assert chromium.complaints == []


async def test_what_waits_is_dragged_onto_a_day_and_approved_by_that(desk, chromium):
    async with desk(HERE) as served:
        await fill(
            served, delivery("h1", due=None), delivery("h2", "wall", due=None), delivery("a1", due=in_days(SOON))
        )
        page = await month_sheet(chromium, served)
        await page.locator("#grid .is-card").first.wait_for()
        target = page.locator("#grid .is-card").first
        await page.locator("#waiting .held").first.drag_to(target, source_position={"x": 20, "y": 12})
        await page.locator("#notice button").wait_for()
        assert [await slot(served, name) for name in ("h1", "h2")] == [in_days(SOON, "12:30"), in_days(SOON)]
        await page.get_by_text("Nothing waits.").wait_for()
        await page.locator("#notice button").click()
        await page.get_by_text("It is back where it was.").wait_for()
        assert (await served.live.app.store.delivery("h1")).state is State.HELD
        assert chromium.complaints == []


async def test_a_refused_drop_tells_why_and_the_card_returns(desk, chromium):
    async with desk(HERE) as served:
        dark = Blackout(start=in_days(SOON + 1, "00:00"), end=in_days(SOON + 2, "00:00"), why="town festival")
        await fill(served, delivery("a1", due=in_days(SOON)), blackouts=(dark,))
        page = await month_sheet(chromium, served)
        card = page.locator("#grid .is-card")
        await card.wait_for()
        before = await card.bounding_box()
        x, y = await centre(page.locator("#grid .is-note", has_text="town festival"))
        await drag(page, card, x, y + 30)
        await page.get_by_role("alert").get_by_text("board has no free slot").wait_for()
        assert await slot(served, "a1") == in_days(SOON)

        async def returned() -> bool:
            place = await card.bounding_box()
            return bool(place and before and place["x"] == before["x"])

        await until(returned)


async def test_dropped_on_a_time_of_a_week_it_takes_that_very_minute(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(2, "10:00")))
        page = await chromium.open(f"{served.address}/calendar?view=week&day={day_in(2)}", width=1400)
        await page.set_viewport_size({"width": 1400, "height": 1500})
        card = page.locator("#grid .is-card").first
        await card.wait_for()
        x, y = await centre(card)
        height = (await card.bounding_box())["height"]
        await drag(page, card, x, y + 1.5 * height)
        await page.locator("#notice button").wait_for()
        assert await slot(served, "a1") == in_days(2, "11:30")


async def test_by_keyboard_a_card_is_opened_moved_and_put_back(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(SOON)))
        page = await month_sheet(chromium, served)
        card = page.locator("#grid .slip").first
        await card.wait_for()
        assert "board, The library at night, scheduled" in str(await card.get_attribute("aria-label"))
        await card.focus()
        await page.keyboard.press("Enter")
        await page.locator("#moving-box[open] #moving").wait_for()
        await page.locator("#moving-box [name=slot]").first.focus()
        await page.keyboard.press("Enter")
        await page.locator("#notice button").wait_for()
        assert await slot(served, "a1") != in_days(SOON)
        assert await page.evaluate("document.activeElement.closest('#notice') !== null"), "Undo has the focus"
        await page.keyboard.press("Enter")
        await page.get_by_text("It is back where it was.").wait_for()
        assert await slot(served, "a1") == in_days(SOON)
        assert chromium.complaints == []


async def test_a_phone_shows_the_list_and_moves_by_the_form(desk, chromium):
    async with desk(HERE) as served:
        await fill(served, delivery("a1", due=in_days(1)), delivery("h1", "wall", due=None))
        page = await chromium.open(f"{served.address}/calendar", width=360)
        await page.locator(f"#on-{day_in(1)}").wait_for()
        assert not await page.locator("#grid").is_visible()
        assert await page.evaluate(WIDE) == []
        await page.locator("#days a.move").first.click()
        await page.locator("#moving-box #to-day").fill(day_in(3))
        await page.locator("#moving-box").get_by_role("button", name="Move", exact=True).click()
        await page.locator("#notice button").wait_for()
        assert await slot(served, "a1") == in_days(3)
        assert await page.locator(f'[data-date="{day_in(3)}"] a[href="/delivery/a1"]').count() == 1, (
            "the list is brought up to date"
        )


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("view", ["week", "month", "list"])
async def test_its_texts_can_be_read_and_what_can_be_used_has_a_name(desk, chromium, view, dark):
    async with desk(HERE) as served:
        store = served.live.app.store
        for number in range(8):
            await store.put_channel(channel(f"place{number}"))
        many = [delivery(f"m{n}", f"place{n}", due=in_days(1, f"{8 + n:02}:00")) for n in range(8)]
        sent = delivery("s1", due=in_days(0, "00:01"), state=State.SENT)
        await fill(
            served, *many, sent, delivery("h1", due=None), replace(delivery("f1", due=in_days(1)), state=State.FAILED)
        )
        page = await chromium.open(f"{served.address}/calendar?view={view}&day={day_in(1)}", width=1400, dark=dark)
        await page.locator("#days .planned" if view == "list" else "#grid .is-card").first.wait_for()
        assert await page.evaluate(PALE) == []
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(WIDE) == []
        assert chromium.complaints == []
