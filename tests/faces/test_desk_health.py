"""What a probe is told of channels that stand still."""

import json
from datetime import UTC, datetime

from bot.ports import Problem
from tests.faces.test_desk import page, section
from tests.store_samples import HOUR, channel


async def test_health_names_the_channels_that_stand_still_and_why(desk, http):
    async with desk() as served:
        store, until = served.live.app.store, datetime.now(UTC) + HOUR
        for name in ("x", "x__club", "mastodon", "bluesky"):
            await store.put_channel(channel(name))
        await store.pause_channel("x", "the credential is not accepted")
        await store.rest_channel("x__club", until, "x.example does not answer since noon")
        await store.put_problems("channels", [Problem(where="mastodon", what="town.example refuses connections")])
        told = json.loads(await page(http, served, "/health"))
        assert "error mastodon town.example refuses connections" in section(await page(http, served), "problems")
    assert told["ok"]
    assert told["channels"] == {
        "x": "the credential is not accepted",
        "x__club": "x.example does not answer since noon",
        "mastodon": "town.example refuses connections",
    }
