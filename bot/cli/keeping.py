"""backup, restore, export, import."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from bot.cli.output import json_option, local, quiet_logs, say, settings_of, show_json, tell, who, with_app
from bot.errors import BadInput, NotAllowed, NotFound, StoreError

if TYPE_CHECKING:
    from bot.store.archive import Restored

file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
stream_argument = click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
STREAM = Path("-")


@click.command(
    name="backup",
    help="""Write the ledger and the pictures to one new file, with a checksum of each. The bot may run meanwhile. Settings and
queue/ are not in it, and no platform's credential is; people's password hashes are, so keep it private.

\b
Example:
  handbill backup /backups/handbill-2026-05-04.zip""",
)
@file_argument
@json_option
@click.pass_context
def backup_command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Back everything up."""
    from bot.store import PATIENCE
    from bot.store.archive import back_up

    settings = settings_of(ctx)
    _refuse_folder(file.absolute().parent)
    made = back_up(settings.database, settings.data / "media", file, _now(), PATIENCE)
    size = file.stat().st_size
    _note(ctx, "backup", file.name, f"{size} bytes")
    if as_json:
        show_json(
            {"file": str(file), "made": made.made, "schema": made.schema, "pictures": made.pictures, "bytes": size}
        )
        return
    say(f"wrote: {file}   ({size:,} bytes, {made.pictures} pictures; only you can read it)")
    say(f"Keep a copy of {settings.home / '.env'} and {settings.queue} too: they are not in it.")


@click.command(
    name="restore",
    help="""Put a backup in place, after every checksum in it was verified. The bot must not run. The present files are kept
beside the new ones as NAME.bak-TIME. What may have been sent since the backup was made becomes uncertain: the platforms are
asked before anything is sent again. Where no journal tells what that is, everything is paused as well until you looked.

\b
Example:
  handbill restore /backups/handbill-2026-05-04.zip""",
)
@file_argument
@json_option
@click.pass_context
def restore_command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Put a backup in place."""
    from bot.store import PATIENCE
    from bot.store.archive import restore

    settings = settings_of(ctx)
    quiet_logs(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    done = restore(settings.database, settings.data / "media", file, who(), _now(), PATIENCE)
    if as_json:
        show_json(
            {
                "file": str(file),
                "made": done.backup.made,
                "uncertain": list(done.uncertain),
                "remembered": done.remembered,
                "undecided": done.undecided,
                "paused": done.paused,
                "aside": [str(each) for each in done.aside],
            }
        )
    else:
        _tell_restored(done, file, settings.zone)


def _tell_restored(done: "Restored", file: Path, zone: str) -> None:
    say(f"restored: {file}   (made {local(done.backup.made, zone)} by Handbill {done.backup.version})")
    for each in done.aside:
        say(f"kept aside: {each}")
    if done.uncertain:
        say(
            f"{len(done.uncertain)} posts may have been sent since: they are uncertain, and the platforms are asked first."
        )
    if done.remembered:
        say(f"{done.remembered} more that were sent since will be uncertain when their articles are taken in again.")
    if done.undecided:
        say(
            f"{done.undecided} are held or failed. If you approved one since then, look on its platform before you do it again."
        )
    if done.paused:
        _tell_paused("backup")
    tell("Next: `handbill doctor`, then `handbill run`.")


def _tell_paused(copy: str) -> None:
    say(
        f"Everything is PAUSED: no journal tells what was sent since, and articles newer than the {copy} may be posted already."
    )
    tell(
        "Put queue/ in place, look at `handbill queue` and the platforms, `handbill cancel` what is there, `handbill resume`."
    )


@click.command(
    name="export",
    help="""Write everything the database holds as JSON Lines (docs/json.md tells the shapes), to a new file or with - to
standard output. No secret is in it.

\b
Examples:
  handbill export handbill.jsonl
  handbill export - | gzip > handbill.jsonl.gz""",
)
@stream_argument
@click.pass_context
def export_command(ctx: click.Context, file: Path) -> None:
    """Write everything as lines."""
    from bot.store import PATIENCE
    from bot.store.exchange import exported
    from bot.store.migrate import prepare

    settings = settings_of(ctx)
    if not settings.database.exists():
        raise NotFound("there is no database to export", where=str(settings.database))
    prepare(settings.database, _now(), PATIENCE)
    count = 0
    with _target(file) as target:
        for line in exported(settings.database, PATIENCE):
            target.write(line.encode() + b"\n")
            count += 1
    _note(ctx, "export", file.name, f"{count} lines")
    if file != STREAM:
        say(f"wrote: {file}   ({count:,} lines; only you can read it)")


@click.command(
    name="import",
    help="""Take an export into an empty database, from a file or with - from standard input: all of it, or with an error that
names the line nothing. The bot must not run. What was due by now becomes uncertain, since whoever was exported may have
sent it meanwhile, and everything is paused until you looked: articles that came later may be posted already.

\b
Examples:
  handbill import handbill.jsonl
  gunzip -c handbill.jsonl.gz | handbill --home new import -""",
)
@stream_argument
@json_option
@click.pass_context
def import_command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Take an export in."""
    from bot.store import PATIENCE
    from bot.store.exchange import imported
    from bot.store.lock import sole_bot

    settings = settings_of(ctx)
    quiet_logs(settings)
    name = "standard input" if file == STREAM else str(file)
    with sole_bot(settings.data), _source(file) as source:
        lines = _decoded(source, name)
        done = imported(settings.database, lines, name, who(), _now(), PATIENCE)
    if as_json:
        show_json({"file": name, "lines": done.lines, "uncertain": done.uncertain, "paused": done.paused})
        return
    say(f"imported: {name}   ({done.lines:,} lines)")
    if done.uncertain:
        say(
            f"{done.uncertain} posts were due by now: they are uncertain, and the platforms are asked before they are sent."
        )
    if done.paused:
        _tell_paused("export")


def _refuse_folder(folder: Path) -> None:
    """Name the folder that was typed before anything is made in it under another name."""
    if not folder.is_dir():
        raise BadInput("there is no such folder", where=str(folder), hint="make it, or name another")
    if not os.access(folder, os.W_OK):
        raise BadInput(
            "nothing can be written there", where=str(folder), hint="check who may write to it, or name another"
        )


def _note(ctx: click.Context, verb: str, subject: str, words: str) -> None:
    """Write the act into the audit log; what was done is done, also when there is no room for that."""
    from bot.domain.ledger import Act

    act = Act(by=who(), verb=verb, subject=subject, words=words)
    try:
        with_app(ctx, lambda app: app.store.note(act, app.clock.now()))
    except StoreError as error:
        say(f"handbill: it is not in the audit log: {error}", err=True)


def _now() -> datetime:
    from bot.clock import SystemClock

    return SystemClock().now()


@contextmanager
def _target(file: Path) -> Iterator[IO[bytes]]:
    """Open standard output, or a new file that only its owner may read and that is gone again when writing fails."""
    if file == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise NotAllowed("is there already and was left alone", where=str(file), hint="give a new name") from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            yield target
    except BaseException:
        file.unlink()
        raise


@contextmanager
def _source(file: Path) -> Iterator[IO[bytes]]:
    if file == STREAM:
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except FileNotFoundError as error:
        raise BadInput("there is no such file", where=str(file)) from error
    with opened:
        yield opened


def _decoded(lines: Iterable[bytes], name: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise BadInput("this is not UTF-8", where=f"{name}:{number}", hint="nothing was imported") from error
