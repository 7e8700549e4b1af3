"""What became of the addresses that a post leads to: there, moved, gone, or nobody answers.

Advice for the manager before a post is queued. It never decides whether a post goes out.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta

from bot.domain.post import Post, SpanKind
from bot.flow.checkup import Finding
from bot.ports import Clock, Links, Look

BUDGET = timedelta(seconds=7)
FRESH = timedelta(hours=1)
AT_ONCE = 4

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
        looks = {url: asyncio.create_task(self._look(url)) for url in dict.fromkeys(urls)}
        try:
            if looks:
                await asyncio.wait(looks.values(), timeout=self._budget.total_seconds())
        finally:
            for task in looks.values():
                task.cancel()
            await asyncio.gather(*looks.values(), return_exceptions=True)
        return {url: finding(url, None if task.cancelled() else task.result()) for url, task in looks.items()}

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


def addresses(post: Post) -> tuple[str, ...]:
    """Return the addresses that a post leads to, in its text and on its cards, each once."""
    found = (
        url
        for part in post.parts
        for url in (
            *(span.target for span in part.spans if span.kind is SpanKind.LINK),
            *([part.card.url] if part.card else []),
        )
    )
    return tuple(dict.fromkeys(found))


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
