"""Both pages in a real browser: what people see, hear and can do on them."""

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image as Pillow

from bot import app
from bot.platforms import fields
from bot.sandbox.demo import sandbox
from bot.sandbox.world import Fault, Shown
from bot.settings import load
from tests.faces.conftest import PATIENCE
from tests.store_samples import HOUR, NOON, PICTURE, channel, delivery

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><b>bold</b> & <script>document.title='taken'</script>"
ALT = "The reading room at dusk, lamps lit on long tables"

#: Each text whose contrast with what lies behind it is below WCAG 2.2 AA (w3.org/TR/WCAG22, 1.4.3), with the ratio.
PALE = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = channels(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, ground(element.parentElement));
  };
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (!words.length || !element.checkVisibility() || ["SCRIPT", "NOSCRIPT", "OPTION"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const pair = [light(over(channels(style.color), below)), light(below)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)} ${element.className} ${words[0].data.trim().slice(0, 40)}`);
  }
  return faults;
}"""
#: What is wider than the window, when the page scrolls sideways.
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth)
  .map((e) => e.outerHTML)"""
#: Elements that can be used but have no name to be called by.
NAMELESS = """() => [...document.querySelectorAll("a, button, input, select, summary, meter")]
  .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.ariaHidden === "true"))
  .map((e) => e.outerHTML)"""


def pixels():
    out = io.BytesIO()
    Pillow.new("RGB", (64, 40), "teal").save(out, "PNG")
    return out.getvalue()


def picture(followers):
    digest = followers.world.keep(pixels(), "image/png")
    return Shown(sha256=digest, media_type="image/png", alt=ALT)


def fill(followers):
    """Post something of every kind."""
    first = followers.post("The cycling club rebuilt forty bicycles. 1/3", language="en")
    second = followers.post("Each is checked twice. 2/3", thread=first.id, reply_to=first.id)
    followers.post("Come by on Saturday. 3/3", thread=first.id, reply_to=second.id)
    followers.post("A film about a storm.", "mastodon", warning="shipwreck", visibility="unlisted", limit=0)
    followers.post("The hall at night.", "mastodon", images=(picture(followers),), language="en", length=279)
    card = {"url": "https://museum.example/film", "title": "A film", "description": "On Thursday", "picture": ""}
    followers.post("W" * 300, "bluesky", card=card)
    followers.world.remove("telegram", followers.post("Wrong date, sorry.", "telegram").id)
    followers.world.faults.append(Fault(platform="x", kind="flood", times=2))
    followers.telegram.say(1, "/search " + "night" * 60, "Reader")


async def texts(page, selector):
    return await page.locator(selector).all_text_contents()


async def sound(page):
    """Check what holds for every page: it fits, its texts can be read, what can be used has a name."""
    assert await page.evaluate(WIDE) == []
    assert await page.evaluate(PALE) == []
    assert await page.evaluate(NAMELESS) == []


async def test_followers_see_a_thread_in_order_and_new_posts_without_a_reload(followers, chromium):
    fill(followers)
    page = await chromium.open(followers.address)
    thread = page.locator("#at-x .thread").first
    await thread.wait_for()
    assert [text[-3:] for text in await thread.locator(".text").all_text_contents()] == ["1/3", "2/3", "3/3"]
    assert await thread.locator(".size").text_content() == "Thread of 3"
    assert await thread.locator(".text").first.get_attribute("lang") == "en"

    await page.evaluate("document.querySelector('#at-mastodon summary').click()")
    followers.post("Just now.")
    fresh = page.locator("#at-x .thread", has_text="Just now.")
    await fresh.wait_for()
    assert (await texts(page, "#at-x .thread .text"))[0] == "Just now."
    assert await page.locator("#at-mastodon details").get_attribute("open") is not None, "a fold closed by itself"
    assert chromium.complaints == []


async def test_alt_text_warning_card_and_removal_are_shown_as_such(followers, chromium):
    fill(followers)
    page = await chromium.open(followers.address)
    figure = page.locator("#at-mastodon figure")
    await figure.wait_for()
    assert await figure.locator("img").get_attribute("alt") == ALT
    assert await figure.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 64
    assert not await figure.locator("figcaption").is_visible()
    await figure.get_by_role("button", name="ALT").focus()
    await page.keyboard.press("Enter")
    assert await figure.locator("figcaption").is_visible()
    assert await figure.locator("figcaption").text_content() == ALT
    assert await figure.get_by_role("button", name="ALT").get_attribute("aria-expanded") == "true"

    warned = page.locator("#at-mastodon article", has_text="Content warning: shipwreck")
    assert not await warned.locator(".text").is_visible()
    await warned.locator("summary").click()
    assert await warned.locator(".text").is_visible()
    assert await warned.locator(".tag").all_text_contents() == ["unlisted"]

    card = page.locator("#at-bluesky a.card")
    assert await card.get_attribute("href") == "https://museum.example/film"
    assert await card.locator("span span").all_text_contents() == ["museum.example", "A film", "On Thursday"]
    assert "followers no longer see it" in (await texts(page, "#at-telegram .removed .gone"))[0]
    assert (await texts(page, "#at-telegram .count"))[0] == "0 posts"
    assert chromium.complaints == []


async def test_marks_stand_at_their_code_points_after_emoji_and_from_right_to_left(followers, chromium):
    text = "👩‍👩‍👧‍👦🏛️ متحف المدينة 𝔘 https://museum.example/ahad #متحف @town bye"
    spans = [
        (text.index(word), text.index(word) + len(word), kind, target)
        for word, kind, target in (
            ("https://museum.example/ahad", "link", "https://museum.example/ahad?utm=1"),
            ("متحف المدينة", "bold", ""),
            ("المدينة", "italic", ""),
            ("#متحف", "tag", "متحف"),
            ("@town", "mention", "town"),
            ("bye", "link", "javascript:alert(1)"),
        )
    ]
    followers.post(text, spans=tuple(spans))
    page = await chromium.open(followers.address)
    shown = page.locator("#at-x .text")
    await shown.wait_for()
    assert await shown.text_content() == text
    assert await shown.get_attribute("dir") == "auto"
    assert await shown.locator("a").all_text_contents() == ["https://museum.example/ahad"]
    assert await shown.locator("a").get_attribute("href") == "https://museum.example/ahad?utm=1"
    assert await shown.locator("strong").text_content() == "متحف المدينة"
    assert await shown.locator("strong em").text_content() == "المدينة"
    assert await shown.locator(".tag, .mention").all_text_contents() == ["#متحف", "@town"]


async def test_nothing_in_a_post_runs_or_becomes_part_of_the_page(followers, chromium):
    card = {"url": "javascript:document.title='taken'", "title": HOSTILE, "description": HOSTILE, "picture": ""}
    hostile = {"account": HOSTILE, "url": HOSTILE, "language": HOSTILE, "visibility": HOSTILE, "removed": ""}
    followers.post(HOSTILE, card=card, images=(replace(picture(followers), alt=HOSTILE),), **hostile)
    followers.post(HOSTILE, "mastodon", warning=HOSTILE)
    followers.telegram.say(1, HOSTILE, "Reader")
    page = await chromium.open(followers.address)
    await page.locator("#at-x .text").wait_for()
    assert await page.locator("#at-x .text").text_content() == HOSTILE
    assert await page.locator("#at-x .card").get_attribute("href") is None
    assert await page.locator("#said .text").text_content() == HOSTILE
    assert await page.locator("#columns b, #columns script, #said b, #said img").count() == 0
    assert await page.title() == "What followers see · Handbill sandbox"
    assert chromium.complaints == []


async def test_a_post_is_found_by_its_address(followers, chromium):
    for number in range(12):
        followers.post(f"Post {number}\n\nwith\n\nmany\n\nlines", url=f"https://x.example/{number}?a=b")
    page = await chromium.open(f"{followers.address}/#https%3A%2F%2Fx.example%2F2%3Fa%3Db")
    sought = page.locator("article.sought")
    await sought.wait_for()
    assert (await texts(page, "article.sought .text"))[0].startswith("Post 2\n")
    seen = "(e) => { const box = e.getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0; }"
    assert await sought.evaluate(seen)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1400])
async def test_the_followers_page_can_be_read_at_every_size_by_day_and_night(followers, chromium, width, dark):
    fill(followers)
    page = await chromium.open(followers.address, width=width, dark=dark)
    await page.locator("#at-bluesky .card").wait_for()
    await page.evaluate("for (const each of document.querySelectorAll('summary, .alt')) each.click()")
    await sound(page)
    assert chromium.complaints == []


async def test_the_fault_door_opens_and_is_lifted(followers, chromium):
    page = await chromium.open(followers.address)
    await page.locator("#platform option").first.wait_for(state="attached")
    await page.select_option("#platform", "mastodon")
    await page.select_option("#kind", "flood")
    await page.fill("[name=times]", "3")
    await page.fill("[name=seconds]", "2.5")
    await page.get_by_role("button", name="Open the fault").click()
    listed = page.locator("#faults li")
    await listed.wait_for()
    assert await listed.text_content() == "Mastodon: too many requests, the next 3 posts"
    assert followers.world.faults == [Fault(platform="mastodon", kind="flood", on="publish", times=3, seconds=2.5)]
    await page.get_by_role("button", name="Lift all").click()
    await page.locator("#no-faults").wait_for()
    assert followers.world.faults == []
    kinds = await page.locator("#kind option").evaluate_all("(all) => all.map((option) => option.value)")
    documented = Fault.__doc__ or ""
    assert all(f"{kind} (" in documented or f"{kind}," in documented for kind in kinds)


ARTICLE = """---
title: Forty bicycles rebuilt
link: https://cycling.example/workshop
language: en
---
Volunteers of the cycling club rebuilt forty bicycles this winter and lent every one of them to a neighbour.
"""


async def test_a_reader_asks_on_the_page_and_the_running_bot_answers(tmp_path, desk, chromium):
    (tmp_path / "queue" / "cycling").mkdir(parents=True)
    (tmp_path / "queue" / "cycling" / "workshop.md").write_text(ARTICLE, encoding="utf-8")
    async with sandbox() as (address, environ):
        async with app.opened(load(tmp_path, fields(), environ)) as opened:
            await app.demo_plans(opened, 1)
        async with desk(environ, f"{address}/", at_work=True) as served:
            page = await chromium.open(address)
            await page.locator("#at-telegram .thread").wait_for()
            async with asyncio.timeout(PATIENCE):
                while not await served.live.app.store.latest(1):
                    await asyncio.sleep(0.05)
            await page.get_by_role("button", name="/latest").click()
            answer = page.locator("#said .bot", has_text="Forty bicycles rebuilt")
            await answer.wait_for()
            assert await answer.locator("strong").text_content() == "Forty bicycles rebuilt"
            assert await answer.locator("a").get_attribute("href") == "https://cycling.example/workshop"
            assert await page.locator("#said .reader .text").all_text_contents() == ["/latest"]
            await page.get_by_role("button", name="/search …").click()
            await page.keyboard.type("winter")
            await page.keyboard.press("Enter")
            await page.locator("#said .reader", has_text="/search winter").wait_for()
            await page.locator("#said .bot", has_text="winter").nth(1).wait_for()

            manager = await chromium.open(served.address)
            link = manager.locator("#posted a", has_text="see it").first
            await link.wait_for()
            async with chromium.context.expect_page() as opening:
                await link.click()
            seen = await opening.value
            await seen.locator("article.sought").wait_for()
        await page.close()
        await seen.close()
    assert chromium.complaints == []


async def put(served, *deliveries):
    await served.live.app.store.put_channel(channel("x", account="@townlibrary", url="https://x.example/townlibrary"))
    await served.live.app.store.add_deliveries(deliveries, NOON)


async def test_the_desk_keeps_itself_up_to_date_and_leaves_what_did_not_change(desk, chromium):
    async with desk() as served:
        await put(served, delivery("d1", due=NOON + HOUR))
        page = await chromium.open(served.address)
        await page.locator("#coming .whole").wait_for()
        await page.evaluate("document.querySelector('#channels').dataset.seen = 'yes'")
        await served.live.app.steering.pause("Storm warning")
        await served.live.app.steering.hold(["d1"])
        await page.locator("#held .command", has_text="handbill approve d1@").wait_for(state="attached")
        assert "Storm warning" in (await texts(page, "#paused"))[0]
        assert await texts(page, "#coming .hint") == ["Nothing is due."]
        assert await page.locator("#channels").get_attribute("data-seen") == "yes"
        order = await page.locator("#live > section").evaluate_all("(all) => all.map((each) => each.id)")
        assert order == ["paused", "counts", "held", "coming", "posted", "channels"]
        assert chromium.complaints == []


async def test_the_desk_says_when_the_bot_is_gone(desk, chromium):
    async with desk() as served:
        page = await chromium.open(served.address)
        await page.locator("#pulse", has_text="Live").wait_for()
    await page.locator("#pulse", has_text="Not connected").wait_for()


async def test_a_command_is_copied_by_its_button(desk, chromium):
    async with desk() as served:
        await put(served, delivery("d1", due=None))
        await chromium.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.address)
        page = await chromium.open(served.address)
        await page.locator("#held").get_by_text("On the command line").click()
        await page.get_by_role("button", name="Copy handbill approve d1@1").click()
        await page.get_by_text("Copied").wait_for()
        assert await page.evaluate("navigator.clipboard.readText()") == "handbill approve d1@1"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1400])
async def test_the_desk_can_be_read_at_every_size_by_day_and_night(tmp_path, desk, chromium, width, dark):
    async with desk(followers="http://127.0.0.1:9/") as served:
        long = "W" * 200
        held = delivery("d2", long, due=None, why=long, campaign=long[:60])
        await put(served, delivery("d1", parts=3, due=NOON + HOUR), held)
        kept = tmp_path / "data" / "media" / PICTURE.sha256
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pixels())
        await served.live.app.store.pause_channel("x", long)
        await served.live.app.steering.pause(long)
        for path in ("/", "/delivery/d1", "/delivery/d2", "/delivery/none"):
            page = await chromium.open(served.address + path, width=width, dark=dark)
            await page.locator("#live > section").first.wait_for()
            await sound(page)
            await page.close()
    assert [each for each in chromium.complaints if "404" not in each] == []
