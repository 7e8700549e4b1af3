"""The Mastodon adapter and the simulated Mastodon against each other, over real HTTP on loopback."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image as Pillow

from bot.domain.channel import Limits, LinkPlace, Unit
from bot.domain.outcome import Pending, Refused, ReplyTo, Retry, Sent, Unknown
from bot.errors import BadSetting
from bot.platforms import mastodon
from bot.sandbox.mastodon import COUNTING
from bot.sandbox.world import World
from tests.contract import mastodon_bench
from tests.contract.mastodon_bench import TEXT, TOKEN, Bench, Benches, key, now, part, sent
from tests.store_samples import HandClock

bench, benches = mastodon_bench.bench, mastodon_bench.benches


async def test_followers_see_what_the_part_says(bench: Bench) -> None:
    post = part("Night walk through the old town.", language="de-CH", warning="spiders", visibility="unlisted")
    before = now()
    receipt = await sent(bench.channel(), post)
    (effect,) = bench.seen()
    assert (effect.text, effect.language, effect.warning, effect.visibility) == (post.text, "de", "spiders", "unlisted")
    assert (effect.id, effect.url, effect.key) == (receipt.id, receipt.url, "a1b2")
    assert before - timedelta(seconds=1) <= receipt.at <= now()
    assert receipt.at.tzinfo is UTC


async def test_the_request_says_all_that_servers_would_otherwise_choose(bench: Bench) -> None:
    await sent(bench.channel(VISIBILITY="unlisted"), part())
    assert list(bench.service.requests) == [
        {"status": [TEXT], "visibility": ["unlisted"], "sensitive": ["0"], "Idempotency-Key": ["a1b2"]}
    ]


async def test_links_tags_and_length_count_as_the_server_counts(bench: Bench) -> None:
    await sent(bench.channel(), part())
    (effect,) = bench.seen()
    assert [span[2:] for span in effect.spans] == [
        ("link", "https://library.example.com/sundays?from=may&to=june"),
        ("tag", "library"),
    ]
    assert effect.length == len(TEXT) - len("https://library.example.com/sundays?from=may&to=june") + 23


async def test_the_public_page_of_a_receipt_shows_the_post(bench: Bench) -> None:
    receipt = await sent(bench.channel(), part("Coffee & cake <at> four"))
    async with bench.session.get(receipt.url) as page:
        assert "Coffee &amp; cake &lt;at&gt; four" in await page.text()
    await bench.channel().retract(receipt)
    async with bench.session.get(receipt.url) as page:
        assert page.status == 404


async def test_too_long_is_refused_in_the_servers_words(bench: Bench) -> None:
    assert await bench.channel().publish(part("a" * 501), key(), None) == Refused(
        why="422: Validation failed: Text character limit of 500 exceeded"
    )
    assert isinstance(await bench.channel().publish(part("a" * 480, warning="b" * 21), key(), None), Refused)
    assert bench.seen() == []
    await sent(bench.channel(), part("👩‍👩‍👧‍👦" * 500))


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en-GB", "en"), ("fa", "fa"), ("zh-TW", "zh-TW"), ("zh-Hant", "zh-TW"), ("zh-Hans-CN", "zh-CN"),
        ("zh-Hant-HK", "zh-HK"), ("zh", "zh"), ("yue", "zh-YUE"), ("pt-BR", "pt"), ("", None), ("und", None), ("gsw", "gsw"),
    ],
)  # fmt: skip
def test_language_as_the_server_takes_it(tag: str, told: str | None) -> None:
    assert mastodon.language(tag) == told


async def test_pictures_arrive_with_their_alt_texts_in_order(benches: Benches) -> None:
    bench = await benches(processing=0.2)
    pictures = (await bench.picture("red", "A red door"), await bench.picture("blue", "A blue door"))
    await sent(bench.channel(), part(images=pictures))
    (effect,) = bench.seen()
    assert [(each.sha256, each.alt) for each in effect.images] == [(each.sha256, each.alt) for each in pictures]


async def test_pictures_that_need_long_are_pending_and_not_uploaded_twice(
    benches: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await benches(processing=600)
    clock = HandClock(now())
    channel = bench.channel(clock=clock)
    post = part(images=(await bench.picture("red", "A red door"), await bench.picture("blue")))
    waiting = await channel.publish(post, key(), None)
    assert isinstance(waiting, Pending)
    assert bench.seen() == []
    assert waiting.until == clock.now() + timedelta(seconds=1)
    later = now() + timedelta(seconds=600)
    monkeypatch.setattr(bench.world, "now", lambda: later)
    assert isinstance(await channel.publish(post, key(), None, waiting.resume), Sent)
    assert bench.service.requests[-1]["media_ids[]"] == waiting.resume.split(",")
    assert [len(each.images) for each in bench.seen()] == [2]


async def test_a_picture_too_large_for_the_server_is_made_to_fit(benches: Benches) -> None:
    bench = await benches(limits=replace(COUNTING, image_pixels=600))
    channel = bench.channel()
    await channel.verify()
    await sent(channel, part(images=(await bench.picture("green"),)))
    (effect,) = bench.seen()
    with Pillow.open(io.BytesIO(bench.world.pictures[effect.images[0].sha256][0])) as shown:
        assert shown.width * shown.height <= 600


@pytest.mark.parametrize("kind", ["refuse", "reset", "truncate", "garbage", "error", "error-after"])
async def test_whatever_happens_to_an_upload_nothing_was_published(bench: Bench, kind: str) -> None:
    bench.breaks(kind, on="any")
    post = part(images=(await bench.picture("red"),))
    assert isinstance(await bench.channel().publish(post, key(), None), Retry)
    assert bench.seen() == []
    await sent(bench.channel(), post)
    assert len(bench.seen()) == 1


async def test_alt_text_beyond_the_servers_limit_is_refused(bench: Bench) -> None:
    post = part(images=(await bench.picture("red", "x" * 1501),))
    outcome = await bench.channel().publish(post, key(), None)
    assert outcome == Refused(why="422: Validation failed: Description is too long (maximum is 1500 characters)")


async def test_a_picture_we_do_not_have_any_more_is_no_riddle(bench: Bench, tmp_path: Path) -> None:
    image = await bench.picture("red")
    (tmp_path / image.sha256).unlink()
    assert isinstance(await bench.channel().publish(part(images=(image,)), key(), None), Retry)


async def test_a_picture_that_cannot_be_made_to_fit_is_refused(bench: Bench, tmp_path: Path) -> None:
    image = await bench.picture("red")
    (tmp_path / image.sha256).write_bytes(b"no picture")
    huge = replace(image, width=9_000, height=9_000)
    assert isinstance(await bench.channel().publish(part(images=(huge,)), key(), None), Refused)


async def test_a_picture_that_is_attached_already_is_a_riddle(bench: Bench) -> None:
    post = part(images=(await bench.picture("red"),))
    channel = bench.channel()
    await sent(channel, post)
    used = bench.service.requests[-1]["media_ids[]"][0]
    assert isinstance(await channel.publish(post, key("other"), None, used), Unknown)
    assert len(bench.seen()) == 1


async def test_a_thread_hangs_together(bench: Bench) -> None:
    channel = bench.channel()
    first = await sent(channel, part("One"), "k1")
    second = await sent(channel, part("Two"), "k2", ReplyTo(root=first, parent=first))
    await sent(channel, part("Three"), "k3", ReplyTo(root=first, parent=second))
    assert [(each.text, each.reply_to, each.thread) for each in bench.seen()] == [
        ("One", "", first.id), ("Two", first.id, first.id), ("Three", second.id, first.id),
    ]  # fmt: skip
    async with bench.session.get(f"{bench.address}/mastodon/api/v1/statuses/{second.id}/context") as answer:
        told = await answer.json()
    assert [[each["content"] for each in told[side]] for side in ("ancestors", "descendants")] == [
        ["<p>One</p>"],
        ["<p>Three</p>"],
    ]


async def test_a_reply_to_what_was_deleted_is_refused(bench: Bench) -> None:
    channel = bench.channel()
    gone = await sent(channel, part("One"), "k1")
    await channel.retract(gone)
    outcome = await channel.publish(part("Two"), key("k2"), ReplyTo(root=gone, parent=gone))
    assert isinstance(outcome, Refused)
    assert bench.seen() == []


async def test_retract_removes_and_is_content_with_what_is_gone(bench: Bench) -> None:
    channel = bench.channel()
    receipt = await sent(channel, part())
    assert await channel.retract(receipt) == Sent(receipt=receipt)
    assert bench.seen() == []
    assert await channel.retract(receipt) == Sent(receipt=receipt)
    bench.breaks("error", on="any")
    assert isinstance(await channel.retract(receipt), Unknown)
    bench.breaks("flood", on="any")
    assert isinstance(await channel.retract(receipt), Retry)


async def test_verify_reads_the_servers_own_limits(benches: Benches) -> None:
    generous = replace(COUNTING, length=5000, images=6, alt=10_000, url_weight=25, image_bytes=8 * 2**20)
    bench = await benches(limits=generous)
    account = await bench.channel().verify()
    host = bench.address.removeprefix("http://")
    assert (account.name, account.url, account.automated, account.notes) == (
        f"@library@{host}", f"{bench.address}/mastodon/@library", True, (),
    )  # fmt: skip
    told = account.limits
    assert (told.length, told.images, told.alt, told.url_weight, told.image_bytes) == (5000, 6, 10_000, 25, 8 * 2**20)
    assert (told.unit, told.link, told.tags) == (Unit.GRAPHEMES, LinkPlace.TEXT, 5)
    assert "video/mp4" not in told.image_types


@pytest.mark.parametrize(
    "version", ["0.20.0+git-57cb4fe", "2.7.2 (compatible; Pleroma 2.9.0)", "4.0.0 (not true; really snac/2.94)", ""]
)
async def test_other_servers_are_counted_by_code_points(benches: Benches, version: str) -> None:
    account = await (await benches(version=version)).channel().verify()
    assert (account.limits.unit, account.limits.url_weight, account.limits.local_mentions) == (
        Unit.CODE_POINTS,
        0,
        False,
    )
    assert len(account.notes) == 1


def test_what_a_server_leaves_out_keeps_the_default() -> None:
    sparse: Limits = mastodon.limits(
        {"version": "4.5.2+glitch", "configuration": {"statuses": {"max_characters": 1000}}}
    )
    assert sparse == replace(mastodon.LIMITS, length=1000)


async def test_a_server_that_tells_no_limits_is_taken_by_the_defaults(bench: Bench) -> None:
    bench.breaks("delay", on="any", seconds=0)
    bench.breaks("error", on="any", status=404)
    account = await bench.channel().verify()
    assert account.limits == replace(
        mastodon.LIMITS,
        unit=Unit.CODE_POINTS,
        url_weight=0,
        local_mentions=False,
        absence=mastodon.KEYLESS,
        reports=replace(mastodon.LIMITS.reports, batch=mastodon.SINGLY),
    )
    assert account.name == "@library@127.0.0.1"


async def test_a_wrong_token_is_named_by_its_setting(bench: Bench) -> None:
    channel = bench.channel(name="mastodon__museum", TOKEN="wrong-canary")
    with pytest.raises(BadSetting, match="MASTODON_TOKEN__MUSEUM") as caught:
        await channel.verify()
    assert "wrong-canary" not in str(caught.value)


@pytest.mark.parametrize("bad", [{"BASE_URL": "mastodon.example"}, {"BASE_URL": ""}, {"VISIBILITY": "friends"}])
async def test_settings_that_cannot_be_are_refused_at_once(bench: Bench, bad: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        bench.channel(**bad)


async def test_a_closed_channel_takes_no_more(bench: Bench) -> None:
    channel = bench.channel()
    await sent(channel, part())
    await channel.close()
    with pytest.raises(RuntimeError):
        await channel.publish(part("More"), key("k2"), None)


async def test_keys_are_forgotten_after_an_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await sent(bench.channel(), part())
    later = bench.world.now() + timedelta(minutes=61)
    monkeypatch.setattr(bench.world, "now", lambda: later)
    assert (await sent(bench.channel(), part())).id != first.id


async def test_a_restarted_server_remembers(benches: Benches, tmp_path: Path) -> None:
    before = await benches(world=World(tmp_path / "world"))
    post = part(images=(await before.picture("red", "A red door"),), warning="spiders")
    first = await sent(before.channel(), post)
    gone = await sent(before.channel(), part("Soon gone"), "k2")
    await before.channel().retract(gone)

    after = await benches(world=World(tmp_path / "world"))
    channel = after.channel()
    assert await channel.find(post, key(), now()) == first
    assert await channel.find(part("Soon gone"), key(), now()) is None
    assert await sent(channel, post) == first
    await sent(channel, part("Two"), "k3", ReplyTo(root=first, parent=first))
    assert [(each.text, each.thread) for each in after.seen()] == [(TEXT, first.id), ("Two", first.id)]


async def test_the_api_refuses_as_mastodon_does(benches: Benches) -> None:
    bench = await benches(processing=60)
    api, ours = f"{bench.address}/mastodon/api", {"Authorization": f"Bearer {TOKEN}"}

    async def ask(method: str, path: str, **more: Any) -> tuple[int, str]:
        async with bench.session.request(method, api + path, headers=ours, **more) as answer:
            return answer.status, (await answer.json()).get("error", "")

    form = aiohttp.FormData({"file": io.BytesIO(b"no picture")})
    assert await ask("POST", "/v2/media", data=form) == (422, "File type of uploaded media could not be verified")
    out = io.BytesIO()
    Pillow.new("RGB", (8, 8)).save(out, "PNG")
    async with bench.session.post(f"{api}/v2/media", headers=ours, data={"file": io.BytesIO(out.getvalue())}) as answer:
        assert answer.status == 202
        upload = await answer.json()
    assert upload["url"] is None
    assert await ask("GET", f"/v1/media/{upload['id']}") == (206, "")
    assert await ask("PUT", f"/v1/media/{upload['id']}", data={"description": "A black square"}) == (206, "")
    unready = await ask("POST", "/v1/statuses", data={"status": "x", "media_ids[]": upload["id"]})
    assert unready == (422, "Cannot attach files that have not finished processing. Try again in a moment!")
    assert (await ask("POST", "/v1/statuses", data={"status": "x", "media_ids[]": "77"}))[0] == 422
    assert await ask("POST", "/v1/statuses", data={"status": " "}) == (422, "Validation failed: Text can't be blank")
    assert (await ask("POST", "/v1/statuses", data={"status": "x", "visibility": "friends"}))[0] == 422
    assert await ask("GET", "/v1/statuses/77") == (404, "Record not found")
    assert await ask("GET", "/v1/accounts/77/statuses") == (404, "Record not found")
    assert await ask("POST", "/v2/media", data={"description": "x"}) == (422, "Validation failed: File can't be blank")
    assert await ask("DELETE", "/v1/statuses/77") == (404, "Record not found")
    assert bench.seen() == []


async def test_rate_limits_are_told_with_every_answer(benches: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await benches(budgets={"api": (2, 300)})
    began = now()
    monkeypatch.setattr(bench.world, "now", lambda: began)
    address = f"{bench.address}/mastodon/api/v2/instance"
    told = []
    for _ in range(3):
        async with bench.session.get(address) as answer:
            told.append((answer.status, answer.headers["X-RateLimit-Remaining"]))
            assert datetime.fromisoformat(answer.headers["X-RateLimit-Reset"]) > began
    assert told == [(200, "1"), (200, "0"), (429, "0")]
