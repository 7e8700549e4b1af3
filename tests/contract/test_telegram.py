"""The Telegram channel over real HTTP: what followers see, who may post, and what can be proved afterwards."""

import logging
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.channel import Unit
from bot.domain.outcome import Receipt, Refused, ReplyTo, Retry, Sent
from bot.domain.post import Card
from bot.errors import BadSetting, CannotTell, HandbillError, Unreachable
from bot.platforms import telegram
from bot.ports import Sighting
from bot.sandbox.telegram import CHANNEL, DISCUSSION
from bot.sandbox.world import Fault
from tests.contract.held import HELD
from tests.contract.telegram_bench import (
    KEY,
    LINK,
    TOKEN,
    Bench,
    benched,
    linked,
    part,
    picture,
    receipt_of,
    reply_to,
)


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path) as made:
        yield made


async def test_a_text_with_a_link_is_seen_as_written_with_offsets_in_utf16(bench):
    text = f"🚲🚲 Der Fahrradclub lädt ein: {LINK} #räder"
    before = datetime.now(UTC)
    receipt = receipt_of(await bench.channel().publish(linked(text), KEY, None))

    (effect,) = bench.world.visible("telegram")
    assert (effect.text, effect.account, effect.id) == (text, CHANNEL, receipt.id)
    assert effect.spans == (
        (text.index(LINK), text.index(LINK) + len(LINK), "link", LINK),
        (text.index("#"), len(text), "tag", "räder"),
    )
    assert effect.card["url"] == LINK
    assert receipt.url == effect.url == f"https://t.me/{CHANNEL[1:]}/{receipt.id}"
    assert before - timedelta(seconds=1) <= receipt.at <= datetime.now(UTC)
    assert bench.service.requests[-1] == (
        "sendMessage",
        {
            "chat_id": CHANNEL,
            "text": text,
            "entities": [{"type": "text_link", "offset": 31, "length": len(LINK), "url": LINK}],
            "link_preview_options": {"url": LINK},
        },
    )


async def test_words_can_carry_a_link_and_a_card_decides_the_preview(bench):
    said = replace(linked("The museum is open again: read more", "read more"), card=Card(url=LINK + "&card", title="x"))
    await bench.channel().publish(said, KEY, None)
    (effect,) = bench.world.visible("telegram")
    assert effect.spans == ((26, 35, "link", LINK),)
    assert effect.card["url"] == LINK + "&card"


async def test_a_text_without_a_link_gets_no_preview_of_what_looks_like_one(bench):
    await bench.channel().publish(part("Our talk is called readme.org and starts at six."), KEY, None)
    (effect,) = bench.world.visible("telegram")
    assert effect.card == {}


async def test_markup_in_a_text_stays_what_it_is(bench):
    text = "<b>5 < 6</b> & *stars* _lines_ [a](b) `c` \\ ~"
    await bench.channel().publish(part(text), KEY, None)
    assert bench.world.visible("telegram")[0].text == text
    assert "parse_mode" not in bench.service.requests[-1][1]


async def test_one_picture_goes_with_its_caption(bench):
    image = await picture(bench, "green")
    said = replace(linked(f"A new wall 🧱 {LINK}"), images=(image,))
    receipt = receipt_of(await bench.channel().publish(said, KEY, None))
    (effect,) = bench.world.visible("telegram")
    assert [shown.sha256 for shown in effect.images] == [image.sha256]
    assert (effect.text, effect.limit, receipt.pieces) == (said.text, 1024, ())
    assert effect.spans[0][:2] == (said.spans[0].start, said.spans[0].end)
    assert bench.service.requests[-1][0] == "sendPhoto"


async def test_several_pictures_are_one_album_and_go_together(bench):
    images = tuple([await picture(bench, colour) for colour in ("red", "green", "blue")])
    channel = bench.channel()
    receipt = receipt_of(await channel.publish(part("Three walls", images=images), KEY, None))
    (effect,) = bench.world.visible("telegram")
    assert [shown.sha256 for shown in effect.images] == [image.sha256 for image in images]
    assert effect.text == "Three walls"
    assert len(receipt.pieces) == 2

    assert isinstance(await channel.retract(receipt), Sent)
    assert bench.world.visible("telegram") == []
    deleted = [fields["message_id"] for method, fields in bench.service.requests if method == "deleteMessage"]
    assert [str(number) for number in deleted] == [receipt.id, *receipt.pieces]


async def test_a_kind_of_picture_telegram_would_not_take_is_made_a_jpeg(bench):
    image = await picture(bench, "white", kind="WEBP")
    receipt_of(await bench.channel().publish(part("A map", images=(image,)), KEY, None))
    (effect,) = bench.world.visible("telegram")
    assert effect.images[0].media_type == "image/jpeg"


async def test_a_picture_too_narrow_for_telegram_is_refused_for_good(bench):
    image = await picture(bench, "white", (84, 4))
    outcome = await bench.channel().publish(part("A ribbon", images=(image,)), KEY, None)
    assert outcome == Refused(why="Photo_invalid_dimensions")


