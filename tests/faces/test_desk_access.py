"""Every page of the desk for everybody: axe finds nothing, by day and night, from left and from right, on a phone and a desk.

What axe cannot see is checked beside it: no sideways scrolling, the keyboard reaches what matters, nothing breaks the
content security policy, a first visit costs little.
"""

import gzip
from itertools import chain

import pytest
from axe_playwright_python.async_playwright import Axe

from bot.domain.delivery import State
from bot.domain.outcome import Refused, Unknown
from bot.ports import Problem
from bot.web.pages import PAGES
from tests.faces.test_desk import end, post, put
from tests.faces.test_pages import PALE, WIDE, pixels, sound
from tests.store_samples import HOUR, NOON, PICTURE, article, channel, delivery

#: What WCAG 2.2 AA asks for, and what axe calls good practice (landmarks, one h1).
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
#: Bytes that a first visit may cost, compressed.
BUDGET = 150_000
#: What answers with something else than a page.
NO_PAGES = {"/events", "/health"}
SHOWN = (
    "/inbox/library/night-opening",
    "/delivery/aa",
    "/delivery/u1",
    "/delivery/f1",
    "/delivery/h1",
    "/plan/x",
    "/nowhere",
)


async def fill(served, tmp_path):
    """Something of everything, so that every kind of row is on a page."""
    store = served.live.app.store
    kept = tmp_path / "data" / "media" / PICTURE.sha256
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pixels())
    await store.put_article(article(), NOON)
    for name in ("x", "mastodon", "bluesky"):
        await store.put_channel(channel(name, account=f"@{name}", url=f"https://{name}.example/library"))
    await post(served, delivery("aa", parts=2, due=NOON - HOUR), NOON)
    await put(served, delivery("c1", due=NOON + HOUR), delivery("h1", due=None, why="W" * 120))
    await end(served, delivery("u1", channel="mastodon"), Unknown(why="503"), State.UNCERTAIN, "nobody can tell: 503")
    refused = Refused(why="Your account is not permitted to post")
    await end(served, delivery("f1", channel="bluesky"), refused, State.FAILED, refused.why)
    await store.pause_channel("bluesky", "the credential is not accepted")
    await store.put_problems("folder", [Problem(where="queue/museum/a.md:3", what="unknown field", hint="language?")])


async def pages(http, served):
    """Return every address of the table that answers with a page, and some that have a name in their path."""
    rows = [each.path for each in chain.from_iterable(PAGES) if "GET" in each.methods and "{" not in each.path]
    found = []
    for path in dict.fromkeys(rows):
        if path in NO_PAGES:
            continue
        async with http.get(served.address + path) as answer:
            if answer.content_type == "text/html" and answer.status == 200:
                found.append(path)
    assert {"/", "/account", "/people"} <= set(found)
    return [*found, *SHOWN]


def told(violations):
    return [
        f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in violations
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1280])
async def test_axe_finds_nothing_on_any_page(tmp_path, desk, http, chromium, width, dark, language):
    async with desk() as served:
        await fill(served, tmp_path)
        kept = {"name": "handbill-language", "value": language, "url": served.address}
        await chromium.context.add_cookies([kept])
        faults = []
        for path in await pages(http, served):
            page = await chromium.open(served.address + path, width=width, dark=dark)
            root = page.locator("html")
            assert (await root.get_attribute("lang"), await root.get_attribute("dir")) == (
                (language, "rtl" if language == "ar" else "ltr")
            )
            await page.locator("#live > *").first.wait_for()
            await page.evaluate(
                "for (const each of document.querySelectorAll('#live details:not(.pop)')) each.open = true"
            )
            found = await Axe().run(page, options=RULES)
            faults += [f"{path} {each}" for each in told(found.response["violations"])]
            faults += [f"{path} {each}" for test in (WIDE, PALE) for each in await page.evaluate(test)]
            await page.close()
        assert faults == []
        await served.live.app.steering.pause("Storm warning")
        page = await chromium.open(served.address, width=width, dark=dark)
        await page.locator("#paused").wait_for()
        found = await Axe().run(page, options=RULES)
        assert told(found.response["violations"]) == [], "paused"
        await sound(page)
        await page.close()
    assert [each for each in chromium.complaints if "404" not in each and "Failed to load" not in each] == []


@pytest.mark.parametrize("width", [320, 1280])
async def test_what_unfolds_over_the_page_stands_the_same_test(tmp_path, desk, chromium, width):
    async with desk() as served:
        await fill(served, tmp_path)
        page = await chromium.open(served.address, width=width)
        for summary in (".halt summary", ".account summary", *([".more summary"] if width < 960 else [])):
            await page.locator(summary).click()
            await page.locator(".pop[open] .sheet").wait_for()
            found = await Axe().run(page, options=RULES)
            assert told(found.response["violations"]) == [], summary
            await sound(page)
            await page.keyboard.press("Escape")
            await page.locator(".pop[open]").wait_for(state="detached")
    assert chromium.complaints == []


async def test_everything_that_decides_is_reached_by_keyboard_alone(tmp_path, desk, chromium):
    async with desk() as served:
        await fill(served, tmp_path)
        page = await chromium.open(served.address)
        await page.locator("#held .actions button").first.wait_for()
        reached = []
        for _ in range(80):
            await page.keyboard.press("Tab")
            words, seen = await page.evaluate(
                """() => { const e = document.activeElement, box = e.getBoundingClientRect();
                if (e === document.body) return ["", true];
                const drawn = getComputedStyle(e).outlineStyle !== "none";
                return [(e.ariaLabel || e.innerText || e.id || "").trim(), drawn && box.height > 0]; }"""
            )
            if words:
                reached.append(words)
                assert seen, f"the focus on {words!r} cannot be seen"
        assert reached[0] == "Skip to the content"
        for words in ("Now", "Pause everything", "Approve", "It is not there: send again…", "Give up", "Bring it back"):
            assert words in reached or words.rstrip("…") in reached, words
        await page.locator(".halt summary").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Storm warning")
        await page.keyboard.press("Enter")
        await page.locator("#paused", has_text="Storm warning").wait_for()
    assert [each for each in chromium.complaints if "Failed to load" not in each] == []


async def test_a_first_visit_is_light(tmp_path, desk, http, chromium):
    async with desk() as served:
        await fill(served, tmp_path)
        page = await chromium.context.new_page()
        sizes = {}

        async def weigh(answer):
            if "/events" not in answer.url:
                sizes[answer.url] = len(gzip.compress(await answer.body(), 6))

        page.on("response", weigh)
        await chromium.open(served.address)  # brings the cookies
        await page.goto(served.address, wait_until="load")
        await page.locator("#coming").wait_for()
        assert any("desk.css" in each for each in sizes)
        assert sum(sizes.values()) < BUDGET, sizes
        async with http.get(served.address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
        await page.close()
