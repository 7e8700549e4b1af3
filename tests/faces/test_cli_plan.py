"""Posting times from the command line: what is set is what is shown, and wrong words change nothing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

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
    for words in (("set", "x", "--at", "09:00"), ("show", "x")):
        assert refused(home, 5, "plan", *words).startswith("no channel is called 'x'\n  there are: mastodon")
