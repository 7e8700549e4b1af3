"""What the Bluesky adapter sends, held to the lexicons and to the reference's vectors, and what followers see of it."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image as Pillow

from bot.clock import SystemClock
from bot.domain.delivery import PublishKey, key_of
from bot.domain.outcome import Receipt, Refused, ReplyTo, Sent
from bot.domain.post import Card, Span, SpanKind
from bot.errors import BadSetting, Unreachable
from bot.media import MediaFolder
from bot.platforms import bluesky
from bot.ports import Means
from bot.sandbox.bluesky import HANDLE, PASSWORD
from bot.sandbox.bluesky_records import FORMS, RECORD, address, did_of
from bot.sandbox.world import Fault
from tests.contract import bluesky_bench
from tests.contract.bluesky_bench import (
    BLOB,
    FRIEND,
    FRIEND_DID,
    FULL,
    IMAGE,
    KEY,
    NOW,
    STRONG,
    WORDS,
    Silent,
    part,
    picture_bytes,
    span,
)
from tests.vectors import vectors

stage = bluesky_bench.stage


def test_record_keys_are_tids_that_grow_with_time_and_differ_by_key():
    keys = [
        bluesky.record_key(PublishKey(value=key_of("d", n, 1), at=NOW + timedelta(microseconds=n))) for n in range(200)
    ]
    assert all(re.fullmatch(FORMS["TID string"], key) for key in keys)
    assert keys == sorted(keys)
    twins = {bluesky.record_key(PublishKey(value=key_of("d", n, 1), at=NOW)) for n in range(20)}
    assert len(twins) > 15
    assert bluesky.record_key(KEY) == bluesky.record_key(replace(KEY, at=NOW.astimezone()))
    # atproto.com/specs/tid: the epoch is all 2s, the timestamp's 53 bits come first
    assert bluesky.record_key(PublishKey(value="x", at=datetime(1970, 1, 1, tzinfo=UTC))).startswith("22222222222")


def test_facets_have_the_byte_offsets_of_the_reference():
    cases = json.loads(vectors("bluesky/facets.json").read_text())
    names = {"link": ("uri", SpanKind.LINK), "tag": ("tag", SpanKind.TAG), "mention": ("handle", SpanKind.MENTION)}
    seen = 0
    for case in cases["mentions_and_links"] + cases["tags"]:
        raw = case["text"].encode()
        spans: list[Span] = []
        dids: dict[str, str] = {}
        for facet in case["facets"]:
            name, kind = names[facet["type"]]
            start, end = (len(raw[: facet[edge]].decode()) for edge in ("byteStart", "byteEnd"))
            spans.append(Span(kind=kind, start=start, end=end, target=facet[name]))
            dids |= {facet[name]: f"did:web:{facet[name]}"} if kind is SpanKind.MENTION else {}
        made = bluesky.facets(part(case["text"], spans=tuple(spans)), dids)
        wanted = [{"byteStart": facet["byteStart"], "byteEnd": facet["byteEnd"]} for facet in case["facets"]]
        assert [facet["index"] for facet in made] == wanted, case["text"]
        seen += len(made)
    assert seen > 60


def allowed(schemas, name, value, path="$"):
    """Yield what the lexicon `name` ("app.bsky.feed.post" or "...#image") says against a value."""
    home, _, inner = name.partition("#")
    found = schemas[home]["defs"][inner or "main"]
    yield from _against(schemas, home, found.get("record", found), value, path)


KINDS = {"string": str, "integer": int, "array": list, "object": dict, "blob": dict, "union": dict, "ref": object}


def _against(schemas, home, schema, value, path):
    if isinstance(value, KINDS[schema["type"]]):
        yield from CHECKS[schema["type"]](schemas, home, schema, value, path)
    else:
        yield f"{path} is no {schema['type']}"


def _object(schemas, home, schema, value, path):
    yield from (f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value)
    for name, member in value.items():
        if name in schema["properties"]:
            yield from _against(schemas, home, schema["properties"][name], member, f"{path}.{name}")
        elif name != "$type":
            yield f"{path}.{name} is not in the lexicon"


def _array(schemas, home, schema, value, path):
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path} has too many entries"
    for index, member in enumerate(value):
        yield from _against(schemas, home, schema["items"], member, f"{path}[{index}]")


def _union(schemas, home, schema, value, path):
    if value.get("$type") in [_full(home, ref) for ref in schema["refs"]]:
        yield from allowed(schemas, value["$type"], value, path)
    else:
        yield f"{path} has $type {value.get('$type')}"


def _ref(schemas, home, schema, value, path):
    yield from allowed(schemas, _full(home, schema["ref"]), value, path)


def _blob(schemas, home, schema, value, path):
    if value["size"] > schema["maxSize"] or not value["mimeType"].startswith("image/"):
        yield f"{path} is too large or no image"


def _string(schemas, home, schema, value, path):
    if len(value.encode()) > schema.get("maxLength", 10**9):
        yield f"{path} is too long"


def _integer(schemas, home, schema, value, path):
    if value < schema.get("minimum", value):
        yield f"{path} is too small"


CHECKS: dict[str, Callable[..., Iterator[str]]] = {
    "object": _object,
    "array": _array,
    "union": _union,
    "ref": _ref,
    "blob": _blob,
    "string": _string,
    "integer": _integer,
}


def _full(home, ref):
    return home + ref if ref.startswith("#") else ref


@pytest.fixture(scope="module")
def schemas():
    text, number = {"type": "string"}, {"type": "integer", "minimum": 1}
    ours = {"com.atproto.repo.strongRef": {"uri": text, "cid": text}}
    ratio = {"type": "object", "required": ["width", "height"], "properties": {"width": number, "height": number}}
    known = json.loads(vectors("bluesky/lexicons.json").read_text())
    known |= {
        name: {"defs": {"main": {"type": "object", "required": list(fields), "properties": fields}}}
        for name, fields in ours.items()
    }
    return known | {"app.bsky.embed.defs": {"defs": {"aspectRatio": ratio}}}


RECORDS = {
    "text only": (part(), {}),
    "card, spans, language": (FULL, {}),
    "pictures win over the card": (replace(FULL, images=(IMAGE, IMAGE, IMAGE, IMAGE)), {}),
    "card without picture": (part(card=Card(url="https://library.example", title="Library")), {}),
    "reply": (part(), {"root": STRONG, "parent": STRONG}),
}


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_sent_obeys_the_lexicons(schemas, name):
    given, reply = RECORDS[name]
    record = bluesky.payload(given, KEY, {FRIEND: FRIEND_DID}, {IMAGE.sha256: BLOB}, reply)
    assert list(allowed(schemas, "app.bsky.feed.post", record)) == []
    RECORD(record, "$.record")
    assert re.fullmatch(FORMS["datetime"], record["createdAt"])


def test_the_lexicon_check_above_finds_what_is_wrong(schemas):
    good = bluesky.payload(FULL, KEY, {FRIEND: FRIEND_DID}, {IMAGE.sha256: BLOB}, {})
    for spoiled in (
        {"text": 5},
        {"text": "x" * 3001},
        {"colour": "red"},
        {"embed": {"$type": "x"}},
        {"langs": ["a"] * 4},
    ):
        assert list(allowed(schemas, "app.bsky.feed.post", good | spoiled)), spoiled
    assert list(allowed(schemas, "app.bsky.feed.post", {"text": "no date"})) == ["$.createdAt is missing"]


def test_the_whole_record_of_a_part():
    assert bluesky.payload(FULL, KEY, {FRIEND: FRIEND_DID}, {IMAGE.sha256: BLOB}, {}) == {
        "$type": "app.bsky.feed.post",
        "text": WORDS,
        "createdAt": "2026-11-21T10:00:00.123456Z",
        "langs": ["hu"],
        "facets": [
            {
                "index": {"byteStart": 32, "byteEnd": 41},
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://library.example/catalogue"}],
            },
            {
                "index": {"byteStart": 43, "byteEnd": 58},
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": FRIEND_DID}],
            },
            {
                "index": {"byteStart": 59, "byteEnd": 66},
                "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Könyv"}],
            },
        ],
        "embed": {
            "$type": "app.bsky.embed.external",
            "external": {
                "uri": "https://library.example/sunday",
                "title": "Open on Sunday",
                "description": "From May",
                "thumb": BLOB,
            },
        },
    }


def test_an_overlong_tag_stays_plain_text():
    text = "#" + "t" * 65
    assert bluesky.facets(part(text, spans=(span(text, text, SpanKind.TAG, "t" * 65),)), {}) == []


async def test_followers_see_text_spans_card_and_language(stage):
    thumb = await stage.media.put(picture_bytes(), "")
    assert FULL.card is not None
    outcome = await stage.channel().publish(replace(FULL, card=replace(FULL.card, image=thumb)), KEY, None)
    assert isinstance(outcome, Sent)
    (seen,) = stage.shown()
    assert outcome.receipt == Receipt(
        id=seen.id,
        url=f"https://bsky.app/profile/{HANDLE}/post/{bluesky.record_key(KEY)}",
        at=NOW,
        version=stage.service.records[seen.id][0],
    )
    assert (seen.text, seen.language, seen.url, seen.key) == (WORDS, "hu", outcome.receipt.url, bluesky.record_key(KEY))
    assert [(WORDS[start:end], kind, target) for start, end, kind, target in seen.spans] == [
        ("catalogue", "link", "https://library.example/catalogue"),
        ("@museum.example", "mention", FRIEND_DID),
        ("#Könyv", "tag", "Könyv"),
    ]
    assert seen.card == {
        "url": "https://library.example/sunday",
        "title": "Open on Sunday",
        "description": "From May",
        "picture": thumb.sha256,
    }
    assert stage.world.pictures[thumb.sha256] == (picture_bytes(), "image/png")


async def test_followers_see_pictures_with_alt_text_in_order(stage):
    images = tuple(
        [await stage.media.put(picture_bytes(color), f"A {color} door") for color in ("red", "green", "blue")]
    )
    assert isinstance(await stage.channel().publish(part(images=images), KEY, None), Sent)
    (seen,) = stage.shown()
    assert [(shown.alt, shown.sha256) for shown in seen.images] == [(image.alt, image.sha256) for image in images]
    (_, record) = stage.service.records[seen.id]
    assert [entry["aspectRatio"] for entry in record["embed"]["images"]] == [{"width": 40, "height": 30}] * 3


async def test_a_large_picture_arrives_small_enough_for_every_server(stage):
    out = io.BytesIO()
    Pillow.effect_noise((1800, 1200), 90).save(out, "PNG")
    image = await stage.media.put(out.getvalue(), "Noise")
    assert image.size > bluesky.LIMITS.image_bytes
    assert isinstance(await stage.channel().publish(part(images=(image,)), KEY, None), Sent)
    (seen,) = stage.shown()
    assert len(stage.world.pictures[seen.images[0].sha256][0]) <= 1_000_000


async def test_a_mention_of_nobody_stays_text(stage):
    text = "Thanks to @nobody.example for the atlas"
    given = part(text, spans=(span(text, "@nobody.example", SpanKind.MENTION, "nobody.example"),))
    assert isinstance(await stage.channel().publish(given, KEY, None), Sent)
    assert [seen.spans for seen in stage.shown()] == [()]


async def test_a_thread_hangs_together(stage):
    channel = stage.channel()
    receipts: list[Receipt] = []
    for number in range(1, 4):
        reply = ReplyTo(root=receipts[0], parent=receipts[-1]) if receipts else None
        key = PublishKey(value=key_of("thread", number, 1), at=NOW + timedelta(seconds=number))
        outcome = await channel.publish(part(f"Part {number}"), key, reply)
        assert isinstance(outcome, Sent)
        receipts.append(outcome.receipt)
    first, second, third = stage.shown()
    assert (second.reply_to, third.reply_to) == (first.id, second.id)
    assert {seen.thread for seen in stage.shown()} == {first.id}
    (_, record) = stage.service.records[third.id]
    assert record["reply"]["parent"] == {"uri": receipts[1].id, "cid": receipts[1].version}


async def test_a_thread_goes_on_from_a_link_that_a_person_pasted(stage):
    channel = stage.channel()
    sent = await channel.publish(part(), KEY, None)
    pasted = Receipt(id=sent.receipt.url, url=sent.receipt.url, at=NOW)
    key = PublishKey(value=key_of("d", 2, 1), at=NOW + timedelta(seconds=1))
    assert isinstance(await channel.publish(part("Part 2"), key, ReplyTo(root=pasted, parent=pasted)), Sent)
    assert stage.shown()[1].reply_to == sent.receipt.id
    await channel.retract(sent.receipt)
    gone = await channel.publish(part("Part 3"), replace(KEY, value="3"), ReplyTo(root=pasted, parent=pasted))
    assert isinstance(gone, Refused)
    assert len(stage.shown()) == 1


async def test_verify_says_who_we_are(stage):
    account = await stage.channel(HANDLE=f"@{HANDLE}").verify()
    assert (account.name, account.url) == (f"@{HANDLE}", f"https://bsky.app/profile/{HANDLE}")
    assert account.limits == bluesky.LIMITS
    assert account.automated is False
    assert len(account.notes) == 1


async def test_verify_puts_the_automation_label_on_when_asked_and_keeps_the_rest_of_the_profile(stage):
    uri = address(did_of(HANDLE), "app.bsky.actor.profile", "self")
    await stage.channel(AUTOMATED="yes").verify()
    assert [label["val"] for label in stage.service.records[uri][1]["labels"]["values"]] == ["bot"]
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "!no-unauthenticated"}]}
    stage.service.records[uri] = (
        "old",
        {"$type": "app.bsky.actor.profile", "displayName": "Town library", "labels": labels},
    )
    assert (await stage.channel().verify()).automated is False
    assert (await stage.channel(AUTOMATED="yes").verify()).automated is True
    profile = stage.service.records[uri][1]
    assert profile["displayName"] == "Town library"
    assert [label["val"] for label in profile["labels"]["values"]] == ["!no-unauthenticated", "bot"]
    account = await stage.channel().verify()
    assert (account.automated, account.notes) == (True, ())
    assert stage.world.effects == []


async def test_verify_refuses_an_account_that_is_not_active(stage):
    asleep = {"did": did_of(HANDLE), "handle": HANDLE, "active": False, "status": "deactivated"}
    stage.service.calls["GET com.atproto.server.getSession"] = (lambda request, asked: asleep, ())
    with pytest.raises(BadSetting, match="deactivated"):
        await stage.channel().verify()


async def test_verify_tells_a_wrong_password_from_a_sick_server(stage):
    with pytest.raises(BadSetting, match="Invalid identifier or password"):
        await stage.channel(PASSWORD="wrong").verify()
    stage.world.faults.append(Fault(platform="bluesky", kind="error", on="any", times=0))
    with pytest.raises(Unreachable):
        await stage.channel().verify()


@pytest.mark.parametrize("missing", ["HANDLE", "PASSWORD"])
def test_a_missing_setting_is_named(missing, tmp_path):
    given = {"HANDLE": HANDLE, "PASSWORD": PASSWORD, missing: " "}
    means = Means(
        channel="bluesky",
        credentials=given,
        session=None,
        media=MediaFolder(tmp_path),
        clock=SystemClock(),
        witness=Silent(),
    )
    with pytest.raises(BadSetting, match=missing):
        bluesky.connect(means)
