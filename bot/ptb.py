"""python-telegram-bot over the one shared aiohttp session, for the Telegram channel and the reader chat alike.

Its own HTTP client (httpx) costs three times the CPU a request and writes the bot's token into its INFO log, since the
token is part of every address (core.telegram.org/bots/api#making-requests). Here no error text and no log record holds an
address. Importing this module imports the SDK: adapters import it inside their functions.
"""

import json
import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any, cast

# Without it every RetryAfter warns that its seconds will become a timedelta; this opts in (PTB 22.2 changelog).
os.environ.setdefault("PTB_TIMEDELTA", "1")

import aiohttp
from telegram import Bot, Chat, MessageEntity
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.exchange import LONGEST_WAIT, lost, unreached, whole
from bot.ports import Means

#: A stretch of a text in code points: the Bot API's name for what it is, start, end, and an address ("" = none).
Mark = tuple[str, int, int, str]

#: A connection that is not made within this many seconds will not be; what is given up then was surely not sent.
CONNECT = 10.0


class NotSent(NetworkError):
    """The request never left: no address, no connection, no TLS, or no free connection in time."""


class SharedSession(BaseRequest):
    """PTB's way to the network, over a session that it neither opens nor closes; `timeout` in seconds bounds one request."""

    def __init__(self, session: aiohttp.ClientSession, timeout: float) -> None:
        self._session, self._timeout = session, timeout

    @property
    def read_timeout(self) -> float:
        """Return the seconds one request may take; PTB adds the length of a long poll to it."""
        return self._timeout

    async def initialize(self) -> None:
        """Do nothing: the session is ready."""

    async def shutdown(self) -> None:
        """Do nothing: others use the session too."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - PTB's signature
        connect_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """Return status and body; NotSent when surely nothing left, TimedOut or NetworkError when something may have."""
        total = read_timeout if isinstance(read_timeout, (int, float)) else self._timeout
        bounds = aiohttp.ClientTimeout(total=total, connect=min(CONNECT, total / 2))
        try:
            async with self._session.request(
                method, url, data=body_of(request_data), timeout=bounds, allow_redirects=False
            ) as response:
                status, body = response.status, await whole(response)
                # What a failing server says of waiting or moving must not pass for a post that was surely not taken.
                words = {"ok": False, "description": f"{response.reason or 'no reason given'} ({status})"}
                return status, body if status < 500 else json.dumps(words).encode()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = failure_of(error)
        # Raised outside the except block, so that the transport's error, which may quote the address, is not its context.
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the answer as PTB wants it; TelegramError when it is not what the Bot API answers (PTB would log it whole)."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("ok", False) != ("result" in answer):
            raise TelegramError("Telegram gave an answer that cannot be read")
        return answer | {"parameters": _sane(answer["parameters"])} if "parameters" in answer else answer


def body_of(request_data: RequestData | None) -> aiohttp.FormData | aiohttp.JsonPayload | None:
    """Return JSON, or a form when files go along (core.telegram.org/bots/api#sending-files)."""
    if request_data is None:
        return None
    if not request_data.contains_files:
        return aiohttp.JsonPayload(request_data.parameters)
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form


def _sane(parameters: object) -> dict[str, Any]:
    """Return what a refusal adds to its words, without a wait that PTB cannot turn into one."""
    told = dict(parameters) if isinstance(parameters, dict) else {}
    if "retry_after" in told:
        wait = told["retry_after"]
        seconds = min(max(wait, 1), LONGEST_WAIT.total_seconds()) if isinstance(wait, (int, float)) else 1
        told["retry_after"] = int(seconds)
    return told


def failure_of(error: Exception) -> NetworkError:
    """Return PTB's error for a transport's, by what it tells about the request; its text names no address."""
    if words := unreached(error):
        return NotSent(f"Telegram {words}")
    kind = TimedOut if isinstance(error, TimeoutError) else NetworkError
    return kind(f"Telegram {lost(error)}")


def bot_of(means: Means, base_url: str, token: str) -> Bot:
    """Return PTB's Bot on the shared session; nothing is sent yet."""
    # At DEBUG it writes the address, token and all, and every reader's message.
    logging.getLogger("telegram.Bot").setLevel(logging.WARNING)
    request = SharedSession(cast(aiohttp.ClientSession, means.session), means.timeout)
    return Bot(token, base_url=f"{base_url.rstrip('/')}/bot", request=request, get_updates_request=request)


def entities_of(text: str, marks: Iterable[Mark]) -> Sequence[MessageEntity]:
    """Return the marks with offsets and lengths in UTF-16 units (core.telegram.org/bots/api#messageentity)."""
    found = [MessageEntity(kind, start, end - start, url=url or None) for kind, start, end, url in marks]
    return MessageEntity.adjust_message_entities_to_utf_16(text, found)


def address_of(chat: Chat, message: int) -> str:
    """Return a message's public address, or the one that only members can open; "" where there is none."""
    if chat.username:
        return f"https://t.me/{chat.username}/{message}"
    # Only supergroups and channels, numbered -100..., have one (core.telegram.org/api/links#message-links).
    number = str(chat.id)
    return f"https://t.me/c/{number.removeprefix('-100')}/{message}" if number.startswith("-100") else ""
