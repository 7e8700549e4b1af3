"""Is this address that of a post on a channel, and of which one?"""

import re
from urllib.parse import urlsplit

from bot.domain.channel import Channel
from bot.errors import BadInput


def post_at(url: str, channel: Channel) -> str:
    """Return the id of the post at an address; BadInput when it is none, or on another account or platform.

    A channel's posts have addresses behind that of its account, going on as `limits.address` says.
    """
    if not url.strip():
        raise BadInput("the address of the post is missing", hint="give it with --url https://…")
    place, home = _place(url), _place(channel.url) if channel.url else ""
    if home and not place.casefold().startswith(f"{home}/".casefold()):
        account = channel.account or channel.name
        hint = f"open the post itself and copy its address: it begins with {channel.url.rstrip('/')}/"
        raise BadInput(f"{url} is not on {account}", hint=hint)
    pattern = channel.limits.address
    found = re.fullmatch(pattern, place[len(home) + 1 :]) if home else re.search(f"/{pattern}$", place)
    if found is None:
        raise BadInput(f"{url} is not the address of a post", hint="open the post itself and copy its own address")
    return found[1]


def _place(url: str) -> str:
    """Return host and path of a web address, as they are compared; BadInput when it is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{url!r} is no web address", hint="it begins with https://")
    return parts.netloc.lower().removeprefix("www.") + parts.path.rstrip("/")
