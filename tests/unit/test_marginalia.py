"""What stands around an article and is not it: datelines, greetings, notes, times of a live report, turns to speak."""

import pytest

from bot.domain.article import BlockKind
from bot.domain.text import blocks, marginalia


def kinds(text: str) -> dict[str, BlockKind]:
    return {text[block.start : block.end]: block.kind for block in blocks.of_plain(text)}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("ميلتاون – افتتحت المكتبة مختبراً.", "افتتحت المكتبة مختبراً."),
        ("القاهرة الكبرى — افتتحت المكتبة.", "افتتحت المكتبة."),
        ("Moskau – die Stadt der Türme – wächst.", "Moskau – die Stadt der Türme – wächst."),
        ("MILLTOWN – The museum opens.", "The museum opens."),
    ],
)
def test_a_dateline_goes_and_a_dash_in_a_sentence_stays(text, rest):
    assert text[marginalia.dateline(text) :] == rest


@pytest.mark.parametrize(
    "words",
    [
        "(Reporting by Rosa Field; editing by Tom Hale)",
        "（责任编辑：陈一）",
        "[3] Town archive, roll 7.",
        "¹ The plaque was put up in 1921.",
        "This page is no longer being updated.",
        "Alle Angaben ohne Gewähr.",
        "To unsubscribe from this list, write to list@example.org",
        "Подробнее: www.example.org/архив.",
    ],
)
def test_furniture_is_known_in_brackets_and_as_notes(words):
    assert marginalia.boilerplate(words)


def test_a_figure_in_brackets_does_not_make_a_note():
    assert not marginalia.boilerplate(
        "[The clerk] read 3 letters aloud, and the council listened to every one of them."
    )


def test_a_greeting_and_a_signature_are_not_the_article():
    found = kinds(
        "Dear members,\n\nthe tour leads around the lake.\n\nBring a lamp.\n\n--\nTown Cycling Club\n4 Weir Street"
    )
    assert found["Dear members,"] is BlockKind.BOILERPLATE
    assert found["the tour leads around the lake."] is BlockKind.PROSE
    assert {found["Town Cycling Club"], found["4 Weir Street"]} == {BlockKind.BOILERPLATE}


def test_a_poem_does_not_greet():
    assert set(kinds("The night ferry carries\na baker, two nurses,\na boy with a trumpet\nasleep,").values()) == {
        BlockKind.PROSE
    }


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("18:40 The river falls.", "The river falls."),
        ("18.40 Uhr: Der Fluss fällt.", "Der Fluss fällt."),
        ("18h40 – Le fleuve baisse.", "Le fleuve baisse."),
        ('12:22 "We wait," she says.', '"We wait," she says.'),
        ("10.30 Uhr beginnt das Konzert.", "10.30 Uhr beginnt das Konzert."),
        ("64 riders came.", "64 riders came."),
    ],
)
def test_the_time_before_an_entry_of_a_live_report(text, rest):
    assert text[marginalia.clock(text) :] == rest


@pytest.mark.parametrize(
    "words", ["Q: Why a whistle?", "A: It is loud.", "答：我先數了蛋。", "Frage: Warum?", "س: لماذا؟"]
)
def test_a_turn_to_speak_is_known_by_its_label(words):
    assert marginalia.turn(words)


@pytest.mark.parametrize("words", ["Question time is over: go home.", "The answer: nobody knows.", "答案是：没有。"])
def test_a_colon_alone_makes_no_turn(words):
    assert not marginalia.turn(words)
