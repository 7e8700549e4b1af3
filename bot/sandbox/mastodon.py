"""A simulated Mastodon server: the part of its API that a posting client meets, with its refusals and rate limits.

Facts are from docs.joinmastodon.org (methods/statuses, methods/media, methods/accounts, methods/instance, entities/Status,
entities/MediaAttachment, entities/Instance, api/rate-limits) and from the server's source (github.com/mastodon/mastodon),
whose files are named where they matter. Left out: scheduling, polls, quotes, edits, video, other people.
"""

import html
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.text.measure import length
from bot.sandbox.mastodon_media import TYPES, Refusal, Shelf
from bot.sandbox.mastodon_rates import BUDGETS, Windows, told
from bot.sandbox.mastodon_text import content, entities, language
from bot.sandbox.world import Effect, World

COUNTING = Limits(
    length=500,
    unit=Unit.GRAPHEMES,
    url_weight=23,
    link_rule=LinkRule.SCHEME,
    local_mentions=True,
    warning_counts=True,
    images=4,
    image_bytes=16 * 2**20,
    image_pixels=33_177_600,
    alt=1500,
)
MANY = 20  # statuses_controller.rb: DEFAULT_STATUSES_LIMIT
KEY_LIFETIME = timedelta(hours=1)  # post_status_service.rb: setex 3600
Answer = Callable[[web.Request], Awaitable[web.Response]]


