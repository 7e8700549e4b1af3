"""Structured logs on standard error, with every live secret blotted out by value wherever it turns up."""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict, WrappedLogger

#: Libraries that log addresses or bodies: a Telegram address holds the bot's token.
QUIET = (
    *("aiohttp", "alembic", "apscheduler", "asyncio", "httpcore", "httpx", "mastodon", "oauthlib"),
    *("requests_oauthlib", "telegram", "tweepy", "urllib3", "uvicorn", "watchfiles"),
)
BLOT = "[secret]"


def configure(level: str, secrets: Sequence[str]) -> None:
    """Send logs at `level` and above to standard error: lines for people on a terminal, JSON elsewhere."""
    threshold = getattr(logging, level.upper())
    logging.basicConfig(level=threshold, stream=sys.stderr, format="%(name)s: %(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Redacting(secrets))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    pretty = sys.stderr.isatty()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if pretty else "iso", utc=not pretty),
            structlog.processors.format_exc_info,
            Redacting(secrets).blot_event,
            structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class Redacting(logging.Filter):
    """Replaces every secret's value by a blot, in our events and in the records of libraries."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = sorted((each for each in secrets if len(each) >= 4), key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Blot the finished message of a library's record, and its traceback."""
        record.msg, record.args = self.blot(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.blot(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    def blot_event(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Blot every text of one of our own events."""
        return {key: self.blot(value) if isinstance(value, str) else value for key, value in event.items()}

    def blot(self, text: str) -> str:
        """Return the text without any secret, on one line as far as control characters go."""
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text
