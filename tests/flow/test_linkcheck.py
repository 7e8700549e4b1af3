"""What a manager is told about links: by words, by level, in time; and through `preview --check-links`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.delivery import State
from bot.domain.finding import Level
from bot.domain.post import Card, Part, Post, Span, SpanKind, addresses
from bot.flow import linkcheck
from bot.flow.linkcheck import AT_ONCE, FRESH, LinkCheck, LinkWatch, finding, nobodys
from bot.ports import Look
from tests.flow.conftest import House
from tests.flow.test_intake import take
from tests.leaping import LoopClock, leaping
from tests.processes import handbill, told
from tests.store_samples import HandClock, article
from tests.unit.town import MISSING, OK, redirect, town

NIGHT = "https://library.example/night"


@dataclass(slots=True)
class Map:
    """Links in memory: 200 at each address unless `places` says otherwise; `way` is gone before an answer."""

    places: dict[str, Look] = field(default_factory=dict)
    way: Callable[[str], Awaitable[object]] | None = None
    asked: list[str] = field(default_factory=list)
    now: int = 0
    most: int = 0

    async def look(self, url: str) -> Look:
        self.asked.append(url)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await (self.way(url) if self.way else asyncio.sleep(0))
        finally:
            self.now -= 1
        return self.places.get(url, Look(status=200, final=url))


def post(channel: str, *urls: str, card: str = "") -> Post:
    text = " ".join(urls)
    spans = [
        Span(kind=SpanKind.LINK, start=text.index(url), end=text.index(url) + len(url), target=url) for url in urls
    ]
    tag = Span(kind=SpanKind.TAG, start=0, end=1, target="night")
    first = Part(number=1, text=text, spans=(tag, *spans))
    last = Part(number=2, text="", card=Card(url=card, title="The library at night") if card else None)
    return Post(channel=channel, parts=(first, last))


@pytest.mark.parametrize(
    ("look", "level", "what"),
    [
        (Look(status=200, final=NIGHT), "ok", "there (200)"),
        (Look(status=204, final=NIGHT), "ok", "there (204)"),
        (Look(status=200, final=f"{NIGHT}/"), "warning", f"redirects to {NIGHT}/: there (200)"),
        (Look(status=404, final=NIGHT), "error", "not found (404)"),
        (Look(status=410, final=NIGHT), "error", "gone for good (410)"),
        (Look(status=404, final=f"{NIGHT}/"), "error", f"redirects to {NIGHT}/: not found (404)"),
        (Look(status=401, final=NIGHT), "warning", "asks readers to log in (401)"),
        (Look(status=403, final=NIGHT), "warning", "does not let us look (403)"),
        (Look(status=429, final=NIGHT), "warning", "does not let us look so often (429)"),
        (Look(status=418, final=NIGHT), "error", "refuses the request (418)"),
        (Look(status=500, final=NIGHT), "error", "its server is in trouble (500)"),
        (Look(status=999, final=NIGHT), "error", "its server is in trouble (999)"),
        (Look(status=0, final=NIGHT, why="it has no address"), "error", "unreachable: it has no address"),
        (None, "warning", "could not be looked at in time"),
    ],
)
def test_what_is_said_of_a_link(look: Look | None, level: str, what: str):
    said = finding(NIGHT, look)
    assert (said.subject, said.level, said.what) == (NIGHT, level, what)
    assert bool(said.hint) == (level != "ok"), "trouble comes with what to do"


def test_a_post_leads_to_its_links_and_cards_each_once():
    both = post("board", NIGHT, "https://tea.example", card=NIGHT)
    assert addresses(both) == (NIGHT, "https://tea.example")
    assert addresses(post("board", card=NIGHT)) == (NIGHT,)
    assert addresses(replace(both, parts=())) == ()


async def test_each_channel_hears_of_its_own_links_and_each_is_looked_at_once():
    streets = Map({"https://tea.example": Look(status=404, final="https://tea.example")})
    check = LinkCheck(streets, HandClock())
    said = await check.check([post("board", NIGHT, "https://tea.example"), post("wall", card=NIGHT), post("door")])
    assert {channel: [(each.subject, each.level) for each in found] for channel, found in said.items()} == {
        "board": [(NIGHT, "ok"), ("https://tea.example", "error")],
        "wall": [(NIGHT, "ok")],
        "door": [],
    }
    assert streets.asked == [NIGHT, "https://tea.example"]


async def test_a_good_answer_is_believed_for_an_hour_and_trouble_is_looked_at_again():
    clock, streets = HandClock(), Map({"https://tea.example": Look(status=404, final="https://tea.example")})
    check = LinkCheck(streets, clock)
    for _ in range(2):
        await check.findings([NIGHT, "https://tea.example"])
        clock.at += FRESH - timedelta(seconds=1)
    assert streets.asked == [NIGHT, "https://tea.example", "https://tea.example"]
    streets.places.clear()
    clock.at += timedelta(seconds=2)
    assert (await check.findings(["https://tea.example"]))["https://tea.example"].level == "ok"
    await check.findings([NIGHT])
    assert streets.asked[-1] == NIGHT


@leaping
async def test_four_are_looked_at_at_once():
    streets = Map(way=lambda _: asyncio.sleep(0.01))
    said = await LinkCheck(streets, HandClock()).findings(f"{NIGHT}/{n}" for n in range(13))
    assert [each.level for each in said.values()] == ["ok"] * 13
    assert streets.most == AT_ONCE


@leaping
async def test_what_takes_too_long_is_left_and_told():
    streets = Map(way=lambda url: asyncio.sleep(30 if "slow" in url else 0))
    check = LinkCheck(streets, HandClock(), timedelta(seconds=0.1))
    urls = [NIGHT, *(f"https://slow.example/{n}" for n in range(6)), "https://tea.example"]
    said = await check.findings(urls)
    assert LoopClock().monotonic() == pytest.approx(0.1)
    assert [said[url].level for url in urls] == ["ok", *["warning"] * 7]
    assert {each.what for each in said.values() if each.level == "warning"} == {"could not be looked at in time"}
    assert streets.now == 0, "nothing goes on in the background"


@leaping
async def test_a_check_that_is_broken_off_leaves_nothing_behind():
    streets = Map(way=lambda _: asyncio.sleep(30))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await LinkCheck(streets, HandClock()).findings([NIGHT])
    assert (streets.asked, streets.now) == ([NIGHT], 0)


async def test_over_the_guarded_fetcher():
    async with town() as (here, links):
        here.answers |= {
            "/there": OK,
            "/old": redirect("/there"),
            "/lost": MISSING,
            "/in": redirect("http://10.0.0.1/"),
        }
        said = await LinkCheck(links, HandClock()).findings(
            here.url(f"/{name}") for name in ("there", "old", "lost", "in")
        )
    assert [f"{each.level} {each.what}" for each in said.values()] == [
        "ok there (200)",
        f"warning redirects to {here.url('/there')}: there (200)",
        "error not found (404)",
        "error unreachable: 10.0.0.1 is not on the public internet",
    ]


ARTICLE = """---
title: The night
link: http://127.0.0.1/night
---
The library opens at night from May, as http://ada:brand@tea.example/hours tells. Readers may stay until eleven.
"""


def test_preview_looks_at_links_only_when_asked(tmp_path: Path):
    (tmp_path / "night.md").write_text(ARTICLE, encoding="utf-8")
    assert "link: " not in handbill(tmp_path, "preview", str(tmp_path / "night.md"), "--channel", "x").stdout
    assert [each["links"] for each in told(tmp_path, "preview", str(tmp_path / "night.md"))["posts"]] == [[]] * 4
    said = handbill(tmp_path, "preview", str(tmp_path / "night.md"), "--channel", "x", "--check-links").stdout
    assert "link: http://127.0.0.1/night – unreachable: 127.0.0.1 is this machine itself (mend the link, or" in said
    posts = told(tmp_path, "preview", str(tmp_path / "night.md"), "--check-links")["posts"]
    assert {link["level"] for each in posts for link in each["links"]} == {"error"}
    assert {"http://127.0.0.1/night"} <= {link["subject"] for link in posts[0]["links"]}


TEA, OLD, GONE = (f"https://tearoom.milltown.org/{name}" for name in ("tea", "old", "gone"))


async def waiting(house: House, **links: str) -> LinkWatch:
    streets = Map({GONE: Look(status=404, final=GONE), OLD: Look(status=200, final=TEA)})
    articles = []
    for name, link in links.items():
        text = f"{name} " + " ".join(f"{name}{n}" for n in range(30))
        articles.append(article(name, digest=name, link=link, text=f"{text}.", excerpt=f"{text}.", images=()))
    await take(house, *articles)
    return LinkWatch(house.store, house.clock, streets)


def asked(watch: LinkWatch) -> list[str]:
    streets = watch._check._links
    assert isinstance(streets, Map)
    return streets.asked


async def test_the_links_of_what_waits_are_looked_at_by_themselves_and_managers_told(house: House):
    watch = await waiting(house, tea=TEA, old=OLD, gone=GONE)
    states = {each.id: (each.state, each.slot, each.why) for each in await house.store.deliveries()}
    assert await house.store.problems() == ()
    await watch.look()
    assert sorted(asked(watch)) == sorted([TEA, OLD, GONE])
    told = {(each.where, each.level, each.what) for each in await house.store.problems()}
    assert told == {
        ("library/gone", "warning", f"{GONE} not found (404)"),
        ("library/old", "warning", f"{OLD} redirects to {TEA}: there (200)"),
    }
    assert {each.id: (each.state, each.slot, each.why) for each in await house.store.deliveries()} == states


async def test_a_faulty_link_is_a_warning_that_holds_nothing(house: House):
    watch = await waiting(house, gone=GONE, tea=TEA)
    await watch.look()
    for delivery in await house.store.deliveries():
        found = await house.planner.lint(delivery, await house.store.article(delivery.campaign, delivery.article))
        faults = [(each.level, each.what, each.fix) for each in found if each.rule == "faulty-link"]
        expected = [(Level.WARNING, f"{GONE} not found (404)", "mend the link")] if delivery.article == "gone" else []
        assert faults == expected
        assert delivery.state is State.SCHEDULED
    await house.steering.hold([each.id for each in await house.store.deliveries()])
    await house.steering.approve([each.id for each in await house.store.deliveries()])
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_an_answer_counts_for_a_day_and_silence_for_half_an_hour(house: House):
    watch = await waiting(house, tea=TEA, gone=GONE)
    streets = watch._check._links
    assert isinstance(streets, Map)
    streets.places[TEA] = Look(status=0, final=TEA, why="it has no address")
    for _ in range(3):
        await watch.look()
    assert sorted(asked(watch)) == sorted([TEA, GONE])
    house.clock.at += timedelta(minutes=31)
    del streets.places[TEA]
    await watch.look()
    assert asked(watch)[2:] == [TEA]
    assert {each.where for each in await house.store.problems()} == {"library/gone"}
    house.clock.at += timedelta(days=1)
    streets.places[GONE] = Look(status=200, final=GONE)
    await watch.look()
    assert await house.store.problems() == ()
    again = LinkWatch(house.store, house.clock, Map())
    await again.look()
    assert asked(again) == [], "the store remembers, whoever asks"


async def test_without_a_network_posts_go_out_as_ever(house: House):
    watch = await waiting(house, tea=TEA)
    streets = watch._check._links
    assert isinstance(streets, Map)
    streets.places[TEA] = Look(status=0, final=TEA, why="tearoom.milltown.org has no address")
    await watch.look()
    [problem] = await house.store.problems()
    assert (problem.level, problem.what) == ("warning", f"{TEA} unreachable: tearoom.milltown.org has no address")
    house.clock.at += timedelta(hours=1)
    await house.settle()
    assert State.SENT in {each.state for each in await house.store.deliveries()}


async def test_one_round_is_bounded_and_the_next_goes_on(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(linkcheck, "MOST", 2)
    watch = await waiting(house, a=f"{TEA}/1", b=f"{TEA}/2", c=f"{TEA}/3")
    await watch.look()
    assert len(asked(watch)) == 2
    await watch.look()
    assert sorted(asked(watch)) == [f"{TEA}/1", f"{TEA}/2", f"{TEA}/3"]


async def test_what_is_sent_and_examples_are_not_looked_at(house: House):
    watch = await waiting(house, night=NIGHT, tea=TEA)
    for _ in range(9):
        house.clock.at += timedelta(hours=1)
        await house.settle()
    assert {each.state for each in await house.store.deliveries(article="tea")} == {State.SENT}
    await watch.look()
    assert asked(watch) == []


@pytest.mark.parametrize(
    ("url", "example"),
    [
        ("https://library.example/night", True),
        ("https://library.example.org:8080/night", True),
        ("https://EXAMPLE.COM./", True),
        ("http://localhost:8000/", True),
        ("https://myexample.org/", False),
        ("https://library.example.milltown.org/", False),
        ("https://[broken", False),
    ],
)
def test_an_example_is_nobodys(url, example):
    assert nobodys(url) is example
