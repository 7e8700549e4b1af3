"""run, demo and sandbox."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import STARTER_NAME, say, settings_of, tell, write_new
from bot.errors import BadSetting, NotAllowed

if TYPE_CHECKING:
    from bot.app import App
    from bot.ports import Store
    from bot.settings import Settings

#: A fault as people may send it to the sandbox: X publishes the next two posts and then resets the connection.
FAULT = '{"platform": "x", "kind": "reset", "times": 2}'
#: Who decides in the demo.
DEMO = "demo"
PORT = click.IntRange(0, 65535)


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
    _refuse_without_channels(settings)
    asyncio.run(_run(settings, ctx.find_root().obj["page"], settings.web, ""))


def _refuse_without_channels(settings: "Settings") -> None:
    """Begin only where there is somewhere to post, and tell which channels are left out."""
    import structlog

    env = settings.home / ".env"
    lacking = [each for each in settings.channels if each.missing]
    if len(lacking) < len(settings.channels):
        for each in lacking:
            structlog.get_logger("run").warning("left out", channel=each.name, missing=list(each.missing))
        return
    names = ", ".join(name for each in lacking for name in each.missing)
    what = "no channel is set up, so there is nowhere to post" + (f"; missing: {names}" if names else "")
    first = f"fill in one platform's settings in {env}" if env.exists() else "run `handbill init`"
    raise BadSetting(what, where=str(env), hint=f"{first}, or try `handbill demo`, which needs no account")


async def _run(settings: "Settings", page: Any, address: tuple[str, int] | None, followers: str) -> None:  # noqa: ANN401 - bot.web.serve
    from bot import app
    from bot.domain.reactions import BRISK, STEADY
    from bot.store.lock import sole_bot

    with sole_bot(settings.data):
        pass  # a second bot is told so, and not that its port is taken
    with _listening(address) as listening:
        stop = _stop_on_signals()
        async with app.running(settings, BRISK if followers else STEADY) as live, _until_lost(live.app.store, stop):
            if listening is None:
                say("Handbill is running without a web page (HANDBILL_WEB is off).   (Ctrl-C stops)")
                await stop.wait()
                return
            host, port = listening.getsockname()[:2]
            here = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            say(f"Handbill is running: {here}/   (Ctrl-C stops)")
            if followers:
                say(f"As followers see it: {followers}")
                say(f"Sign in to the demo:  {here}/in/{await _demo_link(live.app)}   (once; asks for no password)")
            elif not await live.app.roster.anybody():
                tell("Nobody can sign in yet: `handbill user add NAME --role admin` makes the first account.")
            await page(live, listening, stop, followers)


async def _demo_link(app: "App") -> str:
    """Return a one-time link that signs in at once, as an admin who is there in the demo only; nothing leaves the machine."""
    from bot.domain.people import Purpose, Role

    if DEMO not in {each.name for each in await app.roster.people()}:
        await app.enrolling.add(DEMO, Role.ADMIN)
    return await app.enrolling.invite(DEMO, Purpose.SIGN_IN)


@asynccontextmanager
async def _until_lost(store: "Store", stop: asyncio.Event) -> AsyncIterator[None]:
    """Stop once the database can be used no more, and say why: what cannot be written down is not sent."""
    lost = asyncio.create_task(store.lost())
    lost.add_done_callback(lambda _: stop.set())
    try:
        yield
        if lost.done():
            raise lost.result()
    finally:
        lost.cancel()


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
        taken = "another program has this port: set HANDBILL_WEB to another one, or to off"
        wrong = "set HANDBILL_WEB to an address of this machine with a port above 1023, or to off"
        raise NotAllowed(
            f"cannot listen on {address[0]}:{address[1]}: {(error.strerror or '').partition(' (')[0]}",
            hint=taken if error.errno == errno.EADDRINUSE else wrong,
        ) from error


@click.command(
    name="demo",
    help="""Show everything working on this machine: articles from queue/ (or our samples) are excerpted, scheduled every few
