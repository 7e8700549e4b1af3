"""An article at the desk: choose, adjust, write, preview, approve; over HTTP, and in a browser as far as the platform."""

import asyncio
import re
from html import unescape
from urllib.parse import quote

import pytest

from bot.app import demo_plans
from bot.domain.delivery import State
from bot.domain.people import Role
from bot.sandbox.demo import sandbox
from tests.faces.conftest import PATIENCE
from tests.faces.test_pages import NAMELESS, PALE, WIDE, pixels

TEXT = (
    "The library stays open until midnight on Fridays. Nobody had asked for it.\n\nTea is served in the reading room."
)
ARTICLE = f"---\ntitle: The library at night\nlanguage: en\nstatus: draft\nimages:\n  - file: lamp.png\n---\n\n{TEXT}\n"
HERE = "/inbox/library/night.md"
OFFLINE = {
    "MASTODON_BASE_URL": "http://127.0.0.1:9",
    "MASTODON_TOKEN": "t-token",
    "BLUESKY_BASE_URL": "http://127.0.0.1:9",
    "BLUESKY_HANDLE": "library.test",
    "BLUESKY_PASSWORD": "p-word",
}
BOTH = ("mastodon", "bluesky")


@pytest.fixture
def folder(tmp_path):
    library = tmp_path / "queue" / "library"
    library.mkdir(parents=True)
    (library / "lamp.png").write_bytes(pixels())
    (library / "night.md").write_text(ARTICLE)
    return library


async def take(served):
    await served.live.app.intake.take(served.live.app.source)


async def page(http, served, path=HERE):
    async with http.get(served.address + path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


def fields_of(html: str) -> dict[str, str]:
    """Return what the form sends as it stands, without a button."""
    form = re.search(r'<form id="writing".*?</form>', html, re.DOTALL)[0]
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)"(?: id="[^"]+")? value="([^"]*)"', form))
    for tail in re.findall(r'<input type="(?:checkbox|radio)"([^>]*) checked', form):
        name, value = re.search(r'name="([^"]+)"', tail), re.search(r'value="([^"]+)"', tail)
        found[name[1]] = value[1] if value else "on"
    found |= re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form)
    return {name: unescape(value) for name, value in found.items()}


async def post(http, served, verb, fields, **more):
    headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
    async with http.post(f"{served.address}{HERE}/{verb}", data=fields | more, headers=headers) as answer:
        return answer.status, await answer.text()


def posts(html: str) -> dict[str, list[str]]:
    """Return by channel the texts that the previews show, to the letter."""
    found = {}
    for column in re.findall(r'<li class="column.*?(?=<li class="column|</ul>\s*</div>|\Z)', html, re.DOTALL):
        says = re.findall(r'<p class="says"[^>]*>(.*?)</p>', column, re.DOTALL)
        found[re.search(r'data-channel="([^"]+)"', column)[1]] = [
            unescape(re.sub("<[^>]+>", "", each)) for each in says
        ]
    return found


async def on(served, channel):
    found = await served.live.app.store.deliveries(channel=channel)
    return found[-1]


def texts(delivery) -> list[str]:
    return [part.text for part in delivery.post.parts]


