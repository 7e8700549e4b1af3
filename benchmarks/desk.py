"""Server time of each page of the desk over a queue of 100,000 deliveries: python3 run.py bench desk [--count N].

Each article goes to ten channels, which have fifteen slots a day: a third of the deliveries is sent, the rest scheduled, some
are held. Every page is asked for through its whole ASGI application in this process, signed in by a program's token. Printed
are p50 and p95 of the time from the request to the last byte and the median of the CPU time (all threads), in milliseconds, for
this queue and for one of a thousand, and how often the CPU time of the second goes into that of the first.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from bot import app
from bot.app import App
from bot.domain.article import Article, Block, BlockKind
from bot.domain.delivery import Delivery, State
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.people import Right
from bot.domain.plan import Plan
from bot.domain.post import Part, Post
from bot.platforms import fields
from bot.sandbox.demo import environment
from bot.settings import load
from bot.sources import article as reading
from bot.web.desk import application

COUNT, SMALL, ROUNDS, CHANNELS = 100_000, 1_000, 40, 10
#: Rows that are written together.
AT_ONCE = 2_000
WORDS = "The town library opens its new reading room on Saturday, and the cycling club lends its trailers for the job."
NOWHERE = "http://127.0.0.1:9"
ARTICLE = "/inbox/library/night.md"
#: Where a person types at length: what stands in the form, another word each time.
TYPED = "choice=own&own={}+people+came+to+the+reading+room+at+night"


def days_ahead(days: int) -> str:
    """Return a day from today, UTC."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def pages(routes: Sequence[str], delivery: str) -> Mapping[str, str]:
    """Return what is asked for: every page whose address needs no name, and the calendar's views."""
    known = [
        each
        for each in routes
        if "{" not in each and each not in ("/events", "/calendar/move", "/signin", "/account", "/docs", "/redoc")
    ]
    week = f"day={days_ahead(0)}&until={days_ahead(7)}"
    more = {
        "/calendar, week": f"/calendar?view=week&day={days_ahead(1)}",
        "/calendar, month": f"/calendar?view=month&day={days_ahead(1)}",
        "/calendar, one channel": f"/calendar?channel=mastodon__c1&day={days_ahead(1)}",
        "/calendar/sheet, week": f"/calendar/sheet?view=week&{week}",
        "/calendar/sheet, month": f"/calendar/sheet?view=month&day={days_ahead(0)}&until={days_ahead(42)}",
        "/calendar/move": f"/calendar/move?what={delivery}",
        "/delivery/ID": f"/delivery/{delivery}",
        "/plan/NAME": "/plan/mastodon__c1",
        "/inbox, waiting": "/inbox?pile=waiting",
        "/inbox, posted": "/inbox?pile=posted",
        "/inbox, a search": "/inbox?words=reading+room",
        "/inbox/an article": ARTICLE,
        "... its preview": f"{ARTICLE}/preview",
    }
    return {each: each for each in known if each != "/calendar/sheet"} | more


def article(number: int) -> Article:
    """Return an article of our own."""
    block = Block(kind=BlockKind.PROSE, start=0, end=len(WORDS))
    return Article(
        campaign="library",
        name=f"room-{number}",
        digest="d",
        title=f"A new reading room {number}",
        text=WORDS,
        blocks=(block,),
    )


async def usual(opened: App) -> None:
    """Put an article of usual length into the archive, with a post for each channel."""
    told = "\n\n".join(
        f"{WORDS} On evening {n} there were {n * 17} guests. “Come in,” said Ada Brand." for n in range(18)
    )
    raw = f"---\ntitle: The library at night\nlanguage: en\n---\n\n{told}\n".encode()
    found = reading.read(raw, "library", "night.md", "night.md", "UTC").article
    await opened.planner.add(found, await opened.planner.compose(found))
    await opened.store.put_article(found, opened.clock.now())


def delivery(number: int, place: int, channel: str, slot: datetime, now: datetime) -> Delivery:
    """Return an article's delivery on a channel at a slot, sent when that is past."""
    words = f"{WORDS} ({number})"
    part = Part(number=1, text=words, length=len(words), limit=500)
    return Delivery(
        id=f"{place:04x}{number:012x}",
        campaign="library",
        article=f"room-{number}",
        digest="d",
        channel=channel,
        excerpt=Excerpt(text=words, start=0, end=len(words), reason=Reason.LEAD, sentences=(len(words),)),
        post=Post(channel=channel, parts=(part,)),
        state=State.SENT if slot <= now else State.SCHEDULED,
        slot=slot,
        due=slot,
    )


