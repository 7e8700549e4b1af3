"""What plans are made of, as people write it: weekdays, times, spans, zones, moments, money."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from bot.domain.pacing import MILLION
from bot.domain.plan import WEEKDAYS, instant
from bot.errors import BadInput

SPAN = re.compile(r"([0-9]{1,6})\s*(?:(s|sec|seconds?)|(m|min|minutes?)|(h|hours?)|(d|days?))", re.IGNORECASE)
TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WHOLE_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_SPAN = timedelta(days=366)
#: Years in which a blackout may lie: what comes later is a slip of the pen.
YEARS = range(2000, 2200)
#: The largest sum a budget may be, in whole units.
LARGEST_SUM = 1_000_000_000


def zone_of(name: str) -> str:
    """Return the name of an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"no time zone is called {name!r}", hint="use a name such as Europe/Paris") from error
    return name


def days_of(text: str) -> tuple[int, ...]:
    """Return weekdays by number: "mon-fri", "sat,sun", "daily"."""
    if text.strip().lower() == "daily":
        return tuple(range(7))
    chosen: set[int] = set()
    for piece in text.split(","):
        first, dash, last = (end.strip() for end in piece.partition("-"))
        start = _day(first, piece)
        end = _day(last, piece) if dash else start
        chosen |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(chosen))


def _day(text: str, piece: str) -> int:
    """Return the number of a weekday, in English, whole or its first three letters."""
    if text.lower() not in {*WEEKDAYS, *WHOLE_DAYS}:
        raise BadInput(f"{piece.strip()!r} is no weekday", hint=f"use {', '.join(WEEKDAYS)}, mon-fri, sat,sun or daily")
    return WEEKDAYS.index(text.lower()[:3])


def between(text: str) -> tuple[time, time]:
    """Return the ends of a time of day: "08:00-20:00"."""
    first, dash, last = text.partition("-")
    if not dash:
        raise BadInput(f"{text.strip()!r} does not say from when to when", hint="write it like 08:00-20:00")
    start, end = time_of(first), time_of(last)
    if end <= start:
        hint = "a day's slots cannot go past midnight: end at 23:59 at the latest"
        raise BadInput(f"{text.strip()!r} ends before it begins", hint=hint)
    return start, end


def time_of(text: str) -> time:
    """Return a time of day: "9:05", "17:30:15"."""
    match = TIME.fullmatch(text.strip())
    try:
        if match is not None:
            hour, minute, second = (int(each or 0) for each in match.groups())
            return time(hour, minute, second)
    except ValueError:
        match = None  # 25:00
    raise BadInput(f"{text.strip()!r} is no time of day", hint="write it like 09:00 or 17:30")


def span_of(text: str) -> timedelta:
    """Return a length of time: "45min", "2h"."""
    match = SPAN.fullmatch(text.strip())
    span = timedelta(0)
    if match is not None:
        size = next(size for size, unit in zip((1, 60, 3600, 86400), match.groups()[1:], strict=True) if unit)
        span = timedelta(seconds=int(match[1]) * size)
    if not timedelta(0) < span <= LONGEST_SPAN:
        raise BadInput(
            f"{text.strip()!r} is no length of time", hint="write it like 30s, 45min, 2h or 3d; a year at most"
        )
    return span


def said(span: timedelta) -> str:
    """Return a length of time as `--every` takes it."""
    seconds = int(span.total_seconds())
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def moment_of(text: str, zone: str, *, whole: bool = False) -> datetime:
    """Return a moment: "2026-12-24 18:00" in a zone. A day alone means its first instant, with `whole` the end of it."""
    day, _, at = text.strip().replace("T", " ").partition(" ")
    try:
        found = date.fromisoformat(day)
    except ValueError as error:
        hint = "write it like 2026-12-24 or '2026-12-24 18:00'"
        raise BadInput(f"{text.strip()!r} is no moment", hint=hint) from error
    if found.year not in YEARS:
        raise BadInput(f"{text.strip()!r} is not in our times")
    if at:
        return instant(found, time_of(at), ZoneInfo(zone))
    return instant(found + timedelta(days=int(whole)), time(0), ZoneInfo(zone))


def sum_of(text: str) -> int:
    """Return an amount of money in millionths: "20", "19.50"."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal(-1)
    if not (found.is_finite() and 0 <= found <= LARGEST_SUM and found * MILLION == int(found * MILLION)):
        raise BadInput(f"{text.strip()!r} is no sum of money", hint="write it like 20 or 19.50; 0 means no limit")
    return int(found * MILLION)
