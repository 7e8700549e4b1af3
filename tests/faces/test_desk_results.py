"""The page of results over HTTP and in a browser: numbers, order, charts with their words, CSV, the empty state."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.domain.channel import Channel
from bot.domain.excerpt import Excerpt
from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.domain.reactions import Asked, Reactions
from bot.platforms import adapters
from bot.sandbox.demo import environment
from tests.store_samples import excerpt, posted

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
#: One channel of each of our platforms; nobody asks them anything here.
CHANNELS = environment("http://127.0.0.1:9")


async def filled(desk):
    """Posts on every platform, four of them on Mastodon with counts; return the moment the newest was posted."""
    store, now = desk.live.app.store, desk.live.app.clock.now() - 2 * HOUR
    for name, adapter in adapters().items():
        await store.put_channel(Channel(name=name, platform=name, limits=adapter.LIMITS))
    for number, likes in enumerate((5, 40, 7, 0)):
        await posted(store, f"m{number}", at=now - number * DAY, on="mastodon", article=f"night-{number}")
        counted = Reactions(at=now - number * DAY + HOUR, replies=number, reposts=2, likes=likes)
        await store.put_reactions([Asked(delivery=f"m{number}", part=1, reactions=counted, again=None)])
    await posted(store, "t0", at=now, on="telegram")
    await posted(store, "x0", at=now, on="x")
    return now


async def page(http, desk, query=""):
    async with http.get(f"{desk.address}/results{query}") as answer:
        assert answer.status == 200
        return await answer.text()


def posts(text):
    """The posts listed, in order."""
    return re.findall(r'<a class="whole" href="/results/(\w+)"', text)


def words(text):
    """What a page says, without its markup."""
    said: list[str] = []
    parser = HTMLParser()
    parser.handle_data = said.append  # type: ignore[method-assign, assignment]
    parser.feed(text)
    return " ".join(" ".join(said).split())


async def test_the_page_tells_how_each_channel_and_post_stands(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        text = await page(http, standing)
        said = words(text)
    assert "Mastodon 4 posts" in said
    assert re.search(r"Replies 6 Reposts 8 Likes 52", said), "the sums of the channel"
    assert "This platform tells bots nothing" in said
    assert "handbill plan set x --paid-results" in said
    assert posts(text)[-1] == "m3"
    assert set(posts(text)) == {"m0", "m1", "m2", "m3", "t0", "x0"}
    assert "Replies 1 Reposts 2 Likes 40 Views – not known" in said
    assert "at most 43" in said, "the day on which most was posted that people reacted to"


async def test_posts_are_ordered_by_a_link_and_turned_by_the_same(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        text = await page(http, standing, "?by=likes")
        assert posts(text)[:4] == ["m1", "m2", "m0", "m3"]
        (again,) = re.findall(r'href="(/results\?[^"]*)" aria-current="true">Likes', text)
        query = parse_qs(urlsplit(again.replace("&amp;", "&")).query)
        assert query == {"by": ["likes"], "rising": ["1"]}
        assert posts(await page(http, standing, "?by=likes&rising=1"))[:4] == ["m3", "m0", "m2", "m1"]


async def test_a_time_and_a_channel_are_chosen_by_links_and_nonsense_is_passed_over(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        store, now = standing.live.app.store, standing.live.app.clock.now()
        await posted(store, "old", at=now - 60 * DAY, on="mastodon", article="long-ago")
        assert "old" not in posts(await page(http, standing))
        assert "old" in posts(await page(http, standing, "?days=90"))
        only = await page(http, standing, "?channel=telegram&days=7")
        assert posts(only) == ["t0"]
        assert 'href="/results?days=7&amp;channel=mastodon"' in only
        assert len(posts(await page(http, standing, "?days=9999&by=shouts&page=%C2%B2&rising=x"))) == 6
        assert posts(await page(http, standing, "?page=99999999999999999999")) == []


async def test_many_posts_are_shown_a_page_at_a_time(desk, http, monkeypatch):
    monkeypatch.setattr("bot.web.pages.results.EACH", 4)
    async with desk(CHANNELS) as standing:
        await filled(standing)
        first, second = await page(http, standing), await page(http, standing, "?page=2")
    assert len(posts(first)) == 4
    assert len(posts(second)) == 2
    assert set(posts(first) + posts(second)) == {"m0", "m1", "m2", "m3", "t0", "x0"}
    assert 'rel="next" href="/results?page=2"' in first
    assert 'rel="prev" href="/results"' in second


async def test_every_chart_is_told_in_words_and_as_a_table(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        text = await page(http, standing)
    charts = re.findall(r"<svg class=\"chart\".*?</svg>", text, re.DOTALL)
    assert len(charts) == 1, "where nothing is known nothing is drawn"
    assert 'role="img"' in charts[0]
    for part in re.search(r'aria-labelledby="([^"]+)"', charts[0])[1].split():
        assert re.search(rf'<(?:title|desc) id="{part}">[^<]{{10,}}<', charts[0])
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", text, re.DOTALL)
    assert len(rows) == 4, "a row for each day on which something was posted"
    bars = [float(each) for each in re.findall(r'<rect [^>]*height="([\d.]+)"', charts[0])]
    assert max(bars) == 80
    assert len(bars) == 4


async def test_one_post_tells_how_it_grew(desk, http):
    async with desk(CHANNELS) as standing:
        now = await filled(standing)
        store = standing.live.app.store
        later = Reactions(at=now + 90 * MINUTE, replies=3, reposts=2, likes=19)
        await store.put_reactions([Asked(delivery="m0", part=1, reactions=later, again=None)])
        async with http.get(f"{standing.address}/results/m0") as answer:
            said = words(text := await answer.text())
        async with http.get(f"{standing.address}/results/t0") as answer:
            silent = words(await answer.text())
        async with http.get(f"{standing.address}/results/nobody") as answer:
            assert answer.status == 404
    assert text.count('<svg class="chart"') == 3, "Mastodon counts no views"
    assert "Likes 19" in said
    assert re.search(r"1 hour 0 2 5 .* (?:1 hour|2 hours) 3 2 19", said)
    assert "Nothing is reported of it yet" in silent


async def test_the_table_is_whole_and_no_spreadsheet_takes_it_for_formulas(desk, http):
    async with desk(CHANNELS) as standing:
        now = await filled(standing)
        store = standing.live.app.store
        for number, begin in enumerate(("=HYPERLINK(1)", "+1", "-1", "@SUM", "\tx", 'fine, "really"\n=2')):
            odd: Excerpt = replace(excerpt(), text=f"{begin} {number}")
            await posted(store, f"f{number}", at=now - MINUTE * (number + 1), on="mastodon", excerpt=odd)
        async with http.get(f"{standing.address}/results.csv?by=likes") as answer:
            assert answer.content_type == "text/csv"
            assert re.fullmatch(
                r'attachment; filename="results-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
            )
            body = (await answer.read()).decode()
        assert body.startswith("\ufeff"), "or Excel reads it in another encoding"
        rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 12
    assert [row["delivery"] for row in rows[:2]] == ["m1", "m2"]
    assert (rows[0]["likes"], rows[0]["views"], rows[0]["retracted"]) == ("40", "", "no")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    texts = {row["delivery"]: row["text"] for row in rows}
    assert texts["f0"] == "'=HYPERLINK(1) 0"
    assert texts["f5"] == 'fine, "really"\n=2 5'


async def test_an_empty_page_teaches_and_offers_no_empty_table(desk, http):
    async with desk(CHANNELS) as standing:
        text = await page(http, standing)
    assert "Nothing was posted in this time" in text
    assert "results.csv" not in text


async def test_where_asking_costs_money_an_allowed_plan_ends_the_hint(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        await standing.live.app.store.put_plan("x", Plan(paid_results=True))
        assert "--paid-results" not in await page(http, standing)


async def test_whoever_may_see_may_see_it_and_nobody_else(desk, http):
    async with desk(CHANNELS, role=Role.VIEWER) as standing:
        await filled(standing)
        for path in ("/results", "/results.csv", "/results/m0"):
            async with http.get(standing.address + path) as answer:
                assert answer.status == 200
        http.cookie_jar.clear()
        for path in ("/results", "/results.csv", "/results/m0"):
            async with http.get(standing.address + path, allow_redirects=False) as answer:
                assert answer.status != 200


async def test_the_page_asks_the_store_as_often_for_many_posts_as_for_few(desk, http):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        store = standing.live.app.store
        asked = []
        read = store._read

        def counted(query, *more):
            asked.append(query)
            return read(query, *more)

        store._read = counted
        await page(http, standing)
        few, now = len(asked), standing.live.app.clock.now()
        asked.clear()
        for number in range(60):
            await posted(store, f"n{number}", at=now - HOUR - number * MINUTE, on="bluesky")
        asked.clear()
        await page(http, standing)
    assert 0 < len(asked) <= few < 25


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
async def test_in_a_browser_it_fits_and_nothing_complains(desk, chromium, tmp_path, width, dark):
    async with desk(CHANNELS) as standing:
        await filled(standing)
        for path in ("/results", "/results?by=views&days=365", "/results/m1"):
            shown = await chromium.open(standing.address + path, width=width, dark=dark)
            assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await shown.locator("h1").count() == 1
            assert await shown.locator("svg.chart rect").first.is_visible()
            await shown.screenshot(path=tmp_path / "results.png", full_page=True)
        assert chromium.complaints == []
