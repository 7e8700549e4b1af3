"""What followers could see: the ledger of effects that every simulated service writes to, and the faults to inject."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture as followers get it: `sha256` names its bytes in the world's `pictures`."""

    sha256: str
    media_type: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One message that followers could see. `id` is the platform's own; `thread` the id of the thread's first message.

    `key` is the idempotency key or record key it came with, `length` its length by the service's own count and `limit`
    what that may be. `spans` are (start, end, kind, target) in code points of `text`. `card` has url, title,
    description and the picture's sha256. `removed` is when it was taken down.
    """

    platform: str
    account: str
    id: str
    text: str
    at: str
    url: str
    key: str = ""
    reply_to: str = ""
    thread: str = ""
    images: tuple[Shown, ...] = ()
    card: dict[str, str] = field(default_factory=dict)
    spans: tuple[tuple[int, int, str, str], ...] = ()
    language: str = ""
    warning: str = ""
    visibility: str = ""
    length: int = 0
    limit: int = 0
    removed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to go wrong on a service's requests.

    `kind`: delay, refuse (connection closed, no effect), reset (connection reset after the effect), error (a `status` of
    400 and up in the platform's own shape, no effect), error-after (the same, after the effect), truncate (the answer
    cut in half, after the effect), garbage (200 with HTML, after the effect), unauthorised (401 until lifted), flood (429
    with `seconds` to wait). `on`: "publish" or "any". `times` how many requests it hits, 0 = until lifted.
    """

    platform: str
    kind: str
    on: str = "publish"
    times: int = 1
    status: int = 503
    seconds: float = 1.0


class Service(Protocol):
    """One simulated platform. Its routes stand under /NAME."""

    name: str

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the service's routes, paths without the /NAME prefix."""
        ...

    def publishes(self, request: web.Request) -> bool:
        """Tell whether this request would make something public (the fault door's "publish")."""
        ...

    def error(self, status: int, *, wait: float = 0) -> web.Response:
        """Return an error in the platform's own shape; for 429, `wait` seconds in the platform's own way."""
        ...


class World:
    """The ledger of effects. Services call `publish` and `remove`; tests and the page read `effects`."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.pictures: dict[str, tuple[bytes, str]] = {}
        self.faults: list[Fault] = []
        self.changed = asyncio.Event()
        self._ids = itertools.count(1)

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return datetime.now(UTC)

    def number(self) -> int:
        """Return a number that was not returned before, growing."""
        return next(self._ids)

    def keep(self, data: bytes, media_type: str) -> str:
        """Keep a picture; return its sha256."""
        digest = sha256(data).hexdigest()
        self.pictures[digest] = (data, media_type)
        return digest

    def publish(self, effect: Effect) -> Effect:
        """Make a message visible to followers."""
        self.effects.append(effect)
        self._changed()
        return effect

    def remove(self, platform: str, id: str) -> Effect | None:
        """Take a visible message down; None when there is none of that id."""
        for index, effect in enumerate(self.effects):
            if (effect.platform, effect.id) == (platform, id) and not effect.removed:
                self.effects[index] = replace(effect, removed=self.now().isoformat())
                self._changed()
                return self.effects[index]
        return None

    def visible(self, platform: str, account: str = "") -> list[Effect]:
        """Return what followers see now on a platform (and account), oldest first."""
        return [
            effect
            for effect in self.effects
            if effect.platform == platform and not effect.removed and account in ("", effect.account)
        ]

    def by_key(self, platform: str, key: str) -> Effect | None:
        """Return the visible message that was published with this key."""
        return next((effect for effect in self.visible(platform) if key and effect.key == key), None)

    def ledger(self) -> list[dict[str, Any]]:
        """Return all effects as JSON-ready dicts, oldest first, removed ones too."""
        return [asdict(effect) for effect in self.effects]

    def _changed(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()
