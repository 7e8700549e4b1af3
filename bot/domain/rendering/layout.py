"""The template of a campaign, filled: where each field of it stands in the text."""

import re
from dataclasses import dataclass
from functools import lru_cache

_FIELD = re.compile(r"\{(warning|excerpt|title|link|tags|required|source|disclosure|part|parts)\}")
_EVERYWHERE = frozenset({"warning", "excerpt", "part", "parts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What fills the fields of a template; "" and () leave a field empty. `tags` stand without their "#".

    `required` are the hashtags that a campaign puts into every post; `woven` are those that have their "#" in the excerpt,
    so that they are none of `tags`.
    """

    warning: str = ""
    excerpt: str = ""
    title: str = ""
    link: str = ""
    tags: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    woven: tuple[str, ...] = ()
    source: str = ""
    disclosure: str = ""
    part: str = ""
    parts: str = ""

    def filling(self, field: str) -> str:
        """Return what stands for one field."""
        said = getattr(self, field)
        return said if isinstance(said, str) else " ".join(f"#{tag}" for tag in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a field stands: `text[start:end]`, offsets in code points."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A text laid out by a template, and where its fields stand in it."""

    text: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line: (is a field, its name or the literal words) in order; `fields` its field names.

    `before` True when it stands above the line of the excerpt, False when it is that line or stands below.
    """

    tokens: tuple[tuple[bool, str], ...]
    fields: frozenset[str]
    before: bool

    def bare(self) -> bool:
        """Whether it is a blank line."""
        return not self.fields and not "".join(words for _, words in self.tokens).strip()

    def shown(self, words: Words, *, first: bool, last: bool) -> bool:
        """Whether it belongs in this part: a line of fixed words goes to the first or the last part of a thread."""
        if not self.fields:
            return first if self.before else last
        return any(words.filling(field) for field in self.fields)


@lru_cache(maxsize=256)
def _lines(template: str) -> tuple[_Line, ...]:
    lines: list[_Line] = []
    rows = template.split("\n")
    excerpt_at = next((number for number, row in enumerate(rows) if "{excerpt}" in row), len(rows))
    for number, row in enumerate(rows):
        bits = _FIELD.split(row)  # literal, field, literal, field ... literal
        tokens = tuple((bool(index % 2), bit) for index, bit in enumerate(bits) if bit)
        fields = frozenset(bit for is_field, bit in tokens if is_field)
        lines.append(_Line(tokens=tokens, fields=fields, before=number < excerpt_at))
    return tuple(lines)


def fields(template: str) -> frozenset[str]:
    """Return the names of the fields a template has."""
    return frozenset(_FIELD.findall(template))


def lay(template: str, words: Words, *, first: bool = True, last: bool = True) -> Laid:
    """Fill a template: lines whose fields are all empty go away, blank lines collapse, the words stay as they are.

    `first` and `last` tell which part of a thread it is; fixed lines above the excerpt stand in the first one, those
    below it in the last one.
    """
    text, gap = "", ""
    places: list[Place] = []
    for line in _lines(template):
        if line.bare():
            gap = "\n\n" if text else ""
        elif line.shown(words, first=first, last=last):
            row, found = _filled(line, words)
            start = len(text) + len(gap)
            places += [Place(field=at.field, start=start + at.start, end=start + at.end) for at in found]
            text, gap = text + gap + row, "\n"
    return Laid(text=text, places=tuple(places))


def _filled(line: _Line, words: Words) -> tuple[str, list[Place]]:
    """Return one line's text without white space at its ends, and where its fields stand."""
    row, joint = "", ""
    places: list[Place] = []
    for number, (is_field, token) in enumerate(line.tokens):
        bit = words.filling(token) if is_field else token
        if not is_field and 0 < number < len(line.tokens) - 1 and not any(map(str.isalnum, token)):
            joint = token  # what parts two fields is not wanted where one of them is empty
        elif bit:
            row += joint if row else ""
            bit, joint = bit if row else bit.lstrip(), ""
            places += [Place(field=token, start=len(row), end=len(row) + len(bit))] if is_field else []
            row += bit
    return row.rstrip(), places
