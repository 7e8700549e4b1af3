"""The Bluesky adapter when things go wrong: one post whatever happens, one session, no secret told."""

import asyncio
import logging
import socket
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.domain.delivery import PublishKey
from bot.domain.outcome import Receipt, Refused, Retry, Sent, Unauthorised, Unknown
from bot.errors import BadInput, BadSetting, StoreError, Unreachable
from bot.sandbox.bluesky import HANDLE, PASSWORD, Bluesky
from bot.sandbox.bluesky_rates import Rebuff
from bot.sandbox.server import running
from bot.sandbox.world import Fault, World
from tests.contract import bluesky_bench
from tests.contract.bluesky_bench import (
    FRIEND,
    FULL,
    IMAGE,
    KEY,
    NOW,
    Stage,
    part,
    picture_bytes,
)
from tests.contract.held import HELD, PATIENCE, given_up

stage = bluesky_bench.stage
FULL_WITHOUT_PICTURE = replace(FULL, card=None)


async def test_a_replay_is_the_same_post(stage):
    channel = stage.channel()
    first = await channel.publish(FULL_WITHOUT_PICTURE, KEY, None)
    again = await stage.channel().publish(FULL_WITHOUT_PICTURE, KEY, None)
    assert first.receipt == again.receipt
    assert len(stage.world.effects) == 1


async def test_an_error_whose_message_is_its_name_is_told_once(stage):
    stage.world.faults.append(Fault(platform="bluesky", kind="error", status=503))
    outcome = await stage.channel().publish(FULL_WITHOUT_PICTURE, KEY, None)
    assert outcome.why.endswith("answered 503 to putRecord: NotEnoughResources")


async def test_a_replay_after_a_mention_came_to_resolve_differently_is_the_same_post(stage):
    channel = stage.channel()
    first = await channel.publish(FULL_WITHOUT_PICTURE, KEY, None)
    del stage.service.neighbours[FRIEND]
    assert (await channel.publish(FULL_WITHOUT_PICTURE, KEY, None)).receipt == first.receipt
    assert len(stage.world.effects) == 1


async def test_a_key_that_another_post_has_is_refused_and_found_nowhere(stage):
    channel = stage.channel()
    await channel.publish(part("Another post"), KEY, None)
    assert isinstance(await channel.publish(part(), KEY, None), Refused)
    assert await channel.find(part(), KEY, NOW) is None
    assert [seen.text for seen in stage.shown()] == ["Another post"]


async def test_a_taken_key_that_cannot_be_looked_at_is_unknown(stage):
    channel = stage.channel()
    await channel.publish(FULL_WITHOUT_PICTURE, KEY, None)
    del stage.service.neighbours[FRIEND]
    stage.service.calls[LOOK] = (sick, ())
    assert type(await channel.publish(FULL_WITHOUT_PICTURE, KEY, None)) is Unknown


async def test_an_older_server_has_another_name_for_what_is_not_there(stage):
    stage.service.calls[LOOK] = (older, ())
    assert await stage.channel().find(part(), KEY, NOW) is None


LOOK = "GET com.atproto.repo.getRecord"


def sick(request, asked):
    raise Rebuff(502, "UpstreamFailure", "Upstream Failure")


def older(request, asked):
    """packages/pds/src/api/com/atproto/repo/getRecord.ts before RecordNotFound had a name."""
    raise Rebuff(400, "InvalidRequest", f"Could not locate record: at://x/{asked['collection']}/{asked['rkey']}")


async def test_eight_at_once_are_one_post_and_one_login(stage):
    channel = stage.channel()
    outcomes = await asyncio.gather(*(channel.publish(part(), KEY, None) for _ in range(8)))
    assert len({outcome.receipt for outcome in outcomes}) == 1
    assert (len(stage.world.effects), stage.logins()) == (1, 1)


async def test_find_and_retract(stage):
    channel = stage.channel()
    assert await channel.find(part(), KEY, NOW) is None
    sent = await channel.publish(part(), KEY, None)
    assert await channel.find(part(), KEY, NOW) == sent.receipt
    assert await channel.retract(sent.receipt) == Sent(receipt=sent.receipt)
    assert await channel.retract(sent.receipt) == Sent(receipt=sent.receipt)
    assert await channel.find(part(), KEY, NOW) is None
    assert stage.shown() == []


