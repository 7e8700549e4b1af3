"""Rows of deliveries <-> Delivery. One that cannot be read is passed over and told, so that it never hides another."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from zlib import crc32

import structlog
from sqlalchemy import LargeBinary, Select, and_, bindparam, cast, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot.domain.delivery import Delivery, State
from bot.domain.excerpt import Excerpt
from bot.domain.outcome import Receipt
from bot.domain.post import Post
from bot.errors import StoreError
from bot.store.codec import decode, encode
from bot.store.failures import code_of
from bot.store.prepared import Prepared, among
from bot.store.schema import DELIVERIES, POSTS, RECEIPTS, moment

log = structlog.get_logger("store")

D = DELIVERIES.c

#: Columns whose names and meanings are the dataclass's own.
PLAIN = (
    *("id", "campaign", "article", "channel", "round", "revision", "epoch", "version", "tries"),
    *("slot", "due", "not_before", "expires", "why"),
)
#: Those of them that are moments.
MOMENTS = ("slot", "due", "not_before", "expires")
JOINED = DELIVERIES.join(POSTS, and_(POSTS.c.delivery == D.id, POSTS.c.revision == D.revision))
COLUMNS = (
    *(D[name] for name in PLAIN),
    D.anyway,
    D.state,
    POSTS.c.digest,
    POSTS.c.excerpt,
    POSTS.c.post,
    POSTS.c.checksum,
)
NAMES = tuple(column.name for column in COLUMNS)

_GET = select(*COLUMNS).select_from(JOINED).where(D.id == bindparam("of"))
_RECEIPTS = Prepared(
    select(RECEIPTS.c.delivery, RECEIPTS.c.part, RECEIPTS.c.body)
    .where(RECEIPTS.c.delivery.in_(among("of")))
    .order_by(RECEIPTS.c.part)
)
_SUMS = select(D.id, cast(POSTS.c.excerpt, LargeBinary), cast(POSTS.c.post, LargeBinary), POSTS.c.checksum).select_from(
    DELIVERIES.outerjoin(POSTS, JOINED.onclause)
)

#: Damaged deliveries that were told of already.
_TOLD: set[str] = set()


def read(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> tuple[Delivery, ...]:
    """Return the deliveries that a query over COLUMNS finds, but for those that cannot be read."""
    return sound(connection, query, values)[0]


def sound(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None
) -> tuple[tuple[Delivery, ...], tuple[str, ...]]:
    """Return the deliveries that a query over COLUMNS finds, and the ids of those that cannot be read."""
    try:
        return _together(connection, query, values), ()
    except (ValueError, DBAPIError) as error:
        if code_of(error):
            raise
    # One of them is damaged: read each alone.
    found: list[Delivery] = []
    damaged: list[str] = []
    for each in connection.scalars(query.with_only_columns(D.id, maintain_column_froms=True), values).all():
        try:
            found += _together(connection, _GET, {"of": each})
        except (ValueError, DBAPIError) as error:
            if code_of(error):
                raise
            damaged.append(each)
    for each in damaged:
        if each not in _TOLD:
            log.error("damaged", delivery=each, hint="it is passed over; `handbill doctor` checks the file")
    _TOLD.update(damaged)
    return tuple(found), tuple(damaged)


def one(connection: Connection, id: str) -> Delivery:
    """Return the delivery that has this id; StoreError when it cannot be read."""
    found, damaged = sound(connection, _GET, {"of": id})
    if damaged or not found:
        hint = "`handbill restore` puts a backup in place; nothing else is affected"
        raise StoreError(f"delivery {id} is damaged and cannot be read", hint=hint)
    return found[0]


def faults(connection: Connection) -> Iterator[str]:
    """Yield in words which deliveries cannot be read as they were written."""
    for delivery, excerpt, post, checksum in connection.execute(_SUMS):
        if post is None or _sum(excerpt, post) != checksum:
            yield f"delivery {delivery} is damaged: what it says is not what was written"


def digest_of(excerpt: Excerpt) -> str:
    """Return what tells one excerpt's words from another's."""
    return blake2b(excerpt.text.encode(), digest_size=16).hexdigest()


def columns_of(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery's row but for when it moved."""
    columns = {name: getattr(delivery, name) for name in PLAIN}
    columns |= {"anyway": int(delivery.anyway), "state": delivery.state.value}
    return columns | {"excerpt_digest": digest_of(delivery.excerpt)}


def words_of(delivery: Delivery, revision: int) -> dict[str, Any]:
    """Return the row of what a revision of a delivery says."""
    said = {"excerpt": encode(delivery.excerpt), "post": encode(delivery.post), "digest": delivery.digest}
    checksum = checksum_of(said["excerpt"], said["post"])
    return {"delivery": delivery.id, "revision": revision, "checksum": checksum} | said


def checksum_of(excerpt: str, post: str) -> int:
    """Return what tells whether the stored words are those that were written."""
    return _sum(excerpt.encode(), post.encode())


def _sum(excerpt: bytes, post: bytes) -> int:
    return crc32(post, crc32(excerpt))


def _together(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None) -> tuple[Delivery, ...]:
    return _whole(connection, connection.execute(query, values).mappings().all())


def swift(connection: Connection, query: Prepared, values: Mapping[str, object]) -> tuple[Delivery, ...]:
    """Return the deliveries that a prepared query over COLUMNS finds; ValueError when one of them cannot be read."""
    return _whole(connection, [_columns(row) for row in query.run(connection, values)])


def _columns(row: Sequence[Any]) -> Mapping[str, Any]:
    columns = dict(zip(NAMES, row, strict=True))
    for name in MOMENTS:
        if columns[name] is not None:
            columns[name] = moment(columns[name])
    return columns


def _whole(connection: Connection, found: Sequence[Mapping[Any, Any]]) -> tuple[Delivery, ...]:
    receipts: dict[str, list[tuple[int, Receipt]]] = {}
    if found:
        for delivery, part, body in _RECEIPTS.run(connection, {"of": [columns["id"] for columns in found]}):
            receipts.setdefault(delivery, []).append((part, decode(Receipt, body)))
    return tuple(_made(columns, receipts.get(columns["id"], ())) for columns in found)


def _made(columns: Mapping[Any, Any], receipts: Sequence[tuple[int, Receipt]]) -> Delivery:
    excerpt, post = columns["excerpt"], columns["post"]
    if checksum_of(excerpt, post) != columns["checksum"]:
        raise ValueError("not what was written")
    return Delivery(
        **{name: columns[name] for name in PLAIN},
        digest=columns["digest"],
        excerpt=decode(Excerpt, excerpt),
        post=decode(Post, post),
        anyway=bool(columns["anyway"]),
        state=State(columns["state"]),
        receipts=tuple(receipts),
    )
