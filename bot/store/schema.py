"""The tables of the ledger and the archive; the migrations make them, a test holds both to each other.

Moments are stored as whole microseconds since 1970 (aware UTC in and out). Bodies are JSON (see codec.py). What only
the database can guard stands here and in the triggers of the migrations: one delivery for each excerpt, channel and
round; one delivery for each slot; one receipt for each part; the states and their moves; attempts, outcomes, posts,
receipts and moves that are never edited.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from bot.domain.delivery import State
from bot.domain.people import Role
from bot.domain.reactions import Count

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)

#: Literal, since SQLite uses a partial index only for a condition it can prove, which a bound value hides
#: (sqlite.org/partialindex.html, "Queries Using Partial Indexes").
WAITS = "state IN ('scheduled', 'retrying')"
ENDED = "state IN ('sent', 'failed', 'retracted', 'cancelled')"


def ticks(moment: datetime) -> int:
    """Return how a moment is stored; ValueError when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without time zone: {moment.isoformat()}")
    return (moment - EPOCH) // TICK


def moment(ticks: int) -> datetime:
    """Return the moment that is stored so, aware UTC."""
    return EPOCH + timedelta(microseconds=ticks)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, exact to the microsecond, stored as an integer; a naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> BigInteger | Integer:
        """Return INTEGER for SQLite, whose STRICT tables know no BIGINT."""
        return Integer() if dialect.name == "sqlite" else BigInteger()

    def process_bind_param(self, value: datetime | None, _: Dialect) -> int | None:
        """Return the microseconds since 1970."""
        return None if value is None else ticks(value)

    def process_result_value(self, value: int | None, _: Dialect) -> datetime | None:
        """Return the moment, aware UTC."""
        return None if value is None else moment(value)


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *parts: Column[object] | CheckConstraint | ForeignKeyConstraint | UniqueConstraint) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _column(
    name: str, kind: object = Text, *more: ForeignKey, key: bool = False, empty: bool = False
) -> Column[object]:
    return Column(name, kind, *more, primary_key=key, nullable=empty)  # type: ignore[arg-type]


CAMPAIGNS = _table("campaigns", _column("name", key=True), _column("body"))

ARTICLES = _table(
    "articles",
    _column("id", Integer, key=True),
    _column("campaign"),
    _column("name"),
    _column("digest"),
    _column("language"),
    _column("seen", UTCDateTime),
    _column("title"),
    _column("body"),
    _column("text"),
    UniqueConstraint("campaign", "name"),
)

#: The first moment at which an article had a delivery that is sent; kept by triggers, gone when all are retracted.
PUBLISHED = _table("published", _column("campaign", key=True), _column("article", key=True), _column("at", UTCDateTime))
Index(None, PUBLISHED.c.at)

PROBLEMS = _table("problems", _column("source", key=True), _column("number", Integer, key=True), _column("body"))

CHANNELS = _table(
    "channels",
    _column("name", key=True),
    _column("body"),
    _column("paused"),
    _column("rest", UTCDateTime, empty=True),
    _column("rest_why", empty=True),
    _column("quota", empty=True),
    _column("quota_at", UTCDateTime, empty=True),
)

PLANS = _table("plans", _column("channel", Text, ForeignKey("channels.name"), key=True), _column("body"))

HOLD = _table(
    "hold",
    _column("id", Integer, key=True),
    _column("active", Integer),
    _column("why"),
    _column("since", UTCDateTime, empty=True),
    CheckConstraint("id = 1", name="single"),
)

DELIVERIES = _table(
    "deliveries",
    _column("id", key=True),
    _column("campaign"),
    _column("article"),
    _column("excerpt_digest"),
    _column("channel", Text, ForeignKey("channels.name")),
    _column("round", Integer),
    _column("revision", Integer),
    _column("epoch", Integer),
    _column("version", Integer),
    _column("tries", Integer),
    _column("anyway", Integer),
    _column("state"),
    _column("slot", UTCDateTime, empty=True),
    _column("due", UTCDateTime, empty=True),
    _column("not_before", UTCDateTime, empty=True),
    _column("expires", UTCDateTime, empty=True),
    _column("lease", UTCDateTime, empty=True),
    _column("moved", UTCDateTime),
    _column("why"),
    # When an older copy of the database that was put in place made it doubtful whether this was sent.
    _column("doubted", UTCDateTime, empty=True),
    _column("withdrawing", UTCDateTime, empty=True),
    UniqueConstraint("campaign", "article", "excerpt_digest", "channel", "round"),
    UniqueConstraint("channel", "slot"),
    CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in State)})", name="state"),
    CheckConstraint("state <> 'sending' OR lease IS NOT NULL", name="lease"),
)
Index("ix_deliveries_waiting", DELIVERIES.c.channel, DELIVERIES.c.due, DELIVERIES.c.id, sqlite_where=text(WAITS))
Index("ix_deliveries_state", DELIVERIES.c.state, DELIVERIES.c.due, DELIVERIES.c.id)
Index("ix_deliveries_ended", DELIVERIES.c.state, DELIVERIES.c.moved.desc(), DELIVERIES.c.id, sqlite_where=text(ENDED))

