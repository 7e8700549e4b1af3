"""Articles that came in, a page at a time, with how their deliveries stand: two queries, however long the queue is."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, bindparam, select, text, tuple_
from sqlalchemy.engine import Connection

from bot.domain.article import Article
from bot.domain.delivery import State
from bot.domain.inbox import PILES, Letter, Pile, Standing, Wanted
from bot.store import articles
from bot.store.readers import UNSPACED, tokens_of
from bot.store.schema import ARTICLES, DELIVERIES

A, D = ARTICLES.c, DELIVERIES.c
_COLUMNS = (A.id, *articles.COLUMNS)
_FOUND = text("articles.id IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :expression)")
#: Piles of which most articles are no part: they are found by their deliveries. Of the others, which soon fill a page, each
#: article is looked at in turn, the newest first.
_FEW = {Pile.WAITING, Pile.TROUBLE}


def _rare(states: Sequence[str]) -> ColumnElement[bool]:
    return tuple_(A.campaign, A.name).in_(select(D.campaign, D.article).where(D.state.in_(states)))


def _often(states: Sequence[str]) -> ColumnElement[bool]:
    there = select(D.id).where(D.campaign == A.campaign, D.article == A.name, D.state.in_(states))
    return there.exists()


def letters(connection: Connection, wanted: Wanted) -> Sequence[Letter]:
    """Return the articles that are wanted, the newest first; those that cannot be read are passed over."""
    query = select(*_COLUMNS).order_by(A.id.desc()).limit(wanted.most)
    if wanted.before:
        query = query.where(A.id < wanted.before)
    if wanted.words.strip():
        query = _holding(query, wanted.words)
    if wanted.pile is not Pile.ALL:
        states = [state.value for state in PILES[wanted.pile]]
        query = query.where(_rare(states) if wanted.pile in _FEW else _often(states))
    found = _read(connection, query)
    standings = _standings(connection, [(each.campaign, each.name) for _, each in found])
    return tuple(_letter(mark, each, standings.get((each.campaign, each.name), ())) for mark, each in found)


def _holding(query: Select[Any], words: str) -> Select[Any]:
    """Narrow a query to the articles that hold all the words; a word may be a beginning."""
    tokens = tokens_of(words)
    if not tokens:
        return query.where(text("0"))
    if any(UNSPACED.search(token) for token in tokens):
        for token in tokens:
            query = query.where(A.title.icontains(token, autoescape=True) | A.text.icontains(token, autoescape=True))
        return query
    expression = " AND ".join(f'"{token}"*' for token in tokens)
    return query.where(_FOUND.bindparams(bindparam("expression", expression)))


def _read(connection: Connection, query: Select[Any]) -> Sequence[tuple[int, Article]]:
    found = []
    for row in connection.execute(query):
        try:
            found.append((row.id, articles.made(row)))
        except (ValueError, ValidationError):
            continue
    return found


def _standings(connection: Connection, of: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Sequence[Standing]]:
    if not of:
        return {}
    query = select(D.id, D.version, D.channel, D.state, D.campaign, D.article, D.round)
    # Asked for pairs, SQLite walks through all deliveries; asked for each half, it looks up the few, and some pairs beside.
    wanted = set(of)
    campaigns, names = (sorted(set(half)) for half in zip(*wanted, strict=True))
    query = query.where(D.campaign.in_(campaigns), D.article.in_(names))
    rows = [row for row in connection.execute(query) if (row.campaign, row.article) in wanted]
    found: dict[tuple[str, str], dict[str, Standing]] = {}
    for row in sorted(rows, key=lambda each: (each.channel, each.round)):  # of several on a channel the last counts
        standing = Standing(id=row.id, version=row.version, channel=row.channel, state=State(row.state))
        found.setdefault((row.campaign, row.article), {})[row.channel] = standing
    return {which: tuple(there.values()) for which, there in found.items()}


def _letter(mark: int, article: Article, standings: Sequence[Standing]) -> Letter:
    return Letter(
        mark=mark,
        campaign=article.campaign,
        name=article.name,
        title=article.title,
        language=article.language,
        gone=article.gone,
        images=len(article.images),
        image=article.images[0] if article.images else None,
        standings=tuple(standings),
    )
