"""Rows that cannot be read as they were written: passed over and told, so that none hides another."""

import structlog

log = structlog.get_logger("store")

#: What was told of already.
_TOLD: set[tuple[str, str]] = set()


def pass_over(kind: str, name: str) -> None:
    """Tell once that the row of a "channel", "plan", "article" or "campaign" of that name cannot be read."""
    if (kind, name) not in _TOLD:
        _TOLD.add((kind, name))
        log.error("damaged", kind=kind, name=name, hint="it is passed over; `handbill doctor` tells what to do")
