"""What becomes of a post nobody knows the fate of: how often a platform is asked, what it takes to send again, who decides."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.domain.channel import Absence
from bot.domain.delivery import LEASE_MARGIN, STUMBLES, PublishKey, State, key_of
from bot.domain.ledger import Change
from bot.domain.outcome import Outcome, Receipt, Refused, Unknown
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.errors import CannotTell, Unreachable
from bot.flow.reconcile import Reconcile
from bot.flow.settling import Verdict
from tests.fakes import NoticeBoard
from tests.flow.conftest import PACE, House
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, article, attempt, channel, delivery

LOST = Unknown(why="no answer in time")
TWICE = Absence(reads=2, apart=MINUTE, resends=1)


async def uncertain(house: House, rule: Absence | None = None, plan: Plan | None = None, **more) -> NoticeBoard:
    """Let a delivery's first publishing call be lost, and the quiet period pass."""
    board = house.boards["board"]
    if rule is not None:
        known = channel("board")
        await house.store.put_channel(replace(known, limits=replace(known.limits, absence=rule)))
    if plan is not None:
        await house.store.put_plan("board", plan)
    board.script = [LOST]
    await house.store.add_deliveries([delivery("a1", channel="board", **more)], NOON)
    await house.settle()
    house.pass_time(PACE.quiet)
    return board


async def told(house: House) -> list[str]:
    return [why for _, _, why in await house.store.history("a1")]


async def test_absence_is_believed_after_two_looks_a_minute_apart_and_the_very_same_is_sent_once_more(house):
    board = await uncertain(house, TWICE)
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due) == (State.UNCERTAIN, house.clock.now() + MINUTE)
    house.pass_time(MINUTE - SECOND)
    await house.reconcile.look()
    await house.settle()
    assert len(board.calls) == 1
    house.pass_time(SECOND)
    await house.reconcile.look()
    assert (await house.store.delivery("a1")).state == State.RETRYING
    await house.settle()
    first, second = board.calls
    assert (first.part, first.key, first.reply_to) == (second.part, second.key, second.reply_to)
    assert (await house.store.delivery("a1")).state == State.SENT
    words, (one, two) = await told(house), (f"{NOON + PACE.quiet + wait:%H:%M:%S} UTC" for wait in (0 * MINUTE, MINUTE))
    assert f"looked at {one}: not there; again at {two}" in words
    assert any(why.startswith(f"looked at {one} and {two}: not there") for why in words)


async def test_what_shows_only_at_the_second_look_is_not_sent_again(house):
    board = await uncertain(house, TWICE)
    await house.reconcile.look()
    board.show(board.calls[0].key)
    house.pass_time(MINUTE)
    await house.reconcile.look()
    await house.settle()
    assert (await house.store.delivery("a1")).state == State.SENT
    assert len(board.calls) == 1
    assert any("it is there, https://board.example/1" in why for why in await told(house))


async def test_what_left_no_trace_twice_is_parked_with_three_choices(house):
    board = await uncertain(house, TWICE)
    board.script = [LOST] * 9
    for _ in range(30):
        await house.reconcile.look()
        await house.settle()
        house.pass_time(MINUTE)
    found = await house.store.delivery("a1")
    assert (found.state, found.due, len(board.calls)) == (State.UNCERTAIN, None, 2)
    for choice in ("not there after 2 tries", "it is there", "sent again", "given up"):
        assert choice in found.why


async def test_a_plan_that_forbids_it_leaves_sending_again_to_a_person(house):
    board = await uncertain(house, TWICE, Plan(resend=False))
    for _ in range(5):
        await house.reconcile.look()
        await house.settle()
        house.pass_time(MINUTE)
    found = await house.store.delivery("a1")
    assert (found.state, found.due, len(board.calls)) == (State.UNCERTAIN, None, 1)
    assert "the channel's plan leaves it to a person" in found.why
    assert found.why.count("UTC") == 2


