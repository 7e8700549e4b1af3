"""backup, restore, export and import, as an operator types them; and what a running bot does when its disk fails."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from bot.store.exchange import RECORDS
from tests.processes import ROOT, environment, handbill, refused, running, sandbox, started, stop, told, wait_until

TOKEN = "canary-5f3a9c"
SETTINGS = f"MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN={TOKEN}\nHANDBILL_WEB=127.0.0.1:0\n"


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


def acts(home):
    return [
        (each["by"], each["verb"], each["subject"]) for each in json.loads(handbill(home, "audit", "--json").stdout)
    ]


def test_a_backup_and_the_way_back(home, tmp_path):
    file = tmp_path / "b.zip"
    made = told(home, "backup", str(file))
    assert (made["file"], made["bytes"]) == (str(file), file.stat().st_size)
    assert TOKEN.encode() not in file.read_bytes()
    (queued,) = told(home, "queue")
    handbill(home, "cancel", queued["id"])
    assert "left alone" in refused(home, 6, "backup", str(file))
    done = told(home, "restore", str(file))
    assert (done["uncertain"], done["paused"], len(done["aside"]) >= 1) == ([], True, True)
    assert told(home, "queue") == [queued]
    by = acts(home)[0][0]
    assert by.startswith("cli:")
    assert acts(home) == [(by, "restore", "b.zip")]
    words = handbill(home, "restore", str(file)).stdout
    assert "restored:" in words
    assert "kept aside:" in words
    assert "Everything is PAUSED: no journal tells what was sent since" in words
    assert "restored from a backup" in handbill(home, "status").stdout


def test_a_restore_beside_a_running_bot_is_refused(home, tmp_path):
    handbill(home, "backup", str(tmp_path / "b.zip"))
    with running(home):
        assert "another Handbill is running" in refused(home, 6, "restore", str(tmp_path / "b.zip"))
        told(home, "backup", str(tmp_path / "c.zip"))
    (tmp_path / "b.zip").write_bytes(b"nothing")
    assert "nothing was changed" in refused(home, 2, "restore", str(tmp_path / "b.zip"))


def test_what_is_exported_can_be_imported_elsewhere(home, tmp_path):
    lines = handbill(home, "export", "-").stdout
    assert TOKEN not in lines
    there = tmp_path / "there"
    there.mkdir()
    (there / ".env").write_text(SETTINGS)
    taken = json.loads(handbill(there, "import", "-", "--json", stdin=lines).stdout)
    assert taken == {"file": "standard input", "lines": lines.count("\n"), "uncertain": 0, "paused": True}
    handbill(home, "export", str(tmp_path / "x.jsonl"))
    assert "left alone" in refused(home, 6, "export", str(tmp_path / "x.jsonl"))
    assert "not empty" in refused(there, 6, "import", str(tmp_path / "x.jsonl"))
    assert [verb for _, verb, _ in acts(there)] == ["import"]

    def but_acts(text):
        return [line for line in text.splitlines() if json.loads(line)["record"] not in ("act", "heard", "hold", "end")]

    assert but_acts(handbill(there, "export", "-").stdout) == but_acts(lines)
    (tmp_path / "x.jsonl").write_text(lines.replace('"state":"scheduled"', '"state":"lost"', 1))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert re.search(
        r"x\.jsonl:\d+: .*\n  nothing was imported", refused(empty, 2, "import", str(tmp_path / "x.jsonl"))
    )


def test_the_page_tells_every_record_and_field_of_an_export():
    section = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").split("\n## Export\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", section, re.MULTILINE))
    rows.pop("record")
    assert rows == {name: ", ".join(record.columns) for name, record in RECORDS.items()}
    times = {
        name
        for record in RECORDS.values()
        for name, column in record.columns.items()
        if type(column.type).__name__ == "UTCDateTime"
    }
    assert set(section.partition("Moments (")[2].partition(")")[0].replace("\n", " ").split(", ")) == times


def health(home, address):
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def address_of(process):
    line = process.stdout.readline()
    found = re.search(r"http://\S+?(?=/ )", line)
    assert found, line
    return found[0]


def test_a_bot_whose_log_is_deleted_says_so_and_ends(home):
    with started(home, "run") as bot:
        address = address_of(bot)
        assert health(home, address)[0] == 200
        (home / "data" / "handbill.db-wal").unlink()
        assert wait_until(lambda: health_or_gone(address), 100)
        assert bot.wait(timeout=100) == 7
    log = (home / "run.log").read_text()
    assert "removed or exchanged" in log
    assert "Traceback" not in log


def health_or_gone(address):
    try:
        return health(None, address)[0] == 503
    except OSError:
        return True


def test_a_bot_that_cannot_write_for_a_while_says_so_and_goes_on(home):
    with started(home, "run") as bot:
        address = address_of(bot)
        with closing(sqlite3.connect(home / "data" / "handbill.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status, answer = health(home, address)
            assert (status, answer["ok"]) == (503, False)
            other.execute("ROLLBACK")
        assert wait_until(lambda: health(home, address)[0] == 200, 100)
        assert bot.poll() is None


def test_a_second_bot_with_the_same_credential_in_another_folder_is_refused(home, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / ".env").write_text(SETTINGS)
    with running(home):
        words = refused(other, 6, "run")
        assert words.startswith(
            f"{home / 'data'}: another Handbill on this machine posts to the account of channel mastodon"
        )
        assert TOKEN not in words
        (other / ".env").write_text(SETTINGS.replace(TOKEN, "another"))
        with running(other):
            pass


def write(home, name):
    (home / "queue" / "club").mkdir(parents=True, exist_ok=True)
    (home / "queue" / "club" / f"{name}.txt").write_text(f"The cycling club rides up the {name} on Sunday.\n")


def states(home):
    return {each["article"]: each["state"] for each in told(home, "queue", "--all")}


BOTH = {"hill.txt": "sent", "valley.txt": "sent"}


def test_an_older_copy_put_back_by_hand_sends_nothing_twice(tmp_path):
    with sandbox(tmp_path) as world:
        settings = [line for line in world.settings.splitlines() if line.startswith("MASTODON")]
        (tmp_path / ".env").write_text("\n".join([*settings, "HANDBILL_WEB=off", "HANDBILL_DEADLINE=1.5", ""]))
        write(tmp_path, "hill")
        handbill(tmp_path, "doctor")
        handbill(tmp_path, "plan", "set", "mastodon", "--every", "1s", "--gap", "1s")
        handbill(tmp_path, "pause", "a copy is made")
        told(tmp_path, "queue")
        shutil.copy(tmp_path / "data" / "handbill.db", tmp_path / "copy.db")
        handbill(tmp_path, "resume")
        write(tmp_path, "valley")
        with running(tmp_path) as bot:
            assert wait_until(lambda: states(tmp_path) == BOTH, 60, every=1)
            assert stop(bot) == 0
        assert len(world.ledger()) == 2
        shutil.copy(tmp_path / "copy.db", tmp_path / "data" / "handbill.db")
        status = told(tmp_path, "status")
        assert any("older copy" in each["what"] for each in status["problems"])
        handbill(tmp_path, "resume")
        with running(tmp_path):
            assert wait_until(lambda: states(tmp_path) == BOTH, 60, every=1), states(tmp_path)
        assert len(world.ledger()) == 2
        assert world.twice() == {}


def test_what_was_sent_after_a_backup_is_not_sent_again_after_a_restore_on_a_bare_machine(tmp_path):
    """No journal came along: what was due is looked for on the platform, not posted again."""
    with sandbox(tmp_path) as world:
        settings = [line for line in world.settings.splitlines() if line.startswith("MASTODON")]
        (tmp_path / ".env").write_text("\n".join([*settings, "HANDBILL_WEB=off", "HANDBILL_DEADLINE=1.5", ""]))
        write(tmp_path, "hill")
        handbill(tmp_path, "doctor")
        handbill(tmp_path, "plan", "set", "mastodon", "--every", "1s", "--gap", "1s")
        told(tmp_path, "queue")
        handbill(tmp_path, "backup", str(tmp_path / "b.zip"))
        with running(tmp_path):
            assert wait_until(lambda: set(states(tmp_path).values()) == {"sent"}, 60, every=1)
        shutil.rmtree(tmp_path / "data")
        done = told(tmp_path, "restore", str(tmp_path / "b.zip"))
        assert len(done["uncertain"]) == 1
        assert done["paused"]
        with running(tmp_path):
            assert wait_until(lambda: set(states(tmp_path).values()) == {"sent"}, 60, every=1), states(tmp_path)
        assert len(world.ledger()) == 1


def test_a_full_disk_under_a_running_bot_is_waited_out(tmp_path):
    """A bot on a disk of its own, filled and emptied below it: it says so on /health, stays up, and goes on."""
    script = f"""
mount -t tmpfs -o size=3000k tmpfs '{tmp_path}/data' || exit 99
exec {sys.executable} -m tests.full_disk '{tmp_path}'
"""
    (tmp_path / "data").mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("a disk can be mounted by root only")
    (tmp_path / ".env").write_text(SETTINGS)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=300, check=False,
        env=environment(), cwd=ROOT,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("a disk can be mounted by root only")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "well, full, status tells, well, ended 0"
