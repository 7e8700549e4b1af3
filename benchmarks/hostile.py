"""CPU time of texts made to be slow, once and twice over, beside a plain `\\X` count of the same text as yardstick.

    python3 run.py bench hostile

The texts are those of tests/hostile.py, whose tests count work and time nothing. Each family's row is the text that grows
worst: 2 is in proportion, 4 would be quadratic. Then how long it takes to look for a post among a month of others.
"""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from benchmarks.words import YARDSTICK, line, made, milliseconds
from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.channel import LinkRule
from bot.domain.composing import Composition, compose
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting import excerpts
from bot.domain.finding import Earlier
from bot.domain.linting import lint
from bot.domain.text import links, measure, sentences
from tests.golden.test_golden import CAMPAIGN, CHANNELS
from tests.hostile import ARTICLES, COUNTED, LINKS, POSTS, WORDS
from tests.judged import FEDIVERSE, WEIGHTED

ROUNDS = 3
ENOUGH = 20_000
MONTH = 1000
LEAD = (
    "The town library opens on Sundays from May. Readers can borrow, return and renew their books at the new desk, and two "
    "librarians are there to help. The music room stays closed until the roof is mended. Coffee is served at noon."
)


def repeated(pieces: tuple[str, ...]) -> Mapping[str, str]:
    """Return each piece as often as makes ENOUGH code points."""
    return {piece: piece * (ENOUGH // len(piece)) for piece in pieces}


def linked(text: str) -> None:
    """Look for all that is looked for in a text."""
    for rule in LinkRule:
        links.links(text, rule)
    links.mentions(text)
    links.tags(text)
    links.rich(text)
    links.safe_address(f"https://town.example.com/{text}")


def counted(text: str) -> None:
    """Count a text in both units that look at its letters."""
    measure.length(text, WEIGHTED)
    measure.length(text, FEDIVERSE)


def parted(text: str) -> None:
    """Part a text into sentences."""
    sentences.ends(text, "en")


def written(text: str) -> None:
    """Write a text as a post for each platform."""
    article = made(text, "en")
    whole = Excerpt(text=text, start=0, end=len(text), reason=Reason.LEAD, sentences=(len(text),))
    for channel in CHANNELS.values():
        rendering.render(article, whole, Campaign(name="spring"), channel)


def among(*earlier: str) -> Callable[[], object]:
    """Return what looks for a post among earlier ones."""
    article, at = made(LEAD, "en"), datetime(2026, 5, 4, tzinfo=UTC)
    composition: Composition = next(iter(compose(article, CAMPAIGN, CHANNELS.values())))
    known = tuple(Earlier(channel="wall", at=at, text=text, delivery="d") for text in earlier)
    return lambda: list(lint(composition, article, CAMPAIGN, earlier=known))


def chosen(text: str) -> None:
    """Choose excerpts of an article that is one such text."""
    excerpts(made(text, "en"))


def compared(text: str) -> None:
    """Look for a post where two such texts were said."""
    among(text, text + "x")()


FAMILIES: dict[str, tuple[Callable[[str], None], Mapping[str, str]]] = {
    "links": (linked, LINKS),
    "lengths": (counted, {name: text for name, (text, *_) in COUNTED.items()}),
    "sentences": (parted, repeated(ARTICLES)),
    "excerpts": (chosen, repeated(ARTICLES)),
    "four posts": (written, repeated(POSTS)),
    "likeness": (compared, {text[:8]: text for text in WORDS}),
}


def growth() -> None:
    """Print each family's worst text."""
    line("ms per text", "chars", "once", "twice", "growth", "regex X", "text")
    for family, (call, texts) in FAMILIES.items():
        rows = []
        for name, text in texts.items():
            once, twice = (milliseconds(partial(call, text * times), ROUNDS) for times in (1, 2))
            rows.append((twice / once, name, text, once, twice))
        ratio, name, text, once, twice = max(rows)
        line(family, len(text), once, twice, ratio, milliseconds(partial(YARDSTICK.findall, text), ROUNDS), repr(name))


def month() -> None:
    """Print how long it takes to look for a post among a month of others."""
    words, rng = LEAD.split(), random.Random(7)
    others = (" ".join(rng.choices(words, k=40)) + " https://library.example.org/a #Town" for _ in range(MONTH))
    print(f"a post looked for among {MONTH:,} others: {milliseconds(among(*others)):.1f} ms")


if __name__ == "__main__":
    growth()
    print()
    month()
