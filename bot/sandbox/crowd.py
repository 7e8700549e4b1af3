"""Who reacts to what the simulated services show: people by the page's buttons or the door, and a lively audience.

The audience is made up of nothing but a post's id and age, so that it is the same whenever and by whomever it is asked.
"""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sandbox.world import Effect

KINDS = ("likes", "reposts")
#: Likes that the best post may get, how many seconds it takes to half of all, how many see a post for one who likes it.
MOST, HALF, SEEN = 60, 600.0, 23


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a post got so far."""

    replies: int
    reposts: int
    likes: int
    views: int


class Crowd:
    """All followers. `lively`: there is an audience besides those who press buttons. With a `folder` nothing is forgotten."""

    def __init__(self, folder: Path | None = None, *, lively: bool = False) -> None:
        self.lively = lively
        self._pressed: Counter[tuple[str, str, str]] = Counter()
        self._file = folder / "reactions.jsonl" if folder else None
        if self._file and self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # a line that was cut short by a kill
                    platform, post, kind = json.loads(line)
                    self._pressed[platform, post, kind] += 1

    def react(self, platform: str, post: str, kind: str) -> None:
        """Let one more follower like or repost a post."""
        self._pressed[platform, post, kind] += 1
        if self._file:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([platform, post, kind]) + "\n")

    def reactions(self, post: "Effect", beside: "Iterable[Effect]", now: datetime | None = None) -> Got:
        """Return what a post got, among it the replies that stand `beside` it."""
        likes, reposts = (self._pressed[post.platform, post.id, kind] for kind in KINDS)
        replies = sum(each.reply_to == post.id for each in beside)
        views = likes + reposts + replies
        if self.lively:
            share = sha256(f"{post.platform} {post.id}".encode()).digest()
            age = max(0.0, ((now or datetime.now(UTC)) - datetime.fromisoformat(post.at)).total_seconds())
            grown = age / (age + HALF)
            likes += int(grown * MOST * share[0] / 255)
            reposts += int(grown * MOST / 3 * share[1] / 255)
            replies += int(grown * MOST / 6 * share[2] / 255)
            views += int(grown * MOST * SEEN * (64 + share[0]) / 319)
        return Got(replies=replies, reposts=reposts, likes=likes, views=views)
