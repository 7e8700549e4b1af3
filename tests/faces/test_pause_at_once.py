"""A pause of the real bot with much that is due: nothing is armed after the moment that the ledger tells of it."""

import json
import urllib.request
from datetime import datetime

import pytest

from bot.sandbox.page import READER
from tests.processes import handbill, running, sandbox, stop, told, wait_until

PATIENCE = 100
#: Enough that the bot is far from done when the pause comes, however slow the command is.
ARTICLES, EACH = 40, 0.15
CHANNELS = ("x", "mastodon", "bluesky")


def from_the_command_line(home, world):
    said = told(home, "pause", "storm")
    return said["since"]


def from_the_managers_chat(home, world):
    words = json.dumps({"text": "/hold storm"}).encode()
    headers = {"Content-Type": "application/json", "Origin": world.address, "Sec-Fetch-Site": "same-origin"}
    urllib.request.urlopen(
        urllib.request.Request(f"{world.address}/talk", words, headers, method="POST"), timeout=60
    ).close()
    assert wait_until(lambda: told(home, "status")["paused"]["on"], PATIENCE)
    return told(home, "status")["paused"]["since"]


def armed(home):
    """Return when each attempt that the ledger knows was armed."""
    lines = map(json.loads, handbill(home, "export", "-").stdout.splitlines())
    return [datetime.fromisoformat(each["armed"]) for each in lines if each["record"] == "attempt"]


@pytest.mark.parametrize("pause", [from_the_command_line, from_the_managers_chat])
def test_nothing_is_armed_after_the_moment_of_the_pause(tmp_path, pause):
    folder = tmp_path / "queue" / "library"
    folder.mkdir(parents=True)
    for number in range(ARTICLES):
        (folder / f"{number}.md").write_text(
            f"---\ntitle: Map {number}\nlanguage: en\nchannels: [{', '.join(CHANNELS)}]\nnot_before: 2099-01-01\n---\n"
            f"Map number {number} of the river hangs in the town library since Monday, room {number + 7}.\n"
        )
    with sandbox(tmp_path) as world:
        (tmp_path / ".env").write_text(f"{world.settings}HANDBILL_WEB=off\nTELEGRAM_MANAGERS={READER}\n")
        handbill(tmp_path, "doctor", check=False)
        ids = [each["id"] for each in told(tmp_path, "queue")]
        assert len(ids) == ARTICLES * len(CHANNELS)
        handbill(tmp_path, "send-now", *ids)
        for platform in CHANNELS:
            world.fault(platform=platform, kind="delay", seconds=EACH, times=0)
        with running(tmp_path) as bot:
            assert wait_until(lambda: len(world.ledger()) >= len(CHANNELS), PATIENCE, every=0.05)
            since = datetime.fromisoformat(pause(tmp_path, world))
            # What was on its way ends; then the bot wakes again and again, and has many that are due.
            assert wait_until(lambda: not told(tmp_path, "queue", "--state", "sending"), PATIENCE)
            begun = len(armed(tmp_path))
            assert len(CHANNELS) <= begun < len(ids), "it was in the midst of it"
            assert not wait_until(lambda: len(armed(tmp_path)) > begun, 6, every=1)
            assert max(armed(tmp_path)) <= since
            assert [each["at"] for each in told(tmp_path, "audit") if each["verb"] == "pause"] == [since.isoformat()]
            handbill(tmp_path, "resume", "--late")
            assert wait_until(lambda: len(armed(tmp_path)) > begun, PATIENCE), "it was only paused"
            assert stop(bot) == 0
        assert world.twice() == {}
