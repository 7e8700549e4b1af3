"""Readers of the Telegram chat for its contract tests: a clock that hurries, a desk that answers, a chat that listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chats import telegram
from bot.domain.chat import Answer, Question
from bot.sandbox.telegram import DISCUSSION
from tests.contract.held import PATIENCE
from tests.contract.telegram_bench import Bench

ADA = 42


class HurriedClock:
    """The real time, and sleeps that are over at once but remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, span: timedelta) -> None:
        self.slept.append(span.total_seconds())
        await asyncio.sleep(0.01)


@dataclass
class Desk:
    """Answers questions and remembers them."""

    asked: list[Question] = field(default_factory=list)
    reply: Answer | None = field(default_factory=lambda: Answer(text="Here you are."))

    async def answer(self, question: Question) -> Answer | None:
        self.asked.append(question)
        return self.reply


@asynccontextmanager
async def listening(
    bench: Bench, answer: Callable[[Question], Awaitable[Answer | None]]
) -> AsyncIterator[telegram.TelegramChat]:
    museum = replace(bench.means(), channel="telegram__museum")
    chat = telegram.connect((museum, bench.means(DISCUSSION=str(DISCUSSION))))
    task = asyncio.create_task(chat.listen(answer))
    try:
        yield chat
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await chat.close()


async def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


def replies(bench: Bench, chat: int = ADA) -> list[dict[str, Any]]:
    return [message for message in bench.service.messages(chat) if message["bot"]]
