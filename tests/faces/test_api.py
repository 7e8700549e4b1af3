"""The JSON API as programs meet it: over HTTP, with bearer tokens, over a real ledger."""

import base64
import io
import json
import re
from datetime import timedelta

import aiohttp
import pytest
from PIL import Image as Pillow

from bot.domain.delivery import State
from bot.domain.outcome import Unknown
from bot.domain.people import Right, Role
from bot.sandbox.demo import environment
from bot.web.api import OPERATIONS, operations
from tests.faces.test_desk import put
from tests.faces.visitors import Browser
from tests.shapes import misfits
from tests.store_samples import HOUR, MINUTE, NOON, article, attempt, delivery

#: One channel of each of our platforms, where nobody answers.
CHANNELS = environment("http://127.0.0.1:9")
#: What an operation tells, where docs/json.md describes it.
TOLD = {
    "/v1/status": "Status",
    "/v1/deliveries/{id}": "Story",
    "/v1/articles/{campaign}/{name}/excerpts": "list of Offer",
    "/v1/plans": "list of Plan",
    "/v1/channels/{name}/plan": "Plan",
    "/v1/calendar": "list of Agenda",
    "/v1/results": "Results",
}


class Program:
    """A program with a token; `ask` returns status, headers and JSON."""

    def __init__(self, desk, token):
        self.desk, self.token = desk, token

    async def ask(self, method, path, body=None, raw=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        options = {"json": body} if body is not None else {"data": io.BytesIO(raw)} if raw is not None else {}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.request(method, self.desk.address + "/api" + path, headers=sent, **options) as answer,
        ):
            text = await answer.text()
            kind = answer.headers.get("content-type", "")
            assert kind == ("application/json" if answer.status < 400 else "application/problem+json"), text
            return answer.status, answer.headers, json.loads(text)

    async def get(self, path):
        status, _, found = await self.ask("GET", path)
        assert status == 200, found
        return found

    async def post(self, path, body=None, **headers):
        status, _, found = await self.ask("POST", path, body, **headers)
        return status, found


async def program(desk, *rights, name="newsletter"):
    verbs = desk.live.app.enrolling.acting("cli:tests")
    return Program(desk, await verbs.add_token(name, rights or Right))


async def test_what_is_told_has_the_shapes_of_the_command_line(desk):
    async with desk(CHANNELS) as served:
        await served.live.app.store.put_article(article(), NOON)
        await put(served, delivery("d1"), delivery("d2", due=None))
        client = await program(served)
        for path, kind in TOLD.items():
            found = await client.get(
                path.format(id="d1", campaign="library", name="mastodon" if "channels" in path else "night-opening")
            )
            assert misfits(found, kind, path) == []
        assert misfits((await client.get("/v1/deliveries"))["deliveries"], "list of Delivery") == []
        assert misfits((await client.get("/v1/audit"))["entries"], "list of Entry") == []
        assert misfits((await client.post("/v1/pause", {"why": "Storm"}))[1], "Pause") == []
        assert misfits((await client.post("/v1/resume"))[1], "Resumed") == []
        assert misfits((await client.post("/v1/deliveries/d1/hold"))[1], "Delivery") == []


async def test_a_decision_is_made_by_the_same_verb_and_told_in_the_audit_log(desk):
    async with desk(CHANNELS) as served:
        await put(served, delivery("d1"))
        client = await program(served)
        status, headers, found = await client.ask("POST", "/v1/deliveries/d1/hold", {"version": 1})
        assert (status, found["state"], headers["etag"]) == (200, "held", f'"{found["version"]}"')
        assert (await served.live.app.store.delivery("d1")).state is State.HELD
        entries = (await client.get("/v1/audit?by=api:newsletter"))["entries"]
        assert [(each["verb"], each["subject"]) for each in entries] == [("hold", "d1")]


@pytest.mark.parametrize("way", ["field", "header"])
async def test_who_comes_second_is_told_so(desk, way):
    async with desk(CHANNELS) as served:
        await put(served, delivery("d1"))
        client = await program(served)
        assert (await client.post("/v1/deliveries/d1/hold"))[0] == 200
        body, headers = ({"version": 1}, {}) if way == "field" else (None, {"If_Match": '"1"'})
        status, _, problem = await client.ask("POST", "/v1/deliveries/d1/cancel", body, **headers)
        assert (status, problem["status"], problem["title"]) == (409, 409, "Conflict")
        assert "was changed meanwhile: it is held" in problem["detail"]
        assert "look again" in problem["hint"]
        assert (await served.live.app.store.delivery("d1")).state is State.HELD


