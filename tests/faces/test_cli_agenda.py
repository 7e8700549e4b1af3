"""The schedule by days from the command line, and deliveries moved there."""

import shutil
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.faces.test_cli_queue import SETTINGS
from tests.processes import handbill, refused, told

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with two articles on two channels, and one that waits for approval."""
    home = tmp_path_factory.mktemp("home")
    (home / ".env").write_text(SETTINGS)
    library, club = home / "queue" / "library", home / "queue" / "club"
    library.mkdir(parents=True)
    club.mkdir()
    for hour in ("noon", "dusk"):
        text = f"The town library opens at {hour} from May on, as its readers wished."
        (library / f"{hour}.md").write_text(f"---\ntitle: Open at {hour}\nlanguage: en\n---\n\n{text}\n")
    (club / "campaign.yaml").write_text("title: Cycling club\napproval: true\n")
    (club / "hill.txt").write_text("The cycling club rides up the hill on Sunday; everybody may come along.\n")
    handbill(home, "queue")
    return home


@pytest.fixture
def home(filled, tmp_path):
    """The same, for one test."""
    return shutil.copytree(filled, tmp_path / "home")


def ahead(days: int) -> str:
    return (datetime.now(HELSINKI).date() + timedelta(days=days)).isoformat()


def test_the_calendar_lists_days_with_deliveries_and_free_slots(filled):
    days = told(filled, "calendar", "--days", "3")
    assert len(days) == 3
    assert {each["zone"] for each in days} == {"Europe/Helsinki"}
    listed = [each for day in days for each in day["deliveries"]]
    assert {each["state"] for each in listed} == {"scheduled"}
    assert len(listed) == 4, "what is held stands on no day"
    taken = {(each["channel"], each["slot"]) for each in listed}
    free = {(each["channel"], each["at"]) for day in days for each in day["free"]}
    assert not taken & free
    words = handbill(filled, "calendar", "--days", "3", "--channel", "mastodon").stdout
    assert words.startswith("Times are Europe/Helsinki.")
    assert "Open at noon" in words
    assert "mastodon  free" in words
    assert "bluesky" not in words


def test_a_week_begins_on_monday_and_a_change_of_the_clocks_is_told(filled):
    first = told(filled, "calendar", "--week")[0]
    assert datetime.fromisoformat(first["date"]).weekday() == 0
    [day] = told(filled, "calendar", "--from", "2027-03-28", "--days", "1", "--zone", "Europe/Berlin")
    assert day["clock_change"] == {"at": "2027-03-28T01:00:00+00:00", "seconds": 3600.0}
    words = handbill(filled, "calendar", "--from", "2027-10-31", "--days", "1", "--zone", "Europe/Berlin").stdout
    assert "the clocks go back at 03:00 to 02:00" in words
    assert "contradict" in refused(filled, 2, "calendar", "--week", "--days", "2")
    assert "is no day" in refused(filled, 2, "calendar", "--from", "tomorrow")


def test_a_delivery_is_moved_to_a_minute_or_to_a_days_free_slot(home):
    one = next(each for each in told(home, "queue") if each["state"] == "scheduled")
    [moved] = told(home, "move", f"{one['id']}@{one['version']}", f"{ahead(4)} 10:07")
    assert datetime.fromisoformat(moved["due"]).astimezone(HELSINKI).isoformat()[:16] == f"{ahead(4)}T10:07"
    assert "changed meanwhile" in refused(home, 6, "move", f"{one['id']}@{one['version']}", ahead(5))
    [again] = told(home, "move", one["id"], ahead(5))
    assert datetime.fromisoformat(again["due"]).astimezone(HELSINKI).isoformat()[:16] == f"{ahead(5)}T09:00"
    held = next(each for each in told(home, "queue", "--state", "held"))
    assert (
        " scheduled for " in handbill(home, "move", held["id"], f"{ahead(6)} 11:00", "--zone", "Europe/Berlin").stdout
    )
    assert [each["verb"] for each in told(home, "audit")] == ["move", "move", "move"]


def test_a_moment_that_cannot_be_is_refused_with_the_reason(home):
    one = told(home, "queue")[0]
    assert "has passed" in refused(home, 6, "move", one["id"], "2026-01-01 09:00")
    assert "is no moment" in refused(home, 2, "move", one["id"], "soon")
    assert "no time zone" in refused(home, 2, "move", one["id"], ahead(2), "--zone", "Mars")
