"""What programs were told is told again: after a restart too, each caller its own, for a day."""

from datetime import timedelta

from bot.ports import Answer, Begun
from bot.store import answers, open_store
from tests.store_samples import HOUR, NOON, HandClock

DONE = Answer(status=201, headers=(("location", "/here"), ("etag", '"1"')), body=b'{"a": "\xc3\xa9"}')


async def test_an_answer_outlasts_a_restart_and_no_more_than_a_day(tmp_path):
    store = await open_store(tmp_path / "a.db", HandClock())
    assert await store.begin_answer("api:one", "k", "print", NOON) is None
    assert await store.begin_answer("api:one", "k", "print", NOON) == Begun(fingerprint="print", answer=None)
    await store.finish_answer("api:one", "k", DONE)
    await store.close()
    store = await open_store(tmp_path / "a.db", HandClock())
    assert await store.begin_answer("api:one", "k", "other", NOON + HOUR) == Begun(fingerprint="print", answer=DONE)
    assert await store.begin_answer("api:one", "k", "other", NOON + timedelta(hours=24)) is None
    await store.close()


async def test_what_is_forgotten_may_be_asked_again(tmp_path):
    store = await open_store(tmp_path / "a.db", HandClock())
    await store.begin_answer("api:one", "k", "print", NOON)
    await store.forget_answer("api:one", "k")
    assert await store.begin_answer("api:one", "k", "print", NOON) is None
    await store.close()


async def test_many_answers_of_one_caller_push_out_its_own_oldest_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "MOST", 2)
    store = await open_store(tmp_path / "a.db", HandClock())
    await store.begin_answer("api:one", "under way", "print", NOON)
    await store.begin_answer("api:other", "k", "print", NOON)
    await store.finish_answer("api:other", "k", DONE)
    for number in range(1, 5):
        await store.begin_answer("api:one", f"k{number}", "print", NOON + HOUR * number)
        await store.finish_answer("api:one", f"k{number}", DONE)
    late = NOON + 5 * HOUR
    assert await store.begin_answer("api:one", "k1", "print", late) is None
    for caller, key, answer in [
        ("api:one", "k3", DONE),
        ("api:one", "k4", DONE),
        ("api:one", "under way", None),
        ("api:other", "k", DONE),
    ]:
        assert await store.begin_answer(caller, key, "print", late) == Begun(fingerprint="print", answer=answer)
    await store.close()