async def test_a_plan_that_forbids_it_does_not_keep_proof_from_being_found(house):
    board = await uncertain(house, TWICE, Plan(resend=False))
    board.show(board.calls[0].key)
    await house.reconcile.look()
    assert (await house.store.delivery("a1")).state == State.SENT


async def test_a_platform_that_takes_nothing_again_is_never_told_twice(house):
    board = await uncertain(house, Absence(resends=0))
    await house.reconcile.look()
    await house.settle()
    assert ((await house.store.delivery("a1")).due, len(board.calls)) == (None, 1)


async def test_after_a_restart_everything_is_looked_at_again(house):
    board = await uncertain(house, TWICE)
    await house.reconcile.look()
    house.pass_time(MINUTE)
    again = Reconcile(house.store, house.clock, house.boards, house.steering, PACE)
    await again.look()
    assert (await house.store.delivery("a1")).state == State.UNCERTAIN
    house.pass_time(MINUTE)
    await again.look()
    await house.settle()
    assert ((await house.store.delivery("a1")).state, len(board.calls)) == (State.SENT, 2)


async def test_nothing_is_believed_absent_while_it_may_still_land(house):
    """As after a copy of the database was put back: due at once, though its last attempt is young."""
    board, waits = house.boards["board"], delivery("a1", channel="board")
    await house.store.add_deliveries([waits], NOON)
    armed = attempt(waits, deadline=NOON + PACE.deadline)
    await house.store.arm(waits, armed, armed.deadline + LEASE_MARGIN)
    sending = await house.store.delivery("a1")
    await house.store.move([Change.of(sending, State.UNCERTAIN, "restored", due=NOON)], NOON)
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due) == (State.UNCERTAIN, NOON + PACE.quiet)
    board.show(armed.key)
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    assert ((await house.store.delivery("a1")).state, board.calls) == (State.SENT, [])


async def test_a_post_that_crashes_its_adapter_is_parked_and_others_flow(house):
    board = await uncertain(house)
    board.answers = [KeyError("a bug")] * 50
    board.script = [LOST]
    await house.store.add_deliveries([delivery("b1", channel="board", due=house.clock.now())], NOON)
    await house.settle()
    board.show(board.calls[1].key)
    for _ in range(20):
        await house.reconcile.look()
        house.pass_time(MINUTE)
        if (await house.store.delivery("a1")).due is None:
            board.answers.clear()
    parked, other = await house.store.delivery("a1"), await house.store.delivery("b1")
    assert (parked.state, parked.due) == (State.UNCERTAIN, None)
    assert f"{STUMBLES} times the adapter failed with KeyError" in parked.why
    assert other.state == State.SENT


async def test_a_platform_that_does_not_answer_is_asked_after_growing_pauses(house):
    board = await uncertain(house)
    board.answers = [Unreachable("board.example did not answer in time")] * 8
    pauses = []
    for _ in range(8):
        await house.reconcile.look()
        due = (await house.store.delivery("a1")).due
        pauses.append(due - house.clock.now())
        house.clock.at = due
    assert pauses == sorted(pauses)
    assert pauses[-1] > 30 * pauses[0]
    assert any("could not ask: board.example did not answer in time" in why for why in await told(house))
    await house.reconcile.look()
    assert (await house.store.delivery("a1")).state == State.RETRYING


@dataclass(slots=True)
class Asked(NoticeBoard):
    """A platform that notes who is looked for, and may run something then."""

    looks: list[str] = field(default_factory=list)
    silent: bool = False
    stops: Reconcile | None = None

    async def find(self, part: Part, key: PublishKey, since) -> Receipt | None:
        self.looks.append(part.text)
        if self.stops is not None:
            self.stops.stop()
        if self.silent:
            raise Unreachable("no answer")
        return None


async def several(house: House, name: str, count: int) -> Asked:
    """Leave so many uncertain deliveries on a channel, all due."""
    board = house.boards[name] = Asked(house.clock, script=[LOST] * count)
    for number in range(count):
        await house.store.add_deliveries([delivery(f"{name}{number}", channel=name, due=house.clock.now())], NOON)
        await house.settle()
        house.pass_time(SECOND)
    house.pass_time(PACE.quiet)
    return board


