"""The simulated PDS, held to what the official one said, to its CIDs and to AT Protocol's syntax vectors."""

import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import net
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Retry, Sent
from bot.platforms import bluesky
from bot.sandbox.bluesky import HANDLE, LARGEST_BLOB, Bluesky
from bot.sandbox.bluesky_records import FORMS, RECORD, Invalid, address, cbor, cid, did_of
from bot.sandbox.server import running
from bot.sandbox.world import World
from tests.contract import bluesky_bench
from tests.contract.bluesky_bench import FRIEND_DID, KEY, NOW, STRONG, Stage, part, picture_bytes
from tests.vectors import vectors

stage = bluesky_bench.stage

HELLO = {"$type": "app.bsky.feed.post", "text": "Hello", "createdAt": "2026-11-21T10:00:00.123456Z"}
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f6"
    "45400000000049454e44ae426082"
)


def with_picture(**facts):
    blob = {"$type": "blob", "ref": {"$link": cid(DOT, 0x55)}, "mimeType": "image/png", "size": 70} | facts
    image = {"image": blob, "alt": "x", "aspectRatio": {"width": 1, "height": 1}}
    return {"embed": {"$type": "app.bsky.embed.images", "images": [image]}}


def test_cids_are_those_of_the_official_server():
    """Computed by @atproto/pds 0.4.217 for these very records."""
    assert cid(cbor(HELLO), 0x71) == "bafyreiemqe55xq367taied64t6y5sw66dtbne3vewsrp2stuhh2cb4ktpe"
    assert cid(DOT, 0x55) == "bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"
    pictured = HELLO | with_picture()
    assert cid(cbor(pictured), 0x71) == "bafyreig75e575fhv7x3x5dpof4s2tzs4jyebasi7xt5i6up2swd5m3jb44"
    # RFC 8949, appendix A
    wanted = {0: "00", 23: "17", 24: "1818", 1000: "1903e8", 10**12: "1b000000e8d4a51000", -1: "20", -1000: "3903e7"}
    assert {number: cbor(number).hex() for number in wanted} == wanted
    assert cbor([None, True, False, "ü", {"b": 1, "a": []}]).hex() == "85f6f5f462c3bca26161806162" + "01"
    with pytest.raises(Invalid):
        cbor(1.5)


