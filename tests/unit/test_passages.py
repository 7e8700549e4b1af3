"""What a person marks in an article: widened to whole words, verbatim, and told where it cuts a sentence."""

import pytest

from bot.domain.article import Block, BlockKind
from bot.domain.edits import Edits, Wish
from bot.domain.excerpt import Reason
from bot.domain.excerpting import wished
from bot.domain.excerpting.passages import cuts, passage, snapped, spoken
from tests.store_samples import PICTURE, article

TEXT = 'The library stays open. "Come in," says Ada Brand, who\'s there. Tea is served.'


def marked(text: str, words: str, language: str = "en") -> str:
    """Mark these words in a text and return what they become."""
    found = article("a", text, language=language)
    at = text.index(words)
    start, end = snapped(found, at, at + len(words))
    return text[start:end]


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("ibrary sta", "library stays"),
        ("library ", "library"),
        ("ho's the", "who's there."),
        ("The library stays open", "The library stays open."),
        ("Come in", "Come in"),
        ("ome in,\" says Ada Brand, who's there", '"Come in," says Ada Brand, who\'s there.'),
        ("Tea is served", "Tea is served."),
        (TEXT, TEXT),
    ],
)
def test_a_mark_is_widened_to_whole_words_and_a_whole_sentence_to_its_marks(words, whole):
    assert marked(TEXT, words) == whole


@pytest.mark.parametrize(
    ("text", "words", "whole", "language"),
    [
        ("کتابخانه می‌آید و می‌رود.", "آید و می", "می‌آید و می‌رود.", "fa"),
        ("图书馆开到午夜。请进来。", "开到", "开到", "zh"),
        ("Cafe\u0301 ouvert la nuit.", "af", "Cafe\u0301", "fr"),
        ("Open 👩‍👩‍👧 families.", "👩", "👩‍👩‍👧", "en"),
    ],
)
def test_words_are_those_of_their_script(text, words, whole, language):
    assert marked(text, words, language) == whole


def test_offsets_that_are_no_stretch_give_nothing():
    found = article("a", TEXT)
    for start, end in ((5, 5), (3, 4), (9999, 10**9), (-7, 0)):
        first, last = snapped(found, start, end)
        assert first == last
    assert snapped(found, 11, 4) == snapped(found, 4, 11) == (4, 11)


def test_where_a_passage_cuts_a_sentence_is_told():
    found = article("a", TEXT)
    assert [TEXT[start:end] for start, end in spoken(found)] == [
        "The library stays open.",
        '"Come in," says Ada Brand, who\'s there.',
        "Tea is served.",
    ]
    assert cuts(found, 0, 23) == (False, False)
    assert cuts(found, 4, 23) == (True, False)
    assert cuts(found, 0, 11) == (False, True)
    assert cuts(found, 4, 40) == (True, True)


def test_sentences_to_choose_from_are_those_of_prose():
    text = "A heading\n\nOne. Two."
    blocks = (Block(kind=BlockKind.HEADING, start=0, end=9), Block(kind=BlockKind.PROSE, start=11, end=20))
    found = article("a", text, blocks=blocks)
    assert [text[start:end] for start, end in spoken(found)] == ["One.", "Two."]


def test_a_passage_is_verbatim_and_stays_so_through_an_edit():
    found = article("a", TEXT)
    chosen = passage(found, 24, 33)
    assert (chosen.text, chosen.reason, chosen.verbatim) == (TEXT[24:33], Reason.BY_HAND, True)
    wish = Wish(text="Tea is served.", start=TEXT.index("Tea"))
    assert wished(found, wish).start == wish.start
    moved = article("a", "Now: " + TEXT)
    assert (wished(moved, wish).text, wished(moved, wish).start) == (wish.text, wish.start + 5)
    assert wished(article("a", "Coffee is served."), wish) is None, "it never becomes words that the article has not"
    assert wished(article("a", "Coffee is served."), Wish(text="Tea!")).reason is Reason.OWN_WORDS


def test_the_twice_said_passage_is_the_one_that_was_marked():
    found = article("a", "Tea is served. Come. Tea is served.")
    assert wished(found, Wish(text="Tea is served.", start=21)).start == 21


def test_a_change_counts_before_what_was_and_none_clears():
    before = Edits(said={"x": Wish(text="a"), "y": Wish(text="b")}, goes={"x": False}, alts={"p": "q"})
    after = Edits(said={"x": None, "z": Wish(text="c")}, goes={"x": True}, alts={"p": None}).over(before)
    assert after == Edits(said={"y": Wish(text="b"), "z": Wish(text="c")}, goes={"x": True}, alts={})


def test_an_alt_text_that_was_written_is_that_pictures():
    found = Edits(alts={PICTURE.sha256: "Lamps"}).described(article())
    assert [each.alt for each in found.images] == ["Lamps"]
    assert Edits(alts={"other": "Lamps"}).described(article()) == article()
