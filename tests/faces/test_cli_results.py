"""Results from the command line: what is told, by what order and in which time, and as a table for spreadsheets."""

import asyncio
import csv
import io
import shutil
from datetime import timedelta

import pytest

from bot.clock import SystemClock
from bot.domain.reactions import Asked, Reactions
from bot.store import open_store
from tests.processes import handbill, refused, told
from tests.store_samples import posted

SETTINGS = "".join(
    f"{name}={value}\n"
    for name, value in {
        "MASTODON_BASE_URL": "http://127.0.0.1:9",
        "MASTODON_TOKEN": "t-token",
        "TELEGRAM_TOKEN": "123456:test-token",
        "TELEGRAM_CHANNEL": "@library",
        "X_CONSUMER_KEY": "k",
        "X_CONSUMER_SECRET": "s",
        "X_ACCESS_TOKEN": "t",
        "X_ACCESS_TOKEN_SECRET": "u",
        "HANDBILL_ZONE": "Pacific/Auckland",
    }.items()
)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / ".env").write_text(SETTINGS)
    handbill(home, "status")
    asyncio.run(fill(home))
    return home


@pytest.fixture
def home(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "home")


async def fill(home):
    clock = SystemClock()
    store, now = await open_store(home / "data" / "handbill.db", clock), clock.now() - 2 * HOUR
    for number, likes in enumerate((5, 40, 7)):
        await posted(store, f"m{number}", at=now - number * DAY, on="mastodon", article=f"night-{number}")
        counted = Reactions(at=now - number * DAY + HOUR, replies=number, reposts=2, likes=likes)
        await store.put_reactions([Asked(delivery=f"m{number}", part=1, reactions=counted, again=None)])
    await posted(store, "old", at=now - 60 * DAY, on="mastodon", article="long-ago")
    await posted(store, "t0", at=now, on="telegram")
    await posted(store, "x0", at=now, on="x")
    await store.close()


def test_results_tell_each_channel_and_each_post(filled):
    found = told(filled, "results")
    channels = {each["channel"]: each for each in found["channels"]}
    assert channels.keys() == {"mastodon", "telegram", "x"}
    mastodon = channels["mastodon"]
    assert (mastodon["posts"], mastodon["reported"], mastodon["likes"], mastodon["views"]) == (3, 3, 52, None)
    assert mastodon["counts"] == ["replies", "reposts", "likes"]
    assert [each["likes"] for each in mastodon["days"]] == [7, 40, 5]
    assert channels["telegram"]["counts"] == []
    assert [each["needs_paid_results"] for each in channels.values()] == [False, False, True]
    assert {each["delivery"] for each in found["posts"]} == {"m0", "m1", "m2", "t0", "x0"}


def test_results_are_ordered_and_narrowed(filled):
    def ids(*words):
        return [each["delivery"] for each in told(filled, "results", *words)["posts"]]

    assert ids("--by", "likes", "--channel", "mastodon") == ["m1", "m2", "m0"]
    assert ids("--by", "likes", "--limit", "1") == ["m1"]
    assert ids("--channel", "mastodon", "--since", "2020-01-01") == ["m0", "m1", "m2", "old"]
    assert "there are: mastodon" in refused(filled, 5, "results", "--channel", "myspace")
    assert "still to come" in refused(filled, 2, "results", "--since", "2199-01-01")
    assert "is no moment" in refused(filled, 2, "results", "--since", "yesterday")
    assert "--csv and --json" in refused(filled, 2, "results", "--csv", "--json")


def test_results_in_words(filled):
    said = handbill(filled, "results").stdout
    assert "telegram: its platform tells bots nothing" in said
    assert "x: asking costs money: `handbill plan set x --paid-results` allows it" in said
    (line,) = (line for line in said.splitlines() if "m1" in line)
    assert line.split()[5:10] == ["mastodon", "1", "2", "40", "–"]
    assert "Pacific/Auckland" in said


def test_the_table_has_every_post(filled):
    rows = list(
        csv.DictReader(io.StringIO(handbill(filled, "results", "--csv", "--limit", "1", "--by", "likes").stdout))
    )
    assert [row["delivery"] for row in rows[:3]] == ["m1", "m2", "m0"]
    assert {row["delivery"] for row in rows} == {"m0", "m1", "m2", "t0", "x0"}
    assert [(row["likes"], row["views"]) for row in rows[:1]] == [("40", "")]


def test_a_plan_allows_what_asking_costs_and_keeps_it(home):
    assert "asking mastodon costs nothing" in refused(home, 2, "plan", "set", "mastodon", "--paid-results")
    [plan] = told(home, "plan", "set", "x", "--paid-results")
    assert plan["paid_results"] is True
    [plan] = told(home, "plan", "set", "x", "--at", "10:00")
    assert plan["paid_results"] is True
    assert "which costs money" in handbill(home, "plan", "clear", "x").stdout
    assert not any(each["needs_paid_results"] for each in told(home, "results")["channels"])
    [plan] = told(home, "plan", "set", "x", "--no-paid-results")
    assert plan["paid_results"] is False


def test_nothing_posted_says_when_something_will_show(tmp_path):
    (tmp_path / ".env").write_text(SETTINGS)
    assert "15 minutes later" in handbill(tmp_path, "results").stdout
    assert told(tmp_path, "results") == {"channels": [], "posts": []}
