"""docs/delivery.md names the tests that hold its promises; each must be there."""

import re
from pathlib import Path

from tests.processes import ROOT


def test_every_test_that_the_page_names_is_there():
    page = (ROOT / "docs" / "delivery.md").read_text("utf-8")
    named: list[tuple[Path, str]] = []
    for file, test in re.findall(r"`(tests/[\w/]+\.py)?::(\w+)`", page):
        named.append((ROOT / file if file else named[-1][0], test))
    assert len(named) > 40
    absent = [
        test for path, test in named if not re.search(rf"^(async )?def {test}\(", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert not absent, absent
