"""How a post and an attempt are told on a page, whatever page that is."""

from collections.abc import Iterator

from bot.domain.article import Image
from bot.domain.delivery import Attempt, Delivery
from bot.domain.post import Part


def pieces(part: Part) -> Iterator[tuple[str, str, str]]:
    """Yield a part's text piece by piece with what each is ("" = plain words) and its target."""
    at = 0
    for span in part.spans:
        yield part.text[at : span.start], "", ""
        yield part.text[span.start : span.end], str(span.kind), span.target
        at = span.end
    yield part.text[at:], "", ""


def pictures(delivery: Delivery) -> Iterator[Image]:
    """Yield every picture of a delivery, those of its link cards too."""
    for part in delivery.post.parts:
        yield from part.images
        if part.card and part.card.image:
            yield part.card.image


def said(attempt: Attempt) -> tuple[str, str, str]:
    """Return an attempt's outcome in a word (as bot.web.labels has it), what the platform said, and what was published."""
    receipt = getattr(attempt.outcome, "receipt", None)
    word = type(attempt.outcome).__name__ if attempt.outcome else "Open"
    why = str(getattr(attempt.outcome, "why", "" if attempt.outcome else "nothing heard yet"))
    return word, why, receipt.url if receipt else ""
