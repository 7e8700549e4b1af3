"""Schemathesis against the real desk: whatever its description allows or forbids, the API answers as that says, never 500."""

import asyncio
import sys
from dataclasses import replace

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Unknown
from bot.domain.people import Right
from bot.sandbox.demo import sandbox
from bot.web.api import operations
from tests.faces.test_desk import post, put
from tests.store_samples import HOUR, MINUTE, NOON, article, attempt, delivery

#: Examples of each operation and phase. What a plan, a moment or a zone may be cannot all be told in a schema: then 422.
CONFIG = """
seed = 20261122
suppress-health-check = ["all"]
[generation]
max-examples = {examples}
database = "none"
[phases.coverage]
unexpected-methods = ["PUT"]
generate-duplicate-query-parameters = false
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
[parameters]
{parameters}
"""
NAMED = 'id = "3f2a"\n"path.campaign" = "library"\n"path.name" = "mastodon"'


async def stocked(served):
    """Put something into every state that can be asked about."""
    store = served.live.app.store
    await store.put_article(article("mastodon"), NOON)
    await store.put_article(article("night-opening.md"), NOON)
    await put(served, delivery("3f2a", due=None, channel="mastodon", article="night-opening.md"))
    await put(served, delivery("77c0", due=NOON + HOUR, channel="mastodon", article="night-opening.md"))
    await post(served, delivery("9d01", due=NOON + 2 * HOUR, channel="bluesky"))
    unsure = delivery("b00c", due=NOON + 3 * HOUR, channel="telegram")
    await put(served, unsure)
    await store.arm(unsure, attempt(unsure), NOON + MINUTE)
    tried = replace(attempt(unsure), ended=NOON, outcome=Unknown(why="the connection was reset"))
    armed = await store.delivery("b00c")
    await store.record(tried, Change.of(armed, State.UNCERTAIN, "the connection was reset"))


@pytest.mark.parametrize(("parameters", "phases"), [("", "coverage,fuzzing"), (NAMED, "fuzzing")], ids=["any", "known"])
async def test_the_api_answers_as_it_describes_itself(desk, tmp_path, monkeypatch, parameters, phases):
    monkeypatch.setattr(operations, "BURST", 10**6)
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(parameters=parameters, examples=8))
    async with sandbox() as (_, environ), desk(environ) as served:
        await stocked(served)
        token = await served.live.app.enrolling.acting("cli:tests").add_token("schemathesis", Right)
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            *(f"{served.address}/api/openapi.json", "-H", f"Authorization: Bearer {token}"),
            *("--phases", phases, "--checks", "all", "--continue-on-failure", "--no-color"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await running.communicate()
        assert running.returncode == 0, told.decode()[-20_000:].replace(token, "TOKEN")
