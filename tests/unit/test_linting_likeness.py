"""Near-duplicates: what counts as the same, what does not, and how fast a month of posts is gone through."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.composing import Composition
from bot.domain.finding import Earlier, Finding, Level
from bot.domain.linting import lint
from tests.unit.posts import LEAD, PLAIN, ROOM, article, channel, excerpt

AT = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
CAMPAIGN = Campaign(name="spring", template=PLAIN, disclosure="Published by the Town Library, Market Square 4")
JAPANESE = (
    "町の図書館は五月から日曜日も開館します。新しい受付で本を借りることも返すこともできます。音楽室は閉まっています。"
)
PERSIAN = "کتابخانهٔ شهر از اردیبهشت یکشنبه‌ها هم باز است. خوانندگان می‌توانند کتاب‌ها را در میز تازه پس بدهند."


def said(text: str, delivery: str = "d1", **more: object) -> Earlier:
    return Earlier(**{"channel": "wall", "at": AT, "text": text, "delivery": delivery} | more)  # type: ignore[arg-type]


def repeated(text: str, *earlier: Earlier, **facts: object) -> list[Finding]:
    source, chosen, there = article(text, **facts), excerpt(text), channel(ROOM)
    post = rendering.render(source, chosen, CAMPAIGN, there)
    made = Composition(channel=there, excerpt=chosen, post=post)
    return [each for each in lint(made, source, CAMPAIGN, earlier=earlier) if each.rule == "near-duplicate"]


@pytest.mark.parametrize("text", [LEAD, JAPANESE, PERSIAN, "Open again.", "Geöffnet!", "開館"])
def test_the_same_words_are_found_whatever_surrounds_them(text: str):
    dressed = f"{text.upper()}\n\nhttps://example.org/another #Other @{'⁠'}library\n{CAMPAIGN.disclosure}"
    for again in (text, dressed, " – ".join(text.split())):
        [finding] = repeated(text, said("Something else altogether, on another day."), said(again, "d7"))
        assert finding.level is Level.ERROR
        assert finding.what == "nearly the same as on wall at 2026-05-04 12:30 UTC (delivery d7)"


def test_a_word_more_or_less_does_not_make_another_post_but_another_sentence_does():
    assert repeated(LEAD, said(LEAD.replace("two librarians", "three librarians")))
    assert repeated(LEAD, said(LEAD.rpartition(" Coffee")[0]))
    assert repeated(JAPANESE, said(JAPANESE.replace("五月", "六月")))
    told = LEAD.replace("Readers can borrow, return and renew", "Whoever likes may come and sit, read and talk")
    assert repeated(LEAD, said(told)) == []
    first, second = LEAD[: len(LEAD) // 2], LEAD[len(LEAD) // 2 :]
    assert repeated(LEAD, said(first), said(second), said(" ".join(reversed(LEAD.split())))) == []
    assert repeated("Open at noon on Sunday, as ever.", said("Open at nine on Monday, as never.")) == []


def test_what_all_posts_carry_makes_no_two_alike():
    tail = f"https://library.example.org/1 #Library\n{CAMPAIGN.disclosure}"
    assert repeated("The hall.", said(f"The roof.\n{tail}")) == []
    assert repeated("", said(tail), link="") == []


def test_the_nearest_one_is_named():
    near = said(LEAD.replace("two librarians", "three librarians"), "near", at=AT - timedelta(days=1))
    [finding] = repeated(LEAD, near, said(LEAD, "same"))
    assert "(delivery same)" in finding.what


def test_a_thousand_posts_are_gone_through_in_a_twentieth_of_a_second():
    rng = random.Random(7)
    words = LEAD.split()
    month = [
        said(" ".join(rng.choices(words, k=40)) + " https://library.example.org/a #Town", str(n)) for n in range(1000)
    ]
    took = []
    for _ in range(5):
        start = time.process_time()
        assert repeated(LEAD, *month) == []
        took.append(time.process_time() - start)
    assert min(took) < 0.05, took


@pytest.mark.parametrize("text", ["a.b-" * 5000, "-." * 10000, "@" * 20000, "図" * 20000, "a" * 20000])
def test_hostile_words_take_no_longer(text: str):
    start = time.process_time()
    repeated(LEAD, said(text), said(text + "x"))
    assert time.process_time() - start < 1