SHORT = {"timeout": 0.4}
#: What goes wrong on the write itself: fault, its outcome, how many posts followers can see then.
ON_THE_WRITE = {
    "closed before the effect": (Fault(platform="bluesky", kind="refuse"), Unknown, 0),
    "reset after the effect": (Fault(platform="bluesky", kind="reset"), Unknown, 1),
    "503 without effect": (Fault(platform="bluesky", kind="error", status=503), Unknown, 0),
    "500 without effect": (Fault(platform="bluesky", kind="error", status=500), Unknown, 0),
    "502 with effect": (Fault(platform="bluesky", kind="error-after", status=502), Unknown, 1),
    "cut in half": (Fault(platform="bluesky", kind="truncate"), Unknown, 1),
    "200 with HTML": (Fault(platform="bluesky", kind="garbage"), Unknown, 1),
    "429": (Fault(platform="bluesky", kind="flood", seconds=90), Retry, 0),
    "401 once": (Fault(platform="bluesky", kind="unauthorised"), Sent, 1),
    "401 for good": (Fault(platform="bluesky", kind="unauthorised", times=0), Unauthorised, 0),
    "403": (Fault(platform="bluesky", kind="error", status=403), Unauthorised, 0),
    "400": (Fault(platform="bluesky", kind="error", status=400), Refused, 0),
}
#: What goes wrong before the write (on the login): nothing can have been published.
BEFORE_THE_WRITE = {
    "closed": (Fault(platform="bluesky", kind="refuse", on="any", times=0), Retry),
    "503": (Fault(platform="bluesky", kind="error", on="any", times=0), Retry),
    "200 with HTML": (Fault(platform="bluesky", kind="garbage", on="any", times=0), Retry),
    "cut in half": (Fault(platform="bluesky", kind="truncate", on="any", times=0), Retry),
    "hangs": (Fault(platform="bluesky", kind="delay", on="any", times=0, seconds=HELD), Retry),
    "429": (Fault(platform="bluesky", kind="flood", on="any", times=0, seconds=90), Retry),
    "401": (Fault(platform="bluesky", kind="unauthorised", on="any", times=0), Unauthorised),
    "400": (Fault(platform="bluesky", kind="error", on="any", times=0, status=400), Unauthorised),
}


@pytest.mark.parametrize("name", ON_THE_WRITE)
async def test_faults_on_the_write(stage, name):
    fault, outcome, seen = ON_THE_WRITE[name]
    channel, began = stage.channel(), stage.world.now()
    stage.world.faults.append(fault)
    given = await channel.publish(part(), KEY, None)
    assert type(given) is outcome, given
    assert len(stage.shown()) == seen
    if isinstance(given, Retry):
        assert given.channel_wide
        assert timedelta(seconds=89) - (stage.world.now() - began) <= given.after <= timedelta(seconds=92)
    stage.world.faults.clear()
    found = await channel.find(part(), KEY, NOW)
    assert (found is not None) == (seen == 1), "find tells what followers see"
    again = await channel.publish(part(), KEY, None)
    assert isinstance(again, Sent)
    assert found in (None, again.receipt)
    assert len(stage.world.effects) == 1, "replayed, and still one post"


async def test_a_write_that_is_answered_too_late_is_unknown_found_and_still_one_post(stage):
    async def publish(timeout):
        stage.world.faults[:] = [Fault(platform="bluesky", kind="delay", seconds=2 * timeout)]
        return await stage.channel(timeout=timeout).publish(part(), KEY, None)

    assert type(await given_up(publish)) is Unknown
    async with asyncio.timeout(PATIENCE):
        while not stage.shown():
            await stage.world.changed.wait()
    channel = stage.channel()
    found = await channel.find(part(), KEY, NOW)
    assert found is not None
    assert (await channel.publish(part(), KEY, None)).receipt == found
    assert len(stage.world.effects) == 1, "replayed, and still one post"


@pytest.mark.parametrize("name", BEFORE_THE_WRITE)
async def test_faults_before_the_write(stage, name):
    fault, outcome = BEFORE_THE_WRITE[name]
    stage.world.faults.append(fault)
    given = await stage.channel(**SHORT).publish(part(), KEY, None)
    assert type(given) is outcome, given
    assert stage.world.effects == []


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


async def test_a_refused_connection_is_surely_not_sent(stage):
    channel = stage.channel(BASE_URL=f"http://127.0.0.1:{closed_port()}")
    assert type(await channel.publish(part(), KEY, None)) is Retry
    with pytest.raises(Unreachable):
        await channel.find(part(), KEY, NOW)
    with pytest.raises(Unreachable):
        await channel.verify()


async def test_the_server_going_away_between_login_and_write_is_surely_not_sent(tmp_path):
    world = World()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        async with running(world, [Bluesky(world)]) as address:
            channel = Stage(world, None, address, session, tmp_path).channel()
            await channel.verify()
        assert type(await channel.publish(part(), KEY, None)) is Retry
        assert type(await channel.retract(Receipt(id=address, url="", at=NOW))) is Retry


async def test_a_redirect_is_not_followed(stage, aiohttp_redirect):
    given = await stage.channel(BASE_URL=aiohttp_redirect(stage.base)).publish(part(), KEY, None)
    assert type(given) is Retry
    assert stage.logins() == 0


@pytest.fixture
async def aiohttp_redirect():
    target: list[str] = []

    async def elsewhere(request):
        raise aiohttp.web.HTTPTemporaryRedirect(target[0] + request.path)

    app = aiohttp.web.Application()
    app.router.add_route("*", "/{rest:.*}", elsewhere)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await aiohttp.web.SockSite(runner, listening).start()

    def start(to):
        target.append(to)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    await runner.cleanup()
    listening.close()


