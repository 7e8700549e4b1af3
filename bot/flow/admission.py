"""Coming in: signing in, one-time links, sessions, what programs show, and what a person changes of their own.

What a browser or a program holds is a random secret; only its SHA-256 is kept. Passwords are kept as Argon2id hashes and
checked in threads, a few at a time. Tries are counted in memory: by address, by name and address together, and by name in
a wider measure, so that who tries another's name holds up himself and not its owner.
"""

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from unicodedata import normalize

import structlog

from bot.domain import totp
from bot.domain.ledger import Act
from bot.domain.people import ABSOLUTE, IDLE, Caller, Link, Person, Proofs, Purpose, Session
from bot.domain.throttle import Throttle
from bot.errors import BadInput, NotAllowed, NotFound
from bot.ports import Clock, Roster

if TYPE_CHECKING:
    from argon2 import PasswordHasher

log = structlog.get_logger("admission")

#: Characters of a password. No rule asks for odd characters: length is what counts (NIST SP 800-63B §3.1.1.2).
SHORTEST, LONGEST = 12, 200
#: How many passwords are checked at once: each takes 64 MiB of memory for a moment.
AT_ONCE = 2
#: How often it is noted that a session or a token was used.
NOTED_EVERY = timedelta(minutes=5)
#: What a token begins with, so that scanners for leaked secrets can know it.
TOKEN_MARK = "handbill_"  # noqa: S105 - the mark, not a token


class Wrong(NotAllowed):
    """Name, password or code do not fit together; which of them is not said."""


class TooOften(NotAllowed):
    """Too many tries; `wait` is in how many seconds the next may be made."""

    def __init__(self, wait: float) -> None:
        super().__init__(
            "too many tries to sign in", hint=f"wait {max(1, round(wait))} seconds; each further try counts"
        )
        self.wait = wait


