"""Rendering: an excerpt in several messages."""

from dataclasses import replace

import pytest
import regex

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.text import measure
from tests.unit.posts import CARDS, LEAD, LINK, PLAIN, ROOM, WEIGHTED, article, channel, excerpt, picture, render


def test_a_thread_breaks_at_paragraphs_and_sentences_and_ends_with_link_and_tags():
    text = f"{LEAD[:250].rsplit('.', 1)[0]}.\n\n{LEAD}\n\nThe last paragraph is short."
    campaign = Campaign(
        name="spring", tags=("reading",), template="{title}\n\n{excerpt}\n\n{link}\n{tags}\n{part}/{parts}"
    )
    post = rendering.render(article(text, thread=True), excerpt(text), campaign, channel(WEIGHTED))
    total = len(post.parts)
    assert total >= 3
    assert [part.number for part in post.parts] == list(range(1, total + 1))
    assert post.parts[0].text.startswith("Sundays at the library\n\nThe town library")
    assert post.parts[-1].text.endswith(f"{LINK}\n#Reading\n{total}/{total}")
    assert [LINK in part.text for part in post.parts] == [False] * (total - 1) + [True]
    bodies = [regex.sub(r"\n\n?\d+/\d+\Z", "", part.text) for part in post.parts[:-1]]
    assert all(body.endswith(".") for body in bodies)
    assert all(measure.fits(part.text, WEIGHTED) for part in post.parts)


def test_the_link_card_of_a_thread_is_on_its_last_message():
    text = f"{LEAD} {LEAD}"
    post = render(text, CARDS, template="{excerpt}\n\n{link}", link=LINK, thread=True)
    assert [part.card is not None for part in post.parts] == [False] * (len(post.parts) - 1) + [True]
    assert " ".join(part.text for part in post.parts) == text


def test_a_thread_has_no_last_message_of_a_few_words():
    text = " ".join(f"The club rode out on day {number} of the tour." for number in range(6)) + " It rained."
    post = render(text, replace(WEIGHTED, length=125), thread=True)
    lengths = [len(part.text) for part in post.parts]
    assert lengths == [119, 79, 50]  # not 119, 119, 10
    assert " ".join(part.text for part in post.parts) == text
    assert post.notes == ()


def test_a_thread_that_is_too_long_is_shortened_and_says_so():
    text = " ".join(f"The club rode out on day {number} of the tour." for number in range(100))
    post = render(text, replace(WEIGHTED, thread_parts=3), thread=True)
    assert len(post.parts) == 3
    assert text.startswith(" ".join(part.text for part in post.parts))
    assert regex.fullmatch(r"\d+ sentences dropped to fit 3 parts of 280 weighted characters", post.notes[0])


def test_no_thread_where_hashtags_alone_are_too_much():
    text = LEAD[:270].rsplit(".", 1)[0] + "."
    campaign = Campaign(
        name="s",
        tags=("a very long hashtag that takes some room", "another one of that sort of length"),
        template=PLAIN,
    )
    post = rendering.render(article(text, thread=True, link=""), excerpt(text), campaign, channel(WEIGHTED))
    assert len(post.parts) == 1
    assert post.parts[0].text.startswith(text)


def test_a_thread_keeps_its_image_on_the_first_message():
    text = " ".join(f"Sentence {number:02} of a long report here." for number in range(60))
    post = render(text, ROOM, images=(picture(),), thread=True)
    assert [len(part.images) for part in post.parts] == [1, 0]
    assert [part.limit for part in post.parts] == [1024, 4096]
    assert " ".join(part.text for part in post.parts) == text


@pytest.mark.parametrize(("sentences", "images"), [(180, 1), (230, 0)])
def test_a_thread_that_must_be_shortened_weighs_its_image_against_the_text(sentences, images):
    text = " ".join(f"Sentence {number:03} of a long report here." for number in range(sentences))
    post = render(text, replace(ROOM, thread_parts=2), images=(picture(),), thread=True)
    assert [len(part.images) for part in post.parts] == [images, 0]
    assert "dropped to fit 2 parts of 4,096 code points" in post.notes[0]
