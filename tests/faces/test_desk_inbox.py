"""The inbox: what came in and how it stands, many approved at once, and new articles that never write over anything."""

import io
import re
from html import unescape

import aiohttp
import pytest
from PIL import Image as Pillow

from bot.domain.delivery import State
from bot.domain.people import Role
from tests.faces.test_desk_article import BOTH, OFFLINE, TEXT, folder, on, page, take  # noqa: F401 - a fixture
from tests.faces.test_pages import pixels

NEW = {
    "title": "Boats: a roof & a rope",
    "text": TEXT,
    "campaign": "museum",
    "tags": "boats، roof",
    "author": "Ada Brand",
}


def titles(html: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'id="title-\d+"[^>]*>([^<]+)', html)]


async def send(http, served, fields, files=(), path="/inbox/new"):
    """Send the form for a new article as a browser does."""
    html = await page(http, served, path)
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    form.add_field("token", re.search(r'name="token" value="([^"]+)"', html)[1])
    for name, value in fields.items():
        form.add_field(name, value)
    for field, name, raw in files:
        form.add_field(field, raw, filename=name, content_type="application/octet-stream")
    headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
    async with http.post(served.address + path, data=form, headers=headers) as answer:
        return answer.status, unescape(await answer.text()), answer.url.path


def tattling() -> bytes:
    """A photograph that tells where it was taken."""
    out, exif = io.BytesIO(), Pillow.Exif()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    exif[0x013B] = "Secret Photographer"
    Pillow.new("RGB", (40, 30), "teal").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_an_empty_inbox_teaches(desk, http):
    async with desk(OFFLINE) as served:
        html = await page(http, served, "/inbox")
    assert "Nothing has come in yet" in html
    assert "handbill add article.md" in html
    assert 'href="/inbox/new"' in html


async def test_it_lists_the_newest_first_by_pile_and_by_words(desk, http, folder):  # noqa: F811
    for name in ("b", "c"):
        (folder / f"{name}.md").write_text(
            f"---\ntitle: Boat {name}\nlanguage: en\n---\n\nRopes hold the boat {name}.\n"
        )
    async with desk(OFFLINE) as served:
        await take(served)
        html = await page(http, served, "/inbox")
        assert titles(html) == ["The library at night", "Boat c", "Boat b"]
        assert html.count('class="thumb"') == 1
        for query, found in {
            "pile=waiting": ["The library at night"],
            "pile=scheduled": ["Boat c", "Boat b"],
            "pile=posted": [],
            "words=rop": ["Boat c", "Boat b"],
            "words=rope+midnight": [],
            "words=boat&pile=waiting": [],
            "words=%22%2A+AND": [],
            "pile=nonsense": ["The library at night", "Boat c", "Boat b"],
            "before=3": ["Boat c", "Boat b"],
            "before=nonsense": ["The library at night", "Boat c", "Boat b"],
        }.items():
            assert titles(await page(http, served, f"/inbox?{query}")) == found, query
        assert "Show all articles" in await page(http, served, "/inbox?pile=posted")


async def test_many_are_approved_at_once_one_refusal_keeps_nobody_waiting_and_it_is_undone(desk, http, folder):  # noqa: F811
    words = (
        "---\ntitle: Boat {0}\nlanguage: en\nstatus: draft\n---\n\nRopes hold the boat {0} up, and a bell {0} tells.\n"
    )
    for name in ("b", "c"):
        (folder / f"{name}.md").write_text(words.format(name))
    async with desk(OFFLINE) as served:
        await take(served)
        html = await page(http, served, "/inbox")
        form = dict(re.findall(r'name="(what-\d+)" value="([^"]+)"', html))
        assert len(form) == 3
        form["token"] = re.search(r'name="token" value="([^"]+)"', html)[1]
        first = next(iter(form.values())).split("@")[0]
        await served.live.app.steering.hold([(await on(served, "mastodon")).id])
        await served.live.app.steering.acting("desk:bert").send_back([first], "later")
        headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
        async with http.post(served.address + "/inbox/approve", data=form, headers=headers) as answer:
            told = unescape(await answer.text())
        assert "4 posts approved." in told
        assert "Not approved: delivery" in told
        assert "by desk:bert" in told
        scheduled = await served.live.app.store.deliveries(states=(State.SCHEDULED,))
        assert len(scheduled) == 4
        undo = dict(re.findall(r'name="(what|back)" value="([^"]*)"', told.partition('id="notice"')[2]))
        sent = {"token": form["token"], **undo}
        async with http.post(served.address + "/calendar/undo", data=sent, headers=headers) as answer:
            assert answer.status == 200
        assert not await served.live.app.store.deliveries(states=(State.SCHEDULED,))
        nothing = {"token": form["token"]}
        async with http.post(served.address + "/inbox/approve", data=nothing, headers=headers) as answer:
            assert (answer.status, "nothing is ticked" in await answer.text()) == (400, True)


