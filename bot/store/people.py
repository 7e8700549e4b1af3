"""Who may come in: people and what they prove themselves with, their sessions, programs' tokens, one-time links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from bot.domain.people import ABSOLUTE, IDLE, Link, Person, Proofs, Purpose, Right, Role, Session, Token
from bot.errors import NotAllowed, NotFound
from bot.store.schema import LINKS, PEOPLE, SESSIONS, TOKENS

_PERSON = select(PEOPLE.c.name, PEOPLE.c.role, PEOPLE.c.made, PEOPLE.c.disabled, PEOPLE.c.password, PEOPLE.c.totp)
_SESSION = select(*(each for each in SESSIONS.c if each.name != "digest"))


def add(connection: Connection, person: Person) -> None:
    """Add somebody; raises NotAllowed when that name is taken."""
    row = {"name": person.name, "role": str(person.role), "made": person.made}
    try:
        connection.execute(insert(PEOPLE).values(row | {"password": "", "totp": "", "step": 0}))
    except IntegrityError as error:
        raise NotAllowed(f"somebody is called {person.name!r} already", hint="choose another name") from error


def every(connection: Connection) -> Sequence[Person]:
    """Return all people by name."""
    return tuple(_person(row) for row in connection.execute(_PERSON.order_by(PEOPLE.c.name)))


def anybody(connection: Connection) -> bool:
    """Tell whether there is anybody at all."""
    return bool(connection.scalar(select(exists().where(PEOPLE.c.name != ""))))


def known(connection: Connection, name: str) -> tuple[Person, Proofs] | None:
    """Return a person with what they prove themselves with."""
    row = connection.execute(_PERSON.add_columns(PEOPLE.c.step).where(PEOPLE.c.name == name)).one_or_none()
    return (_person(row), Proofs(password=row.password, totp=row.totp, step=row.step)) if row else None


def put_role(connection: Connection, name: str, role: Role) -> None:
    """Give somebody another role; raises NotFound, NotAllowed when nobody would be admin then."""
    _change(connection, name, role=str(role))


def put_disabled(connection: Connection, name: str, at: datetime | None) -> None:
    """Let somebody in no more from that moment on, None = again; raises NotFound, NotAllowed as `put_role` does."""
    _change(connection, name, disabled=at)
    if at:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.person == name))
        connection.execute(delete(LINKS).where(LINKS.c.person == name))


def put_password(connection: Connection, name: str, password: str, keep: str) -> None:
    """Keep the hash of a person's password, and end all their sessions but the one with this id, and their link."""
    connection.execute(update(PEOPLE).where(PEOPLE.c.name == name).values(password=password))
    end_sessions(connection, name, keep)
    connection.execute(delete(LINKS).where(LINKS.c.person == name))


def put_second(connection: Connection, name: str, secret: str, step: int) -> None:
    """Keep the secret of a person's second factor, "" = none, and the time step of which a code was taken."""
    connection.execute(update(PEOPLE).where(PEOPLE.c.name == name).values(totp=secret, step=step))


def take_step(connection: Connection, name: str, step: int) -> bool:
    """Note that a person's code of this time step was taken; False when it, or a later one, was before."""
    later = update(PEOPLE).where(PEOPLE.c.name == name, PEOPLE.c.step < step)
    return connection.execute(later.values(step=step)).rowcount == 1


def put_session(connection: Connection, digest: str, session: Session) -> None:
    """Keep a session, and forget those that have ended by now; raises NotAllowed for somebody disabled meanwhile."""
    _refuse_disabled(connection, session.person)
    old = or_(SESSIONS.c.seen <= session.made - IDLE, SESSIONS.c.made <= session.made - ABSOLUTE)
    connection.execute(delete(SESSIONS).where(old))
    row = {"id": session.id, "digest": digest, "person": session.person, "made": session.made, "seen": session.seen}
    connection.execute(insert(SESSIONS).values(row | {"place": session.place, "agent": session.agent}))


def session(connection: Connection, digest: str) -> tuple[Session, Person] | None:
    """Return the session that has this digest, and whose it is."""
    row = connection.execute(_SESSION.where(SESSIONS.c.digest == digest)).one_or_none()
    whose = known(connection, row.person) if row else None
    return (Session(**row._mapping), whose[0]) if row and whose else None


def touch_session(connection: Connection, id: str, at: datetime) -> None:
    """Note when a session was last used."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(seen=at))


def sessions(connection: Connection, person: str) -> Sequence[Session]:
    """Return the sessions of a person ("" = of all), the last used first."""
    query = _SESSION.order_by(SESSIONS.c.seen.desc())
    rows = connection.execute(query.where(SESSIONS.c.person == person) if person else query)
    return tuple(Session(**row._mapping) for row in rows)


def end_session(connection: Connection, id: str, person: str) -> None:
    """End one session, of that person if one is named; raises NotFound."""
    chosen = delete(SESSIONS).where(SESSIONS.c.id == id)
    if not connection.execute(chosen.where(SESSIONS.c.person == person) if person else chosen).rowcount:
        raise NotFound("there is no such session", hint="it has ended already")


def end_sessions(connection: Connection, person: str, keep: str) -> None:
    """End all sessions of a person but the one with this id."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person, SESSIONS.c.id != keep))


