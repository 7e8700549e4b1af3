"""How an article is shown to those who choose from it: its text with what is marked in it, and what a form says of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.domain.article import Article, Block
from bot.domain.edits import Edits, Wish
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting.passages import cuts, snapped, spoken
from bot.domain.rendering.parts import SHORTENED
from bot.errors import BadInput
from bot.flow.editing import Draft, Preview

#: What a form's `choice` may be besides the offsets of a suggestion: nothing new, Handbill's choice, a marked passage,
#: a passage by its first and last sentence, own words.
KEEP, AUTO, PASSAGE, SENTENCES, OWN = "keep", "auto", "passage", "sentences", "own"

#: What the notes on a post say of words that it had no room for: hashtags and a title may go, a person's words are missed.
CUT = re.compile(rf"sentences? dropped|^text left out|^{SHORTENED}")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some words of a block: which suggestions (from 1) they are part of, and whether they are what is chosen now."""

    text: str
    offers: tuple[int, ...] = ()
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of the text with its stretches; `start` is its offset in the article."""

    kind: str
    start: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """What was marked, widened to whole words: its offsets, and whether it begins or ends within a sentence."""

    start: int
    end: int
    begins: bool
    ends: bool


def paragraphs(article: Article, offers: Sequence[Excerpt], chosen: Sequence[Excerpt]) -> Iterator[Paragraph]:
    """Yield the article's blocks, with what is suggested and what is chosen marked in them."""
    offered = [(each.start, each.end, number) for number, each in enumerate(offers, 1) if each.verbatim]
    taken = [(each.start, each.end) for each in chosen if each.verbatim]
    for block in article.blocks:
        yield Paragraph(str(block.kind), block.start, tuple(_stretches(article, block, offered, taken)))


def _stretches(
    article: Article, block: Block, offered: Sequence[tuple[int, int, int]], taken: Sequence[tuple[int, int]]
) -> Iterator[Stretch]:
    edges = {block.start, block.end}
    for start, end in [*((start, end) for start, end, _ in offered), *taken]:
        edges |= {edge for edge in (start, end) if block.start < edge < block.end}
    for start, end in pairwise(sorted(edges)):
        offers = tuple(number for first, last, number in offered if first <= start and end <= last)
        yield Stretch(article.text[start:end], offers, any(first <= start and end <= last for first, last in taken))


def sentences_of(article: Article) -> Sequence[tuple[int, int, str]]:
    """Return the sentences one may choose from: their offsets and words."""
    return [(start, end, article.text[start:end]) for start, end in spoken(article)]


def passage_of(fields: Mapping[str, str], article: Article) -> Passage | None:
    """Return the passage that a form names, widened to whole words; None when it names none. Raises BadInput."""
    match fields.get("choice", KEEP):
        case "passage":
            offsets = fields.get("passage", "")
        case "sentences":
            offsets = f"{fields.get('from', '')}-{fields.get('to', '')}"
        case other:
            offsets = other if "-" in other else ""
    if not offsets:
        return None
    start, _, end = offsets.partition("-")
    if not (start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
        raise BadInput(
            "no passage is marked", hint="select words in the article, or choose its first and last sentence"
        )
    first, last = snapped(article, int(start), int(end))
    if first == last:
        raise BadInput("this passage is empty", hint="choose a last sentence that comes after the first")
    return Passage(first, last, *cuts(article, first, last))


def edits_of(fields: Mapping[str, str], article: Article, draft: Draft) -> Edits:
    """Return what a form changes about an article whose present state is `draft`; raises BadInput."""
    open_ = [each for each in draft.previews if each.open]
    goes = {each.channel.name: f"goes-{each.channel.name}" in fields for each in open_}
    if "channels" not in fields:  # a form that does not ask where it goes
        goes = {each.channel.name: each.goes for each in open_}
    scope = [each.channel.name for each in open_ if fields.get("scope", "") in ("", each.channel.name)]
    alts = {each.sha256: fields[f"alt-{each.sha256}"] for each in article.images if f"alt-{each.sha256}" in fields}
    return Edits(
        said=_said(fields, article, [name for name in scope if goes[name]]),
        goes={each.channel.name: goes[each.channel.name] for each in open_ if goes[each.channel.name] != each.goes},
        alts=dict(alts),
    )


def _said(fields: Mapping[str, str], article: Article, scope: Sequence[str]) -> Mapping[str, Wish | None]:
    choice = fields.get("choice", KEEP)
    if choice == KEEP:
        return {}
    if choice == AUTO:
        return dict.fromkeys(scope)
    if choice == OWN:
        words = fields.get("own", "").replace("\r\n", "\n").strip()
        if not words:
            raise BadInput("your own words are missing", hint="write them, or choose something else")
        return dict.fromkeys(scope, Wish(text=words))
    found = passage_of(fields, article)
    if found is None:
        raise BadInput(
            "no passage is marked", hint="select words in the article, or choose its first and last sentence"
        )
    return dict.fromkeys(scope, Wish(text=article.text[found.start : found.end], start=found.start))


def seen_of(fields: Mapping[str, str]) -> Mapping[str, int]:
    """Return the versions of deliveries that a form's page showed: "3f2a@5 77c0@1"."""
    pairs = (each.partition("@") for each in fields.get("seen", "").split()[:500])
    return {name: int(version) for name, _, version in pairs if version.isascii() and version.isdigit()}


def cut(draft: Draft) -> Sequence[Preview]:
    """Return the channels where a manager's own words do not all fit."""
    own = [each for each in draft.previews if each.open and each.excerpt is not None and not each.excerpt.verbatim]
    return [each for each in own if each.post is not None and any(map(CUT.search, each.post.notes))]


def lapsed(draft: Draft) -> Sequence[Preview]:
    """Return the channels whose chosen passage stands in the article no more."""
    found = []
    for each in draft.previews:
        wish = draft.edits.said.get(each.channel.name)
        if each.open and wish is not None and wish.passage and wish.text not in draft.article.text:
            found.append(each)
    return found
