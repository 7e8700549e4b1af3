"""The adapter for X against the simulated X, and both against X's own OpenAPI description."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from PIL import Image as Pillow
from referencing import Registry
from referencing.jsonschema import DRAFT4

from bot.domain.outcome import Outcome, Receipt, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.errors import BadSetting, CannotTell, Unreachable
from bot.platforms import x
from bot.sandbox.world import Fault
from bot.sandbox.x import DEMO
from tests.contract.x_bench import (
    KEY,
    LINK,
    TEXT,
    Bench,
    Exchange,
    ago,
    leaks,
    opened,
    part,
    path_of,
    receipt_of,
    scripted,
    told,
)
from tests.vectors import vectors


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as bench:
        yield bench


@pytest.fixture(autouse=True)
def no_secret_in_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert not leaks("\n".join(record.getMessage() for record in caplog.get_records("call")))


async def test_followers_see_the_part_as_it_was_approved(bench: Bench) -> None:
    pictures = [await bench.picture("A reading room with tall windows"), await bench.picture(color="gold")]
    receipt = receipt_of(await bench.channel().publish(part(TEXT, *pictures), KEY, None))
    [effect] = bench.world.visible("x", "@town_library")
    assert (effect.id, effect.text, effect.reply_to, effect.thread) == (receipt.id, TEXT, "", receipt.id)
    assert [image.alt for image in effect.images] == ["A reading room with tall windows", ""]
    assert [image.sha256 for image in effect.images] == [picture.sha256 for picture in pictures]
    assert {(kind, target) for _, _, kind, target in effect.spans} == {("link", LINK), ("tag", "library")}
    assert (effect.length, effect.limit) == (len(TEXT) - len(LINK) + 23, 280)


async def test_request_bodies(bench: Bench) -> None:
    channel = bench.channel()
    first = receipt_of(await channel.publish(part("First", await bench.picture("Two shelves")), KEY, None))
    await channel.publish(part("Second", number=2), KEY, ReplyTo(root=first, parent=first))
    upload, alt, post, reply = bench.wire
    media = upload.answer["data"]["id"]
    assert upload.body == {"media": upload.body["media"], "media_category": "tweet_image"}
    assert alt.body == {"id": media, "metadata": {"alt_text": {"text": "Two shelves"}}}
    assert post.body == {"text": "First", "media": {"media_ids": [media]}}
    assert reply.body == {"text": "Second", "reply": {"in_reply_to_tweet_id": first.id}}


async def test_a_large_picture_is_made_to_fit(bench: Bench) -> None:
    out = BytesIO()
    Pillow.effect_noise((2600, 2600), 90).save(out, format="PNG")
    picture = await bench.media.put(out.getvalue(), "Noise")
    assert picture.size > x.LIMITS.image_bytes
    receipt_of(await bench.channel().publish(part("Noise", picture), KEY, None))
    [shown] = bench.world.visible("x")[0].images
    assert len(bench.world.pictures[shown.sha256][0]) <= x.LIMITS.image_bytes


async def test_a_thread_hangs_together(bench: Bench) -> None:
    channel, receipts = bench.channel(), list[Receipt]()
    for number in range(1, 4):
        reply_to = ReplyTo(root=receipts[0], parent=receipts[-1]) if receipts else None
        receipts.append(receipt_of(await channel.publish(part(f"Part {number} of 3", number=number), KEY, reply_to)))
    effects = bench.world.visible("x")
    assert [effect.reply_to for effect in effects] == ["", receipts[0].id, receipts[1].id]
    assert {effect.thread for effect in effects} == {receipts[0].id}


async def test_a_reply_to_a_post_that_is_gone_is_refused(bench: Bench) -> None:
    channel = bench.channel()
    first = receipt_of(await channel.publish(part("First"), KEY, None))
    await channel.retract(first)
    outcome = await channel.publish(part("Second", number=2), KEY, ReplyTo(root=first, parent=first))
    assert isinstance(outcome, Refused)
    assert "deleted or not visible" in outcome.why


async def test_every_exchange_is_as_the_openapi_description_has_it(bench: Bench) -> None:
    spec, channel = json.loads(vectors("specs/x-openapi.json").read_text()), bench.channel()
    await channel.verify()
    first = receipt_of(await channel.publish(part(TEXT, await bench.picture("A shelf")), KEY, None))
    await channel.publish(part("The second part", number=2), KEY, ReplyTo(root=first, parent=first))
    await channel.find(part(TEXT), KEY, ago(minutes=10))
    await channel.retract(first)
    await channel.retract(first)
    assert {checked(spec, exchange) for exchange in bench.wire} == {
        ("GET", "/2/users/me", 200),
        ("POST", "/2/media/upload", 200),
        ("POST", "/2/media/metadata", 200),
        ("POST", "/2/tweets", 201),
        ("GET", "/2/users/{id}/tweets", 200),
        ("DELETE", "/2/tweets/{id}", 200),
        ("DELETE", "/2/tweets/{id}", 404),
    }


def checked(spec: dict[str, Any], exchange: Exchange) -> tuple[str, str, int]:
    """Validate both halves of an exchange against X's description; return the operation."""
    registry: Registry[Any] = Registry().with_resource("urn:x", DRAFT4.create_resource(spec))
    template = "/".join("{id}" if len(step) > 1 and step.isdecimal() else step for step in path_of(exchange).split("/"))
    operation = spec["paths"][template][exchange.method.lower()]
    if exchange.sent:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        OAS30WriteValidator({"$ref": f"urn:x{asked}"}, registry=registry).validate(exchange.body)
    responses, kind = operation["responses"], "json" if exchange.status < 400 else "problem+json"
    answered = responses.get(str(exchange.status), responses["default"])["content"][f"application/{kind}"]["schema"][
        "$ref"
    ]
    OAS30ReadValidator({"$ref": f"urn:x{answered}"}, registry=registry).validate(exchange.answer)
    return exchange.method, template, exchange.status