def put_link(connection: Connection, digest: str, link: Link) -> None:
    """Keep a person's one-time link in place of their last; raises NotFound, NotAllowed for somebody disabled."""
    _refuse_disabled(connection, link.person)
    row = {"person": link.person, "digest": digest, "purpose": str(link.purpose)}
    new = upsert(LINKS).values(row | {"made": link.made, "expires": link.expires})
    taken = {name: new.excluded[name] for name in ("digest", "purpose", "made", "expires")}
    connection.execute(new.on_conflict_do_update(index_elements=["person"], set_=taken))


def link(connection: Connection, digest: str) -> Link | None:
    """Return the one-time link that has this digest."""
    columns = (each for each in LINKS.c if each.name != "digest")
    row = connection.execute(select(*columns).where(LINKS.c.digest == digest)).one_or_none()
    return Link(**{**row._mapping, "purpose": Purpose(row.purpose)}) if row else None


def redeem(connection: Connection, link_digest: str, password: str, digest: str, session: Session) -> None:
    """Use a link up: keep the password ("" = leave it) and begin the session; raises NotAllowed when it is used already."""
    if not connection.execute(delete(LINKS).where(LINKS.c.digest == link_digest)).rowcount:
        raise NotAllowed("this link was used already", hint="ask for a new one, or sign in with your password")
    if password:
        put_password(connection, session.person, password, "")
    put_session(connection, digest, session)


def put_token(connection: Connection, digest: str, token: Token) -> None:
    """Keep a token; raises NotAllowed when its name is taken."""
    row = {"name": token.name, "digest": digest, "rights": " ".join(sorted(token.rights))}
    try:
        connection.execute(insert(TOKENS).values(row | {"made": token.made, "expires": token.expires}))
    except IntegrityError as error:
        raise NotAllowed(
            f"there is a token {token.name!r} already", hint="choose another name, or revoke it"
        ) from error


def tokens(connection: Connection) -> Sequence[Token]:
    """Return all tokens by name."""
    return tuple(_token(row) for row in connection.execute(select(TOKENS).order_by(TOKENS.c.name)))


def token(connection: Connection, digest: str) -> Token | None:
    """Return the token that has this digest."""
    row = connection.execute(select(TOKENS).where(TOKENS.c.digest == digest)).one_or_none()
    return _token(row) if row else None


def touch_token(connection: Connection, name: str, at: datetime) -> None:
    """Note when a token was last used."""
    connection.execute(update(TOKENS).where(TOKENS.c.name == name).values(used=at))


def end_token(connection: Connection, name: str) -> None:
    """Revoke a token; raises NotFound."""
    if not connection.execute(delete(TOKENS).where(TOKENS.c.name == name)).rowcount:
        raise NotFound(f"there is no token {name!r}", hint="`handbill token list` shows all")


def forget_visits(connection: Connection) -> None:
    """End all sessions and one-time links: in an older copy of the database they may have been ended since."""
    connection.execute(delete(SESSIONS))
    connection.execute(delete(LINKS))


def _change(connection: Connection, name: str, **values: object) -> None:
    admins = select(func.count()).where(PEOPLE.c.role == str(Role.ADMIN), PEOPLE.c.disabled.is_(None))
    before = connection.scalar(admins)
    if not connection.execute(update(PEOPLE).where(PEOPLE.c.name == name).values(values)).rowcount:
        raise _unknown(name)
    if before and not connection.scalar(admins):
        raise NotAllowed(f"{name} is the only admin", hint="make somebody else admin first")


def _refuse_disabled(connection: Connection, name: str) -> None:
    row = connection.execute(select(PEOPLE.c.disabled).where(PEOPLE.c.name == name)).one_or_none()
    if row is None:
        raise _unknown(name)
    if row.disabled:
        raise NotAllowed(f"{name} is disabled", hint=f"`handbill user enable {name}` lets them in again")


def _unknown(name: str) -> NotFound:
    return NotFound(f"nobody is called {name!r}", hint="`handbill user list` shows all")


def _person(row: Any) -> Person:  # noqa: ANN401 - a row with more columns than these may come
    facts = {"name": row.name, "made": row.made, "disabled": row.disabled}
    return Person(**facts, role=Role(row.role), ready=bool(row.password), second=bool(row.totp))


def _token(row: Row[Any]) -> Token:
    rights = frozenset(map(Right, row.rights.split()))
    return Token(name=row.name, rights=rights, made=row.made, expires=row.expires, used=row.used)
