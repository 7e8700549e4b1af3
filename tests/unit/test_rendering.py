"""Rendering: an excerpt fitted to one message. Figures are what a follower of that kind of channel would count."""

from dataclasses import replace

import pytest

from bot.domain import rendering
from bot.domain.article import Block, BlockKind
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits, LinkPlace, Unit
from bot.domain.post import SpanKind
from bot.domain.text import links, measure
from bot.errors import BadInput
from tests.unit.posts import (
    CARDS,
    FEDIVERSE,
    LEAD,
    LINK,
    PLAIN,
    ROOM,
    WEIGHTED,
    article,
    channel,
    excerpt,
    picture,
    render,
)

#: A campaign whose template has no headline.
UNTITLED = Campaign(name="spring", template=PLAIN)

# --- one message ------------------------------------------------------------------------------------------------------


def test_each_hashtag_stands_once_at_the_end_and_only_as_many_as_the_channel_takes():
    campaign = Campaign(name="spring", tags=("Night Trains", "town hall", "rails"), template=PLAIN)
    source = article(tags=("night trains", "sunday"), link="")
    post = rendering.render(source, excerpt("Sunday trains run again."), campaign, channel(WEIGHTED))
    assert post.parts[0].text == "Sunday trains run again.\n\n#NightTrains #Sunday #TownHall"
    assert [span.target for span in post.parts[0].spans] == ["NightTrains", "Sunday", "TownHall"]
    assert post.notes == ("1 hashtag left out: this channel takes 3",)
    none = rendering.render(source, excerpt("Sunday."), campaign, channel(WEIGHTED, tags=0))
    assert none.parts[0].text == "Sunday."


def test_english_with_everything_on_a_weighted_channel():
    campaign = Campaign(name="spring", tags=("reading",), disclosure="Imprint: town.example.org/imprint")
    post = rendering.render(article(author="Ada Brand"), excerpt(), campaign, channel(WEIGHTED))
    (part,) = post.parts
    kept = LEAD[: LEAD.index(" Music")]
    assert part.text == f"{kept}\n\n{LINK}\n\n#Reading\nImprint: town.example.org/imprint"
    assert (part.number, part.length, part.limit) == (1, measure.length(part.text, WEIGHTED), 280)
    assert post.notes == ("2 sentences dropped to fit 280 weighted characters",)
    assert [part.text[span.start : span.end] for span in part.spans][:2] == [LINK, "#Reading"]


def test_what_gives_way_first_is_the_hashtags_then_the_title_then_sentences():
    campaign = Campaign(name="spring", tags=("reading", "sunday"), template="{title}\n{excerpt}\n{tags}")
    text = "One two three four. Five six seven."
    title = "Sundays at the library"

    def at(length: int) -> tuple[str, tuple[str, ...]]:
        limits = Limits(length=length, unit=Unit.CODE_POINTS)
        post = rendering.render(article(text, link=""), excerpt(text), campaign, channel(limits))
        return post.parts[0].text, post.notes

    full = f"{title}\n{text}\n#Reading #Sunday"
    assert at(len(full)) == (full, ())
    assert at(len(full) - 1) == (
        f"{title}\n{text}\n#Reading",
        (f"1 hashtag left out to fit {len(full) - 1} code points: #Sunday",),
    )
    assert at(len(f"{title}\n{text}"))[0] == f"{title}\n{text}"
    words, notes = at(len(text))
    assert words == text
    assert notes[-1] == f"title left out to fit {len(text)} code points"
    words, notes = at(len(text) - 1)
    assert words == "One two three four.\n#Reading"  # what was given up comes back where there is room again
    assert notes[-1] == f"1 sentence dropped to fit {len(text) - 1} code points"


