"""The requests of a synchronous SDK that speaks `requests`, carried by the one shared aiohttp session.

So the SDK's thread waits for the event loop and nothing else: a deadline closes the connection itself, no thread outlives
it, connections are shared with all adapters, and nothing follows redirects, reads .netrc or tries again by itself.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from bot.exchange import lost, unreached, whole

if TYPE_CHECKING:
    import aiohttp
    import requests

#: Left to aiohttp, which knows what it can unpack and how long the body is.
OURS = frozenset({"accept-encoding", "content-length"})
#: Followed, a POST would become a GET, and the answer to that pass for the POST's.
REDIRECTS = range(300, 400)
#: Where an answer says what went wrong.
ERROR = frozenset({"error", "error_description"})


class Wire:
    """What one call of an SDK sends and gets; to the SDK it is a session of `requests`.

    `began` tells afterwards whether anything was tried at all; `status`, `headers` and `words` (the error it told in JSON)
    are those of the last answer, status 0 when there was none: then `unreached` says why nothing was sent, "" when
    something may have been, and `lost` how the exchange ended. Made in the event loop.
    """

    def __init__(self, session: "aiohttp.ClientSession", connect: float, fields: Collection[str]) -> None:
        """Take the shared session; `connect` bounds in seconds the wait for a connection.

        The SDK gets no more of an answer's objects than these `fields`, and what an error says: some make a class of
        each field, which costs more than all the rest of a call.
        """
        self.began = False
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.words = ""
        self.unreached, self.lost = "", "did not answer in time"
        self._session, self._connect = session, connect
        self._fields = frozenset(fields) | ERROR
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[Any]] = []
        self._over = False

    def request(self, method: str, url: str, *, timeout: object = None, **more: Any) -> "requests.Response":  # noqa: ANN401, ARG002
        """Do one request, following no redirect; called by the SDK in a thread.

        A session of `requests` would look for cookies, proxies, hooks and adapters each time.
        """
        import requests

        request = requests.Request(method, url, **more).prepare()
        body = asyncio.run_coroutine_threadsafe(self._exchange(request), self._loop).result()
        response = requests.Response()
        response.status_code, response.url, response.request = self.status, request.url or "", request
        if self.status in REDIRECTS:
            raise requests.TooManyRedirects(f"it answered {self.status}")
        # No other: Mastodon.py raises over a rate-limit header it cannot read, and warns over a deprecation, after a post
        # that was taken.
        if "Content-Type" in self.headers:
            response.headers["Content-Type"] = self.headers["Content-Type"]
        response.raw = BytesIO(body)
        return response

    def close(self) -> None:
        """Let nothing more be sent and break off what is under way; called in the loop, any number of times."""
        self._over = True
        for task in self._tasks:
            task.cancel()

    async def _exchange(self, request: "requests.PreparedRequest") -> bytes:
        import aiohttp

        if self._over:
            raise TimeoutError("the deadline has passed")
        self._tasks.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        self.began, self.status, self.unreached = True, 0, ""
        try:
            async with self._session.request(
                request.method or "GET",
                request.url or "",
                data=request.body or None,
                headers={name: str(value) for name, value in request.headers.items() if name.lower() not in OURS},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect),
            ) as response:
                body = await whole(response)
        except Exception as error:
            self.unreached, self.lost = unreached(error), lost(error)
            raise
        self.words, kept = self._read(body)
        self.headers, self.status = response.headers, response.status
        return kept

    def _read(self, body: bytes) -> tuple[str, bytes]:
        """Return the error an answer tells in JSON, else "", and the answer without what nobody reads of it."""
        try:
            answer = json.loads(body)
        except ValueError:
            return "", body
        words = " ".join(str(answer.get("error") or "").split())[:300] if isinstance(answer, dict) else ""
        kept = [self._kept(each) for each in answer] if isinstance(answer, list) else self._kept(answer)
        return words, json.dumps(kept).encode()

    def _kept(self, answer: object) -> object:
        if not isinstance(answer, dict):
            return answer
        return {name: value for name, value in answer.items() if name in self._fields}
