"""What a delivery's page tells those who are to decide about it, and how they settle what is uncertain."""

import re
from datetime import UTC, datetime

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Hold
from bot.domain.outcome import Unknown
from tests.faces.test_desk import HOSTILE, end, page, put, section
from tests.faces.test_desk_hold import REFUSED, Visitor, told
from tests.store_samples import HOUR, NOON, channel, delivery, receipt

AT = "/delivery/a1"
ADDRESS = "https://x.com/townlibrary/status/17"


async def unsure(served, id="a1", **more):
    """One delivery of which nobody knows whether it is public."""
    await served.live.app.store.put_channel(channel("x", url="https://x.com/townlibrary"))
    lost = Unknown(why="503 from the platform")
    await end(served, delivery(id, **more), lost, State.UNCERTAIN, "nobody can tell: 503", due=NOON + HOUR)


async def press(visitor, html, verdict, **fields):
    """Press one of the three buttons, as far as a confirmation that may follow."""
    version = re.search(r'name="version" value="(\d+)"', html)
    assert version
    return await visitor.press(f"{AT}/settle", **{"verdict": verdict, "version": version[1], "url": "", **fields})


async def test_of_what_is_uncertain_all_that_is_known_is_told(desk, http):
    async with desk() as served:
        lost = Unknown(why="503 from the platform")
        await end(served, delivery("a1"), lost, State.UNCERTAIN, "nobody can tell: 503", due=NOON + HOUR)
        story = section(await page(http, served, "/delivery/a1"), "decide")
    assert "Mon 4 May, 12:00:00 part 1 of 1 was about to be sent" in story
    assert "Mon 4 May, 12:00:01 what was heard: 503 from the platform" in story
    assert "Mon 4 May, 13:00:00 the platform is asked again" in story


async def test_a_thread_that_is_half_out_is_finished_or_taken_back(desk, http):
    async with desk() as served:
        await put(served, delivery("a1", parts=2, due=None))
        await served.live.app.store.receipt("a1", 1, receipt("1"))
        story = section(await page(http, served, "/delivery/a1"), "decide")
    assert "handbill approve a1@" in story
    assert "handbill retract a1@" in story
    assert "cancel" not in story


@pytest.mark.parametrize(
    ("verdict", "url", "state", "asked"),
    [
        ("there", ADDRESS, State.SENT, "counts as published at this address"),
        ("absent", "", State.RETRYING, "followers see it twice"),
        ("give up", "", State.FAILED, ""),
    ],
)
@pytest.mark.parametrize("where", ["/", AT])
async def test_three_buttons_settle_it_and_what_cannot_be_undone_is_asked_once_more(
    desk, http, verdict, url, state, asked, where
):
    async with desk() as served:
        await unsure(served)
        visitor, store = Visitor(http, served), served.live.app.store
        html = await visitor.look(where)
        assert re.findall(r'name="verdict" value="([^"]+)"', html) == ["there", "absent", "give up"]
        if asked:
            status, _, sure = await press(visitor, html, verdict, url=url)
            assert (status, asked in section(sure, "sure")) == (200, True)
            assert (await store.delivery("a1")).state == State.UNCERTAIN
            assert url in section(sure, "sure")
            assert re.findall(r'name="verdict" value="([^"]+)"', sure) == [verdict]
            status, to, _ = await press(visitor, sure, verdict, url=url, sure="yes")
        else:
            status, to, _ = await press(visitor, html, verdict)
        assert (status, to) == (303, AT)
        found = await store.delivery("a1")
        assert found.state == state
        assert [each.url for _, each in found.receipts] == ([url] if url else [])
        [entry] = await served.decisions()
        assert (entry.act.by, entry.act.verb, entry.act.subject) == ("desk:anna", "settle", "a1")


async def test_what_changed_since_the_page_was_shown_is_not_settled_and_the_page_says_who_was_first(desk, http):
    async with desk() as served:
        await unsure(served)
        visitor = Visitor(http, served)
        html = await visitor.look(AT)
        await served.live.app.steering.acting("cli:anna").settle("a1", "give up")
        for verdict in ("give up", "absent"):
            status, _, words = await press(visitor, html, verdict, sure="yes")
            assert status == 409
            assert "is failed since" in section(words, "trouble")
            assert "by cli:anna (settle)" in section(words, "trouble")
        assert len(await served.decisions()) == 1


