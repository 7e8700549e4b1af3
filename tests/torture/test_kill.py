"""`handbill run` killed with SIGKILL while it posts: after a restart followers saw each post once."""

import json
import random

from tests.processes import handbill, sandbox, started, stop, wait_until

TOPICS = ("roof", "garden", "archive", "reading room", "bicycle shed")
CHANNELS = ("x", "mastodon", "telegram", "bluesky")
KILLS = 3


def write_articles(home):
    folder = home / "queue" / "library"
    folder.mkdir(parents=True)
    for number, topic in enumerate(TOPICS):
        (folder / f"{number}.md").write_text(
            f"---\ntitle: The {topic}\nlink: https://library.example.org/{number}\n---\n"
            f"The library has repaired its {topic} for {number + 2}0 thousand. The work took {number + 3} weeks.\n"
        )


def states(home):
    found = json.loads(handbill(home, "queue", "--all", "--json").stdout)
    return {(each["channel"], each["article"]): each["state"] for each in found}


def test_a_bot_that_is_killed_again_and_again_posts_everything_once(tmp_path):
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    write_articles(tmp_path)
    with sandbox(tmp_path) as world:
        (tmp_path / ".env").write_text(world.settings + "HANDBILL_WEB=off\nHANDBILL_DEADLINE=1.5\n")
        handbill(tmp_path, "doctor", check=False)
        for channel in CHANNELS:
            handbill(tmp_path, "plan", "set", channel, "--every", "1s", "--gap", "1s")
        for platform in CHANNELS:
            world.fault(platform=platform, kind="delay", seconds=0.3, times=0)
        for _ in range(KILLS):
            with started(tmp_path, "run") as bot:
                before = len(world.ledger())
                wait_until(lambda before=before: len(world.ledger()) > before, 10, every=0.02)
                wait_until(lambda: False, rng.uniform(0, 0.8))
                bot.kill()
        with started(tmp_path, "run") as bot:
            wait_until(lambda: set(states(tmp_path).values()) == {"sent"}, 60, every=1)
            assert stop(bot) == 0
        ledger, found = world.ledger(), states(tmp_path)
        assert world.twice() == {}, f"seed {seed}"
        assert found == {(channel, f"{n}.md"): "sent" for channel in CHANNELS for n in range(len(TOPICS))}
        assert len(ledger) == len(TOPICS) * len(CHANNELS)