@pytest.mark.parametrize(
    ("length", "text", "kept"),
    [
        (
            40,
            "The old bridge, which every child knows, will be closed for a year.",
            "The old bridge, which every child knows…",
        ),
        (30, "The old bridge which every child knows will be closed.", "The old bridge which every…"),
        (31, "The hall holds 10 000 readers and more.", "The hall holds 10 000 readers…"),
        (20, "The hall holds 10 000 readers and more.", "The hall holds…"),
        (34, "The mayor said “we will open it on Sundays”.", "The mayor said “we will open it…"),
        (45, "The bridge stays closed, said “the old hands of the club”.", "The bridge stays closed…"),
        (30, "Ask at https://library.example.org/a-very-long-way today.", "Ask at…"),
        (31, "Write to desk@library.example.org for a seat.", "Write to…"),
        (14, "Donaudampfschifffahrtsgesellschaft tagt.", "Donaudampfsch…"),
        (12, "图书馆周日开放，读者可以借书、还书，还可以喝咖啡。", "图书馆周日开放…"),
        (9, "他说「图书馆周日开放」", "他说「图书馆周日…"),
        (11, "東京の図書館は日曜日に開いています", "東京の図書館は…"),
        (12, "👩‍👩‍👧‍👦👩‍👩‍👧‍👦 ok", "👩‍👩‍👧‍👦…"),
        (12, "新馆周日开放：#图书馆周日开放新闻", "新馆周日开放…"),
        (6, "abcd \u0301efgh ijkl", "abc…"),
        (11, "abcd \u0600, efgh", "abcd \u0600,…"),
        (17, "کتابخانه از بهار، یکشنبه‌ها باز است", "کتابخانه از بهار…"),
    ],
)
def test_a_long_sentence_is_cut_where_a_reader_would(length, text, kept):
    post = render(text, Limits(length=length, unit=Unit.CODE_POINTS))
    assert post.parts[0].text == kept
    assert post.notes == (f"a sentence shortened to fit {length} code points",)


def test_a_german_quotation_is_not_torn_where_that_can_be_avoided():
    limits = Limits(length=60, unit=Unit.CODE_POINTS)
    early = "Das Haus ist offen. „Wir freuen uns sehr. Wir backen Kuchen. Wir singen“, sagt die Leiterin."
    assert render(early, limits).parts[0].text == "Das Haus ist offen. „Wir freuen uns sehr. Wir backen Kuchen."
    late = "Das Haus ist den ganzen Sommer offen. „Wir freuen uns. Wir backen“, sagt sie."
    assert render(late, limits).parts[0].text == "Das Haus ist den ganzen Sommer offen."


def test_an_ellipsis_never_becomes_part_of_an_address():
    text = "See https://a.example.org/x and then some more words that do not fit here at all"
    post = render(text, replace(FEDIVERSE, length=30))
    assert post.parts[0].text == "See https://a.example.org/x …"
    assert [span.target for span in post.parts[0].spans] == ["https://a.example.org/x"]


def test_an_address_keeps_its_last_sign_before_an_ellipsis():
    post = render("See https://a.example.org/x- and then some more words", replace(CARDS, length=32))
    assert post.parts[0].text == "See https://a.example.org/x- …"


def test_an_address_that_fits_nowhere_is_left_out_and_the_title_stands_in():
    post = render("https://a.example.org/" + "x" * 300, CARDS)
    assert post.parts[0].text == "Sundays at the library"
    assert post.notes == ("text left out: not a word of it fits 300 graphemes", "the title is the text")


def test_a_handle_is_not_torn_even_where_it_is_longer_than_a_message():
    post = render("@ben@" + "x" * 60 + ".example.org and more", replace(ROOM, length=50))
    assert post.parts[0].text == "Sundays at the library"


def test_the_byte_limit_is_named_when_it_is_the_one_that_binds():
    post = render("👩‍👩‍👧‍👦 " * 140, CARDS)
    assert post.parts[0].length <= 300
    assert len(post.parts[0].text.encode()) <= 3000
    assert post.notes[0].endswith("to fit 3,000 bytes")


