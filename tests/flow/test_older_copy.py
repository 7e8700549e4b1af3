"""An older copy of the database under a whole flow: what went out since is not said again, in whatever words it is by now."""

import shutil
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.domain.campaign import Campaign
from bot.domain.delivery import State
from bot.domain.plan import Plan
from bot.errors import CannotTell
from bot.flow.dispatch import Dispatch
from bot.flow.intake import Intake
from bot.flow.planning import Planner
from bot.flow.reconcile import Reconcile
from bot.flow.steering import Steering
from bot.ports import Found
from bot.store import open_store
from bot.store.archive import back_up, restore
from bot.store.exchange import exported, imported
from tests.fakes import HandEngine, NoticeBoard, Shelf
from tests.flow.conftest import PACE, House
from tests.store_samples import HOUR, MINUTE, NOON, HandClock, article, channel, delivery

WORDS = "The library stays open until midnight on Fridays. Tea is served in the reading room."
OTHER = "The library stays open until eleven on Fridays, not until midnight. No tea is served."


class Town:
    """One platform and one shelf of articles, and databases that come and go."""

    def __init__(self, folder):
        self.path = folder / "a" / "handbill.db"
        self.path.parent.mkdir()
        self.clock, self.shelf = HandClock(), Shelf()
        self.board = NoticeBoard(self.clock)

    def write(self, words, **more):
        found = article("night", words, images=(), digest=words, **more)
        self.shelf.found = Found(
            articles=(found,), campaigns=(Campaign(name="library"),), present=frozenset({("library", "night")})
        )

    def copied(self):
        shutil.copy(self.path, self.path.with_name("copy.db"))

    def put_back(self):
        shutil.copy(self.path.with_name("copy.db"), self.path)
        self.clock.at += HOUR

    @asynccontextmanager
    async def open(self, path=None):
        store = await open_store(path or self.path, self.clock)
        boards = {"board": self.board}
        planner = Planner(store, self.clock, Plan())
        steering = Steering(store, self.clock, planner)
        yield House(
            clock=self.clock,
            store=store,
            boards=boards,
            shelf=self.shelf,
            engine=HandEngine(),
            planner=planner,
            intake=Intake(store, self.clock, planner),
            steering=steering,
            dispatch=Dispatch(store, self.clock, HandEngine(), boards, Plan(), PACE),
            reconcile=Reconcile(store, self.clock, boards, steering, PACE),
        )
        await store.close()

    @property
    def public(self):
        return [call.part.text for call in self.board.calls]


async def go_on(house, rounds=6):
    for _ in range(rounds):
        house.clock.at = max(house.clock.at + MINUTE, await house.store.next_due() or NOON)
        await house.reconcile.look()
        await house.settle()


async def taken_and_sent(house):
    await house.intake.take(house.shelf)
    await go_on(house)
    (found,) = await house.store.deliveries()
    assert found.state is State.SENT
    return found


@pytest.fixture
async def town(tmp_path):
    town = Town(tmp_path)
    async with town.open() as house:
        await house.store.put_channel(channel("board"))
    return town


@pytest.mark.parametrize("edit", ["never", "before it was sent", "after it was sent"])
async def test_an_article_that_was_posted_is_not_posted_again_however_it_was_edited(town, edit):
    town.copied()
    town.write(WORDS)
    async with town.open() as house:
        await house.intake.take(house.shelf)
        if edit == "before it was sent":
            town.write(OTHER)
            await house.intake.take(house.shelf)
            (held,) = await house.store.deliveries()
            await house.steering.approve([held.id])
        before = await taken_and_sent(house)
        if edit == "after it was sent":
            town.write(OTHER)
            await house.intake.take(house.shelf)
    assert len(town.public) == 1
    for _ in range(2):
        town.put_back()
        async with town.open() as house:
            (problem,) = await house.store.problems()
            assert "0 of its posts" in problem.what
            assert "; 1 more will be known" in problem.what
            await house.intake.take(house.shelf)
            (problem,) = await house.store.problems()
            assert "1 of its posts" in problem.what
            assert "more will be known" not in problem.what
            (found,) = await house.store.deliveries()
            assert len(await house.store.attempts(found.id)) == 1
            await go_on(house)
            (found,) = await house.store.deliveries()
            assert (found.id == before.id) is (edit == "never")
            if edit == "after it was sent":
                assert (found.state, found.slot) == (State.HELD, None)
                assert "posted here 2026-05-04" in found.why
                assert "other words" in found.why
                assert len(await house.store.problems()) == 1
            else:
                assert found.state is State.SENT
                assert await house.store.problems() == ()
        async with town.open() as house:  # what was taken in is known
            assert [each.id for each in await house.store.deliveries()] == [found.id]
            assert len(await house.store.attempts(found.id)) == 1
            assert len(await house.store.problems()) == (edit == "after it was sent")
    assert len(town.public) == 1


async def test_what_was_held_for_its_new_words_goes_out_once_a_person_approves_it(town):
    town.copied()
    town.write(WORDS)
    async with town.open() as house:
        await taken_and_sent(house)
    town.put_back()
    town.write(OTHER)
    async with town.open() as house:
        await house.intake.take(house.shelf)
        (held,) = await house.store.deliveries()
        await house.steering.approve([held.id])
        await go_on(house)
        assert (await house.store.delivery(held.id)).state is State.SENT
        assert await house.store.problems() == ()
    assert len(town.public) == 2


