"""What each stretch of a text is taken for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.article import Block, BlockKind
from bot.domain.text import blocks, marginalia

PROSE = "The town library opens on Sundays, and the readers are glad of it."


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind.value, text[block.start : block.end]) for block in blocks.of_plain(text)]


def kind_beside_prose(paragraph: str) -> str:
    text = f"{PROSE}\n\n{paragraph}\n\n{PROSE} So is the town."
    return kinds(text)[1][0]


@pytest.mark.parametrize(
    ("kind", "paragraph"),
    [
        ("heading", "Opening hours"),
        ("heading", "A letter to the council:"),
        ("heading", "Why now?"),
        ("heading", "## What comes next"),
        ("heading", "Öffnungszeiten im Sommer"),
        ("heading", "新图书馆周一开放"),
        ("heading", "ساعت کار کتابخانه"),
        ("prose", "It was cold."),
        ("prose", "“We are glad,” she said."),
        ("prose", "Von Anfang an war klar, dass das Museum bleibt."),
        ("prose", "By Monday the queue was gone."),
        ("prose", "Read more books this summer, the library says."),
        ("prose", "Photography was new then, and the museum bought a camera."),
        ("prose", "Ada Brand – the curator – said so."),
        ("prose", "3 June was the day when the doors opened."),
        ("prose", "Share of readers: the youngest come most often, says the report of the town."),
        ("byline", "By Ada Brand"),
        ("byline", "By Ada Brand and Jo Miller, staff writers"),
        ("byline", "Von Ada Brand"),
        ("byline", "Par Ada de la Tour"),
        ("byline", "Por Ana Brand | 29 de junio de 2026"),
        ("byline", "Автор: Ада Бранд"),
        ("byline", "نویسنده: آدا برند"),
        ("byline", "بقلم أحمد علي"),
        ("byline", "本报记者 王小明"),
        ("byline", "29 June 2026, 10:30 UTC"),
        ("byline", "Veröffentlicht am 3. Mai 2026"),
        ("byline", "5 min read"),
        ("byline", "PARIS, 29 June (Agency) –"),
        ("caption", "Photo: Jo Miller"),
        ("caption", "Foto: Der neue Lesesaal im Mai."),
        ("caption", "The reading room in May. (Photo: Jo Miller)"),
        ("caption", "Crédit photo : Jo Miller"),
        ("caption", "写真：開館の日"),
        ("boilerplate", "Read more: The museum's new wing"),
        ("boilerplate", "Read more"),
        ("boilerplate", "Subscribe to our newsletter"),
        ("boilerplate", "Sign up for our newsletter and never miss a story."),
        ("boilerplate", "© 2026 Town of Milltown. All rights reserved."),
        ("boilerplate", "Share this article"),
        ("boilerplate", "Lesen Sie auch: Radweg am Fluss"),
        ("boilerplate", "Lire aussi : le nouveau parc"),
        ("boilerplate", "بیشتر بخوانید: موزه"),
        ("boilerplate", "Читайте также: музей"),
        ("boilerplate", "责任编辑：李明"),
        ("boilerplate", "https://library.example/news"),
        ("boilerplate", "***"),
        ("quote", "“Reading is free.” – Ada Brand, librarian"),
        ("quote", "> Quiet is overrated."),
        ("list", "- 12,000 books"),
        ("list", "• a reading room"),
        ("list", "1. First come, first served"),
        ("code", "```\nprint('hello')\n\nprint('again')\n```"),
        ("table", "Day | Hours\nMonday | 9 to 5\nSunday | 12 to 5"),
        ("table", "Monday\t9 to 5\nSunday\t12 to 5"),
    ],
)
def test_a_paragraph_between_others(kind: str, paragraph: str) -> None:
    assert kind_beside_prose(paragraph) == kind


def test_a_heading_directly_above_prose_is_no_part_of_it() -> None:
    text = f"Opening hours\n{PROSE}\n\n{PROSE}"
    assert kinds(text)[:2] == [("heading", "Opening hours"), ("prose", PROSE)]


def test_title_byline_and_date_above_the_first_paragraph() -> None:
    text = f"Library opens on Sundays\nBy Ada Brand\n29 June 2026\n\n{PROSE}"
    assert [kind for kind, _ in kinds(text)] == ["heading", "byline", "byline", "prose"]


def test_wrapped_lines_are_one_paragraph() -> None:
    text = "The library will open on Sundays from May on, the\ntown said on Monday. It is the first time in ten\nyears."
    assert kinds(text) == [("prose", text)]


def test_one_paragraph_a_line() -> None:
    first, second = PROSE, "The museum will follow in spring, it said, once the roof is dry."
    assert kinds(f"{first}\n{second}\nA word on money\n{first}") == [
        ("prose", first),
        ("prose", second),
        ("heading", "A word on money"),
        ("prose", first),
    ]


def test_list_entries_begin_after_their_marker_and_go_on_when_indented() -> None:
    text = "The library offers:\n- 12,000 books\n- a reading room that is\n  open late\n2) help with homework"
    assert kinds(text) == [
        ("prose", "The library offers:"),
        ("list", "12,000 books"),
        ("list", "a reading room that is\n  open late"),
        ("list", "help with homework"),
    ]


def test_a_stanza_stays_whole() -> None:
    poem = "Roses are old\nViolets are new\nThe library is\nOpen for you"
    assert kinds(f"{poem}\n\n{poem}") == [("prose", poem), ("prose", poem)]


def test_dialogue_after_dashes_is_prose() -> None:
    text = f"— Привет! — сказал он.\n— Привет, — ответила она.\n\n{PROSE}"
    assert [kind for kind, _ in kinds(text)] == ["prose", "prose", "prose"]


def test_a_sentence_lifted_from_the_text_is_a_quotation() -> None:
    text = f"{PROSE}\n\n“We are glad of it.”\n\nThe director said: “We are glad of it.” It was late."
    assert kinds(text)[1][0] == "quote"
    assert kinds(text.replace("said: “We are glad of it.”", "smiled."))[1][0] == "prose"


def test_what_follows_the_end_is_no_article() -> None:
    text = f"{PROSE}\n\n{PROSE}\n\nENDS\n\nCall the press office about this news on any day."
    assert [kind for kind, _ in kinds(text)] == ["prose", "prose", "boilerplate", "boilerplate"]


def test_about_the_sender_is_no_article_up_to_the_next_heading() -> None:
    text = f"{PROSE}\n\n{PROSE}\n\nAbout the town library\n\nIt was founded in 1910.\n\nOne thing more\n\n{PROSE}"
    assert [kind for kind, _ in kinds(text)][2:] == ["boilerplate", "boilerplate", "heading", "prose"]


def test_about_at_the_beginning_is_a_heading_like_any_other() -> None:
    assert kinds(f"About the weather\n\n{PROSE}\n\n{PROSE}")[0][0] == "heading"


@pytest.mark.parametrize(
    "text",
    [
        "Library closed on Monday",
        "no full stop in this text it just goes on and on",
        "One\n\nTwo\n\nThree",
        "图书馆周一开放",
    ],
)
def test_a_text_without_full_stops_is_prose(text: str) -> None:
    assert {kind for kind, _ in kinds(text)} == {"prose"}


def test_nothing_has_no_blocks() -> None:
    assert blocks.of_plain("") == blocks.of_plain(" \n\n \n") == ()


def test_refined_leaves_what_a_source_knows_and_judges_its_prose() -> None:
    parts = [(BlockKind.HEADING, "Photo: the day"), (BlockKind.PROSE, "By Ada Brand"), (BlockKind.PROSE, PROSE)]
    parts += [
        (BlockKind.CODE, "Read more"),
        (BlockKind.LIST, "Subscribe to our newsletter"),
        (BlockKind.LIST, "3 May 2026"),
    ]
    text, found = "", []
    for kind, words in parts:
        found.append(Block(kind=kind, start=len(text), end=len(text) + len(words)))
        text += words + "\n\n"
    expected = ["heading", "byline", "prose", "code", "boilerplate", "list"]
    assert [block.kind.value for block in blocks.refined(text, tuple(found))] == expected


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("PARIS, 29 June (Agency) – The library opens.", "The library opens."),
        ("BERLIN (eig) - Das Museum bleibt.", "Das Museum bleibt."),
        ("NEW YORK — “We are glad,” she said.", "“We are glad,” she said."),
        ("Madrid, 3 de junio – El museo abre.", "El museo abre."),
        ("باريس (وكالة) - تفتح المكتبة.", "تفتح المكتبة."),
        ("新华社北京6月29日电（记者王小明）图书馆开放。", "图书馆开放。"),
        ("Ada Brand – the curator – said so.", "Ada Brand – the curator – said so."),
        ("The museum – a mill once – reopens.", "The museum – a mill once – reopens."),
        ("PARIS – and then she left.", "PARIS – and then she left."),
        ("北京6月29日开放。", "北京6月29日开放。"),
    ],
)
def test_datelines(text: str, rest: str) -> None:
    assert text[marginalia.dateline(text) :] == rest


LINES = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            PROSE,
            "By Ada Brand",
            "- one",
            "1. two",
            "```",
            "~~~",
            "> yes",
            "Heading",
            "a | b",
            "    x = 1;",
            "***",
            "----",
            "“Yes.”",
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(text=st.lists(LINES, max_size=12).map("\n".join))
def test_blocks_lie_in_order_and_leave_no_word_out(text: str) -> None:
    found = blocks.of_plain(text)
    assert found == blocks.of_plain(text)
    at, outside = 0, ""
    for block in found:
        assert at <= block.start < block.end <= len(text)
        outside += text[at : block.start] + " "
        at = block.end
    outside += text[at:]
    assert not any(len([sign for sign in word if sign.isalpha()]) > 1 for word in outside.split())
    assert blocks.refined(text, found) == blocks.refined(text, blocks.refined(text, found))
