"""A program that asks again with the same Idempotency-Key: it is done once, whatever else happens meanwhile."""

import asyncio

from bot.store import answers
from tests.faces.test_api import CHANNELS, program
from tests.faces.test_desk import put
from tests.store_samples import delivery

TEA = {"title": "Hello", "text": "Free tea for everybody in the reading room on Friday night.", "language": "en"}


async def test_what_was_done_is_not_done_again_after_a_restart(desk):
    async with desk(CHANNELS) as served:
        client = await program(served)
        first = await client.ask("POST", "/v1/articles", TEA, Idempotency_Key="k1")
        assert first[0] == 201
        token = client.token
        (served.live.app.settings.queue / first[2]["article"]).unlink()
    async with desk(CHANNELS, role=None) as served:
        client = type(client)(served, token)
        again = await client.ask("POST", "/v1/articles", TEA, Idempotency_Key="k1")
        assert (again[0], again[2], again[1]["idempotent-replayed"]) == (201, first[2], "true")
        assert again[1]["location"] == first[1]["location"]
        assert not (served.live.app.settings.queue / first[2]["article"]).exists()


async def test_another_caller_neither_meets_nor_pushes_out_my_keys(desk, monkeypatch):
    monkeypatch.setattr(answers, "MOST", 2)
    async with desk(CHANNELS) as served:
        mine, other = await program(served), await program(served, name="other")
        first = await mine.ask("POST", "/v1/articles", TEA, Idempotency_Key="k1")
        assert (await other.ask("POST", "/v1/pause", {"why": "wind"}, Idempotency_Key="k1"))[0] == 200
        for number in range(4):
            await other.ask("POST", "/v1/pause", {"why": f"storm {number}"}, Idempotency_Key=f"o{number}")
        again = await mine.ask("POST", "/v1/articles", TEA, Idempotency_Key="k1")
        assert (again[2], again[1]["idempotent-replayed"]) == (first[2], "true")


async def test_what_is_under_way_is_refused_meanwhile_and_what_was_refused_may_be_asked_again(desk):
    async with desk(CHANNELS) as served:
        await put(served, delivery("d1"))
        client, key = await program(served), {"Idempotency_Key": "k1"}
        refused = await client.ask("POST", "/v1/deliveries/nowhere/hold", **key)
        assert refused[0] == 404
        found = await asyncio.gather(*(client.ask("POST", "/v1/deliveries/d1/hold", **key) for _ in range(5)))
        done = [each for each in found if each[0] == 200 and "idempotent-replayed" not in each[1]]
        assert len(done) == 1
        assert {each[0] for each in found} <= {200, 409}
        assert [each.act.verb for each in await served.live.app.store.acts()].count("hold") == 1
