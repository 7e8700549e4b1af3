"""One bot to an account on this machine, whatever folder it runs in."""

import os
import stat

import pytest
from structlog.testing import capture_logs

from bot.app import accounts
from bot.errors import NotAllowed
from bot.platforms import fields
from bot.settings import load
from bot.store.accounts import lock_folders, sole_accounts

SECRET = "mastodon\nhttps://town.example\nt-secret-token"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of a bot that has no runtime folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp" / f"handbill-{os.getuid()}"


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


def test_no_file_holds_or_names_a_secret_or_is_for_others(tmp_path, folder):
    with sole_accounts({"mastodon": SECRET}, tmp_path):
        found = list(folder.iterdir())
        assert len(found) == 2
        assert not any("secret" in each.name or b"secret" in each.read_bytes() for each in found)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_user_or_key_gives_another_name(tmp_path, folder):
    for _ in range(2):
        with sole_accounts({"mastodon": SECRET}, tmp_path):
            pass
    assert len(list(folder.iterdir())) == 2
    (folder / "key").unlink()
    with sole_accounts({"mastodon": SECRET}, tmp_path):
        assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("harm", ["open to all", "a link", "a file"])
def test_a_folder_that_others_could_have_made_is_not_used(tmp_path, folder, harm):
    if harm == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    elif harm == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("")
    with capture_logs() as logs, sole_accounts({"mastodon": SECRET}, tmp_path):
        pass
    assert [each["log_level"] for each in logs] == ["warning"]
    assert "secret" not in str(logs)


@pytest.mark.parametrize(("one", "two"), [("run", ""), ("", "run"), ("run", "run"), ("run", "another")])
def test_a_login_session_and_a_cron_job_see_each_other(tmp_path, monkeypatch, one, two):
    """They have the temporary folder in common; where that is another for each, the runtime folder tells."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / one) if one else "")
    with sole_accounts({"mastodon": SECRET}, tmp_path / "one"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / two) if two else "")
        with pytest.raises(NotAllowed, match="another Handbill"), sole_accounts({"mastodon": SECRET}, tmp_path / "two"):
            pass
    with sole_accounts({"mastodon": SECRET}, tmp_path / "two"):
        pass


def test_a_service_with_a_temporary_folder_of_its_own_is_seen_in_the_runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    with sole_accounts({"mastodon": SECRET}, tmp_path / "one"):
        (tmp_path / "private").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
        with pytest.raises(NotAllowed, match="another Handbill"), sole_accounts({"mastodon": SECRET}, tmp_path / "two"):
            pass


def test_one_folder_that_cannot_be_used_does_not_keep_the_other_from_it(tmp_path, monkeypatch, folder):
    folder.write_text("")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    with capture_logs() as logs, sole_accounts({"mastodon": SECRET}, tmp_path / "one"):
        assert [each["folder"] for each in logs] == [str(folder)]
        with pytest.raises(NotAllowed), sole_accounts({"mastodon": SECRET}, tmp_path / "two"):
            pass
    assert lock_folders() == (folder, tmp_path / "run" / "handbill")


def test_what_names_an_account_and_what_does_not(tmp_path):
    def of(**more):
        given = {"MASTODON_BASE_URL": "https://town.example", "MASTODON_TOKEN": "t"}
        return accounts(load(tmp_path, fields(), given | more))["mastodon"]

    assert of() == of(MASTODON_VISIBILITY="unlisted") == of(MASTODON_BASE_URL="https://town.example/")
    assert len({of(), of(MASTODON_TOKEN="u"), of(MASTODON_BASE_URL="https://village.example")}) == 3
