"""Which folder is meant: one in which Handbill was set up, and nothing is made in any other."""

import json
import os
import subprocess
import sys

import pytest

from tests.processes import environment, handbill, refused, started, told

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
        assert f"`handbill --home {tmp_path} init` sets one up here; `handbill --home FOLDER COMMAND`" in said
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


def test_commands_in_messages_can_be_typed_as_they_stand(tmp_path):
    """By whatever name the program is run here, from wherever one stands."""
    home = tmp_path / "my desk"
    (home / "queue").mkdir(parents=True)
    program = "python3 ../run.py"

    def ran(folder, *words, **more):
        whole = [sys.executable, "-m", "bot", *words]
        done = subprocess.run(whole, env=environment(**more), cwd=folder, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    named = {"HANDBILL_PROGRAM": program}
    assert "(start it with `handbill run`)" in ran(home, "status")
    assert "(start it with `handbill run`)" in ran(tmp_path, "status", HANDBILL_HOME=str(home))
    assert "(start it with `handbill --home 'my desk' run`)" in ran(tmp_path, "--home", "my desk", "status")
    assert f"(start it with `{program} run`)" in ran(home, "status", **named)
    assert f"`{program} --home 'my desk' queue --all` shows them" in ran(
        tmp_path, "--home", "my desk", "log", "3f2a", **named
    )
    assert f"`{program} --home '{home}' init` makes it" not in ran(home, "doctor", **named)
    assert f"`{program} --home FOLDER COMMAND`" in ran(tmp_path, "queue", **named)
    assert f"\n  `{program} approve --help` tells more" in ran(tmp_path, "--home", "my desk", "approve", **named)
    assert f"--home stands before the command: `{program} --home FOLDER plan show`" in ran(
        home, "plan", "show", "--home", ".", **named
    )
    for words in ((), ("--help",)):
        page = ran(home, *words, **named)
        assert page.startswith(f"Usage: {program} [OPTIONS] COMMAND")
        assert f"\n  {program} init && {program} doctor  set it up" in page
    page = ran(home, "plan", "set", "--help", **named)
    assert page.startswith(f"Usage: {program} plan set [OPTIONS]")
    assert f"\n    {program} plan set x --budget 0" in page
    assert "handbill" not in ran(home, "import", "--help", **named).replace("handbill.jsonl", "")


def test_words_of_an_article_are_shown_as_they_are(tmp_path):
    """What the preview shows is what is sent, even where it names a command of ours."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "tour.txt").write_text("The club types `handbill queue` each morning.\n")
    said = handbill(tmp_path, "preview", str(tmp_path / "tour.txt")).stdout
    assert "`handbill queue` each morning" in said


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
