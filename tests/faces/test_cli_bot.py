"""The command line beside a running bot, against simulated platforms: whole processes on one folder."""

import re
import signal
import socket

import pytest

from tests.processes import handbill, refused, running, sandbox, started, stop, told, wait_until

#: Seconds for what must come, however busy the machine is.
PATIENCE = 100


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def home(tmp_path, world):
    """A folder with one article for Mastodon and Bluesky."""
    world.lift()
    return folder(tmp_path, world, "MASTODON", "BLUESKY")


def folder(home, world, *platforms, things=("cellar",)):
    """Write settings and one article for each of `things`, for a day far off: nothing goes out but what a test sends.

    Each test's words are its own: the same words on the same channel would have the same key, and be one post.
    """
    lines = [line for line in world.settings.splitlines() if line.startswith(platforms)]
    lines += ["HANDBILL_WEB=127.0.0.1:0", "HANDBILL_DEADLINE=60"]
    (home / ".env").write_text("".join(f"{line}\n" for line in lines if not line.startswith("TELEGRAM_DISCUSSION")))
    (home / "queue" / "library").mkdir(parents=True)
    for thing in things:
        words = f"The town library opens its {thing} on Sunday, says notice {mark(home)}."
        article = home / "queue" / "library" / f"{thing}.md"
        article.write_text(f"---\ntitle: The {thing}\nlanguage: en\nnot_before: 2099-01-01\n---\n\n{words}\n")
    return home


def mark(home):
    return re.sub(r"\W|_", "", home.name)


def waiting(home, count):
    """Return the deliveries once the bot has taken all articles in."""
    assert wait_until(lambda: len(told(home, "queue")) == count, PATIENCE)
    return sorted(told(home, "queue"), key=lambda each: each["channel"], reverse=True)


def seen(world, home, platform):
    """Return what followers of a platform see of a test's articles."""
    posts = [each for each in world.ledger() if each["platform"] == platform and not each["removed"]]
    return [each for each in posts if mark(home) in each["text"]]


def state(home, delivery):
    return told(home, "log", delivery["id"])["state"]


def test_decisions_reach_a_running_bot_within_seconds(home, world):
    with running(home) as bot:
        assert handbill(home, "status", "--alive").stdout == "running\n"
        post, other = waiting(home, 2)
        handbill(home, "send-now", post["id"])
        assert wait_until(lambda: seen(world, home, "mastodon"), PATIENCE)
        handbill(home, "pause", "a test")
        handbill(home, "send-now", other["id"], "--anyway")
        assert not wait_until(lambda: seen(world, home, "bluesky"), 4)
        handbill(home, "resume")
        assert wait_until(lambda: seen(world, home, "bluesky"), PATIENCE)
        assert wait_until(lambda: state(home, other) == state(home, post) == "sent", PATIENCE, every=0.5)
        status = told(home, "status")
        assert (status["running"], status["deliveries"]) == (True, {"sent": 2})
        words = refused(home, 6, "run")
        assert words.startswith(f"{home / 'data'}: another Handbill is running on this database\n")
        [gone] = told(home, "retract", other["id"])
        assert gone["state"] == "retracted"
        assert seen(world, home, "bluesky") == []
        assert stop(bot) == 0
    assert handbill(home, "status", "--alive", check=False).returncode == 1
    [story] = [told(home, "log", post["id"])]
    assert [each["outcome"] for each in story["attempts"]] == ["sent"]
    assert story["receipts"][0]["url"] == seen(world, home, "mastodon")[0]["url"]
    assert story["attempts"][0]["said"] == story["receipts"][0]["url"]
    assert story["receipts"][0]["url"] in handbill(home, "log", post["id"]).stdout


