"""Pressing a button on an article's page: once is once, whatever was typed just before; and nothing typed is lost by it."""

import re

import pytest

from bot.domain.delivery import State
from tests.faces.test_desk_article import (  # noqa: F401 - a fixture
    BOTH,
    HERE,
    OFFLINE,
    fields_of,
    folder,
    on,
    page,
    post,
    take,
)

#: Far longer than a preview waits for the next letter.
SETTLED = 600


@pytest.mark.parametrize("verb", ["approve", "back"])
async def test_what_is_pressed_while_a_preview_is_on_its_way_is_sent_once(desk, folder, chromium, verb):  # noqa: F811
    async with desk(OFFLINE) as served:
        await take(served)
        shown = await chromium.open(served.address + HERE, width=1280)
        sent = []
        shown.on("request", lambda each: sent.append(each.url) if each.method == "POST" else None)
        await shown.locator("#choice-own").check()
        await shown.locator("#own").fill("Come and read!")
        if verb == "back":
            await shown.locator("details:has(#comment) summary").click()
            await shown.locator("#comment").fill("The date is wrong")
        await shown.locator(f"[formaction$='/{verb}']:not([name=only])").dispatch_event("click")
        await shown.locator("#notice .notice").wait_for()
        await shown.wait_for_timeout(SETTLED)
        assert [each.rpartition("/")[2] for each in sent if not each.endswith("/preview")] == [verb]
        assert (await on(served, "mastodon")).state is (State.SCHEDULED if verb == "approve" else State.HELD)


async def test_a_button_pressed_before_does_not_lead_previews_astray(desk, folder, chromium):  # noqa: F811
    async with desk(OFFLINE) as served:
        await take(served)
        shown = await chromium.open(served.address + HERE, width=1280)
        sent = []
        shown.on("request", lambda each: sent.append(each.url) if each.method == "POST" else None)
        await shown.evaluate("document.getElementById('writing').addEventListener('submit', e => e.preventDefault())")
        await shown.locator("#choice-own").check()
        await shown.locator("#own").fill("Come and read!")
        await shown.locator("#approve").focus()
        await shown.locator(".columns", has_text="Come and read!").first.wait_for()
        await shown.locator("#own").fill("Come and listen!")
        await shown.locator(".columns", has_text="Come and listen!").first.wait_for()
        assert {each.rpartition("/")[2] for each in sent} == {"preview"}


async def test_the_ticked_channels_are_who_gets_it_and_the_button_counts_them(desk, http, folder, chromium):  # noqa: F811
    async with desk(OFFLINE) as served:
        await take(served)
        shown = await chromium.open(served.address + HERE, width=1280)
        assert await shown.locator("#approve").inner_text() == "Approve 2 posts"
        await shown.locator("#goes-bluesky").uncheck()
        await shown.locator("#approve", has_text="Approve 1 post").wait_for()
        await shown.locator("#approve").click()
        await shown.locator("#notice .notice").wait_for()
        assert [(await on(served, each)).state for each in BOTH] == [State.SCHEDULED, State.CANCELLED]
        assert chromium.complaints == []


async def test_own_words_that_are_cut_are_told_beside_the_button(desk, http, folder):  # noqa: F811
    async with desk(OFFLINE) as served:
        await take(served)
        form = fields_of(await page(http, served))
        long = "Come and read with us at night. " * 12
        _, drawn = await post(http, served, "preview", form, choice="own", own=long)
        [told] = re.findall(r'<p id="cut"[^>]*>(.*?)</p>', drawn, re.DOTALL)
        assert ("will be cut on" in told, "Bluesky" in told, "Mastodon" in told) == (True, True, False)
        _, drawn = await post(http, served, "preview", form, choice="own", own="Come and read!")
        assert "will be cut on" not in drawn


async def test_who_was_signed_out_meanwhile_signs_in_and_finds_the_words_again(desk, folder, chromium):  # noqa: F811
    async with desk(OFFLINE) as served:
        await take(served)
        shown = await chromium.open(served.address + HERE, width=1280)
        await shown.locator("#choice-own").check()
        await shown.locator("#own").fill("Come and read!")
        kept = await chromium.context.cookies()
        await chromium.context.clear_cookies()
        await shown.locator("#save").click()
        await shown.locator("#signin").wait_for()
        assert await shown.locator("#signin [name=next]").get_attribute("value") == HERE
        await chromium.context.add_cookies(kept)
        await shown.goto(served.address + HERE)
        await shown.locator("#again").wait_for()
        assert await shown.locator("#own").input_value() == "Come and read!"
        assert await shown.locator("#choice-own").is_checked()
        await shown.locator("#save").click()
        await shown.locator("#notice .notice").wait_for()
        assert (await on(served, "mastodon")).excerpt.text == "Come and read!"
        await shown.goto(served.address + HERE)
        assert await shown.locator("#again").is_hidden()
