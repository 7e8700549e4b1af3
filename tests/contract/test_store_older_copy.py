"""An older copy of the database put in place: what was sent after it was made is uncertain, and nothing is sent twice."""

import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change
from bot.domain.outcome import Refused, Retry, Sent
from bot.errors import NotAllowed, StoreError
from bot.store import open_store
from bot.store.journal import KEPT, SLACK, Armed, Journal, journal_of
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, attempt, channel, delivery, post, receipt

DAY = timedelta(days=1)


class Ledger:
    """A database of which copies are made and put back."""

    def __init__(self, folder):
        self.path, self.copied = folder / "handbill.db", folder / "copy.db"
        self.journal, self.clock = journal_of(self.path), HandClock()

    @asynccontextmanager
    async def open(self):
        store = await open_store(self.path, self.clock)
        try:
            yield store
        finally:
            await store.close()

    def copy(self):
        shutil.copy(self.path, self.copied)

    def put_back(self):
        shutil.copy(self.copied, self.path)
        self.clock.at += HOUR

    async def send(self, store, id, outcomes, to=State.SENT):
        """Arm a part for each outcome (None = nothing is heard), record it, then move on (to=None: do not)."""
        of = await store.delivery(id)
        for part, outcome in enumerate(outcomes, 1):
            armed = attempt(of, part, self.clock.at)
            await store.arm(of, armed, armed.deadline + MINUTE)
            self.clock.at += SECOND
            if outcome is not None:
                await store.record(replace(armed, ended=self.clock.at, outcome=outcome))
        if to is not None:
            await store.move([Change.of(await store.delivery(id), to, "", due=self.clock.at)], self.clock.at)

    async def move(self, store, id, *states, **more):
        for to in states:
            await store.move([Change.of(await store.delivery(id), to, "", **more)], self.clock.at)


def sent(*names):
    return [Sent(receipt=receipt(name)) for name in names]


async def states(store):
    return {each.id: each.state for each in await store.deliveries()}


@pytest.fixture
async def ledger(tmp_path):
    made = Ledger(tmp_path)
    async with made.open() as store:
        await store.put_channel(channel("x"))
    return made


async def test_what_was_armed_after_the_copy_is_uncertain(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + HOUR), delivery("a3", due=None)], NOON)
        await ledger.send(store, "a1", sent("1"))
    ledger.copy()
    async with ledger.open() as store:
        await ledger.send(store, "a2", sent("2"))
    ledger.put_back()
    async with ledger.open() as store:
        assert await states(store) == {"a1": State.SENT, "a2": State.UNCERTAIN, "a3": State.HELD}
        found, (armed,) = await store.delivery("a2"), await store.attempts("a2")
        assert (found.due, found.epoch, armed.outcome, armed.armed) == (ledger.clock.at, 1, None, NOON + SECOND)
        assert "older copy" in found.why
        assert await store.deaf_until() == ledger.clock.at, "what came back since was told to the other copy"
        (problem,) = await store.problems()
        assert "1 of its posts" in problem.what
        assert (await store.ready(NOON + DAY, ())).deliveries == ()
    async with ledger.open() as store:
        assert len(await store.history("a2")) == 2, "told once"
        await store.receipt("a2", 1, receipt())
        await ledger.move(store, "a2", State.SENT)
    async with ledger.open() as store:
        assert (await store.problems(), await store.check()) == ((), ())


@pytest.mark.parametrize("before", ["held", "scheduled", "retrying", "sending", "uncertain", "failed"])
async def test_whatever_it_was_in_the_copy(ledger, before):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1", due=None if before == "held" else NOON)], NOON)
        match before:
            case "retrying":
                await ledger.send(store, "a1", [Retry(why="busy")], State.RETRYING)
            case "failed":
                await ledger.send(store, "a1", [Refused(why="too long")], State.FAILED)
            case "uncertain" | "sending":
                await ledger.send(store, "a1", [None], State.UNCERTAIN if before == "uncertain" else None)
    ledger.copy()
    async with ledger.open() as store:
        match before:
            case "held":
                await ledger.move(store, "a1", State.SCHEDULED, due=NOON)
            case "failed":
                await ledger.move(store, "a1", State.HELD, State.SCHEDULED, due=NOON)
            case "uncertain":
                await ledger.move(store, "a1", State.RETRYING, due=NOON)
            case "sending":
                await ledger.move(store, "a1", State.UNCERTAIN, State.RETRYING, due=NOON)
        await ledger.send(store, "a1", sent("1"))
        epochs = [each.epoch for each in await store.attempts("a1")]
    ledger.put_back()
    async with ledger.open() as store:
        found = await store.delivery("a1")
        assert (found.state, found.epoch, found.due) == (State.UNCERTAIN, epochs[-1], ledger.clock.at)
        assert [each.epoch for each in await store.attempts("a1")] == epochs
        assert (await store.history("a1"))[-1][1] is State.UNCERTAIN
        assert await store.overdue_leases(NOON + DAY) == ()


