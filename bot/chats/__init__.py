"""Readers, one file each. A chat speaks with the credentials of the platform that bears its name.

A chat module offers CREDENTIAL, the key of the field that names the bot (channels that share it share one chat), and
`connect(means)`, which takes the means of all those channels.
"""

from collections.abc import Iterable
from importlib import import_module
from itertools import groupby

from bot.ports import Chat, Means

#: The platforms whose readers can write to the bot.
OURS = ("telegram",)


def connect_all(means: Iterable[tuple[str, Means]]) -> list[Chat]:
    """Return one chat for each bot; `means` are (platform, means) of every connected channel. Calls nobody."""
    chats: list[Chat] = []
    given = list(means)
    for name in OURS:
        module = import_module(f"bot.chats.{name}")

        def bot(each: Means, key: str = module.CREDENTIAL) -> str:
            return each.credentials[key]

        mine = sorted((each for platform, each in given if platform == name), key=bot)
        chats += [module.connect(tuple(shared)) for _, shared in groupby(mine, key=bot)]
    return chats
