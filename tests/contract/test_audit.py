"""The audit log: in the same transaction as what it tells, and whole, or it shows."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Act, Change, Hold, broken, chained
from bot.errors import NotAllowed
from bot.store.sql import SqlStore
from tests.store_samples import MINUTE, NOON, HandClock, channel, delivery, receipt, sqlite

ANNA = Act(by="cli:anna", verb="cancel", subject="a1", words="wrong date")
GUARDS = ("acts_no_update", "acts_no_delete")


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[SqlStore]:
    found = await sqlite(tmp_path, HandClock())
    await found.put_channel(channel("x"))
    yield found
    await found.close()


async def six(store) -> None:
    for number in range(1, 7):
        await store.note(replace(ANNA, subject=f"a{number}"), NOON + number * MINUTE)


def tampered(store, *statements) -> None:
    """Change the file as somebody would who can write to it."""
    with closing(sqlite3.connect(store.path)) as raw:
        for statement in (*(f"DROP TRIGGER {each}" for each in GUARDS), *statements):
            raw.execute(statement)
        raw.commit()


async def test_an_untouched_log_is_sound_and_in_order(store):
    await six(store)
    acts = await store.acts()
    assert [each.number for each in acts] == list(range(1, 7))
    assert [each.act.subject for each in acts] == [f"a{n}" for n in range(1, 7)]
    assert broken(acts) == 0
    assert broken(()) == 0


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        (["UPDATE acts SET words = 'right date' WHERE number = 3"], 3),
        (["UPDATE acts SET \"by\" = 'cli:bert' WHERE number = 1"], 1),
        (["UPDATE acts SET at = at + 1 WHERE number = 6"], 6),
        (["UPDATE acts SET subject = 'a', words = '1wrong date' WHERE number = 2"], 2),
        (["DELETE FROM acts WHERE number = 4"], 4),
        (["DELETE FROM acts WHERE number = 1"], 1),
        (["DELETE FROM acts WHERE number = 4", "UPDATE acts SET number = number - 1 WHERE number > 4"], 4),
        (
            [
                "UPDATE acts SET number = 99 WHERE number = 2",
                "UPDATE acts SET number = 2 WHERE number = 3",
                "UPDATE acts SET number = 3 WHERE number = 99",
            ],
            2,
        ),
    ],
)
async def test_whatever_other_hands_change_shows_at_the_first_entry_it_touches(store, changes, first):
    await six(store)
    tampered(store, *changes)
    assert broken(await store.acts()) == first


async def test_a_tail_that_was_cut_off_or_written_anew_no_longer_holds_the_head(store):
    await six(store)
    head = (await store.acts())[-1].chain
    tampered(store, "DELETE FROM acts WHERE number = 6")
    cut = await store.acts()
    assert broken(cut) == 0, "a shorter log is sound in itself"
    assert head not in [each.chain for each in cut]
    entry = replace(cut[-1], number=6, act=replace(ANNA, words="never happened"), chain="")
    forged = [*cut, replace(entry, chain=chained(entry, cut[-1].chain))]
    assert broken(forged) == 0
    assert head not in [each.chain for each in forged]


async def test_what_was_refused_is_not_told(store):
    await store.add_deliveries([delivery("a1", due=None)], NOON)
    held = await store.delivery("a1")
    stale = Change.of(held, State.CANCELLED, "wrong date", version=held.version + 1)
    with pytest.raises(NotAllowed):
        await store.move([stale], NOON, [ANNA])
    with pytest.raises(NotAllowed):
        await store.reschedule(replace(held, version=9), NOON, "later", NOON, ANNA)
    with pytest.raises(NotAllowed):
        await store.set_hold(Hold(on=False), [ANNA], was=Hold(on=True, why="storm", since=NOON))
    with pytest.raises(NotAllowed):
        await store.set_hold(Hold(on=True, why="storm", since=NOON), [ANNA], changes=[stale])
    assert await store.acts() == ()
    assert await store.hold() == Hold(on=False)
    await store.move([Change.of(held, State.CANCELLED, "wrong date", version=held.version)], NOON, [ANNA])
    [entry] = await store.acts()
    assert (entry.act, entry.at) == (ANNA, NOON)


async def test_what_was_taken_back_is_remembered_once(store):
    await store.add_deliveries([delivery("a1", parts=2, due=NOON)], NOON)
    for part in (1, 2):
        await store.receipt("a1", part, receipt(str(part)))
    assert await store.removed("a1") == (False, ())
    for _ in range(2):
        await store.put_removal("a1", 2, NOON, ANNA)
    assert await store.removed("a1") == (False, (2,))


@pytest.mark.parametrize("state", [State.SCHEDULED, State.RETRYING])
async def test_what_waits_may_be_given_another_moment_without_another_state(store, state):
    await store.add_deliveries([delivery("a1", due=NOON)], NOON)
    found = await store.delivery("a1")
    change = Change.of(found, State.SCHEDULED, "next free slot", slot=NOON + MINUTE, due=NOON + MINUTE, version=1)
    if state is State.RETRYING:
        with pytest.raises(NotAllowed):
            await store.move([replace(change, state=state, to=state)], NOON)
        return
    await store.move([change], NOON)
    now = await store.delivery("a1")
    assert (now.state, now.slot, now.due, now.version) == (State.SCHEDULED, NOON + MINUTE, NOON + MINUTE, 2)
    assert [why for _, _, why in await store.history("a1")] == ["new", "next free slot"]
