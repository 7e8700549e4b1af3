"""Handbill as whole processes, as its users run it; each is ended by its own id."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forks import Forks
from tests.shapes import PRINTS, misfits

ROOT = Path(__file__).resolve().parents[1]


FORKS = Forks()


def handbill(
    home: Path, *words: str, stdin: str = "", check: bool = True, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; `more` are variables of its environment. One about Python means a fresh Python."""
    words = ("--home", str(home), *words)
    if any(name.startswith("PYTHON") for name in more):
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            input=stdin, capture_output=True, text=True, timeout=300, check=False, env=environment(**more),
        )  # fmt: skip
    else:
        done = FORKS.run(words, stdin, environment(**more))
    if check and done.returncode:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}")
    return done


def told(home: Path, *words: str, **more: str) -> Any:
    """Run one command with --json and return what it printed, which must be what docs/json.md says."""
    found = json.loads(handbill(home, *words, "--json", stdin="", check=True, **more).stdout)
    verb = next(each for each in (" ".join(words[:2]), words[0]) if each in PRINTS)
    faults = misfits(found, PRINTS[verb], verb)
    assert not faults, faults
    return found


def refused(home: Path, code: int, *words: str, **more: str) -> str:
    """Run a command that must end with that exit code in a few plain words, and return them."""
    done = handbill(home, *words, check=False, **more)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    assert done.stderr.startswith("handbill: "), (words, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr.removeprefix("handbill: ")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a fresh shell with our package on the path."""
    ours = ("HANDBILL_", "PYTHONDONTWRITEBYTECODE")  # compiling all of it again and again would take longest
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def started(home: Path, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command that goes on until it is stopped; it is killed at the end if it is still there."""
    log = (home / f"{words[0]}.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "--home", str(home), *words], stdout=subprocess.PIPE, stderr=log,
        text=True, env=environment(**more),
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=100)
        assert process.stdout is not None
        process.stdout.close()
        log.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox in a process of its own, which outlives the bots that are killed."""

    address: str
    settings: str

    def ledger(self) -> list[dict[str, Any]]:
        """Return what followers could see."""
        with urllib.request.urlopen(f"{self.address}/ledger", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def fault(self, **fields: Any) -> None:
        """Open a fault."""
        request = urllib.request.Request(f"{self.address}/faults", json.dumps(fields).encode(), method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    def lift(self) -> None:
        """Lift every fault."""
        request = urllib.request.Request(f"{self.address}/faults", method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()

    def twice(self) -> dict[tuple[str, str], int]:
        """Return every text that followers of a platform saw more than once."""
        seen = Counter((each["platform"], each["text"]) for each in self.ledger())
        return {what: times for what, times in seen.items() if times > 1}


@contextmanager
def sandbox(home: Path) -> Iterator[Sandbox]:
    """Start a sandbox on a free port and read its address and settings from what it prints."""
    with started(home, "sandbox", "--port", "0") as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if found := re.match(r"# Sandbox: (http://\S+?)/ ", line):
                break
        else:
            raise AssertionError("the sandbox did not start: " + (home / "sandbox.log").read_text())
        yield Sandbox(address=found[1], settings="".join(lines[:-1]))


@contextmanager
def running(home: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Start the bot and wait until it says that it runs."""
    with started(home, "run", **more) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "Handbill is running" in line, (line, (home / "run.log").read_text())
        yield process


def stop(process: subprocess.Popen[str], patience: float = 100) -> int:
    """Ask a process to end, as a service manager does, and return its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=patience)


def wait_until(true: Any, seconds: float, every: float = 0.2) -> bool:
    """Return whether `true()` became so within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(every)
    return bool(true())