def test_an_excerpt_without_words_leaves_the_title():
    post = rendering.render(article(), excerpt(""), Campaign(name="spring"), channel(WEIGHTED))
    assert post.parts[0].text == f"Sundays at the library\n\n{LINK}"


def test_the_disclosure_is_never_left_out_even_where_the_template_forgot_it():
    campaign = Campaign(name="spring", template="{excerpt}", disclosure="Paid for by the Friends of the Library")
    post = rendering.render(article(), excerpt(), campaign, channel(WEIGHTED))
    assert post.parts[0].text.endswith("\n\nPaid for by the Friends of the Library")
    with pytest.raises(BadInput, match="disclosure"):
        rendering.render(article(), excerpt(), campaign, channel(WEIGHTED, length=20))


# --- link and card ----------------------------------------------------------------------------------------------------


def test_a_link_that_is_longer_than_the_channel_allows_is_left_out_whole():
    long = LINK + "/" + "x" * 300
    source, campaign = article(link=long), Campaign(name="spring")
    post = rendering.render(source, excerpt(), campaign, channel(CARDS, link=LinkPlace.TEXT))
    assert "library.example.org" not in post.parts[0].text
    assert post.notes[0] == "link left out: longer than 300 graphemes"
    counted = rendering.render(source, excerpt(), campaign, channel(WEIGHTED))
    assert long in counted.parts[0].text


def test_a_card_carries_the_link_and_images_take_its_place():
    text = f"{LEAD}\n\nThe second paragraph."
    blocks = (
        Block(kind=BlockKind.PROSE, start=0, end=len(LEAD)),
        Block(kind=BlockKind.PROSE, start=len(LEAD) + 2, end=len(text)),
    )
    source = article(text, blocks=blocks)
    post = rendering.render(source, excerpt("Coffee is free."), Campaign(name="spring"), channel(CARDS))
    (part,) = post.parts
    assert part.text == "Coffee is free."
    assert part.card is not None
    assert (part.card.url, part.card.title) == (LINK, "Sundays at the library")
    assert LEAD.startswith(part.card.description.rstrip("…"))
    assert len(part.card.description) <= 200

    pictured = rendering.render(
        replace(source, images=(picture(),)),
        excerpt("Coffee is free."),
        UNTITLED,
        channel(CARDS),
    )
    (part,) = pictured.parts
    assert part.card is None
    assert part.images == (picture(),)
    assert part.text == f"Coffee is free.\n\n{LINK}"
    assert [(span.kind, span.target) for span in part.spans] == [(SpanKind.LINK, LINK)]
    assert pictured.notes == ("link card left out: images take its place, so the address stands in the text",)


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, False),  # the link's preview shows the title
        ({"link": ""}, True),
        ({"images": (picture(),)}, True),  # a post with pictures has no preview
        ({"link": "", "title": "Coffee is free …"}, False),  # the excerpt says it already
    ],
)
@pytest.mark.parametrize("limits", [WEIGHTED, FEDIVERSE, CARDS, ROOM])
def test_the_headline_stands_in_the_text_where_nothing_else_shows_it(facts, shown, limits):
    source = article(**facts)
    post = rendering.render(source, excerpt("Coffee is free."), Campaign(name="spring"), channel(limits))
    assert post.parts[0].text.startswith(f"{source.title}\n\n") == shown


def test_a_channel_that_shows_no_link_says_so():
    post = rendering.render(article(), excerpt("Coffee."), UNTITLED, channel(ROOM, link=LinkPlace.OMIT))
    assert (post.parts[0].text, post.parts[0].spans, post.parts[0].card) == ("Coffee.", (), None)
    assert post.notes == ("link left out: this channel shows none",)


