"""Calls to a server that speaks Mastodon's API, as one account, through Mastodon.py.

Mastodon.py is synchronous and speaks `requests`. Each call runs in a small thread pool, and its requests travel over the
shared aiohttp session (`Wire`): so a deadline closes the connection itself and no thread outlives it. What goes wrong is
a `Failed` that says what it means for a post; no error text holds a secret.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from bot import __version__
from bot.domain.outcome import Outcome, Refused, Retry, Unauthorised, Unknown
from bot.domain.pacing import Quota
from bot.errors import BadSetting, HandbillError, Unreachable
from bot.exchange import quota, wait
from bot.ports import Means
from bot.wire import Wire

if TYPE_CHECKING:
    import aiohttp
    import mastodon

T = TypeVar("T")

#: What we claim to talk to. Without it Mastodon.py asks the server, and recurses into about a thousand requests when that
#: fails (github.com/halcy/Mastodon.py/issues/450); below 3.1.4 it would upload by the old, blocking media call.
SPOKEN = "4.0.0"
THREADS = 4
LONGEST_WAIT = timedelta(hours=3)
BUDGETS = ("X-RateLimit",)
#: What to do about a token that is not accepted, and about an account that is stopped by the server's words.
RENEW = "make a new access token with the scopes that docs/platforms/mastodon.md names, and put it into {}"
STOPPED = re.compile(r"disabled|suspended|frozen|moderat|pending|confirm", re.IGNORECASE)
LOG_IN = "log in on the server as the account and see what it asks for"

#: All that the adapter reads of a status, a picture, an account and an instance.
READ = (
    *("id", "url", "uri", "created_at", "spoiler_text", "content", "media_attachments"),
    *("username", "bot", "domain", "version", "configuration", "replies_count", "reblogs_count", "favourites_count"),
)


class Failed(Exception):
    """An SDK call that did not come to a good end; `outcome` is what it would mean for a publishing call."""

    def __init__(self, outcome: Outcome, status: int) -> None:
        super().__init__(getattr(outcome, "why", ""))
        self.outcome, self.status = outcome, status


def classify(error: Exception, wire: Wire, now: datetime, peer: str, setting: str) -> Outcome:
    """Say what a failed call means, from what went over the wire; error classes of the SDK alone cannot tell.

    Only what was surely not taken may be tried again or refused. `peer` is the server, `setting` the token's name.
    """
    if not wire.began:
        waited = isinstance(error, TimeoutError)
        return Retry(why="all threads were busy") if waited else Refused(why=f"the SDK refused it: {error}")
    told = f"{wire.status}: {wire.words or 'an answer that cannot be read'}"
    match wire.status:
        case 0 if wire.unreached:
            return Retry(why=f"{peer} {wire.unreached}", unreached=True)
        case 0:
            return Unknown(why=f"{peer} {wire.lost}")
        case 429:
            after, left = wait(wire.headers, now, BUDGETS, LONGEST_WAIT), quota(wire.headers, now, BUDGETS)
            return Retry(why=f"{peer}'s rate limit", after=after, channel_wide=True, quota=left)
        case 401 | 403 | 410:
            mending = LOG_IN if STOPPED.search(wire.words) else RENEW.format(setting)
            return Unauthorised(why=f"{peer} answered {told}", mend=mending)
        case 413:
            return Refused(why="413: too large for the server")
        case 400 | 404 | 422 if wire.words:
            return Refused(why=told)
    return Unknown(why=f"{peer} answered {told}")


class Instance:
    """One account's server. `told` are the headers of the last answer that was good."""

    def __init__(self, means: Means, base_url: str) -> None:
        self._means, self._base_url = means, base_url
        self._peer = urlsplit(base_url).netloc
        self._told: Mapping[str, str] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=means.channel)

    def quota(self) -> Quota | None:
        """Return what the last good answer told of it."""
        return quota(self._told, self._means.clock.now(), BUDGETS)

    def close(self) -> None:
        """Take no more calls; those under way end by their deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def ask(self, call: Callable[[Any], T], spoken: str = SPOKEN) -> T:
        """Run a call and the reading of its answer in the pool under the deadline, keep its headers; raises Failed.

        `spoken` is the version that the SDK shall take the server for.
        """
        from mastodon import MastodonError

        timeout = self._means.timeout
        wire = Wire(cast("aiohttp.ClientSession", self._means.session), timeout / 2, READ)
        sdk = self._sdk(wire, spoken)
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.wrap_future(self._pool.submit(call, sdk))
        except (MastodonError, TimeoutError, LookupError, TypeError, ValueError, AttributeError) as error:
            outcome = classify(error, wire, self._means.clock.now(), self._peer, self._means.setting("TOKEN"))
        else:
            self._told = wire.headers
            return found
        finally:
            wire.close()
        raise Failed(outcome, wire.status)

    def _sdk(self, wire: Wire, spoken: str) -> "mastodon.Mastodon":
        """Return a client for one call: neither it nor `requests` promise that threads may share one."""
        import mastodon

        return mastodon.Mastodon(
            access_token=self._means.credentials["TOKEN"],
            api_base_url=self._base_url,
            session=cast(Any, wire),
            ratelimit_method="throw",
            mastodon_version=spoken,
            version_check_mode="created",
            user_agent=f"handbill/{__version__}",
        )

    def trouble(self, failed: Failed) -> HandbillError:
        """Return the error for an operator when we only wanted to read."""
        if isinstance(failed.outcome, Unauthorised):
            return BadSetting(f"{self._means.setting('TOKEN')} is not accepted ({failed})", hint=failed.outcome.mend)
        hint = f"is {self._means.setting('BASE_URL')} right, and the server up?"
        return Unreachable(str(failed), where=self._means.channel, hint=hint)
