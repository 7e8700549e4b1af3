"""The port Roster on the database file: each method names the function of people.py that does it, and who runs it."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.ledger import Act
from bot.domain.people import Link, Person, Proofs, Role, Session, Token
from bot.store import audit, people
from bot.store.file import LedgerFile


class RosterFile(LedgerFile):
    """Who may come in. Digests are SHA-256 in hex; nothing here ever sees what they are of."""

    async def add_person(self, person: Person, act: Act) -> None:
        """Add somebody; raises NotAllowed when that name is taken."""
        await self._write(audit.noted(people.add, self._clock.now(), act), person)

    async def people(self) -> Sequence[Person]:
        """Return all people by name."""
        return await self._read(people.every)

    async def anybody(self) -> bool:
        """Tell whether there is anybody at all."""
        return await self._read(people.anybody)

    async def person(self, name: str) -> tuple[Person, Proofs] | None:
        """Return a person with what they prove themselves with."""
        return await self._read(people.known, name)

    async def put_role(self, name: str, role: Role, act: Act) -> None:
        """Give somebody another role; raises NotFound, NotAllowed when nobody would be admin then."""
        await self._write(audit.noted(people.put_role, self._clock.now(), act), name, role)

    async def put_disabled(self, name: str, at: datetime | None, act: Act) -> None:
        """Let somebody in no more, and end their sessions; None lets them in again. Raises as `put_role`."""
        await self._write(audit.noted(people.put_disabled, self._clock.now(), act), name, at)

    async def put_password(self, name: str, password: str, keep: str, act: Act) -> None:
        """Keep the hash of a password, and end all the person's sessions but one."""
        await self._write(audit.noted(people.put_password, self._clock.now(), act), name, password, keep)

    async def put_second(self, name: str, secret: str, step: int, act: Act) -> None:
        """Keep the secret of a second factor ("" = none) and the time step of the code that was taken."""
        await self._write(audit.noted(people.put_second, self._clock.now(), act), name, secret, step)

    async def take_step(self, name: str, step: int) -> bool:
        """Note that a person's code of this time step was taken; False when it was before."""
        return await self._write(people.take_step, name, step)

    async def put_session(self, digest: str, session: Session) -> None:
        """Keep a session; raises NotAllowed for somebody who is disabled."""
        await self._write(people.put_session, digest, session)

    async def session(self, digest: str) -> tuple[Session, Person] | None:
        """Return a session and whose it is."""
        return await self._read(people.session, digest)

    async def touch_session(self, id: str, at: datetime) -> None:
        """Note when a session was last used."""
        await self._write(people.touch_session, id, at)

    async def sessions(self, person: str = "") -> Sequence[Session]:
        """Return the sessions of a person ("" = of all), the last used first."""
        return await self._read(people.sessions, person)

    async def end_session(self, id: str, person: str = "", act: Act | None = None) -> None:
        """End one session, of that person if one is named; raises NotFound."""
        await self._write(audit.noted(people.end_session, self._clock.now(), act), id, person)

    async def put_link(self, digest: str, link: Link, act: Act) -> None:
        """Keep a person's one-time link in place of their last; raises NotFound, NotAllowed."""
        await self._write(audit.noted(people.put_link, self._clock.now(), act), digest, link)

    async def link(self, digest: str) -> Link | None:
        """Return a one-time link that was not used yet."""
        return await self._read(people.link, digest)

    async def redeem(self, link: str, password: str, digest: str, session: Session, act: Act) -> None:
        """Use a link up, keep the password ("" = leave it) and begin a session; raises NotAllowed."""
        await self._write(audit.noted(people.redeem, self._clock.now(), act), link, password, digest, session)

    async def put_token(self, digest: str, token: Token, act: Act) -> None:
        """Keep a token; raises NotAllowed when its name is taken."""
        await self._write(audit.noted(people.put_token, self._clock.now(), act), digest, token)

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens by name."""
        return await self._read(people.tokens)

    async def token(self, digest: str) -> Token | None:
        """Return a token."""
        return await self._read(people.token, digest)

    async def touch_token(self, name: str, at: datetime) -> None:
        """Note when a token was last used."""
        await self._write(people.touch_token, name, at)

    async def end_token(self, name: str, act: Act) -> None:
        """Revoke a token; raises NotFound."""
        await self._write(audit.noted(people.end_token, self._clock.now(), act), name)
