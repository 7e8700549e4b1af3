"""What became of the addresses that a post leads to: there, moved, gone, or nobody answers.

Advice for the manager, on request before a post is queued (LinkCheck) and by itself while it waits (LinkWatch). It never
decides whether a post goes out.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from bot.domain.delivery import UNSENT, Delivery
from bot.domain.post import Post, addresses
from bot.flow.checkup import Finding
from bot.ports import Clock, Links, Look, Problem, Store

BUDGET = timedelta(seconds=7)
FRESH = timedelta(hours=1)
AT_ONCE = 4

#: How long an answer counts for a waiting post; one that found nobody counts less, since the network itself may be down.
A_DAY, A_WHILE = timedelta(days=1), timedelta(minutes=30)
#: How many addresses one round looks at, and how long it may take.
MOST, ROUND = 40, timedelta(seconds=30)
#: Names that belong to nobody (RFC 2606, RFC 6761): whoever writes them means no page.
NOBODYS = (".example", ".test", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org")

#: status -> (level, what it means for a reader, what to do); others by their hundred.
MEANING: Mapping[int, tuple[str, str, str]] = {
    401: ("warning", "asks readers to log in", "link a page that everyone can read"),
    402: ("warning", "asks readers to pay", "link a page that everyone can read"),
    403: ("warning", "does not let us look", "open it in a browser"),
    404: ("error", "not found", "mend the link"),
    410: ("error", "gone for good", "mend the link"),
    429: ("warning", "does not let us look so often", "open it in a browser"),
    451: ("warning", "withheld for legal reasons", "open it in a browser"),
    4: ("error", "refuses the request", "open it in a browser"),
    5: ("error", "its server is in trouble", "try again later"),
}


class LinkCheck:
    """Looks at links, a few at once and for a few seconds; a good answer is believed for an hour."""

    def __init__(self, links: Links, clock: Clock, budget: timedelta = BUDGET) -> None:
        """Take the port; `budget` is how long one check may take, however many links there are."""
        self._links, self._clock, self._budget = links, clock, budget
        self._seats = asyncio.Semaphore(AT_ONCE)
        self._good: dict[str, tuple[float, Look]] = {}

    async def check(self, posts: Iterable[Post]) -> Mapping[str, tuple[Finding, ...]]:
        """Return by channel what is to be said of each address its post leads to; the `subject` is the address."""
        links = {post.channel: addresses(post) for post in posts}
        found = await self.findings(url for each in links.values() for url in each)
        return {channel: tuple(found[url] for url in each) for channel, each in links.items()}

    async def findings(self, urls: Iterable[str]) -> Mapping[str, Finding]:
        """Return what is to be said of each address; those not looked at within the budget say so."""
        return {url: finding(url, look) for url, look in (await self.looks(urls)).items()}

    async def looks(self, urls: Iterable[str]) -> Mapping[str, Look | None]:
        """Return what is at each address, None for those not looked at within the budget."""
        looks = {url: asyncio.create_task(self._look(url)) for url in dict.fromkeys(urls)}
        try:
            if looks:
                await asyncio.wait(looks.values(), timeout=self._budget.total_seconds())
        finally:
            for task in looks.values():
                task.cancel()
            await asyncio.gather(*looks.values(), return_exceptions=True)
        return {url: None if task.cancelled() else task.result() for url, task in looks.items()}

    async def _look(self, url: str) -> Look:
        now = self._clock.monotonic()
        self._good = {known: seen for known, seen in self._good.items() if now - seen[0] < FRESH.total_seconds()}
        if url in self._good:
            return self._good[url][1]
        async with self._seats:
            look = await self._links.look(url)
        if 0 < look.status < 400:
            self._good[url] = (now, look)
        return look


def finding(url: str, look: Look | None) -> Finding:
    """Return what is to be said of an address after a look at it, None = there was no time for one."""
    if look is None:
        level, what, hint = "warning", "could not be looked at in time", "open it in a browser"
    elif look.status == 0:
        level, what, hint = "error", f"unreachable: {look.why}", "mend the link, or try again later"
    elif look.status < 400:
        level, what, hint = "ok", f"there ({look.status})", ""
    else:
        level, words, hint = MEANING.get(look.status) or MEANING[4 if look.status < 500 else 5]
        what = f"{words} ({look.status})"
    if look is None or look.final == url:
        return Finding(subject=url, level=level, what=what, hint=hint)
    if level == "ok":
        level, hint = "warning", "link there directly, if that is the page you mean"
    return Finding(subject=url, level=level, what=f"redirects to {look.final}: {what}", hint=hint)


class LinkWatch:
    """Looks at the links of what waits, a few at a time and each about once a day, and tells of those that lead nowhere."""

    def __init__(self, store: Store, clock: Clock, links: Links) -> None:
        self._store, self._clock = store, clock
        self._check = LinkCheck(links, clock, ROUND)
        self._told: tuple[Problem, ...] | None = None

    async def look(self) -> None:
        """Look at addresses that nobody looked at lately, and keep what was found; their posts keep waiting as they are."""
        waiting = await self._store.deliveries(states=tuple(UNSENT))
        used: dict[str, set[str]] = {}
        for delivery in waiting:
            for url in addresses(delivery.post):
                used.setdefault(url, set()).add(f"{delivery.campaign}/{delivery.article}")
        now = self._clock.now()
        known = await self._store.looks(now - A_DAY)
        fresh = {url for url, (at, look) in known.items() if look.status or now - at < A_WHILE}
        wanted = [url for url in used if url not in fresh and not nobodys(url)][:MOST]
        found = {url: look for url, look in (await self._check.looks(wanted)).items() if look}
        if found:
            await self._store.put_looks(found, now, now - A_DAY)
        seen = {url: look for url, (_, look) in known.items()} | found
        await self._tell(
            tuple(_problem(url, where, seen[url]) for url in used if url in seen for where in sorted(used[url]))
        )

    async def _tell(self, said: tuple[Problem | None, ...]) -> None:
        problems = tuple(problem for problem in said if problem)
        if problems != self._told:
            await self._store.put_problems("links", problems)
            self._told = problems


def _problem(url: str, where: str, look: Look) -> Problem | None:
    """Return what a manager should read of a link, always a warning: the network may be at fault, and time mends much."""
    said = finding(url, look)
    return (
        None if said.level == "ok" else Problem(where=where, what=f"{url} {said.what}", hint=said.hint, level="warning")
    )


async def faulty(store: Store, clock: Clock) -> Mapping[str, tuple[str, str]]:
    """Return the addresses at which something was found to be wrong within a day: what, and what to do."""
    known = await store.looks(clock.now() - A_DAY)
    found = ((url, finding(url, look)) for url, (_, look) in known.items())
    return {url: (said.what, said.hint) for url, said in found if said.level != "ok"}


async def warnings_of(store: Store, clock: Clock, deliveries: Sequence[Delivery]) -> Mapping[str, list[str]]:
    """Return by delivery what is wrong with the links of what waits, as far as the bot looked at them."""
    found = await faulty(store, clock)
    waiting = (each for each in deliveries if found and each.state in UNSENT)
    return {
        each.id: [f"{url} {found[url][0]} ({found[url][1]})" for url in addresses(each.post) if url in found]
        for each in waiting
    }


def nobodys(url: str) -> bool:
    """Tell whether an address is an example, so that nothing can be there."""
    try:
        host = f".{urlsplit(url).hostname or ''}".rstrip(".").lower()
    except ValueError:
        return False
    return host.endswith(NOBODYS)
