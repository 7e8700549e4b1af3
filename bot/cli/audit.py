"""audit: what persons decided, and whether that log is whole."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, local, say, settings_of, show_json, show_table, with_app
from bot.domain.ledger import broken
from bot.errors import BadInput, StoreError

if TYPE_CHECKING:
    from bot.domain.ledger import Entry

#: The beginning of a SHA-256 in hexadecimal, long enough to mean one entry.
HEAD = re.compile("[0-9a-f]{8,64}")


@click.group(
    name="audit",
    invoke_without_command=True,
    help="""List what persons decided, the newest last: who, when, what. Each entry is chained to the one before it.

\b
Examples:
  handbill audit --limit 20
  handbill audit verify --head 5f3c90ab""",
)
@click.option("--limit", type=click.IntRange(1), help="Only the last so many.")
@json_option
@click.pass_context
def audit_command(ctx: click.Context, limit: int | None, as_json: bool) -> None:
    """List the audit log."""
    if ctx.invoked_subcommand is not None:
        return
    entries = with_app(ctx, lambda app: app.store.acts())[-(limit or 0) :]
    if as_json:
        show_json([_shape(each) for each in entries])
    elif entries:
        zone = settings_of(ctx).zone
        rows = [
            (str(each.number), local(each.at, zone), each.act.by, each.act.verb, each.act.subject, each.act.words)
            for each in entries
        ]
        show_table(("no", f"when ({zone})", "who", "did", "what", "words"), rows)
    else:
        say("Nobody has decided anything yet.")


@audit_command.command(
    name="verify",
    help="""Recompute the chain of the audit log and print its head. Note the head elsewhere: with --head it is checked that
the log still contains it, so that a log cut short or written anew shows. Exit code 7 when it does not hold.

\b
Example:
  handbill audit verify --head 5f3c90ab""",
)
@click.option("--head", default="", help="A head noted earlier, or its beginning (8 characters or more).")
@json_option
@click.pass_context
def verify_command(ctx: click.Context, head: str, as_json: bool) -> None:
    """Check the audit log."""
    wanted = _head(head)
    entries = with_app(ctx, lambda app: app.store.acts())
    _refuse_broken(entries, wanted)
    found = entries[-1].chain if entries else ""
    if as_json:
        show_json({"entries": len(entries), "head": found})
    else:
        say(f"The audit log is whole: {len(entries)} entries, head {found or '(none yet)'}")


def _head(text: str) -> str:
    """Return the head that is looked for, "" for none; a mistyped one is no sign of tampering, so it is refused as such."""
    found = text.strip().rstrip(".…").lower()
    if text and not HEAD.fullmatch(found):
        raise BadInput(f"{text.strip()!r} is no head", hint="give at least the first 8 of its digits, 0-9 and a-f")
    return found


def _refuse_broken(entries: "Sequence[Entry]", head: str) -> None:
    if number := broken(entries):
        said = next((f": {_told(each)}" for each in entries if each.number == number), " is missing")
        raise StoreError(
            f"the audit log was changed by other hands: entry {number}{said} does not follow from those before it",
            hint="compare it with a backup; what stands before that entry is sound",
        )
    if head and not any(each.chain.startswith(head) for each in entries):
        raise StoreError(
            f"the audit log does not contain the head {head}: it was cut short or written anew",
            hint=f"it ends with entry {len(entries)}; compare it with a backup",
        )


def _told(entry: "Entry") -> str:
    return " ".join(filter(None, (entry.act.by, entry.act.verb, entry.act.subject)))


def _shape(entry: "Entry") -> dict[str, Any]:
    """Return an entry as docs/json.md describes it."""
    act = entry.act
    return {
        "number": entry.number,
        "at": entry.at,
        "by": act.by,
        "verb": act.verb,
        "subject": act.subject,
        "words": act.words,
        "chain": entry.chain,
    }
