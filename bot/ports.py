"""The page a newcomer reads first: every place where Handbill meets something that can be exchanged.

`bot.app` builds one of each and hands them to the flow; nothing in `bot.flow` knows what stands behind them. All ports
are async: what is synchronous in a library runs in a bounded thread pool inside its own adapter. One more, of people
rather than posts, is in bot.roster.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.agenda import Booked, Span
from bot.domain.article import Article, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Account, Channel, Limits
from bot.domain.chat import Answer, Question
from bot.domain.delivery import Attempt, Delivery, PublishKey, State
from bot.domain.directory import Directory
from bot.domain.edits import Edits
from bot.domain.finding import Earlier
from bot.domain.inbox import Letter, Wanted
from bot.domain.ledger import Act, Change, Entry, Hold
from bot.domain.outcome import Outcome, Receipt, ReplyTo
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.domain.post import Part
from bot.errors import StoreError


class Clock(Protocol):
    """The one place where time comes from."""

    def now(self) -> datetime:
        """Return the present, aware UTC, never earlier than a moment returned before."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, for durations."""
        ...

    async def sleep(self, span: timedelta) -> None:
        """Wait that long."""
        ...


# --- article in -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file that could not be taken, in words for the manager: where is "path:line" when a line is known.

    `level` is "error" (the file is left out) or "warning" (it is taken, but something in it is not as meant).
    """

    where: str
    what: str
    hint: str = ""
    level: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a source found: the articles and campaigns that are whole, and a problem for each that is not.

    `present` are the (campaign, name) of all articles that are there, readable or not, so that nobody takes a broken
    file for a deleted one; None when the source itself is not there. `directory` is who may be mentioned, None when the
    source cannot tell or has no say in that. `campaigns` has every campaign of an article, a plain one where none is told.
    """

    articles: tuple[Article, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    directory: Directory | None = None
    problems: tuple[Problem, ...] = ()
    present: frozenset[tuple[str, str]] | None = frozenset()


class Source(Protocol):
    """Where articles come from."""

    name: str

    async def read(self) -> Found:
        """Return all that is there now. A faulty file becomes a Problem and never hides another; raises StoreError never."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield each time it is worth calling `read` again, until the iterator is closed."""
        ...


class Media(Protocol):
    """The bytes of images, by content hash."""

    async def put(self, data: bytes, alt: str) -> Image:
        """Keep a picture (re-encoded without EXIF where it has any) and return its facts; BadInput when it is none."""
        ...

    async def fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        """Return bytes and media type that keep within the limits, scaled down or re-encoded when they must be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is at an address: HTTP `status`, 0 = no answer, and `why` in words; `final` differs when it redirects."""

    status: int
    final: str
    why: str = ""


class Links(Protocol):
    """Looks at addresses that other people wrote, and at nothing but the public internet."""

    async def look(self, url: str) -> Look:
        """Tell what is at an address within a few seconds; never raises for what the network does."""
        ...


# --- article out ----------------------------------------------------------------------------------------------------


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


# --- readers --------------------------------------------------------------------------------------------------------


class Chat(Protocol):
    """A place where readers write to the bot."""

    async def listen(self, answer: Callable[[Question], Awaitable[Answer | None]]) -> None:
        """Answer readers until cancelled; outages are waited out with growing pauses and logged."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


# --- ledger and archive ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What may begin: of each channel that is neither paused, resting nor busy the first delivery that is due.

    `channels` and `plans` (those that are a channel's own) are theirs, read at the same moment, but for a channel of which
    anything is damaged. `upcoming` is when it is worth looking again because of the channels that have nothing due, None =
    nothing waits there. `more` says that other channels may have something due as well.
    """

    deliveries: Sequence[Delivery]
    channels: Mapping[str, Channel]
    plans: Mapping[str, Plan]
    upcoming: datetime | None
    more: bool = False


class Store(Protocol):
    """The ledger and the archive. Every method is one transaction; a call that returns has been made durable.

    Raises NotFound, NotAllowed (a guard refused), StoreError. One contract suite runs over every store we ship.
    """

    # campaigns, articles, problems
    async def put_campaigns(self, campaigns: Sequence[Campaign]) -> None: ...
    async def campaign(self, name: str) -> Campaign: ...  # an unknown name gives Campaign(name=name)
    async def put_article(self, article: Article, seen: datetime) -> None: ...
    async def article(self, campaign: str, name: str) -> Article: ...
    async def editions(self) -> Mapping[tuple[str, str], str]: ...  # (campaign, name) -> digest
    async def put_problems(self, source: str, problems: Sequence[Problem]) -> None: ...  # replaces that source's
    async def problems(self) -> Sequence[Problem]: ...
    async def put_directory(self, directory: Directory) -> None: ...
    async def directory(self) -> Directory: ...
    async def put_override(  # text "" = clear
        self, campaign: str, article: str, channel: str, text: str, act: Act | None = None
    ) -> None: ...
    async def overrides(self, campaign: str = "", article: str = "") -> Mapping[tuple[str, str, str], str]: ...
    # ^ (campaign, article, channel) -> the words a manager wants there; an article's edit does not lose them
    async def edits(self, campaign: str, article: str) -> Edits: ...  # these words and all else written on an article
    async def edit(
        self,
        campaign: str,
        article: str,
        change: Edits,
        at: datetime,
        *,
        renewed: Sequence[Delivery] = (),
        moves: Sequence[Change] = (),
        added: Sequence[Delivery] = (),
        acts: Sequence[Act] = (),
    ) -> None: ...  # all or nothing; `renewed` as replace_post, `moves` as move, `added` as add_deliveries
    async def inbox(self, wanted: Wanted) -> Sequence[Letter]: ...  # articles that came in, the newest first
    async def put_looks(self, looks: Mapping[str, Look], at: datetime, since: datetime) -> None: ...
    async def looks(self, since: datetime) -> Mapping[str, tuple[datetime, Look]]: ...

    # ^ what was found at addresses, and when; what was found before the last `since` is forgotten

    # channels and plans
    async def put_channel(self, channel: Channel) -> None: ...  # keeps `paused`
    async def channels(self) -> Sequence[Channel]: ...
    async def pause_channel(self, name: str, why: str, act: Act | None = None, *, was: str | None = None) -> None: ...
    # ^ why "" = resume; with `was` only while it is paused for that reason
    async def rest_channel(self, name: str, until: datetime | None, why: str = "") -> None: ...  # None = no longer
    async def put_plan(self, channel: str, plan: Plan | None, act: Act | None = None, *, seen: str = "") -> None: ...
    # ^ None = clear; with the mark of the plan that was `seen` only if that still stands
    async def plans(self) -> Mapping[str, Plan]: ...
    async def set_hold(
        self, hold: Hold, acts: Sequence[Act] = (), *, was: Hold | None = None, changes: Sequence[Change] = ()
    ) -> Hold: ...
    # ^ with `was` only if it still stands so; the changes are made in the same transaction; without `since` it is of now, or
    #   of when the present one began
    async def hold(self) -> Hold: ...

    # deliveries
    async def add_deliveries(self, deliveries: Sequence[Delivery], at: datetime) -> Sequence[Delivery]: ...
    # ^ returns those that were new; one that is there already (campaign, article, excerpt, channel, round) is left alone
    async def replace_post(self, delivery: Delivery, at: datetime) -> None: ...  # new post, revision + 1, back to held
    async def delivery(self, id: str) -> Delivery: ...  # any unambiguous prefix of an id will do
    async def deliveries(
        self,
        *,
        campaign: str = "",
        article: str = "",
        channel: str = "",
        states: Sequence[State] = (),
        limit: int = 0,
        after: tuple[datetime | None, str] | None = None,
    ) -> Sequence[Delivery]: ...  # by due (those without last), then id; with `after` only those behind such a place
    async def moved(self, states: Sequence[State], limit: int) -> Sequence[Delivery]: ...  # by last move, latest first
    async def tally(self) -> Mapping[State, int]: ...  # how many are in each state that has any
    async def said(self, platform: str, since: datetime) -> Sequence[Earlier]: ...
    # ^ what deliveries to any channel of a platform said or will say, their slot at or after `since`, the latest first
    async def taken_slots(self, channel: str, since: datetime) -> Sequence[datetime]: ...
    async def spans(self, edges: Sequence[datetime], most: int, channel: str = "") -> Sequence[Span]: ...
    # ^ for each span between two edges how many deliveries stand in it, and the first `most` of them by moment
    async def booked(self, channels: Sequence[str], since: datetime, until: datetime) -> Booked: ...  # slots in a span
    async def titles(self, of: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]: ...  # (campaign, article)
    async def ready(self, now: datetime, busy: Sequence[str], most: int = 1000) -> Ready: ...  # the longest due first
    async def next_due(self, busy: Sequence[str] = ()) -> datetime | None: ...
    async def move(
        self,
        changes: Sequence[Change],
        at: datetime,
        acts: Sequence[Act] = (),
        proofs: Sequence[tuple[str, int, Receipt]] = (),
    ) -> None: ...
    # ^ all or nothing, in one transaction with what persons did and the proofs that a (delivery, part) is published
    async def reschedule(
        self, delivery: Delivery, due: datetime | None, why: str, at: datetime, act: Act | None = None
    ) -> None: ...
    # ^ same state, other moment (None = parked until a person acts), if nothing changed since it was read; told in the history
    async def arm(self, delivery: Delivery, attempt: Attempt, lease: datetime) -> PublishKey: ...
    # ^ state -> sending, epoch + 1 (to attempt.epoch), attempt written, in one commit; returns the key with the moment of
    #   its first use; NotAllowed when the delivery moved on meanwhile or everything is on hold
    async def record(self, attempt: Attempt, change: Change | None = None) -> None: ...
    # ^ its outcome, and the receipt when Sent; from any epoch. Kept also when the move that follows is refused (NotAllowed)
    async def receipt(self, delivery: str, part: int, receipt: Receipt, act: Act | None = None) -> None: ...
    # ^ proof found by other means
    async def withdraw(self, delivery: Delivery, why: str, at: datetime, act: Act, *, stop: bool = False) -> None: ...
    # ^ before the first part is asked to go; what waits is held with it. `stop`: nothing went, it is left alone again
    async def removed(self, delivery: str) -> tuple[bool, Sequence[int]]: ...  # is it being taken back; the parts gone
    async def put_removal(self, delivery: str, part: int, at: datetime, act: Act | None = None) -> None: ...
    async def put_off(self, channel: str, now: datetime) -> Sequence[datetime]: ...
    # ^ the moments later than now to which deliveries of a channel wait other than their slots, in order
    async def armed(self, channel: str, count: int, skip: int = 0) -> Sequence[datetime]: ...
    # ^ when the last attempts were armed, the latest first, without the very last `skip`
    async def begun(self, channel: str, since: datetime, but: str = "") -> Sequence[datetime]: ...
    # ^ when each delivery of a channel (but one) was last armed since then, the latest first
    async def spent(self, channel: str, since: datetime) -> int: ...
    # ^ millionths that its attempts since then cost; what may be published counts, what surely is not does not
    async def quota(self, channel: str) -> tuple[Quota, datetime] | None: ...  # what was last told, and when
    async def attempts(self, delivery: str) -> Sequence[Attempt]: ...
    async def history(self, delivery: str) -> Sequence[tuple[datetime, State, str]]: ...  # every move with its why
    async def overdue_leases(self, now: datetime) -> Sequence[Delivery]: ...  # in sending, lease run out

    # the audit log
    async def note(self, act: Act, at: datetime) -> None: ...  # an act that changes nothing else in the store
    async def acts(self, after: int = 0, limit: int = 0) -> Sequence[Entry]: ...  # in order; 0 = all
    async def last_act(self, verbs: Sequence[str] = (), subject: str = "") -> Entry | None: ...

    # readers
    async def latest(self, n: int, language: str = "") -> Sequence[Article]: ...  # published articles, newest first
    async def search(self, words: str, n: int) -> Sequence[Article]: ...  # published articles, best first

    # the file
    async def version(self) -> int: ...  # another number after anybody wrote anything
    async def check(self) -> Sequence[str]: ...  # what is wrong with it, in the database's words; nothing when sound
    async def trouble(self) -> str: ...  # what keeps it from being written at this moment, "" = nothing does
    async def lost(self) -> StoreError: ...  # returns once nothing can be written until a restart, with the reason
    async def close(self) -> None: ...


class Engine(Protocol):
    """What wakes due work. The ledger is the truth; an engine only calls."""

    async def start(
        self, wake: Callable[[], Awaitable[None]], chores: Mapping[timedelta, Callable[[], Awaitable[None]]]
    ) -> None:
        """Call `wake` at each moment given to `wake_at` and every few seconds besides; each chore at its interval."""
        ...

    def wake_at(self, moment: datetime) -> None:
        """Move the one coming wake-up to that moment if it is earlier than the present one (or that one has passed)."""
        ...

    async def stop(self) -> None:
        """Call nothing more; return when no call is under way."""
        ...
