"""What readers see of the archive: published articles only, the latest or those that a few words find."""

import re
from collections.abc import Sequence

from sqlalchemy import and_, bindparam, func, select, text
from sqlalchemy.engine import Connection

from bot.domain.article import Article
from bot.store.articles import COLUMNS, read
from bot.store.schema import ARTICLES, PUBLISHED

#: A reader's words beyond these are passed over: nobody means them, and each costs a look into the index.
LONGEST, MOST_WORDS = 300, 12

#: Scripts that are written without spaces: a run of them is one token to the index, so its words are sought as letters.
#: Thai, Lao, Myanmar, Khmer; kana and CJK ideographs with their extensions (unicode.org, Blocks.txt).
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

SHOWN = ARTICLES.join(
    PUBLISHED, and_(PUBLISHED.c.campaign == ARTICLES.c.campaign, PUBLISHED.c.article == ARTICLES.c.name)
)

#: Among the newest matches only, which bounds the cost of a common word; a word in the title weighs four in the text.
#: CROSS makes SQLite begin with the index (sqlite.org/optoverview.html, "Manual Control Of Query Plans").
RANKED = text("""
    SELECT id FROM (
        SELECT articles.id AS id, bm25(articles_fts, 4.0, 1.0) AS score
        FROM articles_fts
        CROSS JOIN articles ON articles.id = articles_fts.rowid
        CROSS JOIN published ON published.campaign = articles.campaign AND published.article = articles.name
        WHERE articles_fts MATCH :expression
        ORDER BY articles_fts.rowid DESC LIMIT 2000
    ) ORDER BY score, id DESC LIMIT :n
""").bindparams(bindparam("expression"), bindparam("n"))


def latest(connection: Connection, n: int, language: str) -> Sequence[Article]:
    """Return the articles published last, newest first; `language` "de" takes "de-AT" too, "" takes all."""
    query = (
        select(ARTICLES.c.id, *COLUMNS)
        .select_from(SHOWN)
        .order_by(PUBLISHED.c.at.desc(), ARTICLES.c.id.desc())
        .limit(max(n, 0))
    )
    if language:
        tag = func.lower(ARTICLES.c.language) + "-"
        query = query.where(tag.startswith(_plain(language.lower()) + "-", autoescape=True))
    return read(connection, query)


def search(connection: Connection, words: str, n: int) -> Sequence[Article]:
    """Return the articles that hold all the words (or, when none does, any), best first; a word may be a beginning."""
    tokens = tokens_of(words)
    if not tokens or n <= 0:
        return ()
    if any(UNSPACED.search(token) for token in tokens):
        return _with_letters(connection, tokens, n)
    for joint in (" AND ", " OR "):
        expression = joint.join(f'"{token}"*' for token in tokens)
        ids = list(connection.scalars(RANKED, {"expression": expression, "n": n}))
        if ids:
            return _in_order(connection, ids)
    return ()


def tokens_of(words: str) -> list[str]:
    """Return the words that hold a letter or digit, without quotes, so that none can be read as search syntax."""
    return [token for token in _plain(words[:LONGEST]).replace('"', " ").split() if any(map(str.isalnum, token))][
        :MOST_WORDS
    ]


def _plain(words: str) -> str:
    """Return the words without half characters, which SQLite does not take, and NULs, at which it would stop reading."""
    return words.encode(errors="ignore").decode().replace("\0", " ")


def _with_letters(connection: Connection, tokens: Sequence[str], n: int) -> Sequence[Article]:
    """Return the latest articles that hold all of these strings."""
    newest = (PUBLISHED.c.at.desc(), ARTICLES.c.id.desc())
    query = select(ARTICLES.c.id, *COLUMNS).select_from(SHOWN).order_by(*newest).limit(n)
    for token in tokens:
        within = (column.icontains(token, autoescape=True) for column in (ARTICLES.c.title, ARTICLES.c.text))
        query = query.where(next(within) | next(within))
    return read(connection, query)


def _in_order(connection: Connection, ids: Sequence[int]) -> Sequence[Article]:
    one = select(ARTICLES.c.id, *COLUMNS)
    return tuple(article for each in ids for article in read(connection, one.where(ARTICLES.c.id == each)))