async def test_a_thread_answers_part_by_part_and_only_its_first_makes_a_sound(bench):
    channel = bench.channel()
    first = receipt_of(await channel.publish(part("First"), KEY, None))
    second = receipt_of(await channel.publish(part("Second", 2), KEY, reply_to(first)))
    receipt_of(await channel.publish(part("Third", 3), KEY, ReplyTo(root=first, parent=second)))
    assert [(each.text, each.reply_to, each.thread) for each in bench.world.visible("telegram")] == [
        ("First", "", first.id),
        ("Second", first.id, first.id),
        ("Third", second.id, first.id),
    ]
    silent = [fields.get("disable_notification") for _, fields in bench.service.requests]
    assert silent == [None, True, True]


async def test_a_reply_to_what_is_gone_is_refused(bench):
    channel = bench.channel()
    first = receipt_of(await channel.publish(part("First"), KEY, None))
    await channel.retract(first)
    outcome = await channel.publish(part("Second", 2), KEY, reply_to(first))
    assert outcome == Refused(why="Message to be replied not found")


async def test_what_is_gone_already_counts_as_retracted(bench):
    channel = bench.channel()
    receipt = receipt_of(await channel.publish(part(), KEY, None))
    assert await channel.retract(receipt) == Sent(receipt=receipt)
    assert await channel.retract(receipt) == Sent(receipt=receipt)
    assert bench.world.visible("telegram") == []


@pytest.mark.parametrize(("letters", "outcome"), [(4096, Sent), (4097, Refused)])
async def test_the_limit_is_4096_code_points(bench, letters, outcome):
    assert isinstance(await bench.channel().publish(part("🚲" * letters), KEY, None), outcome)
    assert (telegram.LIMITS.length, telegram.LIMITS.unit) == (4096, Unit.CODE_POINTS)


@pytest.mark.parametrize(("letters", "outcome"), [(1024, Sent), (1025, Refused)])
async def test_the_limit_of_a_caption_is_1024_code_points(bench, letters, outcome):
    image = await picture(bench, "red")
    assert isinstance(await bench.channel().publish(part("🚲" * letters, images=(image,)), KEY, None), outcome)
    assert telegram.LIMITS.caption == 1024


async def test_over_the_rate_telegram_names_the_wait(tmp_path, monkeypatch):
    async with benched(tmp_path, rate=2) as bench:
        at = bench.world.now()
        monkeypatch.setattr(bench.world, "now", lambda: at)
        channel = bench.channel()
        for text in ("one", "two"):
            receipt_of(await channel.publish(part(text), KEY, None))
        outcome = await channel.publish(part("three"), KEY, None)
        assert isinstance(outcome, Retry)
        assert outcome.channel_wide
        assert outcome.after == timedelta(seconds=60)


async def test_verify_tells_who_posts_where(bench):
    account = await bench.channel(DISCUSSION=str(DISCUSSION)).verify()
    assert (account.name, account.url) == (CHANNEL, f"https://t.me/{CHANNEL[1:]}")
    assert (account.limits, account.automated, account.notes) == (telegram.LIMITS, None, ())


async def test_verify_names_the_discussion_group_that_is_not_set(bench):
    (note,) = (await bench.channel().verify()).notes
    assert f"TELEGRAM_DISCUSSION__LIBRARY={DISCUSSION}" in note


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"token": "1:wrong"}, "TELEGRAM_TOKEN__LIBRARY"),
        ({"CHANNEL": "@nowhere"}, "TELEGRAM_CHANNEL__LIBRARY"),
        ({"CHANNEL": "-1009"}, "TELEGRAM_CHANNEL__LIBRARY"),
        ({"DISCUSSION": "-1009"}, "TELEGRAM_DISCUSSION__LIBRARY"),
    ],
)
async def test_verify_names_the_setting_that_is_wrong(bench, fields, where):
    with pytest.raises(BadSetting) as caught:
        await bench.channel(**fields).verify()
    assert caught.value.where == where
    assert caught.value.hint


@pytest.mark.parametrize("given", ["town library", "https://t.me/library", "", "@", "12a", "٣٤"])
async def test_a_channel_that_cannot_be_one_is_refused_at_once(bench, given):
    with pytest.raises(BadSetting, match="TELEGRAM_CHANNEL__LIBRARY"):
        bench.channel(CHANNEL=given)


async def test_verify_tells_when_the_bot_may_not_post(bench):
    bench.service.standing = "member"
    with pytest.raises(BadSetting, match="may not post"):
        await bench.channel().verify()


@pytest.mark.parametrize("kind", ["refuse", "garbage", "truncate", "error", "delay"])
async def test_verify_tells_when_telegram_cannot_be_asked(bench, caplog, kind):
    caplog.set_level(logging.DEBUG)
    bench.world.faults.append(Fault(platform="telegram", kind=kind, on="any", times=0, seconds=HELD))
    with pytest.raises(Unreachable) as caught:
        await bench.channel(timeout=0.4).verify()
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + caplog.text