async def test_verify_tells_the_account(bench: Bench) -> None:
    account = await bench.channel().verify()
    assert (account.name, account.url) == ("@town_library", "https://x.com/town_library")
    assert (account.limits, account.automated) == (x.LIMITS, None)


@pytest.mark.parametrize("kind", ["garbage", "truncate", "error", "flood"])
async def test_verify_tells_an_operator_when_x_cannot_be_asked(bench: Bench, kind: str) -> None:
    bench.world.faults.append(Fault(platform="x", kind=kind, on="any"))
    with pytest.raises(Unreachable) as caught:
        await bench.channel().verify()
    assert not leaks(told(caught.value))


@pytest.mark.parametrize("name", DEMO.settings())
async def test_a_wrong_key_is_a_setting_for_the_operator_and_pauses_the_channel(bench: Bench, name: str) -> None:
    channel = bench.channel(keys={name: "wrong"})
    with pytest.raises(BadSetting, match="401") as caught:
        await channel.verify()
    assert not leaks(told(caught.value))
    assert isinstance(await channel.publish(part(), KEY, None), Unauthorised)
    with pytest.raises(Unreachable):
        await channel.find(part(), KEY, ago(minutes=10))
    assert not bench.world.effects


@pytest.mark.parametrize("wrong", ["https://api.x.com", "ftp://x.example", "/2", "http://127.0.0.1/x?y=1"])
async def test_an_address_that_cannot_work_is_a_setting(bench: Bench, wrong: str) -> None:
    with pytest.raises(BadSetting, match="BASE_URL"):
        bench.channel(wrong)


@pytest.mark.parametrize("kind", ["reset", "truncate", "garbage", "error-after"])
async def test_find_proves_a_post_whose_answer_was_lost(bench: Bench, kind: str) -> None:
    channel, since = bench.channel(), ago(seconds=2)
    bench.world.faults.append(Fault(platform="x", kind=kind))
    assert isinstance(await channel.publish(part(), KEY, None), Unknown)
    found = await channel.find(part(), KEY, since)
    assert found is not None
    assert found.id == bench.world.visible("x")[0].id
    assert found.url == f"https://x.com/town_library/status/{found.id}"
    assert since <= found.at <= datetime.now(UTC)


async def test_a_duplicate_is_unknown_and_then_found(bench: Bench) -> None:
    channel = bench.channel()
    first = receipt_of(await channel.publish(part(), KEY, None))
    again = await channel.publish(part(), KEY, None)
    assert isinstance(again, Unknown)
    assert "duplicate" in again.why
    found = await channel.find(part(), KEY, ago(minutes=10))
    assert found is not None
    assert found.id == first.id


