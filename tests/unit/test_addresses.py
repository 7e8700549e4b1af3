"""Addresses as they are meant: marked so where a post marks its links, and told of where a platform sees them otherwise."""

import pytest

from bot.domain.campaign import Campaign
from bot.domain.channel import LinkRule
from bot.domain.composing import Composition
from bot.domain.linting import lint
from bot.domain.post import SpanKind
from bot.domain.rendering import render
from bot.domain.text.addresses import meant
from tests.unit.posts import CARDS, FEDIVERSE, ROOM, WEIGHTED, article, channel, excerpt

CASES = [
    ("جزئیات در https://a.org/خبر/۱۲۳ آمده است.", "https://a.org/خبر/۱۲۳"),
    ("פרטים: https://a.org/he/שעות, וגם כאן.", "https://a.org/he/שעות"),
    ("δείτε https://a.org/?q=νερό.", "https://a.org/?q=νερό"),
    ("см. https://a.org/мост_(1890)).", "https://a.org/мост_(1890)"),
    ("در https://a.org/b، سپس", "https://a.org/b"),
    ("詳細は（https://a.org/b）です。", "https://a.org/b"),
    ("見てhttps://a.org/bを。", "https://a.org/b"),
    ("在https://a.org/b。下一句", "https://a.org/b"),
    ("https://a.orgخبر", "https://a.org"),
]


@pytest.mark.parametrize(("text", "address"), CASES)
def test_an_address_ends_where_its_writer_ended_it(text, address):
    assert [span.target for span in meant(text)] == [address]


@pytest.mark.parametrize("limits", [CARDS, ROOM], ids=["spans", "room"])
@pytest.mark.parametrize(("text", "address"), CASES)
def test_a_post_that_marks_its_links_marks_all_of_them(text, address, limits):
    there = channel(limits, marked_links=limits.link_rule is LinkRule.BARE)
    (part,) = render(article(text, link=""), excerpt(text), Campaign(name="s", template="{excerpt}"), there).parts
    found = [span for span in part.spans if span.kind is SpanKind.LINK]
    assert [(part.text[span.start : span.end], span.target) for span in found] == [(address, address)]


@pytest.mark.parametrize(
    ("text", "limits", "told"),
    [
        ("جزئیات در https://a.org/خبر است.", WEIGHTED, "https://a.org/ ends there"),
        ("جزئیات در https://a.org/خبر است.", FEDIVERSE, ""),
        ("جزئیات در https://a.org/خبر است.", CARDS, ""),
        ("در https://a.org/b، سپس", WEIGHTED, ""),
        ("در https://a.org/b، سپس", FEDIVERSE, "https://a.org/b، runs on"),
        ("詳細はhttps://a.org/b）。館長", FEDIVERSE, "https://a.org/b）。館長 runs on"),
        ("詳細は https://a.org/夜 です。", WEIGHTED, "https://a.org/ ends there"),
        ("詳細は https://a.org/夜 です。", FEDIVERSE, ""),
        ("見てhttps://a.org/bを。", WEIGHTED, ""),
        ("See https://a.org/b, or (https://a.org/c).", FEDIVERSE, ""),
    ],
)
def test_a_link_that_a_platform_ends_elsewhere_is_told(text, limits, told):
    there, campaign = channel(limits), Campaign(name="s", template="{excerpt}\n\n{link}")
    source, chosen = article(text, link="https://a.org/%D8%AE%D8%A8%D8%B1"), excerpt(text)
    made = Composition(channel=there, excerpt=chosen, post=render(source, chosen, campaign, there))
    found = [each.what for each in lint(made, source, campaign) if each.rule == "link-astray"]
    assert [each[: len(told)] for each in found] == [told] * bool(told)
