"""One loopback server for all simulated services, with the fault door and the ledger of effects.

/NAME/...        a service as its SDK speaks to it            /ledger     all effects as JSON
/faults          POST a fault, GET those open, DELETE all     /pictures/SHA256
/                what followers see, for people: page.py
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.sandbox import page
from bot.sandbox.world import Fault, Service, World

LARGEST_REQUEST = 60 * 2**20
#: Paths at which a picture is left before the post that shows it.
UPLOAD = re.compile(r"/media\b|uploadBlob$")


def application(world: World, services: Sequence[Service]) -> web.Application:
    """Return the whole server as one aiohttp application."""
    app = web.Application(client_max_size=LARGEST_REQUEST)
    door = Door(world)
    app.add_routes(
        [
            web.get("/ledger", door.ledger),
            web.get("/pictures/{digest}", door.picture),
            web.get("/faults", door.faults),
            web.post("/faults", door.add_fault),
            web.delete("/faults", door.lift_faults),
            *page.routes(world, services),
        ]
    )
    for service in services:
        part = web.Application(middlewares=[fault_door(world, service)], client_max_size=LARGEST_REQUEST)
        part.add_routes(service.routes())
        app.add_subapp(f"/{service.name}", part)
    return app


@asynccontextmanager
async def running(world: World, services: Sequence[Service], port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback while the context lasts; the value is the address, "http://127.0.0.1:PORT" (0 = any free port)."""
    runner = web.AppRunner(application(world, services), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", port))
    try:
        await web.SockSite(runner, listening).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        await runner.cleanup()
        listening.close()


def fault_door(world: World, service: Service) -> Middleware:
    """Return the middleware that makes this service's requests go wrong as the world's faults say."""

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = _take(world, service, request)
        if fault is None:
            return await handler(request)
        if fault.kind == "flood" and service.publishes(request):
            world.rests.append((service.name, world.now().timestamp(), fault.seconds))
        return await _before(fault, service, request) or await _after(fault, service, request, await handler(request))

    return door


def _take(world: World, service: Service, request: web.Request) -> Fault | None:
    kinds = {"any", _kind(service, request)}
    for index, fault in enumerate(world.faults):
        if fault.platform == service.name and fault.on in kinds:
            if fault.times == 1:
                del world.faults[index]
            elif fault.times > 1:
                world.faults[index] = Fault(**{**asdict(fault), "times": fault.times - 1})
            return fault
    return None


def _kind(service: Service, request: web.Request) -> str:
    if service.publishes(request):
        return "publish"
    return "look" if request.method == "GET" else "upload" if UPLOAD.search(request.path) else ""


async def _before(fault: Fault, service: Service, request: web.Request) -> web.StreamResponse | None:
    """Play the faults that leave no effect; None means the request goes on to its handler."""
    await request.read()
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds)
        case "refuse":
            return _cut(request)
        case "error":
            return service.error(fault.status)
        case "unauthorised":
            return service.error(401)
        case "flood":
            return service.error(429, wait=fault.seconds)
        case "flood-bare":
            return web.Response(status=429, text="Too Many Requests")
    return None


async def _after(
    fault: Fault, service: Service, request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    """Play the faults that spoil the answer to a request that had its effect."""
    match fault.kind:
        case "reset":
            return _cut(request)
        case "error-after":
            return service.error(fault.status)
        case "garbage":
            return web.Response(text="<!doctype html><title>Bad gateway</title>", content_type="text/html")
        case "truncate":
            return await _half(request, response)
        case "empty":
            return web.Response(status=response.status)
        case "odd":
            return web.json_response({"ok": True, "data": None, "result": [], "id": {}}, status=response.status)
        case "drip":
            return await _drip(request, response)
    return response


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body, half = await _begun(request, response)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half


async def _drip(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body, slow = await _begun(request, response)
    with suppress(ConnectionResetError):  # the client has given up
        for at in range(len(body)):
            await slow.write(body[at : at + 1])
            await asyncio.sleep(1)
    return slow


async def _begun(request: web.Request, response: web.StreamResponse) -> tuple[bytes, web.StreamResponse]:
    """Return an answer's body, and the same answer with its head sent."""
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b"{}"
    begun = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    begun.content_length = len(body)
    await begun.prepare(request)
    return body, begun


class Door:
    """What tests and the page may ask of the world itself."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ledger(self, _: web.Request) -> web.Response:
        """Answer with all effects."""
        return web.json_response(self._world.ledger())

    async def picture(self, request: web.Request) -> web.Response:
        """Answer with a picture's bytes."""
        digest = request.match_info["digest"]
        if digest not in self._world.pictures:
            raise web.HTTPNotFound
        body, media_type = self._world.pictures[digest]
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=31536000, immutable"}
        return web.Response(body=body, content_type=media_type, headers=headers)

    async def faults(self, _: web.Request) -> web.Response:
        """Answer with the faults that are open."""
        return web.json_response([asdict(fault) for fault in self._world.faults])

    async def add_fault(self, request: web.Request) -> web.Response:
        """Open a fault; its fields are those of Fault."""
        fields: dict[str, Any] = await request.json()
        try:
            self._world.faults.append(Fault(**fields))
        except TypeError as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self.faults(request)

    async def lift_faults(self, request: web.Request) -> web.Response:
        """Lift every fault."""
        self._world.faults.clear()
        return await self.faults(request)