async def test_several_are_decided_together_or_not_at_all(desk):
    async with desk(CHANNELS) as served:
        await put(served, delivery("d1"), delivery("d2", due=NOON + HOUR))
        client = await program(served)
        stale = {"verb": "hold", "deliveries": [{"id": "d1", "version": 1}, {"id": "d2", "version": 7}]}
        assert (await client.post("/v1/decisions", stale))[0] == 422
        assert (await served.live.app.store.delivery("d1")).state is State.SCHEDULED
        good = {"verb": "hold", "deliveries": [{"id": "d1", "version": 1}, {"id": "d2"}]}
        status, found = await client.post("/v1/decisions", good)
        assert (status, [each["state"] for each in found]) == (200, ["held", "held"])


async def test_a_list_goes_on_where_it_ended_whatever_was_sent_since(desk):
    async with desk(CHANNELS) as served:
        many = [delivery(f"d{n}", due=NOON + n * MINUTE, channel="mastodon") for n in range(7)]
        held = [delivery(f"h{n}", due=None, channel="mastodon") for n in range(3)]
        await put(served, *many, *held, delivery("x1", channel="x"))
        client, seen, path = await program(served), [], "/v1/deliveries?channel=mastodon&limit=3"
        page = await client.get(path)
        for _ in range(10):
            seen += [each["id"] for each in page["deliveries"]]
            if page["next"] is None:
                break
            await client.post(f"/v1/deliveries/{seen[0]}/cancel")
            page = await client.get(f"{path}&after={page['next']}")
        assert seen == [*(each.id for each in many), "d0", *(each.id for each in held)], "cancelled, it has no moment"
        assert [each["id"] for each in (await client.get("/v1/deliveries?state=cancelled"))["deliveries"]] == ["d0"]


async def test_a_new_article_comes_in_once_however_often_it_is_sent(desk):
    async with desk(CHANNELS) as served:
        client, key = await program(served), {"Idempotency_Key": "note-17"}
        body = {
            "campaign": "library",
            "title": "The library at night",
            "text": "The library stays open until midnight on Fridays. Tea is served in the reading room.",
            "link": "https://library.example/night",
            "pictures": [{"name": "room.png", "base64": picture(), "alt": "The reading room"}],
        }
        status, headers, found = await client.ask("POST", "/v1/articles", body, **key)
        assert (status, found) == (201, {"campaign": "library", "article": "the-library-at-night.md", "taken": True})
        again = await client.ask("POST", "/v1/articles", body, **key)
        assert (again[0], again[2], again[1]["location"]) == (201, found, headers["location"])
        assert again[1]["idempotent-replayed"] == "true"
        assert [each.name for each in (served.live.app.settings.queue / "library").glob("*.md")] == [found["article"]]
        other = await client.ask("POST", "/v1/articles", body | {"title": "Other"}, **key)
        assert (other[0], "another request" in other[2]["detail"]) == (422, True)
        told = await client.get(headers["location"].removeprefix("/api"))
        assert (told["title"], told["images"][0]["alt"]) == ("The library at night", "The reading room")
        waiting = (await client.get("/v1/deliveries?campaign=library"))["deliveries"]
        assert {each["state"] for each in waiting} == {"held"}, "a draft waits"


def picture():
    out = io.BytesIO()
    Pillow.new("RGB", (40, 30), "teal").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


async def test_what_is_previewed_is_what_is_kept(desk):
    async with desk(CHANNELS) as served:
        client = await program(served)
        text = "The library stays open until midnight on Fridays. Tea is served in the reading room."
        await client.post("/v1/articles", {"campaign": "library", "title": "Night", "text": text})
        here, start = "/v1/articles/library/night.md", text.index("Tea")
        offers = await client.get(f"{here}/excerpts")
        assert offers[0]["text"] == text[offers[0]["start"] : offers[0]["end"]]
        change = {"said": {"mastodon": {"start": start + 1, "end": len(text)}, "x": {"text": "Come and read!"}}}
        status, previews = await client.post(f"{here}/previews", change)
        shown = {each["channel"]: each for each in previews}
        assert (status, shown["x"]["verbatim"], shown["mastodon"]["verbatim"]) == (200, False, True)
        before = {each["channel"]: each for each in await client.get(f"{here}/previews")}
        assert before["x"]["parts"] != shown["x"]["parts"]
        status, _, kept = await client.ask("PATCH", here, change)
        assert status == 200
        for each in kept:
            assert each["parts"] == shown[each["channel"]]["parts"]
        assert {each["channel"]: each["excerpt"]["text"] for each in kept}["mastodon"] == text[start:]


