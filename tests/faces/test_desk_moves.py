"""What a person decides about a delivery with the desk's buttons, how that is undone, and how open pages hear of it."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from bot.domain.delivery import State
from bot.domain.people import Role
from bot.domain.post import Part, Post
from bot.errors import NotAllowed
from bot.web.moves import BEGUN, MOVES
from tests.faces.conftest import PATIENCE
from tests.faces.test_desk import page, post, put, section
from tests.faces.test_desk_hold import Visitor
from tests.store_samples import HOUR, NOON, article, delivery


def version(html):
    found = re.search(r'name="version" value="(\d+)"', html)
    assert found
    return found[1]


def plain(id, due):
    """A delivery of a post in which lint finds nothing that bars it."""
    part = Part(number=1, text=f"Open until midnight, says {id}.", length=30, limit=280, language="en")
    return delivery(id, due=due, post=Post(channel="x", parts=(part,)))


async def ready(served, *, due=None):
    await served.live.app.store.put_article(article(), NOON)
    await put(served, plain("d1", due))


async def test_approving_is_one_click_and_another_takes_it_back(desk, http):
    async with desk() as served:
        await ready(served)
        visitor, store = Visitor(http, served), served.live.app.store
        html = await visitor.look()
        assert 'action="/delivery/d1/approve"' in html
        status, where, _ = await visitor.press("/delivery/d1/approve", version=version(html), back="/")
        assert (status, where.partition("?")[0]) == (303, "/")
        approved = await store.delivery("d1")
        assert approved.state is State.SCHEDULED
        html = await visitor.look(where)
        assert "Approved: it goes out" in html
        assert 'action="/delivery/d1/hold"' in html, "the notice undoes it"
        status, where, _ = await visitor.press("/delivery/d1/hold", version=str(approved.version), back="/")
        assert status == 303
        assert (await store.delivery("d1")).state is State.HELD
        told = [(each.act.by, each.act.verb) for each in await served.decisions()]
        assert told == [("desk:anna", "approve"), ("desk:anna", "hold")]


@pytest.mark.parametrize(
    ("verb", "due", "state", "asked"),
    [
        ("cancel", None, State.CANCELLED, "It ends unsent for good"),
        ("cancel", NOON, State.CANCELLED, "It ends unsent for good"),
        ("send-now", None, State.SCHEDULED, "It is public within seconds"),
        ("hold", NOON, State.HELD, ""),
    ],
)
async def test_only_what_cannot_be_undone_is_asked_once_more(desk, http, verb, due, state, asked):
    async with desk() as served:
        await ready(served, due=due)
        visitor, store = Visitor(http, served), served.live.app.store
        before, seen = (await store.delivery("d1")).state, version(await visitor.look("/delivery/d1"))
        form = {"version": seen, "back": "/delivery/d1"}
        if asked:
            status, _, html = await visitor.press(f"/delivery/d1/{verb}", **form)
            assert (status, asked in section(html, "sure")) == (200, True)
            assert "This cannot be undone" in section(html, "sure")
            assert (await store.delivery("d1")).state is before
            form["sure"] = "yes"
        status, where, _ = await visitor.press(f"/delivery/d1/{verb}", **form)
        assert (status, where.partition("?")[0]) == (303, "/delivery/d1")
        assert (await store.delivery("d1")).state is state


async def test_taking_back_says_so_in_the_platforms_words_when_it_cannot(desk, http):
    async with desk() as served:
        await post(served, delivery("d1", due=NOON))
        visitor = Visitor(http, served)
        seen = version(await visitor.look("/delivery/d1"))
        status, _, html = await visitor.press("/delivery/d1/retract", version=seen)
        assert (status, "It is removed from the platform" in section(html, "sure")) == (200, True)
        status, _, html = await visitor.press("/delivery/d1/retract", version=seen, sure="yes")
        assert (status, "channel x is not set up" in section(html, "trouble")) == (409, True)


async def test_what_somebody_else_decided_first_stands(desk, http):
    async with desk() as served:
        await ready(served, due=NOON + HOUR)
        visitor, store = Visitor(http, served), served.live.app.store
        seen = version(await visitor.look("/delivery/d1"))
        await served.live.app.steering.acting("cli:bert").hold(["d1"])
        for verb in ("hold", "cancel", "send-now"):
            status, _, html = await visitor.press(f"/delivery/d1/{verb}", version=seen, sure="yes")
            assert (status, "by cli:bert (hold)" in section(html, "trouble")) == (409, True)
        assert (await store.delivery("d1")).state is State.HELD


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "/\nx"])
async def test_no_form_leads_off_the_desk(desk, http, back):
    async with desk() as served:
        await ready(served, due=NOON + HOUR)
        visitor = Visitor(http, served)
        seen = version(await visitor.look("/delivery/d1"))
        status, where, _ = await visitor.press("/delivery/d1/hold", version=seen, back=back)
        assert (status, where.partition("?")[0]) == (303, "/delivery/d1")


async def test_who_may_only_look_sees_no_buttons(desk, http):
    async with desk(role=Role.EDITOR) as served:
        await ready(served)
        for path in ("/", "/delivery/d1"):
            html = await page(http, served, path)
            assert 'action="/delivery/' not in html
            assert 'action="/pause"' not in html
        assert "Your account may look at this and not decide it." in section(html, "decide")


async def test_every_button_is_one_that_the_verbs_accept(desk):
    """No page may offer what a rule then refuses because of the state."""
    async with desk() as served:
        steering = served.live.app.steering
        verbs = {"approve": steering.approve, "hold": steering.hold, "cancel": steering.cancel}
        await served.live.app.store.put_article(article(), NOON)
        for number, (state, row) in enumerate(MOVES.items()):
            if state not in (State.HELD, State.SCHEDULED):
                continue
            for move in row:
                if move.name not in verbs:
                    continue
                name = f"{number}{move.name[:2]}"
                due = datetime(2027, 1, 1, number, len(move.name), tzinfo=UTC) if state is State.SCHEDULED else None
                await put(served, plain(name, due))
                try:
                    await verbs[move.name]([name])
                except NotAllowed as refusal:
                    pytest.fail(f"{state} offers {move.name}: {refusal}")
        assert not {"hold", "cancel"} & {move.name for row in BEGUN.values() for move in row}


async def test_an_open_page_hears_of_every_change_and_the_line_ends_with_the_desk(desk, http):
    async with desk() as served:
        await ready(served)
        async with http.get(f"{served.address}/events") as stream:
            assert stream.content_type == "text/event-stream"
            assert "Content-Encoding" not in stream.headers

            async def told():
                async with asyncio.timeout(PATIENCE):
                    while not (line := await stream.content.readline()).startswith(b"data: "):
                        assert line, "the line ended"
                return line

            first = await told()
            await served.live.app.steering.cancel(["d1"])
            assert await told() != first
            served.stop.set()
            async with asyncio.timeout(PATIENCE):
                assert b"data" not in await stream.content.read()
    async with desk(role=None) as served, http.get(f"{served.address}/events", allow_redirects=False) as answer:
        assert answer.status != 200


async def test_a_language_is_the_browsers_until_somebody_chooses(desk, http):
    async with desk() as served:
        await ready(served)
        german = {"Accept-Language": "de-AT, en;q=0.5"}
        async with http.get(served.address, headers=german) as answer:
            html = await answer.text()
        assert '<html lang="de" dir="ltr">' in html
        assert "Wartet auf Ihr Wort" in html
        visitor = Visitor(http, served)
        await visitor.look()
        status, where, _ = await visitor.press("/language", language="ar", back="/delivery/d1")
        assert (status, where) == (303, "/delivery/d1")
        async with http.get(served.address, headers=german, cookies={"handbill-language": "ar"}) as answer:
            html = await answer.text()
        assert '<html lang="ar" dir="rtl">' in html
        assert "ينتظر كلمتك" in html
        status, _, _ = await visitor.press("/language", language="xx")
        assert status == 400
