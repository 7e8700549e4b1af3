"""Programs by others that post to the same three platforms, fetched once per version into the user's cache folder.

Each is proved by the hashes in our lock files and lives in an environment of its own.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKS = {"apprise": ("apprise.lock",), "crosspost": ("package.json", "package-lock.json")}
PROGRAMS = {"apprise": "notify.py", "crosspost": "crosspost.mjs"}


def command(peer: str) -> Sequence[str] | str:
    """Return how a peer is started; else in words why it is not there."""
    if peer == "crosspost" and not (shutil.which("node") and shutil.which("npm")):
        return "there is no node and npm here"
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKS[peer])).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handbill" / "bench"
    folder = cache / f"{peer}-{sys.version_info.major}{sys.version_info.minor}-{digest[:16]}"
    if not (folder / ".whole").exists():
        print(f"fetching {peer} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if words := _apprise(folder) if peer == "apprise" else _crosspost(folder):
            return f"it could not be fetched: {words}"
        (folder / ".whole").touch()
    shutil.copy(HERE / PROGRAMS[peer], folder / PROGRAMS[peer])
    program = str(folder / PROGRAMS[peer])
    return ("node", program) if peer == "crosspost" else (str(_python(folder)), program)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _apprise(folder: Path) -> str:
    made = _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder)
    flags = ["--quiet", "--no-deps", "--require-hashes", "-r", str(HERE / "apprise.lock")]
    uv = shutil.which("uv")
    pip = [sys.base_prefix + "/bin/python3", "-m", "pip", "--no-input", "--python", str(_python(folder)), "install"]
    return made or _run(
        [uv, "pip", "install", "--python", str(_python(folder)), *flags] if uv else [*pip, *flags], folder
    )


def _crosspost(folder: Path) -> str:
    for name in LOCKS["crosspost"]:
        shutil.copy(HERE / name, folder / name)
    return _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def _run(words: Sequence[str], folder: Path) -> str:
    """Return the last words of a command that failed, "" when it did not."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines()
    return (said[-1] if said else f"exit code {done.returncode}") if done.returncode else ""