def test_a_link_with_letters_that_would_end_it_early_is_written_safely():
    post = rendering.render(
        article(link="https://example.com/خبر/۱"), excerpt("خبر."), Campaign(name="s"), channel(WEIGHTED)
    )
    assert post.parts[0].text.isascii() or post.parts[0].text.split("\n")[-1].isascii()
    assert post.parts[0].length == len("خبر.\n\n") + 23


# --- images, warning, strangers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentences", "images", "note"),
    [
        (10, 1, ""),
        (30, 1, "dropped to fit 1,024 code points"),
        (60, 0, "image left out: text longer than the caption limit of 1,024"),
    ],
)
def test_an_image_stays_while_its_caption_loses_less_than_a_third(sentences, images, note):
    text = " ".join(f"Sentence {number:02} of a long report here." for number in range(sentences))
    post = render(text, ROOM, images=(picture(),))
    assert len(post.parts[0].images) == images
    assert post.parts[0].limit == (1024 if images else 4096)
    assert note in "; ".join(post.notes)


def test_images_and_their_words_keep_to_what_the_channel_takes():
    images = tuple(picture(number, alt="A long table of cakes " * 3) for number in range(3))
    post = render("Cake.", replace(WEIGHTED, images=2, alt=30), images=images)
    assert [image.alt for image in post.parts[0].images] == ["A long table of cakes A long…"] * 2
    assert post.notes[0] == "1 image left out: this channel takes 2"
    assert post.notes[1] == "alt text of image 1 shortened to fit 30 characters"


def test_a_warning_goes_beside_the_text_or_into_its_first_line():
    facts = {"warning": "spoilers", "visibility": "unlisted", "language": "de"}
    beside = render("It was the butler.", FEDIVERSE, **facts).parts[0]
    assert (beside.text, beside.warning, beside.visibility, beside.language) == (
        "It was the butler.",
        "spoilers",
        "unlisted",
        "de",
    )
    assert beside.length == len("spoilersIt was the butler.")
    post = render("It was the butler.", WEIGHTED, **facts)
    inside = post.parts[0]
    assert (inside.text, inside.warning, inside.visibility, inside.language) == (
        "[spoilers]\n\nIt was the butler.",
        "",
        "",
        "",
    )
    assert len(post.notes) == 2


def test_strangers_are_not_mentioned_and_mail_stays_as_it_is():
    text = (
        "Thanks to @ada and @ben@town.example.org, see https://a.example.org/@carl or write to desk@town.example.org."
    )
    post = render(text, WEIGHTED)
    assert post.parts[0].text == text.replace(" @", " @\u2060")
    assert post.notes[0] == "@ada is written so that nobody is mentioned"
    assert render(text, CARDS).parts[0].text == text
    page = "Read https://a.example.org/新闻/@carl today"
    assert render(page, FEDIVERSE).parts[0].text == page
    names = rendering.render(
        article("Hi.", title="@ada speaks", author="@ben"),
        excerpt("Hi."),
        Campaign(name="s", template="{title}\n{excerpt}\nby @{source}, thanks @dora"),
        channel(WEIGHTED),
    )
    assert not links.mentions(names.parts[0].text)


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_the_best_excerpt_is_the_best_that_a_channel_shows_whole():
    short, middle, long = (
        excerpt("Coffee is free.", 1.0),
        excerpt(LEAD[:200].rsplit(".", 1)[0] + ".", 2.0),
        excerpt(LEAD * 3, 3.0),
    )
    campaign = Campaign(name="spring")
    assert rendering.choose(article(), (short, middle, long), campaign, channel(ROOM)) is long
    assert rendering.choose(article(), (short, middle, long), campaign, channel(WEIGHTED)) is middle
    assert rendering.choose(article(), (long, short), campaign, channel(WEIGHTED)) is short
    assert rendering.choose(article(), (long, replace(long, score=9.0)), campaign, channel(WEIGHTED)).score == 9.0
    with pytest.raises(ValueError, match="empty"):
        rendering.choose(article(), (), campaign, channel(WEIGHTED))
