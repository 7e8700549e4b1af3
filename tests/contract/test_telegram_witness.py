"""Proof by the discussion group on Telegram over real HTTP: what was posted comes back, and clears up lost answers."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.chats import telegram
from bot.domain.chat import Answer, Question
from bot.errors import StoreError, Unreachable
from bot.ports import Sighting
from bot.sandbox.telegram import DISCUSSION
from bot.sandbox.world import Fault
from tests.contract.telegram_bench import KEY, benched, part, picture, receipt_of
from tests.contract.telegram_readers import ADA, Desk, HurriedClock, listening, replies, until


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path, rate=0) as made:
        made.clock = HurriedClock()
        yield made


async def test_what_was_posted_comes_back_as_proof(bench):
    channel = bench.channel(DISCUSSION=str(DISCUSSION))
    images = (await picture(bench, "red"), await picture(bench, "blue"))
    async with listening(bench, Desk().answer):
        text = receipt_of(await channel.publish(part("🚲 Doors open"), KEY, None))
        album = receipt_of(await channel.publish(part("Two walls", images=images), KEY, None))
        await until(lambda: len(bench.witness.seen) == 3)
        await until(lambda: bench.witness.heard)
    assert [(each.channel, each.text, each.receipt.id) for each in bench.witness.seen] == [
        ("telegram__library", "🚲 Doors open", text.id),
        ("telegram__library", "Two walls", album.id),
        ("telegram__library", "", album.pieces[0]),
    ]
    assert bench.witness.seen[0].receipt.url == text.url
    assert set(bench.witness.heard) == {"telegram__library"}


async def test_a_lost_answer_is_cleared_up_by_the_discussion_group(bench):
    """The whole way: the answer is lost after the post went out, the outcome is unknown, `find` proves it."""
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC)
    images = (await picture(bench, "red"), await picture(bench, "blue"))
    bench.world.faults.append(Fault(platform="telegram", kind="reset"))
    await channel.publish(part("Lost, not gone", images=images), KEY, None)
    async with listening(bench, Desk().answer):
        await until(lambda: len(bench.witness.seen) == 2)
    found = await channel.find(part("Lost, not gone", images=images), KEY, since)
    (effect,) = bench.world.visible("telegram")
    assert found is not None
    assert (found.id, found.url, len(found.pieces)) == (effect.id, effect.url, 1)
    with pytest.raises(Unreachable):
        await channel.find(part("Never sent"), KEY, since)


async def test_what_was_heard_counts_from_before_it_was_dealt_with(bench):
    """A post may come while a reader is answered: nothing later than the poll's own return may count as heard."""
    moments: list[datetime] = []

    async def slow(_: Question) -> Answer:
        await asyncio.sleep(0.2)
        moments.append(datetime.now(UTC))
        return Answer(text="Slow.")

    async with listening(bench, slow):
        await until(lambda: any(method == "getUpdates" for method, _ in bench.service.requests))
        bench.service.say(ADA, "hello", "Ada")
        await until(lambda: bench.witness.heard)
    assert bench.witness.heard["telegram__library"] < moments[0]


async def test_a_full_batch_does_not_count_as_having_heard_all(bench, monkeypatch):
    monkeypatch.setattr(telegram, "BATCH", 2)
    heard_before_last: list[bool] = []

    async def answer(question: Question) -> Answer:
        heard_before_last.append(bool(bench.witness.heard))
        return Answer(text=question.words)

    for number in range(3):
        bench.service.say(ADA, f"{number}", "Ada")
    async with listening(bench, answer):
        await until(lambda: len(replies(bench)) == 3 and bench.witness.heard)
    assert heard_before_last == [False, False, False]


async def test_proof_is_never_passed_over_however_often_it_cannot_be_kept(bench):
    fails = telegram.TRIES + 2
    kept = bench.witness.saw

    async def failing(sighting: Sighting) -> None:
        nonlocal fails
        if fails:
            fails -= 1
            raise StoreError("the disk is full")
        await kept(sighting)

    bench.witness.saw = failing
    receipt = receipt_of(await bench.channel().publish(part(), KEY, None))
    async with listening(bench, Desk().answer):
        await until(lambda: bench.witness.seen)
    assert [each.receipt.id for each in bench.witness.seen] == [receipt.id]
    assert len(bench.clock.slept) == telegram.TRIES + 2


async def test_forwards_from_elsewhere_prove_nothing(bench):
    async with listening(bench, Desk().answer):
        bench.service.say(DISCUSSION, "Doors open at seven.", "Ada")
        await until(lambda: bench.witness.heard)
    assert bench.witness.seen == []
