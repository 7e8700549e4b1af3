"""Whole forms and whole requests of those who may not approve: nothing becomes scheduled by them, nothing that was is lost."""

import re
from html import unescape

import pytest

from bot.domain.delivery import State
from bot.domain.people import Right, Role
from bot.web.api import OPERATIONS
from tests.faces.test_api import program
from tests.faces.test_desk_article import BOTH, OFFLINE, TEXT, folder, take  # noqa: F401 - a fixture
from tests.faces.test_desk_inbox import send
from tests.faces.visitors import Browser

READY = (
    "---\ntitle: The boat\nlanguage: en\n---\n\nRopes hold the boat in the museum's hall, and a bell tells the hours.\n"
)
FIELDS = {
    "comment": "shorter",
    "why": "a storm",
    "day": "2031-03-04",
    "time": "10:07",
    "choice": "own",
    "own": "Come and read!",
    "sure": "yes",
}
#: Whole bodies by the end of an operation's path; {} for the others.
BODIES = {
    "send-back": {"comment": "shorter"},
    "move": {"at": "2031-03-04T10:07:00Z"},
    "send-now": {"anyway": True},
    "settle": {"verdict": "absent"},
    "pause": {"why": "a storm"},
}


@pytest.fixture
def shelf(folder):  # noqa: F811
    (folder / "boat.md").write_text(READY)
    return folder