async def test_one_that_the_copy_does_not_have_yet_is_uncertain_when_it_comes(ledger):
    ledger.copy()
    ready, draft = delivery("a1"), delivery("a2", due=None)
    async with ledger.open() as store:
        await store.add_deliveries([ready, draft], NOON)
        await ledger.move(store, "a2", State.SCHEDULED, due=NOON)
        for each in ("a1", "a2"):
            await ledger.send(store, each, sent(each))
    ledger.put_back()
    async with ledger.open() as store:
        assert "2 more will be known" in (await store.problems())[0].what
    async with ledger.open() as store:
        late = delivery("a3", due=NOON + MINUTE, article="late")
        added = await store.add_deliveries([ready, draft, late], ledger.clock.at)
        assert [each.state for each in added] == [State.UNCERTAIN, State.UNCERTAIN, State.SCHEDULED]
        for each, slot in zip(added[:2], (NOON, None), strict=True):
            assert await store.delivery(each.id) == each
            assert (each.slot, each.due, each.epoch) == (slot, ledger.clock.at, 1)
            assert len(await store.attempts(each.id)) == 1
        assert [each.id for each in (await store.ready(NOON + DAY, ())).deliveries] == ["a3"]
        await ledger.send(store, "a3", sent("3"))
    async with ledger.open() as store:
        assert len(await store.history("a1")) == 1


