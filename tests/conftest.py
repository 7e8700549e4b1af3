"""What all tests share: patience, and locks of their own, lest tests at the same time be taken for one another."""

import os
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

# No test fails because the machine is slow, so no example does either.
settings.register_profile(
    "patient",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _own_runtime_folder() -> Iterator[None]:
    with TemporaryDirectory(prefix="handbill-tests-") as folder:
        before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "TMPDIR")}
        os.environ.update(dict.fromkeys(before, folder))
        yield
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
