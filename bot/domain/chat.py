"""What passes between the bot and those who write to it, whatever chat they use."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.article import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader wrote: `command` without its slash ("search"; "" = plain words) and the `words` after it.

    `manager` is whoever may decide, as the audit log names them ("CHAT:42"), "" = a reader. The chat has made sure that
    it is they who said it, to the bot alone and in their own words, `at` that moment (None = now).
    """

    chat: str
    words: str
    command: str = ""
    language: str = ""
    private: bool = True
    manager: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCard:
    """One article for a reader."""

    title: str
    excerpt: str
    link: str
    author: str = ""
    date: datetime | None = None
    language: str = ""
    image: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the bot says: plain words first, then the cards, each its own message.

    `choices` are offered below the words to a manager: (what a button says, the words that pressing it stands for).
    """

    text: str = ""
    cards: tuple[ArticleCard, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
