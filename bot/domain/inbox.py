"""The inbox: articles that came in, with what becomes of them. `Wanted` is what a person looks for in it."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.article import Image
from bot.domain.delivery import State


class Pile(StrEnum):
    """A part of the inbox."""

    ALL = "all"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    POSTED = "posted"
    TROUBLE = "trouble"


#: In which state any delivery of an article must be for it to lie on a pile; ALL asks for none.
PILES: dict[Pile, tuple[State, ...]] = {
    Pile.ALL: (),
    Pile.WAITING: (State.HELD,),
    Pile.SCHEDULED: (State.SCHEDULED, State.RETRYING, State.SENDING),
    Pile.POSTED: (State.SENT,),
    Pile.TROUBLE: (State.FAILED, State.UNCERTAIN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Up to `most` articles of a pile that hold all `words` ("" = any), the newest first, those that came `before` a mark
    (0 = from the newest on).
    """

    pile: Pile = Pile.ALL
    words: str = ""
    before: int = 0
    most: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One delivery of an article, in a few words."""

    id: str
    version: int
    channel: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One article of the inbox; `mark` grows with each that comes in, `image` is the first of its `images`."""

    mark: int
    campaign: str
    name: str
    title: str
    language: str
    gone: bool
    images: int
    image: Image | None
    standings: tuple[Standing, ...]