class Admission:
    """Lets people and programs in. Secrets come in and go out as plain text, and are neither kept nor told in errors."""

    def __init__(self, roster: Roster, clock: Clock) -> None:
        self._roster, self._clock = roster, clock
        self._tries, self._places = Throttle(burst=10, every=30), Throttle(burst=30, every=10)
        # Many addresses together may not try without end. One alone never uses this up: it is slower than this fills again.
        self._names = Throttle(burst=100, every=10)
        self._checks = asyncio.Semaphore(AT_ONCE)

    async def sign_in(self, name: str, password: str, code: str, place: str, agent: str) -> str:
        """Return the secret of a new session; raises Wrong, TooOften."""
        name, place = name.strip().lower()[:64], network_of(place)
        pair = f"{name} {place}"
        self._throttle(place, (self._tries, pair), (self._names, name), (self._places, place))
        known = await self._roster.person(name)
        person, proofs = known or (None, Proofs())
        fits = await self._fits(proofs.password, password)
        if person is None or person.disabled or not fits or not await self._code_fits(person, proofs, code):
            log.warning("sign-in refused", person=name if person else "(nobody)", place=place)
            raise Wrong("this name, password or code is not right", hint="check them, or ask an admin for a new link")
        self._tries.forgive(pair)
        secret, session = self._begun(person.name, place, agent)
        await self._roster.put_session(digest_of(secret), session)
        log.info("signed in", person=person.name, place=place)
        return secret

    async def anybody(self) -> bool:
        """Tell whether there is anybody who could sign in."""
        return await self._roster.anybody()

    async def caller(self, secret: str) -> Caller | None:
        """Return who is signed in with this secret of a session; None when it has ended, or never was."""
        found = await self._roster.session(digest_of(secret))
        if found is None:
            return None
        (session, person), now = found, self._clock.now()
        if person.disabled or now >= session.seen + IDLE or now >= session.made + ABSOLUTE:
            return None
        if now - session.seen >= NOTED_EVERY:
            session = replace(session, seen=now)
            await self._roster.touch_session(session.id, now)
        return Caller(name=person.name, by=f"desk:{person.name}", rights=person.rights, person=person, session=session)

    async def program(self, secret: str) -> Caller | None:
        """Return which program shows this token; None for one that is not known or has expired."""
        token, now = await self._roster.token(digest_of(secret)), self._clock.now()
        if token is None or (token.expires and now >= token.expires):
            return None
        if token.used is None or now - token.used >= NOTED_EVERY:
            await self._roster.touch_token(token.name, now)
        return Caller(name=token.name, by=f"api:{token.name}", rights=token.rights)

    async def link(self, secret: str) -> Link:
        """Return what a one-time link is for, without using it up; raises NotFound."""
        found = await self._roster.link(digest_of(secret))
        if found is None or self._clock.now() >= found.expires:
            what = "this link was used already, has expired, or is not whole"
            raise NotFound(what, hint="sign in with your password, or ask an admin for a new link")
        return found

    async def redeem(self, secret: str, password: str, place: str, agent: str, code: str = "") -> str:
        """Use a one-time link, with the password chosen if it is for that; return the secret of a new session.

        A link takes the place of a forgotten password, not of a second factor. Tries (of that factor) are counted by link: who
        has none holds up nobody. Raises NotFound, BadInput, Wrong, TooOften.
        """
        link, hashed = await self.link(secret), ""
        if link.purpose is Purpose.PASSWORD:
            refuse_weak(link.person, password)
        self._throttle(network_of(place), (self._tries, f"link {digest_of(secret)}"))
        if link.purpose is Purpose.PASSWORD:
            hashed = await self._hash(password)
        known = await self._roster.person(link.person)
        if known is None or not await self._code_fits(*known, code):
            raise Wrong("this code is not right", hint="type in what your app shows now")
        opened, session = self._begun(link.person, network_of(place), agent)
        act = Act(by=f"desk:{link.person}", verb="user link used", subject=link.person, words=str(link.purpose))
        await self._roster.redeem(digest_of(secret), hashed, digest_of(opened), session, act)
        return opened

    async def sign_out(self, caller: Caller) -> None:
        """End the session in which somebody is signed in."""
        if caller.session:
            await self._roster.end_session(caller.session.id)

    async def end_session(self, caller: Caller, id: str) -> None:
        """End one of a person's own sessions; raises NotFound."""
        act = Act(by=caller.by, verb="session end", subject=caller.name)
        await self._roster.end_session(id, caller.name, act)

    async def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Give a person a new password, and end all their other sessions; raises Wrong, TooOften, BadInput."""
        await self._prove(caller, old)
        refuse_weak(caller.name, new)
        act = Act(by=caller.by, verb="password", subject=caller.name)
        await self._roster.put_password(
            caller.name, await self._hash(new), caller.session.id if caller.session else "", act
        )

    def new_second(self) -> str:
        """Return a secret for a second factor, which is kept once a code of it was shown."""
        return totp.in_letters(secrets.token_bytes(20))

    async def put_second(self, caller: Caller, password: str, secret: str, code: str) -> None:
        """Have a person asked for codes of this secret from now on; raises Wrong, TooOften, BadInput."""
        await self._prove(caller, password)
        try:
            step = totp.step_of(secret, code, self._clock.now())
        except ValueError as error:
            raise BadInput("this form is not whole", hint="open the page anew") from error
        if step is None:
            hint = "type in what the app shows now; the clocks of both machines must be right"
            raise BadInput("this is not the code that the app shows", hint=hint)
        await self._roster.put_second(caller.name, secret, step, Act(by=caller.by, verb="code on", subject=caller.name))

    async def drop_second(self, caller: Caller, password: str) -> None:
        """Ask a person for no code any more; raises Wrong, TooOften."""
        await self._prove(caller, password)
        await self._roster.put_second(caller.name, "", 0, Act(by=caller.by, verb="code off", subject=caller.name))

    def _throttle(self, place: str, *counts: tuple[Throttle, str]) -> None:
        """Count a try, by several keys; raises TooOften, before anything is computed."""
        now = self._clock.monotonic()
        if wait := max(throttle.wait(key, now) for throttle, key in counts):
            log.warning("sign-in throttled", place=place)
            raise TooOften(wait)
        for throttle, key in counts:
            throttle.take(key, now)

    async def _prove(self, caller: Caller, password: str) -> None:
        """Ask for a person's password once more, before something of theirs is changed."""
        session = caller.session
        key = f"session {session.id if session else caller.by}"
        self._throttle(session.place if session else "", (self._tries, key))
        known = await self._roster.person(caller.name) if caller.person else None
        if known is None or not await self._fits(known[1].password, password):
            raise Wrong("this is not your present password", hint="check it and try again")
        self._tries.forgive(key)

    async def _code_fits(self, person: Person, proofs: Proofs, code: str) -> bool:
        if not proofs.totp:
            return True
        step = totp.step_of(proofs.totp, code, self._clock.now(), proofs.step)
        return step is not None and await self._roster.take_step(person.name, step)

    async def _fits(self, hashed: str, password: str) -> bool:
        """Tell whether a password has this hash; without one, as much is computed all the same."""
        async with self._checks:
            return await asyncio.to_thread(self._verified, hashed, password)

    def _verified(self, hashed: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            self._hasher.verify(hashed or self._nobodys, plain(password))
        except (VerificationError, InvalidHashError):
            return False
        return bool(hashed)

    async def _hash(self, password: str) -> str:
        async with self._checks:
            return await asyncio.to_thread(self._hasher.hash, plain(password))

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        # Imported here, since whoever only opens the app does not sign anybody in.
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def _begun(self, person: str, place: str, agent: str) -> tuple[str, Session]:
        now, agent = self._clock.now(), " ".join(agent.split())[:200]
        session = Session(id=secrets.token_hex(6), person=person, made=now, seen=now, place=place, agent=agent)
        return secrets.token_urlsafe(32), session


def digest_of(secret: str) -> str:
    """Return what is kept of a random secret. One of 256 random bits needs no slow hash."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def plain(password: str) -> str:
    """Return a password as every keyboard writes it (NIST SP 800-63B §3.1.1.2 asks for a Unicode normal form)."""
    return normalize("NFKC", password[: 2 * LONGEST])


def refuse_weak(name: str, password: str) -> None:
    """Raise BadInput for a password that is too short, too long or too simple."""
    if not SHORTEST <= len(plain(password)) <= LONGEST:
        what = f"a password has {SHORTEST} to {LONGEST} characters"
        raise BadInput(what, hint="a few words that only you would put together are easy to keep and hard to guess")
    letters = plain(password).casefold()
    if len(set(letters)) < 5 or letters.replace(name, "").strip("0123456789 .-_!") in ("", "password", "handbill"):
        raise BadInput("this password is too simple", hint="take a few words that only you would put together")


def network_of(place: str) -> str:
    """Return the address that tries are counted by: of IPv6 the /64 that one customer has, "" for what is no address."""
    try:
        address = ip_address(place.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(address) if address.is_loopback else str(ip_network((address, 64), strict=False))
    return str(address)
