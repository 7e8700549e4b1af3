"""user and token: who may come in to the desk and to the API, and by what."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, local, say, settings_of, show_json, show_table, tell, who, with_app
from bot.domain.people import LINK_LASTS, Right, Role
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.people import Person, Token
    from bot.flow.enrolling import Enrolling
    from bot.settings import Settings

ROLE = click.Choice([str(each) for each in Role])


def address(settings: "Settings", secret: str) -> str:
    """Return the address of a one-time link, as people reach the desk."""
    if settings.url:
        return f"{settings.url}/in/{secret}"
    host, port = settings.web or ("", 0)
    here = {"": "", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - no bind
    return f"http://{here}:{port}/in/{secret}" if here else f"/in/{secret}"


def show_link(settings: "Settings", name: str, secret: str) -> None:
    """Print a one-time link and what it is for."""
    hours = round(LINK_LASTS.total_seconds() / 3600)
    say(address(settings, secret))
    tell(f"With this link {name} chooses a password, once, within {hours} hours, while `handbill run` is running.")
    if not settings.web:
        tell("The desk is off at present: set HANDBILL_WEB to have one.")


def _as(app: "App") -> "Enrolling":
    return app.enrolling.acting(who())


@click.group(
    name="user",
    help="""Say who may come in to the desk, and as what: viewer (sees), editor (also edits), approver (also approves, pauses,
takes back), admin (also people, tokens, plans, channels).

\b
Examples:
  handbill user add anna --role admin
  handbill user list""",
)
def user_command() -> None:
    """Group of verbs about people."""


@user_command.command(
    name="add",
    help="""Add somebody and print a link that can be used once, within 24 hours: with it they choose a password.

\b
Example:
  handbill user add anna --role approver""",
)
@click.argument("name")
@click.option("--role", type=ROLE, default=str(Role.EDITOR), show_default=True, help="What they may do.")
@click.pass_context
def add_user(ctx: click.Context, name: str, role: str) -> None:
    """Add a person."""
    secret = with_app(ctx, lambda app: _as(app).add(name, Role(role)))
    show_link(settings_of(ctx), name.strip().lower(), secret)


@user_command.command(
    name="link",
    help="""Print a new link for somebody who forgot their password, or whose link was used or has expired.

\b
Example:
  handbill user link anna""",
)
@click.argument("name")
@click.pass_context
def link_user(ctx: click.Context, name: str) -> None:
    """Invite a person again."""
    show_link(settings_of(ctx), name, with_app(ctx, lambda app: _as(app).invite(name)))


@user_command.command(
    name="list",
    help="""List who may come in, as what, and when they were last here.

\b
Example:
  handbill user list""",
)
@json_option
@click.pass_context
def list_users(ctx: click.Context, as_json: bool) -> None:
    """List people."""

    async def work(app: "App") -> "list[dict[str, Any]]":
        latest = {each.person: each.seen for each in reversed(await app.roster.sessions())}
        return [_person(each, latest.get(each.name)) for each in await app.roster.people()]

    found = with_app(ctx, work)
    if as_json:
        show_json(found)
    elif found:
        zone = settings_of(ctx).zone
        rows = [(each["name"], each["role"], each["state"], local(each["seen"], zone)) for each in found]
        show_table(("name", "role", "state", f"last here ({zone})"), rows)
    else:
        tell("Nobody yet: `handbill user add NAME --role admin` makes the first account.")


@user_command.command(
    name="role",
    help="""Give somebody another role; it holds from their next click on.

\b
Example:
  handbill user role anna approver""",
)
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_context
def role_user(ctx: click.Context, name: str, role: str) -> None:
    """Change a role."""
    with_app(ctx, lambda app: _as(app).put_role(name, Role(role)))
    say(f"{name} is {role}")


def _simple(name: str, help_: str, verb: "Callable[[Enrolling, str], Awaitable[None]]", done: str) -> None:
    """Add a verb that takes a name and tells in one line what was done."""

    @user_command.command(name=name, help=f"{help_}\n\n\b\nExample:\n  handbill user {name} anna")
    @click.argument("name")
    @click.pass_context
    def command(ctx: click.Context, name: str) -> None:
        with_app(ctx, lambda app: verb(_as(app), name))
        say(done.format(name))


_simple("disable", "Let somebody in no more, and end their sessions.", lambda e, n: e.disable(n), "{} comes in no more")
_simple("enable", "Let somebody in again who was disabled.", lambda e, n: e.enable(n), "{} may come in again")
_simple(
    "code-off",
    "Ask somebody who lost their phone for no code at sign-in any more.",
    lambda e, n: e.drop_second(n),
    "{} signs in without a code",
)


@click.group(
    name="token",
    help="""Tokens by which programs use the API instead of a password.

\b
Examples:
  handbill token add newsletter --scope see,edit --days 365
  handbill token list""",
)
def token_command() -> None:
    """Group of verbs about tokens."""


@token_command.command(
    name="add",
    help="""Make a token and print it, this once. The program sends it in the header `Authorization: Bearer TOKEN`.

\b
Example:
  handbill token add newsletter --scope see,edit,approve""",
)
@click.argument("name")
@click.option("--scope", default="see", show_default=True, help="What it may do: see, edit, approve, admin.")
@click.option("--days", type=int, help="How many days it lasts.  [default: until it is revoked]")
@click.pass_context
def add_token(ctx: click.Context, name: str, scope: str, days: int | None) -> None:
    """Make a token."""
    rights = _rights(scope)
    say(with_app(ctx, lambda app: _as(app).add_token(name, rights, days)))


@token_command.command(
    name="list",
    help="""List the tokens: what each may do, until when, and when it was last used. The tokens themselves are kept nowhere.

\b
Example:
  handbill token list""",
)
@json_option
@click.pass_context
def list_tokens(ctx: click.Context, as_json: bool) -> None:
    """List tokens."""
    found = [_token(each) for each in with_app(ctx, lambda app: app.roster.tokens())]
    if as_json:
        show_json(found)
    elif found:
        zone = settings_of(ctx).zone
        rows = [
            (
                each["name"],
                ",".join(each["scope"]),
                local(each["expires"], zone) or "it is revoked",
                local(each["used"], zone),
            )
            for each in found
        ]
        show_table(("name", "scope", f"until ({zone})", "last used"), rows)
    else:
        tell("None yet: `handbill token add NAME --scope see` makes one.")


@token_command.command(
    name="revoke",
    help="""Make a token worthless, at once.

\b
Example:
  handbill token revoke newsletter""",
)
@click.argument("name")
@click.pass_context
def revoke_token(ctx: click.Context, name: str) -> None:
    """Revoke a token."""
    with_app(ctx, lambda app: _as(app).end_token(name))
    say(f"{name} is revoked")


def _rights(scope: str) -> Sequence[Right]:
    try:
        return [Right(each.strip()) for each in scope.split(",")]
    except ValueError as error:
        hint = f"for example --scope see,edit; there are: {', '.join(Right)}"
        raise BadInput(f"--scope: {scope!r} is not a list of rights", hint=hint) from error


def _person(person: "Person", seen: object) -> dict[str, Any]:
    state = "disabled" if person.disabled else "ready" if person.ready else "has not chosen a password yet"
    return {
        "name": person.name,
        "role": str(person.role),
        "state": state,
        "second": person.second,
        "made": person.made,
        "seen": seen,
    }


def _token(token: "Token") -> dict[str, Any]:
    scope = [str(each) for each in Right if each in token.rights]
    return {"name": token.name, "scope": scope, "made": token.made, "expires": token.expires, "used": token.used}
