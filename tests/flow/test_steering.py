"""What people decide: two at once, who did what, threads half out, verdicts with addresses."""

import asyncio
from typing import Any

import pytest

from bot.domain.delivery import State
from bot.domain.ledger import Change, broken
from bot.domain.outcome import Receipt, Retry, Unknown
from bot.domain.plan import Blackout, Plan
from bot.domain.post import Part, Post
from bot.errors import BadInput, NotAllowed
from bot.flow.settling import Verdict
from bot.flow.steering import Steering
from bot.ports import Found
from tests.flow.conftest import PACE, House
from tests.store_samples import HOUR, MINUTE, NOON, article, channel
from tests.store_samples import delivery as sample

SETTLE_URL = "https://board.example/@library/"


def delivery(id: str, channel: str, parts: int = 1, **more):
    """A delivery; one of a single part says something that nothing speaks against."""
    words = f"Open until midnight, says {id}."
    plain = Post(channel=channel, parts=(Part(number=1, text=words, length=len(words), limit=280),))
    said: dict[str, Any] = {} if parts > 1 else {"post": plain}
    return sample(id, channel=channel, parts=parts, **said, **more)


async def add(house: House, *deliveries) -> None:
    await house.store.add_deliveries(deliveries, house.clock.now())
    if deliveries:
        await house.store.put_article(article(), house.clock.now())


async def told(house: House):
    return [(each.act.by, each.act.verb, each.act.subject) for each in await house.store.acts()]


async def unsure(house: House, id: str = "a1", parts: int = 1) -> None:
    house.boards["board"].script = [Unknown(why="connection reset")]
    await add(house, delivery(id, channel="board", parts=parts))
    await house.settle()
    assert (await house.store.delivery(id)).state == State.UNCERTAIN


# --- two managers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["approve", "hold", "cancel", "send_now"])
async def test_of_two_managers_one_wins_and_the_other_is_told_who_when_and_what(house, verb):
    state = {"approve": None, "hold": NOON + HOUR, "cancel": None, "send_now": None}[verb]
    await add(house, delivery("a1", channel="board", due=state))
    seen = (await house.store.delivery("a1")).version
    anna, bert = house.steering.acting("cli:anna"), house.steering.acting("cli:bert")
    await bert.cancel([f"a1@{seen}"], "wrong date")
    with pytest.raises(NotAllowed, match=r"cancelled since 2026-05-0. ..:..:.. UTC by cli:bert \(cancel\): wrong date"):
        await getattr(anna, verb)([f"a1@{seen}"])
    assert await told(house) == [("cli:bert", "cancel", "a1")]


async def test_what_changed_between_reading_and_writing_is_not_overwritten(house):
    """Both have read the same; the store lets one of them write."""
    await add(house, delivery("a1", channel="board", due=None), delivery("b1", channel="wall", due=NOON + HOUR))
    anna, bert = house.steering.acting("cli:anna"), house.steering.acting("desk")
    ends = await asyncio.gather(anna.approve(["a1"]), bert.cancel(["a1"]), return_exceptions=True)
    refused = [each for each in ends if isinstance(each, NotAllowed)]
    assert len(refused) == 1
    assert len(await told(house)) == 1
    found = await house.store.delivery("a1")
    who = (await house.store.acts())[0].act
    assert found.state == {"approve": State.SCHEDULED, "cancel": State.CANCELLED}[who.verb]


async def test_a_version_that_is_none_is_refused_and_the_right_one_does_it(house):
    await add(house, delivery("a1", channel="board", due=None))
    with pytest.raises(BadInput, match="no version"):
        await house.steering.approve(["a1@five"])
    with pytest.raises(BadInput, match="no version 7 yet: it is at 1"):
        await house.steering.approve(["a1@7"])
    (done,) = await house.steering.approve(["a1@1"])
    assert (done.state, done.version) == (State.SCHEDULED, 2)


