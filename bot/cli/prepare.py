"""init and doctor."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import (
    STARTER_NAME,
    at_home,
    blotter,
    json_option,
    quiet_logs,
    say,
    settings_of,
    show_json,
    tell,
    who,
    write_new,
)
from bot.cli.people import show_link
from bot.errors import BadInput, BadSetting, HandbillError

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.channel import Channel
    from bot.flow.checkup import Finding
    from bot.settings import Settings


@click.command(
    name="init",
    help="""Set Handbill up in this folder: .env (asks for each platform's credentials), a starter queue/ and the database.
What is there already is left alone.

\b
Examples:
  handbill init
  handbill init --no-input      writes a .env to fill in""",
)
@click.option("--no-input", is_flag=True, help="Ask nothing; leave the settings to be filled in.")
@click.pass_context
def init_command(ctx: click.Context, no_input: bool) -> None:
    """Write what is missing."""
    from bot.platforms import adapters
    from bot.settings import example

    home: Path = ctx.find_root().obj["home"]
    home.mkdir(parents=True, exist_ok=True)
    titles = {name: (adapter.TITLE, adapter.FIELDS) for name, adapter in adapters().items()}
    env = home / ".env"
    if env.exists():
        say(f"left alone: {env}")
    else:
        given = {} if no_input else _ask(titles)
        write_new(env, example(titles, given))
        say(f"wrote: {env}   (only you can read it)")
    settings = settings_of(ctx)
    starter = settings.queue / STARTER_NAME
    if any(settings.queue.glob("*/*")):
        say(f"left alone: {settings.queue}")
    else:
        starter.parent.mkdir(parents=True, exist_ok=True)
        write_new(starter, STARTER, mode=0o666)
        say(f"wrote: {starter}   (a draft: it is not posted)")
    quiet_logs(settings)
    first = asyncio.run(_make_database(settings, no_input=no_input))
    tell(f"ready: {settings.database}\nNext: fill in .env if you have not, then `handbill doctor`.")
    if first:
        say(f"\nThe first account of the desk is {first[0]}, an admin:")
        show_link(settings, *first)


async def _make_database(settings: "Settings", *, no_input: bool) -> tuple[str, str] | None:
    """Make the database, and the first account of the desk if there is none; return its name and one-time link."""
    from bot import app
    from bot.domain.people import Role

    async with app.opened(settings) as opened:
        if await opened.roster.anybody():
            return None
        name = _first_name(no_input)
        return name, await opened.enrolling.acting(who()).add(name, Role.ADMIN)


def _first_name(no_input: bool) -> str:
    """Return what the first person is called: as they answer, else as the system calls whoever is at the command line."""
    from bot.domain.people import NAME

    account = who().partition(":")[2].lower()
    suggested = account if NAME.fullmatch(account) else "admin"
    if no_input or not sys.stdin.isatty():
        return suggested
    answer: str = click.prompt("Your name at the desk", default=suggested, value_proc=_as_name)
    return answer


def _as_name(answer: str) -> str:
    """Return a name as it is kept; click asks again for what is none."""
    from bot.flow.enrolling import named

    try:
        return named(answer)
    except BadInput as error:
        raise click.UsageError(f"{error.what}: {error.hint}") from error


def _ask(platforms: Mapping[str, tuple[str, Sequence[Any]]]) -> dict[str, str]:
    """Ask for each platform's settings that have no default; answers may also be piped in, one a line."""
    person = sys.stdin.isatty()
    given: dict[str, str] = {}
    try:
        for name, (title, fields) in platforms.items():
            if click.confirm(f"Post to {title}?", default=False):
                asked = [each for each in fields if each.required or not each.default]
                given |= {f"{name.upper()}_{each.key}": _answer(name, each, person) for each in asked}
    except click.Abort:
        if person:
            raise
        hint = "`handbill init --no-input` asks nothing and writes a .env to fill in"
        raise BadInput("the answers ended early; nothing was written", where="standard input", hint=hint) from None
    return given


def _answer(platform: str, field: Any, person: bool) -> str:  # noqa: ANN401 - a Field
    answer: str = click.prompt(
        f"  {field.help}\n  {platform.upper()}_{field.key}",
        default=field.default or (None if field.required else ""),
        hide_input=field.secret and person,
    )
    return answer.strip()


STARTER = """---
title: Hello from Handbill
link: https://example.org/hello
language: en
tags: [hello]
status: draft   # write `ready` and it is scheduled
---

Put articles like this one into folders below queue/: each folder is a campaign. Handbill picks a passage, word for word,
fits it to each channel and posts it at the next free time. Try `handbill preview welcome/hello.md`.
"""


@click.command(
    name="doctor",
    help="""Verify every channel with its platform, read its limits, check the clock, the database and every file in queue/;
say what is missing and how to get it. A channel that was paused for its credential posts again once it is verified.

\b
Example:
  handbill doctor""",
)
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Look at everything once."""
    settings = at_home(ctx)
    quiet_logs(settings)
    blot = blotter(settings)
    findings = [
        {"subject": each.subject, "level": each.level, "what": blot(each.what), "hint": blot(each.hint)}
        for each in asyncio.run(_doctor(settings))
    ]
    if as_json:
        show_json(findings)
    else:
        for finding in findings:
            colour = {"ok": "green", "warning": "yellow", "error": "red"}[finding["level"]]
            click.secho(finding["level"].ljust(9), fg=colour, nl=False)
            tell(f"{finding['subject']}: {finding['what']}")
            if finding["hint"]:
                tell(f"         {finding['hint']}")
    ctx.exit(1 if any(finding["level"] == "error" for finding in findings) else 0)


async def _doctor(settings: "Settings") -> "list[Finding]":
    from bot import app
    from bot.flow.checkup import Finding, surroundings
    from bot.flow.intake import NO_CHANNEL

    found = [_missing(each.name, each.missing) for each in settings.channels if each.missing]
    if not settings.channels:
        env = settings.home / ".env"
        first = f"fill in one platform's settings in {env}" if env.exists() else "run `handbill init`"
        hint = f"{first}; docs/platforms/ tells for each platform how to get them"
        found.append(Finding(subject="channels", level="error", what="none is set up", hint=hint))
    try:
        async with app.opened(settings) as opened:
            found += await _channels(opened)
            await app.catch_up(opened)
            told = {NO_CHANNEL.where, *(each.subject for each in found)}
            problems = [each for each in await opened.store.problems() if each.where not in told]
            found += surroundings(problems, settings.queue.is_dir(), str(settings.queue))
            faults = "; ".join(await opened.store.check())
            found.append(_database(settings, "ok" if not faults else "error", faults and f": {faults}"))
    except HandbillError as error:
        found.append(_database(settings, "error", f": {error.what}", error.hint))
    return found


async def _channels(opened: "App") -> "Sequence[Finding]":
    from bot import app
    from bot.flow.checkup import Finding, clock

    try:
        async with app.connected(opened) as live:
            found = [*await live.checkup.channels(who()), *clock(live.peers.ahead)]
        return found + [_rest(each) for each in await opened.store.channels() if each.resting(opened.clock.now())]
    except BadSetting as error:
        return [Finding(subject=error.where or "settings", level="error", what=error.what, hint=error.hint)]


def _rest(channel: "Channel") -> "Finding":
    from bot.flow.checkup import Finding

    what = f"{channel.rests_why or 'it rests'}; next try {channel.rests:%d %b %Y %H:%M} UTC"
    return Finding(subject=channel.name, level="warning", what=what, hint="what is due waits, and goes out by itself")


def _database(settings: "Settings", level: str, what: str, hint: str = "") -> "Finding":
    from bot.flow.checkup import Finding

    return Finding(subject="database", level=level, what=f"{settings.database}{what}", hint=hint)


def _missing(channel: str, names: Sequence[str]) -> "Finding":
    from bot.flow.checkup import Finding

    platform = channel.partition("__")[0]
    hint = f"docs/platforms/{platform}.md tells how to get them"
    return Finding(subject=channel, level="error", what=f"missing in .env: {', '.join(names)}", hint=hint)
