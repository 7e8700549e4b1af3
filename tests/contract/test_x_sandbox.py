"""The simulated X refuses what X refuses."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.outcome import Refused, Retry, Sent
from bot.sandbox.x import BUDGETS, DEMO
from tests.contract.x_bench import KEY, LINK, Bench, opened, part, receipt_of


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as bench:
        yield bench


@pytest.mark.parametrize(
    ("fits", "too_long"),
    [
        ("a" * 280, "a" * 281),
        ("本" * 140, "本" * 141),
        ("c" * 256 + " " + LINK, "c" * 257 + " " + LINK),
        ("👩🏽‍🚀" * 140, "👩🏽‍🚀" * 141),
    ],
)
async def test_280_weighted_characters_and_no_more(bench: Bench, fits: str, too_long: str) -> None:
    channel = bench.channel()
    assert isinstance(await channel.publish(part(too_long), KEY, None), Refused)
    receipt_of(await channel.publish(part(fits), KEY, None))
    assert [effect.length for effect in bench.world.visible("x")] == [280]


async def test_the_budget_slides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets = {**BUDGETS, "POST /2/tweets": 2}
    async with opened(tmp_path, budgets=budgets, window=60) as bench:
        began = bench.world.now()
        monkeypatch.setattr(bench.world, "now", lambda: began)
        channel = bench.channel()
        outcomes = [await channel.publish(part(f"Number {number}"), KEY, None) for number in range(3)]
        assert [type(outcome) for outcome in outcomes] == [Sent, Sent, Retry]
        last = outcomes[2]
        assert isinstance(last, Retry)
        passed = datetime.now(UTC) - began
        assert timedelta(seconds=60) - passed <= last.after <= timedelta(seconds=61)
        monkeypatch.setattr(bench.world, "now", lambda: began + timedelta(seconds=60))
        receipt_of(await channel.publish(part("Number 2"), KEY, None))
    assert len(bench.world.effects) == 3


async def test_answers_tell_what_is_left_of_the_budget(bench: Bench) -> None:
    _, headers, _ = await bench.signed("GET", "/2/users/me")
    assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == ("75", "74")
    _, headers, _ = await bench.signed("POST", "/2/tweets", {})
    assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == ("100", "99")


async def test_a_signature_is_for_one_request_once(bench: Bench) -> None:
    receipt_of(await bench.channel().publish(part("Signed"), KEY, None))
    signed = bench.wire[-1].authorization
    for method, path, authorization in [
        ("POST", "/2/tweets", signed),
        ("POST", "/2/media/metadata", signed),
        ("DELETE", "/2/tweets/7", signed),
        ("GET", "/2/users/me?user.fields=protected", signed),
        ("GET", "/2/users/me", "Bearer AAAA"),
        ("GET", "/2/users/me", ""),
    ]:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        url = bench.address + path
        async with bench.session.request(method, url, headers=headers, data=b'{"text":"Forged"}') as answer:
            assert (answer.status, await answer.json()) == (
                401,
                {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401},
            )
    assert len(bench.world.effects) == 1


async def test_a_changed_query_or_an_old_timestamp_breaks_the_signature(bench: Bench) -> None:
    assert (await bench.signed("GET", "/2/users/me?user.fields=protected"))[0] == 200
    assert (await bench.signed("GET", "/2/users/me?user.fields=protected", sent="/2/users/me?user.fields=name"))[
        0
    ] == 401
    assert (await bench.signed("GET", "/2/users/me", timestamp="1700000000"))[0] == 401


async def test_accounts_share_neither_duplicates_nor_pictures(tmp_path: Path) -> None:
    club = replace(DEMO, id="1790000000000000002", username="cycling_club", access_token="1790000000000000002-club")
    async with opened(tmp_path, logins=(DEMO, club)) as bench:
        for login in (DEMO, club):
            receipt_of(await bench.channel(keys=login.settings()).publish(part("Open on Sunday"), KEY, None))
        assert [effect.account for effect in bench.world.visible("x")] == ["@town_library", "@cycling_club"]
        receipt_of(await bench.channel().publish(part("Pictured", await bench.picture()), KEY, None))
        theirs = {"text": "Not mine", "media": bench.posts()[-1].body["media"]}
        assert (await bench.signed("POST", "/2/tweets", theirs, login=club))[0] == 400
        assert (await bench.signed("DELETE", f"/2/tweets/{bench.world.effects[0].id}", login=club))[0] == 404


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("/2/tweets", {"text": "Good", "tags": ["library"]}, 400),
        ("/2/tweets", [], 400),
        ("/2/tweets", {}, 400),
        ("/2/tweets", {"text": " "}, 400),
        ("/2/tweets", {"text": 7}, 400),
        ("/2/tweets", {"text": "x", "reply": "7"}, 400),
        ("/2/tweets", {"text": "x", "media": {"media_ids": []}}, 400),
        ("/2/tweets", {"text": "x", "media": {"media_ids": ["7"]}}, 400),
        ("/2/tweets", {"text": "x", "media": {"media_ids": ["1", "2", "3", "4", "5"]}}, 400),
        ("/2/tweets", {"text": "x", "reply": {"in_reply_to_tweet_id": "7"}}, 403),
        ("/2/media/upload", {"media": "bm8gcGljdHVyZQ==", "media_category": "tweet_image"}, 400),
        ("/2/media/upload", {"media": "***", "media_category": "tweet_image"}, 400),
        ("/2/media/upload", {"media": "", "media_category": "tweet_video"}, 400),
        ("/2/media/upload", {"media": "", "media_category": "tweet_image", "media_type": "image/png"}, 400),
        ("/2/media/metadata", {"id": "7", "metadata": {"alt_text": {"text": "Nothing"}}}, 400),
    ],
)
async def test_bad_requests_are_refused_in_xs_shape(bench: Bench, route: str, body: Any, status: int) -> None:
    answered, _, problem = await bench.signed("POST", route, body)
    assert answered == status
    assert {"title", "detail", "type"} <= problem.keys()
    assert not bench.world.effects


async def test_alt_text_has_its_limit(bench: Bench) -> None:
    receipt_of(await bench.channel().publish(part("Pictured", await bench.picture()), KEY, None))
    [media] = bench.posts()[-1].body["media"]["media_ids"]
    for length, status in ((1000, 200), (1001, 400)):
        body = {"id": media, "metadata": {"alt_text": {"text": "a" * length}}}
        assert (await bench.signed("POST", "/2/media/metadata", body))[0] == status


@pytest.mark.parametrize(
    ("query", "status"),
    [("max_results=5", 200), ("max_results=4", 400), ("max_results=101", 400), ("start_time=yesterday", 400)],
)
async def test_timeline_parameters(bench: Bench, query: str, status: int) -> None:
    assert (await bench.signed("GET", f"/2/users/{DEMO.id}/tweets?{query}"))[0] == status


async def test_an_unknown_account_has_no_timeline_but_an_error(bench: Bench) -> None:
    status, _, answer = await bench.signed("GET", "/2/users/7/tweets")
    assert (status, set(answer)) == (200, {"errors"})


async def test_a_body_that_is_no_json_is_refused(bench: Bench) -> None:
    status, _, problem = await bench.signed("POST", "/2/tweets")
    assert (status, problem["title"]) == (400, "Invalid Request")


async def test_a_post_is_answered_with_its_links_wrapped_and_its_signs_escaped(bench: Bench) -> None:
    text = f"Bread & <butter> at {LINK} and bakery.example.com"
    receipt_of(await bench.channel().publish(part(text, await bench.picture()), KEY, None))
    fields = "tweet.fields=created_at,entities,attachments"
    _, _, answer = await bench.signed("GET", f"/2/users/{DEMO.id}/tweets?{fields}")
    [tweet] = answer["data"]
    first, second, picture = tweet["entities"]["urls"]
    assert tweet["text"] == (f"Bread &amp; &lt;butter&gt; at {first['url']} and {second['url']} {picture['url']}")
    assert [url["expanded_url"] for url in (first, second)] == [LINK, "http://bakery.example.com"]
    assert all(tweet["text"][url["start"] : url["end"]] == url["url"] for url in (first, second, picture))
    assert {len(url["url"]) for url in (first, second, picture)} == {23}
    assert tweet["attachments"]["media_keys"] == [picture["media_key"]]
