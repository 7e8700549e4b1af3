"""Bring the files of others that the desk's pages use up to date: `python docs/vendor.py` (needs npm).

Writes bot/web/static/vendor and the sprite of icons, and their names, versions, digests and licences into VENDOR.toml.
Change a version or add an icon here, run it, read the difference.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "bot" / "web" / "static"
VENDOR = STATIC / "vendor"

#: (package, version, file in it, file of ours, licence, licence file in it: "" = it brings none, ours is kept by hand)
FILES = (
    ("htmx.org", "2.0.11", "dist/htmx.min.js", "htmx.min.js", "0BSD", "LICENSE"),
    ("@event-calendar/build", "5.10.1", "dist/event-calendar.min.js", "event-calendar.min.js", "MIT", ""),
    ("@event-calendar/build", "5.10.1", "dist/event-calendar.min.css", "event-calendar.min.css", "MIT", ""),
)
ICONS = ("lucide-static", "1.62.0", "ISC")
#: Icons of the sprite, by the names that https://lucide.dev gives them.
NAMES = """activity arrow-left arrow-right calendar-clock calendar-days calendar-plus calendar-x chart-column check chevron-down
chevron-left chevron-right circle-alert circle-check circle-pause clock copy download ellipsis external-link eye file-text
grip-vertical heart history hourglass image inbox info key-round languages link list lock log-out message-square pencil play
plus radio refresh-cw repeat-2 search send settings shield trash-2 triangle-alert undo-2 user users x"""


def unpacked(package: str, version: str, folder: Path) -> Path:
    """Fetch a package by npm and return the folder it was unpacked to."""
    place = folder / f"{package.replace('/', '-')}-{version}"
    if not place.exists():
        place.mkdir()
        command = ["npm", "pack", "--silent", "--pack-destination", str(place), f"{package}@{version}"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the words are those above
        with tarfile.open(next(place.glob("*.tgz"))) as archive:
            archive.extractall(place, filter="data")
    return place / "package"


def symbol(name: str, svg: str) -> str:
    """Return an icon as a symbol of the sprite."""
    inner = " ".join(re.findall(r"<(?!/?svg|!--)[^>]+>", svg))
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>'


def row(name: str, version: str, path: Path, licence: str, origin: str) -> str:
    """Return an entry of VENDOR.toml."""
    digest = sha256(path.read_bytes()).hexdigest()
    told = {"name": name, "version": version, "from": origin, "licence": licence, "sha256": digest}
    lines = "\n".join(f'{key} = "{value}"' for key, value in told.items())
    return f'["{path.relative_to(STATIC).as_posix()}"]\n{lines}\n'


def main() -> None:
    """Fetch everything and write it down."""
    rows = []
    VENDOR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package, version, inside, ours, licence, licence_file in FILES:
            source = unpacked(package, version, folder)
            (VENDOR / ours).write_bytes((source / inside).read_bytes())
            if licence_file:
                stem = package.strip("@").replace("/", "-")
                (VENDOR / f"{stem}.LICENSE").write_bytes((source / licence_file).read_bytes())
            rows.append(row(package, version, VENDOR / ours, licence, inside))
        package, version, licence = ICONS
        source = unpacked(package, version, folder)
        symbols = "\n".join(symbol(each, (source / "icons" / f"{each}.svg").read_text()) for each in NAMES.split())
        stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        told = f"<!-- {package} {version}, {licence} -->"
        sprite = f'<svg xmlns="http://www.w3.org/2000/svg" {stroke}>\n{told}\n{symbols}\n</svg>\n'
        (STATIC / "icons.svg").write_text(sprite)
        (VENDOR / f"{package}.LICENSE").write_bytes((source / "LICENSE").read_bytes())
        rows.append(row(package, version, STATIC / "icons.svg", licence, "icons/*.svg, as one sprite"))
    (VENDOR / "VENDOR.toml").write_text("# Written by docs/vendor.py.\n\n" + "\n".join(rows))
    sys.stdout.write(f"{len(rows)} files\n")


if __name__ == "__main__":
    main()