async def test_one_that_said_something_else_then_waits_for_a_person(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1")], NOON)
    ledger.copy()
    async with ledger.open() as store:
        await store.replace_post(replace(await store.delivery("a1"), post=post("Open all night.")), NOON)
        await ledger.move(store, "a1", State.SCHEDULED, due=NOON)
        await ledger.send(store, "a1", sent("1"))
    ledger.put_back()
    async with ledger.open() as store:
        found = await store.delivery("a1")
        assert (found.state, found.due) == (State.UNCERTAIN, None)
        assert "settle" in found.why


async def test_of_a_thread_each_part_is_asked_about_before_it_is_sent(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1", parts=3)], NOON)
    ledger.copy()
    async with ledger.open() as store:
        await ledger.send(store, "a1", [*sent("1", "2"), None], None)
    ledger.put_back()
    async with ledger.open() as store:
        for part in (1, 2, 3):
            found = await store.delivery("a1")
            assert (found.state, len(found.receipts)) == (State.UNCERTAIN, part - 1)
            assert [each.part for each in await store.attempts("a1")] == list(range(1, part + 1))
            await store.receipt("a1", part, receipt(f"{part}"))
            if part < 3:
                await ledger.move(store, "a1", State.RETRYING, due=ledger.clock.at)
                again = await store.delivery("a1")
                with pytest.raises(NotAllowed, match=f"part {part + 1} was sent"):
                    await store.arm(again, attempt(again, part + 1, ledger.clock.at), NOON + DAY)
        await ledger.move(store, "a1", State.SENT)


async def test_of_a_thread_a_part_that_is_absent_is_sent_and_the_next_asked_about(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1", parts=2)], NOON)
    ledger.copy()
    async with ledger.open() as store:
        await ledger.send(store, "a1", [*sent("1"), None], None)
    ledger.put_back()
    async with ledger.open() as store:
        await ledger.move(store, "a1", State.RETRYING, due=ledger.clock.at)
        with pytest.raises(NotAllowed, match="part 2 was sent"):
            await ledger.send(store, "a1", sent("again", "never"), None)
        found = await store.delivery("a1")
        assert (found.state, [part for part, _ in found.receipts]) == (State.UNCERTAIN, [1])
        assert [(each.part, each.epoch) for each in await store.attempts("a1")] == [(1, 1), (1, 2), (2, 1)]


@pytest.mark.parametrize("same", [True, False])
async def test_of_a_thread_that_has_another_id_now_each_part_is_known(ledger, same):
    """An edit before it was sent gave it the words that its article has when it is taken in again, and another id."""
    ledger.copy()
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1", "Open late.", parts=2)], NOON)
        await ledger.send(store, "a1", [*sent("1"), None], None)
    ledger.put_back()
    async with ledger.open() as store:
        new = delivery("b1", "Open late." if same else "Open all night.", parts=2, due=NOON + DAY)
        elsewhere = delivery("b2", "Open late.", article="another", due=NOON + DAY * 2)
        (added, other) = await store.add_deliveries([new, elsewhere], ledger.clock.at)
        assert other == elsewhere
        assert await store.delivery("b1") == added
        if not same:
            assert (added.state, added.slot, added.due, added.epoch) == (State.HELD, None, None, 1)
            assert [each.part for each in await store.attempts("b1")] == [1, 2]
            await ledger.move(store, "b1", State.SCHEDULED, due=ledger.clock.at)
            await ledger.send(store, "b1", sent("3", "4"))
            return
        assert (added.state, added.slot, added.due) == (State.UNCERTAIN, NOON + DAY, ledger.clock.at)
        await store.receipt("b1", 1, receipt("1"))
        await ledger.move(store, "b1", State.RETRYING, due=ledger.clock.at)
        again = await store.delivery("b1")
        with pytest.raises(NotAllowed, match="part 2 was sent"):
            await store.arm(again, attempt(again, 2, ledger.clock.at), NOON + DAY)
        assert [each.part for each in await store.attempts("b1")] == [1, 2]
    async with ledger.open() as store:
        assert (await store.delivery("b1")).state is State.UNCERTAIN
        assert len(await store.attempts("b1")) == 2


async def test_lines_that_tell_no_article_are_known_by_their_delivery(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + MINUTE)], NOON)
        await ledger.send(store, "a1", sent("1"))
    ledger.copy()
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a3", due=NOON + HOUR)], NOON)
        for each in ("a2", "a3"):
            await ledger.send(store, each, sent(each))
    lines = [json.loads(line[1:-10])[:9] for line in ledger.journal.read_bytes().splitlines(keepends=True)]
    assert len(lines) == 3
    bodies = [json.dumps(line).encode() for line in lines]
    ledger.journal.write_bytes(b"".join(b"+%b %08x\n" % (body, crc32(body)) for body in bodies))
    ledger.put_back()
    async with ledger.open() as store:
        assert await states(store) == {"a1": State.SENT, "a2": State.UNCERTAIN}
        assert "1 more will be known" in (await store.problems())[0].what
        new, edited = delivery("a3", due=NOON + HOUR), delivery("b3", due=NOON + DAY)
        added = await store.add_deliveries([edited, new], NOON)
        assert [each.state for each in added] == [State.SCHEDULED, State.UNCERTAIN]
        await ledger.send(store, "b3", sent("5"))
    ledger.copy()
    ledger.put_back()
    async with ledger.open() as store:
        assert [len(await store.attempts(each)) for each in ("a1", "a2", "a3", "b3")] == [1, 1, 1, 1]


async def test_copies_may_be_put_back_again_and_again(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + MINUTE)], NOON)
    ledger.copy()
    for _ in range(3):
        async with ledger.open() as store:
            if (await store.delivery("a1")).state is State.SCHEDULED:
                await ledger.send(store, "a1", sent("1"))
        ledger.put_back()
    async with ledger.open() as store:
        assert await states(store) == {"a1": State.UNCERTAIN, "a2": State.SCHEDULED}
        assert len(await store.attempts("a1")) == 1


async def test_a_database_that_is_up_to_date_is_left_alone(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + HOUR)], NOON)
        await ledger.send(store, "a1", [Retry(why="busy")], State.RETRYING)
        before = await store.deliveries()
    journal = ledger.journal.read_bytes()
    for _ in range(2):
        async with ledger.open() as store:
            assert await store.deliveries() == before
            assert await store.problems() == ()
            assert await store.deaf_until() is None
    assert ledger.journal.read_bytes() == journal


