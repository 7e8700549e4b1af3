"""The door of the desk, over HTTP as browsers and programs come to it: who gets in, by what, and who may do what."""

import asyncio
import re
import socket

import pytest

from bot.domain.people import Purpose, Role
from bot.web import serve
from bot.web.agents import browser_of
from bot.web.guard import names_of
from tests.faces.conftest import PASSWORD
from tests.faces.test_desk import get, put, section
from tests.faces.visitors import Browser
from tests.store_samples import delivery

PROXY = {"HANDBILL_URL": "https://desk.library.example/handbill"}


async def test_without_any_account_every_page_says_how_to_make_the_first(desk):
    async with desk(role=None) as served:
        browser = Browser(served.address)
        for path in ("/", "/calendar", "/people"):
            status, headers, _ = await browser.look(path)
            assert (status, headers["Location"].partition("?")[0]) == (303, "/signin")
        status, _, html = await browser.look("/signin")
        assert (status, "handbill user add anna --role admin" in section(html, "first")) == (403, True)
        assert "password" not in html.replace("choose a password", "")
        assert (await browser.look("/health"))[0] == 200


@pytest.mark.parametrize("secure", [True, False], ids=["chromium", "safari"])
async def test_one_signs_in_and_goes_on_to_where_one_wanted_to(desk, secure):
    async with desk() as served:
        await put(served, delivery("d1"))
        browser = Browser(served.address, secure=secure)
        status, headers, _ = await browser.look("/delivery/d1?part=whole")
        assert (status, headers["Location"]) == (303, "/signin?next=/delivery/d1%3Fpart%3Dwhole")
        _, _, html = await browser.look(headers["Location"])
        assert 'name="next" value="/delivery/d1?part=whole"' in html
        status, headers, _ = await browser.send(
            "/signin", name="Anna", password=PASSWORD, next="/delivery/d1?part=whole"
        )
        assert (status, headers["Location"]) == (303, "/delivery/d1?part=whole")
        port = served.address.rpartition(":")[2]
        [line] = browser.set_cookies
        kind, attributes = line.partition("=")[0], set(line.split("; ")[1:])
        assert kind == (f"__Host-handbill-{port}" if secure else f"handbill-{port}")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert ("Secure" in attributes) is secure
        status, _, html = await browser.look("/delivery/d1")
        assert (status, "anna" in html) == (200, True)
        status, headers, _ = await browser.look("/signin?next=/people")
        assert (status, headers["Location"]) == (303, "/people")


@pytest.mark.parametrize("going", ["//evil.example/", "https://evil.example/", "/\\evil.example", "evil", ""])
async def test_nobody_is_sent_elsewhere_after_signing_in(desk, going):
    async with desk() as served:
        status, headers, _ = await Browser(served.address).sign_in(next=going)
        assert (status, headers["Location"]) == (303, "/")


async def test_what_does_not_fit_is_said_in_one_way_and_counted(desk, monkeypatch):
    async with desk() as served:
        monkeypatch.setattr(served.live.app.clock, "monotonic", lambda: 0.0)  # however long it takes, no time passes
        browser, told = Browser(served.address), set()
        for name, password in [("anna", "guess")] * 10 + [("nobody", PASSWORD)]:
            status, _, html = await browser.sign_in(name, password)
            assert status == 403
            told.add(section(html, "signin"))
            assert not [line for line in browser.set_cookies if "handbill-form" not in line]
        assert len(told) == 1
        status, headers, html = await browser.sign_in()
        assert (status, headers["Retry-After"]) == (429, "30")
        assert "Too many tries. Wait 30 seconds." in section(html, "signin")
        assert (await Browser(served.address).sign_in())[0] == 429, "whatever browser they come with"
        assert PASSWORD not in html


async def test_behind_a_proxy_tries_are_counted_by_who_it_tells_of(desk, monkeypatch):
    async with desk(PROXY) as served:
        monkeypatch.setattr(served.live.app.clock, "monotonic", lambda: 0.0)
        for number in range(30):
            browser = Browser(served.address, **{"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.7"})
            assert (await browser.sign_in(f"name{number}", "guess"))[0] == 403
        assert (await browser.sign_in("anna"))[0] == 429
        browser.headers["X-Forwarded-For"] = "198.51.100.7, 203.0.113.9"
        assert (await browser.sign_in("anna"))[0] == 303
        [*_, session] = sorted(await served.live.app.store.sessions(), key=lambda each: each.made)
        assert session.place == "203.0.113.9"


