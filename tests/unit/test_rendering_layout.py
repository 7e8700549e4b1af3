"""The template of a campaign, filled, and the hashtags that go into it."""

import pytest

from bot.domain.rendering import hashtags, layout


@pytest.mark.parametrize(
    ("template", "words", "text"),
    [
        ("{excerpt}\n\n{link}\n\n{tags}\n{disclosure}", layout.Words(excerpt="A.", tags=("B", "C")), "A.\n\n#B #C"),
        (
            "{excerpt}\n\n{link}\n\n{tags}\n{disclosure}",
            layout.Words(excerpt="A.\n\n\nB.", disclosure="D"),
            "A.\n\n\nB.\n\nD",
        ),
        ("{title}: {excerpt}\nRead: {link}\n— {source}", layout.Words(excerpt="A.", source="Ada"), "A.\n— Ada"),
        ("\n\n{title}\n\n\n\n{unknown} {excerpt}", layout.Words(title="T", excerpt="A."), "T\n\n{unknown} A."),
        ("{excerpt}\n({part}/{parts})", layout.Words(excerpt="A.", part="1", parts="3"), "A.\n(1/3)"),
        ("{excerpt}\n({part}/{parts})", layout.Words(excerpt="{title} {link}"), "{title} {link}"),
    ],
)
def test_a_template_is_filled_and_lines_without_words_go_away(template, words, text):
    laid = layout.lay(template, words)
    assert laid.text == text
    assert all(laid.text[at.start : at.end] == words.filling(at.field) for at in laid.places)


@pytest.mark.parametrize(
    ("words", "tag"),
    [
        ("night trains", "NightTrains"),
        ("iPhone repairs", "iPhoneRepairs"),
        ("#COVID-19", "COVID19"),
        ("farmers' market", "FarmersMarket"),
        ("l'été à vélo", "LÉtéÀVélo"),
        ("Ölöfen & Straße", "ÖlöfenStraße"),
        ("قطار شب", "قطار_شب"),
        ("夜行 列车", "夜行列车"),
        ("हिन्दी", "हिन्दी"),
        ("2026", ""),
        ("—", ""),
        ("e\u0301cole", "École"),
    ],
)
def test_hashtags_are_one_word_that_reads_as_several(words, tag):
    assert hashtags.hashtag(words) == tag
