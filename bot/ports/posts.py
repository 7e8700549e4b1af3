"""The ports of posts: one channel on one service, what it is given, and what came back on another way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.channel import Account, Limits
from bot.domain.delivery import PublishKey
from bot.domain.outcome import Outcome, Receipt, ReplyTo
from bot.domain.post import Part
from bot.ports.articles import Media
from bot.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting of a platform or chat. `key` such as "TOKEN" is written X_TOKEN, X_TOKEN__NAME for a second account.

    A secret also takes X_TOKEN_FILE. `help` says where to get it, in one line; a required field has no default.
    """

    key: str
    help: str
    secret: bool = False
    required: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What `app` gives every adapter: its credentials by field key, its channel's name, and the shared parts.

    `session` is the one aiohttp.ClientSession (typed as object: adapters import aiohttp, this page does not).
    `timeout` bounds one request in seconds and is shorter than the deadline that dispatch sets around `publish`.
    """

    channel: str
    credentials: Mapping[str, str] = field(repr=False)
    session: object
    media: Media
    clock: Clock
    witness: "Witness"
    timeout: float = 20.0

    def setting(self, key: str) -> str:
        """Return the name in the environment of this channel's field: "X_TOKEN__NAME" for channel "x__name"."""
        platform, mark, account = self.channel.partition("__")
        return f"{platform}_{key}{mark}{account}".upper()


class Platform(Protocol):
    """One channel on one service. Made by the module's `connect(means)`; see docs/adapters.md for the whole contract.

    Outcomes are values: `publish` and `retract` classify what their SDK raises. An exception that escapes is counted as
    Unknown by dispatch.
    """

    async def verify(self) -> Account:
        """Ask who we are and what the server's limits are; raises Unreachable or BadSetting, in words for an operator."""
        ...

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None, resume: str = "") -> Outcome:
        """Publish one part, once. The same key again must not publish a second time where the platform can help it."""
        ...

    async def find(self, part: Part, key: PublishKey, since: datetime) -> Receipt | None:
        """Return the proof that this part was published at or after `since`, None when it surely is not there.

        Raises CannotTell where the platform offers no means, Unreachable when it could not be asked.
        """
        ...

    async def retract(self, receipt: Receipt) -> Outcome:
        """Remove a published part; Sent when it is gone (also when it was gone before)."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...


class Adapter(Protocol):
    """What the module of a platform offers; HANDLE is what an account is mentioned by there, as a pattern without "@"."""

    NAME: str
    TITLE: str
    HANDLE: str
    LIMITS: Limits
    FIELDS: tuple[Field, ...]

    def connect(self, means: Means) -> Platform:
        """Return the channel that these means give access to; does no network call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A published message of ours that came back to us on another way (a channel's linked discussion group)."""

    channel: str
    text: str
    receipt: Receipt


class Witness(Protocol):
    """Remembers messages that came back, for platforms that cannot be asked what they hold."""

    async def saw(self, sighting: Sighting) -> None:
        """Remember it; the same receipt twice is one."""
        ...

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        """Return what came back on that channel at or after `since`."""
        ...

    async def caught_up(self, channel: str, at: datetime) -> None:
        """Note that at this moment nothing was left to hear."""
        ...

    async def heard_until(self, channel: str) -> datetime | None:
        """Return the last moment at which nothing was left to hear, None = never listened."""
        ...

    async def deaf_until(
        self,
    ) -> datetime | None: ...  # what came back before may have been told to another copy of this
