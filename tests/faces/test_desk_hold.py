"""The red button: it stops everything, and the banner lets it go on. Who may press, and what nobody else can."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Hold
from bot.web.guard import is_private
from tests.faces.test_desk import HOSTILE, page, put, section
from tests.store_samples import HOUR, MINUTE, delivery

FORM = "application/x-www-form-urlencoded"


class Visitor:
    """The browser in which somebody is signed in: fills in the form of the page it last saw."""

    def __init__(self, http, desk):
        self._http, self._desk = http, desk
        self.token = self.since = ""

    async def look(self, path="/"):
        async with self._http.get(self._desk.address + path) as answer:
            html = await answer.text()
        [self.token, *_] = re.findall(r'name="token" value="([^"]+)"', html)
        since = re.search(r'name="since" value="([^"]+)"', html)
        self.since = since[1] if since else ""
        return html

    async def press(self, path, *, headers=None, cookie=None, **fields):
        """Send the form as a browser does; what a test gives takes the place of what a browser sends."""
        sent = {"Origin": self._desk.address, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        given = {"token": self.token, **fields}
        known = self._desk.cookies if cookie is None else dict.fromkeys(self._desk.cookies, cookie)
        options: dict[str, Any] = {"headers": sent, "cookies": known, "allow_redirects": False}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.post(self._desk.address + path, data=given, **options) as answer,
        ):
            return answer.status, answer.headers.get("Location", ""), await answer.text()


async def test_one_button_on_every_page_stops_everything_for_a_reason(desk, http):
    async with desk() as served:
        await put(served, delivery("d1"))
        visitor, store = Visitor(http, served), served.live.app.store
        for path in ("/", "/delivery/d1", "/delivery/none"):
            html = await visitor.look(path)
            assert html.count('action="/pause"') == 1
            assert "Stop all posting now" in html
        status, where, _ = await visitor.press("/pause", why="  Storm\n warning ")
        assert (status, where) == (303, "/")
        assert (await store.hold()).why == "Storm warning"
        [entry] = await served.decisions()
        assert (entry.act.by, entry.act.verb, entry.act.words) == ("desk:anna", "pause", "Storm warning")
        assert "Storm warning" in section(await visitor.look(), "paused")
        status, _, words = await visitor.press("/pause", why="   ")
        assert (status, "the reason is missing" in words) == (400, True)


async def came_due(served, visitor):
    """Two deliveries came due while everything was paused, one comes later."""
    now = datetime.now(UTC)
    due = [delivery(f"d{n}", channel="x", due=now - n * MINUTE) for n in (1, 2)]
    await put(served, *due, delivery("d3", channel="x", due=now + 30 * HOUR))
    await visitor.look()
    await visitor.press("/pause", why="Storm warning")
    return await visitor.look()


@pytest.mark.parametrize("choice", ["late", "reslot", "drop"])
async def test_posting_goes_on_with_one_of_three_choices_and_the_count(desk, http, choice):
    async with desk() as served:
        visitor, store = Visitor(http, served), served.live.app.store
        html = await came_due(served, visitor)
        assert "2 came due meanwhile. Post again, and" in section(html, "paused")
        assert re.findall(r'name="choice" value="(\w+)"', html) == ["late", "reslot", "drop"]
        sure = {}
        if choice == "drop":
            status, _, asked = await visitor.press("/resume", choice=choice, since=visitor.since)
            assert (status, "2 posts that came due end unsent for good" in section(asked, "sure")) == (200, True)
            assert (await store.hold()).on
            sure = {"sure": "yes"}
        status, where, _ = await visitor.press("/resume", choice=choice, since=visitor.since, **sure)
        assert (status, where.partition("?")[0]) == (303, "/")
        assert f"of which cancelled: {2 if choice == 'drop' else 0}" in await visitor.look(where)
        assert not (await store.hold()).on
        found = {each.id: each for each in await store.deliveries()}
        ended = [name for name, each in found.items() if each.state is State.CANCELLED]
        assert sorted(ended) == (["d1", "d2"] if choice == "drop" else [])
        moved = [name for name, each in found.items() if each.due and each.due > datetime.now(UTC)]
        assert sorted(moved) == (["d1", "d2", "d3"] if choice == "reslot" else ["d3"])


async def test_a_page_that_shows_an_older_pause_ends_no_later_one(desk, http):
    async with desk() as served:
        visitor = Visitor(http, served)
        await came_due(served, visitor)
        await served.live.app.steering.acting("cli:anna").resume()
        await served.live.app.steering.acting("cli:bert").pause("Flood")
        status, _, words = await visitor.press("/resume", choice="drop", since=visitor.since, sure="yes")
        assert status == 409
        assert "that pause has ended: cli:bert decided to pause" in section(words, "trouble")
        assert (await served.live.app.store.hold()).why == "Flood"
        assert (await served.live.app.store.delivery("d1")).state == State.SCHEDULED


REFUSED: dict[str, dict[str, Any]] = {
    "another site's page": {"headers": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
    "another port of this machine": {"headers": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}},
    "an old browser on another site": {"headers": {"Origin": "https://evil.example", "Sec-Fetch-Site": None}},
    "a frame without an origin": {"headers": {"Origin": "null", "Sec-Fetch-Site": "cross-site"}},
    "no word of where it stood": {"headers": {"Origin": None, "Sec-Fetch-Site": None}},
    "a link in an e-mail": {"headers": {"Origin": None, "Sec-Fetch-Site": "none"}},
    "no token": {"token": ""},
    "a guessed token": {"token": "A" * 43},
    "no cookie": {"cookie": ""},
    "a cookie of another's making": {"cookie": "short", "token": "short"},
    "a guessed session": {"cookie": "A" * 43},
    "letters of other scripts": {"token": "ж" * 43},
}


def told(case):
    """Return the status of a refusal: who shows no session is asked to sign in, whatever else they send."""
    return 401 if "cookie" in REFUSED[case] else 403


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("path", ["/pause", "/resume"])
async def test_nobody_elses_page_presses_the_button(desk, http, path, case):
    async with desk() as served:
        visitor, store = Visitor(http, served), served.live.app.store
        if path == "/resume":
            await store.set_hold(Hold(on=True, why="Storm", since=datetime.now(UTC)))
        before = await store.hold()
        await visitor.look()
        fields: dict[str, Any] = {"why": "evil", "choice": "late", "since": visitor.since}
        status, _, words = await visitor.press(path, **(fields | REFUSED[case]))
        assert (status, "trouble" in words) == (told(case), True)
        assert await store.hold() == before
        assert await served.decisions() == []


async def test_what_is_no_form_is_refused(desk, http):
    async with desk() as served:
        visitor, store = Visitor(http, served), served.live.app.store
        await visitor.look()
        assert (await visitor.press("/pause", why="W" * 9000))[0] == 400
        assert (await visitor.press("/resume", choice="all", since=datetime.now(UTC).isoformat()))[0] == 400
        assert (await visitor.press("/resume", choice="late", since="yesterday"))[0] == 400
        assert (await visitor.press("/pause", headers={"Content-Type": "text/plain"}, why="evil"))[0] == 400
        async with http.get(f"{served.address}/pause") as answer:
            assert answer.status == 404
        for header in ({}, {"Host": "evil.example"}):
            async with http.put(f"{served.address}/pause", headers=header) as answer:
                assert answer.status in (404, 421)
        assert not (await store.hold()).on


async def test_browsers_without_fetch_metadata_are_known_by_their_origin(desk, http):
    async with desk() as served:
        visitor = Visitor(http, served)
        await visitor.look()
        assert (await visitor.press("/pause", headers={"Sec-Fetch-Site": None}, why="Storm"))[0] == 303


@pytest.mark.parametrize(
    ("bound", "private"),
    [("127.0.0.1", True), ("127.0.0.53", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("192.0.2.7", False),
     ("fe80::1%eth0", False)],
)  # fmt: skip
def test_only_a_loopback_address_is_this_machines_alone(bound, private):
    assert is_private(bound) is private


async def test_a_reason_never_becomes_part_of_the_page(desk, http):
    async with desk() as served:
        visitor = Visitor(http, served)
        await visitor.look()
        await visitor.press("/pause", why=HOSTILE)
        html = await page(http, served)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<script>alert" not in html


async def test_the_button_is_pressed_in_a_browser(desk, chromium):
    async with desk() as served:
        now = datetime.now(UTC)
        await put(served, delivery("d1", channel="x", due=now - timedelta(seconds=5)))
        window = await chromium.open(served.address)
        await window.get_by_text("Pause everything").click()
        await window.get_by_label("Why?").fill("Storm warning")
        await window.get_by_role("button", name="Stop all posting now").click()
        await window.locator("#paused", has_text="Storm warning").wait_for()
        assert not await window.locator(".halt").is_visible()
        await window.locator("#paused", has_text="1 came due meanwhile").wait_for()
        await window.get_by_role("button", name="Cancel what came due").click()
        await window.locator("#sure", has_text="1 post that came due ends unsent for good").wait_for()
        await window.get_by_role("button", name="Cancel what came due").click()
        await window.locator("#counts", has_text="1 cancelled").wait_for()
        assert await window.locator("#paused").count() == 0
        assert (await served.live.app.store.delivery("d1")).why.startswith("cancelled by a manager")
    assert [each for each in chromium.complaints if "Failed to load" not in each] == []
