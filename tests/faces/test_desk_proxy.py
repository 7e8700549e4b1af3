"""Who a proxy says is asking: which machines are believed, and which part of what they say."""

import aiohttp
from multidict import CIMultiDict

from tests.faces.test_desk_door import PROXY
from tests.faces.visitors import Browser


async def test_behind_a_proxy_only_the_line_that_it_added_itself_counts(desk, monkeypatch):
    """HAProxy adds a line of its own behind what the visitor sent."""
    async with desk(PROXY) as served:
        monkeypatch.setattr(served.live.app.clock, "monotonic", lambda: 0.0)
        statuses = []
        for number in range(31):
            async with aiohttp.ClientSession() as visitor:
                told = [("X-Forwarded-For", f"203.0.113.{number}"), ("X-Forwarded-For", "198.51.100.7")]
                browser = Browser(served.address)
                await browser.look("/signin")
                cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
                headers = CIMultiDict([*told, ("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")])
                form = {"token": browser.token, "name": f"name{number}", "password": "guess"}
                async with visitor.post(f"{served.address}/signin", data=form, headers=headers) as answer:
                    statuses.append(answer.status)
    assert statuses == [403] * 30 + [429]


async def test_a_machine_that_is_not_named_as_a_proxy_is_not_believed(desk, capsys):
    async with desk({**PROXY, "HANDBILL_PROXIES": "192.0.2.0/24"}) as served:
        for _ in range(2):
            await Browser(served.address, **{"X-Forwarded-For": "203.0.113.9"}).sign_in()
        assert {each.place for each in await served.live.app.store.sessions()} == {"127.0.0.1"}
    assert capsys.readouterr().out.count("HANDBILL_PROXIES") == 1