class Mastodon:
    """One server. `accounts` are user names by token; `processing` seconds a picture takes before it may be posted.

    `replay` is the status a repeated Idempotency-Key is answered with: 200, or 500 as servers 4.6.0 to 4.6.5 do.
    `budgets` empty switches rate limits off.
    """

    name = "mastodon"

    def __init__(
        self,
        world: World,
        *,
        accounts: Mapping[str, str] | None = None,
        limits: Limits = COUNTING,
        processing: float = 0.1,
        replay: int = 200,
        budgets: Mapping[str, tuple[int, int]] | None = None,
        version: str = "4.5.6",
    ) -> None:
        self.world = world
        self.accounts = {"sandbox": "library"} if accounts is None else dict(accounts)
        self.limits, self.replay, self.version = limits, replay, version
        #: What followers see, by id; what they saw before a restart is there again.
        self.statuses = {effect.id: effect for effect in world.visible(self.name)}
        #: The last posting requests as they came: their fields, with the Idempotency-Key.
        self.requests: deque[dict[str, Any]] = deque(maxlen=1000)
        self._shelf = Shelf(world, limits, processing)
        self._attached = {effect.id: self._shelf.recall(effect) for effect in self.statuses.values()}
        self._keys = {(effect.account, effect.key): effect for effect in self.statuses.values() if effect.key}
        self._windows = Windows(BUDGETS if budgets is None else budgets)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the API's routes and each status's public page."""
        table = (
            ("GET", "/api/v1/instance", self._instance_v1),
            ("GET", "/api/v2/instance", self._instance_v2),
            ("GET", "/api/v1/accounts/verify_credentials", self._me),
            ("GET", "/api/v1/accounts/{account}/statuses", self._account_statuses),
            ("POST", "/api/v2/media", self._upload),
            ("GET", "/api/v1/media/{id}", self._media),
            ("PUT", "/api/v1/media/{id}", self._describe),
            ("POST", "/api/v1/statuses", self._post),
            ("GET", "/api/v1/statuses", self._statuses),
            ("GET", "/api/v1/statuses/{id}", self._status),
            ("DELETE", "/api/v1/statuses/{id}", self._delete),
            ("GET", "/api/v1/statuses/{id}/context", self._context),
        )
        for method, path, answer in table:
            # Rails takes a closing slash, which Mastodon.py writes after "instance".
            for each in (path, path + "/"):
                yield web.route(method, each, self._guarded(answer))
        yield web.get("/@{name}/{id}", self._page)

    def publishes(self, request: web.Request) -> bool:
        """Tell whether this is POST /api/v1/statuses."""
        return request.method == "POST" and request.path.rstrip("/").endswith("/api/v1/statuses")

    def error(self, status: int, *, wait: float = 0) -> web.Response:
        """Return an error of this status in Mastodon's shape; 429 with the headers of rack_attack.rb, no Retry-After."""
        words = {401: "The access token is invalid", 422: "Validation failed", 429: "Too many requests"}
        headers = told(300, 0, self.world.now() + timedelta(seconds=wait)) if status == 429 else {}
        text = words.get(status, "There was a temporary problem serving your request, please try again")
        return web.json_response({"error": text}, status=status, headers=headers)

    def _guarded(self, answer: Answer) -> Answer:
        async def guarded(request: web.Request) -> web.Response:
            try:
                headers = self._windows.spend(
                    request.headers.get("Authorization", ""), self._budgets_of(request), self.world.now()
                )
                response = await answer(request)
            except Refusal as refusal:
                return web.json_response({"error": refusal.words}, status=refusal.status, headers=refusal.headers)
            response.headers.update(headers)
            return response

        return guarded

    def _budgets_of(self, request: web.Request) -> list[str]:
        narrow = {
            "media": request.method == "POST" and "/media" in request.path,
            "delete": request.method == "DELETE",
            "statuses": self.publishes(request),
        }
        return ["api", *(name for name, counts in narrow.items() if counts)]

    def _user(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.accounts:
            raise Refusal(401, "The access token is invalid")
        return self.accounts[token]

    async def _instance_v1(self, request: web.Request) -> web.Response:
        return web.json_response({**self._instance(), "uri": request.host, "email": "", "registrations": False})

    async def _instance_v2(self, request: web.Request) -> web.Response:
        source = "https://github.com/mastodon/mastodon"
        versions = {"mastodon": 7}
        return web.json_response(
            {**self._instance(), "domain": request.host, "source_url": source, "api_versions": versions}
        )

    def _instance(self) -> dict[str, Any]:
        """Return what both versions tell."""
        return {
            "title": "Sandbox",
            "version": self.version,
            "description": "",
            "languages": ["en"],
            "rules": [],
            "configuration": self._configuration(),
        }

    def _configuration(self) -> dict[str, Any]:
        """Return what serializers/rest/instance_serializer.rb tells of the limits."""
        return {
            "statuses": {
                "max_characters": self.limits.length,
                "max_media_attachments": self.limits.images,
                "characters_reserved_per_url": self.limits.url_weight,
            },
            "media_attachments": {
                "description_limit": self.limits.alt,
                "image_size_limit": self.limits.image_bytes,
                "image_matrix_limit": self.limits.image_pixels,
                "supported_mime_types": [*TYPES.values(), "video/mp4"],
            },
        }

    def _account(self, request: web.Request, name: str) -> dict[str, Any]:
        number = sorted(set(self.accounts.values())).index(name) + 1
        return {
            "id": str(number),
            "username": name,
            "acct": name,
            "display_name": name.title(),
            "bot": True,
            "locked": False,
            "url": f"{_base(request)}/@{name}",
            "uri": f"{_base(request)}/users/{name}",
            "note": "",
            "created_at": "2026-01-01T00:00:00.000Z",
            "emojis": [],
            "fields": [],
        }

    async def _me(self, request: web.Request) -> web.Response:
        me = self._account(request, self._user(request))
        return web.json_response({**me, "source": {"privacy": "public", "sensitive": False, "language": "en"}})

    async def _account_statuses(self, request: web.Request) -> web.Response:
        """Return statuses newest first, 20 unless `limit` (at most 40) says otherwise, before the id `max_id`."""
        own = self._user(request)
        names = {self._account(request, name)["id"]: name for name in self.accounts.values()}
        name = names.get(request.match_info["account"])
        if name is None:
            raise Refusal(404, "Record not found")
        below, above = request.query.get("max_id"), request.query.get("since_id")
        found = [
            status
            for status in sorted(self.statuses.values(), key=lambda each: int(each.id), reverse=True)
            if status.account == name
            and (name == own or status.visibility in ("public", "unlisted"))
            and (below is None or int(status.id) < int(below))
            and (above is None or int(status.id) > int(above))
            and not (status.reply_to and request.query.get("exclude_replies") in ("1", "true"))
        ][: min(int(request.query.get("limit", 20)), 40)]
        headers = {}
        if found:
            address = f"{_base(request)}/api/v1/accounts/{request.match_info['account']}/statuses"
            headers = {"Link": f'<{address}?max_id={found[-1].id}>; rel="next"'}
        return web.json_response([self._told(request, each) for each in found], headers=headers)

    async def _upload(self, request: web.Request) -> web.Response:
        account, fields = self._user(request), await request.post()
        file = fields.get("file")
        if not isinstance(file, web.FileField):
            raise Refusal(422, "Validation failed: File can't be blank")
        upload = self._shelf.take(account, file.file.read(), str(fields.get("description") or ""))
        return self._shelf.answer(upload, str(request.url.origin()), 202)

    async def _media(self, request: web.Request) -> web.Response:
        upload = self._shelf.free(self._user(request), request.match_info["id"])
        return self._shelf.answer(upload, str(request.url.origin()), 206)

    async def _describe(self, request: web.Request) -> web.Response:
        upload = self._shelf.free(self._user(request), request.match_info["id"])
        self._shelf.describe(upload, str((await request.post()).get("description") or ""))
        return self._shelf.answer(upload, str(request.url.origin()), 206)

    async def _post(self, request: web.Request) -> web.Response:
        """Publish; the order of checks is that of statuses_controller.rb and post_status_service.rb."""
        account, fields = self._user(request), await request.post()
        key = request.headers.get("Idempotency-Key", "")
        self.requests.append({**{name: fields.getall(name) for name in fields}, "Idempotency-Key": [key]})
        reply_to = str(fields.get("in_reply_to_id") or "")
        if reply_to and reply_to not in self.statuses:
            raise Refusal(404, "The post you are trying to reply to does not appear to exist.")
        known = self._keys.get((account, key)) if key else None
        if known and known.id in self.statuses and self.world.now() - _moment(known) < KEY_LIFETIME:
            if self.replay != 200:
                raise Refusal(self.replay, "There was a problem on our side")
            return web.json_response(self._told(request, known))
        status = self._published(request, account, fields, reply_to)
        self._keys[account, key] = status
        return web.json_response(self._told(request, status))

    def _published(self, request: web.Request, account: str, fields: MultiMapping[Any], reply_to: str) -> Effect:
        """Let followers see the new status, or refuse it."""
        uploads = self._shelf.to_attach(account, [str(each) for each in fields.getall("media_ids[]", [])])
        text, warning = str(fields.get("status") or "").strip(), str(fields.get("spoiler_text") or "").strip()
        if warning and not text:
            text, warning = warning, ""
        if not text and not uploads:
            raise Refusal(422, "Validation failed: Text can't be blank")
        if length(text, self.limits, warning=warning) > self.limits.length:
            raise Refusal(422, f"Validation failed: Text character limit of {self.limits.length} exceeded")
        visibility = str(fields.get("visibility") or "public")
        if visibility not in ("public", "unlisted", "private", "direct"):
            raise Refusal(422, "Validation failed: Visibility is not included in the list")
        now = self.world.now()
        number = str((int(now.timestamp() * 1000) << 16) + self.world.number())  # lib/mastodon/snowflake.rb
        status = Effect(
            platform=self.name,
            account=account,
            id=number,
            text=text,
            at=now.isoformat(),
            url=f"{_base(request)}/@{account}/{number}",
            key=request.headers.get("Idempotency-Key", ""),
            reply_to=reply_to,
            thread=self.statuses[reply_to].thread if reply_to else number,
            images=tuple(each.shown for each in uploads),
            spans=tuple((each.start, each.end, each.kind.value, each.target) for each in entities(text)),
            language=language(str(fields.get("language") or "")),
            warning=warning,
            visibility=visibility,
            length=length(text, self.limits, warning=warning),
            limit=self.limits.length,
        )
        for upload in uploads:
            upload.attached = True
        self.statuses[number], self._attached[number] = self.world.publish(status), uploads
        return status

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._told(request, self._found(request)))

    async def _statuses(self, request: web.Request) -> web.Response:
        """Answer those of many statuses that are there, as servers do since 4.3 (statuses_controller.rb, index)."""
        if tuple(map(int, self.version.split(".")[:2])) < (4, 3):
            raise Refusal(404, "Not Found")
        wanted = request.query.getall("id[]", [])
        if len(wanted) > MANY:
            raise Refusal(422, "Validation failed: Too many statuses")
        found = [self.statuses[each] for each in dict.fromkeys(wanted) if each in self.statuses]
        return web.json_response([self._told(request, each) for each in found])

    async def _delete(self, request: web.Request) -> web.Response:
        """Delete one's own status; the answer has its source text instead of its HTML."""
        account, status = self._user(request), self._found(request)
        if status.account != account:
            raise Refusal(404, "Record not found")
        del self.statuses[status.id]
        self.world.remove(self.name, status.id)
        answer = self._told(request, status)
        del answer["content"]
        return web.json_response({**answer, "text": status.text})

    async def _context(self, request: web.Request) -> web.Response:
        status = self._found(request)
        below = [each for each in self.statuses.values() if each.id != status.id and status in self._ancestors(each)]
        return web.json_response(
            {
                "ancestors": [self._told(request, each) for each in self._ancestors(status)],
                "descendants": [self._told(request, each) for each in below],
            }
        )

    def _ancestors(self, status: Effect) -> list[Effect]:
        """Return what it replies to, oldest first; a deleted one ends the chain."""
        above: list[Effect] = []
        while (parent := self.statuses.get(status.reply_to)) is not None:
            above.insert(0, parent)
            status = parent
        return above

    def _found(self, request: web.Request) -> Effect:
        status = self.statuses.get(request.match_info["id"])
        if status is None or (status.visibility in ("private", "direct") and status.account != self._user(request)):
            raise Refusal(404, "Record not found")
        return status

    def _told(self, request: web.Request, status: Effect) -> dict[str, Any]:
        """Return entities/Status."""
        got = self.world.crowd.reactions(status, self.statuses.values())
        parent = self.statuses.get(status.reply_to)
        account = self._account(request, status.account)
        origin = str(request.url.origin())
        return {
            "id": status.id,
            "created_at": _moment(status).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "in_reply_to_id": status.reply_to or None,
            "in_reply_to_account_id": self._account(request, parent.account)["id"] if parent else None,
            "sensitive": bool(status.warning),
            "spoiler_text": status.warning,
            "visibility": status.visibility,
            "language": status.language,
            "uri": f"{_base(request)}/users/{status.account}/statuses/{status.id}",
            "url": status.url,
            "replies_count": got.replies,
            "reblogs_count": got.reposts,
            "favourites_count": got.likes,
            "edited_at": None,
            "content": content(status.text, _base(request)),
            "reblog": None,
            "account": account,
            "media_attachments": [self._shelf.told(each, origin) for each in self._attached[status.id]],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    async def _page(self, request: web.Request) -> web.Response:
        """Return a status's public page."""
        status = self.statuses.get(request.match_info["id"])
        if status is None or status.visibility not in ("public", "unlisted"):
            raise web.HTTPNotFound
        body = f"<!doctype html><meta charset=utf-8><title>{html.escape(status.account)}</title>"
        return web.Response(text=body + content(status.text, _base(request)), content_type="text/html")


def _moment(status: Effect) -> datetime:
    return datetime.fromisoformat(status.at)


def _base(request: web.Request) -> str:
    return f"{request.url.origin()}/mastodon"
