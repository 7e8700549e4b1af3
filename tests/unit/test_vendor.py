"""What others wrote and the desk's pages use is what it is said to be, with its licence beside it."""

import tomllib
from hashlib import sha256

from bot.web.shipped import STATIC

VENDOR = STATIC / "vendor"
LISTED = tomllib.loads((VENDOR / "VENDOR.toml").read_text())


def test_every_file_of_others_is_listed_with_its_digest():
    for name, told in LISTED.items():
        assert sha256((STATIC / name).read_bytes()).hexdigest() == told["sha256"], f"{name}: run docs/vendor.py"
    there = {f"vendor/{each.name}" for each in VENDOR.iterdir() if each.suffix not in (".LICENSE", ".toml")}
    assert there <= set(LISTED)


def test_every_package_has_its_licence():
    for told in LISTED.values():
        licence = VENDOR / f"{told['name'].strip('@').replace('/', '-')}.LICENSE"
        assert "WITHOUT" in licence.read_text().upper(), licence
        assert told["licence"] in ("MIT", "ISC", "0BSD")
