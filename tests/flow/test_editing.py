"""What managers write on an article over the real store: drafted as it would be kept, kept whole, held until approved."""

import pytest

from bot.domain.delivery import State
from bot.domain.edits import Edits, Wish
from bot.domain.excerpt import Reason
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.editing import LEFT_OUT, Editing
from bot.ports import Found
from tests.flow.conftest import House
from tests.store_samples import PICTURE, article, channel

NAME = ("library", "night-opening")
TEA = Wish(text="Tea is served in the reading room.", start=51)


@pytest.fixture
def editing(house: House) -> Editing:
    return Editing(house.store, house.clock, house.planner, "desk:anna")


async def take(house: House, *articles):
    present = frozenset((each.campaign, each.name) for each in articles)
    house.shelf.found = Found(articles=articles, present=present)
    return await house.intake.take(house.shelf)


async def on(house: House, name: str):
    found = await house.store.deliveries(channel=name)
    return found[-1]


async def acts(house: House):
    return [(each.act.by, each.act.verb, each.act.subject) for each in await house.store.acts()]


def shown(draft, name: str):
    return next(each for each in draft.previews if each.channel.name == name)


async def test_a_draft_is_what_is_kept_and_what_is_kept_is_what_is_sent(house, editing):
    await take(house, article())
    before = await house.store.deliveries()
    change = Edits(said={"board": TEA}, alts={PICTURE.sha256: "Lamps on long tables"})
    draft = await editing.draft(*NAME, change)
    assert await house.store.deliveries() == before, "a draft writes nothing"
    await editing.change(*NAME, change)
    for name in ("board", "wall"):
        held = await on(house, name)
        assert (held.state, held.post, held.excerpt) == (
            State.HELD,
            shown(draft, name).post,
            shown(draft, name).excerpt,
        )
        assert held.post.parts[0].images[0].alt == "Lamps on long tables"
    assert (await on(house, "board")).excerpt.reason is Reason.BY_HAND
    assert TEA.text in (await on(house, "board")).post.parts[0].text
    await house.steering.send_now([(await on(house, "board")).id])
    await house.settle()
    assert [call.part for call in house.boards["board"].calls] == list(shown(draft, "board").post.parts)
    assert await acts(house) == [
        ("desk:anna", "choose", "library/night-opening board"),
        ("desk:anna", "alt", f"library/night-opening {PICTURE.sha256[:12]}"),
        ("bot", "send-now", (await on(house, "board")).id),
    ]


async def test_what_says_the_same_is_left_alone(house, editing):
    await take(house, article())
    wall = await on(house, "wall")
    await editing.change(*NAME, Edits(said={"board": TEA}))
    assert await on(house, "wall") == wall
    board = await on(house, "board")
    await house.steering.approve([board.id])
    approved = await on(house, "board")
    await editing.change(*NAME, Edits(said={"board": TEA}, goes={"wall": True}, alts={PICTURE.sha256: PICTURE.alt}))
    assert await on(house, "board") == approved
    assert await on(house, "wall") == wall


async def test_a_passage_and_alt_texts_survive_an_edit_and_a_passage_that_is_gone_is_not_put_into_the_article_s_mouth(
    house, editing
):
    await take(house, article())
    await editing.change(*NAME, Edits(said={"board": TEA}, alts={PICTURE.sha256: "Lamps"}))
    await take(house, article(text=f"Now open. {article().text}", digest="d2"))
    moved = await on(house, "board")
    assert (moved.excerpt.text, moved.excerpt.start) == (TEA.text, TEA.start + 10)
    assert moved.post.parts[0].images[0].alt == "Lamps"
    await take(house, article(text="Coffee is served on Fridays. Come early.", digest="d3"))
    other = await on(house, "board")
    assert other.excerpt.verbatim
    assert TEA.text not in other.post.parts[0].text
    assert other.state is State.HELD


async def test_a_passage_is_checked_word_for_word(house, editing):
    await take(house, article())
    with pytest.raises(BadInput, match="word for word"):
        await editing.change(*NAME, Edits(said={"board": Wish(text="Tea is sold.", start=51)}))
    with pytest.raises(BadInput, match="word for word"):
        await editing.draft(*NAME, Edits(said={"board": Wish(text=TEA.text, start=50)}))
    with pytest.raises(BadInput, match="no passage"):
        await editing.choose(*NAME, ["board"], 5, 4000)
    [found] = [each for each in await editing.choose(*NAME, ["board"], 53, 57) if each.channel == "board"]
    assert found.excerpt.text == "Tea is"


async def test_own_words_are_cleared_by_none_and_back_is_what_handbill_chose(house, editing):
    await take(house, article())
    chosen = (await on(house, "board")).excerpt
    await editing.change(*NAME, Edits(said={"board": Wish(text="  Come!  "), "wall": Wish(text="Come!")}))
    assert (await on(house, "board")).excerpt.reason is Reason.OWN_WORDS
    await editing.change(*NAME, Edits(said={"board": None}))
    assert (await on(house, "board")).excerpt == chosen
    assert (await on(house, "wall")).excerpt.text == "Come!"