async def test_when_one_of_several_was_changed_none_is_touched(house):
    await add(house, delivery("a1", channel="board", due=None), delivery("b1", channel="wall", due=NOON + HOUR))
    before = [await house.store.delivery(each) for each in ("a1", "b1")]
    await house.steering.hold(["b1"])
    with pytest.raises(NotAllowed):
        await house.steering.send_now(["a1@1", "b1@1"])
    assert await house.store.delivery("a1") == before[0]
    assert len(await told(house)) == 1


class Between:
    """The store as one manager has it: at the moment of writing, somebody else writes first."""

    def __init__(self, store, meanwhile):
        self._store, self._meanwhile = store, meanwhile

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def move(self, *told):
        await self._meanwhile()
        await self._store.move(*told)


async def test_sending_now_changes_all_or_none(house):
    """One is held, one is scheduled; after both were read, another manager takes the second."""
    await add(house, delivery("a1", channel="board", due=None), delivery("b1", channel="board", due=NOON + HOUR))
    bert = house.steering.acting("cli:bert")
    anna = Steering(Between(house.store, lambda: bert.hold(["b1"])), house.clock, house.planner, "cli:anna")
    with pytest.raises(NotAllowed, match=r"b1 was changed meanwhile: it is held since .* by cli:bert \(hold\)"):
        await anna.send_now(["a1", "b1"])
    assert [(await house.store.delivery(each)).state for each in ("a1", "b1")] == [State.HELD, State.HELD]
    assert await told(house) == [("cli:bert", "hold", "b1")]
    assert (await house.store.delivery("a1")).version == 1


async def test_a_change_of_plan_gives_way_to_what_moves_meanwhile_and_is_told(house):
    await add(house, *(delivery(f"a{n}", channel="board", due=NOON + n * HOUR) for n in range(1, 4)))
    by = house.steering.acting("cli:anna")
    assert await by.put_plan("board", Plan(zone="Europe/Paris", daily=2)) == 3
    dark = Blackout(start=NOON + 30 * HOUR, end=NOON + 40 * HOUR, why="election day")
    await by.put_plan("board", Plan(zone="Europe/Paris", daily=2, blackouts=(dark,)))
    await by.put_plan("board", None)
    acts = [each.act for each in await house.store.acts()]
    assert [each.verb for each in acts] == ["plan set", "plan blackout", "plan clear"]
    assert {each.by for each in acts} == {"cli:anna"}
    assert "2 a day" in acts[0].words


async def test_everything_a_person_does_is_in_one_chain(house):
    by = house.steering.acting("cli:anna")
    await add(house, *(delivery(f"a{n}", channel="board", due=NOON + n * HOUR) for n in range(1, 5)))
    await by.hold(["a1", "a2"])
    await by.approve(["a1"])
    await by.cancel(["a2"])
    await by.send_now(["a3"])
    await by.pause("storm")
    await by.resume()
    await house.settle()
    await by.retract("a3", house.boards)
    verbs = [verb for _, verb, _ in await told(house)]
    assert verbs == ["hold", "hold", "approve", "cancel", "send-now", "pause", "resume", *["retract"] * 3]
    assert broken(await house.store.acts()) == 0


async def test_what_the_bot_does_is_nobodys_act(house):
    await unsure(house)
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    await house.settle(rounds=2)
    assert await told(house) == []


# --- what may not be touched now ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["approve", "hold", "cancel", "send_now"])
async def test_what_may_be_public_is_refused_with_the_reason_and_when_it_will_be_possible(house, verb):
    await unsure(house)
    with pytest.raises(NotAllowed, match="is uncertain") as refusal:
        await getattr(house.steering, verb)(["a1"])
    assert "once that is known, or you have settled it" in str(refusal.value)


