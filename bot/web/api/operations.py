"""What the API's addresses are made of: a row for each, and what every request goes through before it is answered.

In order: who asks and how often (401, 429), may they (403), was it asked before (Idempotency-Key), then the operation. All
of that is here, and nowhere else.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from bot.domain.people import Right
from bot.domain.throttle import Throttle
from bot.errors import BadInput, NotAllowed
from bot.flow.admission import network_of
from bot.ports import Answer, Begun
from bot.web.api.problems import Throttled, TooLong
from bot.web.door import SAFE, bearer_of
from bot.web.routes import Asked, SignInFirst, refuse
from bot.web.words import spoken

if TYPE_CHECKING:
    from bot.web.desk import Desk

#: How many requests one caller may make at once, and the seconds after which one more.
BURST, EVERY = 120, 0.2
#: How long an Idempotency-Key may be, and the headers that are kept with an answer.
LONGEST_KEY, TOLD_AGAIN = 200, ("content-type", "location", "etag")
#: Bytes of a body, and of one that brings pictures.
LONGEST, LARGEST = 2**20, 32 * 2**20

Answering = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One address: method and path ("/v1/deliveries/{id}"), what answers, and what right that takes.

    The answer's own signature says what it takes and gives, its docstring what it does. `missing` tells that it may answer
    404, `platform` that it asks a platform.
    """

    method: str
    path: str
    answer: Callable[..., Awaitable[object]]
    right: Right
    tag: str
    status: int = 200
    longest: int = LONGEST
    missing: bool = False

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.answer.__doc__ or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """What else is to be known of it."""
        lines = (self.answer.__doc__ or "").partition("\n")[2].split("\n")
        return "\n".join(line.strip() for line in lines).strip()


def asked_of(request: Request) -> Asked:
    """Return who asks, and what they may use."""
    found: Asked = request.state.asked
    return found


#: What an operation's first parameter is.
By = Annotated[Asked, Depends(asked_of)]


@dataclass
class Entrance:
    """Lets requests through to the operations."""

    desk: "Desk"
    throttle: Throttle = field(default_factory=lambda: Throttle(burst=BURST, every=EVERY))

    def route(self, operation: Operation) -> type[APIRoute]:
        """Return the kind of route that lets through to an operation those who have its right."""
        entrance = self

        class Guarded(APIRoute):
            def get_route_handler(self) -> Answering:
                work = super().get_route_handler()

                async def answered(request: Request) -> Response:
                    request.state.asked = asked = await entrance.asked(request, operation.right)
                    if request.method in SAFE:
                        return await work(request)
                    body = await whole(request, operation.longest)
                    return await entrance.once(with_body(request, body), asked, work)

                return answered

        return Guarded

    async def asked(self, request: Request, right: Right) -> Asked:
        """Return who asks; raises Throttled, SignInFirst, Forbidden.

        A session of a browser may look; what decides something takes a token, which no other site's page can send.
        """
        desk = self.desk
        caller = await desk.door.person_of(request)
        self._throttle(caller.by if caller else f"from {network_of(desk.door.place_of(request))}")
        if caller is None or (request.method not in SAFE and bearer_of(request) is None):
            hint = "send Authorization: Bearer TOKEN; `handbill token add NAME --scope see,edit` makes one"
            raise SignInFirst("this takes a token that is valid", hint=hint)
        asked = Asked(request=request, caller=caller, words=spoken("en", desk.live.app.settings.zone), desk=desk)
        refuse(asked, right)
        return asked

    def _throttle(self, who: str) -> None:
        now = self.desk.live.app.clock.monotonic()
        if wait := self.throttle.wait(who, now):
            raise Throttled(wait)
        self.throttle.take(who, now)

    async def once(self, request: Request, asked: Asked, work: Answering) -> Response:
        """Do what is asked, or give the answer of the first time when it comes again with the same Idempotency-Key.

        (datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header) What was refused may be asked again. What a
        restart cut off may not: nobody knows how far it got.
        """
        key, caller = request.headers.get("idempotency-key", ""), asked.caller
        if not key or request.method != "POST" or caller is None:
            return await work(request)
        if len(key) > LONGEST_KEY:
            raise BadInput(f"an Idempotency-Key has {LONGEST_KEY} characters at most")
        answers, now = asked.live.app.answers, asked.live.app.clock.now()
        told = f"{request.url.path}\n{request.url.query}\n".encode() + await request.body()
        fingerprint = sha256(told).hexdigest()
        if (known := await answers.begin_answer(caller.by, key, fingerprint, now)) is not None:
            return _again(known, fingerprint)
        try:
            answer = await work(request)
        except BaseException:
            await answers.forget_answer(caller.by, key)
            raise
        await answers.finish_answer(caller.by, key, _kept(answer))
        return answer


async def whole(request: Request, longest: int) -> bytes:
    """Return a request's body; raises TooLong as soon as it is known to be that."""
    told = request.headers.get("content-length", "0")
    size = int(told) if told.isascii() and told.isdigit() else 0
    pieces: list[bytes] = []
    if size <= longest:
        size = 0
        async for piece in request.stream():
            pieces.append(piece)
            if (size := size + len(piece)) > longest:
                break
    if size > longest:
        raise TooLong(longest)
    return b"".join(pieces)


def with_body(request: Request, body: bytes) -> Request:
    """Return a request whose body was read as one that is still to be read."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _kept(answer: Response) -> Answer:
    headers = tuple((name, each) for name in TOLD_AGAIN if (each := answer.headers.get(name)) is not None)
    return Answer(status=answer.status_code, headers=headers, body=bytes(answer.body))


def _again(known: Begun, fingerprint: str) -> Response:
    if known.fingerprint != fingerprint:
        raise BadInput("this Idempotency-Key came with another request before", hint="take a new key for each request")
    if known.answer is None:
        hint = "ask again in a moment; after a restart look what became of it, and take a new key"
        raise NotAllowed(
            "the first request with this Idempotency-Key is still being answered, or was cut off", hint=hint
        )
    headers = dict(known.answer.headers) | {"idempotent-replayed": "true"}
    return Response(known.answer.body, known.answer.status, headers)