async def test_a_delivery_is_moved_to_a_moment_or_a_day_that_says_its_offset(desk):
    async with desk(CHANNELS) as served:
        client, now = await program(served), served.live.app.clock.now()
        await client.post(
            "/v1/articles", {"title": "Night", "text": "The library stays open until midnight on Fridays."}
        )
        [held] = (await client.get("/v1/deliveries?channel=mastodon"))["deliveries"]
        here, at = f"/v1/deliveries/{held['id']}/move", (now + timedelta(days=3)).replace(microsecond=0)
        status, _, problem = await client.ask("POST", here, {"at": at.isoformat()[:19]})
        assert (status, problem["errors"][0]["where"].startswith("body")) == (422, True)
        status, found = await client.post(here, {"at": at.isoformat(), "version": 1})
        assert (status, found.get("state"), found.get("due")) == (200, "scheduled", at.isoformat()), found
        day = (now + timedelta(days=5)).date().isoformat()
        status, found = await client.post(here, {"day": day, "zone": "UTC"})
        assert (status, found["due"][:10]) == (200, day)
        [planned] = await client.get(f"/v1/calendar?from={day}&days=1&zone=UTC")
        assert [each["id"] for each in planned["deliveries"]] == [held["id"]]


async def test_what_is_uncertain_is_told_with_its_evidence_and_settled(desk):
    async with desk(CHANNELS) as served:
        store, one = served.live.app.store, delivery("d1", channel="mastodon")
        await put(served, one)
        await store.arm(one, attempt(one), NOON + MINUTE)
        armed = await store.delivery("d1")
        from dataclasses import replace

        from bot.domain.ledger import Change

        tried = replace(attempt(one), ended=NOON, outcome=Unknown(why="the connection was reset"))
        await store.record(tried, Change.of(armed, State.UNCERTAIN, "the connection was reset"))
        client = await program(served)
        story = await client.get("/v1/deliveries/d1")
        assert (story["state"], story["attempts"][0]["outcome"]) == ("uncertain", "unknown")
        assert any("reset" in each["what"] for each in story["evidence"])
        status, found = await client.post(
            "/v1/deliveries/d1/settle", {"verdict": "give up", "version": story["version"]}
        )
        assert (status, found["state"]) == (200, "failed")


async def test_a_plan_is_changed_in_part_by_whoever_saw_it_last(desk):
    async with desk(CHANNELS) as served:
        client = await program(served)
        here = "/v1/channels/mastodon/plan"
        _, headers, before = await client.ask("GET", here)
        change = {"times": ["08:15", "18:45"], "days": ["mon", "tue"], "zone": "Europe/Paris", "daily": 4}
        status, _, after = await client.ask("PATCH", here, change, If_Match=headers["etag"])
        assert (status, after["times"], after["days"]) == (200, ["08:15:00", "18:45:00"], ["mon", "tue"])
        assert (await client.ask("PATCH", here, {"daily": 5}, If_Match=headers["etag"]))[0] == 409
        status, _, problem = await client.ask("PATCH", here, {"late": {"grace_seconds": 9000, "limit_seconds": 60}})
        assert (status, [each["where"] for each in problem["errors"]]) == (422, ["body.late.limit_seconds"])
        silence = {"start": "2199-12-24T12:00:00+01:00", "end": "2199-12-26T12:00:00+01:00", "why": "Christmas"}
        status, _, silent = await client.ask("PATCH", here, {"blackouts": [silence]})
        assert (status, silent["blackouts"][0]["start"]) == (200, "2199-12-24T11:00:00+00:00")
        assert silent["daily"] == 4
        status, _, cleared = await client.ask("DELETE", here)
        assert (cleared["times"], cleared["daily"], len(cleared["blackouts"])) == (before["times"], 4, 1)


async def test_one_channel_is_paused_and_goes_on(desk):
    async with desk(CHANNELS) as served:
        client = await program(served)
        assert (await client.post("/v1/channels/x/pause", {"why": "Account under review"}))[1]["paused"]
        [told] = [each for each in await client.get("/v1/channels") if each["name"] == "x"]
        assert (told["paused"], told["limits"]["length"]) == ("Account under review", 280)
        assert (await client.post("/v1/channels/x/resume"))[1]["paused"] == ""
        assert (await client.post("/v1/channels/nowhere/resume"))[0] == 404


