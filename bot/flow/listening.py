"""A reader's words -> an answer. Only articles that were published are ever shown."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from bot.domain.article import Article
from bot.domain.chat import Answer, ArticleCard, Question
from bot.domain.directory import Directory
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting import by_hand, excerpts
from bot.domain.rendering.fitting import clipped
from bot.domain.rendering.mentions import addressed, unnamed
from bot.ports import Store

if TYPE_CHECKING:
    from bot.flow.commanding import Commanding

MOST = 5
#: What an excerpt on a card may hold, in code points: a screenful on a telephone.
CARD_EXCERPT = 400

HELP = """Ask me for articles:
/latest – the newest, /latest 5 for five
/search WORDS – what was written about something
/help – this list

In a private chat plain words are searched too. I am a bot: I show published articles and keep nothing about you."""


class Listening:
    """Answers what readers ask, and passes on what managers say. Adding a command is adding a row to `_commands`."""

    def __init__(self, store: Store, commanding: "Commanding | None" = None) -> None:
        self._store, self._commanding = store, commanding
        self._commands: dict[str, Callable[[str], Awaitable[Answer]]] = {
            "start": self._start,
            "help": self._help,
            "latest": self._latest,
            "search": self._search,
        }

    async def answer(self, question: Question) -> Answer | None:
        """Return what to say; None when the words are not for the bot (an unknown command in a group)."""
        words = question.words.strip()
        if self._commanding is not None and (told := await self._commanding.answer(question)) is not None:
            return told
        if question.private and question.command.lower() == "id":
            return Answer(text=f"Your number here is {question.chat}.")
        if not question.command:
            return await self._search(words)
        command = self._commands.get(question.command.lower())
        if command is not None:
            return await command(words)
        return Answer(text=f"I do not know /{question.command[:30]}.\n\n{HELP}") if question.private else None

    async def _start(self, _: str) -> Answer:
        latest = await self._latest("1")
        return Answer(text=f"Hello!\n\n{HELP}", cards=latest.cards)

    async def _help(self, _: str) -> Answer:
        return Answer(text=HELP)

    async def _latest(self, rest: str) -> Answer:
        number = rest.split(maxsplit=1)[0][:9] if rest else ""
        wanted = min(max(int(number), 1), MOST) if number.isdecimal() else 3
        found = await self._store.latest(wanted)
        return Answer(cards=_cards(found)) if found else Answer(text="Nothing has been published yet.")

    async def _search(self, words: str) -> Answer:
        if not words:
            return Answer(text="Tell me what to look for: /search night trains")
        found = await self._store.search(words, MOST)
        if not found:
            return Answer(text=f"Nothing found about “{words[:100]}”. /latest shows the newest articles.")
        return Answer(text=f"Found {len(found)} about “{words[:100]}”:", cards=_cards(found))


def _cards(articles: Sequence[Article]) -> tuple[ArticleCard, ...]:
    return tuple(card(article) for article in articles)


def card(article: Article) -> ArticleCard:
    """Return how a reader sees an article: title, its best excerpt, link; names as names, nobody is mentioned."""
    chosen = (
        (by_hand(article, article.excerpt),) if article.excerpt else excerpts(article, most=1, longest=CARD_EXCERPT)
    )
    return ArticleCard(
        title=unnamed(article.title),
        excerpt=_brief(chosen[0]) if chosen else "",
        link=article.link,
        author=unnamed(article.author),
        date=article.date,
        language=article.language,
        image=article.images[0] if article.images else None,
    )


def _brief(excerpt: Excerpt) -> str:
    """Return an excerpt or, where a manager chose a longer one, as much of its beginning as a card holds."""
    plain = addressed(excerpt.text, Directory(), "", excerpt.sentences)
    ends = [end for end in (*plain.ends, len(plain.text)) if end <= CARD_EXCERPT]
    if ends:
        return plain.text[: max(ends)].rstrip()
    return clipped(plain.text, lambda short: len(short) <= CARD_EXCERPT)
