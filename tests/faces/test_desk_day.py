"""A manager's whole day at the desk, in a browser, beside simulated platforms: from the one-time link to signing out.

Followers must see what the previews showed, each post once. Every page that is visited stands axe's test; a picture of each
step is kept in the folder that TEST_ARTEFACTS names, else in the test's own.
"""

import asyncio
import io
import json
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image as Pillow
from PIL import ImageDraw

from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.sandbox.demo import sandbox
from tests.faces.conftest import PASSWORD, PATIENCE
from tests.faces.test_desk_access import RULES, told
from tests.faces.test_desk_calendar import drag
from tests.faces.test_pages import WIDE

CHANNELS = ("x", "mastodon", "telegram", "bluesky")
TITLE = "The ferry house has its clock back"
PASSAGE = "Four neighbours and a retired watchmaker carried the clock of the ferry house up forty-one steps."
BEFORE = "The town had got used to asking strangers for the time."
TEXT = f"""{BEFORE} {PASSAGE} It had been silent since the flood.

“We oiled it with what the rowing club had left,” said Imke Aalders, the watchmaker. “It has not lost a minute in a week.”

On Sunday the house is open from two to five, and children may wind the clock themselves.
"""
ARABIC_TITLE = "ساعة بيت العبّارة تعود"
ARABIC = "حمل أربعة جيران وصانع ساعات متقاعد ساعة بيت العبّارة إلى أعلى إحدى وأربعين درجة. كانت صامتة منذ الفيضان.\n"
LINK = "https://ferryhouse.example/clock"
ALT = "A round clock face with Roman numerals, leaning against a brick wall"
OWN = "Ask us for the time again: the ferry house clock runs. Come and wind it on Sunday."
REASON = "Storm warning for Sunday: nobody should set out for the ferry"
#: Every page that the desk's own menu leads to.
PAGES = ("/", "/inbox", "/calendar", "/plan", "/channels", "/results", "/people", "/history", "/account")

#: Where it is about noon at present, so that no day ends while the test drags things over it.
ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
TODAY = datetime.now(ZoneInfo(ZONE)).date()
#: Where the words of a text are drawn, from the first to the last.
DRAWN = """(text, words) => {
  const block = [...text.children].find((each) => each.textContent.includes(words));
  block.scrollIntoView({ block: "center" });
  const at = (offset) => {
    const within = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (within.nextNode()) {
      if (offset <= within.currentNode.length) return [within.currentNode, offset];
      offset -= within.currentNode.length;
    }
  };
  const start = block.textContent.indexOf(words), range = new Range();
  range.setStart(...at(start));
  range.setEnd(...at(start + words.length));
  const [first, last] = [[...range.getClientRects()][0], [...range.getClientRects()].at(-1)];
  return [first.left + 1, first.top + first.height / 2, last.right - 1, last.top + last.height / 2];
}"""
#: axe leaves empty style attributes behind, which htmx would carry over and the content security policy refuse.
TIDY = "for (const each of document.querySelectorAll('[style=\"\"]')) each.removeAttribute('style')"
#: What a follower's timeline would show of an article's columns: by channel the words of each part, and what pictures show.
PROMISED = """(all) => Object.fromEntries(all.map((each) => [each.dataset.channel,
  [...each.querySelectorAll(".post")].map((one) => [one.querySelector(".says").textContent,
    [...one.querySelectorAll(".shots img")].map((image) => image.alt)])]))"""


