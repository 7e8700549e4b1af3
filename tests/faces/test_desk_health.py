"""What a probe is told of channels that stand still, and what only who may see the desk."""

import json
import re
from datetime import UTC, datetime

from bot.ports import Problem
from tests.faces.test_desk import page, section
from tests.faces.visitors import Browser
from tests.store_samples import HOUR, channel


async def test_health_names_the_channels_that_stand_still_and_tells_only_whom_it_knows_why(desk, http):
    async with desk() as served:
        store, until = served.live.app.store, datetime.now(UTC) + HOUR
        for name in ("x", "x__club", "mastodon", "bluesky"):
            await store.put_channel(channel(name))
        await store.pause_channel("x", "the credential is not accepted")
        await store.rest_channel("x__club", until, "x.example does not answer since noon")
        await store.put_problems("channels", [Problem(where="mastodon", what="town.example refuses connections")])
        told = json.loads(await page(http, served, "/health"))
        status, _, stranger = await Browser(served.address).look("/health")
        assert "error mastodon town.example refuses connections" in section(await page(http, served), "problems")
    assert told["ok"]
    assert told["channels"] == {
        "x": "the credential is not accepted",
        "x__club": "x.example does not answer since noon",
        "mastodon": "town.example refuses connections",
    }
    assert status == 200
    assert json.loads(stranger)["channels"] == {"x": "paused", "x__club": "paused", "mastodon": "paused"}
    assert not re.search("credential|noon|refuses", stranger)