@pytest.mark.parametrize("verb", ["approve", "hold", "cancel", "send_now"])
async def test_what_is_on_its_way_is_refused_with_the_reason(house, verb):
    board, caught = house.boards["board"], []

    async def meanwhile() -> None:
        with pytest.raises(NotAllowed, match="is sending") as refusal:
            await getattr(house.steering, verb)(["a1"])
        caught.append(str(refusal.value))

    board.after = meanwhile
    await add(house, delivery("a1", channel="board"))
    await house.settle()
    assert "ask again in half a minute" in caught[0]
    assert (await house.store.delivery("a1")).state == State.SENT


async def written(house: House, **more):
    """Let an article be taken in and become due on one channel."""
    house.shelf.found = Found(articles=(article(channels=("board",), name="night.md", **more),))
    taken = await house.intake.take(house.shelf)
    [found] = await house.store.deliveries(article="night.md")
    return taken, found


async def test_an_edit_of_what_is_uncertain_is_not_lost_it_is_held_with_the_new_words(house):
    _, first = await written(house)
    await house.steering.send_now([first.id])
    house.boards["board"].script = [Unknown(why="connection reset")]
    await house.settle()
    taken, same = await written(house, digest="d2", text="The library closes early on Friday.")
    assert (same.state, same.post) == (State.UNCERTAIN, first.post)
    assert "may be public already" in taken.problems[-1].what
    settled = await house.steering.acting("cli:anna").settle(first.id, Verdict.ABSENT)
    assert settled.state == State.HELD
    assert "closes early" in settled.post.parts[0].text
    assert "anna says it is not there; its article was edited meanwhile" in settled.why
    assert settled.revision == first.revision + 1
    assert len(house.boards["board"].calls) == 1


async def test_what_no_longer_goes_to_its_channel_is_not_sent_there_again(house):
    _, first = await written(house)
    await house.steering.send_now([first.id])
    house.boards["board"].script = [Unknown(why="connection reset")]
    await house.settle()
    house.shelf.found = Found(articles=(article(channels=("wall",), name="night.md", digest="d2"),))
    await house.intake.take(house.shelf)
    for _ in range(3):
        house.pass_time(MINUTE)
        await house.reconcile.look()
    await house.settle()
    found = await house.store.delivery(first.id)
    assert (found.state, "no longer goes to this channel" in found.why) == (State.HELD, True)
    assert len(house.boards["board"].calls) == 1


async def test_an_edit_of_what_is_being_sent_waits_and_reaches_it_before_the_next_try(house):
    _, first = await written(house)
    await house.steering.send_now([first.id])
    board, again = house.boards["board"], []

    async def meanwhile() -> None:
        taken, _ = await written(house, digest="d2", text="The library closes early on Friday.")
        again.append((taken.again, taken.edited))

    class Busy:
        """The board, while a manager edits; then it cannot be reached."""

        async def publish(self, part, key, reply_to, resume=""):
            await meanwhile()
            return Retry(why="refused connection")

    house.boards["board"] = Busy()
    await house.settle()
    house.boards["board"] = board
    taken, now = await written(house, digest="d2", text="The library closes early on Friday.")
    assert again == [(True, ())]
    assert (taken.again, taken.edited, now.state) == (False, ("library/night.md",), State.HELD)
    assert "closes early" in now.post.parts[0].text


# --- verdicts -------------------------------------------------------------------------------------------------------


async def test_what_a_person_found_must_be_on_that_channel_and_then_the_thread_goes_on(house):
    await house.store.put_channel(channel("board", url="https://board.example/@library"))
    await unsure(house, parts=2)
    by = house.steering.acting("cli:anna")
    for url in ("", "https://other.example/@library/17", "https://board.example/@museum/17"):
        with pytest.raises(BadInput):
            await by.settle("a1", Verdict.THERE, url)
    assert (await house.store.delivery("a1")).receipts == ()
    found = await by.settle("a1", Verdict.THERE, f"{SETTLE_URL}17")
    assert (found.state, found.receipts[0][1].id) == (State.RETRYING, "17")
    assert found.why.startswith("anna found it on the platform")
    await house.settle()
    assert [call.reply_to and call.reply_to.parent.id for call in house.boards["board"].calls] == [None, "17"]


