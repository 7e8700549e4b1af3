"""The front matter of an article and the fields of campaign.yaml: known names, types, and the line each stands on.

YAML is read with every scalar as text, so that `language: no` is Norwegian and `title: 1984` a title.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.channel import LinkPlace
from bot.errors import BadArticle
from bot.sources.plain import tidy

FENCE = re.compile(r"\A(\s*)---[ \t]*\n(.*?)(?:^---[ \t]*$\n?|^\.\.\.[ \t]*$\n?)", re.DOTALL | re.MULTILINE)
#: Characters of front matter: far more than anybody writes, far less than takes long to parse.
LONGEST = 50_000
#: A value with a colon and a space in it, not quoted: what people write for a title, and what no YAML means.
COLON = re.compile(r"^(\w+:[ \t]+)(?![\"'\[{|>&*!%@`#])(\S.*:[ \t].*?)[ \t]*$", re.MULTILINE)
#: What PyYAML's complaints (by their words in scanner.py, parser.py, composer.py and constructor.py) mean.
PLAIN = (
    (r"stream end|end of stream", "a quote or a bracket is opened and never closed"),
    (r"mapping values are not allowed", "there is a colon where none can be: put the text in quotes"),
    (r"could not find expected ':'", "a colon is missing: each line is `name: value`"),
    (r"expected <block end>", "this does not fit what stands before it: look at quotes, brackets and indentation"),
    (r"expected ',' or '[]}]'", "a comma or the closing bracket is missing"),
    (r"'\\t'", "there is a tab: use blanks"),
    (r"start any token|the node content", "a value begins with a mark that it cannot begin with: put it in quotes"),
    (r"undefined alias", "a value begins with *, which means something else: put it in quotes"),
    (r"chomping or indentation", "text stands behind > or |: begin it on the next line"),
    (r"unhashable key", "a list stands where a name must"),
    (r"escape (character|sequence)", "a backslash stands in double quotes: use single quotes"),
)
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
    """Return front matter, the rest, and how many lines the front matter takes; BadArticle when it is never closed.

    Blank lines before the front matter stay in it, so that its second line is the file's second.
    """
    if not re.match(r"\s*---[ \t]*\n", text):
        return "", text, 0
    found = FENCE.match(text)
    if found is None:
        line = text[: text.index("---")].count("\n") + 1
        hint = "put a line with --- after its last field"
        raise BadArticle("the front matter is never closed", where=f"{where}:{line}", hint=hint)
    return "\n" * found[1].count("\n") + found[2], text[found.end() :], text[: found.end()].count("\n")


def read(yaml_text: str, where: str, known: Mapping[str, Callable[[Any], Any]], first_line: int = 2) -> Matter:
    """Parse fields and convert each by its reader in `known`; BadArticle names the line of the first that is wrong."""
    if not yaml_text.strip():
        return Matter(where=where)
    if len(yaml_text) > LONGEST:
        what = f"the fields have {len(yaml_text):,} characters, {LONGEST:,} is the most"
        raise BadArticle(what, where=f"{where}:{first_line}", hint="is the line with --- after them missing?")
    yaml_text = COLON.sub(lambda found: found[1] + "'" + found[2].replace("'", "''") + "'", yaml_text)
    node, fields = _parsed(yaml_text, where, first_line)
    if not isinstance(fields, dict):
        line = first_line + (node.start_mark.line if node else 0)
        raise BadArticle("the fields must be lines of `name: value`", where=f"{where}:{line}")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = first_line + key.start_mark.line
        if lines.setdefault(key.value, line) != line:
            raise BadArticle(f"{key.value} is there twice", where=f"{where}:{line}", hint="leave one of them")
    return Matter(where=where, lines=lines, fields=_converted(fields, lines, where, known))


def nodes(yaml_text: str, where: str, first_line: int) -> Any:  # noqa: ANN401 - PyYAML's nodes have no types
    """Return YAML as nodes that know their lines, None when it says nothing; BadArticle where it is not YAML."""
    import yaml

    return _read(lambda: yaml.compose(yaml_text, Loader=yaml.BaseLoader), yaml_text, where, first_line)


def _parsed(yaml_text: str, where: str, first_line: int) -> tuple[Any, Any]:
    """Return the fields as nodes that know their lines, and as values."""
    import yaml

    def load() -> Any:  # noqa: ANN401 - what YAML gives
        return yaml.load(yaml_text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes text, lists and dicts only

    return nodes(yaml_text, where, first_line), _read(load, yaml_text, where, first_line)


def _read(reader: Callable[[], Any], yaml_text: str, where: str, first_line: int) -> Any:  # noqa: ANN401 - as above
    """Return what a reader of YAML gives, its complaints as BadArticle with the line."""
    import yaml

    try:
        return reader()
    except yaml.reader.ReaderError as error:
        line, what = yaml_text.count("\n", 0, error.position), f"{error.reason} (#x{error.character:04x})"
        cause: Exception = error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        what, cause = _plainly(error.problem or ""), error
    except RecursionError as error:
        line, what, cause = 0, "brackets within brackets without end", error
    hint = "check quotes, colons and indentation there"
    raise BadArticle(f"the fields cannot be read: {what}", where=f"{where}:{first_line + line}", hint=hint) from cause


def _plainly(problem: str) -> str:
    """Return what a complaint of the YAML library means to somebody who writes articles."""
    return next((words for pattern, words in PLAIN if re.search(pattern, problem)), problem or "they are not YAML")


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
        if value == "":
            continue
        try:
            converted[name] = known[name](value)
        except (ValueError, TypeError) as error:
            raise BadArticle(f"{name}: {error}", where=place) from error
    return converted


def text(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read a line or block of text."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return tidy(value).strip()


def words(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - as YAML gives it
    """Read a list of texts: a YAML list, or one line with commas of any script."""
    parts = value if isinstance(value, list) else re.split("[,،、，]", text(value))
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


def alt(value: Any) -> bool:  # noqa: ANN401 - as YAML gives it
    """Read whether pictures must be described; True = required."""
    if text(value).lower() not in ("required", "optional"):
        raise ValueError(f"{value!r} is neither required nor optional")
    return text(value).lower() == "required"


def passage(fields: Matter, name: str, source: str) -> str:
    """Return a field's words; "120-380" stands for what the article's text has from one offset to the other."""
    written: str = fields.get(name)
    offsets = re.fullmatch(r"([0-9]+)\s*[-–]\s*([0-9]+)", written)
    if offsets is None:
        return written
    start, end = map(int, offsets.groups())
    if not start < end <= len(source) or not source[start:end].strip():
        what = f"{name}: {written} is no passage of this text, which has {len(source):,} characters"
        raise BadArticle(what, where=fields.at(name), hint="`handbill excerpts` shows passages with their offsets")
    return source[start:end].strip()


def link(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read an address on the web."""
    address = text(value)
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", address, re.IGNORECASE):
        raise ValueError(f"{address!r} is not an address that starts with https:// or http://")
    return address


