"""The whole ledger and archive as JSON Lines, and back: docs/json.md tells the shapes.

What is exported is exactly what was stored: importing it into an empty database and exporting that gives the same lines.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Insert, Integer, Table, delete, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot import __version__
from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.directory import Directory
from bot.domain.excerpt import Excerpt
from bot.domain.ledger import Act, Entry, chained
from bot.domain.outcome import Receipt
from bot.domain.pacing import Quota
from bot.domain.plan import Plan
from bot.domain.post import Post
from bot.errors import BadInput, HandbillError, NotAllowed
from bot.ports import Sighting
from bot.store import answers, articles, audit, behind, schema, strays
from bot.store.codec import decode, decode_outcome
from bot.store.connections import reading_engine, writing_engine
from bot.store.failures import told
from bot.store.journal import journal_of
from bot.store.migrate import known, prepare
from bot.store.rows import checksum_of
from bot.store.schema import UTCDateTime

FIRST, LAST = "handbill", "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import: how many `lines` were read, how many deliveries are uncertain, whether all was `paused`."""

    lines: int
    uncertain: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Record:
    """How the rows of a table are told: which columns are JSON of what, which are left out, in which order."""

    table: Table
    bodies: Mapping[str, type[object]] = field(default_factory=dict)
    without: str = ""
    order: str = ""

    @property
    def columns(self) -> Mapping[str, Any]:
        """The columns that are told, by name."""
        return {column.name: column for column in self.table.c if column.name not in self.without.split()}


#: Name of a record -> what it tells; each after those that it refers to.
RECORDS: Mapping[str, Record] = {
    "campaign": Record(schema.CAMPAIGNS, {"body": Campaign}),
    "article": Record(schema.ARTICLES, {"body": Article}, without="id", order="id"),
    "published": Record(schema.PUBLISHED),
    "directory": Record(schema.DIRECTORY, {"body": Directory}),
    "channel": Record(schema.CHANNELS, {"body": Channel, "quota": Quota}),
    "plan": Record(schema.PLANS, {"body": Plan}),
    "hold": Record(schema.HOLD),
    "override": Record(schema.OVERRIDES),
    "destination": Record(schema.DESTINATIONS),
    "alt": Record(schema.ALTS),
    "delivery": Record(schema.DELIVERIES),
    "post": Record(schema.POSTS, {"excerpt": Excerpt, "post": Post}, without="checksum"),
    "attempt": Record(schema.ATTEMPTS, without="seq", order="seq"),
    "stray": Record(schema.STRAYS),
    "outcome": Record(schema.OUTCOMES, {"body": object}, without="seq", order="seq"),
    "receipt": Record(schema.RECEIPTS, {"body": Receipt}),
    "removal": Record(schema.REMOVALS),
    "reaction": Record(schema.REACTIONS),
    "read": Record(schema.READS),
    "move": Record(schema.MOVES, without="seq", order="seq"),
    "act": Record(schema.ACTS),
    "sighting": Record(schema.SIGHTINGS, {"body": Sighting}),
    "heard": Record(schema.HEARD),
}

#: Tables that are made anew by themselves.
MADE_ANEW = ("problems", "looks", "results", "totals")
#: Tables of secrets, though digests only: who may come in is told anew where an export is imported. A backup has them, and
#: what programs were told of these decisions.
KEPT_BACK = ("people", "sessions", "tokens", "links", answers.ANSWERS.name)
#: How the acts begin that a database may have had before it takes an export: `handbill init` makes the first account.
ENROLLING = ("user ", "token ", "session ", "password", "code ")


def exported(database: Path, patience: float) -> Iterator[str]:
    """Yield the lines of an export, one moment's state; raises StoreError."""
    engine = reading_engine(database, patience, 1)
    try:
        with engine.connect() as connection:
            yield from _lines(connection)
    except DBAPIError as error:
        raise told(error) from error
    finally:
        engine.dispose()


def imported(database: Path, lines: Iterable[str], name: str, by: str, now: datetime, patience: float) -> Imported:
    """Take the lines of an export into an empty database, all or nothing.

    What was due may have been sent by whoever was exported, and becomes uncertain; without a journal that goes on from
    the export's last attempt everything is paused as well. Raises BadInput that names the line, NotAllowed for a database
    that is not empty, StoreError.
    """
    prepare(database, now, patience)
    try:
        with writing_engine(database, patience, "BEGIN IMMEDIATE").begin() as connection:
            count = load(connection, lines, name)
            last = connection.scalar(select(func.max(schema.ATTEMPTS.c.armed)))
            doubted = strays.doubt_due(connection, now)
            paused = behind.hold_if_blind(connection, journal_of(database), last, "imported from an export", now)
            audit.note(connection, Act(by=by, verb="import", subject=name, words=f"{count} lines"), now)
    except DBAPIError as error:
        raise told(error) from error
    return Imported(lines=count, uncertain=len(doubted), paused=paused)


