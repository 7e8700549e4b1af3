"""How the simulated Telegram talks: reading calls, wording errors, and the queue of updates with its long poll."""

import asyncio
import json
import math
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol

Fields = dict[str, Any]

LARGEST = 2**20
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
#: How a refusal's words begin, and whole errors (core.telegram.org/bots/api#making-requests).
PREFIXES = {400: "Bad Request: ", 403: "Forbidden: "}
STRUCTURED = frozenset(
    [
        "entities",
        "caption_entities",
        "media",
        "link_preview_options",
        "reply_parameters",
        "reply_markup",
        "commands",
        "allowed_updates",
        "message_ids",
    ]
)

#: What an administrator of a channel may do (#chatmemberadministrator).
RIGHTS = dict.fromkeys(
    [
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
        "can_post_messages",
        "can_edit_messages",
        "can_send_welcome_messages",
    ],
    True,
) | {"can_be_edited": False, "is_anonymous": False}


class Refusal(Exception):
    """A call that is refused: Telegram's words without "Bad Request: ", the status, and for 429 the seconds to wait."""

    def __init__(self, words: str, status: int = 400, *, wait: float = 0) -> None:
        super().__init__(words)
        self.words, self.status, self.wait = words, status, wait


def failure(status: int, words: str = "", *, wait: float = 0) -> web.Response:
    """Return an error as the Bot API words it; for 429, `wait` is how many seconds to stay away."""
    seconds = max(1, math.ceil(wait))
    told = {
        401: "Unauthorized",
        404: "Not Found",
        429: f"Too Many Requests: retry after {seconds}",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
    }
    description = PREFIXES.get(status, "") + words if words else told.get(status, "Bad Request")
    body: Fields = {"ok": False, "error_code": status, "description": description}
    if status == 429:
        body["parameters"] = {"retry_after": seconds}
    return web.json_response(body, status=status)


async def read(request: web.Request) -> tuple[Fields, Fields]:
    """Return a call's fields and its files, {name: (bytes, media type)}, however it was sent."""
    fields: Fields = dict(request.query)
    files: Fields = {}
    if request.content_type == "application/json":
        fields |= await request.json()
    elif request.content_type == "multipart/form-data":
        async for part in await _parts(request):
            body = bytes(await part.read())
            if part.filename:
                files[part.name or ""] = (body, part.headers.get("Content-Type", ""))
            else:
                fields[part.name or ""] = body.decode()
    else:
        fields |= {name: str(value) for name, value in (await request.post()).items()}
    read = {
        name: json.loads(value) if name in STRUCTURED and isinstance(value, str) else value
        for name, value in fields.items()
    }
    return read, files


async def _parts(request: web.Request) -> Any:  # noqa: ANN401 - aiohttp gives parts and readers of parts
    """Return a form's parts, also when the fault door has read the body before us: then `request.post` finds nothing."""
    stream = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), LARGEST)
    stream.feed_data(await request.read())
    stream.feed_eof()
    return aiohttp.MultipartReader(request.headers, stream)


class Updates:
    """What the bot has not confirmed yet, in order, with numbers that grow from `first` on, also over restarts."""

    def __init__(self, first: int) -> None:
        self._waiting: list[Fields] = []
        self._last = first
        self._poll: asyncio.Future[bool] | None = None
        #: Which kinds are wanted; what came before that was said is told all the same (#getupdates).
        self.kinds: tuple[str, ...] = ()

    def add(self, told: Fields, kind: str = "message") -> None:
        """Queue a message, or what else the Bot API tells, and wake whoever waits."""
        if self.kinds and kind not in self.kinds:
            return
        self._last += 1
        self._waiting.append({"update_id": self._last, kind: told})
        self._end_poll(True)

    async def wanted(self, offset: int, limit: int, seconds: float) -> list[Fields]:
        """Return the updates from `offset` on (negative = from the end), forgetting those before; with none, wait.

        A new wait ends the one before with 409: Client.cpp, abort_long_poll.
        """
        first = offset if offset >= 0 else self._last + 1 + offset
        self._waiting = [update for update in self._waiting if update["update_id"] >= first]
        if not self._waiting and seconds:
            self._end_poll(False)
            self._poll = poll = asyncio.get_running_loop().create_future()
            done, _ = await asyncio.wait([poll], timeout=seconds)
            if done and not poll.result():
                raise Refusal(CONFLICT, 409)
        return self._waiting[:limit]

    def _end_poll(self, heard: bool) -> None:  # noqa: FBT001 - it is the future's value
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(heard)
