"""Verifying channels over the real store: live limits, refused credentials, paused channels, posts that no longer fit."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from bot.clock import PeerClocks, SystemClock
from bot.domain.channel import Channel
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.outcome import Unauthorised
from bot.domain.text.measure import length
from bot.errors import BadSetting, Unreachable
from bot.flow.checkup import Checkup, clock, surroundings
from bot.flow.refitting import WHY, Refitting
from bot.ports import Found, Problem
from tests.fakes import LIMITS
from tests.flow.conftest import House
from tests.store_samples import HOUR, MINUTE, PICTURE, article, channel

SENTENCES = " ".join(f"Reading room {n} stays open until midnight on the last Friday." for n in range(12))
LONG = article(text=SENTENCES, excerpt=SENTENCES[: SENTENCES.index(" Reading room 7")], images=(), tags=())


@pytest.fixture
def checkup(house: House) -> Checkup:
    configured = tuple(Channel(name=name, platform=name, limits=LIMITS) for name in ("board", "wall"))
    refitting = Refitting(house.store, house.clock, house.planner)
    return Checkup(house.store, house.boards, configured, refitting, house.clock)


async def channels(house: House) -> dict[str, Channel]:
    return {each.name: each for each in await house.store.channels()}


async def queue(house: House, *articles) -> None:
    house.shelf.found = Found(articles=articles, present=frozenset((each.campaign, each.name) for each in articles))
    await house.intake.take(house.shelf)


async def on(house: House, name: str) -> Delivery:
    (found,) = await house.store.deliveries(channel=name)
    return found


async def test_a_verified_channel_has_its_account_and_its_servers_own_limits(house, checkup):
    house.boards["board"].limits = replace(LIMITS, length=5000, images=7)
    findings = await checkup.channels()
    assert [(each.subject, each.level) for each in findings] == [("board", "ok"), ("wall", "ok")]
    assert findings[0].what == "@board: 5,000 code points, 7 images"
    known = (await channels(house))["board"]
    assert (known.account, known.url) == ("@board", "https://board.example")
    assert known.limits == replace(LIMITS, length=5000, images=7)


@pytest.mark.parametrize(
    "fault",
    [BadSetting("the token was refused", hint="make a new one"), Unreachable("no answer"), ValueError("a slip")],
)
async def test_a_channel_that_cannot_be_verified_is_an_error_and_hides_no_other(house, checkup, fault):
    before = (await channels(house))["board"]
    house.boards["board"].unwell = fault
    board, wall = await checkup.channels()
    assert (board.level, wall.level) == ("error", "ok")
    assert board.what
    assert board.hint == getattr(fault, "hint", board.hint)
    assert (await channels(house))["board"] == before


async def test_registering_keeps_what_is_known_of_a_channel(house, checkup):
    live = channel("board", account="@us", limits=replace(LIMITS, length=77))
    await house.store.put_channel(live)
    await house.store.pause_channel("board", "credential refused")
    await checkup.register()
    known = (await channels(house))["board"]
    assert (known.account, known.limits.length, known.paused) == ("@us", 77, "credential refused")


async def test_registering_adds_what_is_new_with_its_platforms_limits(house):
    extra = Channel(name="wall__b", platform="wall", limits=LIMITS)
    refitting = Refitting(house.store, house.clock, house.planner)
    await Checkup(house.store, {}, (extra,), refitting, house.clock).register()
    assert (await channels(house))["wall__b"] == extra


async def test_a_refused_credential_pauses_the_channel_and_a_new_one_is_enough_to_go_on(house, checkup):
    await checkup.channels()
    await queue(house, article())
    house.boards["board"].script = [Unauthorised(why="token revoked")]
    house.boards["board"].unwell = BadSetting("token revoked")
    house.pass_time(HOUR)
    await house.settle(rounds=2)
    assert (await channels(house))["board"].paused
    assert (await on(house, "board")).state == State.RETRYING
    assert (await on(house, "wall")).state == State.SENT
    await checkup.mend()
    assert (await channels(house))["board"].paused
    house.boards["board"].unwell = None
    await checkup.mend()
    assert (await channels(house))["board"].paused == ""
    house.pass_time(MINUTE)
    await house.settle()
    assert (await on(house, "board")).state == State.SENT
    assert len(house.boards["board"].effects) == 1


async def test_mending_asks_only_those_that_are_paused_or_were_never_reached(house, checkup):
    house.boards["board"].unwell = Unreachable("the network is down")
    await checkup.channels()
    house.boards["wall"].limits = replace(LIMITS, length=99)
    house.boards["board"].limits = replace(LIMITS, length=88)
    house.boards["board"].unwell = None
    await checkup.mend()
    found = await channels(house)
    assert (found["board"].limits.length, found["wall"].limits.length) == (88, LIMITS.length)


async def scheduled_by_500(house: House, checkup: Checkup, *articles) -> None:
    for board in house.boards.values():
        board.limits = replace(LIMITS, length=500)
    await checkup.channels()
    await queue(house, *articles or (LONG,))


async def test_what_waits_is_rendered_anew_and_held_when_the_limits_shrink_below_it(house, checkup):
    await scheduled_by_500(house, checkup)
    before = await on(house, "board")
    assert (before.state, before.post.parts[0].length > 300) == (State.SCHEDULED, True)
    house.boards["board"].limits = replace(LIMITS, length=300)
    finding, _ = await checkup.channels()
    assert finding.level == "warning"
    assert "1 waiting post held" in finding.what
    after = await on(house, "board")
    assert (after.state, after.slot, after.revision, after.id) == (State.HELD, None, 2, before.id)
    counted = f"it has {before.post.parts[0].length} code points, the channel takes 300"
    assert after.why.startswith(f"{WHY} ({counted}): "), after.why
    assert after.why.endswith("approve it again")
    assert all(note in after.why for note in after.post.notes if note not in before.post.notes)
    assert all(length(part.text, LIMITS) <= 300 and part.limit == 300 for part in after.post.parts)
    assert after.excerpt.text in SENTENCES
    assert (await on(house, "wall")).state == State.SCHEDULED


async def test_what_is_rendered_anew_says_what_else_keeps_it_from_being_sent(house, checkup):
    bare = replace(LONG, images=(replace(PICTURE, alt=""),))
    await scheduled_by_500(house, checkup, bare)
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    assert (await on(house, "board")).why.endswith("; image 1 has no alt text")


async def test_what_was_held_goes_out_as_it_is_shown_once_it_is_approved_again(house, checkup):
    await scheduled_by_500(house, checkup)
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    held = await on(house, "board")
    await house.steering.approve([held.id])
    house.pass_time(24 * HOUR)
    await house.settle(rounds=2)
    assert tuple(call.part for call in house.boards["board"].calls) == held.post.parts


@pytest.mark.parametrize("limits", [LIMITS, replace(LIMITS, length=501)], ids=["equal", "grown"])
async def test_equal_or_larger_limits_change_nothing(house, checkup, limits):
    for board in house.boards.values():
        board.limits = limits
    await checkup.channels()
    await queue(house, LONG, article("b", text="The café opens at nine.", ready=False))
    before = await house.store.deliveries()
    house.boards["board"].limits = replace(limits, length=limits.length + 100 * (limits != LIMITS))
    assert [each.level for each in await checkup.channels()] == ["ok", "ok"]
    assert await house.store.deliveries() == before


async def test_only_what_no_longer_fits_is_touched(house, checkup):
    short = article("short", text="Tea is served in the reading room.", images=(), tags=())
    await scheduled_by_500(house, checkup, LONG, short)
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    states = {each.article: (each.state, each.revision) for each in await house.store.deliveries(channel="board")}
    assert states == {"night-opening": (State.HELD, 2), "short": (State.SCHEDULED, 1)}


async def test_looking_twice_holds_once(house, checkup):
    await scheduled_by_500(house, checkup)
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    before = await house.store.deliveries()
    assert {each.state for each in before} == {State.HELD, State.SCHEDULED}
    assert (await checkup.channels())[0].level == "ok"
    assert await house.store.deliveries() == before


async def test_a_look_that_was_cut_short_is_made_up_for_by_the_next(house, checkup):
    await scheduled_by_500(house, checkup)
    known = (await channels(house))["board"]
    await house.store.put_channel(replace(known, limits=replace(known.limits, length=300)))
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    assert (await on(house, "board")).state == State.HELD


async def test_what_cannot_be_made_to_fit_is_held_with_the_reason_and_only_once(house, checkup):
    from bot.domain.campaign import Campaign

    imprint = "Published by the town library, Market Square 1, open every day but Sunday."
    await house.store.put_campaigns([Campaign(name="library", disclosure=imprint)])
    await scheduled_by_500(house, checkup)
    house.boards["board"].limits = replace(LIMITS, length=40)
    await checkup.channels()
    held = await on(house, "board")
    assert (held.state, held.revision) == (State.HELD, 1)
    assert "change its article" in held.why
    history = await house.store.history(held.id)
    await checkup.channels()
    assert await house.store.history(held.id) == history


async def test_pictures_and_their_words_count_too(house, checkup):
    pictured = article(images=(*article().images, replace(article().images[0], sha256="cd" * 32)))
    await queue(house, pictured)
    assert len((await on(house, "board")).post.parts[0].images) == 2
    house.boards["board"].limits = replace(LIMITS, images=1)
    house.boards["wall"].limits = replace(LIMITS, alt=5)
    await checkup.channels()
    assert [len((await on(house, name)).post.parts[0].images) for name in ("board", "wall")] == [1, 2]
    assert max(len(image.alt) for image in (await on(house, "wall")).post.parts[0].images) <= 5
    assert {each.state for each in await house.store.deliveries()} == {State.HELD}


async def test_a_thread_that_has_begun_is_left_to_go_on(house, checkup):
    thread = replace(LONG, thread=True, excerpt=SENTENCES)
    await scheduled_by_500(house, checkup, thread)
    house.boards["board"].break_at = 2
    house.pass_time(HOUR)
    await house.settle(rounds=2)
    begun = await on(house, "board")
    assert (begun.state, len(begun.receipts)) == (State.RETRYING, 1)
    house.boards["board"].limits = replace(LIMITS, length=300)
    await checkup.channels()
    assert await on(house, "board") == begun


async def test_nothing_that_is_over_is_looked_at(house, checkup):
    await scheduled_by_500(house, checkup)
    await house.steering.cancel([(await on(house, "wall")).id])
    house.pass_time(HOUR)
    await house.settle(rounds=2)
    before = {each.channel: each for each in await house.store.deliveries()}
    assert not {each.state for each in before.values()} & UNSENT
    for board in house.boards.values():
        board.limits = replace(LIMITS, length=100)
    await checkup.channels()
    assert {each.channel: each for each in await house.store.deliveries()} == before


def test_the_managers_folder_is_part_of_the_checkup():
    assert surroundings((), folder_there=False, folder="queue")[0].level == "warning"
    assert [each.level for each in surroundings((), folder_there=True, folder="queue")] == ["ok"]
    problems = (
        Problem(where="a.md:3", what="no title", hint="add one"),
        Problem(where="b.md", what="?", level="warning"),
    )
    told = surroundings(problems, folder_there=True, folder="queue")
    assert [(each.subject, each.level, each.hint) for each in told] == [
        ("a.md:3", "error", "add one"),
        ("b.md", "warning", ""),
    ]


@pytest.mark.parametrize(
    ("seconds", "level", "word"),
    [
        (0, "ok", "within"),
        (-29, "ok", "within"),
        (45, "warning", "behind"),
        (-45, "warning", "ahead of"),
        (400, "error", "400"),
    ],
)
def test_a_clock_that_is_off_is_told(seconds, level, word):
    (finding,) = clock(timedelta(seconds=seconds))
    assert (finding.subject, finding.level, word in finding.what) == ("clock", level, True)
    assert clock(None) == []


@pytest.mark.parametrize("odd", [None, "", "yesterday"])
def test_an_answer_without_a_date_tells_nothing_of_the_clock(odd):
    peers = PeerClocks(SystemClock())
    peers.heard("a.example", odd)
    assert peers.ahead is None


def test_the_date_of_an_answer_tells_how_far_the_clocks_stand_apart():
    peers = PeerClocks(SystemClock())
    peers.heard("a.example", format_datetime(peers.clock.now() + timedelta(hours=1), usegmt=True))
    assert peers.ahead is not None
    assert abs(peers.ahead - timedelta(hours=1)) < timedelta(seconds=5)


async def refused_again(house, checkup) -> bool:
    """Let the channel's next post be refused, if it goes on; tell whether it did."""
    before = len(house.boards["board"].calls)
    house.boards["board"].script = [Unauthorised(why="403", mend="give the app Read and write")]
    await house.settle()
    house.boards["board"].script = []
    return len(house.boards["board"].calls) > before


