"""Finding: one thing about a post that somebody should look at. Earlier: what was said before, to hold it against."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is: with an ERROR a post is not sent unseen."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody should look at: what it is and how to mend it, in words for a manager.

    `rule` is the stable id of the rule, `part` the number of the part meant, 0 = the whole post.
    """

    level: Level
    what: str
    fix: str
    part: int = 0
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What another delivery said, or will say, on a channel: all its parts' words, and when (aware UTC)."""

    channel: str
    at: datetime
    text: str
    delivery: str
