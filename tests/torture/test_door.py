"""The faults that the bench opens do what they say: to the request that they are for, with or without its effect."""

import aiohttp
import pytest

from bot.sandbox.mastodon import Mastodon
from bot.sandbox.server import running
from bot.sandbox.world import Fault, World

TOKEN = {"Authorization": "Bearer sandbox"}
#: What the client hears, and whether followers see the post.
KINDS = {
    "empty": ((200, ""), True),
    "odd": ((200, '{"ok": true, "data": null, "result": [], "id": {}}'), True),
    "flood-bare": ((429, "Too Many Requests"), False),
    "drip": ("time is up", True),
}


async def heard(method: str, address: str, **fields: str) -> object:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.5), headers=TOKEN) as session,
            session.request(method, f"{address}/mastodon{fields.pop('path')}", data=fields or None) as answer,
        ):
            return answer.status, await answer.text()
    except TimeoutError:
        return "time is up"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_is_spoilt_once_and_the_effect_is_as_told(kind):
    world = World()
    world.faults.append(Fault(platform="mastodon", kind=kind))
    async with running(world, [Mastodon(world)]) as address:
        answer, effect = KINDS[kind]
        assert await heard("POST", address, path="/api/v1/statuses", status="The library is open.") == answer
        assert len(world.effects) == effect
        assert world.faults == []


@pytest.mark.parametrize("on", ["publish", "look", "upload"])
async def test_a_fault_meets_the_requests_that_it_is_for(on):
    world = World()
    world.faults.append(Fault(platform="mastodon", kind="flood-bare", on=on, times=0))
    async with running(world, [Mastodon(world)]) as address:
        requests = {
            "publish": heard("POST", address, path="/api/v1/statuses", status="The library is open."),
            "look": heard("GET", address, path="/api/v1/accounts/1/statuses"),
            "upload": heard("POST", address, path="/api/v2/media", file="none"),
        }
        answers = {name: await request for name, request in requests.items()}
    assert [name for name, answer in answers.items() if answer == (429, "Too Many Requests")] == [on]
