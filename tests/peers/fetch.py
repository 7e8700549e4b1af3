"""Fetches the servers that tests/peers speaks to, once per version, into the user's cache folder.

`run.py test` starts it in the background, prints a line once it is at work, and lets the other tests run meanwhile: one
package of the PDS is compiled, which takes minutes. Every package is proved by the hash in our lock files.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
#: Each peer and the files that say which versions of which packages it is made of.
LOCKS = {"mastodon": ("mastodon.lock",), "pds": ("package.json", "package-lock.json")}

#: A command and the folder to run it in.
Step = tuple[Path, tuple[object, ...]]


def cache() -> Path:
    """Return the folder in which the peers lie."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handbill" / "peers"


def place(peer: str) -> Path:
    """Return where a peer lies: other locks, or another runtime, are another place."""
    if peer == "pds":
        runtime = subprocess.run(["node", "--version"], capture_output=True, check=True).stdout
    else:
        runtime = f"{sys.version} {sys.base_prefix}".encode()
    digest = hashlib.sha256(b"\0".join([runtime, *((HERE / name).read_bytes() for name in LOCKS[peer])]))
    return cache() / f"{peer}-{digest.hexdigest()[:16]}"


def python(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def awaited(peer: str, patience: float) -> Path | str:
    """Return where a peer lies, waiting while it is being fetched; else in words why it is not there."""
    if peer == "pds" and not shutil.which("node"):
        return "there is no node here"
    folder, end = place(peer), time.monotonic() + patience
    while not _whole(folder):
        if not _at_work() and not _whole(folder):
            return f"the peer was not fetched, which `python3 run.py test` does ({_last_words()})"
        if time.monotonic() > end:
            return f"the peer was not fetched within {patience:g} seconds ({_last_words()})"
        time.sleep(0.2)
    return folder


def main() -> int:
    """Fetch what is not there yet and return the exit code; one at a time, whoever else asks waits."""
    cache().mkdir(parents=True, exist_ok=True)
    wanted = [peer for peer in LOCKS if (peer != "pds" or shutil.which("npm")) and not _whole(place(peer))]
    with _lock().open("a") as lock:
        free = _locked(lock)
        sys.stdout.write("fetching\n" if wanted else "nothing to fetch\n")
        sys.stdout.flush()
        while not free and wanted:
            time.sleep(0.2)
            free = _locked(lock)
        with (cache() / "fetch.log").open("a") as log:
            return max((fetch(peer, log) for peer in wanted if not _whole(place(peer))), default=0)


def fetch(peer: str, log: IO[str]) -> int:
    """Fetch one peer; a place that was left half done is begun anew."""
    folder = place(peer)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for where, step in _npm(folder) if peer == "pds" else _pip(folder):
        words = [str(word) for word in step]
        code = subprocess.run(
            words, cwd=where, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
        if code:
            log.write(f"{peer}: `{' '.join(words[:3])}` ended with {code}\n")
            return code
    (folder / ".whole").touch()
    return 0


def _npm(folder: Path) -> list[Step]:
    """Install the PDS. No package's install script is run: the one that must compile is compiled here.

    Its own script would rather fetch a binary that no hash vouches for.
    """
    for name in LOCKS["pds"]:
        shutil.copy(HERE / name, folder / name)
    node, npm = (Path(shutil.which(name) or name).resolve() for name in ("node", "npm"))
    compiler = shutil.which("node-gyp")  # Debian's; npm's own package brings its own
    gyp = (compiler,) if compiler else (node, npm.parents[1] / "node_modules" / "node-gyp" / "bin" / "node-gyp.js")
    prefix = node.parents[1]
    headers = (f"--nodedir={prefix}",) if (prefix / "include" / "node" / "node.h").exists() else ()
    return [
        (folder, ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")),
        (folder / "node_modules" / "better-sqlite3", (*gyp, "rebuild", "--release", *headers)),
    ]


def _pip(folder: Path) -> list[Step]:
    """Install mastodon-mock in an environment of its own: beside our packages it would bring uvicorn another event loop."""
    lock = ("--quiet", "--no-deps", "--require-hashes", "-r", HERE / LOCKS["mastodon"][0])
    uv = shutil.which("uv")
    pip = (sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--python", python(folder))
    install = (uv, "pip", "install", "--python", python(folder), *lock) if uv else (*pip, "install", *lock)
    return [(folder, (sys.executable, "-m", "venv", "--without-pip", folder)), (folder, install)]


def _whole(folder: Path) -> bool:
    return (folder / ".whole").exists()


def _lock() -> Path:
    return cache() / "fetch.lock"


def _at_work() -> bool:
    """Tell whether somebody is fetching: the operating system lets go of the lock of one that was killed."""
    if not _lock().exists():
        return False
    with _lock().open("a") as lock:
        return not _locked(lock)


def _locked(lock: IO[str]) -> bool:
    """Lock the file until it is closed."""
    import fcntl

    with suppress(OSError):
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _last_words() -> str:
    try:
        lines = (cache() / "fetch.log").read_text(errors="replace").split("\n")
    except OSError:
        return "it never was"
    return next((line for line in reversed(lines) if line.strip()), "its log is empty")


if __name__ == "__main__":
    sys.exit(main())