async def test_the_page_shows_the_text_what_is_suggested_and_every_channel_s_post(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        html = await page(http, served)
        offers = re.findall(r'name="choice" value="(\d+)-(\d+)"', html)
        assert offers
        article = await served.live.app.store.article("library", "night.md")
        assert all(article.text[int(start) : int(end)].strip() for start, end in offers)
        assert 'data-offers="1' in html
        assert posts(html) == {each: texts(await on(served, each)) for each in BOTH}
        assert "image 1 has no alt text" in html
        assert re.search(r'<img src="[^"]+\?on=bluesky"', html)
        picture = re.search(r'<img src="([^"]+)"', html.partition('id="pictures"')[2])[1]
        async with http.get(served.address + picture) as answer:
            assert (answer.status, answer.content_type.partition("/")[0]) == (200, "image")


async def test_a_preview_is_what_is_saved_and_nothing_is_saved_by_it(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served))
        at = TEXT.index("ea is served")
        marked = {"choice": "passage", "passage": f"{at}-{at + 22}"}
        status, drawn = await post(http, served, "preview", form, **marked)
        assert (status, "Tea is served in the reading" in "".join(posts(drawn)["mastodon"])) == (200, True)
        assert "The passage ends within a sentence." in drawn
        assert (await on(served, "mastodon")).revision == 1
        status, saved = await post(http, served, "save", form, **marked)
        assert (status, "Saved." in saved) == (200, True)
        for each in BOTH:
            assert texts(await on(served, each)) == posts(drawn)[each] == posts(saved)[each]
            assert (await on(served, each)).excerpt.text == "Tea is served in the reading"


async def test_without_a_script_a_passage_is_chosen_by_sentences_for_some_channels(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        html, before = await page(http, served), await on(served, "bluesky")
        form = fields_of(html)
        first = re.findall(r'<option value="(\d+)"', html.partition('id="from"')[2])[1]
        last = re.findall(r'<option value="(\d+)"', html.partition('id="to"')[2])[1]
        form["scope"] = "mastodon"
        await post(http, served, "save", form, choice="sentences", **{"from": first, "to": last})
        assert (await on(served, "mastodon")).excerpt.text == "Nobody had asked for it."
        assert await on(served, "bluesky") == before
        status, told = await post(http, served, "save", form, choice="sentences", **{"from": last, "to": last})
        assert (status, "this passage is empty" in told) == (400, True)


async def test_own_words_channels_and_alt_texts_are_saved_and_the_file_is_left_alone(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served))
        [alt] = [name for name in form if name.startswith("alt-")]
        del form["goes-bluesky"]
        await post(
            http, served, "save", form, choice="own", own="Come\r\nand read!", **{alt: "A  lamp\nwith a green shade"}
        )
        mine = await on(served, "mastodon")
        assert (mine.excerpt.text, mine.excerpt.verbatim) == ("Come\nand read!", False)
        assert mine.post.parts[0].images[0].alt == "A lamp with a green shade"
        assert (await on(served, "bluesky")).state is State.CANCELLED
        assert (folder / "night.md").read_text() == ARTICLE
        html = await page(http, served)
        assert "not from the article" in html
        assert "The article does not go here." in html
        acts = [(each.act.by, each.act.verb) for each in await served.decisions()]
        assert acts == [("desk:anna", each) for each in ("override", "leave out", "alt")]
        back = fields_of(html) | {"goes-bluesky": "on"}
        await post(http, served, "save", back)
        assert (await served.live.app.store.deliveries(channel="bluesky", states=(State.HELD,)))[0].round == 2


async def test_approving_saves_first_and_approves_what_was_shown(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served))
        [alt] = [name for name in form if name.startswith("alt-")]
        _, drawn = await post(http, served, "preview", form, choice="own", own="Come and read!", **{alt: "A lamp"})
        status, told = await post(http, served, "approve", form, choice="own", own="Come and read!", **{alt: "A lamp"})
        assert (status, "Approved for" in told) == (200, True)
        found = {each: await on(served, each) for each in BOTH}
        assert {name: (each.state, texts(each)) for name, each in found.items()} == {
            name: (State.SCHEDULED, posts(drawn)[name]) for name in BOTH
        }
        undo = dict(re.findall(r'name="(what|back)" value="([^"]*)"', told.partition('id="notice"')[2]))
        headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
        sent = {"token": form["token"], **undo}
        async with http.post(served.address + "/calendar/undo", data=sent, headers=headers) as answer:
            assert answer.status == 200
        assert [(await on(served, each)).state for each in BOTH] == [State.HELD] * 2
        again = fields_of(await page(http, served))
        await post(http, served, "approve", again, only="mastodon")
        assert [(await on(served, each)).state for each in BOTH] == [State.SCHEDULED, State.HELD]
        await post(http, served, "at", fields_of(await page(http, served)), day="2031-03-04", time="10:07")
        assert f"{(await on(served, 'bluesky')).due:%Y-%m-%d %H:%M}" == "2031-03-04 10:07"


