"""/api/docs   the API, operation by operation, made from its own OpenAPI description."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from bot.domain.people import Right
from bot.web.api import OPERATIONS
from bot.web.routes import Asked, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter of an operation, or a field of a shape; `kind` is its type in words."""

    name: str
    kind: str
    told: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One operation as it is shown; `body` and `answer` are what it takes and gives, in words."""

    id: str
    method: str
    path: str
    scope: str
    summary: str
    description: str
    fields: Sequence[Field]
    body: str
    answer: str
    problems: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One shape and its fields."""

    name: str
    told: str
    fields: Sequence[Field]


async def docs(asked: Asked) -> Response:
    """Show what programs may ask, and how."""
    made = asked.desk.api.openapi()
    told = [_told(made["paths"][each.path][each.method.lower()], each.method, each.path) for each in OPERATIONS]
    nouns = {
        each.tag: [one for one, row in zip(told, OPERATIONS, strict=True) if row.tag == each.tag] for each in OPERATIONS
    }
    shapes = [
        Shape(name=name, told=one.get("description", ""), fields=tuple(_fields(one))) for name, one in _shapes(made)
    ]
    base = asked.desk.door.address(asked.request, "/api")
    about = [each.replace("\n", " ") for each in made["info"]["description"].strip().split("\n\n")]
    return await asked.page("reference.html", still=True, nouns=nouns, shapes=shapes, base=base, about=about)


def _shapes(made: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return [(name, one) for name, one in sorted(made["components"]["schemas"].items()) if "properties" in one]


def _told(operation: Mapping[str, Any], method: str, path: str) -> Told:
    answers = operation["responses"]
    good = next(code for code in answers if code.startswith("2"))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Told(
        id=operation["operationId"],
        method=method,
        path=path,
        scope=operation["security"][0]["token"][0],
        summary=operation["summary"],
        description=operation["description"].rpartition("Scope:")[0].strip(),
        fields=[_parameter(each) for each in operation.get("parameters", ())],
        body=kind(body) if body else "",
        answer=kind(answers[good]["content"]["application/json"]["schema"]),
        problems=[(code, each["description"]) for code, each in answers.items() if code != good],
    )


def _parameter(told: Mapping[str, Any]) -> Field:
    words, schema = told.get("description", ""), told["schema"]
    return Field(name=told["name"], kind=kind(schema), told=words, required=told.get("required", False))


def _fields(shape: Mapping[str, Any]) -> Iterator[Field]:
    needed = shape.get("required", ())
    for name, each in shape["properties"].items():
        yield Field(name=name, kind=kind(each), told=each.get("description", ""), required=name in needed)


def kind(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows in words: "list of Part", "text or null", "held, scheduled"."""
    match schema:
        case {"$ref": str(name)}:
            return name.rpartition("/")[2]
        case {"anyOf": [*several]}:
            return " or ".join(dict.fromkeys(kind(each) for each in several))
        case {"enum": [*words]}:
            return ", ".join(str(each) for each in words)
        case {"type": "array", "items": one}:
            return f"list of {kind(one)}"
        case {"type": "object", "additionalProperties": dict(one)}:
            return f"{kind(one)} by name"
        case {"type": "string", "format": str(form)}:
            return {"date-time": "time", "date": "day"}.get(form, form)
        case {"type": str(plain)}:
            return {"string": "text", "integer": "number", "boolean": "yes or no"}.get(plain, plain)
        case _:
            return "anything"


ROUTES = (Route("/api/docs", docs, Right.SEE),)
