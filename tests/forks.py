"""Runs commands as processes forked from one that has imported everything: each takes a tenth of the time.

As a program (`python -m tests.forks`) it is that one: it reads orders from standard input, a line of JSON each, and
answers with the exit code. A command so run has its own memory, environment, files and end, like any other process; only
what it would have imported is there already.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NoReturn

#: What most commands import.
IMPORTED = (
    *("bot.cli.group", "bot.app", "bot.chats.telegram", "bot.domain.composing", "bot.logs", "bot.sources.folder"),
    *("bot.store.sql", "bot.store.migrate", "alembic.command", "alembic.config", "logging.config", "bot.store.schema"),
    *("bot.platforms.x", "bot.platforms.mastodon", "bot.platforms.telegram", "bot.platforms.bluesky", "dotenv.parser"),
    *("aiohttp", "mastodon", "markdown_it", "requests", "telegram.ext", "tweepy.asynchronous", "yaml", "rich.cells"),
)


class Forks:
    """The process to fork from, started with the first order."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()

    def run(self, words: Sequence[str], stdin: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `handbill` with these words to its end."""
        with TemporaryDirectory() as folder, self._lock:
            files = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
            for file, text in zip(files, (stdin, "", ""), strict=True):
                file.write_text(text, encoding="utf-8")
            server = self._started()
            assert server.stdin is not None
            assert server.stdout is not None
            order = {
                "words": list(words),
                "files": [str(file) for file in files],
                "environment": dict(environment),
                "folder": str(Path.cwd()),
            }
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
            code = int(server.stdout.readline())
            return subprocess.CompletedProcess(
                ["handbill", *words], code, files[1].read_text("utf-8"), files[2].read_text("utf-8")
            )

    def close(self) -> None:
        """End the process to fork from."""
        if self._process is not None:
            self._process.communicate()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            root = Path(__file__).resolve().parents[1]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root,
                env={**os.environ, "PYTHONPATH": str(root)},
            )  # fmt: skip
            atexit.register(self.close)
        return self._process


def serve() -> None:
    """Fork for each order, until there are no more."""
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if not (child := os.fork()):
            obey(order)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def obey(order: Mapping[str, object]) -> NoReturn:
    """Become the command."""
    words, files, environment = order["words"], order["files"], order["environment"]
    assert isinstance(words, list)
    assert isinstance(files, list)
    assert isinstance(environment, dict)
    os.chdir(str(order["folder"]))
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        opened = os.open(file, os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = ["handbill", *words]
    from bot.__main__ import main

    code: object = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - what Python itself does at the end
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)  # taking all that was imported apart would take longest


if __name__ == "__main__":
    serve()