async def test_no_error_of_a_wrong_token_holds_it(bench):
    wrong = TOKEN[::-1]
    with pytest.raises(HandbillError) as caught:
        await bench.channel(token=wrong).verify()
    chain: BaseException | None = caught.value
    seen = []
    while chain is not None:
        seen.append(str(chain) + repr(chain))
        chain = chain.__cause__ or chain.__context__
    assert len(seen) > 1
    assert wrong not in "".join(seen) + "".join(traceback.format_exception(caught.value))


async def test_without_a_discussion_group_nothing_can_be_told(bench):
    with pytest.raises(CannotTell, match="TELEGRAM_DISCUSSION__LIBRARY"):
        await bench.channel().find(part(), KEY, datetime.now(UTC))


async def sighted(bench: Bench, text: str, number: int, ago: float = 0, channel: str = "telegram__library") -> Receipt:
    receipt = Receipt(id=str(number), url=f"https://t.me/x/{number}", at=datetime.now(UTC) - timedelta(seconds=ago))
    await bench.witness.saw(Sighting(channel=channel, text=text, receipt=receipt))
    return receipt


async def test_what_came_back_is_found_whatever_telegram_did_to_its_blanks(bench):
    channel = bench.channel(DISCUSSION=str(DISCUSSION))
    since = datetime.now(UTC)
    await sighted(bench, "Doors open at eight.", 6)
    receipt = await sighted(bench, "Doors open at seven.\nBring qa\u200c friend", 7)
    said = part(" \u200fDoors open at\tseven.\r\nBring q\u030aa\u200f friend \n")
    assert await channel.find(said, KEY, since) == receipt


async def test_neither_an_older_post_nor_another_channels_is_proof(bench):
    channel = bench.channel(DISCUSSION=str(DISCUSSION))
    await sighted(bench, "Doors open at seven.", 6, ago=3600)
    await sighted(bench, "Doors open at seven.", 7, channel="telegram__museum")
    with pytest.raises(Unreachable):
        await channel.find(part(), KEY, datetime.now(UTC))


async def test_absence_counts_only_when_the_group_was_heard_after_the_first_asking(bench):
    """However long ago the key was first used: a later attempt with it may be the one that is looked for."""
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC) - timedelta(minutes=10)
    await bench.witness.caught_up("telegram__library", datetime.now(UTC))
    before = datetime.now(UTC)
    for _ in range(2):
        with pytest.raises(Unreachable, match="not heard long enough"):
            await channel.find(part(), KEY, since)
    await bench.witness.caught_up("telegram__library", before + telegram.ECHO)
    with pytest.raises(Unreachable, match="not heard long enough"):
        await channel.find(part(), KEY, since)
    await bench.witness.caught_up("telegram__library", datetime.now(UTC) + telegram.ECHO)
    assert await channel.find(part(), KEY, since) is None
    await bench.witness.caught_up("telegram__library", datetime.now(UTC) + telegram.ECHO)
    await channel.publish(part("Tried again"), KEY, None)
    with pytest.raises(Unreachable, match="not heard long enough"):
        await channel.find(part(), KEY, since)


async def test_absence_does_not_count_for_what_an_earlier_copy_of_the_ledger_may_have_heard(bench):
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC) - timedelta(hours=1)
    await bench.witness.caught_up("telegram__library", datetime.now(UTC) + timedelta(hours=1))
    bench.witness.deaf = since
    with pytest.raises(CannotTell, match="older copy"):
        await channel.find(part(), KEY, since)
    assert await channel.find(part(), KEY, since + timedelta(seconds=1)) is None


async def test_absence_counts_neither_after_a_day_nor_for_a_bot_that_hears_nothing_nor_in_an_outage(bench):
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC) - timedelta(hours=1)
    await bench.witness.caught_up("telegram__library", datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(CannotTell, match="too long ago"):
        await channel.find(part(), KEY, datetime.now(UTC) - timedelta(hours=23, minutes=1))
    bench.service.hears = False
    with pytest.raises(CannotTell, match="does not hear"):
        await channel.find(part(), KEY, since)
    bench.service.hears = True
    assert await channel.find(part(), KEY, since) is None
    with pytest.raises(CannotTell, match="not the discussion group"):
        await bench.channel(DISCUSSION="-1009").find(part(), KEY, since)
    bench.world.faults.append(Fault(platform="telegram", kind="error", on="any"))
    with pytest.raises(Unreachable, match="Telegram answered: Service Unavailable"):
        await channel.find(part(), KEY, since)


async def test_an_album_is_found_with_all_its_messages(bench):
    images = tuple([await picture(bench, colour) for colour in ("red", "green", "blue")])
    channel, since = bench.channel(DISCUSSION=str(DISCUSSION)), datetime.now(UTC)
    for number, text in ((11, "Other"), (12, "Walls"), (13, ""), (14, ""), (15, "")):
        await sighted(bench, text, number)
    found = await channel.find(part("Walls", images=images), KEY, since)
    assert found is not None
    assert (found.id, found.pieces) == ("12", ("13", "14"))