async def test_a_silent_platform_is_asked_once_in_a_look_and_holds_up_no_other(house):
    board, wall = await several(house, "board", 3), await several(house, "wall", 3)
    board.silent = True
    await house.reconcile.look()
    assert (len(board.looks), len(wall.looks)) == (1, 3)


async def test_a_look_ends_after_the_delivery_it_is_at_when_the_bot_stops(house):
    board = await several(house, "board", 3)
    board.stops = house.reconcile
    await house.reconcile.look()
    await house.reconcile.look()
    assert len(board.looks) == 1


async def test_another_part_with_the_same_words_is_no_proof(house):
    board = house.boards["board"]
    board.break_at = 2
    await house.store.add_deliveries([delivery("a1", channel="board", parts=2)], NOON)
    await house.settle()
    first = (await house.store.delivery("a1")).receipts[0][1]
    board.break_at, board.script, board.answers = 0, [LOST], [first]
    house.pass_time(MINUTE)
    await house.settle()
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due, len(found.receipts)) == (State.UNCERTAIN, None, 1)
    assert "another part of it" in found.why


async def test_what_a_platform_cannot_tell_is_parked_with_its_reason(house):
    board = await uncertain(house)
    board.answers = [CannotTell("nobody can be asked", hint="look yourself")]
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due) == (State.UNCERTAIN, None)
    assert found.why == f"looked at {house.clock.now():%H:%M:%S} UTC: nobody can be asked; look yourself"


@pytest.mark.parametrize("outcome", [LOST, Refused(why="a duplicate")], ids=["unknown", "refused"])
async def test_an_answer_in_between_ends_the_search(house, outcome: Outcome):
    board = await uncertain(house, TWICE)
    await house.reconcile.look()
    house.pass_time(MINUTE)
    await house.reconcile.look()
    board.script = [outcome]
    await house.settle()
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert found.state == (State.UNCERTAIN if outcome is LOST else State.FAILED)
    if outcome is LOST:
        assert found.due == house.clock.now() + timedelta(minutes=1), "the second attempt's looks begin anew"


async def test_looks_for_one_attempt_do_not_count_for_the_next(house):
    """A person sends it again after the first look, and that try is lost too, before anybody looked anew."""
    board = await uncertain(house, TWICE)
    await house.reconcile.look()
    await house.store.put_article(article(), NOON)
    await house.steering.settle("a1", Verdict.ABSENT)
    board.script = [LOST]
    await house.settle()
    assert ((await house.store.delivery("a1")).state, len(board.calls)) == (State.UNCERTAIN, 2)
    house.pass_time(PACE.quiet)
    await house.reconcile.look()
    found = await house.store.delivery("a1")
    assert (found.state, found.due) == (State.UNCERTAIN, house.clock.now() + MINUTE)


async def test_it_waits_for_hours_without_a_bot_and_is_still_only_looked_for(house):
    board = await uncertain(house, TWICE)
    house.pass_time(9 * HOUR)
    board.show(board.calls[0].key)
    await house.reconcile.look()
    assert ((await house.store.delivery("a1")).state, len(board.calls)) == (State.SENT, 1)


async def test_a_clock_that_is_an_hour_fast_does_not_hide_the_post(house):
    board = house.boards["board"]
    board.clock = HandClock(NOON - HOUR)
    held = delivery("a1", channel="board")
    board.show(PublishKey(value=key_of("a1", 1, held.revision), at=NOON))
    await uncertain(house)
    look = Reconcile(
        house.store, house.clock, house.boards, house.steering, PACE, ahead=lambda: house.clock.now() - NOON - HOUR
    )
    await look.look()
    found = await house.store.delivery("a1")
    assert (found.state, len(board.calls)) == (State.SENT, 1)
