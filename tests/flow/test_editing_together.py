"""Two people at one article, and those who may write but not approve: nothing goes out that nobody approved, nothing twice."""

import asyncio

import pytest

from bot.domain.delivery import State
from bot.domain.edits import Edits, Wish
from bot.domain.people import Role
from bot.errors import NotAllowed
from bot.flow.editing import LEFT_OUT, Editing
from tests.flow.conftest import House
from tests.flow.test_editing import NAME, TEA, acts, on, take
from tests.store_samples import PICTURE, article

LIBRARY = Wish(text="The library stays open until midnight on Fridays.", start=0)
HERS, HIS = Edits(goes={"wall": True}, said={"wall": TEA}), Edits(goes={"wall": True}, said={"wall": LIBRARY})


@pytest.fixture
def anna(house: House) -> Editing:
    return Editing(house.store, house.clock, house.planner, "desk:anna")


@pytest.fixture
def bert(anna: Editing) -> Editing:
    return anna.acting("desk:bert")


@pytest.fixture
def editor(anna: Editing) -> Editing:
    return anna.acting("desk:cleo", Role.EDITOR.rights)


async def seen(house: House) -> dict[str, int]:
    return {each.id: each.version for each in await house.store.deliveries()}


async def before_it_is_written(house: House, monkeypatch, first, then):
    """Do something once the first has decided what to write, and before it is written; return what became of the first."""
    real, done = type(house.store).edit, []

    async def edit(self, *args, **kwargs):
        if not done:
            done.append(True)
            await then()
        return await real(self, *args, **kwargs)

    monkeypatch.setattr(type(house.store), "edit", edit)
    answers = await asyncio.gather(first, return_exceptions=True)
    assert done
    return answers[0]


@pytest.mark.parametrize("cancelled", [False, True], ids=["never there", "cancelled before"])
async def test_of_two_who_send_it_to_one_channel_one_does(house, anna, bert, monkeypatch, cancelled):
    await take(house, article(channels=("board", "wall") if cancelled else ("board",)))
    if cancelled:
        await house.steering.cancel([(await on(house, "wall")).id])
    told = await before_it_is_written(house, monkeypatch, anna.change(*NAME, HERS), lambda: bert.change(*NAME, HIS))
    assert isinstance(told, NotAllowed)
    assert "goes to wall already" in told.what
    living = [each for each in await house.store.deliveries(channel="wall") if each.state is not State.CANCELLED]
    assert [each.excerpt.text for each in living] == [LIBRARY.text]
    assert (await house.store.edits(*NAME)).said == {"wall": LIBRARY}


async def test_what_was_approved_is_what_was_seen(house, anna, bert):
    await take(house, article())
    await anna.change(*NAME, Edits(said={"board": TEA}))
    known = await seen(house)
    await bert.change(*NAME, Edits(said={"board": LIBRARY}))
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        await anna.keep(*NAME, Edits(), seen=known)


async def test_words_that_come_between_are_not_approved(house, anna, bert):
    await take(house, article())
    kept = await anna.keep(*NAME, Edits(said={"board": TEA}), seen=await seen(house))
    assert {each.channel for each in kept} == {"board", "wall"}
    await bert.change(*NAME, Edits(said={"board": LIBRARY}))
    held = [each for each in kept if each.state is State.HELD]
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        await house.steering.approve([f"{each.id}@{each.version}" for each in held])
    assert (await on(house, "board")).state is State.HELD


async def test_what_is_renewed_or_only_looked_at_must_stand_when_it_is_written(house, anna, bert, monkeypatch):
    await take(house, article())
    board, wall = await on(house, "board"), await on(house, "wall")
    told = await before_it_is_written(
        house,
        monkeypatch,
        anna.keep(*NAME, Edits(said={"board": TEA}), seen=await seen(house)),
        lambda: house.steering.acting("desk:bert").hold([wall.id], "wrong date"),
    )
    assert isinstance(told, NotAllowed)
    assert "by desk:bert (hold): wrong date" in told.what
    assert (await on(house, "board"), await house.store.edits(*NAME)) == (board, Edits())