async def test_what_was_held_since_it_may_be_public_is_not_released_by_its_article(town):
    """A draft by now, in other words; then its manager marks it ready, which is an approval of what waited for that."""
    town.copied()
    town.write(WORDS)
    async with town.open() as house:
        await taken_and_sent(house)
    town.put_back()
    async with town.open() as house:
        town.write(OTHER, ready=False)
        await house.intake.take(house.shelf)
        (held,) = await house.store.deliveries()
        assert (held.state, "other words" in held.why) == (State.HELD, True)
        for words in (f"{OTHER} Bring a cup.", f"{OTHER} Bring two cups."):
            town.write(words)
            await house.intake.take(house.shelf)
            await go_on(house)
        (held,) = await house.store.deliveries()
        assert held.state is State.HELD
        assert "look at the platform" in held.why
        assert held.why.count("since then") == 1
    assert len(town.public) == 1


async def test_a_copy_that_has_the_same_article_under_another_id_does_not_send_it(town):
    """The copy was made of a database that somebody put back later, and the article was edited in between."""
    empty = town.path.with_name("empty.db")
    shutil.copy(town.path, empty)
    town.write(WORDS)
    async with town.open() as house:
        await house.intake.take(house.shelf)
        (before,) = await house.store.deliveries()
    town.copied()
    shutil.copy(empty, town.path)
    town.write(OTHER)
    async with town.open() as house:
        assert (await taken_and_sent(house)).id != before.id
    town.put_back()
    async with town.open() as house:
        (found,) = await house.store.deliveries()
        assert (found.id, found.state, found.due) == (before.id, State.UNCERTAIN, None)
        await go_on(house)
    async with town.open() as house:
        assert len(await house.store.attempts(before.id)) == 1
    assert len(town.public) == 1


async def test_that_a_copy_is_older_is_told_while_its_post_is_parked(town):
    async with town.open() as house:
        await house.store.add_deliveries([delivery("s", channel="board", due=NOON + MINUTE)], NOON)
    town.copied()
    async with town.open() as house:
        await go_on(house)
    town.put_back()
    async with town.open() as house:
        town.board.answers = [CannotTell("this platform cannot be asked")]
        await house.reconcile.look()
        parked = await house.store.delivery("s")
        assert (parked.state, parked.due) == (State.UNCERTAIN, None)
        assert "older copy" not in parked.why
    async with town.open() as house:
        (problem,) = await house.store.problems()
        assert "1 of its posts" in problem.what
        await house.store.receipt("s", 1, town.board.show(town.board.calls[0].key))
        await house.steering.found(await house.store.delivery("s"), "it is there")
        assert await house.store.problems() == ()


async def test_what_was_recalled_and_is_absent_keeps_its_slot(town):
    """Without one nothing would ever be too late to try."""
    town.copied()
    town.write(WORDS)
    async with town.open() as house:
        await taken_and_sent(house)
    town.put_back()
    town.board.effects.clear()
    async with town.open() as house:
        await house.intake.take(house.shelf)
        (found,) = await house.store.deliveries()
        assert found.state is State.UNCERTAIN
        assert found.slot is not None
        house.clock.at += MINUTE
        while (now := await house.store.delivery(found.id)).state is State.UNCERTAIN:
            assert now.due is not None
            house.clock.at = max(house.clock.at + MINUTE, now.due)
            await house.reconcile.look()
        assert (now.state, now.slot) == (State.RETRYING, found.slot)


@pytest.mark.parametrize("way", ["restore", "import"])
@pytest.mark.parametrize("journal", ["none", "whole", "begins later"])
async def test_without_a_journal_nothing_newer_goes_out_before_a_person_looked(town, tmp_path, way, journal):
    """The folder of articles arrives after the database, so that nothing tells at first that there is anything newer."""
    async with town.open() as house:
        await house.store.add_deliveries([delivery("s", channel="board", due=NOON)], NOON)
        await go_on(house, 2)
    lines, made = list(exported(town.path, 5)), town.clock.at + MINUTE
    back_up(town.path, town.path.parent / "media", tmp_path / "b.zip", made, 5)
    town.clock.at += HOUR
    town.write(WORDS)
    async with town.open() as house:
        await house.intake.take(house.shelf)
        await go_on(house)
        assert len(town.public) == 2
    there = tmp_path / "b" / "handbill.db"
    there.parent.mkdir()
    written = town.path.with_name("handbill.armed.log").read_bytes().splitlines(keepends=True)
    assert len(written) == 2
    if journal != "none":
        there.with_name("handbill.armed.log").write_bytes(b"".join(written[journal == "begins later" :]))
    town.clock.at += HOUR
    if way == "restore":
        paused = restore(there, there.parent / "media", tmp_path / "b.zip", "cli:anna", town.clock.at, 5).paused
    else:
        paused = imported(there, lines, "x.jsonl", "cli:anna", town.clock.at, 5).paused
    assert paused is (journal != "whole")
    async with town.open(there) as house:
        hold = await house.store.hold()
        assert hold.on is paused
        assert ("newer articles may be posted already" in hold.why) is paused
        await house.intake.take(house.shelf)
        await go_on(house)
        (night,) = await house.store.deliveries(article="night")
        assert (night.state is State.SCHEDULED) is (journal == "none"), "what the journal tells of was asked about"
    assert len(town.public) == 2


async def test_a_pause_that_was_there_keeps_its_own_reason(town, tmp_path):
    async with town.open() as house:
        await house.steering.pause("storm")
        before = await house.store.hold()
    back_up(town.path, town.path.parent / "media", tmp_path / "b.zip", NOON, 5)
    there = tmp_path / "b" / "handbill.db"
    there.parent.mkdir()
    assert restore(there, there.parent / "media", tmp_path / "b.zip", "cli:anna", NOON + HOUR, 5).paused
    async with town.open(there) as house:
        after = await house.store.hold()
        assert replace(after, why="") == replace(before, why="")
        assert after.why.startswith("storm; restored from a backup of 2026-05-04")
