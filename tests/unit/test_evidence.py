"""What is told of a delivery of which nobody knows whether it is public."""

from dataclasses import replace

from bot.domain.delivery import State
from bot.domain.evidence import evidence
from bot.domain.outcome import Sent, Unknown
from tests.store_samples import MINUTE, NOON, SECOND, attempt, delivery, receipt

WAITING = delivery("a1", parts=3)
FIRST = replace(attempt(WAITING), ended=NOON + SECOND, outcome=Sent(receipt=receipt("1")))
SECOND_PART = attempt(WAITING, part=2, armed=NOON + MINUTE, deadline=NOON + 2 * MINUTE)
STALE = (NOON - MINUTE, State.UNCERTAIN, "an older doubt, long settled")
HISTORY = (
    STALE,
    (NOON, State.SENDING, ""),
    (NOON + 2 * MINUTE, State.UNCERTAIN, "part 2 of 3: connection reset"),
    (NOON + 3 * MINUTE, State.UNCERTAIN, "looked at 12:03: not there"),
)
UNSURE = replace(WAITING, state=State.UNCERTAIN, receipts=((1, receipt("1")),), due=NOON + 9 * MINUTE)


def told(one, *attempts):
    return [((each.at - NOON) // SECOND if each.at else None, each.what) for each in evidence(one, attempts, HISTORY)]


def test_everything_known_is_told_in_order_and_what_comes_next():
    heard = replace(SECOND_PART, ended=NOON + 2 * MINUTE, outcome=Unknown(why="connection reset"))
    assert told(UNSURE, FIRST, heard) == [
        (60, "part 2 of 3 was about to be sent"),
        (120, "from here on no answer to that was waited for"),
        (120, "what was heard: connection reset"),
        (180, "looked at 12:03: not there"),
        (540, "the platform is asked again"),
    ]


def test_silence_is_told_and_that_only_a_person_can_go_on():
    found = told(replace(UNSURE, due=None), FIRST, SECOND_PART)
    assert (120, "nothing was heard of it") in found
    assert found[-1] == (None, "only a person can find out: look at the channel, then settle it")


def test_of_what_is_known_no_evidence_is_needed():
    assert evidence(WAITING, (FIRST,), HISTORY) == ()