async def test_nothing_that_somebody_saw_stays_on_the_disk(desk):
    async with desk() as served:
        await put(served, delivery("d1"))
        link = f"/in/{await served.live.app.enrolling.add('bert', Role.EDITOR)}"
        browser = Browser(served.address)
        await browser.sign_in()
        for path in ("/", "/?part=live", "/delivery/d1", "/account", "/people", "/history", link, "/calendar/sheet"):
            status, headers, _ = await browser.look(path)
            assert (path, status, headers["Cache-Control"]) == (path, 200, "no-store")
        assert (await browser.look("/static/desk.css"))[1]["Cache-Control"] == "no-cache"
        await browser.look()
        _, headers, _ = await browser.send("/signout")
        assert headers["Clear-Site-Data"] == '"cache"'


async def test_without_a_proxy_nobody_says_where_they_come_from(desk):
    async with desk() as served:
        browser = Browser(served.address, **{"X-Forwarded-For": "203.0.113.9"})
        await browser.sign_in()
        assert {each.place for each in await served.live.app.store.sessions()} == {"127.0.0.1"}


async def test_a_one_time_link_outlives_being_looked_at_and_is_used_once(desk):
    async with desk() as served:
        link = f"/in/{await served.live.app.enrolling.add('bert', Role.EDITOR)}"
        for _ in range(3):  # mail programs look ahead
            scanner = Browser(served.address)
            status, headers, html = await scanner.look(link)
            assert (status, headers["Referrer-Policy"]) == (200, "strict-origin")
            assert "Welcome, bert" in section(html, "link")
            assert (await scanner.ask("HEAD", link))[0] == 200
        browser = Browser(served.address)
        await browser.look(link)
        status, _, html = await browser.send(link, password=PASSWORD, again="another")
        assert (status, "The two passwords differ" in section(html, "link")) == (400, True)
        status, _, html = await browser.send(link, password="short", again="short")
        assert (status, "12 characters or more" in section(html, "link")) == (400, True)
        status, headers, _ = await browser.send(link, password=PASSWORD, again=PASSWORD)
        assert (status, headers["Location"]) == (303, "/")
        assert "bert" in (await browser.look())[2]
        late = Browser(served.address)
        status, _, html = await late.look(link)
        assert (status, "this link was used already" in section(html, "trouble")) == (404, True)
        assert (await late.look("/signin"), (await late.send(link, password=PASSWORD, again=PASSWORD))[0])[1] == 404
        assert (await late.sign_in("bert"))[0] == 303


async def test_the_link_of_the_demo_signs_in_with_one_click(desk):
    async with desk() as served:
        await served.live.app.enrolling.add("demo", Role.ADMIN)
        link = f"/in/{await served.live.app.enrolling.invite('demo', Purpose.SIGN_IN)}"
        browser = Browser(served.address)
        assert 'type="password"' not in (await browser.look(link))[2]
        assert (await browser.send(link))[0] == 303
        assert (await browser.look())[0] == 200


ELSEWHERE = {
    "another site": {"origin": "https://evil.example", "site": "cross-site"},
    "another port": {"origin": "http://127.0.0.1:1", "site": "same-site"},
    "no token": {"token": ""},
    "another's token": {"token": "A" * 43},
}


@pytest.mark.parametrize("case", ELSEWHERE)
async def test_another_sites_page_signs_nobody_in_or_out_and_uses_no_link(desk, case):
    async with desk() as served:
        link = f"/in/{await served.live.app.enrolling.add('bert', Role.EDITOR)}"
        browser = Browser(served.address)
        await browser.look("/signin")
        sent = ELSEWHERE[case]
        assert (await browser.send("/signin", **{"name": "anna", "password": PASSWORD, **sent}))[0] == 403
        assert (await browser.send(link, **{"password": PASSWORD, "again": PASSWORD, **sent}))[0] == 403
        await browser.sign_in()
        await browser.look()
        assert (await browser.send("/signout", **sent))[0] == 403
        assert (await browser.send("/people", **{"name": "eve", "role": "admin", **sent}))[0] == 403
        assert (await browser.look())[0] == 200
        assert {each.name for each in await served.live.app.store.people()} == {"anna", "bert"}


async def test_a_form_of_one_session_is_worth_nothing_in_another(desk):
    async with desk() as served:
        one, other = Browser(served.address), Browser(served.address)
        for browser in (one, other):
            await browser.sign_in()
            await browser.look()
        assert one.token != other.token
        one.token = other.token
        assert (await one.send("/pause", why="Storm"))[0] == 403
        assert not (await served.live.app.store.hold()).on


