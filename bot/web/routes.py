"""What the desk's addresses are made of: a row for each, and what an answer knows of who asked.

A page is a file in bot.web.pages that exports `ROUTES`. `right` is what a person must have to be answered (None = nobody
need sign in); it is enforced here, before the answer is made, and nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from bot.domain.people import Caller, Right
from bot.errors import BadInput, NotAllowed
from bot.flow.editing import Editing
from bot.flow.steering import Steering
from bot.ports import Store
from bot.web import forms
from bot.web.words import Words

if TYPE_CHECKING:
    from bot.app import Connected
    from bot.web.desk import Desk

#: What somebody may do who has a right.
MAY: Mapping[Right, str] = {
    Right.SEE: "may look at this desk",
    Right.EDIT: "may write here",
    Right.APPROVE: "may approve posts",
    Right.ADMIN: "administers this desk",
}
GET, POST = ("GET", "HEAD"), ("POST",)


class SignInFirst(NotAllowed):
    """Nobody is signed in, and this address is not for everybody."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its path ("/delivery/{id}"), what answers, what right that takes, and by which methods."""

    path: str
    answer: "Callable[[Asked], Awaitable[Response]]"
    right: Right | None
    methods: tuple[str, ...] = GET


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that takes a decision back: where it goes and what it carries."""

    path: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done, told once on the next page, in the person's language; `at` is a page that tells more."""

    words: str
    undo: Undo | None = None
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """A question asked once more because what follows cannot be undone.

    `title`, `words` and `button` are in the person's language, `quoted` is what it is about and `url` where that is; `fields`
    go with the answer to `action`; `back` is where one goes who says no.
    """

    title: str
    words: str
    button: str
    action: str
    fields: Mapping[str, str]
    back: str
    quoted: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, who made it (None = nobody signed in), the language they read, and the desk that answers."""

    request: Request
    caller: Caller | None
    words: Words
    desk: "Desk"

    @property
    def live(self) -> "Connected":
        """What the pages show and steer."""
        return self.desk.live

    @property
    def store(self) -> Store:
        """Where they look things up."""
        return self.desk.live.app.store

    @property
    def rights(self) -> frozenset[Right]:
        """What who asks may do."""
        return self.caller.rights if self.caller else frozenset()

    @cached_property
    def editing(self) -> Editing:
        """What managers write on articles, in the name of who asks."""
        return self.live.app.editing.acting(self.caller.by if self.caller else "desk", self.rights)

    @cached_property
    def steering(self) -> Steering:
        """The managers' verbs, in the name of who asks."""
        return self.live.app.steering.acting(self.caller.by if self.caller else "desk")

    def may(self, right: str) -> bool:
        """Tell whether who asks has a right: "see", "edit", "approve", "admin"."""
        return self.caller is not None and self.caller.may(Right(right))

    def named(self, parameter: str) -> str:
        """Return what stands in the path for a name: `id` in "/delivery/{id}"."""
        return str(self.request.path_params[parameter])

    async def form(self, longest: int = forms.LONGEST) -> Mapping[str, str]:
        """Return the fields of the form that a person sent from a page of this desk; raises Forbidden, BadInput."""
        return await self.desk.form(self, longest)

    async def files(self) -> tuple[Mapping[str, str], Sequence[forms.File]]:
        """Return the fields and files of such a form that has files; raises Forbidden, BadInput."""
        return await self.desk.files(self)

    async def page(self, template: str, status: int = 200, /, *, still: bool = False, **shown: object) -> Response:
        """Answer with a page; `still` = it does not bring itself up to date (somebody types at length in it)."""
        return await self.desk.page(self, template, status, still=still, **shown)

    async def sure(self, question: Sure) -> Response:
        """Ask once more."""
        return await self.page("sure.html", sure=question)

    def at(self, path: str) -> str:
        """Return the address of a page, below the prefix under which a proxy shows the desk."""
        return str(self.request.scope.get("root_path", "")).rstrip("/") + path

    def to(self, path: str, notice: Notice | None = None) -> Response:
        """Send the browser on to a page of the desk, which tells what was done."""
        told = f"{'&' if '?' in path else '?'}notice={self.desk.keep(notice)}" if notice else ""
        return RedirectResponse(self.at(path) + told, 303)

    def _(self, text: str) -> str:
        """Return a text in the person's language."""
        return self.words.gettext(text)


def refuse(asked: Asked, right: Right | None) -> None:
    """Raise SignInFirst or Forbidden unless who asks has the right."""
    if right is None or asked.may(right):
        return
    if asked.caller is None:
        raise SignInFirst("sign in first")
    raise forms.Forbidden(
        f"your account may not do this: it takes somebody who {MAY[right]}", hint="ask who administers this desk"
    )


def inside(path: str, otherwise: str = "/") -> str:
    """Return a path that a form wants to go back to, `otherwise` when it would lead off this desk."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else otherwise


def whole_number(fields: Mapping[str, str], name: str) -> int:
    """Return a number that one of our own forms carries; raises BadInput."""
    given = fields.get(name, "")
    if not (given.isascii() and given.isdigit()):
        raise torn()
    return int(given)


def refs_of(text: str) -> Sequence[str]:
    """Return the deliveries that one of our own forms carries, as its page showed them: "3f2a@5 77c0@1"; raises BadInput."""
    refs = text.split()
    versions = [each.partition("@")[2] for each in refs]
    if not refs or not all(each.isascii() and each.isdigit() for each in versions):
        raise torn()
    return refs


def torn() -> BadInput:
    """Return what to say of a form that lacks what our own forms carry."""
    return BadInput("this form is not whole", hint="open the desk anew and press again")
