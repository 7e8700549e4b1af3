"""What managers change while a post is on its way, or where one article lays a fault bare: nothing old goes out, none waits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.domain.campaign import Campaign
from bot.domain.delivery import Delivery, State
from bot.domain.outcome import Retry, Unknown
from bot.errors import StoreError
from bot.flow.intake import Intake, Taken
from bot.flow.settling import GONE, Verdict
from bot.ports import Found
from bot.store.sql import SqlStore
from tests.flow.conftest import PACE, House
from tests.store_samples import HOUR, article, channel, delivery

NIGHT = "The library stays open until midnight on Fridays. Tea is served in the reading room until eleven."
EARLY = "The library closes at ten on Fridays. Nobody is served any tea there at all."


async def take(house: House, *articles, intake: Intake | None = None, **campaign: Any) -> Taken:
    there = frozenset((each.campaign, each.name) for each in articles)
    told = (Campaign(name="library", **campaign),)
    house.shelf.found = Found(articles=articles, campaigns=told, present=there)
    return await (intake or house.intake).take(house.shelf)


def night(text: str = NIGHT, **more: Any):
    return article(text=text, images=(), channels=("board",), **more)


async def due(house: House) -> Delivery:
    """Take in an article for one channel and let its moment come."""
    await take(house, night())
    [found] = await house.store.deliveries()
    assert found.due is not None
    house.clock.at = found.due
    return found


async def uncertain(house: House) -> Delivery:
    """Let the publishing call of an article's post be lost."""
    found = await due(house)
    house.boards["board"].script = [Unknown(why="connection reset")]
    await house.settle()
    return found


async def later(house: House, found: Delivery) -> Delivery:
    """Let the quiet period pass and hours more, with all that the bot does meanwhile."""
    for wait in (PACE.quiet, HOUR, HOUR):
        house.pass_time(wait)
        await house.reconcile.look()
        await house.settle(rounds=2)
    return await house.store.delivery(found.id)


@dataclass
class Overtaken:
    """The store, on which somebody is faster once: right before the first `call` that is made through here."""

    store: SqlStore
    call: str
    meanwhile: Callable[[], Awaitable[object]]

    def __getattr__(self, name: str) -> Any:
        return self._overtaken if name == self.call else getattr(self.store, name)

    async def _overtaken(self, *given: Any) -> None:
        name, self.call = self.call, ""
        await self.meanwhile()
        await getattr(self.store, name)(*given)


def overtaken(house: House, call: str) -> Intake:
    """Return an intake of which the dispatcher is ahead at that call."""
    return Intake(Overtaken(house.store, call, house.settle), house.clock, house.planner)


async def test_a_file_taken_away_while_its_post_is_being_sent_is_looked_at_again_and_held(house):
    found, board, seen = await due(house), house.boards["board"], []

    class Slow:
        async def publish(self, *_: Any) -> Retry:
            seen.append(await take(house))
            return Retry(why="busy", after=HOUR)

    house.boards["board"] = Slow()
    await house.settle()
    assert [(each.again, each.gone) for each in seen] == [(True, ())]
    house.boards["board"] = board
    assert await take(house) == Taken(gone=("library/night-opening",))
    held = await later(house, found)
    assert (held.state, held.why, board.calls) == (State.HELD, GONE, [])


async def test_a_file_whose_post_is_armed_while_it_is_found_to_be_gone_is_looked_at_again(house):
    await due(house)
    house.boards["board"].script = [Retry(why="busy", after=HOUR)]
    taken = await take(house, intake=overtaken(house, "move"))
    assert (taken.again, taken.gone) == (True, ())
    assert (await take(house)).gone == ("library/night-opening",)


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_is_not_there_and_whose_file_was_taken_away_is_held_with_that_reason(house, by_hand):
    found = await uncertain(house)
    assert await take(house) == Taken(), "it may be public: nothing is told to be held"
    if by_hand:
        await house.steering.acting("cli:anna").settle(found.id, Verdict.ABSENT)
    held = await later(house, found)
    assert (held.state, len(house.boards["board"].calls)) == (State.HELD, 1)
    assert held.why.endswith(GONE)


