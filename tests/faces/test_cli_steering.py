"""Decisions from the command line: two managers, the audit log, what becomes of what came due during a pause."""

import os
import pwd
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.faces.test_cli import on_terminal
from tests.faces.test_cli_queue import SETTINGS
from tests.processes import handbill, refused, told

ME = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
HOURS = ("noon", "dusk", "dawn")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with six scheduled deliveries: three on each of two channels."""
    home = tmp_path_factory.mktemp("home")
    (home / ".env").write_text(SETTINGS)
    (home / "queue" / "library").mkdir(parents=True)
    for hour in HOURS:
        text = f"The town library opens at {hour} from May on, as its readers wished."
        (home / "queue" / "library" / f"{hour}.md").write_text(
            f"---\ntitle: Open at {hour}\nlanguage: en\n---\n\n{text}\n"
        )
    assert len(told(home, "queue")) == 6
    return home


@pytest.fixture
def home(filled, tmp_path):
    """The same, for one test."""
    return shutil.copytree(filled, tmp_path / "home")


def test_who_saw_an_older_version_is_told_what_it_is_now_since_when_and_by_whom(home):
    one, two, *_ = told(home, "queue")
    handbill(home, "cancel", f"{one['id']}@{one['version']}")
    words = refused(home, 6, "send-now", f"{two['id']}@{two['version']}", f"{one['id'][:10]}@{one['version']}")
    assert words.startswith(f"delivery {one['id']} was changed meanwhile: it is cancelled since 20")
    assert f"by {ME} (cancel): cancelled by a manager" in words
    assert told(home, "log", two["id"])["version"] == two["version"], "nothing was half done"
    assert len(told(home, "audit")) == 1
    assert "no version of a delivery" in refused(home, 2, "hold", f"{two['id']}@x")


def test_the_audit_log_tells_who_did_what_in_order(home):
    one, *_ = told(home, "queue")
    handbill(home, "hold", one["id"])
    handbill(home, "approve", one["id"])
    handbill(home, "plan", "set", "mastodon", "--at", "09:00")
    handbill(home, "override", "library/noon.md", "bluesky", "--text", "Come at noon!")
    handbill(home, "pause", "Storm warning")
    handbill(home, "resume")
    entries = told(home, "audit")
    assert [each["verb"] for each in entries] == ["hold", "approve", "plan set", "override", "pause", "resume"]
    assert {each["by"] for each in entries} == {ME}
    assert [each["number"] for each in entries] == list(range(1, 7))
    assert (entries[0]["subject"], entries[4]["words"]) == (one["id"], "Storm warning")
    assert entries[3]["words"] == "Come at noon!"
    assert told(home, "audit", "--limit", "2") == entries[-2:]
    lines = handbill(home, "audit", "--limit", "2").stdout.splitlines()
    assert lines[0].split()[:2] == ["no", "when"]
    assert lines[1].startswith("5 ")
    assert "Storm warning" in lines[1]
    assert told(home, "audit", "verify") == {"entries": 6, "head": entries[-1]["chain"]}
    for pasted in (entries[3]["chain"][:12], f"{entries[3]['chain'][:8].upper()}…", f" {entries[5]['chain']} "):
        handbill(home, "audit", "verify", "--head", pasted)


def test_an_audit_log_changed_by_other_hands_is_told_with_the_first_entry(home):
    one, *_ = told(home, "queue")
    for verb in ("hold", "approve", "hold", "cancel"):
        handbill(home, verb, one["id"])
    head = told(home, "audit", "verify")["head"]
    tampered(home, "DELETE FROM acts WHERE number = 4")
    assert told(home, "audit", "verify")["entries"] == 3
    assert "does not contain the head" in refused(home, 7, "audit", "verify", "--head", head)
    for mistyped in (head[:7], "5f3c…", f"{head[:7]}g", f"{head}0"):
        assert "is no head" in refused(home, 2, "audit", "verify", "--head", mistyped), "no sign of tampering"
    tampered(home, "UPDATE acts SET verb = 'cancel' WHERE number = 2")
    assert f"entry 2: {ME} cancel {one['id']} does not follow" in refused(home, 7, "audit", "verify")
    tampered(home, "DELETE FROM acts WHERE number = 1")
    assert "entry 1 is missing" in refused(home, 7, "audit", "verify")


def tampered(home, statement):
    with closing(sqlite3.connect(home / "data" / "handbill.db")) as raw:
        for guard in ("acts_no_update", "acts_no_delete"):
            raw.execute(f"DROP TRIGGER IF EXISTS {guard}")
        raw.execute(statement)
        raw.commit()


def paused(home):
    """Pause, and let two deliveries of one channel and one of the other have come due meanwhile."""
    queue = told(home, "queue")
    first = [each for each in queue if each["channel"] == "bluesky"][:2]
    second = [each for each in queue if each["channel"] == "mastodon"][:1]
    since = told(home, "pause", "storm")["since"]
    assert "everything is paused: storm" in refused(home, 6, "send-now", first[0]["id"])
    ids = [each["id"] for each in (*first, *second)]
    told(home, "send-now", "--anyway", *ids)
    assert since
    return ids


def test_what_came_due_is_dropped_when_asked_for(home):
    ids = paused(home)
    done = told(home, "resume", "--drop")
    assert (done["paused"], done["due"], done["dropped"]) == (False, 3, 3)
    ended = told(home, "queue", "--state", "cancelled")
    assert sorted(each["id"] for each in ended) == sorted(ids)
    assert [each["verb"] for each in told(home, "audit")][-4:] == ["cancel"] * 3 + ["resume"]
    assert handbill(home, "resume").stdout == "Nothing was paused.\n"


def test_what_came_due_gets_new_slots_and_the_counts_are_told(home):
    ids = paused(home)
    words = handbill(home, "resume", "--reslot").stdout
    assert words == "Posting again.\n3 came due during the pause: 3 got the next free slot.\n"
    now = told(home, "audit")[-1]["at"]
    slots = {each["id"]: each["slot"] for each in told(home, "queue")}
    assert all(slots[each] > now for each in ids)
    assert slots[ids[0]] < slots[ids[1]], "in order"


def test_without_a_terminal_the_late_policy_decides(home):
    paused(home)
    words = handbill(home, "resume").stdout
    assert words == "Posting again.\n3 came due during the pause: 3 posted late, as each channel's plan says.\n"


def test_on_a_terminal_a_person_is_asked_with_the_counts(home):
    ids = paused(home)
    asked = [b"3 came due during the pause: 2 on bluesky, 1 on mastodon.", b"", b"What becomes of it", b"drop\n",
             b"3 cancelled."]  # fmt: skip
    on_terminal(home, ["resume"], asked)
    assert sorted(each["id"] for each in told(home, "queue", "--state", "cancelled")) == sorted(ids)


def test_flags_that_contradict_each_other_decide_nothing(tmp_path):
    (tmp_path / "queue").mkdir()
    said = refused(tmp_path, 2, "settle", "3f2a", "--there", "--absent", "--url", "https://t.me/a/1")
    assert "--there and --absent contradict each other" in said
    assert "--drop and --late contradict" in refused(tmp_path, 2, "resume", "--drop", "--late")


def test_what_will_be_put_off_is_told_at_once_with_what_overrules_it(home):
    handbill(home, "plan", "set", "mastodon", "--daily", "1")
    ids = [each["id"] for each in told(home, "queue", "--channel", "mastodon")]
    words = handbill(home, "send-now", *ids).stdout.splitlines()
    assert len(words) == 5, "what goes out now needs no word"
    for name, line in zip(ids[1:], words[3:], strict=True):
        assert line.startswith(f"warning: {name}: it goes out at ")
        assert "not now: its plan allows 1 within 24 hours; `handbill --home" in line
        assert line.endswith("plan set mastodon --daily 0` lifts that")
    first, *late = told(home, "send-now", *ids)
    assert first["warnings"] == []
    assert all("its plan allows 1 within 24 hours" in each["warnings"][0] for each in late)
    handbill(home, "plan", "set", "mastodon", "--daily", "0")
    assert [each["warnings"] for each in told(home, "send-now", *ids)] == [[], [], []]


def test_a_second_pause_tells_the_reason_that_it_replaces(home):
    assert told(home, "pause", "Storm warning")["before"] == ""
    first, second = handbill(home, "pause", "The bridge is closed").stdout.splitlines()
    assert first.startswith("Everything was paused already, since ")
    assert first.endswith(": Storm warning")
    assert second == "The reason now reads: The bridge is closed"
    assert told(home, "pause", "Storm again")["before"] == "The bridge is closed"


def test_a_resume_with_nothing_paused_says_so_and_decides_nothing(home):
    assert handbill(home, "resume", "--drop").stdout == "Nothing was paused.\n"
    done = told(home, "resume", "--drop")
    assert (done["paused"], done["dropped"]) == (False, 0)
    assert told(home, "audit") == []


def test_who_names_a_delivery_and_no_moment_is_told_that_the_moment_is_missing(home):
    words = refused(home, 2, "move", "3f2a")
    assert "TO" in words
    assert "2026-11-24 09:00" in words
    assert "DELIVERY" not in words
