"""Logs on standard error: lines for people on a terminal, JSON elsewhere; our events and libraries' records alike.

Three things hold for every line, whoever wrote it (OWASP ASVS 5.0, 16.2.5 and 16.4.1): no live secret stands in it; no
text from outside can end it and begin another or steer a terminal; and writing it never fails, since a full disk must not
come between an answer of a platform and the ledger.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TextIO
from urllib.parse import quote, quote_plus

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, WrappedLogger

BLOT = "[secret]"
#: Libraries speak up from here on only: below it they log addresses (a Telegram address holds the bot's token) and bodies.
LIBRARIES = logging.WARNING
#: Too short to be a secret, and likely to stand in any text.
SHORTEST = 4

#: What moves a cursor, ends a line, turns the direction of text around or is half a character.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def configure(level: str, secrets: Sequence[str]) -> None:
    """Send logs at `level` and above to standard error; `secrets` are the values that may stand nowhere."""
    threshold = getattr(logging, level.upper())
    pretty = sys.stderr.isatty()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _named,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if pretty else "iso", utc=not pretty),
            structlog.processors.format_exc_info,
            Redacting(secrets, margin="    | " if pretty else ""),
            structlog.dev.ConsoleRenderer() if pretty else _as_json,
        ],
        logger_factory=partial(Lines, sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(threshold, LIBRARIES), handlers=[FromLibraries(LIBRARIES)], force=True)


class Lines:
    """Writes finished lines to a stream, or nowhere when that cannot be written to; `name` says who speaks."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self._stream, self.name = stream, name

    def write(self, line: str) -> None:
        """Write one line."""
        with suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


class FromLibraries(logging.Handler):
    """Hands the records of the standard library's logging on, as events like our own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on; a record whose words and values do not match is told as it is."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's slip in a log call must not become a fault of ours
            said = f"{record.msg} {_shown(record.args)}"
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        structlog.get_logger(record.name).log(level, said, exc_info=record.exc_info)


class Redacting:
    """Makes every text of an event safe to be read, whatever it stands in; `margin` begins each line of a traceback."""

    def __init__(self, secrets: Sequence[str], margin: str) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._margin = margin

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Return the event in plain values without secrets."""
        traceback = event.pop("exception", None)
        safe = {
            self.line(key): self.line(value) if type(value) is str else self.plain(value)
            for key, value in event.items()
        }
        if traceback:
            lines = self.blotted(str(traceback)).split("\n")
            safe["exception"] = "\n".join(self._margin + self.line(each) for each in lines)
        return safe

    def plain(self, value: object) -> object:
        """Return a value as JSON knows it, every text in it on one line."""
        match value:
            case str():
                return self.line(value)
            case bool() | int() | float() | None:
                return value
            case Mapping():
                return {self.line(_shown(key)): self.plain(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.plain(each) for each in value]
        return self.line(_shown(value))

    def line(self, text: str) -> str:
        """Return the text on one line, control characters written out ("\\n"), secrets blotted."""
        if self._secrets:
            text = self._secrets.sub(BLOT, text)
        if text.isascii() and text.isprintable():
            return text
        return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

    def blotted(self, text: str) -> str:
        """Return the text with a blot for each secret."""
        return self._secrets.sub(BLOT, text) if self._secrets else text


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return to_json(event).decode()


def _named(logger: WrappedLogger, _: str, event: EventDict) -> EventDict:
    return {**event, "logger": logger.name} if logger.name else event


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may turn up: bare, in an address, in a form's body, inside a repr."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])


def _shown(value: object) -> str:
    """Return a value as text, whatever it does when asked for it."""
    try:
        return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)
    except Exception:  # noqa: BLE001 - what stands in a log line may be anything
        return f"a {type(value).__name__} that cannot be shown"