#: What each revision of a delivery says. Apart from `deliveries`, so that a move does not write a thread's text again.
#: `checksum` is the CRC-32 of excerpt and post: SQLite has none of its own, and a flipped bit must not be published.
POSTS = _table(
    "posts",
    _column("delivery", Text, ForeignKey("deliveries.id"), key=True),
    _column("revision", Integer, key=True),
    _column("digest"),
    _column("excerpt"),
    _column("post"),
    _column("checksum", Integer),
)

ATTEMPTS = _table(
    "attempts",
    _column("seq", Integer, key=True),
    _column("delivery", Text, ForeignKey("deliveries.id")),
    _column("part", Integer),
    _column("epoch", Integer),
    _column("key"),
    _column("key_at", UTCDateTime),
    _column("fingerprint"),
    _column("armed", UTCDateTime),
    _column("deadline", UTCDateTime),
    _column("channel"),
    _column("cost", Integer),
    UniqueConstraint("delivery", "part", "epoch"),
)
Index("ix_attempts_channel", ATTEMPTS.c.channel, ATTEMPTS.c.armed)

#: Attempts that the journal tells of and whose deliveries this copy of the database does not have (yet).
#: An edit gives an article's next delivery another id, so that it is known by article and channel as well ("" = not told).
STRAYS = _table(
    "strays",
    _column("delivery", key=True),
    _column("part", Integer, key=True),
    _column("armed", UTCDateTime, key=True),
    _column("epoch", Integer),
    _column("key"),
    _column("key_at", UTCDateTime),
    _column("fingerprint"),
    _column("deadline", UTCDateTime),
    _column("cost", Integer),
    _column("campaign"),
    _column("article"),
    _column("channel"),
)

OUTCOMES = _table(
    "outcomes",
    _column("seq", Integer, key=True),
    _column("delivery"),
    _column("part", Integer),
    _column("epoch", Integer),
    _column("ended", UTCDateTime),
    _column("kind"),
    _column("body"),
    ForeignKeyConstraint(["delivery", "part", "epoch"], ["attempts.delivery", "attempts.part", "attempts.epoch"]),
)
Index("ix_outcomes_attempt", OUTCOMES.c.delivery, OUTCOMES.c.part, OUTCOMES.c.epoch)

RECEIPTS = _table(
    "receipts",
    _column("delivery", Text, ForeignKey("deliveries.id"), key=True),
    _column("part", Integer, key=True),
    _column("body"),
)

#: Published parts that were taken back again: withdrawing a thread goes on where it stopped.
REMOVALS = _table(
    "removals",
    _column("delivery", Text, key=True),
    _column("part", Integer, key=True),
    _column("at", UTCDateTime),
    ForeignKeyConstraint(["delivery", "part"], ["receipts.delivery", "receipts.part"]),
)

#: Written by a trigger whenever a delivery is added, moved, rescheduled or rendered anew.
MOVES = _table(
    "moves",
    _column("seq", Integer, key=True),
    _column("delivery", Text, ForeignKey("deliveries.id")),
    _column("at", UTCDateTime),
    _column("state"),
    _column("why"),
)
Index(None, MOVES.c.delivery)

#: What a manager wants an article to say on a channel: own words, or with `start` a passage that stood there when it was
#: chosen. This and the next two are of an article by name: an edit does not lose them.
OVERRIDES = _table(
    "overrides",
    _column("campaign", key=True),
    _column("article", key=True),
    _column("channel", Text, ForeignKey("channels.name"), key=True),
    _column("text"),
    _column("start", Integer, empty=True),
)

