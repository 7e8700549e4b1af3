"""What the platforms report of what was posted.

/results       by channel and by post         ?days=30&channel=x&by=likes&rising=1&page=2
/results.csv   the same posts, all of them, for a spreadsheet
/results/ID    how one post's counts grew
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_skeleton, format_timedelta
from fastapi.responses import Response, StreamingResponse

from bot.domain.people import Right
from bot.domain.reactions import Count, Reactions, Result, Sought, Sum, added
from bot.errors import NotFound
from bot.flow.results import Standing, csv_lines, growth, span_of, standings
from bot.web.charts import Chart, chart
from bot.web.routes import Asked, Route
from bot.web.words import N_

#: How many days may be looked back, how many by default, and from how many on a bar stands for a week.
PERIODS, DEFAULT, WEEKLY = (7, 30, 90, 365), 30, 90
#: Posts on a page; pages further on than the last are of no use to anybody.
EACH, LAST = 50, 100_000

NAMES: Mapping[Count, str] = {
    Count.REPLIES: N_("Replies"),
    Count.REPOSTS: N_("Reposts"),
    Count.LIKES: N_("Likes"),
    Count.VIEWS: N_("Views"),
}
ICONS: Mapping[Count, str] = {
    Count.REPLIES: "message-square",
    Count.REPOSTS: "repeat-2",
    Count.LIKES: "heart",
    Count.VIEWS: "eye",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of the results is looked at; `query` is what an address says of it."""

    days: int = DEFAULT
    channel: str = ""
    by: Count | None = None
    rising: bool = False
    page: int = 1

    def query(self, **changes: object) -> str:
        """Return what comes behind the path, with these changes; another order or time begins at its first page."""
        other = replace(self, **({"page": 1} | changes))  # type: ignore[arg-type]
        told = {"days": other.days, "channel": other.channel, "by": other.by or "", "rising": int(other.rising)}
        plain = Choice()
        shown = {name: value for name, value in told.items() if value and value != getattr(plain, name)}
        return f"?{urlencode(shown | ({'page': other.page} if other.page > 1 else {}))}".rstrip("?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A channel's part of the page: how it stands, and its reactions by day or week. `days` are those on which it posted."""

    standing: Standing
    chart: Chart
    starts: Sequence[date]
    days: Sequence[tuple[date, Sum]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The page. `channels` are the names of all that may be chosen, `count` how many posts there are on all pages."""

    choice: Choice
    first: date
    last: date
    sections: Sequence[Section]
    posts: Sequence[Result]
    count: int
    channels: Sequence[str]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.count // EACH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """One post's page: what was told when, and for each count that anything was told of a chart of it."""

    result: Result
    told: Sequence[Reactions]
    ages: Sequence[str]
    charts: Sequence[tuple[Count, Chart]]


def reactions_of(each: Sum | Result | Reactions) -> int | None:
    """Return replies, reposts and likes together: what people did, views left aside."""
    return added([each.replies, each.reposts, each.likes])


def _choice(asked: Asked) -> Choice:
    """Return what the address says; what it says wrong is passed over."""
    given = asked.request.query_params
    days, page = given.get("days", ""), given.get("page", "")
    return Choice(
        days=int(days) if days in map(str, PERIODS) else DEFAULT,
        channel=given.get("channel", ""),
        by=next((count for count in Count if count == given.get("by")), None),
        rising=given.get("rising") == "1",
        page=min(int(page), LAST) if page.isascii() and page.isdecimal() and page.strip("0") else 1,
    )


def _sought(asked: Asked, choice: Choice) -> Sought:
    since, until = span_of(asked.live.app.clock.now(), choice.days, asked.words.zone)
    return Sought(since=since, until=until, channel=choice.channel, by=choice.by, rising=choice.rising)


async def _overview(asked: Asked) -> Overview:
    choice, app, zone = _choice(asked), asked.live.app, asked.words.zone
    sought = _sought(asked, choice)
    everywhere = await standings(app.store, app.results, replace(sought, channel=""), zone, app.default_plan)
    shown = [each for each in everywhere if choice.channel in ("", each.name)]
    page = replace(sought, limit=EACH, skip=EACH * (choice.page - 1))
    first, last = (each.astimezone(zone).date() for each in (sought.since, sought.until - timedelta(seconds=1)))
    return Overview(
        choice=choice,
        first=first,
        last=last,
        sections=[_section(asked, each, first, last) for each in shown],
        posts=await app.results.results(page),
        count=sum(each.total.posts for each in shown),
        channels=[each.name for each in everywhere],
    )


def _section(asked: Asked, standing: Standing, first: date, last: date) -> Section:
    span = (last - first).days + 1
    step = 7 if span > WEEKLY else 1
    starts = [first + timedelta(days=n) for n in range(0, span, step)]
    numbers: list[int | None] = [None] * len(starts)
    for day, each in standing.days.items():
        place = max(0, min((day - first).days // step, len(starts) - 1))
        numbers[place] = added([numbers[place], reactions_of(each)])
    turned = asked.words.direction == "rtl"
    return Section(
        standing=standing,
        chart=chart(numbers, turned=turned),
        starts=starts,
        days=list(reversed(list(standing.days.items()))),
    )


async def front(asked: Asked) -> Response:
    """Tell what became of what was posted."""
    view = await _overview(asked)
    titles = await asked.store.titles(list({(each.campaign, each.article) for each in view.posts}))
    return await asked.page("results.html", view=view, titles=titles, **_shown(asked))


async def table(asked: Asked) -> Response:
    """Answer with all the posts of the page, for a spreadsheet."""
    sought = _sought(asked, _choice(asked))
    today = asked.live.app.clock.now().astimezone(asked.words.zone).date()

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff"  # without it Excel takes UTF-8 for something else
        async for line in csv_lines(asked.live.app.results, sought):
            yield line

    headers = {"content-disposition": f'attachment; filename="results-{today}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def post(asked: Asked) -> Response:
    """Tell how one post's counts grew."""
    delivery = await asked.store.delivery(asked.named("id"))
    if not delivery.receipts:
        raise NotFound("nothing of this delivery is published", hint="what is published shows here 15 minutes later")
    app, turned = asked.live.app, asked.words.direction == "rtl"
    told = growth(await app.results.reactions(delivery.id))
    published = min(receipt.at for _, receipt in delivery.receipts)
    last = told[-1] if told else None
    result = Result(
        delivery=delivery.id,
        campaign=delivery.campaign,
        article=delivery.article,
        channel=delivery.channel,
        published=published,
        text=delivery.excerpt.text,
        url=delivery.receipts[0][1].url,
        parts=len(delivery.receipts),
        at=last.at if last else None,
    )
    found = [(count, [getattr(each, count) for each in told]) for count in Count]
    charts = [(count, chart(many, turned=turned, width=300)) for count, many in found if set(many) != {None} and many]
    ages = [format_timedelta(each.at - published, threshold=1, locale=asked.words.locale) for each in told]
    view = Growth(result=result, told=told, ages=ages, charts=charts)
    about = (delivery.campaign, delivery.article)
    title = (await asked.store.titles([about])).get(about) or "/".join(about)
    return await asked.page("result.html", view=view, title=title, **_shown(asked))


def _shown(asked: Asked) -> dict[str, Any]:
    """Return what both pages use in their templates."""

    def day(each: date) -> str:
        now = asked.live.app.clock.now().astimezone(asked.words.zone)
        noon = datetime(each.year, each.month, each.day, 12, tzinfo=asked.words.zone)
        return format_skeleton("MMMd" if each.year == now.year else "yMMMd", noon, locale=asked.words.locale)

    return {
        "names": NAMES,
        "icons": ICONS,
        "counts": tuple(Count),
        "together": reactions_of,
        "day_of": day,
        "periods": PERIODS,
    }


ROUTES = (
    Route("/results", front, Right.SEE),
    Route("/results.csv", table, Right.SEE),
    Route("/results/{id}", post, Right.SEE),
)
