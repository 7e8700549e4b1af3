"""One message made to fit: what gives way, and in which order."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

from bot.domain.channel import Limits, LinkRule
from bot.domain.rendering import cuts, direction
from bot.domain.rendering.cuts import Rank
from bot.domain.rendering.hashtags import woven
from bot.domain.rendering.layout import Laid, Words, lay
from bot.domain.text import measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What one message must keep to: the template, the channel's limits, and its place in a thread.

    `warning` is the one that goes beside the text, `caption` True where an image goes along, `from_right` True where the
    post runs from right to left.
    """

    template: str
    limits: Limits
    warning: str = ""
    caption: bool = False
    first: bool = True
    last: bool = True
    from_right: bool = False

    def laid(self, words: Words) -> Laid:
        """Return the message's text, without marks of direction."""
        return lay(self.template, words, first=self.first, last=self.last)

    def marks(self, laid: Laid, words: Words) -> tuple[direction.Insert, ...]:
        """Return the marks of direction that the text needs."""
        if not self.from_right:
            return ()
        return direction.inserts(laid.text, self.limits.link_rule, words.link, marked=self.limits.marked_links)

    def text(self, words: Words) -> str:
        """Return the message's text as it is sent."""
        laid = self.laid(words)
        return direction.inserted(laid.text, self.marks(laid, words))

    def holds(self, words: Words) -> bool:
        """Whether that message fits."""
        return measure.fits(self.text(words), self.limits, warning=self.warning, caption=self.caption)

    def limit(self) -> int:
        """Return the limit that applies, 0 = none."""
        return self.limits.caption if self.caption and self.limits.caption else self.limits.length

    def length(self, text: str) -> int:
        """Return a text's length in the channel's unit."""
        return measure.length(text, self.limits, warning=self.warning)

    def measured(self, words: Words) -> str:
        """Return the limit that those words pass, for a note: "280 weighted characters"."""
        limit = self.limit()
        if self.limits.bytes and (not limit or self.length(self.text(words)) <= limit):
            return f"{self.limits.bytes:,} bytes"
        return f"{limit:,} {self.limits.unit.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The words that fit, `kept` code points of the excerpt among them; `rank` tells where it was cut, None = nowhere."""

    words: Words
    kept: int
    rank: Rank | None = None

    @property
    def whole(self) -> bool:
        """Whether the excerpt stands in full."""
        return self.rank is None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One excerpt to be made to fit one frame: `seen` is as much of it as could fit. No slots: it keeps its seams."""

    frame: Frame
    full: Words
    ends: tuple[int, ...]
    seen: str

    def holds(self, words: Words) -> bool:
        """Whether those words fit."""
        return len(words.excerpt) <= len(self.seen) + 2 and self.frame.holds(words)

    @cached_property
    def seams(self) -> cuts.Seams:
        """Return where the excerpt may be cut."""
        whole = len(self.seen) == len(self.full.excerpt)
        return cuts.seams(self.seen, self.ends, self.frame.limits.link_rule, whole=whole)


Step = Callable[[Case, Fitted], Iterator[Fitted]]


def fit(frame: Frame, full: Words, ends: tuple[int, ...]) -> Fitted:
    """Return as much of the words as the frame holds; link, source and disclosure are taken to fit.

    `ends` are the excerpt's sentence ends. What was given up before the text was cut comes back where there is room.
    """
    seen = cuts.window(full.excerpt, lambda head: frame.holds(Words(excerpt=head)))
    case = Case(frame=frame, full=full, ends=ends, seen=seen)
    fitted = Fitted(words=full, kept=len(full.excerpt))
    if case.holds(full):
        return fitted
    for step in GIVING_WAY:
        for lighter in step(case, fitted):
            fitted = lighter
            if case.holds(fitted.words):
                return _restored(case, fitted)
    return fitted


def fewer_tags(_: Case, fitted: Fitted) -> Iterator[Fitted]:
    """Give up the hashtags, the last one first."""
    for count in range(len(fitted.words.tags) - 1, -1, -1):
        yield replace(fitted, words=replace(fitted.words, tags=fitted.words.tags[:count]))


def no_title(_: Case, fitted: Fitted) -> Iterator[Fitted]:
    """Give up the title."""
    yield replace(fitted, words=replace(fitted.words, title=""))


def shorter(case: Case, fitted: Fitted, *, rank: Rank, share: float) -> Iterator[Fitted]:
    """Cut the excerpt at the last place of a rank; not where that loses more than `share` keeps of what could stand."""
    found = case.seams

    def cut(at: int) -> Words:
        return replace(fitted.words, excerpt=head(found, at, rank))

    reach = cuts.longest(found.places[Rank.LETTER], lambda at: case.holds(cut(at))) if share else 0
    if at := cuts.best(found, rank, share * reach, lambda at: case.holds(cut(at))):
        yield Fitted(words=cut(at), kept=at, rank=rank)


def no_text(_: Case, fitted: Fitted) -> Iterator[Fitted]:
    """Give up the excerpt: not a word of it fits."""
    yield Fitted(words=replace(fitted.words, excerpt=""), kept=0, rank=Rank.LETTER)


def clipped(text: str, holds: Callable[[str], bool]) -> str:
    """Return a text, or as many of its first words as hold, with an ellipsis; "" when not even a letter does."""
    if holds(text):
        return text
    seen = cuts.window(text, holds)
    found = cuts.seams(seen, (), LinkRule.BARE, whole=len(seen) == len(text))
    for rank in (Rank.WORD, Rank.LETTER):
        if at := cuts.best(found, rank, 0, lambda at: holds(head(found, at, Rank.WORD))):
            return head(found, at, rank)
    return ""


def head(found: cuts.Seams, at: int, rank: Rank) -> str:
    """Return the text before a cut, with an ellipsis where a sentence was left unfinished."""
    if rank <= Rank.SENTENCE:
        return found.text[:at].rstrip()
    short = cuts.trimmed(found, at)
    # Some platforms take "…" for a part of the address before it.
    return f"{short} …" if any(end == len(short) for _, end in found.addresses) else f"{short}…"


def weave(frame: Frame, words: Words, tags: tuple[str, ...]) -> Words:
    """Return the words with each of those hashtags where its word stands, the others at the end as far as they fit.

    One that has its "#" in the text takes one character, so that others may have room again.
    """
    for tag in tags:
        text = woven(words.excerpt, tag, frame.limits.link_rule)
        lighter = replace(words, excerpt=text, woven=(*words.woven, tag), tags=_without(words.tags, (tag,)))
        words = lighter if text and frame.holds(lighter) else words
    rest = _without(tags, words.woven)
    fuller = (replace(words, tags=rest[:count]) for count in range(len(rest), len(words.tags), -1))
    return next((each for each in fuller if frame.last and frame.holds(each)), words)


def _without(tags: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag not in gone)


GIVING_WAY: tuple[Step, ...] = (
    fewer_tags,
    no_title,
    partial(shorter, rank=Rank.SENTENCE, share=1 / 12),
    partial(shorter, rank=Rank.CLAUSE, share=1 / 2),
    partial(shorter, rank=Rank.WORD, share=0),
    partial(shorter, rank=Rank.LETTER, share=0),
    no_text,
)
"""What gives way when a message is too long, in this order, each no further than needed."""


def dropped(ends: tuple[int, ...], kept: int) -> int:
    """Return how many sentences do not stand in full in the first `kept` code points."""
    return len(ends) - bisect_right(ends, kept)


def _restored(case: Case, fitted: Fitted) -> Fitted:
    """Give the title and the hashtags back as far as they fit beside the excerpt as it is now."""
    most = replace(fitted, words=replace(fitted.words, title=case.full.title, tags=case.full.tags))
    untitled = replace(most, words=replace(most.words, title=fitted.words.title))
    for one in (most, *fewer_tags(case, most), untitled, *fewer_tags(case, untitled)):
        if case.holds(one.words):
            return one
    return fitted