async def test_it_is_sent_back_with_a_comment(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served))
        status, told = await post(http, served, "back", form, comment="")
        assert (status, "the comment is missing" in told) == (400, True)
        await post(http, served, "back", form, comment="The date is wrong")
        assert {(await on(served, each)).why for each in BOTH} == {"sent back: The date is wrong"}
        assert "sent back: The date is wrong" in await page(http, served)


async def test_what_changed_meanwhile_is_told_and_nothing_that_was_typed_is_lost(desk, http, folder):
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served)) | {"choice": "own", "own": "My <b>words</b> & more"}
        await served.live.app.steering.acting("desk:bert").send_back([(await on(served, "mastodon")).id], "wrong date")
        status, told = await post(http, served, "save", form)
        assert (status, "“The library at night” on mastodon was changed meanwhile by bert." in told) == (409, True)
        assert re.search(r"[0-9a-f]{8}…|@\d", told.partition('id="problem"')[2].partition("</section>")[0]) is None
        assert fields_of(told)["own"] == "My <b>words</b> & more"
        assert 'value="own" id="choice-own" checked' in told
        (folder / "night.md").write_text(ARTICLE.replace("Nobody", "Everybody"))
        await take(served)
        status, told = await post(http, served, "approve", fields_of(told))
        assert (status, "was edited meanwhile" in unescape(told)) == (409, True)
        status, _ = await post(http, served, "save", fields_of(told))
        assert (status, (await on(served, "mastodon")).excerpt.text) == (200, "My <b>words</b> & more")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.VIEWER, set()), (Role.EDITOR, {"preview", "save"}), (Role.APPROVER, {"preview", "save", "approve", "back"})],
)
async def test_each_may_press_what_their_role_allows(desk, http, folder, role, allowed):
    async with desk(OFFLINE, role=role) as served:
        await take(served)
        html = await page(http, served)
        assert ('id="save"' in html, 'id="approve"' in html) == ("save" in allowed, "approve" in allowed)
        token = re.search(r'name="token" value="([^"]+)"', html)[1]
        form = {"token": token, "edition": "", "seen": ""}
        for verb in ("preview", "save", "approve", "back"):
            status, _ = await post(http, served, verb, form, comment="again")
            assert (status != 403) == (verb in allowed), verb
            status, _ = await post(http, served, verb, form | {"token": "x" * 43}, comment="again")
            assert status == 403


HOSTILE = (
    "---\ntitle: '<script>alert(1)</script> & \u202egnp'\nlanguage: en\nlink: https://library.example/<img src=x>\n---\n\n"
    "Click [here](javascript:alert(1)) or <script>alert(2)</script> \\<img src=x onerror=alert(3)> \u202eesrever\u202c now.\n\n"
    'Second "onmouseover=alert(4) x=" paragraph.\n'
)


async def test_a_hostile_article_is_inert(desk, http, folder, chromium):
    (folder / "night.md").write_text(HOSTILE.replace("/<img src=x>", ""))
    async with desk(OFFLINE) as served:
        await take(served)
        html = await page(http, served)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert not re.search(r'href="javascript', html)
        shown = await chromium.open(served.address + HERE)
        assert await shown.evaluate("[...document.querySelectorAll('main [onerror], main [onmouseover]')].length") == 0
        assert await shown.locator("h1").get_attribute("dir") == "auto"
        assert chromium.complaints == []


