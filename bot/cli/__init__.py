"""The command line: a thin face. Each command parses words, calls the app and prints.

This file is the table of all commands and the words of `handbill --help`, plain data: help needs no other import, and a
command's module is imported only when the command is used.

    group.py      finds the command, turns errors into words and exit codes
    output.py     what commands share: opening the app, printing for people or as JSON
    manuscript.py what preview and excerpts read: an article, and what stands around it
    spans.py      what plans are made of, as people write it
    prepare.py start.py articles.py excerpts.py override.py editing.py plan.py schedule.py agenda.py
    simulate.py steering.py ledger.py results.py audit.py keeping.py      the commands
"""

import os

#: name -> (module, what it does); the order is that of a first day.
COMMANDS = {
    "demo": ("start", "Show everything with simulated platforms; no account needed."),
    "init": ("prepare", "Write .env, a starter queue/ and the database."),
    "doctor": ("prepare", "Verify every channel; say what is missing and how to get it."),
    "run": ("start", "Run the bot: watch queue/, schedule, post, answer readers."),
    "sandbox": ("start", "Serve the simulated platforms alone, for tests."),
    "user": ("people", "Say who may come in to the desk, and as what."),
    "token": ("people", "Let programs use the API."),
    "add": ("articles", "Put articles into queue/."),
    "preview": ("articles", "Show exactly what each channel would get."),
    "excerpts": ("excerpts", "List the passages an article offers, the best first."),
    "choose": ("editing", "Have an article say a passage, on some channels or all."),
    "override": ("override", "Say something in your own words on one channel."),
    "alt": ("editing", "Say what an article's picture shows."),
    "leave-out": ("editing", "Do not send an article to a channel."),
    "plan": ("plan", "Show or set a channel's posting times, caps and blackouts."),
    "queue": ("schedule", "List deliveries: what is due, where, when, in which state."),
    "calendar": ("agenda", "Print the schedule by days, with free slots."),
    "simulate": ("simulate", "Play the coming days through: what, when, at what cost."),
    "approve": ("steering", "Give held deliveries their next free slot."),
    "move": ("steering", "Give deliveries another moment, or a day's free slot."),
    "hold": ("steering", "Take deliveries off the schedule until approved again."),
    "send-back": ("editing", "Hold deliveries, with what is to be changed."),
    "cancel": ("steering", "End deliveries unsent, for good."),
    "send-now": ("steering", "Make deliveries due at once."),
    "settle": ("steering", "Say what became of an uncertain delivery."),
    "retract": ("steering", "Remove a published post where the platform can."),
    "pause": ("steering", "Stop all posting at once, with a reason."),
    "resume": ("steering", "Post again after a pause."),
    "status": ("ledger", "Tell how things stand: channels, problems, deliveries."),
    "log": ("ledger", "Tell one delivery's story: attempts, receipts, reasons."),
    "results": ("results", "Tell what platforms report: replies, reposts, likes, views."),
    "audit": ("audit", "List what persons decided; verify that log."),
    "backup": ("keeping", "Write the ledger and the pictures to one file."),
    "restore": ("keeping", "Put a backup in place; nothing is sent twice after it."),
    "export": ("keeping", "Write everything as JSON Lines."),
    "import": ("keeping", "Take an export into an empty database."),
}

HELP = """Usage: {program} [OPTIONS] COMMAND [WORDS]...

  Articles in, well-made posts out, on schedule, each exactly once.

Options:
  --home FOLDER  Where .env, queue/ and data/ are ($HANDBILL_HOME, else here).
  --version      Show the version.
  -h, --help     Show this; after a COMMAND: explain that one, with an example.

Commands:
{commands}

First steps:
{steps}

Exit codes: 0 done, 1 failed, 2 wrong words, 3 faulty article, 4 faulty setting,
  5 not found, 6 not allowed now, 7 database, 8 network, 9 cannot tell"""


#: What is done on a first day, and what for.
STEPS = (
    ("{0} demo", "see it work, no account needed"),
    ("{0} init && {0} doctor", "set it up for your own accounts"),
    ("{0} add article.md", "then: {0} run"),
)


def program() -> str:
    """Return what a person here types to run Handbill: run.py says so where it was used."""
    return os.environ.get("HANDBILL_PROGRAM") or "handbill"


def help_text() -> str:
    """Return what `handbill --help` prints."""
    commands = "\n".join(f"  {name:<9} {words}" for name, (_, words) in COMMANDS.items())
    steps = [(words.format(program()), what.format(program())) for words, what in STEPS]
    width = max(len(words) for words, _ in steps)
    told = "\n".join(f"  {words:<{width}}  {what}" for words, what in steps)
    return HELP.format(program=program(), commands=commands, steps=told)
