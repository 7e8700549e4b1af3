"""Other people's test cases on lengths, links, mentions and tags, and the question each section puts to our code.

docs/conformance.md tells, section by section, how many cases there are and which are not passed; the tests hold it to
that. A case is known by its place in its section, counted from 0.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.text import measure
from bot.domain.text.links import links, mentions, rich, tags
from tests.vectors import vectors

PAGE = Path(__file__).resolve().parents[1] / "docs" / "conformance.md"

WEIGHTED = Limits(length=280, unit=Unit.WEIGHTED, url_weight=23)
FIRST_RULES = Limits(length=140, unit=Unit.CODE_POINTS, url_weight=23)
FEDIVERSE = Limits(
    length=500,
    unit=Unit.GRAPHEMES,
    url_weight=23,
    link_rule=LinkRule.SCHEME,
    local_mentions=True,
    warning_counts=True,
)

Case = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Cases at `path` inside a vector file; one is passed when `ours` equals `theirs`."""

    file: str
    path: tuple[str, ...]
    ours: Callable[[Case], object]
    theirs: Callable[[Case], object]

    @property
    def name(self) -> str:
        return " ".join((self.file, *(step for step in self.path if step != "tests")))

    def cases(self) -> list[Case]:
        found = _content(self.file)
        for step in self.path:
            found = found[step]
        return [{"text": case, "graphemes": 1} if isinstance(case, str) else case for case in found]

    def missed(self) -> set[int]:
        return {number for number, case in enumerate(self.cases()) if self.ours(case) != self.theirs(case)}


@cache
def _content(file: str) -> Any:
    text = vectors(file).read_text(encoding="utf-8")
    return (
        json.loads(text) if file.endswith(".json") else yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )


def _expected(case: Case) -> object:
    return case["expected"]


def _cut(spans: Any, case: Case) -> list[str]:
    return [case["text"][span.start : span.end] for span in spans]


def _urls(case: Case) -> list[str]:
    return _cut(links(case["text"], LinkRule.BARE), case)


def _names(case: Case) -> list[str]:
    return [span.target for span in mentions(case["text"], LinkRule.BARE)]


def _hashtags(case: Case) -> list[str]:
    return [span.target for span in tags(case["text"])]


def _placed(find: Callable[[str], Any]) -> Callable[[Case], object]:
    return lambda case: [(span.start, span.end) for span in find(case["text"])]


def _indices(case: Case) -> object:
    return [tuple(found["indices"]) for found in case["expected"] if not found.get("list_slug")]


def _bare(text: str) -> Any:
    return links(text, LinkRule.BARE)


def _pinged(text: str) -> Any:
    return mentions(text, LinkRule.BARE)


def _is_whole(find: Callable[[str], Any]) -> Callable[[Case], object]:
    def ours(case: Case) -> bool:
        return [(span.start, span.end) for span in find(case["text"])] == [(0, len(case["text"]))]

    return ours


def _sayable(text: str, limits: Limits) -> bool:
    """Whether a post may consist of this text alone: nothing at all is short enough, but nothing to say."""
    return text != "" and measure.fits(text, limits)


def _weighted(case: Case) -> object:
    length = measure.length(case["text"], WEIGHTED)
    return length, length * 1000 // 280, _sayable(case["text"], WEIGHTED)


def _weighted_theirs(case: Case) -> object:
    return tuple(case["expected"][field] for field in ("weightedLength", "permillage", "valid"))


def _facets(*kinds: str) -> Callable[[Case], object]:
    def ours(case: Case) -> object:
        text = case["text"]
        return [
            (measure.byte_offset(text, span.start), measure.byte_offset(text, span.end), span.kind.value, span.target)
            for span in rich(text)
            if span.kind.value in kinds
        ]

    return ours


def _facets_theirs(case: Case) -> object:
    return [
        (
            facet["byteStart"],
            facet["byteEnd"],
            facet["type"],
            facet.get("uri") or facet.get("handle") or facet.get("tag"),
        )
        for facet in case["facets"]
    ]


def _units(case: Case) -> object:
    text = case["text"]
    whole = (len(text), measure.utf16_offset(text, len(text)), measure.byte_offset(text, len(text)))
    return *whole, measure.graphemes(text), measure.length(text, WEIGHTED), measure.length(text, FEDIVERSE)


def _extract(key: str, ours: Callable[[Case], object], theirs: Callable[[Case], object] = _expected) -> Section:
    return Section(file="twitter-text/extract.yml", path=("tests", key), ours=ours, theirs=theirs)


