"""What managers say in a chat, over the real store: counts, choices, what is next, how things stand."""

from datetime import timedelta

import pytest

from bot.domain.chat import Answer, Question
from bot.domain.delivery import State
from bot.flow.commanding import MANAGERS, MOST, Commanding
from bot.flow.listening import HELP, Listening
from tests.flow.conftest import House
from tests.flow.test_releasing import due_while_paused, states
from tests.store_samples import HOUR, MINUTE, NOON, delivery

BY = "chat:42"


@pytest.fixture
def listening(house: House) -> Listening:
    return Listening(house.store, Commanding(house.store, house.clock, house.steering, "Europe/Paris"))


async def say(listening: Listening, command: str, words: str = "", **more) -> Answer:
    answer = await listening.answer(
        Question(**{"chat": "42", "command": command, "words": words, "manager": BY, **more})
    )
    assert answer is not None
    assert 0 < len(answer.text) <= 4096
    return answer


async def test_resume_tells_what_came_due_and_offers_three_ways_for_this_pause(house, listening):
    await due_while_paused(house)
    asked = await say(listening, "resume")
    assert "Paused since" in asked.text
    assert "storm" in asked.text
    assert "4 came due: 3 on board, 1 on wall." in asked.text
    assert [words.split()[:2] for _, words in asked.choices] == [["/resume", way] for way in ("late", "reslot", "drop")]
    assert len({words.split()[2] for _, words in asked.choices}) == 1
    assert (await house.store.hold()).on


@pytest.mark.parametrize(
    ("way", "told", "left"),
    [
        ("late", "4 posted late", State.SCHEDULED),
        ("reslot", "4 got the next free slot", State.SCHEDULED),
        ("drop", "4 cancelled", State.CANCELLED),
    ],
)
@pytest.mark.parametrize("pressed", [True, False])
async def test_each_way_does_what_it_says_in_the_managers_name(house, listening, way, told, left, pressed):
    await due_while_paused(house)
    choices = {words.split()[1]: words for _, words in (await say(listening, "resume")).choices}
    words = choices[way].removeprefix("/resume ") if pressed else way
    assert told in (await say(listening, "resume", words.title())).text
    assert not (await house.store.hold()).on
    assert {name: state for name, state in (await states(house)).items() if name != "c1"} == dict.fromkeys(
        ("a1", "a2", "a3", "b1"), left
    )
    last = (await house.store.acts())[-1].act
    assert (last.by, last.verb) == (BY, "resume")


async def test_of_two_who_press_one_decides_and_the_other_is_told_who_did(house, listening):
    await due_while_paused(house)
    (_, late), _, (_, drop) = (await say(listening, "resume")).choices
    await say(listening, "resume", late.removeprefix("/resume "), manager="chat:7")
    before = await states(house)
    second = await say(listening, "resume", drop.removeprefix("/resume "))
    assert "Not done: that pause has ended: chat:7 decided to resume" in second.text
    assert await states(house) == before


async def test_a_pause_wants_a_reason_and_keeps_the_moment_of_the_first(house, listening):
    assert "Not done: the reason is missing" in (await say(listening, "hold", "  ")).text
    assert not (await house.store.hold()).on
    await say(listening, "hold", "storm")
    first = await house.store.hold()
    house.pass_time(MINUTE)
    assert "flood" in (await say(listening, "hold", "flood")).text
    again = await house.store.hold()
    assert (first.on, again.on, again.why, again.since) == (True, True, "flood", first.since)


@pytest.mark.parametrize("command", ["hold", "resume", "queue", "status", "help"])
async def test_words_count_for_two_minutes(house, listening, command):
    said = house.clock.now()
    house.pass_time(timedelta(minutes=2))
    assert "Too late" not in (await say(listening, command, at=said)).text
    house.pass_time(timedelta(seconds=1))
    assert (await say(listening, command, "storm", at=said)).text.startswith("Too late")
    assert not (await house.store.hold()).on


