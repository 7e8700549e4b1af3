"""Posting times from the command line: what is set is what is shown, and wrong words change nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.clock import SystemClock
from bot.store import open_store
from tests.processes import handbill, refused, told

SETTINGS = "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\nHANDBILL_ZONE=Europe/Paris\n"
DEFAULT = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "times": ["09:00:00", "12:30:00", "17:30:00"]}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / ".env").write_text(SETTINGS)
    told(folder, "status")
    return folder


def local_times(plan):
    """Return the next slots as people there read them."""
    zone = ZoneInfo(plan["zone"])
    return [datetime.fromisoformat(each).astimezone(zone).strftime("%a %H:%M") for each in plan["next"]]


def test_a_plan_is_set_shown_and_cleared(home):
    [plan] = told(home, "plan", "set", "mastodon", "--days", "mon-fri, sun", "--at", "9:05,17:30:15,9:05")
    assert plan["days"] == ["mon", "tue", "wed", "thu", "fri", "sun"]
    assert plan["times"] == ["09:05:00", "17:30:15"]
    assert (plan["zone"], plan["every_seconds"]) == ("Europe/Paris", None)
    assert plan["late"] == {"grace_seconds": 900, "limit_seconds": 86400, "gap_seconds": 300}
    assert told(home, "plan", "show", "mastodon") == [plan]
    [cleared] = told(home, "plan", "clear", "mastodon")
    assert {name: cleared[name] for name in DEFAULT} == DEFAULT
    assert told(home, "plan", "show") == [cleared]


def test_a_weekend_may_go_round_the_week(home):
    [plan] = told(home, "plan", "set", "mastodon", "--days", "Friday-Mon", "--at", "08:00", "--zone", "Asia/Kolkata")
    assert plan["days"] == ["mon", "fri", "sat", "sun"]
    assert len(plan["next"]) == 3
    assert plan["next"] == sorted(set(plan["next"]))
    assert set(local_times(plan)) <= {f"{day} 08:00" for day in ("Fri", "Sat", "Sun", "Mon")}


def test_steady_steps_stay_in_their_hours(home):
    words = ("--every", "90 minutes", "--between", "08:00-20:00", "--gap", "30s", "--grace", "1h", "--late-limit", "2d")
    [plan] = told(home, "plan", "set", "mastodon", *words, "--zone", "America/New_York")
    assert (plan["every_seconds"], plan["times"]) == (5400, ["08:00:00", "20:00:00"])
    assert plan["late"] == {"grace_seconds": 3600, "limit_seconds": 172800, "gap_seconds": 30}
    assert {each.split()[1] for each in local_times(plan)} <= {
        f"{8 + n * 3 // 2:02}:{n * 90 % 60:02}" for n in range(9)
    }
    shown = handbill(home, "plan", "show").stdout
    assert "every 90min from 08:00 to 20:00" in shown
    assert "America/New_York" in shown


def test_what_limits_a_channel_stays_until_it_is_told_otherwise(home):
    told(home, "plan", "set", "mastodon", "--at", "09:00", "--zone", "Europe/Paris")
    words = ("--from", "2031-12-24", "--to", "2031-12-26 06:00", "--why", "the  holidays")
    [plan] = told(home, "plan", "blackout", "all", *words)
    holidays = {"start": "2031-12-23T23:00:00+00:00", "end": "2031-12-26T05:00:00+00:00", "why": "the holidays"}
    assert plan["blackouts"] == [holidays]
    told(home, "plan", "blackout", "mastodon", "--from", "2031-08-01 08:00", "--to", "2031-08-01")
    told(home, "plan", "set", "mastodon", "--daily", "5", "--no-resend")
    [plan] = told(home, "plan", "set", "mastodon", "--at", "10:00")
    assert (plan["times"], plan["zone"], plan["daily"], plan["resend"]) == (["10:00:00"], "Europe/Paris", 5, False)
    assert [each["end"] for each in plan["blackouts"]] == ["2031-08-01T22:00:00+00:00", holidays["end"]]
    shown = handbill(home, "plan", "show").stdout
    assert "mastodon: at most 5 within 24 hours" in shown
    assert "mastodon: nothing from Wed 24 Dec 2031 00:00 to Fri 26 Dec 2031 06:00: the holidays" in shown
    assert "not sent again before a person says so" in shown
    [cleared] = told(home, "plan", "clear", "mastodon")
    assert (cleared["times"], cleared["daily"], len(cleared["blackouts"])) == (DEFAULT["times"], 5, 2)
    told(home, "plan", "set", "mastodon", "--daily", "0", "--resend")
    [plan] = told(home, "plan", "blackout", "mastodon", "--clear")
    assert (plan["daily"], plan["resend"], plan["blackouts"]) == (0, True, [])
    assert told(home, "plan", "clear", "mastodon") == told(home, "plan", "show")


def test_only_what_is_given_changes_where_no_times_are(home):
    steps = ("--every", "2h", "--between", "08:00-20:00", "--days", "mon-fri", "--gap", "1min")
    [before] = told(home, "plan", "set", "mastodon", *steps)
    [after] = told(home, "plan", "set", "mastodon", "--days", "sat", "--grace", "1h")
    assert (after["every_seconds"], after["times"], after["days"]) == (7200, before["times"], ["sat"])
    assert after["late"] == before["late"] | {"grace_seconds": 3600}


def test_a_budget_is_for_channels_whose_posts_cost_something(tmp_path):
    keys = "".join(
        f"X_{key}=x-{key}\n" for key in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    )
    (tmp_path / ".env").write_text(SETTINGS + keys)
    assert "cost nothing" in refused(tmp_path, 2, "plan", "set", "mastodon", "--budget", "20")
    [plan] = told(tmp_path, "plan", "set", "x", "--budget", "19.50")
    assert (plan["budget"], plan["spent"], plan["currency"]) == (19.5, 0, "USD")
    assert "x: at most 19.50 USD a month; 0.00 USD spent this month" in handbill(tmp_path, "plan", "show", "x").stdout
    assert "0.00 of 19.50 USD spent this month" in handbill(tmp_path, "status").stdout
    known = {each["name"]: each for each in told(tmp_path, "status")["channels"]}
    assert (known["x"]["budget"], known["mastodon"]["currency"]) == (19.5, "")
    assert told(tmp_path, "plan", "set", "x", "--budget", "0")[0]["budget"] == 0


NOT_DARK = {
    "no ends": ([], "the times are missing"),
    "one end": (["--from", "2031-12-24"], "one end is missing"),
    "backwards": (["--from", "2031-12-24", "--to", "2031-12-23"], "is not after"),
    "nothing": (["--from", "2031-12-24 10:00", "--to", "2031-12-24 10:00"], "is not after"),
    "past": (["--from", "2021-12-24", "--to", "2021-12-25"], "is past"),
    "no day": (["--from", "2031-02-30", "--to", "2031-03-01"], "'2031-02-30' is no moment"),
    "no time": (["--from", "2031-02-03 25:00", "--to", "2031-03-01"], "'25:00' is no time of day"),
    "never": (["--from", "2031-02-03", "--to", "9999-12-31"], "is not in our times"),
    "both": (["--from", "2031-12-24", "--clear"], "--clear takes no times"),
}


@pytest.mark.parametrize("case", NOT_DARK)
def test_a_blackout_that_makes_no_sense_is_told_and_changes_nothing(home, case):
    options, words = NOT_DARK[case]
    assert words in refused(home, 2, "plan", "blackout", "all", *options)
    assert told(home, "plan", "show")[0]["blackouts"] == []


WRONG = {
    "no weekday": (["--days", "mon-fry", "--at", "09:00"], "'mon-fry' is no weekday"),
    "no weekday at all": (["--days", "", "--at", "09:00"], "is no weekday"),
    "open range": (["--days", "mon-", "--at", "09:00"], "'mon-' is no weekday"),
    "nearly a weekday": (["--days", "monkey", "--at", "09:00"], "'monkey' is no weekday"),
    "no time": (["--at", "25:00"], "'25:00' is no time of day"),
    "time with a zone": (["--at", "09:00+02:00"], "'09:00+02:00' is no time of day"),
    "empty time": (["--at", "09:00,"], "'' is no time of day"),
    "no times": ([], "the times are missing"),
    "both": (["--at", "09:00", "--every", "2h"], "cannot go together"),
    "no span": (["--every", "often"], "'often' is no length of time"),
    "nothing": (["--every", "0min"], "'0min' is no length of time"),
    "too long": (["--every", "999999h"], "is no length of time"),
    "no unit": (["--every", "2h", "--gap", "5"], "'5' is no length of time"),
    "backwards": (["--every", "2h", "--between", "22:00-02:00"], "ends before it begins"),
    "half open": (["--every", "2h", "--between", "22:00"], "from when to when"),
    "between alone": (["--between", "08:00-20:00"], "--between goes with --every"),
    "no sum": (["--budget", "much"], "'much' is no sum of money"),
    "less than nothing": (["--budget", "-1"], "'-1' is no sum of money"),
    "no number at all": (["--budget", "NaN"], "'NaN' is no sum of money"),
    "no zone": (["--at", "09:00", "--zone", "Europe/Pariss"], "no time zone is called 'Europe/Pariss'"),
    "zone of a file": (["--at", "09:00", "--zone", "../../etc/passwd"], "no time zone is called"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words_are_told(home, case):
    options, words = WRONG[case]
    assert words in refused(home, 2, "plan", "set", "mastodon", *options)


def test_wrong_words_change_nothing(home):
    before = told(home, "plan", "set", "mastodon", "--at", "08:00")
    refused(home, 2, "plan", "set", "mastodon", "--at", "25:00")
    assert told(home, "plan", "show") == before


def test_a_channel_there_is_none_of_is_told(home):
    for words in (("set", "x", "--at", "09:00"), ("show", "x"), ("blackout", "x", "--clear"), ("clear", "x")):
        assert refused(home, 5, "plan", *words).startswith("no channel is called 'x'\n  there are: mastodon")


def test_all_means_every_channel(tmp_path):
    (tmp_path / ".env").write_text(f"{SETTINGS}BLUESKY_HANDLE=club.example\nBLUESKY_PASSWORD=b-word\n")
    usual = told(tmp_path, "plan", "show")
    both = told(tmp_path, "plan", "set", "all", "--every", "2s", "--daily", "4")
    assert [each["channel"] for each in both] == ["bluesky", "mastodon"]
    assert [(each["every_seconds"], each["daily"]) for each in both] == [(2, 4), (2, 4)]
    silent = told(tmp_path, "plan", "blackout", "all", "--from", "2099-12-24", "--to", "2099-12-26")
    cleared = told(tmp_path, "plan", "clear", "all")
    assert [each["times"] for each in cleared] == [each["times"] for each in usual]
    assert [(each["daily"], each["blackouts"]) for each in cleared] == [(4, each["blackouts"]) for each in silent]
    shown = told(tmp_path, "plan", "show", "all")
    assert [each | {"next": []} for each in shown] == [each | {"next": []} for each in cleared]


def test_what_does_not_suit_one_of_all_changes_none(tmp_path):
    keys = "".join(
        f"X_{each}=k-{each}\n" for each in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    )
    (tmp_path / ".env").write_text(SETTINGS + keys)
    before = told(tmp_path, "plan", "show")
    assert "posts on mastodon cost nothing" in refused(
        tmp_path, 2, "plan", "set", "all", "--at", "08:00", "--budget", "20"
    )
    assert [each["times"] for each in told(tmp_path, "plan", "show")] == [each["times"] for each in before]


def test_all_of_no_channel_is_told(tmp_path):
    (tmp_path / ".env").touch()
    assert told(tmp_path, "plan", "show") == []
    for words in (("set", "all", "--at", "09:00"), ("blackout", "all", "--clear"), ("clear", "all")):
        assert "there are: none" in refused(tmp_path, 5, "plan", *words)


async def resting(home) -> None:
    store = await open_store(home / "data" / "handbill.db", SystemClock())
    until = datetime.now(UTC) + timedelta(hours=1)
    await store.rest_channel("mastodon", until, "town.example does not answer since 04 May 2026 12:00 UTC")
    await store.close()


def test_a_channel_that_is_left_alone_says_why_and_until_when(tmp_path):
    (tmp_path / ".env").write_text(SETTINGS)
    told(tmp_path, "status")
    asyncio.run(resting(tmp_path))
    [channel] = told(tmp_path, "status")["channels"]
    assert channel["rests_why"] == "town.example does not answer since 04 May 2026 12:00 UTC"
    assert datetime.fromisoformat(channel["rests_until"]) > datetime.now(UTC)
    for words in (["status"], ["doctor"]):
        shown = handbill(tmp_path, *words, check=False).stdout
        assert "town.example does not answer since 04 May 2026 12:00 UTC; next try " in shown


def test_one_channel_is_paused_and_goes_on(home):
    assert told(home, "pause", "--channel", "mastodon", "The", "server", "moves")["paused"]
    [channel] = told(home, "status")["channels"]
    assert channel["paused"] == "The server moves"
    assert not told(home, "resume", "--channel", "mastodon")["paused"]
    assert "is not paused" in refused(home, 6, "resume", "--channel", "mastodon")
    assert "there is no channel" in refused(home, 5, "pause", "--channel", "nowhere", "why")
    assert "cannot go together" in refused(home, 2, "resume", "--channel", "mastodon", "--late")
