"""The port of answers: what programs were told, for those that ask the same again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program was told; `headers` are (name, value)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A request that was begun under a key; `answer` None = it is being answered, or whoever did so was cut off."""

    fingerprint: str
    answer: Answer | None


class Answers(Protocol):
    """Keeps what each caller was told under each of its keys, over restarts; raises StoreError."""

    async def begin_answer(self, caller: str, key: str, fingerprint: str, at: datetime) -> Begun | None: ...
    # ^ None = it was not known and is begun now, by this very call; what is older than a day is forgotten first
    async def finish_answer(self, caller: str, key: str, answer: Answer) -> None: ...
    async def forget_answer(self, caller: str, key: str) -> None: ...  # it was refused: it may be asked again
