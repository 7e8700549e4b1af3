"""What may be public already says so to the next who is to approve it, whatever is done with it meanwhile."""

import pytest

from bot.domain.delivery import State
from bot.domain.edits import Edits, Wish
from bot.errors import NotAllowed
from bot.flow.deciding import SINCE
from bot.flow.editing import Editing
from bot.flow.rewording import Rewording
from tests.flow.test_older_copy import OTHER, WORDS, go_on, taken_and_sent, town  # noqa: F401 - a fixture
from tests.store_samples import HOUR

OURS = "Entirely other words of our own, with tea."


@pytest.fixture
async def doubted(town):  # noqa: F811
    """A house whose article was posted in other words, after the copy of the database that was put back."""
    town.copied()
    town.write(WORDS)
    async with town.open() as house:
        await taken_and_sent(house)
    town.put_back()
    town.write(OTHER, ready=True)
    async with town.open() as house:
        await house.intake.take(house.shelf)
        yield house


async def only(house):
    [found] = await house.store.deliveries()
    return found


async def edit(house, held):
    editing = Editing(house.store, house.clock, house.planner, "desk:anna")
    await editing.change(held.campaign, held.article, Edits(said={held.channel: Wish(text=OURS)}))


async def reword(house, held):
    rewording = Rewording(house.store, house.clock, house.planner, "desk:anna")
    await rewording.say(held.campaign, held.article, held.channel, OURS)


async def send_back(house, held):
    await house.steering.send_back([held.id], "shorter, please")


async def put_back(house, held):
    await house.steering.put_back({held.id: None})


async def approve_and_undo(house, held):
    [approved] = await house.steering.approve([held.id])
    assert approved.state is State.SCHEDULED
    await house.steering.put_back({approved.id: None})


async def approve_and_hold(house, held):
    await house.steering.approve([held.id])
    await house.steering.hold([held.id])


@pytest.mark.parametrize("verb", [edit, reword, send_back, put_back, approve_and_undo, approve_and_hold])
async def test_the_warning_outlasts_every_verb(doubted, verb):
    held = await only(doubted)
    assert (held.state, "look at the platform" in held.why) == (State.HELD, True)
    for _ in range(2):
        await verb(doubted, await only(doubted))
    now = await only(doubted)
    assert (now.state, now.why.partition(SINCE)[0]) == (State.HELD, held.why)
    assert now.why.count(SINCE) <= 1, "of what came after it the newest is told"


@pytest.mark.parametrize("verb", ["move", "put_back"])
async def test_it_is_not_approved_by_being_moved(doubted, verb):
    held = await only(doubted)
    at = doubted.clock.at + 5 * HOUR
    with pytest.raises(NotAllowed, match=r"must be approved by itself: an older copy .* look at the platform"):
        await (doubted.steering.move([held.id], at) if verb == "move" else doubted.steering.put_back({held.id: at}))
    assert await only(doubted) == held
    [approved] = await doubted.steering.approve([held.id])
    assert approved.state is State.SCHEDULED
    [moved] = await doubted.steering.move([held.id], at)
    assert moved.now.due == at
    doubted.clock.at = at
    await go_on(doubted)
    assert (await only(doubted)).state is State.SENT