def load(connection: Connection, lines: Iterable[str], name: str) -> int:
    """Take in the lines of an export and return how many there were; raises BadInput that names the line, NotAllowed."""
    enrolled = _enrolled(connection)
    _refuse_filled(connection)
    connection.execute(delete(schema.CHANNELS))
    # The history of a delivery comes with it: adding one must not write a line of its own.
    trigger = _lifted(connection, "deliveries_added")
    number, chain, ended = 0, "", False
    for number, line in enumerate(lines, 1):
        try:
            row = _parsed(line)
            kind = str(row.pop("record", ""))
            if ended:
                raise ValueError("the export ended before this line")
            if (kind == FIRST) is not (number == 1):
                raise ValueError("an export begins with its one line of Handbill's version")
            if kind == FIRST:
                _refuse_other_schema(row)
            elif kind == LAST:
                ended = row == {"lines": number}
                if not ended:
                    raise ValueError("lines are missing")
            else:
                chain = _insert(connection, kind, row, chain)
        except (ValueError, KeyError, TypeError, DBAPIError, HandbillError) as error:
            raise BadInput(_why(error), where=f"{name}:{number}", hint="nothing was imported") from error
    if not ended:
        raise BadInput("the export is cut short", where=f"{name}:{number}", hint="nothing was imported")
    connection.exec_driver_sql(trigger)
    for entry in enrolled:
        audit.note(connection, entry.act, entry.at)
    return number


def _enrolled(connection: Connection) -> Sequence[Entry]:
    """Take out of the audit log that people were let in, if that is all it tells: it is told again behind what comes."""
    acts = audit.every(connection, 0, 0)
    if not all(each.act.verb.startswith(ENROLLING) for each in acts):
        return ()
    trigger = _lifted(connection, "acts_no_delete")
    connection.execute(delete(schema.ACTS))
    connection.exec_driver_sql(trigger)
    return acts


def _lifted(connection: Connection, trigger: str) -> str:
    """Take a trigger away within this transaction, and return the statement that brings it back."""
    made = str(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (trigger,)).scalar_one())
    connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
    return made


def _lines(connection: Connection) -> Iterator[str]:
    count = 1
    yield _told({"record": FIRST, "version": __version__, "schema": known()[-1]})
    for name, record in RECORDS.items():
        order = [record.table.c[record.order]] if record.order else list(record.table.primary_key)
        query = select(*record.columns.values()).order_by(*order).execution_options(yield_per=500)
        for row in connection.execute(query):
            count += 1
            values = {column: _plain(record, column, value) for column, value in row._mapping.items()}
            yield _told({"record": name} | values)
    yield _told({"record": LAST, "lines": count + 1})


def _plain(record: Record, column: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.loads(str(value)) if column in record.bodies and value is not None else value


def _told(line: Mapping[str, object]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _parsed(line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("this is no JSON object")
    return row


def _refuse_filled(connection: Connection) -> None:
    for name, record in RECORDS.items():
        if name != "channel" and (count := connection.scalar(select(func.count()).select_from(record.table))):
            what = f"the database is not empty: it has {count} {name}{'' if count == 1 else 's'}"
            raise NotAllowed(what, hint="import into a folder of its own (--home), before anything else is done there")


def _refuse_other_schema(row: Mapping[str, object]) -> None:
    if row.get("schema") != known()[-1]:
        what = f"this was exported with revision {row.get('schema')}, and this Handbill has {known()[-1]}"
        raise ValueError(f"{what}: import it with Handbill {row.get('version')}, then upgrade")


def _insert(connection: Connection, kind: str, row: dict[str, Any], chain: str) -> str:
    """Add one row; return the chain that the audit log has then."""
    record = RECORDS.get(kind)
    if record is None:
        raise ValueError(f"there is no record {kind!r}")
    if row.keys() != record.columns.keys():
        odd = ", ".join(sorted(row.keys() ^ record.columns.keys()))
        raise ValueError(f"a {kind} has other fields: {odd}")
    values = {name: _stored(record, name, value) for name, value in row.items()}
    _refuse_misfit(record, values)
    if kind == "post":
        values["checksum"] = checksum_of(values["excerpt"], values["post"])
    if kind == "act":
        chain = _next_chain(values, chain)
    connection.execute(_into(record.table), values)
    return chain


@cache
def _into(table: Table) -> Insert:
    return insert(table)


def _stored(record: Record, name: str, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value as its column takes it; raises ValueError when it is of another type."""
    column = record.columns[name]
    if value is None and column.nullable:
        return None
    if name in record.bodies:
        return _told(value) if isinstance(value, dict) else _misfit(name, "an object")
    if isinstance(column.type, UTCDateTime):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else _misfit(name, "a time")
        return moment.astimezone(UTC) if moment.tzinfo else _misfit(name, "a time with its zone")
    if isinstance(column.type, Integer):
        return value if isinstance(value, int) and not isinstance(value, bool) else _misfit(name, "a whole number")
    return value if isinstance(value, str) else _misfit(name, "text")


def _misfit(name: str, wanted: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(f"{name} is not {wanted}")


def _refuse_misfit(record: Record, values: Mapping[str, Any]) -> None:
    """Read every body as the program will; ValueError for one that it could not."""
    for name, kind in record.bodies.items():
        if values[name] is None:
            continue
        if record.table is schema.ARTICLES:
            decode(Article, values[name], {each: values[each] for each in articles.BESIDE})
        elif record.table is schema.OUTCOMES:
            decode_outcome(values["kind"], values[name])
        else:
            decode(kind, values[name])


def _next_chain(values: Mapping[str, Any], chain: str) -> str:
    act = Act(by=values["by"], verb=values["verb"], subject=values["subject"], words=values["words"])
    expected = chained(Entry(number=values["number"], at=values["at"], act=act, chain=""), chain)
    if values["chain"] != expected:
        raise ValueError("this act does not follow from the one before it: the audit log was changed")
    return expected


def _why(error: Exception) -> str:
    meant = told(error)
    match meant:
        case json.JSONDecodeError():
            return "this is no JSON"
        case HandbillError():
            return meant.what
        case _:
            return " ".join(str(meant).split())[:200]