async def test_what_somebody_else_sends_there_is_not_taken_for_one_s_own(house, anna, bert):
    """Both tick the same channel: who comes second has not seen the words that wait there by then."""
    await take(house, article(channels=("board",)))
    known = await seen(house)
    await bert.change(*NAME, HIS)
    for change in (HERS, Edits(goes={"wall": True})):
        with pytest.raises(NotAllowed, match="changed meanwhile"):
            await anna.keep(*NAME, change, seen=known)
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        await anna.change(*NAME, HERS, seen=known)
    assert (await on(house, "wall")).excerpt.text == LIBRARY.text
    await house.steering.cancel([(await on(house, "wall")).id])
    kept = await anna.keep(*NAME, HERS, seen=await seen(house))
    assert [each.excerpt.text for each in kept if each.channel == "wall" and each.state is State.HELD] == [TEA.text]


@pytest.mark.parametrize(
    "change",
    [Edits(goes={"wall": False}), Edits(said={"board": TEA}), Edits(alts={PICTURE.sha256: "Lamps"})],
    ids=["leave out", "words", "alt text"],
)
async def test_who_may_not_approve_does_not_touch_what_is_approved(house, editor, anna, change):
    await take(house, article())
    there = await house.store.deliveries()
    assert {each.state for each in there} == {State.SCHEDULED}
    with pytest.raises(NotAllowed, match=r"is approved \(scheduled\): to change that takes the right to approve"):
        await editor.change(*NAME, change)
    assert (await house.store.deliveries(), await house.store.edits(*NAME), await acts(house)) == (there, Edits(), [])
    await anna.change(*NAME, change)
    assert await house.store.deliveries() != there


async def test_who_may_not_approve_writes_on_what_waits(house, editor):
    await take(house, article())
    await house.steering.hold([each.id for each in await house.store.deliveries()])
    await editor.change(*NAME, Edits(said={"board": TEA}, goes={"wall": False}))
    assert TEA.text in (await on(house, "board")).post.parts[0].text
    wall = await on(house, "wall")
    assert (wall.state, wall.why) == (State.CANCELLED, LEFT_OUT)


async def test_what_is_approved_while_an_editor_writes_stays_so(house, editor, monkeypatch):
    await take(house, article())
    await house.steering.hold([each.id for each in await house.store.deliveries()])
    board = await on(house, "board")
    told = await before_it_is_written(
        house,
        monkeypatch,
        editor.change(*NAME, Edits(said={"board": TEA})),
        lambda: house.steering.acting("desk:bert").approve([board.id]),
    )
    assert isinstance(told, NotAllowed)
    assert "by desk:bert (approve)" in told.what
    assert (await on(house, "board")).state is State.SCHEDULED


async def test_several_are_sent_back_or_none(house, monkeypatch):
    await take(house, article())
    board, wall = await on(house, "board"), await on(house, "wall")
    await house.steering.hold([wall.id])
    held, real, done = await on(house, "wall"), type(house.steering._deciding).enact, []

    async def enact(self, *args, **kwargs):
        if not done:
            done.append(True)
            await house.steering.acting("desk:bert").send_back([held.id], "wrong date")
        return await real(self, *args, **kwargs)

    monkeypatch.setattr(type(house.steering._deciding), "enact", enact)
    with pytest.raises(NotAllowed, match="by desk:bert"):
        await house.steering.acting("desk:anna").send_back([board.id, held.id], "shorter")
    assert (await on(house, "board"), (await on(house, "wall")).why) == (board, "sent back: wrong date")
    both = await house.steering.send_back([board.id, held.id], "shorter")
    assert {(each.state, each.why) for each in both} == {(State.HELD, "sent back: shorter")}
    assert [why for _, _, why in (await house.store.history(held.id))[-2:]] == ["sent back: wrong date", both[1].why]