def test_what_is_on_its_way_is_finished_before_the_bot_stops(home, world):
    with running(home, HANDBILL_LOG="debug") as bot:
        post, _ = waiting(home, 2)
        world.fault(platform="mastodon", kind="delay", seconds=4)
        handbill(home, "send-now", post["id"])
        assert wait_until(lambda: state(home, post) in ("sending", "sent"), PATIENCE, every=0.5)
        assert stop(bot) == 0
    assert state(home, post) == "sent"
    assert len(seen(world, home, "mastodon")) == 1
    log = (home / "run.log").read_text()
    assert '"event":"sent"' in log
    assert "Traceback" not in log
    secrets = re.findall(r"(?:TOKEN|SECRET|PASSWORD|KEY)=(.+)", world.settings)
    assert len(secrets) == 7
    assert not [each for each in secrets if each in log]


def test_a_refused_credential_pauses_the_channel_until_doctor_finds_it_good(home, world):
    with running(home, HANDBILL_WEB="off") as bot:
        post, _ = waiting(home, 2)
        world.fault(platform="mastodon", kind="unauthorised", on="any", times=0)
        handbill(home, "send-now", post["id"])
        assert wait_until(lambda: told(home, "status")["channels"][1]["paused"], PATIENCE, every=0.5)
        words = handbill(home, "status").stdout
        assert re.search(r"^ *mastodon .*PAUSED: ", words, re.MULTILINE), words
        world.lift()
        assert told(home, "doctor")
        assert wait_until(lambda: state(home, post) == "sent", PATIENCE, every=0.5)
        assert stop(bot) == 0


def test_a_person_settles_what_nobody_can_prove(tmp_path, world):
    world.lift()
    home = folder(tmp_path, world, "TELEGRAM", things=("attic", "cellar", "garden"))
    with running(home) as bot:
        all_ = sorted(each["id"] for each in waiting(home, 3))
        world.fault(platform="telegram", kind="error", status=502, times=3)
        handbill(home, "send-now", *all_)
        assert wait_until(lambda: len(told(home, "queue", "--state", "uncertain")) == 3, PATIENCE, every=1)
        there, absent, given_up = all_
        status = told(home, "status")
        assert sorted(each["id"] for each in status["attention"]) == all_
        assert f"UNCERTAIN {there} on telegram: " in handbill(home, "status").stdout
        assert "the address of the post is missing" in refused(home, 2, "settle", there, "--there")
        assert "is not on @handbill_sandbox" in refused(
            home, 2, "settle", there, "--there", "--url", "https://t.me/townlibrary/17"
        )
        [settled] = told(home, "settle", there, "--there", "--url", "https://t.me/handbill_sandbox/17")
        assert settled["state"] == "sent"
        assert settled["receipts"][0]["url"] == "https://t.me/handbill_sandbox/17"
        assert told(home, "settle", given_up, "--give-up")[0]["state"] == "failed"
        assert told(home, "settle", absent, "--absent")[0]["state"] in ("retrying", "sending", "sent")
        assert wait_until(lambda: seen(world, home, "telegram"), PATIENCE)
        assert wait_until(lambda: told(home, "log", absent)["state"] == "sent", PATIENCE, every=0.5)
        assert "cannot be settled" in refused(home, 6, "settle", absent, "--give-up")
        assert stop(bot) == 0
    assert len(seen(world, home, "telegram")) == 1
    assert [each["outcome"] for each in told(home, "log", absent)["attempts"]] == ["unknown", "sent"]


def test_a_port_in_use_is_told_before_anything_begins(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        words = refused(home, 6, "run", HANDBILL_WEB=address)
    assert words.startswith(f"cannot listen on {address}: Address already in use\n  another program has this port")
    words = refused(home, 6, "run", HANDBILL_WEB="192.0.2.1:8080")
    assert words.startswith("cannot listen on 192.0.2.1:8080: ")
    assert "address of this machine" in words


def test_the_page_may_listen_for_everyone_and_ctrl_c_stops(home):
    with started(home, "run", HANDBILL_WEB="0.0.0.0:0") as bot:
        assert bot.stdout is not None
        assert re.match(r"Handbill is running: http://0\.0\.0\.0:\d+/ ", bot.stdout.readline())
        bot.send_signal(signal.SIGINT)
        assert bot.wait(timeout=PATIENCE) == 0
    assert "Traceback" not in (home / "run.log").read_text()
