"""SqlStore: the ports Store, Witness, Roster, Results, Trail and Answers on one SQLite file, in several files by noun.

Each method names the function that does it (one file per noun) and who runs it: the one writer, or a reader in a
thread of its own. The event loop never waits on the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.domain.agenda import Booked, Span
from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import Attempt, Delivery, PublishKey, State
from bot.domain.directory import Directory
from bot.domain.finding import Earlier
from bot.domain.ledger import Act, Change, Entry, Hold
from bot.domain.outcome import Receipt
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.errors import NotAllowed
from bot.ports import Look, Problem, Ready, Sighting
from bot.store import (
    agenda,
    articles,
    attempts,
    audit,
    behind,
    campaigns,
    channels,
    deliveries,
    overrides,
    readers,
    setright,
    strays,
    withdrawals,
    witness,
)
from bot.store import looks as looks_
from bot.store.answers import AnswersFile
from bot.store.editing import EditsFile
from bot.store.journal import Armed
from bot.store.results import ResultsFile
from bot.store.roster import RosterFile
from bot.store.trail import TrailFile


class SqlStore(RosterFile, ResultsFile, EditsFile, TrailFile, AnswersFile):
    """The ledger and the archive in the file at `path`, which bot.store.migrate has prepared."""

    # campaigns, articles, problems

    async def put_campaigns(self, campaigns_: Sequence[Campaign]) -> None:
        """Keep campaigns, each in place of the one of its name."""
        await self._write(campaigns.put, campaigns_)

    async def campaign(self, name: str) -> Campaign:
        """Return a campaign, a plain one for a name that is not known."""
        return await self._read(campaigns.get, name)

    async def put_article(self, article: Article, seen: datetime) -> None:
        """Keep an article in place of its former edition."""
        await self._write(articles.put, article, seen)

    async def article(self, campaign: str, name: str) -> Article:
        """Return an article; raises NotFound, also for one that is damaged: the next intake takes that anew."""
        try:
            return await self._read(articles.get, campaign, name)
        except articles.Damaged:
            await self._write(articles.forget, campaign, name)
            raise

    async def editions(self) -> Mapping[tuple[str, str], str]:
        """Return the digest of each article by (campaign, name)."""
        return await self._read(articles.editions)

    async def put_problems(self, source: str, problems: Sequence[Problem]) -> None:
        """Keep these as all the problems that a source has."""
        await self._write(campaigns.put_problems, source, problems)

    async def problems(self) -> Sequence[Problem]:
        """Return the problems of all sources."""
        return await self._read(behind.problems, self.path)

    async def put_override(self, campaign: str, article: str, channel: str, text: str, act: Act | None = None) -> None:
        """Keep a manager's words for an article on a channel, "" clears them; raises NotFound for an unknown channel."""
        await self._write(audit.noted(overrides.put, self._clock.now(), act), campaign, article, channel, text)

    async def overrides(self, campaign: str = "", article: str = "") -> Mapping[tuple[str, str, str], str]:
        """Return managers' words by (campaign, article, channel)."""
        return await self._read(overrides.every, campaign, article)

    async def put_directory(self, directory: Directory) -> None:
        """Keep the directory in place of the former one."""
        await self._write(overrides.put_directory, directory)

    async def directory(self) -> Directory:
        """Return the directory, an empty one when there is none."""
        return await self._read(overrides.directory)

    async def put_looks(self, looks: Mapping[str, Look], at: datetime, since: datetime) -> None:
        """Keep what was found at addresses, and nothing that was found before `since`."""
        await self._write(looks_.put, looks, at, since)

    async def looks(self, since: datetime) -> Mapping[str, tuple[datetime, Look]]:
        """Return what was found at or after `since` by address, with its moment."""
        return await self._read(looks_.every, since)

    # channels and plans

    async def put_channel(self, channel: Channel) -> None:
        """Keep a channel; one that is paused stays so."""
        await self._write(channels.put, channel)

    async def channels(self) -> Sequence[Channel]:
        """Return all channels by name."""
        return await self._read(channels.every)

    async def pause_channel(self, name: str, why: str, act: Act | None = None, *, was: str | None = None) -> None:
        """Pause a channel; an empty reason lets it go on. Raises NotFound, and NotAllowed when it `was` paused otherwise."""
        await self._write(audit.noted(channels.pause, self._clock.now(), act), name, why, was)

    async def rest_channel(self, name: str, until: datetime | None, why: str = "") -> None:
        """Leave a channel alone until that moment, None = no longer; raises NotFound."""
        await self._write(channels.rest, name, until, why)

    async def put_plan(self, channel: str, plan: Plan | None, act: Act | None = None, *, seen: str = "") -> None:
        """Keep a channel's plan, None clears it; raises NotFound, and NotAllowed when the plan `seen` stands no more."""
        await self._write(audit.noted(channels.put_plan, self._clock.now(), act), channel, plan, seen)

    async def plans(self) -> Mapping[str, Plan]:
        """Return the plans by channel."""
        return await self._read(channels.plans)

    async def set_hold(
        self, hold: Hold, acts: Sequence[Act] = (), *, was: Hold | None = None, changes: Sequence[Change] = ()
    ) -> Hold:
        """Stop or release all posting, with these moves; raises NotAllowed when it does not stand as it `was`.

        Returns how it stands: a stop without `since` begins now, or began when an earlier one did.
        """

        def all_of_it(connection: Connection) -> Hold:
            now = self._clock.now()  # while nobody else can write: what was armed before this was armed earlier
            stands = channels.set_hold(connection, hold, now, was)
            deliveries.move(connection, changes, now)
            for act in acts:
                audit.note(connection, act, now)
            return stands

        return await self._write(all_of_it)

    async def hold(self) -> Hold:
        """Return whether all posting is stopped."""
        return await self._read(channels.hold)

    # deliveries

    async def add_deliveries(self, new: Sequence[Delivery], at: datetime) -> Sequence[Delivery]:
        """Add deliveries and return those that were new; raises NotAllowed when a slot is taken."""
        return await self._write(deliveries.add, new, at)

    async def replace_post(self, delivery: Delivery, at: datetime) -> None:
        """Give an unsent delivery a new post and send it back to held; raises NotAllowed."""
        await self._write(deliveries.replace_post, delivery, at)

    async def delivery(self, id: str) -> Delivery:
        """Return a delivery by its id or any unambiguous beginning of it; raises NotFound."""
        return await self._read(deliveries.get, id)

    async def deliveries(
        self,
        *,
        campaign: str = "",
        article: str = "",
        channel: str = "",
        states: Sequence[State] = (),
        limit: int = 0,
        after: tuple[datetime | None, str] | None = None,
    ) -> Sequence[Delivery]:
        """Return the deliveries that match all that is given, by due, then id; with `after` those behind such a place."""
        return await self._read(deliveries.every, campaign, article, channel, states, limit, after)

    async def moved(self, states: Sequence[State], limit: int) -> Sequence[Delivery]:
        """Return the deliveries in these states that moved last, the latest first."""
        return await self._read(deliveries.moved, states, limit)

    async def tally(self) -> Mapping[State, int]:
        """Return how many deliveries there are in each state that has any."""
        return await self._read(deliveries.tally)

    async def said(
        self, platform: str, since: datetime, near: datetime | None = None, most: int = 0
    ) -> Sequence[Earlier]:
        """Return what a platform was or will be told in slots at or after `since`, the latest first."""
        return await self._read(deliveries.said, platform, since, near, most)

    async def taken_slots(self, channel: str, since: datetime) -> Sequence[datetime]:
        """Return the slots of a channel at or after `since` that are taken, in order."""
        return await self._read(deliveries.taken_slots, channel, since)

    async def spans(self, edges: Sequence[datetime], most: int, channel: str = "") -> Sequence[Span]:
        """Return for each span between two edges how many deliveries stand in it, and the first `most` by moment."""
        return await self._read(agenda.spans, edges, most, channel)

    async def booked(self, channels: Sequence[str], since: datetime, until: datetime) -> Booked:
        """Return the slots of each of these channels in a span that deliveries have."""
        return await self._read(agenda.booked, channels, since, until)

    async def titles(self, of: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Return the title of each (campaign, article) that is known."""
        return await self._read(agenda.titles, of)

    async def ready(self, now: datetime, busy: Sequence[str], most: int = 1000) -> Ready:
        """Return the first due delivery of each channel that is free; one that cannot be read is parked on the way."""
        found, damaged = await self._read(deliveries.ready, now, busy, most)
        while damaged:
            await self._write(deliveries.park, damaged, now)
            found, damaged = await self._read(deliveries.ready, now, busy, most)
        return found

    async def next_due(self, busy: Sequence[str] = ()) -> datetime | None:
        """Return when `due` may next have something to give."""
        return await self._read(deliveries.next_due, busy)

    async def move(
        self,
        changes: Sequence[Change],
        at: datetime,
        acts: Sequence[Act] = (),
        proofs: Sequence[tuple[str, int, Receipt]] = (),
    ) -> None:
        """Make all the moves or none, with the proofs that belong to them; raises NotAllowed."""

        def whole(connection: Connection) -> None:
            for proof in proofs:
                attempts.receipt(connection, *proof)
            deliveries.move(connection, changes, at)

        await self._write(audit.noted(whole, at, *acts))

    async def reschedule(
        self, delivery: Delivery, due: datetime | None, why: str, at: datetime, act: Act | None = None
    ) -> None:
        """Change when a delivery is due, None parks it; raises NotAllowed when anything changed since it was read."""
        await self._write(audit.noted(deliveries.reschedule, at, act), delivery, due, why, at)

    async def arm(self, delivery: Delivery, attempt: Attempt, lease: datetime) -> PublishKey:
        """Claim a delivery and write down the attempt, before anything is sent; raises NotAllowed."""

        def both(connection: Connection) -> PublishKey | None:
            if strays.in_the_way(connection, delivery, attempt.part, attempt.armed):
                return None
            key = attempts.arm(connection, delivery, attempt, lease)
            self._journal.add(Armed(attempt=replace(attempt, key=key), **strays.place_of(delivery)))
            return key

        key = await self._write(both)
        if key is None:
            raise NotAllowed(f"part {attempt.part} was sent after this copy of the database was made, or may have been")
        return key

    async def record(self, attempt: Attempt, change: Change | None = None) -> None:
        """Write down what came of an attempt, and make the move that follows; raises NotFound for one never armed.

        NotAllowed says that the delivery has moved on meanwhile; what came of the attempt is kept all the same.
        """

        def both(connection: Connection) -> NotAllowed | None:
            attempts.record(connection, attempt)
            try:
                deliveries.move(connection, [change] if change else [], attempt.ended or attempt.armed)
            except NotAllowed as refusal:
                return refusal
            return None

        if refusal := await self._write(both):
            raise refusal

    async def receipt(self, delivery: str, part: int, receipt: Receipt, act: Act | None = None) -> None:
        """Keep the proof that a part is published; the first proof stays."""
        await self._write(audit.noted(attempts.receipt, self._clock.now(), act), delivery, part, receipt)

    async def withdraw(self, delivery: Delivery, why: str, at: datetime, act: Act, *, stop: bool = False) -> None:
        """Begin to take a delivery back, held if it waits, or `stop` that; raises NotAllowed when it changed since."""
        work = withdrawals.stop if stop else withdrawals.begin
        await self._write(audit.noted(work, at, act), delivery, why, at)

    async def removed(self, delivery: str) -> tuple[bool, Sequence[int]]:
        """Return whether a delivery is being taken back, and the parts that are gone."""
        return await self._read(withdrawals.standing, delivery)

    async def put_removal(self, delivery: str, part: int, at: datetime, act: Act | None = None) -> None:
        """Keep that a published part was taken back."""
        await self._write(audit.noted(attempts.put_removal, at, act), delivery, part, at)

    async def put_off(self, channel: str, now: datetime) -> Sequence[datetime]:
        """Return the moments later than now to which deliveries of a channel wait other than their slots, in order."""
        return await self._read(deliveries.put_off, channel, now)

    async def armed(self, channel: str, count: int, skip: int = 0) -> Sequence[datetime]:
        """Return when the last attempts on a channel were armed but for the last `skip`, the latest first."""
        return await self._read(attempts.armed, channel, count, skip)

    async def begun(self, channel: str, since: datetime, but: str = "") -> Sequence[datetime]:
        """Return when each delivery of a channel but one was last armed since then, the latest first."""
        return await self._read(attempts.begun, channel, since, but)

    async def spent(self, channel: str, since: datetime) -> int:
        """Return what a channel's attempts since then cost, in millionths."""
        return await self._read(attempts.spent, channel, since)

    async def quota(self, channel: str) -> tuple[Quota, datetime] | None:
        """Return what a platform last said of a channel's quota, and when."""
        return await self._read(channels.quota, channel)

    async def attempts(self, delivery: str) -> Sequence[Attempt]:
        """Return a delivery's attempts, the oldest first."""
        return await self._read(attempts.every, delivery)

    async def history(self, delivery: str) -> Sequence[tuple[datetime, State, str]]:
        """Return a delivery's moves with their reasons, the oldest first."""
        return await self._read(deliveries.history, delivery)

    async def set_right(self, now: datetime) -> int:
        """Bring back what a clock that ran ahead has put off; return how many deliveries that were."""
        return await self._write(setright.set_right, now)

    async def overdue_leases(self, now: datetime) -> Sequence[Delivery]:
        """Return what is in sending although its lease has run out."""
        return await self._read(deliveries.overdue_leases, now)

    # the audit log

    async def note(self, act: Act, at: datetime) -> None:
        """Keep an act that changes nothing else."""
        await self._write(audit.note, act, at)

    async def acts(self, after: int = 0, limit: int = 0) -> Sequence[Entry]:
        """Return the audit log behind entry `after`, in order."""
        return await self._read(audit.every, after, limit)

    async def last_act(self, verbs: Sequence[str] = (), subject: str = "") -> Entry | None:
        """Return the last entry of the audit log that is one of these verbs and about this subject, as far as given."""
        return await self._read(audit.last, verbs, subject)

    # readers

    async def latest(self, n: int, language: str = "") -> Sequence[Article]:
        """Return the articles published last, newest first."""
        return await self._read(readers.latest, n, language)

    async def search(self, words: str, n: int) -> Sequence[Article]:
        """Return the published articles that these words find, best first."""
        return await self._read(readers.search, words, n)

    # the witness

    async def saw(self, sighting: Sighting) -> None:
        """Remember a message that came back."""
        await self._write(witness.saw, sighting, self._clock.now())

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        """Return what came back on a channel at or after `since`."""
        return await self._read(witness.sightings, channel, since)

    async def caught_up(self, channel: str, at: datetime) -> None:
        """Note that nothing was left to hear at that moment."""
        await self._write(witness.caught_up, channel, at)

    async def heard_until(self, channel: str) -> datetime | None:
        """Return the last moment at which nothing was left to hear."""
        return await self._read(witness.heard_until, channel)

    async def deaf_until(self) -> datetime | None:
        """Return the moment before which what came back may have been told to another copy of this ledger."""
        return await self._read(witness.deaf_until)
