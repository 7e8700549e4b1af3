"""Passages a manager typed: found in the article, or marked as the manager's own words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting import by_hand
from tests.unit.test_excerpting import LIBRARY, article


def test_a_passage_by_hand_is_found_whatever_its_line_ends() -> None:
    found = by_hand(article(LIBRARY), "  A girl of nine\r\nhad asked why  the library\nwas closed ")
    assert found.text == LIBRARY[found.start : found.end] == "A girl of nine had asked why the library was closed"
    assert (found.reason, found.verbatim) == (Reason.BY_HAND, True)


def test_a_passage_by_hand_may_span_paragraphs() -> None:
    found = by_hand(article(LIBRARY), "first time since 1987. “We thought a few")
    assert found.text == "first time since 1987.\n\n“We thought a few"
    assert [found.text[:stop][-5:] for stop in found.sentences] == ["1987.", "a few"]


def test_a_passage_by_hand_stands_between_whole_words_if_it_can() -> None:
    text = "The category is cat food."
    assert by_hand(article(text), "cat").start == text.index("cat food")
    assert by_hand(article(text), "ateg").start == text.index("ateg")


def test_a_manager_s_own_words_are_marked_as_such() -> None:
    found = by_hand(article(LIBRARY), " Come on Sunday! Bring a friend. ")
    assert (found.text, found.start, found.end, found.reason) == (
        "Come on Sunday! Bring a friend.",
        -1,
        -1,
        Reason.OWN_WORDS,
    )
    assert found.sentences == (15, 31)


def test_no_passage_is_no_place() -> None:
    assert by_hand(article(LIBRARY), " \n ") == Excerpt(
        text="", start=-1, end=-1, reason=Reason.OWN_WORDS, sentences=()
    )


@settings(max_examples=100, deadline=None)
@given(
    words=st.lists(st.sampled_from(LIBRARY.split()), max_size=6),
    gap=st.sampled_from([" ", "\n", " \r\n "]),
    at=st.integers(0, 150),
)
def test_by_hand_finds_any_run_of_words_and_invents_none(words: list[str], gap: str, at: int) -> None:
    source = article(LIBRARY)
    run = LIBRARY.split()[at : at + 5]
    assert by_hand(source, gap.join(run)).text.split() == run
    found = by_hand(source, gap.join(words))
    assert found.verbatim == (bool(words) and " ".join(words) in " ".join(LIBRARY.split()))
    assert found.text.split() == words