#: Whether an article goes to a channel, where a manager said so: 1 or 0.
DESTINATIONS = _table(
    "destinations",
    _column("campaign", key=True),
    _column("article", key=True),
    _column("channel", Text, ForeignKey("channels.name"), key=True),
    _column("goes", Integer),
    CheckConstraint("goes IN (0, 1)", name="goes"),
)

#: What a manager wrote for those who cannot see a picture of an article; `image` is its SHA-256.
ALTS = _table(
    "alts",
    _column("campaign", key=True),
    _column("article", key=True),
    _column("image", key=True),
    _column("text"),
)

DIRECTORY = _table(
    "directory", _column("id", Integer, key=True), _column("body"), CheckConstraint("id = 1", name="single")
)

#: What persons did; each row's chain is a digest of it and of the chain before it.
ACTS = _table(
    "acts",
    _column("number", Integer, key=True),
    _column("at", UTCDateTime),
    _column("by"),
    _column("verb"),
    _column("subject"),
    _column("words"),
    _column("chain"),
)

LOOKS = _table("looks", _column("url", key=True), _column("at", UTCDateTime), _column("body"))

SIGHTINGS = _table(
    "sightings",
    _column("channel", key=True),
    _column("receipt_id", key=True),
    _column("at", UTCDateTime),
    _column("body"),
)

HEARD = _table("heard", _column("channel", key=True), _column("until", UTCDateTime))

#: Who may sign in. `password` is an Argon2 hash, "" = none chosen yet; `totp` a secret in base 32, "" = no second factor.
#: None of these four tables is ever exported.
PEOPLE = _table(
    "people",
    _column("name", key=True),
    _column("role"),
    _column("made", UTCDateTime),
    _column("disabled", UTCDateTime, empty=True),
    _column("password"),
    _column("totp"),
    _column("step", Integer),
    CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in Role)})", name="role"),
)

#: `digest`, here and below, is the SHA-256 of what the browser or program holds, which is kept nowhere.
SESSIONS = _table(
    "sessions",
    _column("id", key=True),
    _column("digest"),
    _column("person", Text, ForeignKey("people.name")),
    _column("made", UTCDateTime),
    _column("seen", UTCDateTime),
    _column("place"),
    _column("agent"),
    UniqueConstraint("digest"),
)

TOKENS = _table(
    "tokens",
    _column("name", key=True),
    _column("digest"),
    _column("rights"),
    _column("made", UTCDateTime),
    _column("expires", UTCDateTime, empty=True),
    _column("used", UTCDateTime, empty=True),
    UniqueConstraint("digest"),
)

#: One a person: a new one takes the place of the last.
LINKS = _table(
    "links",
    _column("person", Text, ForeignKey("people.name"), key=True),
    _column("digest"),
    _column("purpose"),
    _column("made", UTCDateTime),
    _column("expires", UTCDateTime),
    UniqueConstraint("digest"),
)

#: Each published part and what was last reported of it; kept by triggers on receipts, reactions and removals. `asks` is when
#: its platform is asked next, empty = no more.
RESULTS = _table(
    "results",
    _column("delivery", Text, ForeignKey("deliveries.id"), key=True),
    _column("part", Integer, key=True),
    _column("channel"),
    _column("published", UTCDateTime),
    _column("asks", UTCDateTime, empty=True),
    _column("at", UTCDateTime, empty=True),
    *(_column(count.value, Integer, empty=True) for count in Count),
)
Index("ix_results_asks", RESULTS.c.channel, RESULTS.c.asks, sqlite_where=text("asks IS NOT NULL"))

#: The same of each delivery as a whole, kept by the same triggers, so that no page adds up what a thread's parts got.
TOTALS = _table(
    "totals",
    _column("delivery", Text, ForeignKey("deliveries.id"), key=True),
    _column("channel"),
    _column("published", UTCDateTime),
    _column("parts", Integer),
    _column("at", UTCDateTime, empty=True),
    *(_column(count.value, Integer, empty=True) for count in Count),
)
Index("ix_totals_published", TOTALS.c.published)

#: Everything that was ever reported, in the order of time.
REACTIONS = _table(
    "reactions",
    _column("delivery", Text, ForeignKey("deliveries.id"), key=True),
    _column("part", Integer, key=True),
    _column("at", UTCDateTime, key=True),
    *(_column(count.value, Integer, empty=True) for count in Count),
)

#: Questions that cost money, each written down before it is asked; `cost` in millionths.
READS = _table("reads", _column("channel", key=True), _column("at", UTCDateTime, key=True), _column("cost", Integer))