def places(value: Any) -> tuple[tuple[str, LinkPlace], ...]:  # noqa: ANN401 - as YAML gives it
    """Read where the link goes: text, reply, card or omit for each channel or platform that is named."""
    if not isinstance(value, dict):
        raise ValueError("must be lines of `channel: place`")
    known = {place.name.lower(): place for place in LinkPlace}
    for name, place in value.items():
        if text(place).lower() not in known:
            raise ValueError(f"{place!r} for {name} is none of {', '.join(known)}")
    return tuple((name, known[text(place).lower()]) for name, place in value.items())


def language(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read a BCP 47 language tag."""
    if not LANGUAGE.fullmatch(text(value)):
        raise ValueError(f"{value!r} is not a language tag such as en, fa or pt-BR")
    return text(value)


def visibility(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """Read who may see the posts where a platform lets one choose."""
    if text(value).lower() not in VISIBILITIES:
        raise ValueError(f"{value!r} is none of {', '.join(VISIBILITIES)}")
    return text(value).lower()


def moment(zone: str, at: time = time.min) -> Callable[[Any], datetime]:
    """Return a reader of ISO 8601 dates and times, which gives aware UTC; what has no offset is wall-clock time in `zone`.

    A date alone is that day `at` this time.
    """

    def read_moment(value: Any) -> datetime:  # noqa: ANN401 - as YAML gives it
        written = text(value)
        try:
            day = re.fullmatch(r"[\dW-]+", written)
            found = datetime.combine(date.fromisoformat(written), at) if day else datetime.fromisoformat(written)
            return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{written[:40]!r} is not a date such as 2026-12-01 or 2026-12-01 09:30") from error

    return read_moment


def images(value: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - as YAML gives it
    """Read pictures as (file, alt): a list of file names or of {file, alt}."""
    return tuple(_image(each) for each in (value if isinstance(value, list) else [value]))


def _image(value: Any) -> tuple[str, str]:  # noqa: ANN401 - as YAML gives it
    if isinstance(value, str):
        value = {"file": value}
    if not isinstance(value, dict) or set(value) - {"file", "alt"} or not value.get("file"):
        raise ValueError("each image is a file name, or `file:` with `alt:`")
    return text(value["file"]), " ".join(text(value.get("alt", "")).split())