async def test_a_channel_that_verifies_and_is_refused_all_the_same_goes_on_after_ever_longer_pauses(house, checkup):
    await checkup.channels()
    await queue(house, article())
    house.pass_time(HOUR)
    assert await refused_again(house, checkup)
    tried = []
    for _ in range(int(24 * HOUR / (5 * MINUTE))):
        await checkup.mend()
        paused = (await channels(house))["board"].paused
        house.pass_time(MINUTE * 4)
        if not paused:
            house.pass_time(MINUTE)
            tried.append(house.clock.now())
            assert await refused_again(house, checkup)
            assert (await channels(house))["board"].paused == "403; give the app Read and write"
        else:
            house.pass_time(MINUTE)
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits[:4] == [5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE]
    assert max(waits) <= 6 * HOUR + 5 * MINUTE
    assert len(tried) < 12
    found = await on(house, "board")
    assert found.state in (State.RETRYING, State.HELD), "its deliveries are kept"


async def test_what_was_learnt_of_refusals_is_forgotten_after_a_success_and_after_a_restart(house, checkup):
    async def goes_on(checkup: Checkup) -> bool:
        await house.store.pause_channel("board", "403")
        await checkup.mend()
        return not (await channels(house))["board"].paused

    await checkup.channels()
    assert await goes_on(checkup)
    assert not await goes_on(checkup)
    house.pass_time(5 * MINUTE)
    assert await goes_on(checkup)
    house.pass_time(5 * MINUTE)
    assert not await goes_on(checkup)
    await house.store.pause_channel("board", "")
    await queue(house, article())
    house.pass_time(MINUTE)
    await house.steering.send_now([(await on(house, "board")).id])
    await house.settle()
    assert (await on(house, "board")).state == State.SENT
    house.pass_time(MINUTE)
    assert await goes_on(checkup), "after a post that went out"
    assert not await goes_on(checkup)
    refitting = Refitting(house.store, house.clock, house.planner)
    configured = tuple(Channel(name=name, platform=name, limits=LIMITS) for name in ("board", "wall"))
    assert await goes_on(Checkup(house.store, house.boards, configured, refitting, house.clock)), "after a restart"