async def fill(opened: App, count: int) -> None:
    """Put so many deliveries into the ledger, evenly over the channels; one in a hundred is held."""
    store, now = opened.store, opened.clock.now()
    plan = Plan(
        zone="Europe/Berlin",
        every=timedelta(hours=1),
        times=(datetime.min.time().replace(hour=8), datetime.min.time().replace(hour=22)),
    )
    channels = [each.name for each in await store.channels()]
    each = count // len(channels)
    for begin in range(0, each, AT_ONCE):
        await asyncio.gather(*(store.put_article(article(n), now) for n in range(begin, min(begin + AT_ONCE, each))))
    start = now - timedelta(days=each / 15 / 3)
    for place, channel in enumerate(channels):
        await store.put_plan(channel, plan)
        made = [delivery(n, place, channel, slot, now) for n, slot in enumerate(islice(plan.slots(start), each))]
        made = [held(one) if one.state is State.SCHEDULED and n % 100 == 0 else one for n, one in enumerate(made)]
        for begin in range(0, len(made), AT_ONCE):
            await store.add_deliveries(made[begin : begin + AT_ONCE], now)
    await usual(opened)


def held(one: Delivery) -> Delivery:
    """Return a delivery off the schedule."""
    return replace(one, state=State.HELD, slot=None, due=None, why="this campaign's posts wait for approval")


async def asked(desk: object, path: str, token: str) -> tuple[float, float, int, int]:
    """Ask the application for a page; return milliseconds, those of CPU time, status and bytes."""
    sent: list[Mapping[str, object]] = []
    where, _, query = path.partition("?")
    body = TYPED.format(perf_counter()).encode() if where.endswith("/preview") else b""
    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
    headers += [(b"content-type", b"application/x-www-form-urlencoded")] if body else []
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1", "method": "POST" if body else "GET", "scheme": "http", "path": where,
        "raw_path": where.encode(), "query_string": query.encode(), "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip

    first = iter((True,))

    async def receive() -> Mapping[str, object]:
        if next(first, False):
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()  # it stays connected until it has its answer
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, object]) -> None:
        sent.append(message)

    begun, worked = perf_counter(), process_time()
    await desk(scope, receive, send)  # type: ignore[operator]
    took, work = (perf_counter() - begun) * 1000, (process_time() - worked) * 1000
    size = sum(len(each.get("body", b"")) for each in sent)  # type: ignore[arg-type, misc]
    return took, work, int(sent[0]["status"]), size  # type: ignore[call-overload]


@asynccontextmanager
async def filled(count: int) -> AsyncIterator[tuple[object, str, Sequence[str], str]]:
    """Give a desk over so many deliveries, a token that may see all, its addresses, and a scheduled delivery."""
    with TemporaryDirectory() as folder:
        environ = {"HANDBILL_HOME": folder, "HANDBILL_ZONE": "Europe/Berlin", **environment(NOWHERE)}
        for number in range(CHANNELS - 4):
            environ |= {f"MASTODON_BASE_URL__C{number}": NOWHERE, f"MASTODON_TOKEN__C{number}": "t"}
        async with app.opened(load(Path(folder), fields(), environ)) as opened, app.connected(opened) as live:
            await fill(opened, count)
            token = await opened.enrolling.add_token("bench", list(Right))
            desk = application(live, "", asyncio.Event())
            routes = [each.path for each in desk.router.routes if "GET" in (getattr(each, "methods", None) or ())]  # type: ignore[attr-defined]
            [first] = await opened.store.deliveries(states=(State.SCHEDULED,), limit=1)
            yield desk, token, routes, first.id


@dataclass(frozen=True, slots=True)
class Figures:
    """What a page cost: milliseconds until its last byte, milliseconds of CPU time, bytes."""

    p50: float
    p95: float
    work: float
    size: int


async def measure(count: int) -> Mapping[str, Figures]:
    """Return what each page cost; tell of those that do not answer."""
    found: dict[str, Figures] = {}
    async with filled(count) as (desk, token, routes, first):
        for name, path in pages(routes, first).items():
            status: int | str
            try:
                _, _, status, size = await asked(desk, path, token)
            except Exception as error:  # noqa: BLE001 - a page that fails is told of, and the others are measured
                status, size = type(error).__name__, 0
            if status != 200:
                print(f"{name}: {status}")
                continue
            rounds = [await asked(desk, path, token) for _ in range(ROUNDS)]
            cuts = quantiles([took for took, *_ in rounds], n=20, method="inclusive")
            found[name] = Figures(cuts[9], cuts[18], median(work for _, work, *_ in rounds), size)
    return found


def main(words: Sequence[str]) -> None:
    """Print one row per page."""
    count = int(words[words.index("--count") + 1]) if "--count" in words else COUNT
    few, many = asyncio.run(measure(SMALL)), asyncio.run(measure(count))
    print(f"server time of the desk's pages, ms over {ROUNDS} requests; {CHANNELS} channels")
    heads = (f"{'p50 at ' + format(each, ','):>16}{'p95':>8}{'CPU':>8}" for each in (count, SMALL))
    print(f"{'page':<26}{''.join(heads)}{'×':>6}{'kB':>8}")
    for name, here in many.items():
        if (before := few.get(name)) is None:
            continue
        told = "".join(f"{each.p50:>16.1f}{each.p95:>8.1f}{each.work:>8.1f}" for each in (here, before))
        print(f"{name:<26}{told}{here.work / before.work:>6.1f}{here.size / 1000:>8.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