@pytest.mark.parametrize("command", ["hold", "resume"])
@pytest.mark.parametrize("seconds", [0, 0.9, 1, 60])
async def test_words_from_before_a_decision_do_not_undo_it(house, listening, command, seconds):
    """A chat tells whole seconds: what was said in the second of the decision may have come after it."""
    said = house.clock.now()
    house.pass_time(timedelta(seconds=seconds))
    await house.steering.acting("cli:anna").pause("storm")
    answer = await say(listening, command, "late", at=said)
    assert answer.text.startswith("Too late: cli:anna decided to pause") == (seconds >= 1)


async def test_queue_shows_what_is_next_in_the_operators_time(house, listening):
    assert (await say(listening, "queue")).text == "Nothing is scheduled."
    long = [delivery(f"a{n:02}", channel="board", due=NOON + n * HOUR) for n in range(MOST + 2)]
    await house.store.add_deliveries(long, NOON)
    lines = (await say(listening, "queue")).text.splitlines()
    assert lines[0] == f"The next {MOST} of {MOST + 2} (times in Europe/Paris):"
    shown = [line for line in lines if " · board · " in line]
    assert len(shown) == MOST
    hours = [(NOON + n * HOUR).astimezone(listening._commanding._zone) for n in range(MOST)]
    assert [line.split(" · ")[0] for line in shown] == [f"{each:%a %d %b %H:%M}" for each in hours]
    assert "paused" not in " ".join(lines)
    await house.steering.pause("storm")
    assert "Everything is paused" in (await say(listening, "queue")).text


async def test_status_tells_pauses_counts_and_what_needs_a_person(house, listening):
    assert (await say(listening, "status")).text.startswith("Posting.\nDeliveries: none yet.")
    await due_while_paused(house)
    await house.store.pause_channel("wall", "the token is not accepted")
    text = (await say(listening, "status")).text
    assert text.startswith("Everything is PAUSED since ")
    assert ": storm\n" in text
    assert "wall is paused: the token is not accepted" in text
    assert "Deliveries: 5 scheduled." in text


async def test_managers_help_names_their_commands_and_readers_help_does_not(house, listening):
    assert (await say(listening, "help")).text == f"{HELP}\n\n{MANAGERS}"
    assert (await say(listening, "help", manager="")).text == HELP
    assert all(f"/{word}" in MANAGERS and f"/{word}" not in HELP for word in ("hold", "resume", "queue", "status"))


@pytest.mark.parametrize("command", ["hold", "resume", "queue", "status"])
@pytest.mark.parametrize("words", ["", "late", "storm"])
async def test_for_readers_these_are_no_commands(house, listening, command, words):
    await house.steering.pause("storm")
    bare = Listening(house.store)
    for private in (True, False):
        question = Question(chat="9", command=command, words=words, private=private)
        assert await listening.answer(question) == await bare.answer(question)
    assert (await house.store.hold()).on


@pytest.mark.parametrize(
    "words", ["latest", "late late", "late 99999999999999999", "late -1", "never", "late@5", "'; --"]
)
async def test_no_other_words_resume(house, listening, words):
    await house.steering.pause("storm")
    assert (await say(listening, "resume", words)).text.startswith("Not done: ")
    assert (await house.store.hold()).on


async def test_a_managers_other_words_are_a_readers(listening):
    assert (await say(listening, "", "moon")).text.startswith("Nothing found")
    assert (await say(listening, "latest")).text == "Nothing has been published yet."
    assert (await say(listening, "id")).text == "Your number here is 42."
    answer = await listening.answer(Question(chat="-5", command="id", words="", private=False))
    assert answer is None


async def test_a_second_hold_tells_the_reason_that_it_replaces(house, listening):
    assert (await say(listening, "hold", "storm")).text.startswith("Everything is paused: storm\n")
    said = (await say(listening, "hold", "the bridge is closed")).text.splitlines()
    assert said[0] == "Everything was paused already since Mon 04 May 14:00: storm"
    assert said[1] == "The reason now reads: the bridge is closed"
