"""What the card of a link says: something that reads alone and that the post does not say already."""

import pytest

from bot.domain.article import Article
from bot.domain.rendering.cards import description
from bot.domain.text import blocks

LEAD = "MILLTOWN, 14 March (Town Wire) – The bridge will close for eleven weeks. Divers found cracks in two piers."
NEXT = "About 9,300 people cross the bridge every day, and a third of them ride bicycles."


def described(text: str, excerpt: str, language: str = "en") -> str:
    source = Article(
        campaign="town", name="a", digest="d", title="", text=text, blocks=blocks.of_plain(text), language=language
    )
    return description(source, excerpt, excerpt)


def test_the_lead_is_not_said_twice_although_its_dateline_is_gone():
    assert described(f"{LEAD}\n\n{NEXT}", "The bridge will close for eleven weeks.") == NEXT


def test_a_post_from_further_down_is_described_by_the_lead_without_its_dateline():
    assert described(f"{LEAD}\n\n{NEXT}", NEXT) == LEAD.partition("– ")[2]


@pytest.mark.parametrize(
    "passed_over",
    [
        "The library offers on Sundays:",
        "Who pays for the bridge, and who pays for the ferries in the meantime?",
        "She told the council that the ferries would run every ten minutes until midnight.",
        '"I have never been further than the other bank, he told the crew at his farewell.',
        "A: I counted the eggs first, since the clock can wait and the eggs cannot wait at all.",
        "A roll of 1294 names a miller who paid two sacks and a goose.[3]",
        "And that was it.",
    ],
)
def test_what_does_not_read_alone_is_passed_over(passed_over):
    assert described(f"{LEAD}\n\n{passed_over}\n\n{NEXT}", "The bridge will close for eleven weeks.") == NEXT


def test_nothing_is_better_than_the_post_again():
    assert described("The library is closed on Monday.", "The library is closed on Monday.") == ""


def test_whole_sentences_where_there_are_some_else_words():
    born = "She was born in a family of bakers in 1934."
    long = "Ada Brand " + "mended clocks and watches and bells, " * 12 + "as everybody knows."
    assert described(f"{LEAD}\n\nAda {born[4:]} {long}", "The bridge will close for eleven weeks.") == f"Ada {born[4:]}"
    cut = described(f"{LEAD}\n\n{long}", "The bridge will close for eleven weeks.")
    assert len(cut) <= 200
    assert cut.endswith("…")
    assert long.startswith(cut.rstrip("…"))
