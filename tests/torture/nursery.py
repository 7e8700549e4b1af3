"""Where bots are begun, watched and ended: each by its own id, all of them when the nursery closes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT, environment

LARGEST_LINE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process; `ended` holds its exit code, negative for a signal, once there is one."""

    pid: int
    ended: asyncio.Future[int]
    stdout: Path
    stderr: Path

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """Starts `handbill` with words of one's choice; see tests/torture/victim.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        #: Beginning takes more of a machine than living: few at once.
        self.births = asyncio.Semaphore(2)
        self._numbers = 0
        self._begun: dict[int, asyncio.Future[int]] = {}
        self._ended: dict[int, asyncio.Future[int]] = {}

    async def start(
        self, home: Path, folder: Path, words: tuple[str, ...], fatal: int, after: bool, more: Mapping[str, str]
    ) -> Child:
        """Begin a process in `home`; what it prints goes into `folder`."""
        self._numbers += 1
        number = self._numbers
        files = [folder / f"{number}-{words[0]}.{name}" for name in ("in", "out", "err")]
        for file in files:
            file.touch()
        order: dict[str, Any] = {
            "number": number,
            "words": ["--home", str(home), *words],
            "files": [str(file) for file in files],
            "environment": environment(**more),
            "folder": str(home),
            "fatal": fatal,
            "after": after,
        }
        self._begun[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        pid = await self._begun[number]
        return Child(pid=pid, ended=self._ended[pid], stdout=files[1], stderr=files[2])

    async def listen(self) -> None:
        """Hear of beginnings and ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "order" in told:
                self._ended[told["pid"]] = asyncio.get_running_loop().create_future()
                self._begun.pop(told["order"]).set_result(told["pid"])
            else:
                self._ended.pop(told["pid"]).set_result(told["code"])

    def end(self) -> None:
        """Kill all that is left."""
        for pid in self._ended:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Keep a nursery open while the context lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.torture.victim", cwd=ROOT, limit=LARGEST_LINE,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found = Nursery(process)
    listening = asyncio.create_task(found.listen())
    try:
        yield found
    finally:
        found.end()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
