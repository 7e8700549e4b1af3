"""Rules about how a post looks, and how it sounds when a screen reader reads it aloud."""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import regex

from bot.domain.finding import Finding, Level
from bot.domain.linting.proof import Proof, shown
from bot.domain.post import SpanKind
from bot.domain.rendering.hashtags import hashtag
from bot.domain.rendering.wording import counted
from bot.domain.text import links
from bot.domain.text.quotes import DOUBLE, marks

SHOUTED_WORDS = 4
EMOJI_IN_A_ROW = 3
EMOJI_IN_A_PART = 8
LONGEST_LOWER_TAG = 15

_CAPITALS = r"(?<![\p{L}\p{M}\p{N}])[\p{Lu}\p{N}](?:[\p{Lu}\p{M}\p{N}]|['’.&\-](?=[\p{Lu}\p{N}]))*+(?!\p{L})"
_CAPITAL_WORD = regex.compile(_CAPITALS)
_CAPITAL_RUN = regex.compile(rf"{_CAPITALS}(?:[^\p{{L}}\p{{N}}\n]++{_CAPITALS})*+")
_LISTED = regex.compile(r"[,;/|()·、]")
#: Letters that cannot be spoken as one word.
_SPELT = regex.compile(r"[B-DF-HJ-NP-TV-XZΒΓΔΖΘΚΛΜΝΞΠΡΣΤΦΧΨБВГДЖЗЙКЛМНПРСТФХЦЧШЩЪЬ]+")
_PICTOGRAM = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Regional_Indicator}")
_GRAPHEME = regex.compile(r"\X")
#: U+1D400 to U+1D7FF, and the letters that Unicode had before and left out there.
_STYLED = "[\U0001d400-\U0001d7ffℂℊ-ℓℕℙ-ℝℤℨℬℭℯ-ℱℳℴ]"
_STYLED_WORDS = regex.compile(rf"{_STYLED}{_STYLED}++(?: ++{_STYLED}++)*+")


def shouting(proof: Proof) -> Iterator[Finding]:
    """Nobody is shouted at in capitals."""
    for part, words in zip(proof.parts, proof.words, strict=True):
        for run in _CAPITAL_RUN.findall(words):
            if len(_shouted(run)) >= SHOUTED_WORDS:
                what = f"written in capitals: {shown(run)}"
                yield Finding(level=Level.WARNING, what=what, fix="write it in small letters", part=part.number)


def _shouted(run: str) -> list[str]:
    """Return the words of a run of capitals that are no acronyms: those spelt letter by letter, or listed alone."""
    listed = (_CAPITAL_WORD.findall(entry) for entry in _LISTED.split(run))
    return [word for words in listed if len(words) > 1 for word in words if word.isalpha() and not _acronym(word)]


def _acronym(word: str) -> bool:
    bare = "".join(letter for letter in unicodedata.normalize("NFD", word) if letter.isalpha())
    return len(bare) < 2 or _SPELT.fullmatch(bare) is not None


def too_many_tags(proof: Proof) -> Iterator[Finding]:
    """A post has no more hashtags than its channel takes, those in its text counted too."""
    tags, most = _tags(proof), max(proof.limits.tags, len(proof.campaign.required_tags))
    if len(tags) > most:
        what = f"{counted(len(tags), 'hashtag')}, the channel takes {most or 'none'}"
        yield Finding(level=Level.WARNING, what=what, fix="write some of them as plain words")


def tag_case(proof: Proof) -> Iterator[Finding]:
    """A hashtag of several words shows where each begins, so that it can be read, and read aloud."""
    campaign = proof.campaign
    told = (*proof.article.tags, *campaign.tags, *campaign.required_tags)
    written = {hashtag(words).casefold(): words for words in told}
    for tag in _tags(proof):
        given = written.get(tag.casefold(), tag)
        if len(given.split()) > 1 and tag[1:].islower() and "_" not in tag:
            fix = f"write #{hashtag(given)}"
        elif given.isalpha() and given.islower() and len(given) > LONGEST_LOWER_TAG:
            fix = "if it is several words, begin each with a capital, as in #NightTrains"
        else:
            continue
        yield Finding(level=Level.WARNING, what=f"#{tag} is hard to read", fix=fix)


def _tags(proof: Proof) -> tuple[str, ...]:
    """Return each hashtag that a post shows, as it first stands there."""
    found: dict[str, str] = {}
    for part in proof.parts:
        marked = [span for span in part.spans if span.kind is SpanKind.TAG]
        for span in (*marked, *links.tags(part.text)):
            found.setdefault(span.target.casefold(), span.target)
    return tuple(found.values())


def emoji_run(proof: Proof) -> Iterator[Finding]:
    """Emoji stay few: a screen reader reads out the name of each."""
    for part in proof.parts:
        rows = _rows(part.text) if _PICTOGRAM.search(part.text) else []
        if (longest := max(rows, default=0)) > EMOJI_IN_A_ROW:
            what = f"{longest} emoji in a row"
        elif sum(rows) > EMOJI_IN_A_PART:
            what = f"{sum(rows)} emoji in one message"
        else:
            continue
        yield Finding(level=Level.WARNING, what=what, fix="leave the one or two that say something", part=part.number)


def _rows(text: str) -> list[int]:
    """Return how many emoji stand in each row of them; blanks do not end a row."""
    rows = [0]
    for grapheme in _GRAPHEME.findall(text):
        if _PICTOGRAM.search(grapheme):
            rows[-1] += 1
        elif rows[-1] and grapheme not in " \u00a0":
            rows.append(0)
    return rows


def styled_letters(proof: Proof) -> Iterator[Finding]:
    """Letters are letters: mathematical signs that look like them are spelt out one by one, and cannot be searched."""
    for part in proof.parts:
        if found := _STYLED_WORDS.search(part.text):
            plain = shown(unicodedata.normalize("NFKC", found[0]))
            fix = f"write {plain} in ordinary letters"
            yield Finding(level=Level.WARNING, what=f"styled letters: {found[0]}", fix=fix, part=part.number)


def unbalanced_quotation(proof: Proof) -> Iterator[Finding]:
    """Who is quoted, and where the quotation ends, can be told.

    A quotation may run through several parts; one of several paragraphs is opened anew in each and closed in the last.
    """
    text = " ".join(part.text for part in proof.parts)
    paragraphs = [line.strip() for line in text.split("\n") if line.strip()]
    for paragraph, following in pairwise([*paragraphs, ""]):
        goes_on = following[:1] in DOUBLE and following[:1] in paragraph
        if not goes_on and (found := marks(paragraph).doubtful):
            start, end = found[0]
            what = f"a quotation mark without its other half: {shown(paragraph[start:end])}"
            yield Finding(level=Level.WARNING, what=what, fix="choose a passage that holds the quotation whole")
