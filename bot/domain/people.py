"""Who may do what: people with a role, the sessions in which they are signed in, tokens for programs, one-time links.

None of these nouns carries a secret: what a person proves themselves with is a `Proofs`, which only the roster and the
verbs of admission see, and of sessions, tokens and links only a digest is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Right(StrEnum):
    """What somebody may do; each address of the desk asks for one of these, or for none."""

    SEE = "see"
    #: Take articles in, choose and adjust excerpts, write overrides and alt text, propose a time, comment.
    EDIT = "edit"
    #: Approve, send back, move, send now, hold, cancel, settle, retract, pause and resume.
    APPROVE = "approve"
    #: People, tokens, plans, channels.
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is to the desk; each role has the rights of the one before it, and one more."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """What a person of this role may do."""
        return RIGHTS[self]


RIGHTS: Mapping[Role, frozenset[Right]] = {
    role: frozenset(tuple(Right)[: number + 1]) for number, role in enumerate(Role)
}

#: A session ends when it was not used for so long, and in any case so long after the sign-in.
IDLE, ABSOLUTE = timedelta(days=14), timedelta(days=90)
#: How long a one-time link can be used.
LINK_LASTS = timedelta(hours=24)
#: What a name may be: it stands in the audit log, in addresses and on the command line. (Browsers take this pattern too.)
NAME = re.compile(r"[a-z0-9][a-z0-9._\-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in. `ready` = they chose a password, `second` = they also need a code to sign in."""

    name: str
    role: Role
    made: datetime
    disabled: datetime | None = None
    ready: bool = False
    second: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        """What they may do: nothing while they are disabled."""
        return frozenset() if self.disabled else self.role.rights

    def may(self, right: Right) -> bool:
        """Tell whether they have a right."""
        return right in self.rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What a person proves themselves with: the hash of a password and the secret of a second factor, "" = none.

    `step` is the last time step of which a code was taken, so that none is taken twice (RFC 6238 §5.2).
    """

    password: str = field(default="", repr=False)
    totp: str = field(default="", repr=False)
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser in which a person is signed in. `id` names it, and opens nothing; `place` is the address it came from."""

    id: str
    person: str
    made: datetime
    seen: datetime
    place: str = ""
    agent: str = ""

    @property
    def ends(self) -> datetime:
        """When it ends unless it is used before."""
        return min(self.seen + IDLE, self.made + ABSOLUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program shows instead of a password. `expires` None = it lasts until it is revoked."""

    name: str
    rights: frozenset[Right]
    made: datetime
    expires: datetime | None = None
    used: datetime | None = None


class Purpose(StrEnum):
    """What a one-time link is for."""

    PASSWORD = "password"  # noqa: S105 - the word, not one of them
    #: Signs in at once: only the demo makes such links.
    SIGN_IN = "sign in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link by which a person comes in without a password."""

    person: str
    purpose: Purpose
    made: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, as pages and the API know them: a signed-in person with their session, or a program with its token.

    `by` is what the audit log calls them: "desk:anna", "api:newsletter".
    """

    name: str
    by: str
    rights: frozenset[Right]
    person: Person | None = None
    session: Session | None = None

    def may(self, right: Right) -> bool:
        """Tell whether they have a right."""
        return right in self.rights
