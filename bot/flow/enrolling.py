"""What admins decide about people and programs: who there is, what they may do, and by what they come in."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from bot.domain.ledger import Act
from bot.domain.people import LINK_LASTS, NAME, Link, Person, Purpose, Right, Role, Token
from bot.errors import BadInput, NotFound
from bot.flow.admission import TOKEN_MARK, digest_of
from bot.ports import Clock, Roster

#: Days that a token may last.
LONGEST_TOKEN = 3660


class Enrolling:
    """Each verb goes into the audit log as an act of `by`. A secret is returned once and kept nowhere."""

    def __init__(self, roster: Roster, clock: Clock, by: str = "bot") -> None:
        self._roster, self._clock, self._by = roster, clock, by

    def acting(self, by: str) -> "Enrolling":
        """Return the same verbs in somebody's name."""
        return Enrolling(self._roster, self._clock, by)

    async def add(self, name: str, role: Role) -> str:
        """Add somebody and return the secret of their one-time link; raises BadInput, NotAllowed."""
        person = Person(name=named(name), role=role, made=self._clock.now())
        await self._roster.add_person(person, self._act("user add", person.name, str(role)))
        return await self.invite(person.name)

    async def invite(self, name: str, purpose: Purpose = Purpose.PASSWORD) -> str:
        """Return the secret of a new one-time link, which takes the place of their last; raises NotFound, NotAllowed."""
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        link = Link(person=name, purpose=purpose, made=now, expires=now + LINK_LASTS)
        await self._roster.put_link(digest_of(secret), link, self._act("user link", name))
        return secret

    async def put_role(self, name: str, role: Role) -> None:
        """Give somebody another role, from their next click on; raises NotFound, NotAllowed."""
        await self._roster.put_role(name, role, self._act("user role", name, str(role)))

    async def disable(self, name: str) -> None:
        """Let somebody in no more and end their sessions; raises NotFound, NotAllowed."""
        await self._roster.put_disabled(name, self._clock.now(), self._act("user disable", name))

    async def enable(self, name: str) -> None:
        """Let somebody in again; raises NotFound."""
        await self._roster.put_disabled(name, None, self._act("user enable", name))

    async def end_session(self, id: str) -> None:
        """End anybody's session; raises NotFound."""
        [whose] = [each.person for each in await self._roster.sessions() if each.id == id] or [""]
        await self._roster.end_session(id, act=self._act("session end", whose))

    async def drop_second(self, name: str) -> None:
        """Ask somebody who lost their phone for no code any more; raises NotFound."""
        if await self._roster.person(name) is None:
            raise NotFound(f"nobody is called {name!r}", hint="`handbill user list` shows all")
        await self._roster.put_second(name, "", 0, self._act("code off", name))

    async def add_token(self, name: str, rights: Iterable[Right], days: int | None = None) -> str:
        """Return a new token with these rights (SEE always among them), which expires after so many days if at all."""
        if days is not None and not 1 <= days <= LONGEST_TOKEN:
            raise BadInput(f"a token lasts 1 to {LONGEST_TOKEN} days, or until it is revoked")
        secret, now = TOKEN_MARK + secrets.token_urlsafe(32), self._clock.now()
        given = frozenset(rights) | {Right.SEE}
        expires = None if days is None else now + timedelta(days=days)
        token = Token(name=named(name), rights=given, made=now, expires=expires)
        await self._roster.put_token(
            digest_of(secret), token, self._act("token add", token.name, " ".join(sorted(given)))
        )
        return secret

    async def end_token(self, name: str) -> None:
        """Revoke a token; raises NotFound."""
        await self._roster.end_token(name, self._act("token revoke", name))

    def _act(self, verb: str, subject: str, words: str = "") -> Act:
        return Act(by=self._by, verb=verb, subject=subject, words=words)


def named(name: str) -> str:
    """Return a name as it is kept; raises BadInput for what is none."""
    kept = name.strip().lower()
    if not NAME.fullmatch(kept):
        hint = "up to 32 of the letters a to z, digits, dots, hyphens and underscores, beginning with a letter or digit"
        raise BadInput(f"{name[:64]!r} cannot be a name", hint=hint)
    return kept
