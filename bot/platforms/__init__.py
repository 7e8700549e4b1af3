"""Article out, one file each. The registry: CLI help, .env.example, `doctor` and the docs index derive from it.

A third party's adapter registers under the entry-point group `handbill.platforms` (NAME = "package.module") with the same
members as ours: NAME, TITLE, HANDLE, LIMITS, FIELDS and `connect(means)`; see docs/adapters.md.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from bot.ports import Adapter, Field

OURS = ("x", "mastodon", "telegram", "bluesky")


@cache
def adapters() -> Mapping[str, Adapter]:
    """Return every platform's module by name, ours first. Cheap: SDKs are imported when a channel is connected."""
    found = {name: cast(Adapter, import_module(f"bot.platforms.{name}")) for name in OURS}
    for entry in entry_points(group="handbill.platforms"):
        found.setdefault(entry.name, cast(Adapter, entry.load()))
    return found


def fields() -> Mapping[str, Sequence[Field]]:
    """Return every platform's settings by its name."""
    return {name: adapter.FIELDS for name, adapter in adapters().items()}


def handles() -> Mapping[str, str]:
    """Return what a handle looks like on each platform; any one word where an adapter does not tell."""
    return {name: getattr(adapter, "HANDLE", r"[\w.@-]+") for name, adapter in adapters().items()}
