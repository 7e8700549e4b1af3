"""Lengths: other people's vectors, our own figures for what they leave out, and properties that hold for any text."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.text import measure
from tests.hostile import COUNTED
from tests.judged import FEDIVERSE, LENGTHS, WEIGHTED, Section, counted, excused

PIECES = st.sampled_from(
    [
        *"aé日قि1#.:/@ \n…",
        *(
            "\r\n",
            "https://library.example.com/a",
            "museum.example.org",
            "@ada@town.example",
            "👩‍👩‍👧",
            "👍🏽",
            "🇩🇪",
            "🇩",
            "❤️",
        ),
        *("\u200d", "\u0301", "\u200c", "한", "\u1112\u1161\u11ab", "ᄒ", "क्ष", "\U0001f3ff", "1⃣", "\ufe0f"),
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


@pytest.mark.parametrize("section", LENGTHS, ids=lambda section: section.name)
def test_other_peoples_lengths(section: Section):
    missed = section.missed()
    assert missed == excused().get(section.name, set())
    assert counted()[section.name] == (len(section.cases()), len(section.cases()) - len(missed))


@pytest.mark.parametrize(
    ("unit", "length"),
    [(Unit.CODE_POINTS, 27), (Unit.GRAPHEMES, 23), (Unit.UTF16, 30), (Unit.BYTES, 44), (Unit.WEIGHTED, 25)],
)
def test_one_headline_has_five_lengths(unit: Unit, length: int):
    text = "Museum öffnet für 👨‍👩‍👧… 12"
    assert measure.length(text, Limits(length=280, unit=unit)) == length


@pytest.mark.parametrize(
    ("rule", "text", "length"),
    [
        (LinkRule.BARE, "Read town.example.com/a", 5 + 10),
        (LinkRule.SCHEME, "Read town.example.com/a", 23),
        (LinkRule.BARE, "Read https://town.example.com/a!", 5 + 10 + 1),
        (LinkRule.SCHEME, "Read https://town.example.com/a!", 5 + 10 + 1),
        (LinkRule.SPANS, "Read https://town.example.com/a!", 5 + 10 + 1),
    ],
)
@pytest.mark.parametrize("unit", [Unit.CODE_POINTS, Unit.UTF16, Unit.BYTES, Unit.GRAPHEMES])
def test_a_link_counts_the_same_in_every_unit(rule: LinkRule, text: str, length: int, unit: Unit):
    assert measure.length(text, Limits(length=500, unit=unit, url_weight=10, link_rule=rule)) == length


def test_a_link_without_weight_counts_in_full():
    limits = Limits(length=300, unit=Unit.GRAPHEMES, link_rule=LinkRule.SPANS)
    assert measure.length("https://town.example.com/a", limits) == 26


def test_a_remote_mention_counts_as_its_local_name():
    text = "With @ada@library.example and @bo"
    assert measure.length(text, FEDIVERSE) == len("With @ada and @bo")
    assert measure.length(text, Limits(length=500, unit=Unit.GRAPHEMES)) == len(text)
    unending = "@ada@" + "x" * 254
    assert measure.length(unending, FEDIVERSE) == len(unending)


def test_a_mention_inside_a_link_is_part_of_the_link():
    assert measure.length("https://town.example.com/@ada@library.example", FEDIVERSE) == 23


def test_a_warning_counts_only_where_the_platform_says_so():
    plain = Limits(length=10, unit=Unit.GRAPHEMES)
    assert measure.length("text", FEDIVERSE, warning="https://a.example.com") == 4 + 21
    assert measure.length("text", plain, warning="long warning") == 4
    assert measure.fits("text", plain, warning="long warning")


def test_fits_up_to_the_limit_and_not_beyond():
    limits = Limits(length=5, unit=Unit.GRAPHEMES, bytes=8, caption=3)
    assert measure.fits("five!", limits)
    assert not measure.fits("sixth!", limits)
    assert not measure.fits("ééééé", limits)  # ten bytes
    assert not measure.fits("five!", limits, caption=True)
    assert measure.fits("cap", limits, caption=True)


def test_a_caption_without_a_limit_of_its_own_has_that_of_the_text():
    assert measure.fits("five!", Limits(length=5, unit=Unit.CODE_POINTS), caption=True)


def test_no_length_means_no_limit():
    assert measure.fits("x" * 100_000, Limits(length=0, unit=Unit.CODE_POINTS))


@pytest.mark.parametrize("character", ["\ufffe", "\ufeff", "\uffff"])
def test_a_weighted_platform_refuses_some_characters(character: str):
    assert not measure.fits(f"museum{character}", WEIGHTED)
    assert measure.fits(f"museum{character}", FEDIVERSE)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("🇩🇪🇫🇷", 4),
        ("🇦🇨🇿🇼", 4),
        ("👩‍🦰👨🏿‍🦳", 4),
        ("🇩🇩", 4),  # no such flag: two letters
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", 2),
        ("👩🏽‍🚒", 2),
        ("🧑‍🚒", 5),  # joined in a later Emoji version than the counter knows
        ("🕵️‍♀️", 2),
        ("👨‍❤️‍💋‍👨", 2),
        ("©", 1),
        ("©️", 2),
        ("☝️🏽", 2),
        ("#️⃣", 2),
        ("👍\ufe0f", 4),  # takes no variation selector
    ],
)
def test_the_weight_of_emoji_sequences(text: str, weight: int):
    assert measure.length(text, WEIGHTED) == weight


@pytest.mark.parametrize(("first", "last"), [(0x20, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037)])
def test_light_characters_lie_in_four_ranges(first: int, last: int):
    weights = [measure.length(chr(code), WEIGHTED) for code in (first, last, last + 1)]
    assert weights == [1, 1, 2]
    assert first == 0x20 or measure.length(chr(first - 1), WEIGHTED) == 2


def test_offsets_are_converted_at_every_place():
    text = "aé日👍🏽 b"
    assert [measure.utf16_offset(text, at) for at in range(len(text) + 1)] == [0, 1, 2, 3, 5, 7, 8, 9]
    assert [measure.byte_offset(text, at) for at in range(len(text) + 1)] == [0, 1, 3, 6, 10, 14, 15, 16]


@given(TEXTS)
def test_graphemes_are_what_the_whole_expression_finds(text: str):
    assert measure.graphemes(text) == len(regex.findall(r"\X", text))


def test_two_characters_counted_alone_never_join():
    joins = regex.compile(
        r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}\p{GCB=Prepend}\p{GCB=RI}\p{GCB=L}\p{GCB=V}\p{GCB=T}]"
    )
    alone = regex.compile(rf"[{measure._ALONE}]")
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    assert not set(alone.findall(every)) & set(joins.findall(every))


@given(TEXTS, TEXTS)
def test_a_longer_text_is_never_shorter_in_plain_units(text: str, more: str):
    for unit in (Unit.CODE_POINTS, Unit.UTF16, Unit.BYTES):
        limits = Limits(length=1, unit=unit)
        assert measure.length(text + more, limits) == measure.length(text, limits) + measure.length(more, limits)


@given(TEXTS)
def test_a_space_between_two_texts_keeps_their_lengths_apart(text: str):
    for limits in (WEIGHTED, FEDIVERSE):
        twice = measure.length(f"{text} , {text}", limits)
        assert abs(twice - 2 * measure.length(text, limits) - 3) <= 2  # a mark at the seam may join the space


@pytest.mark.parametrize(("text", "weight", "letters"), COUNTED.values(), ids=COUNTED.keys())
def test_twenty_thousand_bytes_of_anything_are_counted_exactly(text: str, weight: int, letters: int):
    assert measure.length(text, WEIGHTED) == weight
    assert measure.length(text, FEDIVERSE) == letters
