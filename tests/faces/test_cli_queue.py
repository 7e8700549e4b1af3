"""The queue from the command line: listing, deciding, and what is refused."""

import shutil
import subprocess
import sys
from collections import Counter
from datetime import datetime

import pytest

from tests.processes import environment, handbill, refused, told

SETTINGS = "".join(
    f"{name}={value}\n"
    for name, value in {
        "MASTODON_BASE_URL": "http://127.0.0.1:9",
        "MASTODON_TOKEN": "t-token",
        "BLUESKY_BASE_URL": "http://127.0.0.1:9",
        "BLUESKY_HANDLE": "library.test",
        "BLUESKY_PASSWORD": "p-word",
        "HANDBILL_ZONE": "Europe/Helsinki",
    }.items()
)
HOURS = ("noon", "dusk", "dawn", "night", "morning", "evening", "midnight", "teatime", "sunset")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with eighteen scheduled deliveries, so that ids have beginnings in common, and two that wait."""
    home = tmp_path_factory.mktemp("home")
    (home / ".env").write_text(SETTINGS)
    library, club = home / "queue" / "library", home / "queue" / "club"
    library.mkdir(parents=True)
    club.mkdir()
    for hour in HOURS:
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


def test_the_queue_is_listed_and_narrowed(filled):
    everything = told(filled, "queue", "--all")
    assert Counter(each["state"] for each in everything) == {"scheduled": 18, "held": 2}
    assert told(filled, "queue") == everything
    dues = [datetime.fromisoformat(each["due"]) for each in everything if each["due"]]
    assert dues == sorted(dues)
    one = told(filled, "queue", "--campaign", "library", "--channel", "bluesky", "--state", "scheduled")
    assert one == [each for each in everything if each["campaign"] == "library" and each["channel"] == "bluesky"]
    assert told(filled, "queue", "--state", "sent", "--state", "failed") == []


def test_the_queue_is_told_in_words(filled):
    lines = handbill(filled, "queue", "--state", "held").stdout.splitlines()
    assert lines[0].split()[:3] == ["delivery", "channel", "state"]
    assert "due (Europe/Helsinki)" in lines[0]
    assert len(lines) == 3
    assert all("wait for approval" in line for line in lines[1:])
    assert "No delivery is like that" in handbill(filled, "queue", "--campaign", "museum").stdout


def test_what_there_is_none_of_is_told(filled):
    assert "there is no such state: 'sned'" in refused(filled, 2, "queue", "--state", "sned")
    assert "there are: bluesky, mastodon" in refused(filled, 5, "queue", "--channel", "x")


def test_decisions_are_made_and_told(home):
    first, *_, waiting = told(home, "queue")
    [held] = told(home, "hold", first["id"][:10])
    assert (held["id"], held["state"], held["slot"], held["due"]) == (first["id"], "held", None, None)
    [approved] = told(home, "approve", first["id"])
    assert approved["state"] == "scheduled"
    assert approved["slot"] == first["slot"], "its slot was free again"
    both = told(home, "approve", waiting["id"], first["id"], waiting["id"][:12])
    assert [(each["id"], each["state"]) for each in both] == [(each["id"], "scheduled") for each in (waiting, first)]
    [due] = told(home, "send-now", waiting["id"])
    assert datetime.fromisoformat(due["due"]).timestamp() <= (home / "data" / "handbill.db").stat().st_mtime + 60
    [ended] = told(home, "cancel", waiting["id"])
    assert (ended["state"], ended["why"]) == ("cancelled", "cancelled by a manager")
    assert waiting["id"] not in [each["id"] for each in told(home, "queue")]
    story = told(home, "log", waiting["id"])
    assert [each["state"] for each in story["history"]] == ["held", "scheduled", "scheduled", "cancelled"]
    words = handbill(home, "log", waiting["id"]).stdout
    assert f"{waiting['id']}  club/hill.txt on {waiting['channel']}: cancelled" in words
    assert "[1] " in words
    assert "sent now by a manager" in words


def test_what_the_state_forbids_is_refused_and_nothing_is_done(home):
    one, two, *_ = told(home, "queue")
    handbill(home, "cancel", one["id"])
    words = refused(home, 6, "hold", two["id"], one["id"])
    assert words.startswith(f"delivery {one['id']} is cancelled and cannot be held\n")
    assert told(home, "log", two["id"])["state"] == "scheduled"
    assert "cannot be settled" in refused(home, 6, "settle", two["id"], "--absent")
    assert "nothing of delivery" in refused(home, 6, "retract", two["id"])
    assert "the verdict is missing" in refused(home, 2, "settle", two["id"])


def test_ids_that_name_none_or_several_are_refused(filled):
    most, count = Counter(each["id"][0] for each in told(filled, "queue")).most_common(1)[0]
    assert count > 1
    words = refused(filled, 5, "hold", most)
    assert words == f"several deliveries begin with {most!r}\n  give more letters of the id\n"
    assert f"`handbill --home {filled} queue --all` shows them" in refused(filled, 5, "log", "zzzz")
    assert "there is no delivery ''" in refused(filled, 5, "cancel", "")


def test_everything_is_paused_with_a_reason_and_resumed(home):
    paused = told(home, "pause", "Storm", "warning:  only urgent news")
    assert (paused["paused"], paused["why"]) == (True, "Storm warning: only urgent news")
    status = told(home, "status")
    assert status["paused"] == {"on": True, "why": paused["why"], "since": paused["since"]}
    assert "PAUSED since " in handbill(home, "status").stdout
    counts = dict.fromkeys(("due", "reslotted", "held", "dropped", "begun", "uncertain"), 0)
    assert told(home, "resume") == {"paused": False, "why": "", "since": None} | counts
    assert "the reason is missing" in refused(home, 2, "pause", "  ")


def test_the_whole_is_told_at_a_glance(home):
    (home / "queue" / "library" / "broken.md").write_text("---\ntitle: [open\n---\n\nWords.\n")
    status = told(home, "status")
    assert status["deliveries"] == {"scheduled": 18, "held": 2}
    assert [each["name"] for each in status["channels"]] == ["bluesky", "mastodon"]
    [problem] = status["problems"]
    assert problem["where"].startswith("queue/library/broken.md:")
    assert (status["running"], status["missing"], status["attention"]) == (False, [], [])
    words = handbill(home, "status").stdout
    assert "Deliveries: 2 held, 18 scheduled." in words
    assert "ERROR queue/library/broken.md:" in words
    assert handbill(home, "status", "--alive", check=False).returncode == 1


def test_articles_are_added_and_previewed_as_documented(home, tmp_path):
    article = tmp_path / "tour.md"
    article.write_text("---\ntitle: Tour\nlanguage: en\n---\n\nThe museum shows its cellar to all who ask.\n")
    [added] = told(home, "add", str(article), "--campaign", "museum")
    assert added == {"file": str(home / "queue" / "museum" / "tour.md"), "written": True}
    shown = told(home, "preview", "museum/tour.md")
    assert [each["channel"] for each in shown["posts"]] == ["bluesky", "mastodon"]


def test_a_reader_that_goes_away_is_no_fault(filled):
    """As in `handbill queue | head -0`: nobody is there to take what is printed."""
    words = [sys.executable, "-m", "bot", "--home", str(filled), "queue", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (1, b"")


def test_words_are_written_out_where_the_output_knows_no_unicode(home):
    text = "Bücher und Tee 🍵 für alle: die Bibliothek öffnet auch nachts."
    (home / "queue" / "library" / "tee.md").write_text(f"---\ntitle: Tee\nlanguage: de\n---\n\n{text}\n")
    found = told(home, "queue", "--campaign", "library", PYTHONIOENCODING="latin-1")
    assert text in {each["excerpt"]["text"] for each in found}
    command = [sys.executable, "-m", "bot", "--home", str(home), "queue"]
    words = subprocess.run(command, env=environment(PYTHONIOENCODING="latin-1"), capture_output=True, check=True).stdout
    assert "Bücher und Tee \\U0001f375 für alle" in words.decode("latin-1")
