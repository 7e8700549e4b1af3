"""Readers, one file each. A chat shares its credentials with the platform of the same name.

A chat module offers NAME, TITLE and `connect(means, channels)`, where `channels` are all channels of its platform that
share the bot's credential, by name, with their own means.
"""

from collections.abc import Mapping
from importlib import import_module

from bot.ports import Chat, Means

OURS = ("telegram",)


def connect_all(means: Mapping[str, tuple[str, Means]]) -> list[Chat]:
    """Return one chat for each credential of a platform that readers can write to; `means` maps channel -> (platform, means)."""
    raise LookupError
