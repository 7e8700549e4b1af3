"""The port of the ledger and the archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.agenda import Booked, Span
from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import Attempt, Delivery, PublishKey, State
from bot.domain.directory import Directory
from bot.domain.edits import Edits
from bot.domain.finding import Earlier
from bot.domain.inbox import Letter, Wanted
from bot.domain.ledger import Act, Change, Entry, Hold
from bot.domain.outcome import Receipt
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.errors import StoreError
from bot.ports.articles import Look, Problem


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
        seen: Mapping[str, int] | None = None,
        renewed: Sequence[Delivery] = (),
        moves: Sequence[Change] = (),
        added: Sequence[Delivery] = (),
        acts: Sequence[Act] = (),
    ) -> Sequence[
        Delivery
    ]: ...  # all or nothing; `renewed` as replace_post, `moves` as move, `added` as add_deliveries
    # ^ only while the deliveries `seen` have those versions; returns all of the article's as they are then. NotAllowed also
    #   when one that is added would be the second that lives on its channel
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
    async def said(
        self, platform: str, since: datetime, near: datetime | None = None, most: int = 0
    ) -> Sequence[Earlier]: ...
    # ^ what deliveries to any channel of a platform said or will say, their slot at or after `since`, the latest first;
    #   with `near` only the `most` whose slots are nearest to that moment
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
