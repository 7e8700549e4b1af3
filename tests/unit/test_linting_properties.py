"""What rendering makes never trips a rule that nobody could approve, and its disclosure, pictures and words are in order."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.composing import Composition
from bot.domain.excerpting import excerpts
from bot.domain.finding import Level
from bot.domain.linting import lint
from tests.unit.posts import CARDS, FEDIVERSE, LINK, ROOM, WEIGHTED, article, channel, picture

KINDS = (WEIGHTED, FEDIVERSE, CARDS, ROOM, replace(WEIGHTED, length=120), replace(CARDS, bytes=400))
WORDS = (
    *("library", "Sunday,", "“We", "open”", "(again)", "10 000", "don't", "Why?", "is.", "é", "Straße;", "OPEN"),
    *("https://library.example.com/a?b=c#d", "https://example.org/night-trains/2026.", "(https://example.com/x)"),
    *(LINK, f"{LINK}/form", "example.com", "desk@example.com", "@ada", "@ben@example.org", "#NightTrains", "#2026"),
    *(
        "👩‍👩‍👧‍👦",
        "🇩🇪🇫🇷",
        "کتابخانه",
        "می‌شود،",
        "است.",
        "ห้องสมุด",
        "图书馆周日开放，",
        "读者可以借书。",
        "「还书」",
        "x" * 120,
    ),
)
LINKS = ("", LINK, "https://library.example.org/größe(1)?q=a b#c.", "http://intranet/x", "https://日本.example.jp/夜")


@given(
    text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=120).map(" ".join),
    link=st.sampled_from(LINKS),
    disclosure=st.sampled_from(("", "Town Library, @library – library.example.org", "کتابخانهٔ شهر")),
    limits=st.sampled_from(KINDS),
    thread=st.booleans(),
    pictures=st.integers(0, 2),
)
@settings(max_examples=150, deadline=None)
def test_rendering_makes_no_errors(text, link, disclosure, limits, thread, pictures):
    images = tuple(picture(number) for number in range(pictures))
    source = article(text, link=link, thread=thread, images=images, tags=("night trains", "town"))
    campaign, there = Campaign(name="spring", disclosure=disclosure), channel(limits)
    for chosen in excerpts(source, most=3):
        post = rendering.render(source, chosen, campaign, there)
        found = lint(Composition(channel=there, excerpt=chosen, post=post), source, campaign)
        assert [each for each in found if each.level is Level.ERROR] == []