async def test_a_channel_is_left_out_and_sent_to_again(house, editing):
    await take(house, article())
    await editing.change(*NAME, Edits(goes={"board": False}))
    out = await on(house, "board")
    assert (out.state, out.why) == (State.CANCELLED, LEFT_OUT)
    assert not shown(await editing.draft(*NAME), "board").goes
    await take(house, article(digest="d2", title="Later"))
    assert [each.state for each in await house.store.deliveries(channel="board")] == [State.CANCELLED]
    draft = await editing.draft(*NAME, Edits(goes={"board": True}))
    await editing.change(*NAME, Edits(goes={"board": True}))
    [again] = await house.store.deliveries(channel="board", states=(State.HELD,))
    assert (again.round, again.post) == (2, shown(draft, "board").post)
    assert again.why == "a manager sends it here"
    await house.steering.cancel([again.id])
    await editing.change(*NAME, Edits(goes={"board": True}))
    [third] = await house.store.deliveries(channel="board", states=(State.HELD,))
    assert third.round == 3


async def test_a_channel_that_its_file_does_not_name_can_be_added(house, editing):
    await take(house, article(channels=("wall",)))
    assert not shown(await editing.draft(*NAME), "board").goes
    with pytest.raises(NotAllowed, match="does not go to board"):
        await editing.change(*NAME, Edits(said={"board": TEA}))
    await editing.change(*NAME, Edits(said={"board": TEA}, goes={"board": True}))
    held = await on(house, "board")
    assert (held.state, held.excerpt.text) == (State.HELD, TEA.text)


async def test_what_has_left_cannot_change_and_the_rest_of_the_change_is_not_kept(house, editing):
    await take(house, article())
    sent = await on(house, "board")
    await house.steering.send_now([sent.id])
    await house.settle()
    wall = await on(house, "wall")
    with pytest.raises(NotAllowed, match="is sent: its words cannot change"):
        await editing.change(*NAME, Edits(said={"wall": TEA, "board": TEA}))
    with pytest.raises(NotAllowed, match="is sent"):
        await editing.change(*NAME, Edits(goes={"board": False}))
    assert await on(house, "wall") == wall
    assert await house.store.edits(*NAME) == Edits()
    await editing.change(*NAME, Edits(alts={PICTURE.sha256: "Lamps"}))
    assert (await on(house, "board")).post == sent.post
    assert shown(await editing.draft(*NAME), "board").post == sent.post, "what went out is what is shown"


async def test_of_two_managers_the_second_is_told(house, editing):
    await take(house, article())
    seen = {each.id: each.version for each in await house.store.deliveries()}
    await house.steering.acting("desk:bert").hold([(await on(house, "board")).id], "wrong date")
    with pytest.raises(NotAllowed, match=r"by desk:bert \(hold\): wrong date"):
        await editing.change(*NAME, Edits(said={"board": TEA}), seen=seen)
    await editing.change(*NAME, Edits(said={"wall": TEA}), seen=seen)
    with pytest.raises(NotAllowed, match="desk:bert"):
        await editing.change(*NAME, Edits(), seen=seen, whole=True)
    with pytest.raises(NotAllowed, match="edited meanwhile"):
        await editing.change(*NAME, Edits(said={"wall": TEA}), edition="another")
    assert (await on(house, "board")).why == "wrong date"


async def test_nobody_writes_on_what_is_not_there(house, editing):
    await take(house, article())
    for change, words in (
        (Edits(said={"nowhere": TEA}), "no channel is called 'nowhere'"),
        (Edits(goes={"nowhere": True}), "no channel is called 'nowhere'"),
        (Edits(alts={"ff" * 32: "Lamps"}), "no such picture"),
    ):
        with pytest.raises(NotFound, match=words):
            await editing.change(*NAME, change)
    with pytest.raises(BadInput, match="too long"):
        await editing.change(*NAME, Edits(alts={PICTURE.sha256: "x" * 6000}))
    with pytest.raises(BadInput, match="too many"):
        await editing.change(*NAME, Edits(said={"board": Wish(text="x" * 20_001)}))


async def test_limits_that_changed_meanwhile_do_not_hold_what_nobody_touched(house, editing):
    await take(house, article())
    wall = await on(house, "wall")
    narrow = channel("wall")
    await house.store.put_channel(type(narrow)(name="wall", platform="wall", limits=narrow.limits, account="@new"))
    await editing.change(*NAME, Edits(said={"board": TEA}))
    assert await on(house, "wall") == wall


async def test_sending_back_tells_why_and_who(house):
    await take(house, article())
    scheduled = await on(house, "board")
    steering = house.steering.acting("desk:bert")
    [back] = await steering.send_back([f"{scheduled.id}@{scheduled.version}"], " The date\nis wrong ")
    assert (back.state, back.why) == (State.HELD, "sent back: The date is wrong")
    [again] = await steering.send_back([back.id], "Still wrong")
    assert (again.state, again.why, again.version) == (State.HELD, "sent back: Still wrong", back.version + 1)
    assert await acts(house) == [("desk:bert", "send back", back.id)] * 2
    with pytest.raises(BadInput, match="comment is missing"):
        await steering.send_back([back.id], "  ")
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        await steering.send_back([f"{back.id}@{back.version}"], "Late")
