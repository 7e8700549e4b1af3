"""Excerpt: verbatim words chosen from an article."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an excerpt was offered; shown to the manager."""

    LEAD = "lead"
    QUOTE = "quote"
    FIGURE = "figure"
    KEY_POINT = "key point"
    BY_HAND = "by hand"
    OWN_WORDS = "the manager's own words"
    WHOLE = "whole text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Verbatim words of an article: `text == article.text[start:end]`, offsets in code points.

    A manager's own words, which stand nowhere in the article, have `start == end == -1` and reason OWN_WORDS.
    `sentences` are the ends of its sentences as offsets into `text`, the last one `len(text)`, so that a renderer can
    drop whole sentences from the end; `detail` says more about the reason ("Ada Brand, curator"). `score` orders
    excerpts of one article, higher is better.
    """

    text: str
    start: int
    end: int
    reason: Reason
    sentences: tuple[int, ...]
    detail: str = ""
    score: float = 0.0

    @property
    def verbatim(self) -> bool:
        """Whether the words stand in the article."""
        return self.start >= 0