async def test_a_new_article_becomes_a_file_and_is_taken_in_at_once(desk, http, tmp_path):
    async with desk(OFFLINE) as served:
        fields = NEW | {"draft": "on", "link": "https://museum.example/boat", "alt-picture-1": "A boat: hung by ropes"}
        status, html, path = await send(http, served, fields, [("picture-1", "DCIM 1.jpg", tattling())])
        assert (status, path, "It came in." in html) == (200, "/inbox/museum/boats-a-roof-a-rope.md", True)
        found = await served.live.app.store.article("museum", "boats-a-roof-a-rope.md")
        assert (found.title, found.tags, found.author, found.ready) == (
            NEW["title"],
            ("boats", "roof"),
            "Ada Brand",
            False,
        )
        assert found.text == TEXT
        assert [each.alt for each in found.images] == ["A boat: hung by ropes"]
        [picture] = (tmp_path / "queue" / "museum").glob("*.jpg")
        assert re.fullmatch(r"[0-9a-f]{16}\.jpg", picture.name)
        assert b"Secret" not in picture.read_bytes()
        assert len(await served.live.app.store.deliveries()) == 2


async def test_nothing_is_ever_written_over(desk, http, tmp_path):
    async with desk(OFFLINE) as served:
        await send(http, served, NEW)
        first = (tmp_path / "queue/museum/boats-a-roof-a-rope.md").read_bytes()
        _, _, path = await send(http, served, NEW | {"text": "Another text. It is long enough."})
        assert path == "/inbox/museum/boats-a-roof-a-rope-2.md"
        assert (tmp_path / "queue/museum/boats-a-roof-a-rope.md").read_bytes() == first
        _, _, path = await send(http, served, NEW)
        assert path == "/inbox/museum/boats-a-roof-a-rope.md", "the very same once more is the same file"
        assert not list((tmp_path / "queue").rglob("*.partial"))


async def test_a_file_is_uploaded_as_it_is_with_the_pictures_that_it_names(desk, http, tmp_path):
    raw = b"---\ntitle: Ropes\nlanguage: en\n---\n\n![A rope](rope.png)\n\nRopes hold the boat up.\n"
    async with desk(OFFLINE) as served:
        status, html, _ = await send(http, served, {}, [("file", "C:\\texts\\ropes.md", raw)])
        assert (status, "names the picture 'rope.png', which did not come along" in html) == (400, True)
        files = [("file", "ropes.md", raw), ("picture-1", "rope.png", pixels())]
        status, _, path = await send(http, served, {}, files)
        assert (status, path) == (200, "/inbox/general/ropes.md")
        assert (tmp_path / "queue/ropes.md").read_bytes() == raw
        assert (await served.live.app.store.article("general", "ropes.md")).images[0].alt == "A rope"


@pytest.mark.parametrize(
    ("fields", "files", "words"),
    [
        ({"text": " "}, (), "the text is missing"),
        ({"text": TEXT, "campaign": "../etc"}, (), "cannot be a campaign"),
        ({"text": TEXT, "campaign": ".git"}, (), "cannot be a campaign"),
        ({"text": TEXT, "link": "javascript:alert(1)"}, (), "is not an address"),
        ({"text": TEXT, "language": "English please"}, (), "is not a language tag"),
        ({"text": TEXT}, [("picture-1", "a.svg", b"<svg onload=alert(1)>")], "not a JPEG, PNG, WebP or GIF image"),
        ({}, [("file", "campaign.yaml", b"title: mine")], "is not the name of an article"),
        ({}, [("file", "../../run.py", b"print()")], "is not the name of an article"),
        ({}, [("file", ".hidden.md", b"Words that are long enough.")], "cannot be a file name"),
        ({}, [("file", "a.md", b"\xff\xfe")], "UTF-16"),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_what_was_typed_stands(desk, http, tmp_path, fields, files, words):
    async with desk(OFFLINE) as served:
        status, html, _ = await send(http, served, {"title": "Mine & yours"} | fields, files)
        assert (status, words in html) == (400, True), html
        assert 'value="Mine & yours"' in html
        assert not list((tmp_path / "queue").rglob("*.*")) if (tmp_path / "queue").exists() else True


async def test_a_form_that_is_too_large_or_strange_is_refused(desk, http, monkeypatch):
    monkeypatch.setattr("bot.web.forms.LARGEST", 10_000)
    async with desk(OFFLINE) as served:
        status, html, _ = await send(http, served, NEW, [("picture-1", "a.jpg", b"x" * 20_000)])
        assert (status, "this form is too long" in html) == (400, True)
        headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
        async with http.post(served.address + "/inbox/new", data={"text": TEXT}, headers=headers) as answer:
            assert answer.status == 400
        form = aiohttp.FormData({"token": "x" * 43, "text": TEXT}, default_to_multipart=True)
        async with http.post(served.address + "/inbox/new", data=form, headers=headers) as answer:
            assert answer.status == 403


async def test_who_only_looks_is_offered_nothing(desk, http, folder):  # noqa: F811
    async with desk(OFFLINE, role=Role.VIEWER) as served:
        await take(served)
        html = await page(http, served, "/inbox")
        assert titles(html) == ["The library at night"]
        assert "New article" not in html
        assert 'type="checkbox"' not in html
        async with http.get(served.address + "/inbox/new") as answer:
            assert answer.status == 403
        assert [(await on(served, each)).state for each in BOTH] == [State.HELD] * 2
