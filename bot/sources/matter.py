"""The front matter of an article and the fields of campaign.yaml: known names, types, and the line each stands on.

YAML is read with every scalar as text, so that `language: no` is Norwegian and `title: 1984` a title.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import BadArticle

FENCE = re.compile(r"\A---[ \t]*\n(.*?)(?:^---[ \t]*$\n?|^\.\.\.[ \t]*$\n?)", re.DOTALL | re.MULTILINE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
VISIBILITIES = ("public", "unlisted", "private", "direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Fields by name, and the line (from 1) on which each stands in its file."""

    where: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def get(self, name: str, default: Any = "") -> Any:  # noqa: ANN401 - a field has the type its reader gave it
        """Return a field's converted value, or the default when it is not there."""
        return self.fields.get(name, default)

    def at(self, name: str) -> str:
        """Return "path:line" of a field."""
        return f"{self.where}:{self.lines.get(name, 1)}"


def split(text: str, where: str) -> tuple[str, str, int]:
    """Return front matter, the rest, and how many lines the front matter takes; BadArticle when it is never closed."""
    if not re.match(r"---[ \t]*\n", text):
        return "", text, 0
    found = FENCE.match(text)
    if found is None:
        raise BadArticle(
            "the front matter is never closed", where=f"{where}:1", hint="put a line with --- after its last field"
        )
    return found[1], text[found.end() :], text[: found.end()].count("\n")


def read(yaml_text: str, where: str, known: Mapping[str, Callable[[Any], Any]], first_line: int = 2) -> Matter:
    """Parse fields and convert each by its reader in `known`; BadArticle names the line of the first that is wrong."""
    import yaml

    try:
        node = yaml.compose(yaml_text, Loader=yaml.BaseLoader)
        fields = yaml.load(yaml_text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes text, lists and dicts only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        what = getattr(error, "problem", None) or "it is not YAML"
        hint = "check quotes, colons and indentation there"
        raise BadArticle(f"the fields cannot be read: {what}", where=f"{where}:{line}", hint=hint) from error
    if not fields:
        return Matter(where=where)
    if node is None or not isinstance(fields, dict):
        raise BadArticle("the fields must be lines of `name: value`", where=f"{where}:{first_line}")
    lines = {key.value: first_line + key.start_mark.line for key, _ in node.value}
    return Matter(where=where, lines=lines, fields=_converted(fields, lines, where, known))


def _converted(
    fields: Mapping[str, Any], lines: Mapping[str, int], where: str, known: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    converted = {}
    for name, value in fields.items():
        place = f"{where}:{lines.get(name, 1)}"
        if name not in known:
            close = get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known fields: {', '.join(sorted(known))}"
            raise BadArticle(f"unknown field {name!r}", where=place, hint=hint)
        try:
            converted[name] = known[name](value)
        except (ValueError, TypeError) as error:
            raise BadArticle(f"{name}: {error}", where=place) from error
    return converted


def text(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read a line or block of text."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value.strip()


def words(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - as YAML gives it
    """Read a list of texts: a YAML list, or one line with commas."""
    parts = value if isinstance(value, list) else text(value).split(",")
    return tuple(text(part) for part in parts if text(part))


def truth(value: Any) -> bool:  # noqa: ANN401 - as YAML gives it
    """Read yes or no."""
    answer = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(text(value).lower())
    if answer is None:
        raise ValueError(f"{value!r} is neither yes nor no")
    return answer


def status(value: Any) -> bool:  # noqa: ANN401 - as YAML gives it
    """Read draft or ready; True = ready."""
    if text(value).lower() not in ("draft", "ready"):
        raise ValueError(f"{value!r} is neither draft nor ready")
    return text(value).lower() == "ready"


def link(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read an address on the web."""
    address = text(value)
    if not re.fullmatch(r"https?://[^\s/]+\.?[^\s]*", address):
        raise ValueError(f"{address!r} is not an address that starts with https:// or http://")
    return address


def language(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read a BCP 47 language tag."""
    if not LANGUAGE.fullmatch(text(value)):
        raise ValueError(f"{value!r} is not a language tag such as en, fa or pt-BR")
    return text(value)


def visibility(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read who may see the posts where a platform lets one choose."""
    if text(value) not in VISIBILITIES:
        raise ValueError(f"{value!r} is none of {', '.join(VISIBILITIES)}")
    return text(value)


def moment(zone: str) -> Callable[[Any], datetime]:
    """Return a reader of ISO 8601 dates and times; one without an offset is wall-clock time in `zone`."""

    def read_moment(value: Any) -> datetime:  # noqa: ANN401 - as YAML gives it
        try:
            found = datetime.fromisoformat(text(value))
        except ValueError as error:
            raise ValueError(f"{value!r} is not a date such as 2026-12-01 or 2026-12-01 09:30") from error
        return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))

    return read_moment


def images(value: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - as YAML gives it
    """Read pictures as (file, alt): a list of file names or of {file, alt}."""
    return tuple(_image(each) for each in (value if isinstance(value, list) else [value]))


def _image(value: Any) -> tuple[str, str]:  # noqa: ANN401 - as YAML gives it
    if isinstance(value, str):
        return text(value), ""
    if not isinstance(value, dict) or "file" not in value or set(value) - {"file", "alt"}:
        raise ValueError("each image is a file name, or `file:` with `alt:`")
    return text(value["file"]), text(value.get("alt", ""))