def forms_of(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return where each form of a page can be sent, and what it sends as it stands."""
    found = []
    for start, body in re.findall(r'<form ([^>]*method="post"[^>]*)>(.*?)</form>', html, re.DOTALL):
        tags = re.findall(r"<(?:input|button)\b[^>]*>", body)
        named = {
            name[1]: unescape(value[1]) if (value := re.search(r'value="([^"]*)"', tag)) else "on"
            for tag in tags
            if (name := re.search(r'\bname="([^"]+)"', tag)) and ('type="checkbox"' not in tag or " checked" in tag)
        }
        action = re.search(r'action="([^"]+)"', start)
        addresses = {*re.findall(r'formaction="([^"]+)"', body), *([action[1]] if action else [])}
        found += [(unescape(each), named) for each in sorted(addresses)]
    return found


async def states(served) -> dict[str, State]:
    return {each.id: each.state for each in await served.live.app.store.deliveries()}


async def everything(served, cookies) -> list[tuple[str, dict[str, str]]]:
    """Return every whole form about deliveries that somebody who may approve is shown."""
    browser = Browser(served.address)
    browser.cookies = cookies
    ids = list(await states(served))
    paths = ["/", "/inbox", "/calendar", "/inbox/library/night.md", "/inbox/library/boat.md"]
    paths += [f"/delivery/{each}" for each in ids] + [f"/calendar/move?what={each}" for each in ids]
    forms = []
    for path in paths:
        status, _, html = await browser.look(path)
        assert status == 200, path
        forms += forms_of(html)
    mine = [each for each in forms if re.match(r"/(inbox|calendar|delivery)", each[0])]
    versions = {each.id: each.version for each in await served.live.app.store.deliveries()}
    mine += [("/calendar/undo", {"what": f"{each}@{version}=", "back": "/"}) for each, version in versions.items()]
    ticks = {f"what-{n}": f"{each}@{version}" for n, (each, version) in enumerate(versions.items())}
    return [*mine, ("/inbox/approve", ticks)]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_whole_forms_of_those_who_may_not_approve_schedule_and_cancel_nothing(desk, shelf, role):
    async with desk(OFFLINE, role=Role.APPROVER) as served:
        await take(served)
        before = await states(served)
        assert sorted(before.values()) == [State.HELD] * 2 + [State.SCHEDULED] * 2
        forms = await everything(served, dict(served.cookies))
        assert len({path for path, _ in forms}) > 15
        browser = Browser(served.address)
        browser.cookies = await served.sign_in("cleo", role)
        await browser.look()
        answers = {}
        for path, fields in forms:
            kept = {name: each for name, each in (fields | FIELDS).items() if name not in ("token", "goes-bluesky")}
            answers[path], _, _ = await browser.send(path, **kept)
        now = await states(served)
        assert {each for each in now if now[each] is not before.get(each)} <= {
            each for each, state in before.items() if state is State.HELD and now[each] is State.CANCELLED
        }, "an editor may leave out a channel of what waits, and no more"
        if role is Role.EDITOR:
            assert answers["/inbox/library/boat.md/save"] == 409
            assert answers["/inbox/library/night.md/save"] == 303
        else:
            assert now == before
        other = Browser(served.address)
        other.cookies = dict(served.cookies)
        await other.look()
        for path, fields in await everything(served, dict(served.cookies)):
            if path.endswith("/approve"):
                await other.send(path, **{name: each for name, each in fields.items() if name != "token"})
        assert State.HELD not in (await states(served)).values(), "the same forms, sent by who may, approve"


@pytest.mark.parametrize("right", [Right.SEE, Right.EDIT])
async def test_whole_requests_of_programs_that_may_not_approve_schedule_and_cancel_nothing(desk, shelf, right):
    async with desk(OFFLINE) as served:
        await take(served)
        before, client = await states(served), await program(served, right)
        for each in [each for each in OPERATIONS if each.method != "GET" and "{id}" in each.path]:
            for one in before:
                path = each.path.format(id=one)
                status, found = await client.post(path, BODIES.get(path.rpartition("/")[2], {}))
                assert status == 403, found
        for verb in ("approve", "hold", "cancel"):
            seen = [{"id": each} for each in before]
            assert (await client.post("/v1/decisions", {"verb": verb, "deliveries": seen}))[0] == 403
        for change in ({"goes": {"bluesky": False}}, {"said": {"mastodon": {"text": "Own words of an editor"}}}):
            status, _, problem = await client.ask("PATCH", "/v1/articles/library/boat.md", change)
            assert status == (409 if right is Right.EDIT else 403), problem
            assert ("takes the right to approve" in problem["detail"]) == (right is Right.EDIT)
        assert await states(served) == before


@pytest.mark.parametrize(("role", "scheduled"), [(Role.EDITOR, 0), (Role.APPROVER, 2)])
@pytest.mark.parametrize(
    "document",
    [
        None,
        READY.encode(),
        READY.replace("language", '"status" :  READY\nlanguage').encode(),
        READY.partition("---\n\n")[2].encode(),
    ],
    ids=["typed", "without status", "ready", "without fields"],
)
async def test_only_who_may_approve_brings_in_what_is_scheduled_at_once(desk, http, role, scheduled, document):
    async with desk(OFFLINE, role=role) as served:
        fields = {"title": "Boats", "text": TEXT, "language": "en"}
        files = [("file", "boats.md", document)] if document else []
        status, html, path = await send(http, served, {} if document else fields, files)
        assert (status, "It came in." in html) == (200, True)
        found = await states(served)
        assert list(found.values()) == ([State.SCHEDULED] if scheduled else [State.HELD]) * len(BOTH)
        article = await served.live.app.store.article("general", path.rpartition("/")[2])
        assert ("Ropes hold" in article.text) == bool(document)
        assert article.ready == bool(scheduled)


async def test_a_document_that_is_brought_in_as_a_draft_is_one(desk, http):
    async with desk(OFFLINE, role=Role.APPROVER) as served:
        await send(http, served, {"draft": "on"}, [("file", "boats.md", READY.encode())])
        assert set((await states(served)).values()) == {State.HELD}
        queue = served.live.app.settings.queue
        told = (queue / "boats.md").read_text()
        assert told == READY.replace("---\n", "---\nstatus: draft\n", 1)
        await send(http, served, {"draft": "on"}, [("file", "sea.md", told.replace("boat", "sea").encode())])
        assert (queue / "sea.md").read_text() == told.replace("boat", "sea"), "what says so itself is left as it is"


@pytest.mark.parametrize(
    ("rights", "state"), [((Right.EDIT,), State.HELD), ((Right.EDIT, Right.APPROVE), State.SCHEDULED)]
)
async def test_a_program_s_new_article_waits_unless_it_may_approve(desk, rights, state):
    async with desk(OFFLINE) as served:
        client = await program(served, *rights)
        body = {"title": "Night", "text": TEXT, "language": "en", "draft": False}
        status, _ = await client.post("/v1/articles", body)
        assert (status, set((await states(served)).values())) == (201, {state})


@pytest.mark.parametrize("path", ["/calendar/undo", "/calendar/move", "/inbox/approve"])
async def test_a_form_that_does_not_say_what_was_seen_is_torn(desk, shelf, path):
    async with desk(OFFLINE, role=Role.APPROVER) as served:
        await take(served)
        browser, before = Browser(served.address), await states(served)
        browser.cookies = dict(served.cookies)
        await browser.look()
        for each in before:
            for ref in (each, f"{each}@", f"{each}@x"):
                what = {"what": f"{ref}=" if path.endswith("undo") else ref, "what-1": ref}
                status, _, html = await browser.send(path, **what, day="2031-03-04", time="10:07")
                assert (status, "this form is not whole" in html) == (400, True)
        assert await states(served) == before
