"""Which folder is meant: one in which Handbill was set up, and nothing is made in any other."""

import json
import os

import pytest

from tests.processes import handbill, refused, started, told

LEDGER = (
    ("queue",), ("status",), ("plan", "show"), ("simulate",), ("doctor",), ("log", "3f2a"), ("approve", "3f2a"),
    ("pause", "storm"), ("audit",), ("export", "-"), ("backup", "x.zip"), ("override", "list"),
)  # fmt: skip


@pytest.mark.parametrize("words", LEDGER, ids="-".join)
def test_a_folder_that_is_none_of_handbills_is_told_and_left_empty(tmp_path, words):
    code = 5 if words[0] in ("export", "backup") else 4
    said = refused(tmp_path, code, *words)
    assert str(tmp_path) in said
    if code == 4:
        assert "this is no folder of Handbill's" in said
        assert "`handbill init`" in said
        assert "--home" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [".env", "queue", "data"])
def test_one_of_its_files_makes_a_folder_handbills(tmp_path, there):
    (tmp_path / there).touch() if there == ".env" else (tmp_path / there).mkdir()
    assert told(tmp_path, "queue") == []


@pytest.mark.parametrize("more", [{"HANDBILL_DATA": "ledger"}, {"MASTODON_TOKEN": "t-token"}], ids=["data", "channel"])
def test_an_environment_with_settings_is_as_good_as_a_file(tmp_path, more):
    assert told(tmp_path, "queue", **more) == []


def test_init_and_preview_work_anywhere(tmp_path):
    article = tmp_path / "tour.txt"
    article.write_text("The cycling club rides up the hill on Sunday.\n")
    bare = tmp_path / "bare"
    bare.mkdir()
    assert json.loads(handbill(bare, "preview", str(article), "--json").stdout)
    assert list(bare.iterdir()) == []
    handbill(bare, "init", "--no-input")
    assert told(bare, "queue") == []


@pytest.mark.parametrize("words", [("sandbox",), ("queue",), ("plan", "show")], ids="-".join)
def test_a_home_behind_the_command_is_told_where_it_stands(tmp_path, words):
    for written in (["--home", "X"], ["--home=X"]):
        said = refused(tmp_path, 2, *words, *written)
        assert said.strip() == f"--home stands before the command: `handbill --home FOLDER {' '.join(words)}`"


def test_the_sandbox_writes_settings_for_a_folder_of_its_own_and_tells_of_its_fault_door(tmp_path):
    target = tmp_path / "try" / ".env"
    with started(tmp_path, "sandbox", "--port", "0", "--write", str(target)) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if line.startswith("#"):
                lines.append(line)
            if line.startswith("# Fault door: "):
                break
    address = lines[0].split()[2]
    method, url, fault = lines[1].removeprefix("# Fault door: ").split(" ", 2)
    assert (method, url) == ("POST", f"{address}faults")
    assert json.loads(fault)["platform"] == "x"
    assert f"X_BASE_URL={address}x" in target.read_text()
    said = refused(tmp_path, 6, "sandbox", "--port", "0", "--write", str(target))
    assert "handbill --home try run" in said


def test_a_backup_names_the_folder_that_was_typed(tmp_path):
    (tmp_path / ".env").touch()
    told(tmp_path, "queue")
    said = refused(tmp_path, 2, "backup", str(tmp_path / "nope" / "x.zip"))
    assert said.startswith(f"{tmp_path / 'nope'}: there is no such folder")
    if os.geteuid():
        (tmp_path / "shut").mkdir(mode=0o500)
        assert "nothing can be written there" in refused(tmp_path, 2, "backup", str(tmp_path / "shut" / "x.zip"))