async def test_the_address_of_a_part_that_is_known_is_not_taken_for_the_next(house):
    await house.store.put_channel(channel("board", url="https://board.example/@library"))
    await unsure(house, parts=2)
    await house.steering.settle("a1", Verdict.THERE, f"{SETTLE_URL}17")
    house.boards["board"].script = [Unknown(why="connection reset")]
    await house.settle()
    with pytest.raises(BadInput, match="is part 1"):
        await house.steering.settle("a1", Verdict.THERE, f"{SETTLE_URL}17")


@pytest.mark.parametrize(
    ("verdict", "state", "words"),
    [
        (Verdict.ABSENT, State.RETRYING, "anna says it is not there"),
        (Verdict.GIVE_UP, State.FAILED, "given up by anna"),
    ],
)
async def test_a_verdict_is_kept_with_who_gave_it(house, verdict, state, words):
    await unsure(house)
    found = await house.steering.acting("cli:anna").settle("a1@3", verdict)
    assert (found.state, words in found.why) == (state, True)
    assert await told(house) == [("cli:anna", "settle", "a1")]
    with pytest.raises(NotAllowed, match=r"by cli:anna \(settle\)"):
        await house.steering.settle("a1@3", Verdict.GIVE_UP)


async def test_a_verdict_that_came_second_leaves_no_receipt(house):
    await unsure(house)
    stale = await house.store.delivery("a1")
    await house.steering.settle("a1", Verdict.GIVE_UP)
    proof = Receipt(id="17", url=f"{SETTLE_URL}17", at=NOON)
    change = Change.of(stale, State.SENT, "found", version=stale.version)
    with pytest.raises(NotAllowed):
        await house.store.move([change], NOON, (), [("a1", 1, proof)])
    assert (await house.store.delivery("a1")).receipts == ()


# --- send now -------------------------------------------------------------------------------------------------------


async def test_sending_now_during_a_blackout_or_a_pause_must_be_meant(house):
    dark = Blackout(start=house.clock.now() - HOUR, end=house.clock.now() + HOUR, why="election day")
    await house.store.put_plan("board", Plan(blackouts=(dark,)))
    await add(house, delivery("a1", channel="board", due=None), delivery("b1", channel="wall", due=None))
    with pytest.raises(NotAllowed, match=r"nothing is posted to board until .*: election day"):
        await house.steering.send_now(["a1", "b1"])
    assert (await house.store.delivery("b1")).state == State.HELD
    await house.steering.send_now(["a1", "b1"], anyway=True)
    house.pass_time(MINUTE)
    await house.settle()
    assert [len(house.boards[each].calls) for each in ("board", "wall")] == [1, 1]
    await house.steering.pause("storm")
    await add(house, delivery("c1", channel="wall", due=house.clock.now() + HOUR))
    with pytest.raises(NotAllowed, match="everything is paused: storm"):
        await house.steering.send_now(["c1"])
    await house.steering.send_now(["c1"], anyway=True)
    await house.settle()
    assert len(house.boards["wall"].calls) == 1, "a pause is a pause"


async def test_a_plan_that_lifts_a_cap_lets_go_what_the_cap_had_put_off(house):
    late = [
        delivery(f"d{n}", channel="board", slot=NOON - n * HOUR - HOUR, due=NOON + (n + 1) * 24 * HOUR)
        for n in range(3)
    ]
    await house.store.add_deliveries(late, NOON)
    await house.steering.put_plan("board", Plan())
    due = sorted([each.due for each in await house.store.deliveries(channel="board")])
    assert due == [NOON, NOON + Plan().late.gap, NOON + 2 * Plan().late.gap]