seconds and posted to simulated X, Mastodon, Telegram and Bluesky. No account is needed and nothing leaves the machine.

\b
Example:
  handbill demo --port 9000""",
)
@click.option(
    "--port", type=PORT, default=8080, show_default=True, help="Port of the page; the next free one if it is taken."
)
@click.option(
    "--every",
    type=click.IntRange(1, 86400),
    default=10,
    show_default=True,
    help="Seconds between two posts of a channel.",
)
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
    from bot.store.lock import sole_bot

    folder = home / "data" / "demo"
    with sole_bot(folder):
        pass  # another demo keeps what it has
    if fresh:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    own = home / "queue"
    given = any(path != own / STARTER_NAME for path in own.glob("*/*.*"))
    queue = own if given else await asyncio.to_thread(_samples, app.samples(), folder / "queue")
    async with sandbox(folder / "sandbox", lively=True) as (address, environment):
        told = {**environment, "HANDBILL_DATA": str(folder), "HANDBILL_QUEUE": str(queue)}
        lines = "".join(f"{name}={value}\n" for name, value in told.items())
        await asyncio.to_thread((folder / ".env").write_text, lines, encoding="utf-8")
        settings = load(folder, fields(), {"HANDBILL_PROGRAM": os.environ.get("HANDBILL_PROGRAM", "")})
        async with app.opened(settings) as opened:
            await app.demo_plans(opened, every)
        say("Demo: simulated platforms on this machine; nothing leaves it.")
        say(f"Decide about its posts with: {settings.command} COMMAND")
        await _run(settings, page, ("127.0.0.1", _free_port(port)), f"{address}/")


def _samples(source: Path, target: Path) -> Path:
    import shutil

    if not target.exists():
        partial = target.with_name("queue.partial")
        shutil.copytree(source, partial, dirs_exist_ok=True)
        partial.rename(target)
    return target


def _free_port(wanted: int) -> int:
    for port in (*range(wanted, min(wanted + 20, 65536)), 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as found:
                return int(found.getsockname()[1])
        except OSError:
            continue
    raise NotAllowed(f"no port from {wanted} on is free", hint="choose one with --port")


@click.command(
    name="sandbox",
    help="""Serve the simulated platforms alone, and print the settings that point Handbill at them. For tests: the sandbox
outlives a bot that is killed, its ledger (/ledger) shows what followers saw, and its fault door (/faults) makes requests fail.

\b
Examples:
  handbill sandbox --write try/.env      then, in another terminal: handbill --home try run
  handbill sandbox --port 8099 --folder posted""",
)
@click.option("--port", type=PORT, default=8099, show_default=True, help="Port on 127.0.0.1; 0 = any free one.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep what was posted here, across restarts.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the settings to this new file; its folder is made.",
)
def sandbox_command(port: int, folder: Path | None, write: Path | None) -> None:
    """Run the sandbox until stopped."""
    if write and write.exists():
        hint = "the sandbox is best used by a folder of its own: `--write try/.env`, then `handbill --home try run`"
        raise NotAllowed("is there already and was left alone", where=str(write), hint=hint)
    asyncio.run(_sandbox(port, folder, write))


async def _sandbox(port: int, folder: Path | None, write: Path | None) -> None:
    from bot.sandbox.demo import sandbox

    stop = _stop_on_signals()
    try:
        async with sandbox(folder, port) as (address, environment):
            lines = "".join(f"{name}={value}\n" for name, value in environment.items())
            if write:
                write.parent.mkdir(parents=True, exist_ok=True)
                write_new(write, lines)
            say(f"{lines}# Sandbox: {address}/   (Ctrl-C stops)")
            say(f"# Fault door: POST {address}/faults {FAULT}")
            await stop.wait()
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        hint = "choose another with --port"
        raise NotAllowed(f"cannot listen on port {port}: {error.strerror}", hint=hint) from error
