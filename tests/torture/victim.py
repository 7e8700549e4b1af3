"""Bots to be killed: `handbill` in processes forked from one that has imported everything.

As a program it reads orders from standard input, a line of JSON each, and tells on standard output when each process began
and how it ended. An order may name a durable step: the process then sends SIGKILL to itself before or after its n-th commit.
"""

import gc
import json
import os
import select
import signal
import sqlite3
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from tests.forks import IMPORTED, obey

RUNNING = ("bot.engines.local", "bot.flow.dispatch", "bot.flow.linkcheck", "bot.flow.listening", "bot.flow.reconcile")


class Counting(sqlite3.Connection):
    """A connection whose commits are counted over all connections of the process, until the fatal one."""

    commits = 0
    fatal = 0
    after = False

    def execute(self, sql: str, /, *given: Any) -> sqlite3.Cursor:
        if sql != "COMMIT":
            return super().execute(sql, *given)
        Counting.commits += 1
        now = Counting.commits == Counting.fatal
        if now and not Counting.after:
            die()
        done = super().execute(sql, *given)
        if now:
            die()
        return done


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL cannot be survived")


def serve() -> None:
    """Fork for each order, and tell of each end, until there are no more orders."""
    for name in (*IMPORTED, *RUNNING):
        import_module(name)
    gc.freeze()
    ending, ended = os.pipe()
    os.set_blocking(ended, False)
    os.set_blocking(ending, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ended)
    rest = b""
    while True:
        ready, _, _ = select.select([0, ending], [], [])
        if ending in ready:
            with suppress(BlockingIOError):
                os.read(ending, 4096)
            bury()
        if 0 in ready:
            if not (read := os.read(0, 65536)):
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                begin(json.loads(line))


def begin(order: dict[str, Any]) -> None:
    if child := os.fork():
        tell(order=order["number"], pid=child)
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    Counting.fatal, Counting.after = order["fatal"], order["after"]
    sqlite3.connect = partial(sqlite3.connect, factory=Counting)  # type: ignore[assignment]
    obey(order)


def bury() -> None:
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            tell(pid=found[0], code=os.waitstatus_to_exitcode(found[1]))


def tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    serve()
