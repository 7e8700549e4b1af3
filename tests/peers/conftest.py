"""The peers, one of each per test run, and an order in which they have time to be fetched."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import missing
from tests.peers import servers
from tests.peers.fetch import awaited

HERE = Path(__file__).resolve().parent
#: Seconds for the peers to be fetched on a machine that has never run these tests, and compiles one of them.
PATIENCE = 1800


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of this folder last, and otherwise leave the drawn order as it is."""
    others = [each for each in items if not each.path.is_relative_to(HERE)]
    ours = [each for each in items if each.path.is_relative_to(HERE)]
    for each in ours:
        each.add_marker(pytest.mark.timeout(PATIENCE + 600))
    # The longest first, so that another worker has the rest to do meanwhile.
    ours.sort(key=lambda each: each.path.stem != "test_storm")
    items[:] = others + ours


def fetched(peer: str) -> Path:
    found = awaited(peer, PATIENCE)
    return found if isinstance(found, Path) else missing(f"{peer}: {found}")


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Pds]:
    with servers.pds(fetched("pds"), tmp_path_factory.mktemp("pds")) as running:
        yield running


@pytest.fixture(scope="session")
def mastodon_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Mock]:
    with servers.mastodon_mock(fetched("mastodon"), tmp_path_factory.mktemp("mastodon")) as running:
        yield running


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Return what the faults are drawn with, which is told when the test fails; HANDBILL_SEED repeats a run."""
    drawn = int(os.environ.get("HANDBILL_SEED") or random.SystemRandom().randrange(10**6))
    request.node.add_report_section("setup", "seed", f"HANDBILL_SEED={drawn} repeats it")
    return drawn
