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


def test_days_that_are_none_are_refused(home):
    assert "0 is not in the range" in refused(home, 2, "simulate", "--days", "0")
