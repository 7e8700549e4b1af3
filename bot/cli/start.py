"""demo, init, doctor, run and sandbox."""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, quiet_logs, settings_of, show_json
from bot.errors import BadSetting, HandbillError, NotAllowed

if TYPE_CHECKING:
    from bot.flow.checkup import Finding
    from bot.settings import Settings


@click.command(
    name="run",
    help="""Run the bot: watch queue/, schedule, post, answer readers, serve the desk. Stops cleanly on SIGTERM or Ctrl-C:
what is being posted is finished first.

\b
Example:
  handbill run""",
)
@click.pass_context
def run_command(ctx: click.Context) -> None:
    """Run until stopped."""
    from bot.logs import configure

    settings = settings_of(ctx)
    configure(settings.log, settings.secrets)
    if not any(not each.missing for each in settings.channels):
        hint = "run `handbill init`, or `handbill demo` to see it work without accounts"
        raise BadSetting(
            "no channel is set up, so there is nowhere to post", where=str(settings.home / ".env"), hint=hint
        )
    asyncio.run(_run(settings, ctx.find_root().obj["page"], settings.web, ""))


async def _run(settings: "Settings", page: Any, address: tuple[str, int] | None, followers: str) -> None:  # noqa: ANN401 - bot.web.serve
    from bot import app

    with _listening(address) as listening:
        stop = _stop_on_signals()
        async with app.running(settings) as live:
            if listening is None:
                click.echo("Running without a web page (HANDBILL_WEB is off). Ctrl-C stops.")
                await stop.wait()
                return
            host, port = listening.getsockname()[:2]
            click.echo(f"Handbill is running: http://{f'[{host}]' if ':' in host else host}:{port}/   (Ctrl-C stops)")
            await page(live, listening, stop, followers)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(each, stop.set)
        except NotImplementedError:  # Windows has no signal handlers in the loop
            signal.signal(each, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def _listening(address: tuple[str, int] | None) -> Any:  # noqa: ANN401 - a socket or nothing, as a context
    """Return a bound socket, so that a port in use is told before anything else begins."""
    if address is None:
        return nullcontext()
    try:
        return socket.create_server(address, family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    except OSError as error:
        raise NotAllowed(
            f"cannot listen on {address[0]}:{address[1]}: {error.strerror}",
            hint="another program has this port: set HANDBILL_WEB to another one, or to off",
        ) from error


@click.command(
    name="demo",
    help="""Show everything working on this machine: articles from queue/ (or our samples) are excerpted, scheduled every few
seconds and posted to simulated X, Mastodon, Telegram and Bluesky. No account is needed and nothing leaves the machine.

\b
Example:
  handbill demo --port 9000""",
)
@click.option("--port", default=8080, show_default=True, help="Port of the page; the next free one if it is taken.")
@click.option("--every", default=10, show_default=True, help="Seconds between two posts of a channel.")
@click.option("--fresh", is_flag=True, help="Forget what earlier demos posted.")
@click.pass_context
def demo_command(ctx: click.Context, port: int, every: int, fresh: bool) -> None:
    """Run the bot against the sandbox."""
    from bot.logs import configure

    configure("info", ())
    asyncio.run(_demo(ctx.find_root().obj["home"].resolve(), ctx.find_root().obj["page"], port, every, fresh=fresh))


async def _demo(home: Path, page: Any, port: int, every: int, *, fresh: bool) -> None:  # noqa: ANN401 - bot.web.serve
    import shutil

    from bot import app
    from bot.platforms import fields
    from bot.sandbox.demo import sandbox
    from bot.settings import load

    folder = home / "data" / "demo"
    if fresh:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    own = home / "queue"
    queue = own if any(own.glob("*/*.*")) else await asyncio.to_thread(_samples, app.samples(), folder / "queue")
    async with sandbox(folder / "sandbox") as (address, environment):
        told = {**environment, "HANDBILL_DATA": str(folder), "HANDBILL_QUEUE": str(queue)}
        settings = load(folder, fields(), told)
        async with app.opened(settings) as opened:
            await app.demo_plans(opened, every)
        click.echo("Demo: simulated platforms on this machine; nothing leaves it.")
        await _run(settings, page, ("127.0.0.1", _free_port(port)), f"{address}/")


def _samples(source: Path, target: Path) -> Path:
    import shutil

    if not target.exists():
        shutil.copytree(source, target)
    return target


def _free_port(wanted: int) -> int:
    for port in (*range(wanted, wanted + 20), 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as found:
                return int(found.getsockname()[1])
        except OSError:
            continue
    raise NotAllowed(f"no port from {wanted} on is free", hint="choose one with --port")


@click.command(
    name="sandbox",
    help="""Serve the simulated platforms alone, and print the settings that point Handbill at them. For tests: the sandbox
outlives a bot that is killed, and its ledger (/ledger) shows what followers saw.

\b
Example:
  handbill sandbox --port 8099 --write .env""",
)
@click.option("--port", default=8099, show_default=True, help="Port on 127.0.0.1; 0 = any free one.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep what was posted here, across restarts.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the settings to this new file.")
def sandbox_command(port: int, folder: Path | None, write: Path | None) -> None:
    """Run the sandbox until stopped."""
    asyncio.run(_sandbox(port, folder, write))


async def _sandbox(port: int, folder: Path | None, write: Path | None) -> None:
    from bot.sandbox.demo import sandbox

    stop = _stop_on_signals()
    try:
        async with sandbox(folder, port) as (address, environment):
            lines = "".join(f"{name}={value}\n" for name, value in environment.items())
            if write:
                _write_new(write, lines)
            click.echo(f"{lines}# Sandbox: {address}/   (Ctrl-C stops)")
            await stop.wait()
    except OSError as error:
        raise NotAllowed(
            f"cannot listen on port {port}: {error.strerror}", hint="choose another with --port"
        ) from error


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
        click.echo(f"left alone: {env}")
    else:
        given = {} if no_input else _ask(titles)
        _write_new(env, example(titles, given))
        click.echo(f"wrote: {env}   (only you can read it)")
    settings = settings_of(ctx)
    starter = settings.queue / "welcome" / "hello.md"
    if any(settings.queue.glob("*/*")):
        click.echo(f"left alone: {settings.queue}")
    else:
        starter.parent.mkdir(parents=True, exist_ok=True)
        starter.write_text(STARTER, encoding="utf-8")
        click.echo(f"wrote: {starter}   (a draft: it is not posted)")
    asyncio.run(_make_database(settings))
    click.echo(f"ready: {settings.database}\nNext: fill in .env if you have not, then `handbill doctor`.")


async def _make_database(settings: "Settings") -> None:
    from bot import app

    async with app.opened(settings):
        pass


def _ask(platforms: Mapping[str, tuple[str, Sequence[Any]]]) -> dict[str, str]:
    given = {}
    for name, (title, fields) in platforms.items():
        if not click.confirm(f"Post to {title}?", default=False):
            continue
        for field in fields:
            if field.default and not field.required:
                continue
            key = f"{name.upper()}_{field.key}"
            default = field.default or ("" if not field.required else None)
            given[key] = click.prompt(
                f"  {field.help}\n  {key}", default=default, hide_input=field.secret, show_default=True
            )
    return given


def _write_new(path: Path, text: str) -> None:
    """Write a file that only its owner may read; one that is there is never overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise NotAllowed("is there already and was left alone", where=str(path)) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


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
    help="""Verify every channel with its platform, read its limits, check clock, database and folder; say what is missing and
how to get it. A channel that was paused for its credential posts again once it is verified.

\b
Example:
  handbill doctor""",
)
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Look at everything once."""
    settings = settings_of(ctx)
    quiet_logs(settings)
    findings = asyncio.run(_doctor(settings))
    if as_json:
        show_json([{"subject": f.subject, "level": f.level, "what": f.what, "hint": f.hint} for f in findings])
    else:
        for finding in findings:
            colour = {"ok": "green", "warning": "yellow", "error": "red"}[finding.level]
            click.echo(f"{click.style(finding.level.ljust(7), fg=colour)}  {finding.subject}: {finding.what}")
            if finding.hint:
                click.echo(f"         {finding.hint}")
    ctx.exit(1 if any(finding.level == "error" for finding in findings) else 0)


async def _doctor(settings: "Settings") -> "list[Finding]":
    from bot import app
    from bot.flow.checkup import Finding, surroundings

    found = [_missing(each.name, each.missing) for each in settings.channels if each.missing]
    if not settings.channels:
        hint = "run `handbill init`; docs/platforms/ tells for each platform how to get its credentials"
        found.append(Finding(subject="channels", level="error", what="none is set up", hint=hint))
    try:
        async with app.opened(settings) as opened, app.connected(opened) as live:
            found += await live.checkup.channels()
            found += surroundings(await opened.store.problems(), settings.queue.is_dir(), str(settings.queue))
            found.append(Finding(subject="database", level="ok", what=str(settings.database)))
    except HandbillError as error:
        found.append(Finding(subject="database", level="error", what=error.what, hint=error.hint))
    return found


def _missing(channel: str, names: Sequence[str]) -> "Finding":
    from bot.flow.checkup import Finding

    platform = channel.partition("__")[0]
    hint = f"docs/platforms/{platform}.md tells how to get them"
    return Finding(subject=channel, level="error", what=f"missing in .env: {', '.join(names)}", hint=hint)
