"""What a delivery's page tells those who are to decide about it."""

from bot.domain.delivery import State
from bot.domain.outcome import Unknown
from tests.faces.test_desk import end, page, put, section
from tests.store_samples import HOUR, NOON, delivery, receipt


async def test_of_what_is_uncertain_all_that_is_known_is_told(desk, http):
    async with desk() as served:
        lost = Unknown(why="503 from the platform")
        await end(served, delivery("a1"), lost, State.UNCERTAIN, "nobody can tell: 503", due=NOON + HOUR)
        story = section(await page(http, served, "/delivery/a1"), "decide")
    assert "Mon 4 May, 12:00:00 part 1 of 1 was about to be sent" in story
    assert "Mon 4 May, 12:00:01 what was heard: 503 from the platform" in story
    assert "Mon 4 May, 13:00:00 the platform is asked again" in story


async def test_a_thread_that_is_half_out_is_finished_or_taken_back(desk, http):
    async with desk() as served:
        await put(served, delivery("a1", parts=2, due=None))
        await served.live.app.store.receipt("a1", 1, receipt("1"))
        story = section(await page(http, served, "/delivery/a1"), "decide")
    assert "handbill approve a1" in story
    assert "handbill retract a1" in story
    assert "cancel" not in story
