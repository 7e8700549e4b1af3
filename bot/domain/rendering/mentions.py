"""Names from the handle directory in a manager's own words: "{@Ada Brand}" becomes a mention, or the plain name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.domain.directory import Directory
from bot.domain.post import Span, SpanKind
from bot.domain.rendering.layout import Laid

_NAMED = re.compile(r"\{@([^{}\n]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A text in which names became mentions: `starts` are the places of their "@", `handles` who they mention.

    `ends` are the text's sentence ends; `unknown` the names that the directory has not.
    """

    text: str
    ends: tuple[int, ...] = ()
    starts: frozenset[int] = frozenset()
    handles: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def addressed(text: str, directory: Directory, platform: str, ends: tuple[int, ...] = ()) -> Addressed:
    """Return a manager's own words with each "{@name}" as the handle on that platform, or as the plain name."""
    written, at, moved = "", 0, list(ends)
    starts: list[int] = []
    handles: list[str] = []
    unknown: list[str] = []
    for match in _NAMED.finditer(text):
        name = " ".join(match[1].split())
        handle = directory.handle(name, platform)
        written += text[at : match.start()]
        moved = _moved(moved, len(written), len(match[0]), len(handle) + 1 if handle else len(name))
        starts += [len(written)] * bool(handle)
        handles += [handle] * bool(handle)
        unknown += [] if directory.entry(name) else [name]
        written, at = written + (f"@{handle}" if handle else name), match.end()
    return Addressed(
        text=written + text[at:],
        ends=tuple(moved),
        starts=frozenset(starts),
        handles=tuple(handles),
        unknown=tuple(unknown),
    )


def unnamed(text: str) -> str:
    """Return a text in which nobody is mentioned with each "{@name}" as the plain name."""
    return _NAMED.sub(lambda match: " ".join(match[1].split()), text)


def signed(name: str, directory: Directory, platform: str) -> Addressed:
    """Return an author's handle on that platform as a mention, or the plain name."""
    if handle := directory.handle(name, platform):
        return Addressed(text=f"@{handle}", starts=frozenset({0}), handles=(handle,))
    return Addressed(text=name)


def marked(laid: Laid, handles: tuple[str, ...], own: frozenset[str]) -> Iterator[Span]:
    """Yield where those handles stand in a message: in its fixed words and in the fields that are the manager's `own`."""
    copied = [(place.start, place.end) for place in laid.places if place.field not in own]
    for handle in dict.fromkeys(handles):
        for match in _mention(handle)(laid.text):
            if not any(start < match.end() and match.start() < end for start, end in copied):
                yield Span(kind=SpanKind.MENTION, start=match.start(), end=match.end(), target=handle)


def _mention(handle: str) -> Callable[[str], Iterator[re.Match[str]]]:
    """Return what finds a handle where it is a word of its own, as platforms see words."""
    return re.compile(rf"(?<![\w@＠/])@{re.escape(handle)}(?![\w@＠-]|\.\w)").finditer


def _moved(ends: list[int], start: int, before: int, after: int) -> list[int]:
    """Return sentence ends when `before` letters at a place become `after`; an end inside them is none."""
    kept = (end for end in ends if not start < end < start + before)
    return [end + after - before if end >= start + before else end for end in kept]
