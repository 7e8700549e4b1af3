"""What the Telegram channel makes of every fault, and that no secret leaks."""

import asyncio
import logging
import socket
from datetime import timedelta

import pytest
from aiohttp import web

from bot.domain.outcome import Outcome, Refused, Retry, Unauthorised, Unknown
from bot.sandbox.world import Fault
from tests.contract.held import PATIENCE, given_up
from tests.contract.telegram_bench import KEY, answering, benched, part, picture


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path) as made:
        yield made


FAULTS: list[tuple[Fault, type[Outcome], int]] = [
    (Fault(platform="telegram", kind="refuse"), Unknown, 0),
    (Fault(platform="telegram", kind="reset"), Unknown, 1),
    (Fault(platform="telegram", kind="truncate"), Unknown, 1),
    (Fault(platform="telegram", kind="garbage"), Unknown, 1),
    (Fault(platform="telegram", kind="error", status=500), Unknown, 0),
    (Fault(platform="telegram", kind="error", status=503), Unknown, 0),
    (Fault(platform="telegram", kind="error-after", status=502), Unknown, 1),
    (Fault(platform="telegram", kind="error-after", status=503), Unknown, 1),
    (Fault(platform="telegram", kind="flood", seconds=7), Retry, 0),
    (Fault(platform="telegram", kind="unauthorised"), Unauthorised, 0),
    (Fault(platform="telegram", kind="error", status=404), Unauthorised, 0),
    (Fault(platform="telegram", kind="error", status=403), Unauthorised, 0),
    (Fault(platform="telegram", kind="error", status=400), Refused, 0),
    (Fault(platform="telegram", kind="error", status=409), Unknown, 0),
]


@pytest.mark.parametrize(("fault", "expected", "effects"), FAULTS, ids=lambda value: getattr(value, "kind", None))
@pytest.mark.parametrize("pictures", [0, 1, 2])
async def test_each_fault_has_its_outcome_and_no_secret_leaks(bench, caplog, fault, expected, effects, pictures):
    caplog.set_level(logging.DEBUG)
    images = tuple([await picture(bench, colour) for colour in ("red", "blue")[:pictures]])
    bench.world.faults.append(fault)
    channel = bench.channel()
    outcome = await channel.publish(part(images=images), KEY, None)
    assert type(outcome) is expected, outcome
    assert outcome.why
    if fault.kind == "flood":
        assert outcome == Retry(why=outcome.why, after=timedelta(seconds=7), channel_wide=True)
    assert len(bench.world.visible("telegram")) == effects
    assert "canary" not in caplog.text + repr(outcome) + repr(channel)


@pytest.mark.parametrize("pictures", [0, 1, 2])
async def test_what_is_answered_too_late_is_unknown_and_public_all_the_same(bench, caplog, pictures):
    caplog.set_level(logging.DEBUG)
    images = tuple([await picture(bench, colour) for colour in ("red", "blue")[:pictures]])

    async def publish(timeout):
        bench.world.faults[:] = [Fault(platform="telegram", kind="delay", seconds=2 * timeout)]
        return await bench.channel(timeout=timeout).publish(part(images=images), KEY, None)

    outcome = await given_up(publish)
    assert type(outcome) is Unknown, outcome
    assert outcome.why
    async with asyncio.timeout(PATIENCE):
        while not bench.world.visible("telegram"):
            await bench.world.changed.wait()
    assert len(bench.world.visible("telegram")) == 1
    assert "canary" not in caplog.text + repr(outcome)


async def test_what_never_left_may_be_tried_again(bench):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        refused = await bench.channel(base=f"http://127.0.0.1:{port}").publish(part(), KEY, None)
    not_tls = await bench.channel(base=bench.address.replace("http:", "https:")).publish(part(), KEY, None)
    no_address = await bench.channel(base="http:///nowhere").publish(part(), KEY, None)
    assert [type(each) for each in (refused, not_tls, no_address)] == [Retry, Retry, Retry]
    assert not any("canary" in repr(each) for each in (refused, not_tls, no_address))
    assert not refused.channel_wide


async def test_a_connection_that_is_not_made_in_time_was_not_used(bench):
    """A listening socket that accepts nobody, its queue full: the SDK's own TimedOut would not tell this from a lost answer."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            base = f"http://127.0.0.1:{full.getsockname()[1]}"
            outcome = await bench.channel(base=base, timeout=0.6).publish(part(), KEY, None)
    assert type(outcome) is Retry, outcome


async def test_a_redirect_is_not_followed(bench):
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{bench.address}/telegram{request.path}")

    async with answering(elsewhere) as base:
        outcome = await bench.channel(base=base).publish(part(), KEY, None)
    assert isinstance(outcome, Unknown)
    assert bench.world.visible("telegram") == []


@pytest.mark.parametrize(
    "answer",
    [
        b'{"ok":true}',
        b'{"ok":true,"result":true}',
        b'{"ok":true,"result":{"message_id":7}}',
        b'{"ok":true,"result":[]}',
        b"[]",
        b"",
        b'{"ok":false,"error_code":400,"description":"Bad Request: in a 200"}',
    ],
)
async def test_an_answer_that_is_no_message_is_unknown(bench, answer):
    async def odd(_: web.Request) -> web.Response:
        return web.Response(body=answer, content_type="application/json")

    async with answering(odd) as base:
        outcome = await bench.channel(base=base).publish(part(), KEY, None)
        images = (await picture(bench, "red"), await picture(bench, "blue"))
        album = await bench.channel(base=base).publish(part(images=images), KEY, None)
    assert isinstance(outcome, Unknown)
    assert isinstance(album, Unknown)


@pytest.mark.parametrize("standing", ["left", "member"])
async def test_without_the_right_to_post_the_channel_pauses(bench, standing):
    bench.service.standing = standing
    outcome = await bench.channel().publish(part(), KEY, None)
    assert isinstance(outcome, Unauthorised), outcome
    assert isinstance(await bench.channel(CHANNEL="@elsewhere").publish(part(), KEY, None), Unauthorised)


async def test_a_group_that_got_a_new_number_waits_until_the_operator_says_so(bench):
    async def moved(request: web.Request) -> web.Response:
        fields = await request.json()
        if fields["chat_id"] == -77:
            body = {
                "ok": False,
                "error_code": 400,
                "description": "Bad Request: group chat was upgraded to a supergroup chat",
            }
            return web.json_response({**body, "parameters": {"migrate_to_chat_id": -1001000000001}}, status=400)
        return web.json_response(await bench.call("sendMessage", **fields))

    async with answering(moved) as base:
        channel = bench.channel(base=base, CHANNEL="-77")
        for _ in range(2):
            outcome = await channel.publish(part(), KEY, None)
            assert isinstance(outcome, Unauthorised)
            assert outcome.words == "the group has a new number; set TELEGRAM_CHANNEL__LIBRARY to -1001000000001"
    assert bench.world.visible("telegram") == []


async def test_an_image_that_is_gone_or_broken_is_not_sent(bench):
    image = await picture(bench, "red")
    (bench.media._folder / image.sha256).unlink()
    assert isinstance(await bench.channel().publish(part(images=(image,)), KEY, None), Retry)
    assert bench.world.effects == []
