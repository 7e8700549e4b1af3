"""What followers could see: the ledger of effects that every simulated service writes to, and the faults to inject."""

import asyncio
import itertools
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from bot.sandbox.crowd import Crowd


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

    `kind`, without effect: refuse (connection closed), error (a `status` of 400 and up in the platform's own shape),
    unauthorised (401 until lifted), flood (429 with `seconds` to wait, in the platform's own way), flood-bare (429 that tells
    no time and no more), delay (the request is served after `seconds`). After the effect: reset (connection reset),
    error-after (a `status`), truncate (the answer cut in half), garbage (200 with HTML), empty (the answer without its body),
    odd (JSON of another shape), drip (one byte a second). `on`: "publish", "upload" (of a picture that is not yet public),
    "look" (reading) or "any". `times` how many requests it hits, 0 = until lifted.
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
    """The ledger of effects. Services call `publish` and `remove`; tests and the page read `effects`.

    `rests` are the pauses that the fault door asked for: platform, since when (Unix time), for how many seconds.
    With a `folder` the world survives its process: every effect is appended to a journal there and read back at the
    start, pictures lie beside it. `lively`: its crowd reacts to what is posted, as followers do.
    """

    def __init__(self, folder: Path | None = None, *, lively: bool = False) -> None:
        self.effects: list[Effect] = []
        self.pictures: dict[str, tuple[bytes, str]] = {}
        self.faults: list[Fault] = []
        self.rests: list[tuple[str, float, float]] = []
        self.changed = asyncio.Event()
        self._journal = Journal(folder) if folder else None
        if self._journal:
            self._journal.replay(self)
        self.crowd = Crowd(folder, lively=lively)
        self._ids = itertools.count(len(self.effects) * 100 + 1)

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return datetime.now(UTC)

    def number(self) -> int:
        """Return a number that was not returned before, growing."""
        return next(self._ids)

    def keep(self, data: bytes, media_type: str) -> str:
        """Keep a picture; return its sha256."""
        digest = sha256(data).hexdigest()
        if self._journal and digest not in self.pictures:
            self._journal.keep(digest, data, media_type)
        self.pictures[digest] = (data, media_type)
        return digest

    def publish(self, effect: Effect) -> Effect:
        """Make a message visible to followers."""
        self._note(effect)
        return effect

    def remove(self, platform: str, id: str) -> Effect | None:
        """Take a visible message down; None when there is none of that id."""
        found = next((effect for effect in self.visible(platform) if effect.id == id), None)
        if found is None:
            return None
        removed = replace(found, removed=self.now().isoformat())
        self._note(removed)
        return removed

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

    def react(self, platform: str, id: str, kind: str) -> bool:
        """Let a follower like or repost a visible message; False when there is none of that id."""
        if all(effect.id != id for effect in self.visible(platform)):
            return False
        self.crowd.react(platform, id, kind)
        self._changed()
        return True

    def ledger(self) -> list[dict[str, Any]]:
        """Return all effects as JSON-ready dicts, oldest first, removed ones too."""
        return [asdict(effect) for effect in self.effects]

    def enter(self, effect: Effect) -> None:
        """Put an effect into the ledger; one that was removed takes the place of the visible one of its platform and id."""
        standing = [
            index
            for index, each in enumerate(self.effects)
            if (each.platform, each.id, each.removed) == (effect.platform, effect.id, "")
        ]
        if effect.removed and standing:
            self.effects[standing[0]] = effect
        else:
            self.effects.append(effect)

    def _note(self, effect: Effect) -> None:
        self.enter(effect)
        if self._journal:
            self._journal.append(effect)
        self._changed()

    def _changed(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Journal:
    """Effects as lines of JSON and pictures as files, so that a sandbox that is killed forgets nothing."""

    def __init__(self, folder: Path) -> None:
        self._effects, self._pictures = folder / "effects.jsonl", folder / "pictures"
        self._pictures.mkdir(parents=True, exist_ok=True)

    def append(self, effect: Effect) -> None:
        """Write one effect down."""
        with self._effects.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(effect), ensure_ascii=False) + "\n")

    def keep(self, digest: str, picture: bytes, media_type: str) -> None:
        """Write one picture down."""
        (self._pictures / f"{digest}.{media_type.rpartition('/')[2]}").write_bytes(picture)

    def replay(self, world: World) -> None:
        """Read everything back; a last line that was cut short by a kill is left out."""
        for path in self._pictures.iterdir():
            world.pictures[path.stem] = (path.read_bytes(), f"image/{path.suffix[1:]}")
        for line in self._effects.read_text(encoding="utf-8").splitlines() if self._effects.exists() else ():
            with suppress(json.JSONDecodeError):
                world.enter(_effect(json.loads(line)))


def _effect(fields: dict[str, Any]) -> Effect:
    images = tuple(Shown(**each) for each in fields.pop("images"))
    spans = tuple((start, end, kind, target) for start, end, kind, target in fields.pop("spans"))
    return Effect(**fields, images=images, spans=spans)