def day_in(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def photograph() -> bytes:
    """Return a picture of a clock face."""
    picture = Pillow.new("RGB", (960, 640), "sienna")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((200, 40, 760, 600), fill="ivory", outline="black", width=18)
    pen.line((480, 320, 480, 120), fill="black", width=14)
    pen.line((480, 320, 610, 400), fill="black", width=18)
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


class Manager:
    """Who sits before one page of the desk; `look` is what makes an artefact of it and a test."""

    def __init__(self, page, served, folder: Path):
        self.page, self.address, self.folder = page, served.address, folder
        self.seen = 0

    async def look(self, name: str, page=None) -> None:
        """Keep a picture of the page (or of another one), and let axe look at it."""
        page = page or self.page
        self.seen += 1
        await page.screenshot(path=self.folder / f"{self.seen:02}-{name}.png", full_page=True)
        found = await Axe().run(page, options=RULES)
        assert told(found.response["violations"]) == [], name
        await page.evaluate(TIDY)
        assert await page.evaluate(WIDE) == [], name

    async def go(self, path: str) -> None:
        """Follow the desk's own menu, as far as it is unfolded at this size; else type the address."""
        way = self.page.locator(f'nav.ways a[href="{path}"]').locator("visible=true")
        if await way.count():
            await way.first.click()
            await self.page.wait_for_url(lambda url: url.removeprefix(self.address).partition("?")[0] == path)
        else:
            await self.page.goto(self.address + path)

    async def sign_in(self, secret: str) -> None:
        await self.page.locator("#password").fill(PASSWORD)
        await self.page.locator("#again").fill(PASSWORD)
        await self.look("one-time-link")
        await self.page.locator("#link button").click()
        await self.page.locator("#counts").wait_for()
        assert secret not in self.page.url

    async def write(self, title: str, text: str) -> None:
        """Write a new article, with a picture and what it shows."""
        await self.go("/inbox")
        await self.look("inbox")
        await self.page.locator('a[href="/inbox/new"]').first.click()
        for field, words in (("#title", title), ("#body", text), ("#link", LINK), ("#shows-1", ALT)):
            await self.page.locator(field).fill(words)
        picture = {"name": "clock.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
        await self.page.locator("#picture-1").set_input_files(picture)
        await self.look("new-article")
        await self.page.locator("#new button.primary").click()
        await self.page.locator("#previews .post").nth(3).wait_for()
        await self.look("article")

    async def select(self, words: str) -> None:
        """Select words of the article with the mouse."""
        x, y, to_x, to_y = await self.page.locator("#text").evaluate(DRAWN, words)
        await self.page.mouse.move(x, y)
        await self.page.mouse.down()
        await self.page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=4)
        await self.page.mouse.move(to_x, to_y, steps=4)
        await self.page.mouse.up()

    async def says(self, channel: str, words: str, no_more: str) -> None:
        """Wait until the preview of a channel says so, and not what it said before."""
        there = self.page.locator(f'[data-channel="{channel}"] .says').first
        await there.filter(has_text=words, has_not_text=no_more).wait_for()

    async def save(self) -> None:
        await self.page.locator("#save").click()
        await self.page.locator("#notice .notice").wait_for()

    async def promised(self) -> dict[str, list[tuple[str, list[str]]]]:
        found = await self.page.locator("#previews .column").evaluate_all(PROMISED)
        return {channel: [(text, alts) for text, alts in parts] for channel, parts in found.items()}

    async def approve_for(self, day: str, clock: str) -> None:
        await self.page.locator("details.later").first.locator("summary").click()
        await self.page.locator("#day").fill(day)
        await self.page.locator("#time").fill(clock)
        await self.page.locator('button[formaction$="/at"]').click()
        await self.page.locator("#undo").wait_for()

    async def pause(self, why: str) -> None:
        await self.page.locator(".halt summary").click()
        await self.page.locator("#why").fill(why)
        await self.look("before-the-pause")
        await self.page.locator(".halt button").click()
        await self.page.locator("#paused", has_text=why).wait_for()

    async def sign_out(self) -> None:
        await self.page.locator(".account summary").click()
        await self.page.locator('form[action="/signout"] button').click()
        await self.page.locator("#signin").wait_for()
        await self.look("signed-out")
        await self.page.goto(f"{self.address}/inbox")
        await self.page.locator("#signin").wait_for()


def arriving(platform: str, promised):
    """Return what followers get of what a preview showed: Telegram's bots cannot say what a picture shows."""
    return [(text, [""] * len(alts) if platform == "telegram" else alts) for text, alts in promised]


class Sandbox:
    """The followers' side, as its own HTTP tells of it."""

    def __init__(self, http, address: str):
        self.http, self.address = http, address

    async def seen(self, platform: str) -> list[tuple[str, list[str]]]:
        """Return what followers of a platform see: the words and what pictures show, of each message."""
        async with self.http.get(f"{self.address}/ledger") as answer:
            effects = json.loads(await answer.text())
        there = [each for each in effects if each["platform"] == platform and not each["removed"]]
        return [(each["text"], [image["alt"] for image in each["images"]]) for each in there]

    async def until_seen(self, platform: str, promised) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(await self.seen(platform)) < len(promised):
                await asyncio.sleep(0.1)
        assert await self.seen(platform) == arriving(platform, promised), platform


@pytest.fixture
def artefacts(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = Path(os.environ.get("TEST_ARTEFACTS") or tmp_path / "artefacts") / str(request.node.name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@asynccontextmanager
async def at_work(desk, http):
    """Serve the whole bot beside a sandbox, with room in every channel's plan at any time; nobody has an account but anna."""
    async with (
        sandbox() as (address, environ),
        desk(environ | {"HANDBILL_ZONE": ZONE}, f"{address}/", at_work=True, role=None) as served,
    ):
        every = Plan(zone=ZONE, times=(time(0), time(23, 59, 59)), every=timedelta(seconds=5))
        for name in CHANNELS:
            await served.live.app.store.put_plan(name, every)
        secret = await served.live.app.enrolling.acting("cli:tests").add("anna", Role.ADMIN)
        yield served, Sandbox(http, address), secret


def clock_now() -> str:
    return f"{datetime.now(ZoneInfo(ZONE)):%H:%M}"


async def watched(page) -> None:
    """Mark a page; the mark is gone after a reload."""
    await page.evaluate("document.body.dataset.since = 'the morning'")


async def unloaded(page) -> bool:
    return str(await page.evaluate("document.body.dataset.since")) != "the morning"


async def put_on(page, channel: str, day: str) -> None:
    """Drag a channel's card to a day of the month's sheet."""
    card = page.locator("#grid .is-card", has_text=channel).first
    await card.wait_for()
    heading = page.locator(f'#grid .ec-day:has(time[datetime="{day}"])').first
    place = await heading.bounding_box()
    await drag(page, card, place["x"] + place["width"] / 2, place["y"] + place["height"] - 12)
    await page.locator("#notice .notice", has_text=channel).wait_for()


async def decide(page, served, id: str, verb: str) -> None:
    """Press a button on a delivery's page, and say yes where it asks."""
    await page.goto(f"{served.address}/delivery/{id}")
    await page.locator(f"#{verb}-{id}").click()
    await page.locator("#sure .danger").click()


async def test_a_managers_day_from_the_link_to_signing_out(desk, http, chromium, artefacts):
    async with at_work(desk, http) as (served, followers, secret):
        page = await chromium.open(f"{served.address}/in/{secret}", width=1280)
        anna = Manager(page, served, artefacts)
        await page.set_viewport_size(
            {"width": 1280, "height": 1400}
        )  # so that a month needs no scrolling under the mouse
        await anna.sign_in(secret)
        await anna.look("now")

        await anna.write(TITLE, TEXT)
        await anna.select(PASSAGE)
        for each in CHANNELS:
            await anna.says(each, PASSAGE, BEFORE)
        await anna.look("passage")
        await anna.save()
        await page.locator("#scope").select_option("bluesky")
        await page.locator("#choice-own").check()
        await page.locator("#own").fill(OWN)
        await anna.says("bluesky", OWN, PASSAGE)
        await anna.look("own-words")
        await anna.save()
        promised = await anna.promised()
        assert set(promised) == set(CHANNELS)
        assert all(PASSAGE in promised[each][0][0] for each in ("x", "mastodon", "telegram"))
        assert [OWN in each for each, _ in promised["bluesky"]] == [True]
        assert all(ALT in alts for parts in promised.values() for _, alts in parts), promised

        await anna.approve_for(day_in(1), clock_now())
        await anna.look("approved")

        now = await chromium.open(served.address, width=1280)
        timeline = await chromium.open(followers.address, width=1280)
        await asyncio.gather(watched(now), watched(timeline))
        await anna.go("/calendar")
        await page.goto(f"{served.address}/calendar?view=month&day={TODAY}")
        await page.locator("#grid .is-card").first.wait_for()
        await anna.look("month")
        await put_on(page, "Mastodon", day_in(2))
        await anna.look("moved")
        assert await followers.seen("mastodon") == []
        await put_on(page, "Mastodon", day_in(0))
        await timeline.locator("#at-mastodon .thread", has_text=PASSAGE).wait_for()
        await followers.until_seen("mastodon", promised["mastodon"])
        await now.locator("#posted .channel", has_text="mastodon").wait_for()
        assert not await unloaded(now)
        assert not await unloaded(timeline)
        await anna.look("went-out", now)

        ids = {each.channel: each.id for each in await served.live.app.store.deliveries(limit=10)}
        await timeline.select_option("#platform", "telegram")
        await timeline.select_option("#kind", "reset")
        await timeline.get_by_role("button", name="Open the fault").click()
        await timeline.locator("#faults li").wait_for()
        await decide(page, served, ids["telegram"], "send-now")
        unsure = now.locator("#attention .rows > li", has_text="telegram")
        await unsure.wait_for()
        await followers.until_seen("telegram", promised["telegram"])
        await anna.look("uncertain", now)
        await unsure.locator("a.whole").click()
        await now.locator("#decide .known li").first.wait_for()
        await anna.look("evidence", now)
        there = await timeline.locator("#at-telegram article.part").get_attribute("data-url")
        await now.locator("#decide [name=url]").fill(str(there))
        await now.locator("#decide [value=there]").click()
        await anna.look("sure", now)
        await now.locator("#sure .danger").click()
        await now.locator('#facts .state[data-state="sent"]').wait_for()

        await page.goto(served.address)
        await anna.pause(REASON)
        for path in PAGES:
            await anna.go(path)
            await page.locator("#paused", has_text=REASON).wait_for()
            await anna.look(f"paused-{path.strip('/') or 'now'}")
        await page.goto(f"{served.address}/calendar?view=month&day={TODAY}")
        await put_on(page, "X", day_in(0))
        async with asyncio.timeout(PATIENCE):
            while (
                await page.locator("#paused [name=choice]").count() < 2
            ):  # what comes due changes nothing in the ledger
                await page.goto(served.address)
        await anna.look("came-due")
        assert await followers.seen("x") == []
        await page.locator("#paused [value=reslot]").click()
        await page.locator("#notice .notice").wait_for()
        await page.locator("#paused").wait_for(state="detached")
        await followers.until_seen("x", promised["x"])
        await decide(page, served, ids["bluesky"], "send-now")
        await followers.until_seen("bluesky", promised["bluesky"])
        await page.goto(served.address)
        await page.locator("#posted .rows > li").nth(3).wait_for()
        await anna.look("evening")
        await now.close()
        await anna.sign_out()
        for each in CHANNELS:
            assert await followers.seen(each) == arriving(each, promised[each]), "each once"
    assert chromium.complaints == []


async def test_an_evening_in_arabic_on_a_phone(desk, http, chromium, artefacts):
    async with at_work(desk, http) as (served, followers, secret):
        kept = {"name": "handbill-language", "value": "ar", "url": served.address}
        await chromium.context.add_cookies([kept])
        page = await chromium.open(f"{served.address}/in/{secret}", width=360, dark=True)
        anna = Manager(page, served, artefacts)
        await anna.sign_in(secret)
        assert await page.locator("html").get_attribute("dir") == "rtl"
        await anna.look("now")
        await anna.write(ARABIC_TITLE, ARABIC)
        promised = await anna.promised()
        assert all(ALT in alts for parts in promised.values() for _, alts in parts)
        await page.locator("#approve").click()
        await page.locator("#undo").wait_for()
        for each in CHANNELS:
            await followers.until_seen(each, promised[each])
        await anna.go("/calendar")
        await page.locator("#days .planned").first.wait_for()
        await anna.look("calendar")
        await page.goto(served.address)
        await page.locator("#posted .rows > li").nth(3).wait_for()
        await anna.look("went-out")
        await anna.pause(REASON)
        await anna.look("paused")
        await page.locator("#paused [name=choice]").first.click()
        await page.locator("#paused").wait_for(state="detached")
        await anna.sign_out()
        for each in CHANNELS:
            assert await followers.seen(each) == arriving(each, promised[each]), "each once"
    assert chromium.complaints == []
