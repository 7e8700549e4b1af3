"""What delivering costs: Handbill beside the bare SDKs and beside programs by others, against one sink, in one run.

    python3 run.py bench deliveries            five minutes on a busy machine
    python3 run.py bench deliveries --full     all numbers of channels, more rounds, a million waiting deliveries

X, Mastodon and Telegram in turn, one post at a time on a channel, channels side by side. The sink has a process and, where
the system lets us, a core of its own. Rounds of all contestants are interleaved; figures are medians. On a busy machine
compare the ratios, and rather those of CPU than of time.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.delivering import peers
from benchmarks.delivering.course import TEXT, Run
from benchmarks.delivering.sink import HOSTS

ROOT = Path(__file__).resolve().parents[1]
BARE, OURS, CORE = ("benchmarks.delivering.bare", "benchmarks.delivering.ours", "benchmarks.delivering.core")
PATIENCE = 900
CONTESTANTS: Mapping[str, Sequence[str] | None] = {
    "Handbill": ("-m", OURS, "ours"),
    "its adapters, no queue": ("-m", BARE, "adapters"),
    "SDKs tuned, no queue": ("-m", BARE, "tuned"),
    "SDKs naive, no queue": ("-m", BARE, "naive"),
    "crosspost": None,
    "apprise": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """So many channels, deliveries to each, and the platforms' latency in milliseconds."""

    channels: int
    each: int
    latency: int


QUICK = (Heat(channels=50, each=20, latency=0), Heat(channels=50, each=20, latency=100))
FULL = tuple(
    Heat(channels=channels, each=each, latency=latency)
    for channels, each, latency in (
        (1, 300, 0), (50, 40, 0), (200, 10, 0), (1, 50, 100), (50, 40, 100), (200, 20, 100),
    )
)  # fmt: skip


def cores() -> tuple[set[int], set[int]]:
    """Return a core for the contestants and one for the sink; none when they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    ours = sorted(os.sched_getaffinity(0))
    return ({ours[0]}, {ours[-1]}) if len(ours) > 1 else (set(), set())


def run(words: Sequence[str], core: set[int]) -> Mapping[str, float]:
    """Run a contestant to its end and return what it tells; its logs go nowhere."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    pin = (lambda: os.sched_setaffinity(0, core)) if core else None
    with TemporaryDirectory() as folder, (Path(folder) / "errors").open("w+") as errors:
        done = subprocess.run(
            words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=PATIENCE,
            check=False, preexec_fn=pin,
        )  # fmt: skip
        if done.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(words[:4])} failed:\n{errors.read()[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


@contextmanager
def sink(latency: int, core: set[int]) -> Iterator[int]:
    """Give the port of a sink that answers after so many milliseconds."""
    words = [sys.executable, "-m", "benchmarks.delivering.sink", str(latency)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if core:
                os.sched_setaffinity(process.pid, core)
            yield int(process.stdout.readline())
        finally:
            process.kill()


def connections(port: int) -> int:
    """Return how many connections have posted to a sink."""
    with urllib.request.urlopen(f"http://{HOSTS['x']}:{port}/count", timeout=60) as answer:
        return int(json.load(answer)["connections"])


def race(heat: Heat, rounds: int, commands: Mapping[str, Sequence[str]]) -> None:
    """Let all contestants run in turn, so many rounds, and print their medians beside Handbill's."""
    near, far = cores()
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    opened: dict[str, list[int]] = {name: [] for name in commands}
    with sink(heat.latency, far) as port:
        for _ in range(rounds):
            for name, command in commands.items():
                ours = command[0] == sys.executable
                words = [*command, str(heat.channels), str(heat.each), str(port)]
                before = connections(port)
                runs[name].append(Run(**run(words if ours else [*words, *HOSTS.values(), TEXT], near)))  # type: ignore[arg-type]
                opened[name].append(connections(port) - before)
    print(f"\n{heat.channels} channels, {heat.channels * heat.each} deliveries, {heat.latency} ms, {rounds} rounds")
    line("", "per s", "CPU ms", "MiB", "opened", "rate /", "CPU /")
    first = runs["Handbill"]
    for name, theirs in runs.items():
        rate = median(ours.rate / each.rate for ours, each in zip(first, theirs, strict=True))
        cost = median(ours.cost / each.cost for ours, each in zip(first, theirs, strict=True))
        told = (median(each.rate for each in theirs), median(each.cost for each in theirs))
        line(name, *told, median(each.peak for each in theirs), float(median(opened[name])), rate, cost)


def core(*, full: bool) -> None:
    """Print what the queue alone costs."""
    near, _ = cores()

    def told(kind: str, first: int, second: int) -> Mapping[str, float]:
        return run([sys.executable, "-m", CORE, kind, str(first), str(second)], near)

    print("\nthe queue alone, its platform answers at once")
    for channels, each in ((50, 100), (200, 50)) if full else ((50, 60),):
        found = told("noop", channels, each)
        print(f"  {channels} channels: {found['rate']:,.0f} deliveries/s, {found['cpu']:,.0f} us CPU each")
    found = told("lag", 500 if full else 150, 20 if full else 5)
    print(f"  wake-up lag: p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms")
    found = told("burst", 50, 200)
    print(
        f"  10,000 due at once: first sent after {found['first']:.0f} ms, loop blocked {found['longest']:.0f} ms at most"
    )
    each = 5000 if full else 500
    found = told("tick", 200, each)
    words = ", ".join(f"{name} {value:.2f} ms" for name, value in found.items())
    print(f"  a look among {200 * each:,} waiting: {words}")
    each = 2000 if full else 100
    found = told("memory", 50, each)
    print(
        f"  memory: {found['before']:.0f} MiB after {5 * each:,} deliveries, {found['after']:.0f} after {50 * each:,}"
    )


def line(name: str, *cells: object) -> None:
    """Print one line of a table."""
    print(f"{name:<24}", *(f"{cell:>8.2f}" if isinstance(cell, float) else f"{cell!s:>8}" for cell in cells))


def main(words: Sequence[str]) -> None:
    """Fetch the peers, then measure."""
    full = "--full" in words
    commands: dict[str, Sequence[str]] = {}
    for name, own in CONTESTANTS.items():
        command = (sys.executable, *own) if own else peers.command(name)
        if isinstance(command, str):
            print(f"without {name}: {command}")
        else:
            commands[name] = command
    for heat in FULL if full else QUICK:
        race(heat, 5 if full else 3, commands)
    core(full=full)


if __name__ == "__main__":
    main(sys.argv[1:])
