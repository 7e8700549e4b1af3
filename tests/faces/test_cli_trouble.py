"""When the machine fails: no room, no rights, a database that is not ours to open. One clear line, nothing half done."""

import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.processes import environment, handbill, refused, told

SETTINGS = "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / ".env").write_text(SETTINGS)
    (home / "queue" / "club").mkdir(parents=True)
    (home / "queue" / "club" / "hill.txt").write_text("The cycling club rides up the hill on Sunday.\n")
    told(home, "queue")
    return home


@pytest.fixture
def home(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "home")


def cramped(home, room, *words):
    """Run a command that may write no file beyond `room` bytes, which SQLite and Python take for a failing disk."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room))
    return subprocess.run(
        [sys.executable, "-m", "bot", "--home", str(home), *words], capture_output=True, text=True, check=False,
        timeout=300, env=environment(PYTHONDONTWRITEBYTECODE="1"), preexec_fn=limit,
    )  # fmt: skip


def on_a_small_disk(home, size, *words):
    """Run a command whose data folder is a disk of `size` KiB; None where we may not mount one."""
    data = home / "data"
    data.mkdir()
    mount = f"mount -t tmpfs -o size={size}k tmpfs '{data}' || exit 99; "
    command = " ".join([sys.executable, "-m", "bot", "--home", f"'{home}'", *words])
    if shutil.which("unshare") is None:
        return None
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount + command], capture_output=True, text=True, check=False, timeout=300,
        env=environment(),
    )  # fmt: skip
    return None if done.returncode == 99 or "unshare" in done.stderr else done


@pytest.mark.parametrize("size", [4, 190])
def test_a_full_disk_is_told(filled, tmp_path, size):
    for name in (".env", "queue"):
        (tmp_path / name).symlink_to(filled / name)
    done = on_a_small_disk(tmp_path, size, "queue")
    if done is None:
        pytest.skip("a disk can be mounted by root only")
    assert done.returncode == 7
    assert done.stderr.endswith("the disk is full, nothing was written\n  make room; Handbill goes on by itself\n")
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize("room", [1024, 100000])
def test_a_failing_disk_is_told_and_the_next_try_is_whole(home, room):
    shutil.rmtree(home / "data")
    done = cramped(home, room, "queue")
    assert done.returncode == 7, done.stderr
    assert "the disk failed" in done.stderr
    assert done.stderr.count("\n") == 2
    assert [each["article"] for each in told(home, "queue")] == ["hill.txt"]


def test_init_leaves_no_half_settings_behind(tmp_path):
    done = cramped(tmp_path, 1024, "init", "--no-input")
    assert (done.returncode, done.stderr) == (1, f"handbill: {tmp_path / '.env'}: File too large\n")
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_the_output_is_told(filled):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "--home", str(filled), "queue"], stdout=full, stderr=subprocess.PIPE,
            text=True, check=False, timeout=300, env=environment(),
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "handbill: No space left on device\n")


def test_a_file_where_the_data_folder_belongs_is_told(home):
    shutil.rmtree(home / "data")
    (home / "data").write_text("not a folder")
    for command in ("queue", "run", "init"):
        assert refused(home, 7, command).startswith(f"{home / 'data'}")
    assert (home / "data").read_text() == "not a folder"


def test_a_database_of_a_newer_handbill_is_left_alone(home):
    ledger = home / "data" / "handbill.db"
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = ledger.read_bytes()
    words = refused(home, 7, "queue")
    assert words.startswith(f"{ledger}: the database was written by a newer Handbill (revision 9999, known up to ")
    assert "upgrade Handbill" in words
    assert ledger.read_bytes() == before


def test_a_file_that_is_no_database_is_told(home):
    ledger = home / "data" / "handbill.db"
    for each in home.glob("data/handbill.db-*"):
        each.unlink()
    ledger.write_bytes(b"these are not the tables you are looking for" * 100)
    assert refused(home, 7, "status").startswith(f"{ledger}: this file is not a SQLite database\n")
    with closing(sqlite3.connect(home / "other.db")) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    shutil.move(home / "other.db", ledger)
    assert "is not one of Handbill's" in refused(home, 7, "status")


def test_a_damaged_database_is_told(home):
    ledger = home / "data" / "handbill.db"
    handbill(home, "status")
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    words = refused(home, 7, "queue")
    assert "damaged" in words
    assert "restore a copy" in words