@pytest.mark.parametrize("pictures", [0, 2])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Sunday\n\nMonday  and so on ",
        "Read library.example.com/news, then https://example.org/ and http://example.net/a_(b).",
        "&amp; is how HTML writes &, and &lt; is <",
        "کتابخانه یکشنبه باز است: https://library.example.org/fa #کتابخانه",
        "Cafe\u0301 at the museum 👩🏽‍🚀 https://example.org/?q=1&r=2#top",
    ],
)
async def test_find_knows_its_own_words_again(bench: Bench, text: str, pictures: int) -> None:
    channel, post = bench.channel(), part(text, *[await bench.picture() for _ in range(pictures)])
    sent = receipt_of(await channel.publish(post, KEY, None))
    found = await channel.find(post, KEY, ago(minutes=10))
    assert found is not None
    assert found.id == sent.id
    await channel.retract(sent)
    assert await channel.find(post, KEY, ago(minutes=10)) is None


@pytest.mark.parametrize("other", [f"{TEXT} now", TEXT.replace("no=3", "no=4"), TEXT.replace("<10>", "<11>")])
async def test_find_takes_no_other_post_for_ours(bench: Bench, other: str) -> None:
    channel = bench.channel()
    receipt_of(await channel.publish(part(other), KEY, None))
    receipt_of(await channel.publish(part(TEXT, await bench.picture()), KEY, None))
    assert await channel.find(part(TEXT), KEY, ago(minutes=10)) is None


async def test_find_turns_every_page_and_looks_at_nothing_older(bench: Bench) -> None:
    channel = bench.channel()
    oldest = receipt_of(await channel.publish(part("The oldest of many"), KEY, None))
    template = bench.world.visible("x")[0]
    for number in range(230):
        bench.world.publish(replace(template, id=str(int(oldest.id) + number + 1), text=f"Number {number}"))
    found = await channel.find(part("The oldest of many"), KEY, ago(minutes=10))
    assert found is not None
    assert found.id == oldest.id
    assert await channel.find(part("The oldest of many"), KEY, ago(seconds=-2)) is None


@pytest.mark.parametrize("kind", ["error", "garbage", "truncate", "reset", "flood", "unauthorised"])
async def test_find_never_takes_silence_for_absence(bench: Bench, kind: str) -> None:
    channel = bench.channel()
    await channel.verify()
    bench.world.faults.append(Fault(platform="x", kind=kind, on="any"))
    with pytest.raises(Unreachable) as caught:
        await channel.find(part(), KEY, ago(minutes=10))
    assert not leaks(told(caught.value))


@pytest.mark.parametrize(
    "body",
    [{}, {"meta": {}}, {"errors": [{"title": "Authorization Error"}], "meta": {"result_count": 0}}, {"data": []}, []],
)
async def test_find_never_takes_half_an_answer_for_absence(bench: Bench, body: object) -> None:
    async with scripted(200, body) as base:
        with pytest.raises(Unreachable):
            await bench.channel(base).find(part(), KEY, ago(minutes=10))


async def test_find_gives_up_where_x_shows_no_more(bench: Bench) -> None:
    endless = {"data": [{"id": "7", "text": "Another"}], "meta": {"result_count": 1, "next_token": "7"}}
    async with scripted(200, endless) as base:
        with pytest.raises(CannotTell):
            await bench.channel(base).find(part(), KEY, ago(minutes=10))


async def test_retract_removes_it_and_is_content_when_it_is_gone(bench: Bench) -> None:
    channel = bench.channel()
    receipt = receipt_of(await channel.publish(part(), KEY, None))
    for _ in range(2):
        assert await channel.retract(receipt) == Sent(receipt=receipt)
    assert not bench.world.visible("x")
    assert bench.world.effects[0].removed


@pytest.mark.parametrize(
    ("kind", "expected"), [("reset", Unknown), ("error", Unknown), ("garbage", Unknown), ("flood", Retry)]
)
async def test_retract_under_faults(bench: Bench, kind: str, expected: type[Outcome]) -> None:
    channel = bench.channel()
    receipt = receipt_of(await channel.publish(part(), KEY, None))
    bench.world.faults.append(Fault(platform="x", kind=kind, on="any"))
    assert type(await channel.retract(receipt)) is expected


async def test_retract_believes_only_a_clear_yes(bench: Bench) -> None:
    async with scripted(200, {"data": {"deleted": False}}) as base:
        receipt = Receipt(id="7", url="https://x.com/i/status/7", at=datetime.now(UTC))
        assert isinstance(await bench.channel(base).retract(receipt), Unknown)


async def test_closing_a_channel_leaves_the_shared_session_open(bench: Bench) -> None:
    await bench.channel().close()
    assert not bench.session.closed