@pytest.mark.parametrize("url", ["", "https://x.com/museum/status/17", "javascript:alert(1)", HOSTILE])
async def test_an_address_that_is_not_on_the_channel_is_refused_and_runs_nothing(desk, http, url):
    async with desk() as served:
        await unsure(served)
        visitor = Visitor(http, served)
        html = await visitor.look(AT)
        _, _, sure = await press(visitor, html, "there", url=url)
        assert 'href="javascript' not in sure
        assert "<script>alert" not in sure
        status, _, words = await press(visitor, html, "there", url=url, sure="yes")
        assert (status, "trouble" in words) == (400, True)
        found = await served.live.app.store.delivery("a1")
        assert (found.state, found.receipts) == (State.UNCERTAIN, ())


@pytest.mark.parametrize("fields", [{"verdict": "sent"}, {"verdict": ""}, {"version": ""}, {"version": "-1"}])
async def test_a_form_that_is_not_whole_settles_nothing(desk, http, fields):
    async with desk() as served:
        await unsure(served)
        visitor = Visitor(http, served)
        html = await visitor.look(AT)
        status, _, _ = await press(visitor, html, fields.pop("verdict", "give up"), **fields)
        assert status == 400
        assert (await served.live.app.store.delivery("a1")).state == State.UNCERTAIN


@pytest.mark.parametrize("case", REFUSED)
async def test_nobody_elses_page_settles_anything(desk, http, case):
    async with desk() as served:
        await unsure(served)
        visitor = Visitor(http, served)
        html = await visitor.look(AT)
        status, _, words = await press(visitor, html, "give up", **REFUSED[case])
        assert (status, "trouble" in words) == (told(case), True)
        assert (await served.live.app.store.delivery("a1")).state == State.UNCERTAIN


async def test_a_pause_tells_how_many_are_uncertain_besides(desk, http):
    async with desk() as served:
        await unsure(served)
        assert "uncertain besides" not in await page(http, served)
        await served.live.app.store.set_hold(Hold(on=True, why="Storm", since=NOON))
        for path in ("/", AT):
            assert "1 uncertain besides: no choice here decides it." in section(
                await page(http, served, path), "paused"
            )


async def test_in_a_browser_what_is_typed_outlives_the_page_bringing_itself_up_to_date(desk, chromium):
    async with desk() as served:
        store, now = served.live.app.store, datetime.now(UTC)
        await unsure(served)
        window = await chromium.open(served.address + AT)
        field = window.get_by_label("Address of the post")
        await field.fill(ADDRESS[:-2])
        await store.reschedule(await store.delivery("a1"), None, "looked, and nobody can tell", now)
        await window.locator("#facts", has_text="looked, and nobody can tell").wait_for()
        version = (await store.delivery("a1")).version
        await window.locator(f"#decide input[name=version][value='{version}']").first.wait_for(state="attached")
        assert await field.input_value() == ADDRESS[:-2]
        await window.keyboard.type("17")
        assert await field.input_value() == ADDRESS, "the field still has the focus"
        await window.get_by_role("button", name="It is there").click()
        sure = window.locator("#sure")
        await sure.get_by_text(ADDRESS).wait_for()
        await sure.get_by_role("button", name="It is there").click()
        await window.locator("#facts", has_text="sent").wait_for()
        assert (await store.delivery("a1")).receipts[0][1].url == ADDRESS
    assert [each for each in chromium.complaints if "Failed to load" not in each] == []


async def test_in_a_browser_the_reason_of_a_refusal_stays(desk, chromium):
    async with desk() as served:
        await unsure(served)
        window = await chromium.open(served.address + AT)
        await window.route("**/*part=live*", lambda route: route.abort())  # the page stays as it was seen
        asked: list[str] = []
        window.on("request", lambda each: asked.append(each.url))
        await served.live.app.steering.acting("cli:anna").settle("a1", "give up")
        await window.get_by_role("button", name="Give up").click()
        await window.locator("#trouble", has_text="by cli:anna").wait_for()
        del asked[:]
        await window.wait_for_timeout(2600)
        assert asked == [], "the page would be overwritten by what a form's address says to a visitor"
        assert await window.locator("#trouble", has_text="by cli:anna").count() == 1
    assert [each for each in chromium.complaints if "Failed to load" not in each] == []