@pytest.mark.parametrize("kind", ["reset", "error-after", "truncate"])
async def test_an_upload_that_fails_is_surely_not_published(stage, kind):
    image = await stage.media.put(picture_bytes(), "A door")
    channel = stage.channel()
    await channel.verify()
    stage.world.faults.append(Fault(platform="bluesky", kind=kind, on="any"))
    assert type(await channel.publish(part(images=(image,)), KEY, None)) is Retry
    assert isinstance(await channel.publish(part(images=(image,)), KEY, None), Sent)
    assert len(stage.world.effects) == 1


@pytest.mark.parametrize(
    ("trouble", "outcome"), [(BadInput("too large"), Refused), (StoreError("disk gone"), Retry)], ids=["bad", "disk"]
)
async def test_a_picture_that_cannot_be_had_stops_the_post(stage, trouble, outcome):
    class Broken:
        async def fitted(self, image, limits):
            raise trouble

    stage.media = Broken()
    assert type(await stage.channel().publish(part(images=(IMAGE,)), KEY, None)) is outcome
    assert stage.world.effects == []


async def test_a_lost_delete_is_unknown_and_a_second_one_settles_it(stage):
    channel = stage.channel()
    sent = await channel.publish(part(), KEY, None)
    stage.world.faults.append(Fault(platform="bluesky", kind="reset", on="any"))
    assert type(await channel.retract(sent.receipt)) is Unknown
    assert await channel.retract(sent.receipt) == Sent(receipt=sent.receipt)


# --- sessions -------------------------------------------------------------------------------------------------------


async def test_an_expired_token_is_renewed_once_for_all_without_a_login(stage):
    channel = stage.channel()
    await channel.verify()
    before = len(stage.service.tokens)
    stage.service.expire("access")
    keys = [PublishKey(value=f"{n}", at=NOW + timedelta(seconds=n)) for n in range(6)]
    outcomes = await asyncio.gather(*(channel.publish(part(f"Notice {key.value}"), key, None) for key in keys))
    assert {type(outcome) for outcome in outcomes} == {Sent}
    assert (len(stage.service.tokens) - before, stage.logins()) == (2, 1)


async def test_a_lost_session_is_opened_anew(stage):
    channel = stage.channel()
    await channel.verify()
    stage.service.expire("access", "refresh")
    assert isinstance(await channel.publish(part(), KEY, None), Sent)
    assert stage.logins() == 2
    stage.service.tokens.clear()
    assert await channel.find(part(), KEY, NOW) is not None


async def test_a_renewal_that_gets_no_answer_is_surely_not_published(stage):
    channel = stage.channel()
    await channel.verify()
    stage.service.expire("access")
    stage.service.calls["POST com.atproto.server.refreshSession"] = (sick, ())
    assert type(await channel.publish(part(), KEY, None)) is Retry
    assert stage.logins() == 1


async def test_a_withdrawn_app_password_pauses_the_channel(stage):
    channel = stage.channel()
    await channel.verify()
    stage.service.expire("access", "refresh")
    stage.service.accounts[HANDLE] = "another"
    assert type(await channel.publish(part(), KEY, None)) is Unauthorised
    assert stage.world.effects == []


async def test_too_many_logins_wait_for_the_window_to_end(stage):
    stage.service.quotas["login"].points = 2
    began = stage.world.now()
    for _ in range(2):
        await stage.channel().verify()
    given = await stage.channel().publish(part(), KEY, None)
    assert isinstance(given, Retry)
    assert given.channel_wide
    assert timedelta(seconds=300) - (stage.world.now() - began) <= given.after <= timedelta(seconds=301)


async def test_no_secret_comes_out_anywhere(stage, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    faults = [row[0] for row in ON_THE_WRITE.values()] + [row[0] for row in BEFORE_THE_WRITE.values()]
    for fault in faults:
        channel = stage.channel(**SHORT)
        stage.world.faults.append(replace(fault, seconds=0.5))
        said.append(repr(await channel.publish(part(), KEY, None)))
        for asked in (channel.verify(), channel.find(part(), KEY, NOW)):
            try:
                said.append(repr(await asked))
            except (BadSetting, Unreachable) as error:
                said.append(f"{error} {error!r} {error.__cause__!r} {error.__cause__}")
        stage.world.faults.clear()
    everything = "\n".join([*said, caplog.text])
    assert len(said) == 3 * len(faults)
    assert not [secret for secret in (PASSWORD, *stage.service.tokens) if secret in everything]


async def test_a_server_that_sends_our_secrets_back_is_not_quoted(stage):
    channel = stage.channel(HANDLE=HANDLE, PASSWORD="pass-word-of-ours")
    stage.service.calls["POST com.atproto.server.createSession"] = (echo, ())
    given = await channel.publish(part(), KEY, None)
    assert isinstance(given, Unauthorised)
    assert "said ***" in given.why


def echo(request, asked):
    raise Rebuff(401, "AuthenticationRequired", f"said {asked['password']}")