async def test_a_channel_that_goes_on_because_somebody_asked_says_why_it_was_paused(house, checkup):
    await house.store.pause_channel("board", "401; make a new token and put it into BOARD_TOKEN")
    board, wall = await checkup.channels()
    assert (board.level, wall.level) == ("warning", "ok")
    assert "it was paused (401; make a new token and put it into BOARD_TOKEN)" in board.what
    assert "paused again" in board.hint
    assert await house.store.acts() == (), "nobody is named who did not ask"
    await house.store.pause_channel("board", "401")
    await checkup.channels("cli:anna")
    [entry] = await house.store.acts()
    assert (entry.act.by, entry.act.verb, entry.act.subject) == ("cli:anna", "resume channel", "board")
    assert entry.act.words == "it was paused: 401"
    assert (await channels(house))["board"].paused == ""


async def test_a_paused_channel_that_cannot_be_verified_stays_paused_with_its_reason(house, checkup):
    await house.store.pause_channel("board", "401")
    house.boards["board"].unwell = BadSetting("the account is suspended", hint="log in and see")
    board, _ = await checkup.channels()
    assert (board.level, board.what, board.hint) == ("error", "the account is suspended", "log in and see")
    for _ in range(5):
        await checkup.mend()
        house.pass_time(HOUR)
        assert (await house.store.ready(house.clock.now(), ())).deliveries == ()
    assert (await channels(house))["board"].paused == "401"
