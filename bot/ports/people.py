"""The port of bot.ports that is about people: who may come in to the desk and to the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.ledger import Act
from bot.domain.people import Link, Person, Proofs, Role, Session, Token


class Roster(Protocol):
    """Who may come in. Secrets never reach it: digests are SHA-256 in hex, passwords are Argon2 hashes.

    Raises NotFound, NotAllowed (a name is taken, somebody is disabled, nobody would be admin), StoreError.
    """

    async def add_person(self, person: Person, act: Act) -> None: ...
    async def people(self) -> Sequence[Person]: ...  # by name
    async def anybody(self) -> bool: ...  # is there anybody at all
    async def person(self, name: str) -> tuple[Person, Proofs] | None: ...
    async def put_role(self, name: str, role: Role, act: Act) -> None: ...
    async def put_disabled(
        self, name: str, at: datetime | None, act: Act
    ) -> None: ...  # ends their sessions; None = again
    async def put_password(
        self, name: str, password: str, keep: str, act: Act
    ) -> None: ...  # ends all sessions but one
    async def put_second(self, name: str, secret: str, step: int, act: Act) -> None: ...  # secret "" = no second factor
    async def take_step(
        self, name: str, step: int
    ) -> bool: ...  # False when that code, or a later one, was taken before
    async def put_session(self, digest: str, session: Session) -> None: ...
    async def session(self, digest: str) -> tuple[Session, Person] | None: ...
    async def touch_session(self, id: str, at: datetime) -> None: ...
    async def sessions(self, person: str = "") -> Sequence[Session]: ...  # the last used first
    async def end_session(self, id: str, person: str = "", act: Act | None = None) -> None: ...
    async def put_link(self, digest: str, link: Link, act: Act) -> None: ...  # in place of that person's last
    async def link(self, digest: str) -> Link | None: ...
    async def redeem(self, link: str, password: str, digest: str, session: Session, act: Act) -> None: ...
    # ^ uses the link up, keeps the password ("" = leave it) and begins the session, all or nothing
    async def put_token(self, digest: str, token: Token, act: Act) -> None: ...
    async def tokens(self) -> Sequence[Token]: ...  # by name
    async def token(self, digest: str) -> Token | None: ...
    async def touch_token(self, name: str, at: datetime) -> None: ...
    async def end_token(self, name: str, act: Act) -> None: ...
