"""What went wrong, as application/problem+json (RFC 9457), with what to do about it and which fields are meant."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bot.errors import BadInput, HandbillError, NotAllowed, NotFound, Unreachable, told
from bot.flow.drafting import BadPlan
from bot.web.forms import Forbidden
from bot.web.routes import SignInFirst

log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"


class Throttled(NotAllowed):
    """More requests than one caller may make; `wait` is in how many seconds the next may be made."""

    def __init__(self, wait: float) -> None:
        self.wait = max(1, round(wait + 0.5))
        super().__init__("too many requests", hint=f"wait {self.wait} s; Retry-After says how long")


class TooLong(BadInput):
    """A body that is longer than its operation takes."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"the body is longer than {longest:,} bytes", hint="send fewer or smaller pictures")


#: What an error means to a program, the nearest kind first; any other is the database's.
STATUS: Mapping[type[Exception], int] = {
    SignInFirst: 401,
    Forbidden: 403,
    NotFound: 404,
    Throttled: 429,
    NotAllowed: 409,
    TooLong: 413,
    BadInput: 422,
    Unreachable: 502,
}
#: What the parts of a plan are called in a body, where that is not their own name.
FIELDS: Mapping[str, str] = {
    **{name: f"late.{name}_seconds" for name in ("grace", "limit", "gap")},
    "every": "every_seconds",
    "between": "times",
    "from": "blackouts",
    "to": "blackouts",
}


class Fault(BaseModel):
    """One field that cannot be used as it is."""

    where: str = Field(description="The field, as a path: body.version, query.limit, header.if-match")
    what: str = Field(description="What is wrong with it")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always about:blank: the status says what kind it is")
    title: str = Field(description="The status in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What went wrong, in words for a person")
    hint: str = Field(default="", description="What to do about it")
    where: str = Field(default="", description="Where, when that is a file and line")
    errors: list[Fault] = Field(default_factory=list, description="Which fields are meant, and what is wrong with each")


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as an answer; what a request says wrong may be no Unicode, so that all but ASCII is escaped."""
    body = json.dumps(problem.model_dump()).encode()
    return Response(body, problem.status, headers, MEDIA_TYPE)


def problem_of(status: int, detail: str, hint: str = "", where: str = "", errors: list[Fault] | None = None) -> Problem:
    """Return a problem with the status' own title."""
    title = HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, hint=hint, where=where, errors=errors or [])


def install(api: FastAPI) -> None:
    """Have an application tell whatever goes wrong as a problem."""
    api.add_exception_handler(HandbillError, refused)
    api.add_exception_handler(RequestValidationError, misread)
    api.add_exception_handler(HTTPException, lost)
    api.add_exception_handler(Exception, failed)


async def refused(_: Request, error: Exception) -> Response:
    """Tell of an error of ours."""
    assert isinstance(error, HandbillError)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    headers = {}
    match error:
        case SignInFirst():
            headers["www-authenticate"] = 'Bearer realm="Handbill"'
        case Throttled(wait=wait):
            headers["retry-after"] = str(wait)
        case _:
            pass
    faults = []
    if isinstance(error, BadPlan):
        faults = [Fault(where=f"body.{FIELDS.get(name, name)}", what=each.what) for name, each in error.faults.items()]
    return answer(problem_of(status, error.what, error.hint, error.where, faults), headers)


async def misread(_: Request, error: Exception) -> Response:
    """Tell which fields of a request cannot be used. What they held is not repeated."""
    assert isinstance(error, RequestValidationError)
    faults = [_fault(each) for each in error.errors()]
    what = f"{faults[0].where}: {faults[0].what}" if len(faults) == 1 else f"{len(faults)} fields cannot be used"
    return answer(problem_of(422, what, "see /api/docs for what each field may be", errors=faults))


def _fault(error: Mapping[str, Any]) -> Fault:
    place = ".".join(str(each) for each in error.get("loc", ()))
    return Fault(where=place[:200], what=str(error.get("msg", "it is not understood"))[:300])


async def lost(request: Request, error: Exception) -> Response:
    """Tell that there is no such address, or not by this method."""
    assert isinstance(error, HTTPException)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    match error.status_code:
        case 404:
            problem = problem_of(404, "there is no such address", "see /api/docs for those that there are")
        case 405:
            methods = allowed(request)
            headers["allow"] = methods
            problem = problem_of(405, f"{request.method} is not for this address", f"it takes {methods}")
        case 400:  # what FastAPI says of a body that is not UTF-8
            problem = problem_of(422, "the body is no JSON", "send UTF-8")
        case status:
            problem = problem_of(status, str(error.detail))
    return answer(problem, headers)


def allowed(request: Request) -> str:
    """Return all methods that an address takes, as an Allow header tells them."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))


async def failed(_: Request, error: Exception) -> Response:
    """Tell that this program is at fault; the log has the rest."""
    found = told(error)
    return answer(problem_of(500, found.what, found.hint))
