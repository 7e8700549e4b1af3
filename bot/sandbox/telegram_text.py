"""What Telegram does to a text: cleaning, trimming, checking the given entities and finding its own.

Source: github.com/tdlib/td, MessageEntity.cpp (fix_formatted_text, find_mentions, find_hashtags, find_bot_commands), read
2026-11. Of web addresses only the usual kinds are found: with http(s)://, and bare domains under well-known endings.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.telegram_wire import Refusal

Entity = dict[str, Any]
#: (start, end) in code points, the entity's type, its address.
Stretch = tuple[int, int, str, str]

#: What a bot may mark; the second set Telegram finds by itself and ignores when given.
MARKS = frozenset(
    [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ]
)
FOUND = frozenset(["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"])

_SHORT_NAMES = "gif|wiki|vid|bing|pic|bold|imdb|coub|like|vote|giff"
_TAG_LETTER = r"[\w\u200c\u00b7\u0d80-\u0dff]"
_FINDERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "url",
        re.compile(
            r"(?<![\w@.-])(?:https?://[\w.-]+(?::\d+)?|(?:[\w-]+\.)+(?:com|org|net|info|edu|gov|io|eu|uk|de|fr|es|ir)\b)"
            r"(?:[/?#][^\s<>\"«»]*[^\s<>\"«»!?.,:;)'\]])?/?",
            re.IGNORECASE,
        ),
    ),
    ("mention", re.compile(rf"(?<!\w)@(?:[A-Za-z0-9_]{{5,32}}|(?i:{_SHORT_NAMES}))(?!\w)")),
    (
        "hashtag",
        re.compile(
            rf"(?<!{_TAG_LETTER})(?<!#)#(?=\d*[^\W\d]|{_TAG_LETTER}*[^\W\d]){_TAG_LETTER}{{1,256}}+(?!#)(?:@[A-Za-z]\w{{2,31}})?"
        ),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?+(?![\w/<>@])")),
)


def formatted(raw: str, given: Sequence[Entity]) -> tuple[str, list[Entity]]:
    """Return a text as Telegram keeps it, with all its entities in UTF-16 units; Refusal when one cannot stand."""
    # Where each code point starts in UTF-16 units, and where the text ends.
    starts = [0]
    for letter in raw:
        starts.append(starts[-1] + (2 if ord(letter) > 0xFFFF else 1))
    marks = [mark for entity in given if (mark := _mark(entity, starts)) is not None]
    text, marks = _trimmed("".join(" " if ord(letter) < 32 and letter != "\n" else letter for letter in raw), marks)
    return text, _in_utf16(text, sorted([*marks, *_found(text, marks)]))


def _mark(entity: Entity, starts: list[int]) -> Stretch | None:
    kind = entity.get("type", "")
    if kind in FOUND:
        return None
    if kind not in MARKS:
        raise Refusal("can't parse MessageEntity: Unsupported type specified")
    offset, end = int(entity["offset"]), int(entity["offset"]) + int(entity["length"])
    if offset > starts[-1]:
        raise Refusal(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if end > starts[-1]:
        raise Refusal(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {end}"
        )
    first, last = bisect_left(starts, offset), bisect_left(starts, end)
    if starts[first] != offset:
        raise Refusal(f"entity begins in a middle of a UTF-16 symbol at byte offset {offset}")
    if starts[last] != end:
        raise Refusal(
            f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol at byte offset {end}"
        )
    return first, last, kind, _address(entity) if kind == "text_link" else ""


def _address(entity: Entity) -> str:
    url = str(entity.get("url", ""))
    whole = url if "://" in url else f"http://{url}/"
    host = urlsplit(whole).netloc
    if "." not in host.strip(".") or any(letter.isspace() for letter in url):
        raise Refusal(f"entity URL '{url}' is invalid: Wrong HTTP URL")
    return whole


def _trimmed(text: str, marks: list[Stretch]) -> tuple[str, list[Stretch]]:
    """Cut blanks off the end, and off the start as far as no entity has begun."""
    end = len(text.rstrip())
    start = min([len(text) - len(text.lstrip()), *(mark[0] for mark in marks)]) if end else 0
    kept = [(first - start, min(last, end) - start, kind, url) for first, last, kind, url in marks if first < end]
    return text[start:end], [mark for mark in kept if mark[0] < mark[1]]


def _found(text: str, marks: list[Stretch]) -> Iterable[Stretch]:
    """Yield what Telegram finds by itself outside links and code, and never two in one place."""
    taken = [mark for mark in marks if mark[2] in ("text_link", "text_mention", "code", "pre")]
    for kind, pattern in _FINDERS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if all(end <= first or start >= last for first, last, _, _ in taken):
                taken.append((start, end, kind, ""))
                yield taken[-1]


def _in_utf16(text: str, stretches: Iterable[Stretch]) -> list[Entity]:
    return [
        {
            "offset": _units(text[:start]),
            "length": _units(text[start:end]),
            "type": kind,
            **({"url": url} if kind == "text_link" else {}),
        }
        for start, end, kind, url in stretches
    ]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def spans_of(text: str, entities: Iterable[Entity]) -> tuple[tuple[int, int, str, str], ...]:
    """Return entities as spans in code points: (start, end, kind, target); kinds are link, tag, mention, command, bold ..."""
    units = text.encode("utf-16-le", "surrogatepass")
    spans = []
    for entity in entities:
        first, last = entity["offset"], entity["offset"] + entity["length"]
        start = len(units[: 2 * first].decode("utf-16-le", "surrogatepass"))
        words = units[2 * first : 2 * last].decode("utf-16-le", "surrogatepass")
        spans.append((start, start + len(words), *_meaning(entity, words)))
    return tuple(spans)


def _meaning(entity: Entity, words: str) -> tuple[str, str]:
    match entity["type"]:
        case "text_link":
            return "link", str(entity["url"])
        case "url":
            return "link", words if "://" in words else f"http://{words}"
        case "hashtag":
            return "tag", words.removeprefix("#")
        case "mention":
            return "mention", words.removeprefix("@")
        case "bot_command":
            return "command", words
        case other:
            return other, ""


def words_of(message: Entity) -> str:
    """Return a message's text, or its picture's caption."""
    return str(message.get("text", message.get("caption", "")))


def entities_of(message: Entity) -> list[Entity]:
    """Return the entities of a message's text or caption."""
    return list(message.get("entities") or message.get("caption_entities") or [])


def preview_of(message: Entity, spans: Iterable[tuple[int, int, str, str]]) -> dict[str, str]:
    """Return the card Telegram makes by itself: the address asked for, else the first link; none under pictures."""
    asked = message.get("link_preview_options", {})
    url = asked.get("url") or next((target for _, _, kind, target in spans if kind == "link"), "")
    if not url or asked.get("is_disabled") or "photo" in message:
        return {}
    return {"url": url, "title": urlsplit(url).hostname or url, "description": ""}
