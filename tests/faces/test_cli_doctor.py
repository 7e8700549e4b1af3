"""`handbill doctor` against simulated platforms: what is well, what is not, and never a secret."""

import json
import re
import socket

import pytest

from tests.processes import handbill, sandbox, told
from tests.shapes import PRINTS, misfits

SECRET = re.compile(r"(TOKEN|SECRET|PASSWORD|_KEY)")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def settings_of(world):
    return dict(line.split("=", 1) for line in world.settings.splitlines())


def write(home, settings):
    (home / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def secrets_in(settings):
    return [value for name, value in settings.items() if SECRET.search(name)]


def doctor(home):
    """Return doctor's findings by subject, its exit code, and whatever it printed."""
    done = handbill(home, "doctor", "--json", check=False)
    found = json.loads(done.stdout)
    assert not misfits(found, PRINTS["doctor"])
    return {each["subject"]: each for each in found}, done.returncode, done.stdout + done.stderr


def test_all_is_well_with_the_right_credentials(tmp_path, world):
    write(tmp_path, settings_of(world))
    (tmp_path / "queue").mkdir()
    found, code, printed = doctor(tmp_path)
    words = handbill(tmp_path, "doctor").stdout
    assert code == 0
    assert re.search(r"^ok       x: @town_library: ", words, re.MULTILINE)
    assert set(found) == {"x", "mastodon", "telegram", "bluesky", "clock", "queue", "database"}
    assert all(each["level"] in ("ok", "warning") for each in found.values())
    assert "280 weighted characters" in found["x"]["what"]
    assert str(tmp_path / "data" / "handbill.db") in found["database"]["what"]
    assert not [each for each in secrets_in(settings_of(world)) if each in printed + words]
    accounts = {each["name"]: each["account"] for each in told(tmp_path, "status")["channels"]}
    assert accounts["x"] == "@town_library"
    assert accounts["telegram"] == "@handbill_sandbox"


def test_a_wrong_credential_is_told_for_each_platform(tmp_path, world):
    right = settings_of(world)
    wrong = {name: f"{value[:-3]}zzz" if SECRET.search(name) else value for name, value in right.items()}
    write(tmp_path, wrong)
    found, code, printed = doctor(tmp_path)
    assert code == 1
    for name in ("x", "mastodon", "telegram", "bluesky"):
        assert found[name]["level"] == "error", found[name]
        assert found[name]["hint"], found[name]
    assert found["database"]["level"] == "ok"
    assert not [each for each in (*secrets_in(right), *secrets_in(wrong)) if each in printed]


def test_no_network_is_told_for_each_platform(tmp_path, world):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gone = {
        name: value.replace(world.address, f"http://127.0.0.1:{port}") for name, value in settings_of(world).items()
    }
    write(tmp_path, gone)
    found, code, printed = doctor(tmp_path)
    assert code == 1
    for name in ("x", "mastodon", "telegram", "bluesky"):
        assert found[name]["level"] == "error", found[name]
        assert re.search(r"answer|reach|connect", found[name]["what"]), found[name]
    assert "Traceback" not in printed
    assert not [each for each in secrets_in(gone) if each in printed]


def test_a_host_that_refuses_is_told_by_status_with_when_it_is_asked_again(tmp_path, world):
    with socket.socket() as bound:  # and nobody listens there
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        write(tmp_path, settings_of(world) | {"MASTODON_BASE_URL": f"http://127.0.0.1:{port}"})
        found, _, _ = doctor(tmp_path)
        again = "a running bot asks again every few minutes"
        lines = handbill(tmp_path, "status").stdout.splitlines()
        below = lines[lines.index("  mastodon  not verified yet") + 1]
        assert below.strip().startswith(f"{found['mastodon']['what']}; ")
        assert below.endswith(again)
        assert sum(found["mastodon"]["what"] in line for line in lines) == 1
        printed = handbill(tmp_path, "doctor", check=False).stdout
        assert printed.count(found["mastodon"]["what"]) == 1
        write(tmp_path, settings_of(world))
        doctor(tmp_path)
        assert again not in handbill(tmp_path, "status").stdout


def test_after_init_doctor_asks_for_settings_and_not_for_init(tmp_path):
    handbill(tmp_path, "init", "--no-input")
    found, code, printed = doctor(tmp_path)
    assert code == 1
    assert found["channels"]["hint"].startswith(f"fill in one platform's settings in {tmp_path / '.env'}; ")
    assert "handbill init" not in printed


def test_a_wrong_address_stops_no_other_finding(tmp_path, world):
    write(tmp_path, settings_of(world) | {"MASTODON_BASE_URL": "social"})
    found, code, _ = doctor(tmp_path)
    assert code == 1
    assert found["database"]["level"] == "ok"
    assert "MASTODON_BASE_URL" in next(each["what"] for each in found.values() if each["level"] == "error")


def test_what_is_missing_is_named_and_the_rest_is_verified(tmp_path, world):
    settings = settings_of(world) | {"X_ACCESS_TOKEN": "", "BLUESKY_PASSWORD": ""}
    write(tmp_path, settings)
    found, code, _ = doctor(tmp_path)
    assert code == 1
    assert found["x"]["what"] == "missing in .env: X_ACCESS_TOKEN"
    assert found["x"]["hint"] == "docs/platforms/x.md tells how to get them"
    assert found["bluesky"]["what"] == "missing in .env: BLUESKY_PASSWORD"
    assert found["mastodon"]["level"] == "ok"
    assert found["queue"] == {
        "subject": "queue", "level": "warning", "what": f"{tmp_path / 'queue'} is not there",
        "hint": "`handbill init` makes it",
    }  # fmt: skip


def test_files_that_could_not_be_taken_are_told(tmp_path, world):
    write(tmp_path, settings_of(world))
    (tmp_path / "queue" / "club").mkdir(parents=True)
    (tmp_path / "queue" / "club" / "tour.md").write_text("---\ntitle: [unclosed\n---\n\nWords.\n")
    found, code, _ = doctor(tmp_path)
    assert code == 1
    [problem] = [each for each in found.values() if "tour.md" in each["subject"]]
    assert problem["level"] == "error"
    assert re.search(r"tour\.md:\d", problem["subject"])


def test_a_damaged_database_is_told(tmp_path, world):
    write(tmp_path, settings_of(world))
    told(tmp_path, "status")
    ledger = tmp_path / "data" / "handbill.db"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    found, code, printed = doctor(tmp_path)
    assert code == 1
    assert found["database"]["level"] == "error"
    assert re.search("damaged|malformed|missing from index|invalid page", found["database"]["what"]), found["database"]
    assert "Traceback" not in printed
