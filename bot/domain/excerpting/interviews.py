"""Which paragraphs are the questions of an interview, so that no answer goes out without its own.

A question is set as a heading or in bold ("How long does it take?"), marked as a turn ("Q: ...", "Brand: ...?"), or a
paragraph that does nothing but ask. One alone is a heading like any other; an article is an interview when several are
put to somebody, or answered by somebody who says "I" or "we".
"""

from collections import Counter
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

import regex

from bot.domain.article import Block, BlockKind
from bot.domain.text import marginalia, words

LONGEST_QUESTION = 400
#: From this many questions on, and one for every two paragraphs, it is an interview in any language.
MANY = 3
#: Otherwise this share of them is put to somebody, or answered in the first person.
SHARE = 1 / 3
_ASKS = regex.compile(r"[?？؟](?:[\"'”’»›」』)\]）]|\s)*$")
_ASKS_GREEK = regex.compile(r"[;;](?:[\"'”’»)]|\s)*$")
_QUOTED = regex.compile(r"[\"“„«»‘‚「『]")
_LABEL = regex.compile(
    r"(\p{Lu}[\p{L}\p{M}.’'-]*(?:\s\p{Lu}[\p{L}\p{M}.’'-]*){0,2}|[\p{Han}\p{Arabic}\p{Hangul}]{1,8})\s?[:：]\s*\S"
)
_SEEN = 600
_MEETS = regex.compile(
    r"(?<!\p{L})(?:interview\p{L}*|we (?:met|spoke|talked|sat down)|i (?:met|spoke|talked|sat down)"
    r"|(?:spoke|talks?|talked) (?:to|with) us"
    r"|im gespräch|wir (?:trafen|sprachen)|(?:ein|das) gespräch mit|entretien|rencontre|entrevista|hablamos|conversamos"
    r"|беседовал\p{L}*|поговорили|интервью)(?!\p{L})"
    r"|专访|專訪|采访|採訪|访谈|訪談|インタビュー|話を聞いた|حوار|مقابلة|التقينا|گفت‌?و‌?گو|مصاحبه",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """The questions among an article's blocks, by number, and the blocks that answer each: none in any other article."""

    questions: Set[int] = frozenset()
    answers: Set[int] = frozenset()


def interview(text: str, blocks: Sequence[Block], lists: words.Words) -> Interview:
    """Return who asks and who answers, in time linear in the number of blocks."""
    said = [text[block.start : min(block.end, block.start + _SEEN)].strip() for block in blocks]
    labels = _labels(blocks, said, lists)
    turns = {n for n, block in enumerate(blocks) if _spoken(block) and _turn(said[n], labels)}
    asked = [n for n, block in enumerate(blocks) if _asks(block, said[n], lists)]
    marked = [n for n in asked if n in turns]
    headed = {n for n in asked if blocks[n].kind is BlockKind.HEADING}
    questions = frozenset(marked or asked) | (headed if len(headed) > 1 else frozenset())
    answers = _answers(blocks, questions)
    if marked and answers & turns:
        answers -= _afterword(said, questions, answers, turns, lists)
    if marked or (_personal(said, questions, answers, lists) and (len(headed) > 1 or _dense(questions, answers, 2))):
        return Interview(questions=questions, answers=answers)
    return Interview(questions=questions, answers=answers) if _dense(questions, answers, MANY) else Interview()


def label(said: str) -> str:
    """Return the name that stands before a turn ("Wren: ..."), or "": one letter names nobody."""
    found = _LABEL.match(said)
    return found[1] if found and len(found[1]) > 1 else ""


def meets(text: str) -> bool:
    """Whether a text says that somebody is met for a talk."""
    return _MEETS.search(text) is not None


def _spoken(block: Block) -> bool:
    return block.kind in (BlockKind.PROSE, BlockKind.HEADING)


def _turn(said: str, labels: Collection[str]) -> bool:
    found = _LABEL.match(said) if labels else None
    return marginalia.turn(said) or (found is not None and found[1] in labels)


def _labels(blocks: Sequence[Block], said: Sequence[str], lists: words.Words) -> Collection[str]:
    """Return the names that stand before the turns of a talk: two of them at least, each twice, one of them asking."""
    seen: Counter[str] = Counter()
    asking = set()
    for block, words_ in zip(blocks, said, strict=True):
        if _spoken(block) and (found := _LABEL.match(words_)):
            seen[found[1]] += 1
            if _asks(block, words_, lists):
                asking.add(found[1])
    labels = {label for label, times in seen.items() if times > 1}
    return labels if len(labels) > 1 and labels & asking and len(labels) <= 5 else ()


def _asks(block: Block, said: str, lists: words.Words) -> bool:
    """Whether a paragraph is a question: it ends as one, and is not what somebody asked within a story."""
    if not _spoken(block) or block.end - block.start > LONGEST_QUESTION or _QUOTED.match(said):
        return False
    return _ASKS.search(said) is not None or (lists.language == "el" and _ASKS_GREEK.search(said) is not None)


def _answers(blocks: Sequence[Block], questions: Set[int]) -> set[int]:
    """Return the paragraphs below each question, as far as the next heading."""
    found, answering = set(), False
    for n, block in enumerate(blocks):
        if n in questions:
            answering = True
        elif block.kind is BlockKind.HEADING:
            answering = False
        elif answering and block.kind is BlockKind.PROSE:
            found.add(n)
    return found


def _afterword(
    said: Sequence[str], questions: Set[int], answers: Set[int], turns: Set[int], lists: words.Words
) -> Set[int]:
    """Return the paragraphs after the last answer that are no turn, and in which nobody speaks of themselves."""
    last = max(turns | questions)
    return {n for n in answers if n > last and not lists.mine.search(said[n]) and not lists.ours.search(said[n])}


def _personal(said: Sequence[str], questions: Set[int], answers: Set[int], lists: words.Words) -> bool:
    """Whether questions are put to somebody, or answered by somebody who speaks of themselves."""
    addressed = sum(lists.yours.search(said[n]) is not None for n in questions)
    mine = sum(lists.mine.search(said[n]) is not None or lists.ours.search(said[n]) is not None for n in answers)
    return len(questions) > 1 and (addressed >= SHARE * len(questions) or mine >= SHARE * max(len(answers), 1))


def _dense(questions: Set[int], answers: Set[int], least: int) -> bool:
    """Whether there are so many questions, each with one paragraph or two of an answer."""
    return least <= len(questions) <= len(answers) <= 2 * len(questions)
