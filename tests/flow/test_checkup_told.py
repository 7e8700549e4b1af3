"""What everybody is told of a channel that cannot be verified."""

from bot.errors import Unreachable
from bot.ports import Problem
from tests.flow.test_checkup import checkup as checkup


async def test_why_a_channel_is_not_verified_is_kept_until_it_is(house, checkup):
    house.boards["board"].unwell = Unreachable("the board refuses connections", hint="is it up?")
    for look in (checkup.mend, checkup.channels):
        await look()
        again = "is it up?; a running bot asks again every few minutes"
        assert await house.store.problems() == (
            Problem(where="board", what="the board refuses connections", hint=again),
        )
    house.boards["board"].unwell = None
    await checkup.mend()
    assert await house.store.problems() == ()
