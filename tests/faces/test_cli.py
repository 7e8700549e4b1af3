"""The command line at first contact: help, misspelt words, an empty folder, a first `.env`."""

import os
import pty
import re
import select
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.cli import COMMANDS
from tests.processes import ROOT, environment, handbill, refused, told


@pytest.fixture
def home(tmp_path):
    """An empty folder, as a new operator has it."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_every_command_explains_itself_with_an_example(home):
    names = (
        [[name] for name in COMMANDS]
        + [["plan", verb] for verb in ("set", "show", "clear", "blackout")]
        + [["audit", "verify"]]
    )
    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda words: handbill(home, *words, "--help").stdout, names))
    for words, page in zip(names, pages, strict=True):
        example = page.partition("Example")[2]
        assert f"handbill {' '.join(words)}" in example, page
        assert "--help" in page


def test_help_lists_every_command_and_its_lines_fit_a_terminal(home):
    page = handbill(home, "--help").stdout
    assert all(f"\n  {name} " in page for name in COMMANDS)
    assert max(map(len, page.splitlines())) <= 80
    alone = subprocess.run([sys.executable, "-m", "bot"], env=environment(), capture_output=True, text=True, check=True)
    assert alone.stdout == handbill(home, "-h").stdout == page


def test_the_version_is_told(home):
    assert re.fullmatch(r"handbill, version \d+\.\d+\.\d+\n", handbill(home, "--version").stdout)


def test_misspelt_words_are_answered_with_the_nearest(home):
    assert "Did you mean `queue`?" in refused(home, 2, "qeue")
    assert "`handbill --help`" in refused(home, 2, "frobnicate")
    assert "--state" in refused(home, 2, "queue", "--stat", "held")
    assert "`handbill approve --help`" in refused(home, 2, "approve")
    assert "`handbill plan --help`" in refused(home, 2, "plan", "ste")
    assert "0<=x<=65535" in refused(home, 2, "demo", "--port", "70000")
    assert "1<=x" in refused(home, 2, "demo", "--every", "0")


def test_a_home_that_is_not_there_is_told(tmp_path):
    assert "there is no such folder" in refused(tmp_path / "nowhere", 4, "queue")


def test_handbill_home_names_the_folder(home, tmp_path):
    (home / "queue").mkdir()
    words = [sys.executable, "-m", "bot", "status", "--json"]
    subprocess.run(words, env=environment(HANDBILL_HOME=str(home)), cwd=tmp_path, check=True, capture_output=True)
    assert (home / "data" / "handbill.db").exists()
    assert not (tmp_path / "data").exists()


def test_init_writes_what_is_missing_and_overwrites_nothing(home):
    first = handbill(home, "init", "--no-input").stdout
    written = {path: path.read_bytes() for path in home.rglob("*.[me][dn]*") if path.is_file()}
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    assert (home / ".env").read_text() == (ROOT / ".env.example").read_text()
    assert (home / "queue" / "welcome" / "hello.md") in written
    assert (home / "data" / "handbill.db").exists()
    assert first.count("wrote: ") == 2
    (home / ".env").write_text("# mine\n")
    second = handbill(home, "init", "--no-input").stdout
    assert "wrote: " not in second
    assert second.count("left alone: ") == 2
    assert (home / ".env").read_text() == "# mine\n"


def test_after_init_each_command_says_what_comes_next(home):
    handbill(home, "init", "--no-input")
    assert "No channel is set up" in handbill(home, "status").stdout
    assert "Nothing waits" in handbill(home, "queue").stdout
    assert told(home, "queue") == []
    doctor = handbill(home, "doctor", check=False)
    assert doctor.returncode == 1
    assert "channels: none is set up" in doctor.stdout
    words = refused(home, 4, "run")
    assert "no channel is set up" in words
    assert f"fill in one platform's settings in {home / '.env'}" in words


def test_run_in_an_empty_folder_points_to_init(home):
    words = refused(home, 4, "run")
    assert f"`handbill --home {home} init`" in words
    assert not (home / "data").exists()


def test_run_with_half_a_channel_names_what_is_missing(home):
    (home / ".env").write_text("X_CONSUMER_KEY=abc\nX_ACCESS_TOKEN=def\n")
    words = refused(home, 4, "run")
    assert "missing: X_CONSUMER_SECRET, X_ACCESS_TOKEN_SECRET" in words


def test_init_takes_its_answers_from_standard_input(home):
    secret = "it's #1 \\ $HOME"
    answers = f"n\ny\nhttps://social.example\n{secret}\nn\nn\n"
    asked = handbill(home, "init", stdin=answers)
    assert secret not in asked.stdout + asked.stderr
    assert [each["name"] for each in told(home, "status")["channels"]] == ["mastodon"]
    env = (home / ".env").read_text()
    assert "MASTODON_BASE_URL=https://social.example\n" in env
    from bot.platforms import fields
    from bot.settings import load

    [channel] = load(home, fields(), {}).channels
    assert channel.credentials["TOKEN"] == secret
    assert not channel.missing


def test_init_without_answers_writes_nothing(home):
    words = refused(home, 2, "init")
    assert "--no-input" in words
    assert list(home.iterdir()) == []


def test_init_on_a_terminal_does_not_echo_secrets(home):
    seen = on_terminal(home, ["init"], [b"Post to X", b"n\n", b"Post to Mastodon", b"y\n", b"BASE_URL",
                       b"https://social.example\n", b"MASTODON_TOKEN", b"geheim-4711\n", b"Post to Telegram", b"n\n",
                       b"Post to Bluesky", b"n\n", b"Your name at the desk", b"two words\n", b"cannot be a name",
                       b"", b"Your name at the desk", b"Anna\n", b"Next:"])  # fmt: skip
    assert b"geheim" not in seen
    assert b"The first account of the desk is anna, an admin" in seen
    assert "MASTODON_TOKEN=geheim-4711\n" in (home / ".env").read_text()


def test_lines_fit_a_terminal_of_80_columns_and_ids_stay_whole(home):
    queue = home / "queue" / "a-campaign-with-a-rather-long-name"
    queue.mkdir(parents=True)
    (home / ".env").write_text("MASTODON_TOKEN__LIBRARY=t-token\nMASTODON_BASE_URL__LIBRARY=http://127.0.0.1:9\n")
    words = "The museum opens its doors at night, and the guards will tell what they have seen there. " * 3
    (queue / "an-article-with-a-very-long-name-indeed.md").write_text(f"---\ntitle: Night\n---\n\n{words}\n")
    [delivery] = told(home, "queue")
    seen = on_terminal(home, ["queue"], [b"\xe2\x80\xa6"]).decode()
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).splitlines() if line.strip()]
    assert lines[1].split()[:3] == [delivery["id"], "mastodon__library", "scheduled"]
    assert len(lines[0]) <= 80
    assert len(lines[1]) <= 80
    assert lines[2].startswith(
        "    a-campaign-with-a-rather-long-name/an-article-with-a-very-long-name-indeed.md  Night"
    )
    piped = handbill(home, "queue").stdout
    assert "\x1b" not in piped
    assert len(piped.splitlines()) == 2


def on_terminal(home, words, talk, columns=80):
    """Run a command on a terminal of its own; `talk` is in turn what to wait for and what to type then."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(environment(COLUMNS=str(columns), TERM="xterm"))
        os.execv(sys.executable, [sys.executable, "-m", "bot", "--home", str(home), *words])
    seen, mark = b"", 0
    while select.select([terminal], [], [], 20)[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # Linux says EIO at the end of a terminal
            break
        seen += more
        while talk and (at := seen.find(talk[0], mark)) >= 0:
            mark = at + len(talk.pop(0))
            if talk:
                os.write(terminal, talk.pop(0))
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen.decode()
    assert not talk, (talk, seen.decode())
    return seen
