"""The field `excerpt`, as words or as offsets, and the campaign's `alt`."""

import pytest

from bot.domain.excerpt import Reason
from bot.domain.excerpting import by_hand
from bot.errors import BadArticle
from bot.sources.article import campaign_of
from tests.unit.folders import TEXT, read

SECOND = "Readers may stay until eleven."


def given(excerpt: str, body: str = f"# Night\n\n{TEXT}\n\nCome *early*.") -> str:
    return f"---\nexcerpt: {excerpt}\n---\n{body}\n"


@pytest.mark.parametrize("dash", ["-", " - ", "–", " –"])
def test_offsets_stand_for_the_words_of_the_text(dash: str):
    plain = read(given("x"))
    start = plain.text.index(SECOND)
    found = read(given(f"{start}{dash}{start + len(SECOND)}"))
    assert found.excerpt == SECOND
    chosen = by_hand(found, found.excerpt)
    assert (chosen.start, chosen.end, chosen.reason) == (start, start + len(SECOND), Reason.BY_HAND)


def test_offsets_count_the_text_without_its_markup_and_may_take_in_blanks():
    text = read(given("x")).text
    assert text.endswith("Come early.")
    assert read(given(f"{len(text) - 13}-{len(text)}")).excerpt == "Come early."


def test_words_stay_words():
    for words in (SECOND, "12", "In 1914-1918 it was shut.", "-5", "a-b"):
        assert read(given(words)).excerpt == words


@pytest.mark.parametrize("offsets", ["0-9999", "20-10", "7-7"])
def test_offsets_of_no_words_name_their_line(offsets: str):
    with pytest.raises(BadArticle) as fault:
        read(given(offsets))
    assert fault.value.where == "queue/library/a:2"
    assert "handbill excerpts" in fault.value.hint
    assert offsets in fault.value.what


def test_a_campaign_says_whether_pictures_must_be_described():
    assert campaign_of(b"", "library", "c").alt_required
    assert campaign_of(b"alt: required", "library", "c").alt_required
    assert not campaign_of(b"alt: Optional", "library", "c").alt_required
    with pytest.raises(BadArticle, match="neither required nor optional"):
        campaign_of(b"alt: no", "library", "c")
