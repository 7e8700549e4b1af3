"""Who may be mentioned: names of the directory in a manager's own words, on channels of several kinds."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.directory import Directory, Entry
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting import by_hand
from bot.domain.post import Span, SpanKind
from bot.domain.rendering.strangers import strangers
from bot.domain.text import links, measure
from tests.unit.posts import CARDS, FEDIVERSE, LEAD, ROOM, WEIGHTED, article, excerpt, picture

WHO = Directory(
    entries=(
        Entry(
            name="Ada Brand",
            handles=(("town", "ada@town.example"), ("sky", "ada.sky.example.com"), ("short", "adabrand")),
        ),
        Entry(name="Town Museum", handles=(("short", "townmuseum"),)),
    )
)
KINDS = {"town": FEDIVERSE, "sky": CARDS, "short": WEIGHTED, "room": ROOM}
SHOWN = {"town": "@ada@town.example", "sky": "@ada.sky.example.com", "short": "@adabrand", "room": "Ada Brand"}
PLACES = list(SHOWN.items())


def wall(platform: str, **rules: object) -> Channel:
    return Channel(name=platform, platform=platform, limits=replace(KINDS[platform], **rules))  # type: ignore[arg-type]


def own(text: str) -> Excerpt:
    return by_hand(article(), text)


def post(words: Excerpt, platform: str, *, template: str = "{excerpt}", disclosure: str = "", **facts: Any):
    campaign = Campaign(name="spring", template=template, disclosure=disclosure)
    return rendering.render(article(link="", **facts), words, campaign, wall(platform), directory=WHO)


def mentions(spans: tuple[Span, ...]) -> list[Span]:
    return [span for span in spans if span.kind is SpanKind.MENTION]


def test_a_name_is_found_whatever_its_case_and_white_space():
    assert WHO.handle("  ada   BRAND ", "town") == "ada@town.example"
    assert WHO.handle("Ada Brand", "room") == ""
    assert WHO.handle("Nobody", "town") == ""
    assert WHO.handles("short") == {"adabrand", "townmuseum"}
    assert Directory().handles("short") == frozenset()


@pytest.mark.parametrize(("platform", "shown"), PLACES)
def test_a_name_in_own_words_becomes_the_platforms_handle_or_the_plain_name(platform, shown):
    made = post(own("Our thanks go to {@Ada  Brand}. She stays until six."), platform)
    (part,) = made.parts
    assert part.text == f"Our thanks go to {shown}. She stays until six."
    assert made.notes == ()
    found = [(span.start, span.end, span.target) for span in mentions(part.spans)]
    start = len("Our thanks go to ")
    assert found == ([(start, start + len(shown), shown[1:])] if shown[0] == "@" else [])
    assert part.length == measure.length(part.text, KINDS[platform])


@pytest.mark.parametrize(("platform", "shown"), PLACES[:3])
def test_what_we_mark_is_what_the_platform_takes_for_a_mention(platform, shown):
    (part,) = post(own("By {@Ada Brand}, with love ({@ada brand})."), platform).parts
    taken = links.mentions(part.text, KINDS[platform].link_rule)
    assert [(span.start, span.end) for span in taken] == [(span.start, span.end) for span in mentions(part.spans)]
    assert [part.text[span.start : span.end] for span in taken] == [shown, shown]


@pytest.mark.parametrize("platform", KINDS)
def test_nothing_is_replaced_in_words_of_the_article(platform):
    text = "The sign says {@Ada Brand}. Write to @ada@town.example, @adabrand or @ada.sky.example.com."
    source = article(text, link="")
    words = by_hand(source, text)
    assert words.verbatim
    made = rendering.render(source, words, Campaign(name="spring", template="{excerpt}"), wall(platform), directory=WHO)
    (part,) = made.parts
    assert part.text.replace("\u2060", "") == text
    assert mentions(part.spans) == []
    assert not KINDS[platform].pings or links.mentions(part.text) == ()


@pytest.mark.parametrize("platform", ["town", "short"])
def test_strangers_beside_a_mention_stay_strangers(platform):
    made = post(own("{@Ada Brand} met @stranger, @adabrand2 and {@Cleo Unknown}."), platform)
    (part,) = made.parts
    assert part.text == f"{SHOWN[platform]} met @\u2060stranger, @\u2060adabrand2 and Cleo Unknown."
    assert [span.target for span in links.mentions(part.text)] == [SHOWN[platform][1:]]
    assert made.notes == (
        "Cleo Unknown is not in the directory: the plain name stands",
        "@stranger is written so that nobody is mentioned",
        "@adabrand2 is written so that nobody is mentioned",
    )


def test_a_name_that_looks_like_a_handle_is_made_harmless():
    (part,) = post(own("Ask {@@stranger} or {@ }."), "short").parts
    assert links.mentions(part.text) == ()


def test_the_source_is_the_authors_handle_where_there_is_one():
    words = {
        platform: post(excerpt("Open late."), platform, template="{excerpt}\n– {source}", author="Ada Brand")
        for platform in KINDS
    }
    assert {platform: made.parts[0].text for platform, made in words.items()} == {
        platform: f"Open late.\n– {shown}" for platform, shown in SHOWN.items()
    }
    assert [len(mentions(made.parts[0].spans)) for made in words.values()] == [1, 1, 1, 0]
    (part,) = post(excerpt("Open late."), "short", template="{excerpt}\n– {source}", author="@stranger").parts
    assert part.text == "Open late.\n– @\u2060stranger"


@pytest.mark.parametrize(("platform", "shown"), PLACES)
def test_template_and_disclosure_are_the_managers_words_too(platform, shown):
    made = post(
        excerpt("Open late."),
        platform,
        template="{excerpt}\nPhoto: {@Ada Brand} @{source}",
        disclosure="For {@Ada Brand} and {@Town Museum}.",
        author="desk",
    )
    (part,) = made.parts
    museum = "@townmuseum" if platform == "short" else "Town Museum"
    at = "@\u2060" if KINDS[platform].pings else "@"
    assert part.text == f"Open late.\nPhoto: {shown} {at}desk\n\nFor {shown} and {museum}."
    assert [part.text[span.start : span.end] for span in mentions(part.spans)] == [
        *([shown, shown] if shown[0] == "@" else []),
        *(["@townmuseum"] if platform == "short" else []),
    ]


def test_what_stands_in_the_article_is_no_mention_even_where_the_manager_makes_one():
    source = article("Find us at @ada.sky.example.com today.", link="")
    campaign = Campaign(name="spring", template="{excerpt}\nBy {@Ada Brand}")
    (part,) = rendering.render(source, by_hand(source, source.text), campaign, wall("sky"), directory=WHO).parts
    assert part.text == "Find us at @ada.sky.example.com today.\nBy @ada.sky.example.com"
    assert [span.start for span in mentions(part.spans)] == [part.text.rindex("@")]


def test_sentences_are_still_dropped_whole_and_a_mention_goes_with_its_sentence():
    text = (
        "Thanks to {@Ada Brand} and {@Town Museum}. "
        + "Doors open at nine and close at ten. " * 7
        + "Bye {@Ada Brand}."
    )
    made = post(own(text), "short")
    (part,) = made.parts
    assert part.text.endswith("close at ten.")
    assert part.text.startswith("Thanks to @adabrand and @townmuseum. Doors")
    assert len(mentions(part.spans)) == 2
    assert made.notes == ("2 sentences dropped to fit 280 weighted characters",)


def test_a_handle_is_never_cut_and_threads_carry_each_mention_where_it_stands():
    line = "Readers of {@Ada Brand} can borrow, return and renew at the new desk in the hall today. "
    made = post(own(line * 12), "sky", thread=True)
    assert len(made.parts) > 2
    for part in made.parts:
        found = mentions(part.spans)
        assert len(found) == part.text.count("@ada.sky.example.com")
        assert all(part.text[span.start : span.end] == "@ada.sky.example.com" for span in found)
    assert sum(part.text.count("@") for part in made.parts) == 12


def test_a_long_handle_counts_as_its_platform_counts_it():
    (part,) = post(own("{@Ada Brand}"), "town").parts
    assert (part.text, part.length) == ("@ada@town.example", len("@ada"))


def test_without_a_directory_nobody_is_mentioned():
    campaign = Campaign(name="spring", template="{excerpt}\n{source}", disclosure="{@Town Museum}")
    made = rendering.render(article(author="Ada Brand", link=""), own("By {@Ada Brand}."), campaign, wall("short"))
    assert made.parts[0].text == "By Ada Brand.\nAda Brand\n\nTown Museum"
    assert links.mentions(made.parts[0].text) == ()


def test_the_excerpt_is_chosen_by_how_it_reads_with_its_mentions():
    short, long = own("By {@Ada Brand}."), excerpt(LEAD)
    campaign = Campaign(name="spring", template="{excerpt}")
    assert rendering.choose(article(), (long, short), campaign, wall("short"), directory=WHO) == short


def test_a_longer_handle_that_begins_alike_is_somebody_else():
    (part,) = post(own("{@Ada Brand}, not @ada.sky.example.community."), "sky").parts
    assert [(span.start, span.target) for span in mentions(part.spans)] == [(0, "ada.sky.example.com")]


def test_nobody_is_mentioned_by_a_cut_either():
    text = "@ben@example.orgdesk@example.com " + "library " * 60
    for length in range(10, 50):
        limits = replace(WEIGHTED, length=length)
        made = rendering.render(
            article(link=""),
            by_hand(article(text), text),
            Campaign(name="spring", template="{excerpt}"),
            Channel(name="wall", platform="wall", limits=limits),
        )
        assert links.mentions(made.parts[0].text) == (), length


def test_a_long_handle_is_known_by_its_whole_name():
    who = Directory(entries=(Entry(name="Town Library", handles=(("room", "town_library_announcements"),)),))
    campaign = Campaign(name="spring", template="{excerpt}")
    made = rendering.render(article(link=""), own("By {@Town Library}."), campaign, wall("room"), directory=who)
    (part,) = made.parts
    assert part.text == "By @town_library_announcements."
    assert [name for _, name in strangers(part.text, ROOM.link_rule)] == ["town_library_announcements"]
    (defused,) = rendering.render(article(link=""), own(part.text), campaign, wall("room"), directory=who).parts
    assert defused.text == "By @\u2060town_library_announcements."


@pytest.mark.parametrize("platform", KINDS)
def test_titles_alt_texts_and_warnings_say_plain_names_and_call_nobody(platform):
    image = picture(alt="{@Ada  Brand} at the desk")
    named: dict[str, Any] = {
        "title": "Tea with {@Ada Brand} and @eve",
        "warning": "knives, {@Nobody} and @eve",
        "images": (image,),
    }
    template = "{title}\n\n{excerpt}\n\n{source}"
    (part,) = post(own("Come in."), platform, template=template, author="{@Town  Museum}", **named).parts
    everything = "\n".join((part.text, part.warning, *(each.alt for each in part.images)))
    assert "{@" not in everything
    assert part.images[0].alt == "Ada Brand at the desk"
    assert "Tea with Ada Brand and " in part.text
    assert "knives, Nobody and " in part.text + part.warning
    pings = KINDS[platform].pings
    assert [who.target for who in links.mentions(part.text + "\n" + part.warning)] == (
        (["eve", "eve"] if not pings else []) + (["townmuseum"] if platform == "short" else [])
    )


def test_a_title_that_is_the_text_or_stands_on_a_card_says_plain_names():
    (part,) = post(own(""), "town", title="Tea with {@Ada Brand}").parts
    assert part.text == "Tea with Ada Brand"
    campaign = Campaign(name="spring")
    (part,) = rendering.render(article(title="Tea with {@Ada Brand}"), excerpt(), campaign, wall("sky")).parts
    assert part.card is not None
    assert part.card.title == "Tea with Ada Brand"