async def test_whoever_asks_too_often_is_told_how_long_to_wait(desk, monkeypatch):
    monkeypatch.setattr(operations, "BURST", 5)
    monkeypatch.setattr(operations, "EVERY", 1000.0)
    async with desk(CHANNELS) as served:
        client, other = await program(served), await program(served, Right.SEE, name="other")
        answers = [await client.ask("GET", "/v1/audit/chain") for _ in range(6)]
        assert [status for status, _, _ in answers] == [200] * 5 + [429]
        assert 1 <= int(answers[-1][1]["retry-after"]) <= 1001
        assert (await other.ask("GET", "/v1/audit/chain"))[0] == 200, "each token has its own"
        nobody = Program(served, "")
        assert [(await nobody.ask("GET", "/v1/status"))[0] for _ in range(6)] == [401] * 5 + [429]


@pytest.mark.parametrize("scope", [None, *Right], ids=str)
async def test_every_operation_answers_those_who_have_its_scope_and_nobody_else(desk, scope):
    async with desk(CHANNELS) as served:
        await put(served, delivery("d1"))
        client = await program(served, scope) if scope else Program(served, "handbill_" + "A" * 43)
        before, faults = await served.live.app.store.delivery("d1"), []
        for each in OPERATIONS:
            path = each.path.format(id="d1", campaign="library", name="x")
            # What is sent is never whole, so that nothing is done by those who may.
            status, _, problem = await client.ask(each.method, path + "?limit=no&days=no", {"no such field": 1})
            allowed = scope is not None and each.right in {Right.SEE, scope}
            wanted = (403 if scope else 401) if not allowed else None
            wrong = status in (401, 403, 500) if allowed else status != wanted
            faults += [f"{each.method} {each.path}: {status} {problem}"] if wrong else []
        assert faults == []
        if scope is not Right.APPROVE:
            assert await served.live.app.store.delivery("d1") == before


async def test_a_browser_that_is_signed_in_may_look_but_decides_at_the_desk(desk):
    async with desk(CHANNELS, role=Role.ADMIN) as served:
        await put(served, delivery("d1"))
        browser = Browser(served.address)
        browser.cookies = dict(served.cookies)
        assert (await browser.look("/api/v1/status"))[0] == 200
        status, headers, text = await browser.ask("POST", "/api/v1/deliveries/d1/hold")
        assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="Handbill"')
        assert "token" in json.loads(text)["detail"]
        assert (await served.live.app.store.delivery("d1")).state is State.SCHEDULED


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("PUT", "/v1/channels/x/plan", None, 405),
        ("POST", "/v1/pause", b"{", 422),
        ("POST", "/v1/pause", b'{"why": "\\ud800", "\\ud800": 1}', 422),
        ("POST", "/v1/pause", b'{"why": "' + b"x" * operations.LONGEST + b'"}', 413),
        ("POST", "/v1/pause", b"why=storm", 422),
        ("GET", "/v1/deliveries/%00", None, 422),
        ("GET", "/v1/deliveries?after=AAAA", None, 422),
        ("GET", "/v1/calendar?from=9999-12-31", None, 422),
        ("GET", "/v1/calendar?zone=../../etc/passwd", None, 422),
        ("GET", "/v1/calendar?channel=nowhere", None, 404),
        ("GET", "/v1/articles/library/%00", None, 404),
        ("GET", "/v1/articles/library/a%0Ab", None, 404),
        ("POST", "/v1/pause", b'{"why": "\xff"}', 422),
    ],
)
async def test_whatever_is_asked_wrong_is_told_as_a_problem(desk, method, path, raw, status):
    async with desk(CHANNELS) as served:
        client = await program(served)
        found, headers, problem = await client.ask(method, path, raw=raw, Content_Type="application/json")
        assert (found, problem["status"], bool(problem["detail"])) == (status, status, True)
        if status == 405:
            assert headers["allow"] == "DELETE, GET, PATCH"
            assert problem["hint"] == "it takes DELETE, GET, PATCH"


async def test_behind_a_prefix_the_addresses_have_it(desk):
    async with desk({**CHANNELS, "HANDBILL_URL": "https://desk.library.example/handbill"}) as served:
        client = await program(served)
        assert (await client.get("/openapi.json"))["servers"] == [{"url": "/handbill/api"}]
        body = {"title": "Night", "text": "The library stays open until midnight on Fridays."}
        _, headers, found = await client.ask("POST", "/v1/articles", body)
        assert headers["location"] == f"/handbill/api/v1/articles/{found['campaign']}/night.md"


def test_every_operation_says_what_it_does_takes_and_may_answer():
    assert len({(each.method, each.path) for each in OPERATIONS}) == len(OPERATIONS) > 30
    for each in OPERATIONS:
        assert re.fullmatch(r"[A-Z].{10,160}", each.summary), each
        assert each.right is Right.SEE or each.method != "GET", each
        assert each.method == "GET" or each.right is not Right.SEE, each
