"""What a database error means, in plain words for an operator."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from bot.errors import HandbillError, NotAllowed, NotFound, StoreError

#: Primary result code (sqlite.org/rescode.html) -> what happened, what to do about it.
WORDS = {
    sqlite3.SQLITE_FULL: ("the disk is full, nothing was written", "make room; Handbill goes on by itself"),
    sqlite3.SQLITE_READONLY: (
        "the database cannot be written",
        "check the owner and rights of the file and its folder",
    ),
    sqlite3.SQLITE_BUSY: ("another program keeps the database locked", "close it, or try again in a moment"),
    sqlite3.SQLITE_LOCKED: ("another program keeps the database locked", "close it, or try again in a moment"),
    sqlite3.SQLITE_CANTOPEN: ("the database cannot be opened", "check that its folder exists and may be written"),
    sqlite3.SQLITE_PERM: ("the database may not be opened", "check the owner and rights of the file and its folder"),
    sqlite3.SQLITE_NOTADB: ("this file is not a SQLite database", "check the path, or restore a copy"),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", "stop Handbill and restore a copy; keep this file for repair"),
    sqlite3.SQLITE_IOERR: ("the disk failed while the database was used", "check the disk, then start Handbill again"),
    sqlite3.SQLITE_TOOBIG: ("a text is too long for the database", "shorten it"),
}

#: After these nothing the connection says can be trusted (a failed fsync may have dropped pages already).
FATAL = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

#: Part of a constraint's own message -> what it guards.
GUARDS = {
    "deliveries.channel, deliveries.slot": "another delivery has that slot on this channel",
    "deliveries.campaign, deliveries.article": "this excerpt has a delivery on this channel already",
    "deliveries.id": "another delivery has this id",
    "attempts.delivery, attempts.part, attempts.epoch": "this part is being sent already",
    "ck_deliveries_lease": "only an armed attempt makes a delivery sending",
    "ck_deliveries_state": "there is no such state",
}


def told(error: Exception) -> Exception:
    """Return the HandbillError that says what a database error means; anything else comes back as it is."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, OSError):
        what, hint = WORDS[sqlite3.SQLITE_IOERR]
        return StoreError(what, hint=hint)
    if not isinstance(origin, sqlite3.Error):
        return error
    code, message = code_of(origin), str(origin)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _refusal(message)
    what, hint = WORDS.get(code, (f"the database failed: {message}", "see the log; `handbill doctor` checks the file"))
    return StoreError(what, hint=hint)


def code_of(error: BaseException | None) -> int:
    """Return the primary result code of a database error, 0 when it has none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return int(getattr(origin, "sqlite_errorcode", 0) or 0) & 0xFF


def _refusal(message: str) -> HandbillError:
    if "FOREIGN KEY" in message:
        return NotFound("what this belongs to is not in the database")
    meant = (words for part, words in GUARDS.items() if part in message)
    return NotAllowed(next(meant, f"the database refuses it: {message}"))
