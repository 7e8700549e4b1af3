"""Article out, one file each. The registry: CLI help, .env.example, `doctor` and the docs index derive from it.

A third party's adapter registers under the entry-point group `handbill.platforms` (NAME = "package.module") with the same
members as ours: NAME, TITLE, HANDLE, LIMITS, FIELDS and `connect(means)`; see docs/adapters.md.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, cast

from bot.domain.channel import Limits
from bot.ports import Field, Means, Platform

OURS = ("x", "mastodon", "telegram", "bluesky")


class Adapter(Protocol):
    """What the module of a platform offers; HANDLE is what an account is mentioned by there, as a pattern without "@"."""

    NAME: str
    TITLE: str
    HANDLE: str
    LIMITS: Limits
    FIELDS: tuple[Field, ...]

    def connect(self, means: Means) -> Platform:
        """Return the channel that these means give access to; does no network call."""
        ...


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