async def test_a_file_that_comes_back_before_that_is_known_is_sent_again_as_it_was(house):
    found = await uncertain(house)
    await take(house)
    await take(house, night())
    sent = await later(house, found)
    assert (sent.state, sent.post) == (State.SENT, found.post)
    assert (await take(house, night())).edited == (), "and is known by now"


async def test_an_edit_that_comes_second_to_the_dispatcher_is_taken_once_more_before_the_retry(house):
    found = await due(house)
    house.boards["board"].script = [Retry(why="busy", after=HOUR)]
    edited = night(EARLY, digest="d2")
    taken = await take(house, edited, intake=overtaken(house, "replace_post"))
    assert (taken.again, taken.edited) == (True, ())
    assert (await take(house, edited)).edited == ("library/night-opening",)
    held = await later(house, found)
    assert (held.state, len(house.boards["board"].calls)) == (State.HELD, 1)
    assert EARLY.partition(".")[0] in held.post.parts[0].text


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_is_not_there_and_cannot_be_composed_any_more_is_held_with_the_reason(house, by_hand):
    found = await uncertain(house)
    await take(house, night(EARLY, digest="d2"))
    taken = await take(house, night(EARLY, digest="d2"), disclosure="Paid for by the town. " * 40)
    assert "disclosure" in taken.problems[-1].what
    if by_hand:
        await house.steering.acting("cli:anna").settle(found.id, Verdict.ABSENT)
    held = await later(house, found)
    assert (held.state, held.post, len(house.boards["board"].calls)) == (State.HELD, found.post, 1)
    assert f"cannot be posted ({taken.problems[-1].what})" in held.why
    assert (await take(house, night(EARLY, digest="d2"))).problems == ()
    renewed = await house.store.delivery(found.id)
    assert (renewed.state, "closes at ten" in renewed.post.parts[0].text) == (State.HELD, True)


async def test_an_article_on_which_the_program_fails_keeps_neither_others_nor_what_is_gone_waiting(house):
    await take(house, night())
    odd = article("odd", campaign="library", tags=(None,))  # nothing a source gives: it stands for a fault of ours
    taken = await take(house, odd, article("whole", text="The reading room opens at nine."))
    assert (taken.new, taken.gone, taken.again) == (("library/whole",), ("library/night-opening",), False)
    [told] = [each for each in taken.problems if each.where == "library/odd"]
    assert "Error" in told.what
    assert "report it" in told.hint
    assert tuple(await house.store.problems()) == taken.problems


async def narrowed(house: House, length: int) -> None:
    await house.store.put_channel(channel("board", limits=replace(channel("board").limits, length=length)))


async def test_what_is_not_there_and_no_longer_fits_is_rendered_anew_and_held(house):
    found = await uncertain(house)
    await narrowed(house, length=120)
    held = await later(house, found)
    assert (held.state, len(house.boards["board"].calls)) == (State.HELD, 1)
    assert (held.post.parts[0].limit, held.revision) == (120, 2)
    assert "the channel's limits changed (it has" in held.why
    assert held.why.endswith("approve it again")


async def test_what_is_not_there_does_not_fit_and_has_no_article_is_held_as_it_was(house):
    lone = delivery("a1", channel="board")
    await house.store.add_deliveries([lone], house.clock.now())
    house.boards["board"].script = [Unknown(why="connection reset")]
    await house.settle()
    await narrowed(house, length=12)
    held = await later(house, lone)
    assert (held.state, held.post, len(house.boards["board"].calls)) == (State.HELD, lone.post, 1)
    assert "the channel takes 12): change its article or cancel it" in held.why


async def test_a_reading_that_fails_on_the_database_is_no_fault_of_an_article(house):
    async def failing() -> None:
        raise StoreError("the disk is full")

    house.shelf.found = Found(articles=(night(),))
    with pytest.raises(StoreError):
        await Intake(Overtaken(house.store, "put_article", failing), house.clock, house.planner).take(house.shelf)
    assert (await house.intake.take(house.shelf)).new == ("library/night-opening",)
