"""How good a stretch of units would be as an excerpt. The weights are told in words in docs/excerpting.md."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p

from bot.domain.article import Article, BlockKind
from bot.domain.excerpting.telling import stems
from bot.domain.excerpting.units import Run, Unit
from bot.domain.text import words

LEAD = 0.6
LEAD_PARAGRAPH = 0.3
EARLY = 0.2
FIGURE = 0.25
NAMED_QUOTE = 0.35
PARAGRAPH_START = 0.1
ASKS = -0.5
FRAGMENT = -0.7
BARE_QUOTE = -0.8
LEANS = -1.2
JOINED = -0.4
#: What is told by the article goes before what is answered to it.
INTERVIEW = -0.25
#: "Tomasz Wren has worked here for thirty years. We met him in the cellar." gives way to what he says.
PRESENTS = -1.2
#: "Good evening, and thank you for coming" opens a speech and tells nothing.
COURTESY = -1.0
NAMELESS_SPEAKER = -0.35
TOO_LONG_ALONE = -0.3
#: Words in the first person read as those of whoever posts them.
MINE = -0.35
NOTED = -0.15
BEFORE_CONTRAST = -0.5
#: What only leads on to a question of its own paragraph ("You bought a whistle. Why?").
BEFORE_QUESTION = -0.4
OPENS_ASKING = -0.4
ENDS_ASKING = -0.4
LEADS_ON = -0.9
PARAGRAPH_END = 0.1
PER_PARAGRAPH = -0.15
#: A short first paragraph stays whole.
WHOLE_OPENING = 0.25
SHORT_PARAGRAPH = 200
#: What is told and then when and where it is.
WITH_FACTS = 0.4
FROM_LIST = -0.25
WHOLE_LIST = 0.45
WHOLE_AND_SHORT = 0.3
TITLE_WORD = 1.6
#: What the first unit weighs against the mean of the others: it must stand when they are dropped.
FIRST = 0.65
#: The widest first sentence that still leaves room for a link and tags in the shortest channels.
ALONE = 240
#: (narrower than, score) for the width of the whole excerpt.
FIT = ((50, -0.5), (110, -0.1), (260, 0.15), (480, 0.1), (700, 0.0))
WIDE = -0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What all units of one article are measured with: how much each content word tells, how many paragraphs there are."""

    weights: dict[str, float]
    first: int
    opening: int
    paragraphs: int

    def worth(self, unit: Unit) -> float:
        """Return what a unit is worth by itself, between about -1 and 2."""
        told = frozenset(unit.stems)
        score = sum(map(self.weights.__getitem__, told)) / (len(told) + 3)
        score += EARLY * (1 - unit.paragraph / self.paragraphs)
        if not unit.asks:
            score += LEAD if unit.start == self.first else LEAD_PARAGRAPH if unit.paragraph == self.opening else 0.0
        score += FIGURE * bool(unit.figure) + PARAGRAPH_START * unit.starts_paragraph
        score += NAMED_QUOTE * unit.voice.named + BARE_QUOTE * unit.voice.bare
        score += MINE * unit.voice.mine + NOTED * unit.noted + COURTESY * unit.courtesy
        return score + ASKS * unit.asks + FRAGMENT * unit.fragment + LEADS_ON * unit.leads_on

    def score(self, run: Run, first: int, last: int, worths: Sequence[float]) -> float:
        """Return the score of the units `first` to `last` of a run; `worths` are those of all its units."""
        units = run.units
        head, tail = units[first], units[last]
        rest = worths[first + 1 : last + 1]
        score = FIRST * worths[first] + (1 - FIRST) * (sum(rest) / len(rest) if rest else worths[first])
        score += opening(head) + fit(sum(unit.width for unit in units[first : last + 1]))
        score += PER_PARAGRAPH * (tail.paragraph - head.paragraph) + PARAGRAPH_END * tail.ends_paragraph
        score += WHOLE_OPENING * self._whole_opening(units[first : last + 1])
        score += ENDS_ASKING * tail.asks + LEADS_ON * tail.leads_on
        facts = not head.facts and any(unit.facts for unit in units[first + 1 : last + 1])
        score += WITH_FACTS * (facts or (run.bound and run.introduced))
        if run.kind is BlockKind.LIST:
            score += FROM_LIST + WHOLE_LIST * (last - first + 1 == len(units) > 1)
        if last + 1 < len(units):
            following = units[last + 1]
            score += BEFORE_CONTRAST * following.contrast
            score += BEFORE_QUESTION * (following.asks and not following.starts_paragraph)
        return score

    def _whole_opening(self, units: Sequence[Unit]) -> bool:
        """Whether these are the article's opening with all that its short paragraph goes on with."""
        head, tail = units[0], units[-1]
        if len(units) < 2 or head.start != self.first or tail.paragraph != head.paragraph or not tail.ends_paragraph:
            return False
        mine = any(unit.voice.mine for unit in units)
        return not (mine or head.presents) and sum(unit.width for unit in units) <= SHORT_PARAGRAPH


def measure(article: Article, runs: Sequence[Run]) -> Measure:
    """Weigh the words of an article: often used ones tell what it is about, those of its title even more."""
    lists = words.of(words.language_of(article.text, article.language))
    title = frozenset(stems(article.title, lists))
    seen = Counter(stem for run in runs for unit in run.units for stem in unit.stems)
    top = log1p(max(seen.values(), default=1))
    weights = {
        stem: min(1.5, log1p(count) / top * (TITLE_WORD if stem in title else 1.0)) for stem, count in seen.items()
    }
    prose = (unit for run in runs if run.kind is BlockKind.PROSE for unit in run.units)
    first = next((unit for unit in prose if not (unit.facts or unit.courtesy or unit.points)), runs[0].units[0])
    return Measure(
        weights=weights,
        first=first.start,
        opening=first.paragraph,
        paragraphs=runs[-1].units[-1].paragraph + 1,
    )


def opening(unit: Unit) -> float:
    """Return what it costs to begin with this unit."""
    cost = (LEANS if unit.dangling else 0.0) + OPENS_ASKING * unit.asks
    cost += PRESENTS * unit.presents + INTERVIEW * unit.asked + JOINED * (unit.joined and not unit.dangling)
    if unit.voice.spoken and not unit.voice.named and unit.voice.quoted > 0.25:
        cost += NAMELESS_SPEAKER
    return cost + (TOO_LONG_ALONE if unit.width > ALONE else 0.0)


def fit(width: int) -> float:
    """Return how well a width suits a post."""
    return next((score for limit, score in FIT if width < limit), WIDE)
