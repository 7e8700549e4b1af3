"""Frozen dataclasses <-> JSON, tolerant both ways of fields that another version has or lacks.

A field that is missing takes its default, one that is unknown is passed over. Times stay aware UTC, tuples tuples and
enums enums, so that what is decoded equals what was encoded, to its very `repr`.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter
from pydantic_core import from_json

from bot.domain.outcome import Outcome

T = TypeVar("T")

#: The name an outcome is stored under -> its class.
OUTCOMES: dict[str, type[Outcome]] = {kind.__name__.lower(): kind for kind in get_args(Outcome)}


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Return what reads and writes a class; built once, since building costs more than a thousand uses."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def encode(value: object, *, without: frozenset[str] = frozenset()) -> str:
    """Return the JSON of a dataclass, without the fields that are stored beside it."""
    return _adapter(type(value)).dump_json(value, exclude=set(without) or None).decode()


def decode(kind: type[T], body: str | bytes, beside: Mapping[str, object] | None = None) -> T:
    """Return the dataclass a JSON stands for, with the fields that were stored `beside` it; ValueError when it is none."""
    adapter: TypeAdapter[T] = _adapter(kind)
    return adapter.validate_python({**from_json(body), **beside}) if beside else adapter.validate_json(body)


def encode_outcome(outcome: Outcome) -> tuple[str, str]:
    """Return the name of the outcome's class and its JSON."""
    return type(outcome).__name__.lower(), encode(outcome)


def decode_outcome(name: str, body: str) -> Outcome:
    """Return the outcome of that name."""
    return decode(OUTCOMES[name], body)
