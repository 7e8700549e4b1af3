#!/usr/bin/env python3
"""One command from a fresh clone: sets up .venv from the lock, then runs what you ask for.

    python3 run.py                    the demo: the bot with simulated platforms, no account needed
    python3 run.py test [PYTEST…]     every check: lint, types, architecture, all tests (installs what they need)
    python3 run.py check              lint, types and architecture only
    python3 run.py torture [N]        the bot killed and its platforms faulted, N times over; see tests/torture
    python3 run.py bench [NAME…]      the benchmarks (`bench deliveries --full` takes longer)
    python3 run.py docs               write the generated pages anew
    python3 run.py WORDS…             the same as `handbill WORDS…`

Standard library only; works on Debian 12 with python3 and python3-pip (no venv module, make, git or compiler needed).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
CHECKS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("architecture", ("lint-imports",)),
)
#: What tests need from the system: the command to look for, Debian's packages for it.
SYSTEM = (
    ("chromium", ("chromium", "fonts-noto-core", "fonts-noto-cjk", "fonts-noto-color-emoji")),
    ("npm", ("nodejs", "npm")),
    ("g++", ("g++", "make")),
)


def main(words: list[str]) -> int:
    """Set up, run, and return the exit code of what was run."""
    if sys.version_info < (3, 11):  # noqa: UP036 - run.py meets Pythons that the package does not
        return fail(f"Handbill needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    development = words[:1] in (["test"], ["check"], ["bench"], ["torture"])
    if not set_up("requirements-dev.lock" if development else "requirements.lock"):
        return 1
    match words:
        case []:
            return become("demo")
        case ["test", *rest]:
            return test(rest)
        case ["check"]:
            return check()
        case ["torture", *rest]:
            return run(PYTHON, "-m", "tests.torture", *rest)
        case ["bench", *names]:
            return bench(names)
        case ["docs"]:
            return run(PYTHON, ROOT / "docs" / "make.py")
        case _:
            return become(*words)


def set_up(lock: str) -> bool:
    """Make .venv hold just what the lock says; does nothing when it does already."""
    stamp = VENV / f".{lock}"
    wanted = hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    dev_stamp = VENV / ".requirements-dev.lock"
    both = hashlib.sha256((ROOT / "requirements-dev.lock").read_bytes()).hexdigest()
    if any(each.exists() and each.read_text() == mark for each, mark in ((stamp, wanted), (dev_stamp, both))):
        return True
    say(f"setting up {VENV.name} from {lock} (once)")
    if not PYTHON.exists() and run(sys.executable, "-m", "venv", "--without-pip", VENV) != 0:
        return fail("could not make a virtual environment; on Debian: apt-get install python3-venv") == 0
    if not install(lock):
        return fail("the packages could not be installed; the lines above say why") == 0
    run(PYTHON, "-m", "compileall", "-q", ROOT / "bot")
    stamp.write_text(wanted)
    return True


def install(lock: str) -> bool:
    """Install the lock's packages, each proved by its hash: with uv where there is one, else with this Python's pip."""
    flags = ("--require-hashes", "-r", ROOT / lock)
    uv = shutil.which("uv")
    if uv:
        return run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON, *flags) == 0
    if run(sys.executable, "-m", "pip", "--version", quiet=True) != 0:
        return fail("neither uv nor pip is here; on Debian: apt-get install python3-pip") == 0
    options = ("-qq", "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--no-deps")
    return run(sys.executable, "-m", "pip", "--python", PYTHON, "install", *options, *flags) == 0


def test(rest: list[str]) -> int:
    """Run every check and every test; names on the command line narrow the tests and skip the checks."""
    missing = system_packages()
    with peers(wanted=not rest or any("peers" in word for word in rest)):
        failed = [] if rest else failing_checks()
        code = run(PYTHON, "-m", "pytest", *(rest or ["-n", "2", "--cov", "--cov-report=term:skip-covered"]))
    for tool in missing:
        say(f"missing: {tool}; its tests were skipped (they fail when CI=true)")
    for name in failed:
        say(f"failed: {name}")
    return code or bool(failed)


def check() -> int:
    """Run lint, types and architecture."""
    return bool(failing_checks())


def failing_checks() -> list[str]:
    """Return the names of the checks that did not pass."""
    return [name for name, (tool, *rest) in CHECKS if run(BIN / tool, *rest) != 0]


def system_packages() -> list[str]:
    """Install what tests need from the system where we may; return what is still missing."""
    absent = [(command, packages) for command, packages in SYSTEM if shutil.which(command) is None]
    if absent and shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        say(f"installing {', '.join(command for command, _ in absent)} for the tests")
        run("apt-get", "update", "-qq", quiet=True)
        names = [name for _, packages in absent for name in packages]
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *names, quiet=True)
    return [command for command, _ in absent if shutil.which(command) is None]


@contextmanager
def peers(*, wanted: bool) -> Iterator[None]:
    """Fetch the servers that tests/peers speaks to in the background, once per version; see tests/peers/fetch.py."""
    if not wanted or os.name == "nt":
        yield
        return
    command = [sys.executable, str(ROOT / "tests" / "peers" / "fetch.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fetching:
        if fetching.stdout and fetching.stdout.readline().startswith("fetching"):
            say("fetching the servers that we test against (once, in the background)")
        yield


def bench(names: list[str]) -> int:
    """Run the benchmarks, all or those named; words that begin with "-" are handed on."""
    names, flags = ([name for name in names if name.startswith("-") is flag] for flag in (False, True))
    files = sorted((ROOT / "benchmarks").glob("[a-z]*.py"))
    chosen = [file for file in files if not names or file.stem in names]
    if not chosen:
        return fail(f"no such benchmark; there are {', '.join(file.stem for file in files)}")
    return max(run(PYTHON, file, *flags) for file in chosen)


def become(*words: str) -> int:
    """Turn into the `handbill` command, where the person stands: signals sent to this process reach the bot itself."""
    command = [str(PYTHON), "-m", "bot", *words]
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, "HANDBILL_PROGRAM": "python3 " + os.path.relpath(ROOT / "run.py")}
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(PYTHON, command, environment)
    return subprocess.run(command, env=environment, check=False).returncode  # Windows cannot turn into another process


def run(*command: object, quiet: bool = False) -> int:
    """Run a command in the repository and return its exit code; Ctrl-C reaches it and is waited for."""
    sink = subprocess.DEVNULL if quiet else None
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DEBIAN_FRONTEND": "noninteractive"}
    child = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=sink, stderr=sink, env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def say(words: str) -> None:
    """Tell the person at the terminal."""
    print(f"run.py: {words}", file=sys.stderr, flush=True)


def fail(words: str) -> int:
    """Tell the person what is wrong and return the exit code for it."""
    say(words)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
