"""`handbill simulate`: tells what would happen, and nothing happens."""

import pytest

from tests.processes import handbill, refused, told

ARTICLE = """---
title: The reading room
link: https://library.example.org/{n}
---
The library paints room {n}. It takes a week.
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".env").write_text("MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\n")
    folder = tmp_path / "queue" / "library"
    folder.mkdir(parents=True)
    for n in range(3):
        (folder / f"{n}.md").write_text(ARTICLE.format(n=n))
    return tmp_path


def test_it_foretells_and_changes_nothing(home):
    before = told(home, "queue", "--all")
    seen = told(home, "simulate", "--days", "3")
    planned = {each["id"]: each["due"] for each in before if each["state"] == "scheduled"}
    assert planned
    assert {each["delivery"]: each["at"] for each in seen["sent"]} == planned
    assert [(each["channel"], each["used"]) for each in seen["slots"]] == [("mastodon", len(planned))]
    assert told(home, "queue", "--all") == before


def test_what_is_held_goes_out_only_with_approve_all(home):
    ids = [each["id"] for each in told(home, "queue", "--all") if each["state"] == "scheduled"]
    told(home, "hold", ids[0])
    assert ids[0] not in {each["delivery"] for each in told(home, "simulate")["sent"]}
    assert ids[0] in {each["delivery"] for each in told(home, "simulate", "--approve-all")["sent"]}


def test_an_empty_queue_is_told_and_a_pause_is_named(home):
    told(home, "pause", "storm")
    said = handbill(home, "simulate", "--days", "1").stdout
    assert "Nothing would go out" in said
    assert "everything is paused: storm" in said


def test_posts_on_top_of_each_other_are_told_with_moment_channel_and_articles(home):
    told(home, "plan", "set", "mastodon", "--every", "2s")
    for n in range(3, 8):
        (home / "queue" / "library" / f"{n}.md").write_text(ARTICLE.format(n=n))
    for each in told(home, "queue"):
        told(home, "approve", told(home, "hold", each["id"])[0]["id"])
    seen = told(home, "simulate", "--days", "2")
    assert len(seen["close"]) == 28, "each of the eight with each"
    lines = handbill(home, "simulate", "--days", "2").stdout.splitlines()
    start = lines.index("On top of each other:")
    ids = {each["delivery"]: f"library/{each['article']} ({each['delivery']})" for each in seen["sent"]}
    for line, (one, other) in zip(lines[start + 1 : start + 11], seen["close"], strict=False):
        assert line.endswith(f"  mastodon: {ids[one]} and {ids[other]}")
        assert " 20" in line.partition("  ")[0], "the moment"
    assert lines[start + 11] == "and 18 more"


def test_what_is_put_off_stands_under_a_heading_and_only_used_slots_count(home):
    ids = [each["id"] for each in told(home, "queue", "--all") if each["state"] == "scheduled"]
    told(home, "plan", "set", "mastodon", "--daily", "1")
    told(home, "hold", ids[0])
    seen = told(home, "simulate", "--days", "10")
    assert len(seen["sent"]) == len(ids) - 1
    assert [each["used"] for each in seen["slots"]] == [len(ids) - 1]
    lines = handbill(home, "simulate", "--days", "10").stdout.splitlines()
    put_off = lines[lines.index("Put off, held or cancelled on the way:") + 1 :]
    assert [each["delivery"] in line for each, line in zip(seen["moved"], put_off, strict=False)] == [True] * len(
        seen["moved"]
    )
    assert seen["moved"]


def test_days_that_are_none_are_refused(home):
    assert "0 is not in the range" in refused(home, 2, "simulate", "--days", "0")
