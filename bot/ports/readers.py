"""The port of readers: where they write to the bot."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.domain.chat import Answer, Question


class Chat(Protocol):
    """A place where readers write to the bot."""

    async def listen(self, answer: Callable[[Question], Awaitable[Answer | None]]) -> None:
        """Answer readers until cancelled; outages are waited out with growing pauses and logged."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
