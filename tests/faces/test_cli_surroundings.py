"""What surrounds a running bot changes or gives out: signals that come twice, descriptors, time zones' rules, a locale."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from tests.needs import missing
from tests.processes import ROOT, environment, handbill, running, sandbox, stop, told, wait_until

PATIENCE = 100


def settings(world, home, *more):
    lines = [line for line in world.settings.splitlines() if line.startswith("MASTODON")]
    (home / ".env").write_text("\n".join([*lines, "HANDBILL_DEADLINE=3", *more, ""]))


def write(home, name, words="The town museum shows the old ferry from Sunday on."):
    folder = home / "queue" / "museum"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{words}\n", encoding="utf-8")


def states(home):
    return {each["article"]: each["state"] for each in told(home, "queue", "--all")}


def every_second(home):
    handbill(home, "doctor")
    handbill(home, "plan", "set", "mastodon", "--every", "1s", "--gap", "1s")


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_break_off_what_is_being_finished(tmp_path, second):
    with sandbox(tmp_path) as world:
        settings(world, tmp_path, "HANDBILL_WEB=127.0.0.1:0")
        write(tmp_path, "ferry.txt")
        every_second(tmp_path)
        world.fault(platform="mastodon", kind="delay", seconds=2)
        with running(tmp_path) as bot:
            assert wait_until(lambda: "sending" in states(tmp_path).values(), PATIENCE, every=0.1)
            for number in (signal.SIGTERM, second, second):
                bot.send_signal(number)
                wait_until(lambda: bot.poll() is not None, 0.3)
            assert bot.wait(timeout=PATIENCE) == 0
        assert states(tmp_path) == {"ferry.txt": "sent"}
        assert len(world.ledger()) == 1
    assert "Traceback" not in (tmp_path / "run.log").read_text()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system lets nobody limit another program")
def test_a_bot_without_a_descriptor_left_loses_nothing_and_goes_on(tmp_path):
    """It can open no connection, no file and no folder until there is room again."""
    with sandbox(tmp_path) as world:
        settings(world, tmp_path, "HANDBILL_WEB=off")
        every_second(tmp_path)
        write(tmp_path, "0.txt", "Hall 0 of the town museum is open again, with three boats.")
        with running(tmp_path) as bot:
            assert wait_until(lambda: states(tmp_path) == {"0.txt": "sent"}, PATIENCE)
            handbill(tmp_path, "pause", "until all are there")
            for number in range(1, 4):
                write(tmp_path, f"{number}.txt", f"Hall {number} of the town museum is open again, with its boats.")
            assert wait_until(lambda: len(states(tmp_path)) == 4, PATIENCE)
            _, most = resource.prlimit(bot.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(bot.pid, resource.RLIMIT_NOFILE, (3, most))
            world.fault(platform="mastodon", kind="reset")  # that was its last connection
            handbill(tmp_path, "resume", "--late")
            assert wait_until(lambda: "retrying" in states(tmp_path).values(), PATIENCE)
            write(tmp_path, "4.txt", "Hall 4 of the town museum is open again, with six boats.")
            wait_until(lambda: False, 5)
            assert bot.poll() is None
            resource.prlimit(bot.pid, resource.RLIMIT_NOFILE, (most, most))
            assert wait_until(lambda: list(states(tmp_path).values()) == ["sent"] * 5, PATIENCE, every=1), states(
                tmp_path
            )
        assert len(world.ledger()) == 5
        assert world.twice() == {}
    assert "Traceback" not in (tmp_path / "run.log").read_text()


WORDS = {"größe.txt": "Die Größe des Fährhauses überrascht.", "渡し船.txt": "町の博物館で古い渡し船を見られます。"}


@pytest.mark.parametrize("bare", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}])
def test_other_peoples_letters_go_through_a_locale_that_has_none(tmp_path, bare):
    bare = {"LANG": "", "PYTHONHASHSEED": "0", **bare}
    with sandbox(tmp_path) as world:
        settings(world, tmp_path, "HANDBILL_WEB=off")
        for name, text in WORDS.items():
            write(tmp_path, name, text)
        for command in ("doctor", "queue", "status", "plan set mastodon --every 1s --gap 1s"):
            assert handbill(tmp_path, *command.split(), **bare).stderr == ""
        with running(tmp_path, **bare) as bot:
            assert wait_until(lambda: list(states(tmp_path).values()) == ["sent"] * 2, PATIENCE), states(tmp_path)
            assert stop(bot) == 0
        assert {each["text"].strip() for each in world.ledger()} == set(WORDS.values())
        shown = json.loads(handbill(tmp_path, "queue", "--all", "--json", **bare).stdout)
        assert {each["article"] for each in shown} == set(WORDS)
    assert "Traceback" not in (tmp_path / "run.log").read_text()


def test_names_that_are_no_text_are_told_and_hide_no_other(tmp_path):
    """Where Python is made to take names for ASCII; and anywhere a name in Latin-1, from an old archive."""
    (tmp_path / ".env").write_text("MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\n")
    for name in ("größe.txt", "ferry.txt"):
        write(tmp_path, name)
    (tmp_path / "queue" / "museum" / os.fsdecode("fähre.txt".encode("latin-1"))).write_text("The ferry is old.\n")
    blind = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for more, count in (({}, 2), (blind, 1)):
        assert {each["article"] for each in told(tmp_path, "queue", **more)} == {"größe.txt", "ferry.txt"}
        problems = [each for each in told(tmp_path, "status", **more)["problems"] if "not UTF-8" in each["what"]]
        assert len(problems) == 3 - count
        assert all(each["where"].isascii() for each in problems)


def test_new_rules_of_a_zone_move_no_post_that_is_planned_and_count_for_those_after(tmp_path):
    """A government moves its clocks: first noon is at 11:00 UTC, then at 09:00."""
    (tmp_path / ".env").write_text(
        "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\nHANDBILL_ZONE=Europe/Vienna\n"
    )
    rules, here = files("tzdata.zoneinfo.Etc"), tmp_path / "zones" / "Europe" / "Vienna"
    here.parent.mkdir(parents=True)
    more: dict[str, Any] = {"PYTHONTZPATH": str(tmp_path / "zones")}
    planned: dict[str, str] = {}
    for zone, article, hour in (("GMT-1", "old.txt", 11), ("GMT-3", "new.txt", 9)):
        here.write_bytes(rules.joinpath(zone).read_bytes())
        if not planned:
            handbill(tmp_path, "plan", "set", "mastodon", "--at", "12:00", **more)
        write(tmp_path, article, f"The {article[:3]} ferry of the town museum has {hour} benches and a bell.")
        before, planned = planned, {each["article"]: each["due"] for each in told(tmp_path, "queue", **more)}
        assert datetime.fromisoformat(planned[article]).astimezone(UTC).hour == hour
        assert before.items() <= planned.items(), "what was planned has moved"
    assert len(set(planned.values())) == 2


def test_a_disk_without_an_inode_left_keeps_no_post_waiting_but_those_with_new_pictures(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / ".env").write_text(
        "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\nHANDBILL_WEB=127.0.0.1:0\n"
    )
    script = f"""
mount -t tmpfs -o size=30m,nr_inodes=60 tmpfs '{tmp_path}/data' || exit 99
exec {sys.executable} -m tests.full_disk '{tmp_path}' inodes
"""
    if shutil.which("unshare") is None:
        missing("a disk can be mounted by root only")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=600, check=False,
        env=environment(), cwd=ROOT,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        missing("a disk can be mounted by root only")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "well, full, status tells, well, words go on, picture taken, ended 0"
