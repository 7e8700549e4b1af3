"""The JSON API: what the desk and the command line do, by the same verbs, for programs.

problems.py     what went wrong, as application/problem+json        shapes.py   what is told and asked for
operations.py   a row for each address, and what every request goes through before it is answered
one file per noun: its rows, exported as OPERATIONS, and its own shapes
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bot import __version__
from bot.web.api import agenda, articles, audit, channels, deliveries, results, status
from bot.web.api.operations import Entrance, Operation
from bot.web.api.problems import MEDIA_TYPE, Fault, Problem, install

if TYPE_CHECKING:
    from bot.web.desk import Desk

NOUNS: Sequence[Sequence[Operation]] = (
    status.OPERATIONS,
    articles.OPERATIONS,
    deliveries.OPERATIONS,
    channels.OPERATIONS,
    agenda.OPERATIONS,
    results.OPERATIONS,
    audit.OPERATIONS,
)
OPERATIONS: tuple[Operation, ...] = tuple(chain.from_iterable(NOUNS))

ABOUT = """\
Every request carries a token: `Authorization: Bearer TOKEN`. `handbill token add NAME --scope see,edit` makes one, or the
desk's page of people. Its scopes are see, edit, approve and admin; each operation says which one it takes.

Deliveries have a `version` and an ETag: send it back as `version` or in If-Match, and a decision is made only if nothing has
changed since; 409 says who was first. A POST with an Idempotency-Key is done once, however often it is sent within a day.
Errors are application/problem+json with what went wrong (`detail`) and what to do about it (`hint`). Times are UTC. Fields
may be added to what is told; none is renamed or removed within v1.
"""
#: What a problem is about, by its status; those that any operation may answer with, and those of some.
ALWAYS: Mapping[int, str] = {
    401: "No token, or one that is not valid",
    403: "The token lacks the scope",
    422: "Something in the request cannot be used",
    429: "Too many requests: Retry-After says how long to wait",
    503: "The database cannot be used",
}
MISSING, CONFLICT, TOO_LONG = (
    "There is no such thing",
    "The present state forbids it, or somebody was first",
    "The body is too long",
)


def application(desk: "Desk") -> FastAPI:
    """Return the API as an application of its own, to be mounted at /api; its description is at /api/openapi.json."""
    api = FastAPI(title="Handbill", version=__version__, docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    entrance = Entrance(desk)
    for each in OPERATIONS:
        api.router.add_api_route(
            each.path,
            each.answer,
            methods=[each.method],
            status_code=each.status,
            summary=each.summary,
            description=each.description,
            tags=[each.tag],
            operation_id=f"{each.tag}_{each.answer.__name__}",
            route_class_override=entrance.route(each),
        )
    install(api)
    api.openapi = lambda: description(api)  # type: ignore[method-assign]
    return api


def description(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description, made once."""
    if api.openapi_schema is None:
        api.openapi_schema = made = get_openapi(
            title="Handbill", version=__version__, description=ABOUT, routes=api.routes, servers=api.servers
        )
        parts = made.setdefault("components", {})
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        shapes = parts.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            shapes.pop(name, None)
        for shape in (Problem, Fault):
            kept = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            shapes[shape.__name__] = {name: each for name, each in kept.items() if name != "$defs"}
        for each in OPERATIONS:
            _describe(made["paths"][each.path][each.method.lower()], each)
    return api.openapi_schema


def _describe(told: dict[str, Any], operation: Operation) -> None:
    """Add to the description of an operation what it takes and what may go wrong."""
    told["security"] = [{"token": [str(operation.right)]}]
    told["description"] = f"{operation.description}\n\nScope: {operation.right}".strip()
    problems = dict(ALWAYS)
    if operation.missing or "{" in operation.path:
        problems[404] = MISSING
    if operation.method != "GET":
        problems |= {409: CONFLICT, 413: TOO_LONG}
    if operation.method == "POST":
        key = {"type": "string", "maxLength": 200}
        told.setdefault("parameters", []).append(
            {"name": "Idempotency-Key", "in": "header", "required": False, "schema": key}
        )
    told["responses"].pop("422", None)  # FastAPI's own, which is another shape
    for code, words in sorted(problems.items()):
        shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
        told["responses"][str(code)] = {"description": words, "content": {MEDIA_TYPE: shape}}
    told["responses"]["429"]["headers"] = {
        "Retry-After": {"schema": {"type": "integer"}, "required": True, "description": "Seconds"}
    }
    good = told["responses"][str(operation.status)]
    good["description"] = HTTPStatus(operation.status).phrase
    if operation.status == HTTPStatus.CREATED:
        good["headers"] = {"Location": {"schema": {"type": "string"}, "required": True, "description": "Where it is"}}