def _validate(key: str, ours: Callable[[Case], object], theirs: Callable[[Case], object] = _expected) -> Section:
    return Section(file="twitter-text/validate.yml", path=("tests", key), ours=ours, theirs=theirs)


def _tlds(key: str) -> Section:
    return Section(file="twitter-text/tlds.yml", path=("tests", key), ours=_urls, theirs=_expected)


def _marked(key: str, *kinds: str) -> Section:
    return Section(file="bluesky/facets.json", path=(key,), ours=_facets(*kinds), theirs=_facets_theirs)


def _detected(key: str, find: Callable[[str], Any], theirs: str) -> Section:
    return Section(
        file="telegram/tdlib_entities.json",
        path=(key,),
        ours=lambda case: _cut(find(case["text"]), case),
        theirs=lambda case: case[theirs],
    )


LENGTHS = (
    _validate("WeightedTweetsWithDiscountedEmojiCounterTest", _weighted, _weighted_theirs),
    _validate("UnicodeDirectionalMarkerCounterTest", _weighted, _weighted_theirs),
    _validate("WeightedTweetsCounterTest", _weighted, _weighted_theirs),
    _validate("tweets", lambda case: _sayable(case["text"], FIRST_RULES)),
    Section(
        file="twitter-text/x_weighted_extra.json",
        path=(),
        ours=lambda case: (
            measure.length(case["text"], WEIGHTED),
            _sayable(case["text"], WEIGHTED),
            _urls(case),
        ),
        theirs=lambda case: (case["weightedLength"], case["valid"], [found["url"] for found in case["urls"]]),
    ),
    Section(
        file="mastodon/length.json",
        path=("cases",),
        ours=lambda case: (
            measure.length(case["text"], FEDIVERSE, warning=case.get("spoiler_text", "")),
            measure.fits(case["text"], FEDIVERSE, warning=case.get("spoiler_text", "")),
        ),
        theirs=lambda case: (case["length"], case["valid_at_500"]),
    ),
    Section(
        file="unicode/length_units.json",
        path=(),
        ours=_units,
        theirs=lambda case: tuple(
            case[unit] for unit in ("code_points", "utf16_units", "utf8_bytes", "graphemes", "x_weighted", "mastodon")
        ),
    ),
    Section(
        file="bluesky/facets.json",
        path=("lengths",),
        ours=lambda case: (measure.byte_offset(case["text"], len(case["text"])), measure.graphemes(case["text"])),
        theirs=lambda case: (case["utf8_bytes"], case["graphemes"]),
    ),
    *(
        Section(
            file="unicode/graphemes.json",
            path=(key,),
            ours=lambda case: measure.graphemes(case["text"]),
            theirs=lambda case: case["graphemes"],
        )
        for key in ("cases", "emoji")
    ),
)

FINDS = (
    _extract("urls", _urls),
    _extract("urls_with_indices", _placed(_bare), _indices),
    _extract("urls_with_directional_markers", _placed(_bare), _indices),
    _extract("tco_urls_with_params", _urls),
    _extract("mentions", _names),
    _extract("mentions_with_indices", _placed(_pinged), _indices),
    _extract("mentions_or_lists_with_indices", _placed(_pinged), _indices),
    _extract("hashtags", _hashtags),
    _extract("hashtags_from_astral", _hashtags),
    _extract("hashtags_with_indices", _placed(tags), _indices),
    _tlds("country"),
    _tlds("generic"),
    _validate("usernames", _is_whole(_pinged)),
    _validate("hashtags", _is_whole(tags)),
    _validate("urls_without_protocol", _is_whole(_bare)),
    _validate("urls", _is_whole(_bare)),
    _marked("mentions_and_links", "mention", "link"),
    _marked("tags", "tag"),
    _marked("cashtags", "tag"),
    _detected("url", _bare, "urls"),
    _detected("mention", _pinged, "expected"),
    _detected("hashtag", tags, "expected"),
)


def counted() -> dict[str, tuple[int, int]]:
    """Return what the page says of each section: cases and passed."""
    rows = re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (int(cases), int(passed)) for name, cases, passed in rows}


def excused() -> dict[str, set[int]]:
    """Return the cases for which the page gives a reason, by section."""
    rows = re.findall(
        r"^\| `([^`]+)` \| ([\d ]+) \| [^|]*[a-z][^|]* \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    places: dict[str, set[int]] = {}
    for name, numbers in rows:
        places.setdefault(name, set()).update(map(int, numbers.split()))
    return places
