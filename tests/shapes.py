"""docs/json.md as a schema: its tables say what every command may print as JSON."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "json.md"
ROW = re.compile(r"^\| (`.+?`) \| ([^|]+?) \|", re.MULTILINE)


def documented() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return what each command prints, and the fields and types of each shape."""
    first, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    prints = {name: kind for names, kind in ROW.findall(first) for name in re.findall(r"`(.+?)`", names)}
    shapes = {
        section.partition("\n")[0]: {name.strip("`"): kind for name, kind in ROW.findall(section)}
        for section in sections
    }
    shapes["Story"] = shapes["Delivery"] | shapes["Story"]
    return prints, shapes


PRINTS, SHAPES = documented()


def misfits(value: Any, kind: str, at: str = "") -> list[str]:
    """Return where a value is not what the page says, as paths and reasons; nothing when it is."""
    if kind.endswith(" or null"):
        return [] if value is None else misfits(value, kind.removesuffix(" or null"), at)
    if kind.startswith("list of "):
        if not isinstance(value, list):
            return [f"{at}: {value!r} is no list"]
        each = kind.removeprefix("list of ")
        return [fault for index, one in enumerate(value) for fault in misfits(one, each, f"{at}[{index}]")]
    if kind == "number by state":
        return [fault for name, count in value.items() for fault in misfits(count, "number", f"{at}.{name}")]
    if kind in SHAPES:
        fields = SHAPES[kind]
        if not isinstance(value, dict) or set(value) != set(fields):
            return [f"{at}: has {sorted(value)}, the page says {sorted(fields)}"]
        return [fault for name, each in fields.items() for fault in misfits(value[name], each, f"{at}.{name}")]
    return [] if plain(value, kind) else [f"{at}: {value!r} is no {kind}"]


def plain(value: Any, kind: str) -> bool:
    """Tell whether a value is of one of the page's simple types."""
    match kind:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "yes or no":
            return isinstance(value, bool)
        case "time":
            return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0)
    raise AssertionError(f"docs/json.md has no such type: {kind!r}")
