"""Where other people's test vectors lie: beside the repository, never in it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "conformance"


def vectors(name: str) -> Path:
    """Return the path of a vector file; skips the test, with the reason, on a machine that has none."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"conformance vectors are not on this machine: {name}", allow_module_level=True)
    return path
