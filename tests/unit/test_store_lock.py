"""One bot to a data folder, and any number of people who ask whether it runs."""

import fcntl
from threading import Timer

import pytest

from bot.errors import NotAllowed
from bot.store import lock
from bot.store.lock import bot_is_running, sole_bot


def test_a_second_bot_is_refused_while_the_first_runs(tmp_path):
    assert not bot_is_running(tmp_path)
    with sole_bot(tmp_path):
        assert bot_is_running(tmp_path)
        with pytest.raises(NotAllowed, match="another Handbill is running"), sole_bot(tmp_path):
            pass
    assert not bot_is_running(tmp_path)
    with sole_bot(tmp_path):
        assert bot_is_running(tmp_path)


def test_those_who_ask_are_not_taken_for_a_bot(tmp_path):
    with sole_bot(tmp_path):
        pass
    with (tmp_path / "handbill.lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not bot_is_running(tmp_path)


def test_a_bot_waits_for_those_who_ask(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "TRIES", 2000)  # however late a busy machine lets them go
    (tmp_path / "handbill.lock").touch()
    asking = (tmp_path / "handbill.lock").open()
    fcntl.flock(asking, fcntl.LOCK_SH)
    later = Timer(0.1, asking.close)
    later.start()
    with sole_bot(tmp_path):
        assert asking.closed
    later.join()