def facet(feature, start=0, end=5):
    return {"facets": [{"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}]}


LINK, TAG, MENTION = (f"app.bsky.richtext.facet#{kind}" for kind in ("link", "tag", "mention"))
#: What @atproto/pds 0.4.217 said to each of these (400, InvalidRequest), after "Invalid app.bsky.feed.post record: ".
REFUSALS = {
    "grapheme too big (maximum 300, got 301) at $.record.text": {"text": "a" * 301},
    "string too big (maximum 3000, got 3200) at $.record.text": {"text": "é" * 1600},
    "string too big (maximum 3000, got 7500) at $.record.text": {"text": "👨‍👩‍👧‍👦" * 300},
    'Invalid datetime (got "yesterday") at $.record.createdAt': {"createdAt": "yesterday"},
    "Expected string value type (got 5) at $.record.text": {"text": 5},
    "array too big (maximum 3, got 4) at $.record.langs": {"langs": ["en", "de", "fr", "es"]},
    'Invalid language (got "not a lang") at $.record.langs[0]': {"langs": ["not a lang"]},
    'Expected array value type (got "x") at $.record.facets': {"facets": "x"},
    'Missing required key "index" at $.record.facets[0]': {"facets": [{"features": []}]},
    'Invalid uri (got "not a uri") at $.record.facets[0].features[0].uri': facet({"$type": LINK, "uri": "not a uri"}),
    'Missing required key "uri" at $.record.facets[0].features[0]': facet({"$type": LINK}),
    'Invalid DID (got "library.test") at $.record.facets[0].features[0].did': facet(
        {"$type": MENTION, "did": "library.test"}
    ),
    "grapheme too big (maximum 64, got 65) at $.record.facets[0].features[0].tag": facet(
        {"$type": TAG, "tag": "t" * 65}
    ),
    "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart": facet(
        {"$type": TAG, "tag": "t"}, -1
    ),
    'Expected integer value type (got "0") at $.record.facets[0].index.byteStart': facet(
        {"$type": TAG, "tag": "t"}, "0"
    ),
    'Expected an object which includes the "$type" property value type (got {"tag": ...}) at'
    " $.record.facets[0].features[0]": facet({"tag": "x"}),
    'Missing required key "parent" at $.record.reply': {"reply": {"root": STRONG}},
    'Invalid CID string (got "x") at $.record.reply.parent.cid': {
        "reply": {"root": STRONG, "parent": STRONG | {"cid": "x"}}
    },
    'Invalid at-uri (got "x") at $.record.reply.root.uri': {"reply": {"root": STRONG | {"uri": "x"}, "parent": STRONG}},
    'Missing required key "description" at $.record.embed.external': {
        "embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example", "title": "t"}}
    },
    'Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType': with_picture(
        mimeType="text/plain"
    ),
    'Expected blob value type (got {"x": ...}) at $.record.embed.images[0].image': {
        "embed": {"$type": "app.bsky.embed.images", "images": [{"image": {"x": 1}, "alt": ""}]}
    },
    "blob too big (maximum 2000000, got 2000001) at $.record.embed.images[0].image": with_picture(size=2_000_001),
}


@pytest.mark.parametrize("words", REFUSALS)
def test_records_are_refused_in_the_words_of_the_official_server(words):
    with pytest.raises(Invalid) as refusal:
        RECORD(HELLO | REFUSALS[words], "$.record")
    assert str(refusal.value) == words


def test_records_are_allowed_that_the_official_server_allows():
    for record in ({"text": ""}, facet({"$type": TAG, "tag": "t"}, 9, 3), {"text": "👨‍👩‍👧‍👦" * 120}, with_picture()):
        RECORD(HELLO | record, "$.record")


@pytest.mark.parametrize(
    ("form", "name"),
    [("TID string", "tid"), ("DID", "did"), ("datetime", "datetime"), ("at-uri", "aturi"), ("language", "language")],
)
def test_forms_agree_with_the_interop_vectors(form, name):
    cases = json.loads(vectors("bluesky/interop_syntax.json").read_text())
    refused = [case for case in cases[f"{name}_syntax_valid"] if not re.fullmatch(FORMS[form], case, re.ASCII)]
    taken = [case for case in cases[f"{name}_syntax_invalid"] if re.fullmatch(FORMS[form], case, re.ASCII)]
    assert (refused, taken) == ([], [])


async def test_the_server_answers_as_the_official_one(stage):
    """Each row was seen on @atproto/pds 0.4.217: call, body or query, token, status, error, message."""
    channel = stage.channel()
    await channel.publish(part(), KEY, None)
    did, access = did_of(HANDLE), next(word for word, token in stage.service.tokens.items() if token.scope == "access")
    refresh = next(word for word, token in stage.service.tokens.items() if token.scope == "refresh")
    place = {"repo": did, "collection": "app.bsky.feed.post", "rkey": bluesky.record_key(KEY)}
    taken = f"Record was at {stage.service.records[stage.shown()[0].id][0]}"
    missing = f"Could not locate record: {address(did, 'app.bsky.feed.post', '3kabcdefghij2')}"
    keyless = 'Invalid record key for app.bsky.feed.post: Invalid TID string (got "crosspost-123") at $'
    unlike = "Invalid $type: expected app.bsky.feed.post, got app.bsky.feed.like"
    nowhere = f"Could not find blob: {cid(DOT, 0x55)}"
    server, repo, wrong = "com.atproto.server.", "com.atproto.repo.", "Invalid identifier or password"
    session = {"identifier": HANDLE, "password": "wrong"}
    post, get, bad = "POST", "GET", (400, "InvalidRequest")
    put, create = f"{repo}putRecord", f"{repo}createRecord"
    like, hello = HELLO | {"$type": "app.bsky.feed.like"}, {"record": HELLO}
    unlike_text = "app.bsky.feed.post record: Expected string value type (got 5) at $.record.text"
    rows = [
        (post, f"{server}createSession", session, "", 401, "AuthenticationRequired", wrong),
        (post, f"{server}createSession", {"identifier": HANDLE}, "", *bad, 'Missing required key "password" at $'),
        (get, f"{server}getSession", {}, "", 401, "AuthMissing", "Authentication Required"),
        (get, f"{server}getSession", {}, "abc.def.ghi", 400, "InvalidToken", "Token could not be verified"),
        (post, f"{server}refreshSession", None, access, 400, "InvalidToken", "Invalid token type"),
        (get, f"{repo}getRecord", place | {"rkey": "3kabcdefghij2"}, "", 400, "RecordNotFound", missing),
        (get, "com.atproto.identity.resolveHandle", {"handle": "nobody.test"}, "", *bad, "Unable to resolve handle"),
        (get, "no.such.method", {}, access, *bad, "No service configured for no.such.method"),
        (post, put, place | hello | {"swapRecord": None}, access, 400, "InvalidSwap", taken),
        (post, put, place | hello | {"rkey": "crosspost-123"}, access, *bad, keyless),
        (post, put, place | {"record": like}, access, *bad, unlike),
        (post, put, place | {"record": HELLO | with_picture()}, access, 400, "BlobNotFound", nowhere),
        (post, put, place | hello | {"repo": FRIEND_DID}, access, 403, "AccountNotFound", "Account not found"),
        (post, put, place | {"record": HELLO | {"text": 5}}, access, *bad, f"Invalid {unlike_text}"),
        (get, "app.bsky.actor.getProfile", {"actor": "nobody.test"}, access, *bad, "Profile not found"),
        (post, create, place | hello, access, 500, "InternalServerError", "Internal Server Error"),
    ]
    for method, nsid, asked, token, *wanted in rows:
        status, said = await stage_call(stage, method, nsid, asked, token)
        assert [status, said["error"], said["message"]] == wanted, nsid
    stage.service.expire("access")
    status, said = await stage_call(stage, "GET", f"{server}getSession", {}, access)
    assert (status, said) == (400, {"error": "ExpiredToken", "message": "Token has expired"})
    status, said = await stage_call(stage, "POST", f"{server}refreshSession", None, refresh)
    assert (status, set(said)) == (200, {"accessJwt", "refreshJwt", "did", "handle", "active"})
    assert len(stage.shown()) == 1


async def stage_call(stage, method, nsid, asked, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sent = {"json": asked} if method == "POST" and asked is not None else {"params": asked}
    async with stage.session.request(method, f"{stage.base}/xrpc/{nsid}", headers=headers, **sent) as response:
        assert response.headers.get("RateLimit-Policy", "3000;w=300") == "3000;w=300"
        return response.status, await response.json()


async def test_the_server_lists_describes_and_shows_profiles(stage):
    channel = stage.channel(AUTOMATED="yes")
    await channel.verify()
    for n in range(3):
        await channel.publish(part(f"Notice {n}"), PublishKey(value="", at=NOW + timedelta(seconds=n)), None)
    did, access = did_of(HANDLE), next(iter(stage.service.tokens))
    asked = {"repo": HANDLE, "collection": "app.bsky.feed.post", "limit": "2"}
    _, page = await stage_call(stage, "GET", "com.atproto.repo.listRecords", asked, "")
    assert [record["value"]["text"] for record in page["records"]] == ["Notice 2", "Notice 1"]
    _, page = await stage_call(stage, "GET", "com.atproto.repo.listRecords", asked | {"cursor": page["cursor"]}, "")
    assert [record["value"]["text"] for record in page["records"]] == ["Notice 0"]
    _, profile = await stage_call(stage, "GET", "app.bsky.actor.getProfile", {"actor": did}, access)
    assert (profile["handle"], profile["postsCount"], profile["labels"][0]["val"]) == (HANDLE, 3, "bot")
    _, server = await stage_call(stage, "GET", "com.atproto.server.describeServer", {}, "")
    assert server["availableUserDomains"] == [".test"]
    record = {"repo": did, "collection": "app.bsky.feed.post", "record": HELLO}
    status, made = await stage_call(stage, "POST", "com.atproto.repo.createRecord", record, access)
    assert (status, made["cid"]) == (200, cid(cbor(HELLO), 0x71))
    assert re.fullmatch(FORMS["TID string"], made["uri"].rsplit("/", 1)[-1])


async def test_writes_are_counted_in_points(stage):
    stage.service.quotas["write"].points = 5
    channel = stage.channel()
    outcomes = [
        await channel.publish(part(f"{n}"), PublishKey(value="", at=NOW + timedelta(n)), None) for n in range(3)
    ]
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent, Retry]
    assert len(stage.shown()) == 2


async def test_an_upload_is_typed_by_its_bytes_and_has_a_limit(stage):
    await stage.channel().verify()
    where = f"{stage.base}/xrpc/com.atproto.repo.uploadBlob"
    headers = {"Authorization": f"Bearer {next(iter(stage.service.tokens))}", "Content-Type": "image/gif"}
    async with stage.session.post(where, data=DOT, headers=headers) as response:
        assert (await response.json())["blob"] == with_picture()["embed"]["images"][0]["image"]
    async with stage.session.post(where, data=io.BytesIO(bytes(LARGEST_BLOB + 1)), headers=headers) as response:
        assert (response.status, (await response.json())["error"]) == (413, "PayloadTooLarge")
    async with stage.session.post(where, data=DOT) as response:
        assert (response.status, (await response.json())["error"]) == (401, "AuthMissing")


async def test_a_server_that_was_killed_forgets_nothing_but_its_tokens(tmp_path):
    gone = replace(KEY, value="gone")
    async with net.session(20) as session:
        for life in range(3):
            world = World(tmp_path / "world")
            async with running(world, [Bluesky(world)]) as base:
                stage = Stage(world, None, base, session, tmp_path / "media")
                channel = stage.channel(AUTOMATED="" if life else "yes")
                image = await stage.media.put(picture_bytes(), "A door")
                assert (await channel.find(part(images=(image,)), KEY, NOW) is not None) == bool(life)
                assert await channel.find(part("Gone"), gone, NOW) is None
                sent = await channel.publish(part(images=(image,)), KEY, None)
                assert isinstance(sent, Sent)
                await channel.retract((await channel.publish(part("Gone"), gone, None)).receipt)
                assert (await channel.verify()).automated is True
                assert [(seen.text, seen.images[0].alt) for seen in stage.shown()] == [(part().text, "A door")]
