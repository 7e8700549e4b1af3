"""Who may do what: every address of the desk, asked by everybody."""

import re

import pytest

from bot.domain.people import Right, Role
from bot.web.pages import PAGES
from tests.faces.test_desk import page, put
from tests.faces.visitors import Browser
from tests.store_samples import delivery

#: What stands in an address for a name, so that every row of the table can be asked.
NAMED = {"id": "d1", "digest": "0" * 64, "secret": "A" * 43, "name": "anna"}
ROWS = [
    (method, re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: NAMED.get(found[1], "x"), route.path), route.right)
    for routes in PAGES
    for route in routes
    for method in sorted(set(route.methods) - {"HEAD"})
]


def test_what_needs_no_sign_in_is_known_by_name():
    assert {(method, path) for method, path, right in ROWS if right is None} == {
        ("GET", "/signin"),
        ("POST", "/signin"),
        ("POST", "/signout"),
        ("GET", f"/in/{NAMED['secret']}"),
        ("POST", f"/in/{NAMED['secret']}"),
        ("POST", "/language"),
        ("GET", "/health"),
    }
    sent = {path for method, path, right in ROWS if method == "POST" and right is Right.SEE and "/account" not in path}
    assert sent == {"/history/verify"}, "besides one's own account, who only sees may send what only looks"


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: str(role or "nobody"))
async def test_every_address_answers_whom_it_should_and_nobody_else(desk, role):
    async with desk(role=Role.ADMIN) as served:
        await put(served, delivery("d1"))
        browser = Browser(served.address)
        if role:
            browser.cookies = await served.sign_in("cleo", role)
        before, faults = await served.live.app.store.delivery("d1"), []
        for method, path, right in ROWS:
            if path.endswith("/events"):
                continue
            headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"} if method == "POST" else {}
            status, _, html = await browser.ask(method, path, headers=headers)
            if right is None or (role and right in role.rights):
                refused = status in (401,) or (status == 403 and "your account may not do this" in html)
                faults += [f"{method} {path}: {status} to {role}"] if refused else []
            else:
                wanted = 403 if role else 303 if method == "GET" else 401
                faults += [f"{method} {path}: {status} to {role}"] if status != wanted else []
        assert faults == []
        assert await served.live.app.store.delivery("d1") == before, "a form without its token changes nothing"


async def test_what_a_role_may_not_do_is_not_offered(desk, http):
    async with desk(role=Role.VIEWER) as served:
        html = await page(http, served)
        assert "Pause everything" not in html
        assert 'href="/people"' not in html
    assert len(ROWS) > 20
