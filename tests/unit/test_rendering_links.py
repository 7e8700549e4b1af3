"""Where a post carries its link when a campaign says so."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, LinkPlace, LinkRule
from bot.domain.composing import Composition
from bot.domain.linting import lint
from bot.domain.post import Post, SpanKind
from bot.domain.text import links, measure
from tests.unit.posts import CARDS, FEDIVERSE, LEAD, LINK, ROOM, WEIGHTED, article, channel, excerpt, picture

KINDS = {"weighted": WEIGHTED, "fediverse": FEDIVERSE, "cards": CARDS, "room": ROOM}
TEMPLATE = "{headline}\n\n{excerpt}\n\n{link}\n\n{tags}\n{disclosure}"


def post(
    limits: Limits,
    place: LinkPlace | None,
    text: str = LEAD,
    *,
    template: str = TEMPLATE,
    link: str = LINK,
    **facts: Any,
) -> Post:
    links = () if place is None else (("wall", place),)
    campaign = Campaign(name="spring", template=template, disclosure="Imprint", links=links)
    rules = {name: facts.pop(name) for name in ("thread_parts", "length") if name in facts}
    return rendering.render(article(text, link=link, **facts), excerpt(text), campaign, channel(limits, **rules))


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_in_the_reply_is_a_part_of_its_own_and_the_post_has_the_room(kind):
    limits = KINDS[kind]
    made = post(limits, LinkPlace.REPLY)
    first, reply = made.parts
    assert (first.number, reply.number) == (1, 2)
    assert LINK not in first.text
    assert first.card is None
    assert "Imprint" in first.text
    assert reply.text == LINK
    assert [(span.kind, span.start, span.end, span.target) for span in reply.spans] == [
        (SpanKind.LINK, 0, len(LINK), LINK)
    ]
    assert (reply.card.url if reply.card else "") == (LINK if limits.link is LinkPlace.CARD else "")
    assert reply.length <= reply.limit == limits.length
    assert not [note for note in made.notes if "link" in note]


def test_what_the_link_no_longer_takes_belongs_to_the_text():
    text = "The library opens at night from May, says the town. " * 5
    bare = "{excerpt}\n\n{link}"
    kept, freed = (post(WEIGHTED, place, text, template=bare) for place in (None, LinkPlace.REPLY))
    assert kept.notes
    assert freed.notes == ()
    assert text.strip() in freed.parts[0].text


def test_without_a_preview_below_the_post_its_headline_stands_in_it():
    assert post(WEIGHTED, None, "Open late.").parts[0].text.startswith("Open late.")
    assert (
        post(WEIGHTED, LinkPlace.REPLY, "Open late.").parts[0].text.startswith("Sundays at the library\n\nOpen late.")
    )


def test_the_reply_ends_a_thread_and_counts_as_one_of_its_parts():
    made = post(WEIGHTED, LinkPlace.REPLY, LEAD * 3, thread=True, thread_parts=3)
    assert [part.number for part in made.parts] == [1, 2, 3]
    assert made.parts[-1].text == LINK
    assert all(LINK not in part.text for part in made.parts[:-1])
    assert "Imprint" in made.parts[1].text
    assert any("parts of 280" in note for note in made.notes), made.notes
    two = post(WEIGHTED, LinkPlace.REPLY, LEAD * 3, thread=True, thread_parts=2)
    assert [part.text == LINK for part in two.parts] == [False, True]


def test_a_reply_keeps_warning_language_and_visibility_but_not_the_images():
    facts: dict[str, Any] = {"warning": "knives", "visibility": "unlisted", "images": (picture(),)}
    first, reply = post(FEDIVERSE, LinkPlace.REPLY, **facts).parts
    assert (reply.warning, reply.language, reply.visibility) == ("knives", "en", "unlisted")
    assert (len(first.images), reply.images) == (1, ())
    under, beside = post(ROOM, LinkPlace.REPLY, **facts).parts
    assert (under.limit, beside.limit) == (1024, 4096)


def test_a_channel_without_replies_has_the_link_in_the_text_and_says_so():
    made = post(WEIGHTED, LinkPlace.REPLY, "Open late.", thread_parts=1)
    (part,) = made.parts
    assert LINK in part.text
    assert made.notes == ("the link stands in the text: this channel has no replies",)


def test_without_a_link_or_a_place_for_one_there_is_no_reply_and_no_note():
    for facts in ({"link": ""}, {"template": "{excerpt}"}):
        made = post(WEIGHTED, LinkPlace.REPLY, "Open late.", **facts)
        assert (len(made.parts), made.notes) == (1, ())
    assert post(WEIGHTED, LinkPlace.CARD, "Open late.", link="").notes == ()


def test_a_link_that_no_reply_can_hold_is_left_out_with_a_note():
    address = f"{LINK}/{'a' * 300}"
    made = post(CARDS, LinkPlace.REPLY, "Open late.", link=address)
    assert len(made.parts) == 1
    assert made.notes == ("link left out: longer than 300 graphemes",)


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_that_the_campaign_does_not_want_is_left_out_with_a_note(kind):
    made = post(KINDS[kind], LinkPlace.OMIT, "Open late.")
    (part,) = made.parts
    assert LINK not in part.text
    assert part.card is None
    assert made.notes == ("link left out: the campaign wants none on this channel",)


def test_a_link_in_the_text_takes_the_place_of_a_card():
    (part,) = post(CARDS, LinkPlace.TEXT, "Open late.").parts
    assert part.text == f"Open late.\n\n{LINK}\n\nImprint"
    assert part.card is None
    (carded,) = post(CARDS, LinkPlace.CARD, "Open late.").parts
    assert carded == post(CARDS, None, "Open late.").parts[0]


def test_a_card_on_a_channel_that_has_none_is_its_own_place_and_a_note():
    made = post(WEIGHTED, LinkPlace.CARD, "Open late.")
    assert made.parts == post(WEIGHTED, None, "Open late.").parts
    assert made.notes == ("link card left out: this channel has none",)


def test_a_channels_own_name_counts_before_its_platforms():
    campaign = Campaign(name="spring", links=(("wall__b", LinkPlace.REPLY), ("wall", LinkPlace.OMIT)))
    places = {name: campaign.link_on(channel_named(name)) for name in ("wall", "wall__a", "wall__b", "fence")}
    assert places == {"wall": LinkPlace.OMIT, "wall__a": LinkPlace.OMIT, "wall__b": LinkPlace.REPLY, "fence": None}


def channel_named(name: str) -> Channel:
    return replace(channel(WEIGHTED), name=name, platform=name.partition("__")[0])


MARKED = replace(ROOM, marked_links=True)
WAYS = {"weighted": WEIGHTED, "fediverse": FEDIVERSE, "cards": CARDS, "marked": MARKED, "bare": ROOM}
RU = "%D0%B0%D1%80%D1%85%D0%B8%D0%B2"
FA = "%D8%AE%D8%A8%D8%B1%E2%80%8C%D9%87%D8%A7"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"https://a.org/{RU}/1", dict.fromkeys(WAYS, "https://a.org/архив/1")),
        ("https://a.org/caf%C3%A9", dict.fromkeys(WAYS, "https://a.org/café")),
        # This counter ends a link at the first letter of other scripts, and at any beyond ASCII in a query.
        (
            f"https://a.org/{FA}",
            dict.fromkeys(WAYS, "https://a.org/خبر\u200cها")
            | dict.fromkeys(("weighted", "bare"), f"https://a.org/{FA}"),
        ),
        (
            f"https://a.org/{RU}?q={RU}",
            dict.fromkeys(WAYS, "https://a.org/архив?q=архив")
            | dict.fromkeys(("weighted", "bare"), f"https://a.org/архив?q={RU}"),
        ),
        (
            "https://a.org/архив?q=архив",
            dict.fromkeys(WAYS, "https://a.org/архив?q=архив")
            | dict.fromkeys(("weighted", "bare"), f"https://a.org/архив?q={RU}"),
        ),
        # Nothing that is no letter, that a browser would read otherwise, or that would lead elsewhere once normalised.
        *(
            (same, dict.fromkeys(WAYS, same))
            for same in (
                "https://a.org/a%2Fb%20c%3F",
                "https://a.org/%E2%80%AEcba",
                "https://a.org/cafe%CC%81",
                "https://a.org/%D8%AE%FF",
                "https://a.org/%E3%85%A4",
            )
        ),
    ],
)
@pytest.mark.parametrize("kind", WAYS)
def test_a_link_is_readable_wherever_the_platform_takes_it_whole(kind, given, shown):
    limits = WAYS[kind]
    (part,) = post(limits, LinkPlace.TEXT, "Open late.", template="{excerpt}\n\n{link}", link=given).parts
    assert part.text.splitlines()[2] == shown[kind]
    (span,) = part.spans
    assert part.text[span.start : span.end] == shown[kind]
    assert links.same_page(span.target, given)
    assert span.target.isascii() or links.links(span.target, LinkRule.BARE)[0].end == len(span.target)
    if limits.link_rule is not LinkRule.SPANS and not limits.marked_links:
        assert [(each.start, each.end) for each in links.links(part.text, limits.link_rule)] == [(span.start, span.end)]
    assert part.length == measure.length(part.text, limits)
    assert part.length == len("Open late.\n\n\n\nImprint") + 23 or not limits.url_weight


def test_a_readable_link_is_not_taken_for_a_cut_one():
    source, chosen, campaign = article(link=f"https://a.org/{FA}"), excerpt(), Campaign(name="spring")
    for limits in WAYS.values():
        there = channel(limits)
        made = rendering.render(source, chosen, campaign, there)
        found = lint(Composition(channel=there, excerpt=chosen, post=made), source, campaign)
        assert "bare-link-cut" not in {each.rule for each in found}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"https://a.org/{FA}", "https://a.org/خبر\u200cها", True),
        ("https://a.org", "https://a.org/", True),
        ("https://xn--e1aybc.xn--p1ai/a", "https://тест.рф/a", True),
        (f"https://a.org/{FA}", "https://a.org/خبر", False),
        ("https://a.org/a", "https://a.com/a", False),
        ("https://a.org/a", "http://a.org/a", False),
    ],
)
def test_the_same_page(one, other, same):
    assert links.same_page(one, other) is same