@pytest.mark.parametrize("harm", ["gone", "empty", "torn", "noise", "not text"])
async def test_a_journal_that_is_missing_or_torn_is_no_error(ledger, harm):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1"), delivery("a2", due=NOON + HOUR)], NOON)
    ledger.copy()
    async with ledger.open() as store:
        await ledger.send(store, "a1", sent("1"))
        await ledger.send(store, "a2", sent("2"))
    ledger.put_back()
    whole = ledger.journal.read_bytes()
    harmed = {"empty": b"", "torn": whole[:-9], "noise": whole + b"+[1, 2]\n\n+{} 00", "not text": whole + b"\xff" * 99}
    if harm == "gone":
        ledger.journal.unlink()
    else:
        ledger.journal.write_bytes(harmed[harm])
    known = {"gone": [], "empty": [], "torn": ["a1"]}.get(harm, ["a1", "a2"])
    async with ledger.open() as store:
        found = await states(store)
        assert [each for each, state in found.items() if state is State.UNCERTAIN] == known
        rest = [each for each in found if each not in known]
        for each in rest:
            await ledger.send(store, each, sent(f"{each} again"))
    ledger.put_back()
    async with ledger.open() as store:
        assert {each for each, state in (await states(store)).items() if state is State.UNCERTAIN} == {"a1", "a2"}


async def test_a_line_is_sure_only_once_it_is_committed(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1")], NOON)
        of = await store.delivery("a1")
        writer = store._writer
        writer._journal.confirm = lambda: (_ for _ in ()).throw(AssertionError("not committed"))
        writer._raw.set_authorizer(lambda action, name, *_: int(action == 22 and name == "COMMIT"))
        with pytest.raises(StoreError):
            await store.arm(of, attempt(of), NOON + MINUTE)
        writer._raw.set_authorizer(None)
        assert ledger.journal.read_bytes().startswith(b"?")
    async with ledger.open() as store:
        assert await states(store) == {"a1": State.SCHEDULED}
        await ledger.send(store, "a1", sent("1"))
    assert [line[:1] for line in ledger.journal.read_bytes().splitlines()] == [b"?", b"+"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
async def test_nothing_is_armed_that_the_journal_has_no_room_for(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery("a1")], NOON)
        ledger.journal.symlink_to("/dev/full")
        of = await store.delivery("a1")
        with pytest.raises(StoreError, match="disk is full, so nothing is sent"):
            await store.arm(of, attempt(of), NOON + MINUTE)
        assert (await store.delivery("a1"), await store.attempts("a1")) == (of, ())
        ledger.journal.unlink()
        await ledger.send(store, "a1", sent("1"))
    assert ledger.journal.read_bytes().startswith(b"+")


async def test_old_lines_are_dropped_and_what_counts_is_kept(ledger):
    async with ledger.open() as store:
        await store.add_deliveries([delivery(f"a{n}", due=NOON + n * SECOND) for n in range(3)], NOON)
        await ledger.send(store, "a0", sent("0"))
        ledger.clock.at += SLACK + DAY
        await ledger.send(store, "a1", sent("1"))
    ledger.clock.at = NOON + KEPT + SLACK
    async with ledger.open():
        assert ledger.journal.read_text().count("\n") == 2, "not before it is worth it"
    ledger.clock.at += MINUTE
    ledger.copy()
    async with ledger.open() as one, ledger.open() as two:
        assert [part in ledger.journal.read_text() for part in ('"a0"', '"a1"')] == [False, True]
        await ledger.send(one, "a2", sent("2"))
        assert await two.deliveries(states=(State.SCHEDULED,)) == ()
    assert ledger.journal.stat().st_mode & 0o77 == 0
    ledger.put_back()
    async with ledger.open() as store:
        assert await states(store) == {"a0": State.SENT, "a1": State.SENT, "a2": State.UNCERTAIN}


def test_the_journal_follows_its_name(tmp_path):
    """A program that writes it anew, or a person who removes it, must not leave the writer with a file nobody sees."""
    path = tmp_path / "handbill.armed.log"
    journal = Journal(path)
    journal.add(Armed(attempt=attempt(delivery("a1"))))
    journal.confirm()
    path.unlink()
    journal.add(Armed(attempt=attempt(delivery("a2"))))
    assert b"a2" in path.read_bytes()
    journal.close()
