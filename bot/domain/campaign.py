"""Campaign: articles + channels + what holds for all its posts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a folder of articles has in common.

    `channels` empty = every channel. `disclosure` is the imprint line every post carries ("" = none).
    `approval` True = each delivery waits for a manager, whatever its article says. `template` lays out a post:
    the fields {excerpt} {title} {headline} {link} {tags} {source} {disclosure}, in threads {part} and {parts}; a line
    whose fields are all empty goes away. {headline} is the title where no preview of the link shows it.
    """

    name: str
    title: str = ""
    channels: tuple[str, ...] = ()
    disclosure: str = ""
    tags: tuple[str, ...] = ()
    approval: bool = False
    template: str = "{headline}\n\n{excerpt}\n\n{link}\n\n{tags}\n{disclosure}"
