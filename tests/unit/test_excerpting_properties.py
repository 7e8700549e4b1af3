"""What holds for the excerpts of any article: its own words, whole quotations, time in proportion."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.article import BlockKind
from bot.domain.excerpting import excerpts
from bot.domain.text import sentences
from bot.domain.text.quotes import marks
from tests.hostile import ARTICLES
from tests.unit.test_excerpting import article
from tests.work import Sliced, counted

PIECES = st.one_of(
    st.sampled_from(
        [
            "The town library opened on Monday. ",
            "“We are glad,” said Ada Brand, curator. ",
            "“It is good. ",
            "She left.” ",
            "However, it rained. ",
            "It cost 38,000 euros. ",
            "Why? ",
            "\n\n",
            "\n",
            "\n\nOpening hours\n\n",
            "\n\nPhoto: Jo Miller\n\n",
            "\n\nThe club offers:\n\n- bread\n- milk\n\n",
            "图书馆周日开放。",
            "“很好。我们走吧，”他说。",
            "مكتبة المدينة تفتح أبوابها. ",
            "« Oui », dit-il. ",
            "(see p. 12. Or 13.) ",
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10),
)


GIVING = (BlockKind.PROSE, BlockKind.LIST, BlockKind.QUOTE)


def closed(text: str) -> str:
    """Return a text without the marks by which a quotation opens anew in each of its paragraphs."""
    kept = ""
    for paragraph in text.split("\n\n"):
        running = kept.count("“") > kept.count("”")
        kept += "\n\n" + (paragraph.removeprefix("“") if running else paragraph)
    return kept


@settings(max_examples=200, deadline=None)
@given(text=st.lists(PIECES, max_size=25).map("".join), longest=st.sampled_from([40, 280, 900]))
def test_every_excerpt_is_the_article_s_own_words(text: str, longest: int) -> None:
    source = article(text)
    found = excerpts(source, longest=longest)
    assert found == excerpts(source, longest=longest)
    assert len(found) <= 8
    assert len({(one.start, one.end) for one in found}) == len(found)
    stops = {
        block.start + stop for block in source.blocks for stop in sentences.ends(text[block.start : block.end], "en")
    }
    for one in found:
        assert one.text == text[one.start : one.end]
        assert 0 < len(one.text) <= longest
        assert one.text == one.text.strip()
        assert one.sentences[-1] == len(one.text)
        assert all(a < b for a, b in pairwise((0, *one.sentences)))
        taken = [block for block in source.blocks if block.start < one.end and one.start < block.end]
        assert all(block.kind in GIVING or text[: block.end].rstrip().endswith("?") for block in taken)
    assert stops or not found


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(
            [
                "The town library opened on Monday after two years. ",
                "“We are glad,” said Ada Brand, the curator of the museum. ",
                "Jo Miller called it “a wonder. Truly a wonder” and left for home. ",
                "“Nobody came. Nobody at all ever came,” she said to the readers. ",
                "“The roof was open and the rain came in. ",
                "Bread was sold on the square (and milk. And salt.) by three bakers. ",
                "\n\n",
            ]
        ),
        min_size=3,
        max_size=14,
    )
)
def test_quotation_marks_stay_balanced_at_every_sentence_end(parts: list[str]) -> None:
    text = "The mill of Milltown opened in May and turned all day. " + "".join(parts)
    for one in excerpts(article(text, language="en")):
        for stop in one.sentences:
            kept = closed(one.text[:stop])
            assert kept.count("“") == kept.count("”") == sum(kept[a] == "“" for a, _ in marks(kept).pairs)


@pytest.mark.parametrize("piece", ARTICLES)
def test_hostile_texts_take_work_in_proportion(piece: str) -> None:
    longest, efforts = set(), []
    for size in (30_000, 60_000):
        source = article(piece * (size // len(piece)))
        text = Sliced(source.text)
        with counted() as work:
            assert all(one.verbatim for one in excerpts(replace(source, text=text)))
        longest.add(max(work.read, default=0))
        efforts.append((text.taken, sum(work.read), work.tried))
    assert len(longest) == 1, "sentencex takes quadratic time over what it sees at once"
    for small, large in zip(*efforts, strict=True):
        assert large <= 2.2 * small
