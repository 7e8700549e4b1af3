"""One bot to an account on this machine, whatever folder it runs in."""

import os
import stat

import pytest
from structlog.testing import capture_logs

from bot.app import accounts
from bot.errors import NotAllowed
from bot.platforms import fields
from bot.settings import load
from bot.store.accounts import runtime_folder, sole_accounts

SECRET = "mastodon\nhttps://town.example\nt-secret-token"


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path / "run" / "handbill"


def test_a_second_bot_with_the_same_credential_is_refused_by_name(tmp_path):
    with sole_accounts({"mastodon": SECRET, "x": "other"}, tmp_path / "one"):
        with pytest.raises(NotAllowed) as refused, sole_accounts({"mastodon__b": SECRET}, tmp_path / "two"):
            pass
        assert "mastodon__b" in refused.value.what
        assert refused.value.where == str(tmp_path / "one")
        with sole_accounts({"mastodon": "another account"}, tmp_path / "two"):
            pass
    with sole_accounts({"mastodon__b": SECRET}, tmp_path / "two"):
        pass


def test_no_file_holds_or_names_a_secret_or_is_for_others(tmp_path, runtime):
    with sole_accounts({"mastodon": SECRET}, tmp_path):
        found = list(runtime.iterdir())
        assert len(found) == 2
        assert not any("secret" in each.name or b"secret" in each.read_bytes() for each in found)
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700


def test_another_user_or_key_gives_another_name(tmp_path, runtime):
    for _ in range(2):
        with sole_accounts({"mastodon": SECRET}, tmp_path):
            pass
    assert len(list(runtime.iterdir())) == 2
    (runtime / "key").unlink()
    with sole_accounts({"mastodon": SECRET}, tmp_path):
        assert len(list(runtime.iterdir())) == 3


@pytest.mark.parametrize("harm", ["open to all", "a link", "a file"])
def test_a_folder_that_others_could_have_made_is_not_used(tmp_path, runtime, harm):
    runtime.parent.mkdir()
    if harm == "open to all":
        runtime.mkdir()
        runtime.chmod(0o777)
    elif harm == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        runtime.symlink_to(tmp_path / "elsewhere")
    else:
        runtime.write_text("")
    with capture_logs() as logs, sole_accounts({"mastodon": SECRET}, tmp_path):
        pass
    assert [each["log_level"] for each in logs] == ["warning"]
    assert "secret" not in str(logs)


def test_without_a_runtime_folder_the_temporary_one_serves(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert runtime_folder() == tmp_path / f"handbill-{os.getuid()}"


def test_what_names_an_account_and_what_does_not(tmp_path):
    def of(**more):
        given = {"MASTODON_BASE_URL": "https://town.example", "MASTODON_TOKEN": "t"}
        return accounts(load(tmp_path, fields(), given | more))["mastodon"]

    assert of() == of(MASTODON_VISIBILITY="unlisted") == of(MASTODON_BASE_URL="https://town.example/")
    assert len({of(), of(MASTODON_TOKEN="u"), of(MASTODON_BASE_URL="https://village.example")}) == 3