async def select(page, words: str):
    """Drag the mouse from the first to the last letter of some words in the article."""
    await page.evaluate(
        """(words) => {
          const walker = document.createTreeWalker(document.getElementById("text"), NodeFilter.SHOW_TEXT);
          const range = document.createRange();
          let whole = "", nodes = [];
          while (walker.nextNode()) { nodes.push([walker.currentNode, whole.length]); whole += walker.currentNode.data; }
          const at = (n) => { const [node, start] = nodes.findLast(([, start]) => start <= n); return [node, n - start]; };
          const begin = whole.indexOf(words);
          range.setStart(...at(begin)); range.setEnd(...at(begin + words.length));
          range.startContainer.parentElement.scrollIntoView({ block: "center" });
          const boxes = [...range.getClientRects()];
          globalThis.drag = [boxes[0].left + 1, boxes[0].top + boxes[0].height / 2,
                             boxes.at(-1).right - 1, boxes.at(-1).top + boxes.at(-1).height / 2];
        }""",
        words,
    )
    left, top, right, bottom = await page.evaluate("drag")
    await page.mouse.move(left, top)
    await page.mouse.down()
    await page.mouse.move(right, bottom, steps=8)
    await page.mouse.up()


async def test_a_manager_s_way_from_a_selection_to_what_the_platform_received(desk, http, folder, chromium, tmp_path):
    (folder / "night.md").write_text(ARTICLE.replace("lamp.png", "lamp.png\n    alt: A lamp"))
    async with sandbox() as (platforms, environ), desk(environ, at_work=True) as served:
        await demo_plans(served.live.app, 3)
        store = served.live.app.store
        await take(served)
        shown = await chromium.open(served.address + HERE, width=1280)
        column = shown.locator('.column[data-channel="mastodon"] .says')

        await select(shown, "ea is served in the readin")
        await column.get_by_text("Tea is served in the reading").wait_for()
        await shown.get_by_text("The passage ends within a sentence.").wait_for()
        assert await shown.locator("#choice-passage").is_checked()

        await shown.locator("#text").focus()
        await shown.evaluate("getSelection().removeAllRanges()")
        for _ in range(3):
            await shown.keyboard.press("Shift+ArrowRight")
        await column.get_by_text("The library stays", exact=False).wait_for()

        await shown.locator("#scope").select_option("mastodon")
        await shown.locator("#choice-own").check()
        await shown.locator("#own").fill("Come and read until midnight! 🦉 «ملتقى»")
        await column.get_by_text("Come and read until midnight!").wait_for()
        assert await shown.locator(".chip.fresh").count() == 1

        promised = {
            name: await shown.locator(f'.column[data-channel="{name}"] .says').all_text_contents()
            for name in ("x", "mastodon", "telegram", "bluesky")
        }
        await shown.locator("#approve").click()
        await shown.get_by_text("Approved for").wait_for()

        async def all_sent() -> bool:
            return len(await store.deliveries(states=(State.SENT,))) == 4

        async with asyncio.timeout(PATIENCE):
            while not await all_sent():
                await asyncio.sleep(0.1)
        async with http.get(f"{platforms}/ledger") as answer:
            ledger = await answer.json()
        received = {}
        for each in ledger:
            received.setdefault(each["platform"], []).append(each["text"])
        assert received == promised
        assert chromium.complaints == []


@pytest.mark.parametrize(("width", "dark"), [(320, False), (1280, True)])
async def test_it_is_read_at_any_size(desk, folder, chromium, width, dark):
    async with desk(OFFLINE) as served:
        await take(served)
        for path in (HERE, "/inbox", "/inbox/new"):
            shown = await chromium.open(served.address + path, width=width, dark=dark)
            for fault in (WIDE, PALE, NAMELESS):
                assert await shown.evaluate(fault) == [], path
        assert chromium.complaints == []


async def test_a_name_of_any_script_has_its_page(desk, http, folder):
    (folder / "نهار ١.md").write_text(ARTICLE.replace("status: draft\n", ""))
    async with desk(OFFLINE) as served:
        await take(served)
        assert "The library at night" in await page(http, served, f"/inbox/library/{quote('نهار ١.md')}")
        async with http.get(f"{served.address}/inbox/library/none.md") as answer:
            assert answer.status == 404
