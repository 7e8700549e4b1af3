"""From an article to posts: which channels, and the longer passage of a thread."""

from dataclasses import replace

import pytest

from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.composing import compose, meant_for
from bot.domain.text.blocks import of_plain
from tests.unit.posts import WEIGHTED, article

TEXT = (
    "The club rides on Sunday. The start is at nine in front of the town hall.\n\n"
    "Forty riders have signed up so far. Helmets can be borrowed from the club for two euros.\n\n"
    "What to bring\n\n"
    "Bring water and a rain jacket. The ride ends at the lake."
)


def told(text: str = TEXT, **facts: object):
    return article(text, blocks=of_plain(text), **facts)


def texts(source, limits):
    (made,) = compose(source, Campaign(name="spring"), [Channel(name="wall", platform="wall", limits=limits)])
    return made.excerpt.text, made.post


def test_a_thread_article_gets_the_longer_form():
    short, _ = texts(told(), replace(WEIGHTED, length=120))
    long, post = texts(told(thread=True), replace(WEIGHTED, length=120))
    assert long.startswith(short)
    assert TEXT.startswith(long)
    assert len(post.parts) > 1


@pytest.mark.parametrize(
    ("own", "campaigns", "meant"),
    [
        ((), (), True),
        (("wall",), (), True),
        (("board",), ("wall",), False),
        ((), ("board",), False),
        (("notes",), (), True),
    ],
)
def test_which_channels_an_article_is_meant_for(own, campaigns, meant):
    channel = Channel(name="wall", platform="notes", limits=WEIGHTED)
    campaign = Campaign(name="spring", channels=campaigns)
    assert meant_for(article(channels=own), campaign, channel) == meant
    assert bool(compose(article(channels=own), campaign, [channel])) == meant