async def test_signing_out_and_ending_sessions_takes_hold_at_once(desk):
    async with desk() as served:
        one, other = Browser(served.address, **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"}), None
        other = Browser(served.address)
        for browser in (one, other):
            await browser.sign_in()
        _, _, html = await other.look("/account")
        assert "Firefox · Linux" in section(html, "sessions")
        ends = re.findall(r'action="(/account/session/\w+/end)"', html)
        assert len(ends) == 2, "the session of `http` and that of `one`; not the one this is"
        known = {each.id for each in await served.live.app.store.sessions() if "Firefox" in each.agent}
        [end] = [each for each in ends if each.split("/")[3] in known]
        assert (await other.send(end))[0] == 303
        assert (await one.look())[0] == 303
        before = dict(other.cookies)
        assert (await other.send("/signout"))[0] == 303
        assert not [name for name in other.cookies if "form" not in name]
        other.cookies = before
        assert (await other.look())[0] == 303, "the cookie alone is worth nothing any more"
        status, _, html = await other.ask("GET", "/?part=live")
        assert (status, "trouble" in html) == (401, True)


async def test_a_new_password_is_taken_on_ones_own_page(desk):
    async with desk() as served:
        browser, new = Browser(served.address), "another shelf of teacups"
        await browser.sign_in()
        await browser.look("/account")
        for fields, status, words in (
            ({"password": PASSWORD, "new": new, "again": "other"}, 400, "differ"),
            ({"password": "guess", "new": new, "again": new}, 403, "not your present password"),
            ({"password": PASSWORD, "new": "short", "again": "short"}, 400, "12 characters or more"),
        ):
            code, _, html = await browser.send("/account/password", **fields)
            assert (code, words in section(html, "password")) == (status, True)
        status, headers, _ = await browser.send("/account/password", password=PASSWORD, new=new, again=new)
        assert (status, headers["Location"].partition("?")[0]) == (303, "/account")
        assert "your other sessions have ended" in (await browser.look(headers["Location"]))[2]
        assert (await Browser(served.address).sign_in(password=new))[0] == 303


async def test_an_admin_adds_people_and_shows_their_link_once(desk):
    async with desk() as served:
        browser = Browser(served.address)
        await browser.sign_in()
        await browser.look("/people")
        status, headers, html = await browser.send("/people", name="Bert", role="approver")
        found = re.search(r'<code id="secret">([^<]+)</code>', html)
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert found
        assert found[1].startswith(f"{served.address}/in/")
        assert found[1] not in (await browser.look("/people"))[2]
        theirs = await served.come_in(found[1].rpartition("/")[2])
        assert theirs
        for path, what in (
            ("role", "has another role"),
            ("disable", "comes in no more"),
            ("enable", "may come in again"),
        ):
            status, headers, _ = await browser.send(f"/people/bert/{path}", role="viewer")
            assert (status, what in (await browser.look(headers["Location"]))[2]) == (303, True)
        assert {each.name: each.role for each in await served.live.app.store.people()}["bert"] == Role.VIEWER
        status, _, html = await browser.send("/people/anna/disable")
        assert (status, "anna is the only admin" in section(html, "trouble")) == (409, True)
        assert (await browser.send("/people", name="<b>", role="viewer"))[0] == 400
        assert (await browser.send("/people", name="eve", role="king"))[0] == 400
        assert {each.act.by for each in await served.decisions()} <= {"desk:anna"}


async def test_a_token_is_shown_once_and_opens_without_cookie_or_form(desk, http):
    async with desk() as served:
        browser = Browser(served.address)
        await browser.sign_in()
        await browser.look("/people")
        _, _, html = await browser.send("/tokens", name="feed", approve="yes", days="2")
        found = re.search(r'<code id="secret">(handbill_[^<]+)</code>', html)
        assert found
        _, _, listed = await browser.look("/people")
        assert found[1] not in listed
        assert "feed see approve" in section(listed, "tokens")
        program = Browser(served.address, Authorization=f"Bearer {found[1]}")
        assert (await program.look())[0] == 200
        assert (await program.ask("POST", "/pause", data={"why": "Storm"}))[0] == 303
        assert (await served.live.app.store.hold()).why == "Storm"
        assert (await served.decisions())[-1].act.by == "api:feed"
        assert (await program.look("/people"))[0] == 403
        assert (await program.look("/account"))[0] == 409, "nobody's own page"
        assert (await browser.send("/tokens/feed/revoke"))[0] == 303
        for path, method in (("/", "GET"), ("/pause", "POST")):
            status, headers, _ = await program.ask(method, path)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_cookie_beside_a_worthless_token_opens_nothing(desk):
    async with desk() as served:
        browser = Browser(served.address, Authorization="Bearer handbill_guess")
        browser.cookies = dict(served.cookies)
        assert (await browser.look())[0] == 401
        assert (await browser.ask("POST", "/pause", data={"why": "evil"}))[0] == 401
        assert not (await served.live.app.store.hold()).on


async def test_behind_a_proxy_cookies_links_and_forms_go_by_its_address(desk):
    async with desk(PROXY) as served:
        told = {"Host": "desk.library.example", "X-Forwarded-For": "203.0.113.9"}
        for prefix in ("", "/handbill"):  # a proxy may take its prefix away, or pass it on
            browser = Browser(served.address, **told)
            status, headers, _ = await browser.look(f"{prefix}/people")
            assert (status, headers["Location"]) == (303, "/handbill/signin?next=/people")
            _, _, html = await browser.look(f"{prefix}/signin")
            assert 'action="/handbill/signin"' in html
            assert [line.partition("=")[0] for line in browser.set_cookies] == ["__Host-handbill-form"]
            site = {"origin": "https://desk.library.example"}
            status, headers, _ = await browser.send(f"{prefix}/signin", name="anna", password=PASSWORD, **site)
            assert (status, headers["Location"]) == (303, "/handbill/")
            [line] = browser.set_cookies
            assert line.startswith("__Host-handbill=")
            assert "; Secure" in line
            _, _, html = await browser.look(f"{prefix}/people")
            assert not re.search(r'(?:href|src|action|data-events)="/(?!handbill/)', html)
            assert (await browser.send(f"{prefix}/signout", origin="https://evil.example"))[0] == 403
            _, _, html = await browser.send(f"{prefix}/people", name=f"bert{len(prefix)}", role="viewer", **site)
            assert "https://desk.library.example/handbill/in/" in html
        plain = Browser(served.address, **told)
        plain.cookies = {"handbill": served.cookies.popitem()[1]}
        assert (await plain.look("/people"))[0] == 303, "over https only the cookie that no plain http can set counts"


async def test_behind_a_proxy_it_was_not_told_of_it_says_what_to_set(desk, http):
    async with desk() as served:
        status, _, words = await get(http, served.address, headers={"Host": "desk.library.example"})
        assert (status, "HANDBILL_URL" in words) == (421, True)
        browser = Browser(served.address)
        await browser.look("/signin")
        _, _, html = await browser.send(
            "/signin", origin="https://desk.library.example", name="anna", password=PASSWORD
        )
        assert "HANDBILL_URL" in section(html, "trouble")


def test_with_an_address_to_type_in_a_desk_answers_to_that_and_this_machine_only():
    names = names_of("0.0.0.0", ("0.0.0.0", 8080), "https://desk.library.example/handbill")
    assert {"desk.library.example", "127.0.0.1", "localhost"} <= names
    assert "evil.example" not in names


async def test_a_desk_that_others_can_reach_asks_who_one_is_and_warns_of_plain_http(desk, capsys):
    async with desk() as served:
        stop = asyncio.Event()
        with socket.create_server(("0.0.0.0", 0)) as listening:
            serving = asyncio.create_task(serve(served.live, listening, stop, ""))
            browser = Browser(f"http://127.0.0.1:{listening.getsockname()[1]}", secure=False)
            await browser.look("/signin")
            assert (await browser.send("/pause", why="evil"))[0] == 401
            await browser.sign_in()
            await browser.look()
            assert (await browser.send("/pause", why="Storm"))[0] == 303
            stop.set()
            await serving
        assert (await served.live.app.store.hold()).why == "Storm"
    assert "passwords can be read on the way" in capsys.readouterr().out


def test_browsers_are_told_by_the_names_people_know():
    said = {
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0": "Chrome · Linux",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0": "Edge · Windows",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1": "Safari · iPhone",
        "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0": "Firefox · Android",
        "curl/8.5.0": "curl/8.5.0",
        "": "",
    }
    assert {agent: browser_of(agent) for agent in said} == said


async def test_in_chromium_the_safest_cookie_is_kept_and_a_password_chosen_by_link(desk, chromium):
    async with desk(role=None) as served:
        secret = await served.live.app.enrolling.add("bert", Role.ADMIN)
        window = await chromium.open(f"{served.address}/in/{secret}")
        await window.get_by_label("New password").fill(PASSWORD)
        await window.get_by_label("The same again").fill(PASSWORD)
        await window.get_by_role("button", name="Keep it and sign in").click()
        await window.locator("#counts").wait_for()
        kept = {each["name"]: each for each in await chromium.context.cookies()}
        port = served.address.rpartition(":")[2]
        assert kept[f"__Host-handbill-{port}"]["secure"]
        assert f"handbill-{port}" not in kept
        await window.goto(f"{served.address}/people")
        await window.get_by_label("Name", exact=True).fill("cleo")
        await window.get_by_role("button", name="Add, and show a link").click()
        await window.locator("#secret", has_text="/in/").wait_for()
        await window.goto(f"{served.address}/account")
        await window.locator("#sessions", has_text="this one").wait_for()
    assert [each for each in chromium.complaints if "Failed to load" not in each] == []
