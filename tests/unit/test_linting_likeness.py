"""Near-duplicates: what counts as the same, what does not, and how few of a month's posts are compared in full."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.composing import Composition
from bot.domain.finding import Earlier, Finding, Level
from bot.domain.linting import likeness, lint
from bot.domain.linting.proof import own_words
from tests.hostile import WORDS
from tests.unit.posts import LEAD, PLAIN, ROOM, article, channel, excerpt

AT = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
CAMPAIGN = Campaign(name="spring", template=PLAIN, disclosure="Published by the Town Library, Market Square 4")
JAPANESE = (
    "町の図書館は五月から日曜日も開館します。新しい受付で本を借りることも返すこともできます。音楽室は閉まっています。"
)
PERSIAN = "کتابخانهٔ شهر از اردیبهشت یکشنبه‌ها هم باز است. خوانندگان می‌توانند کتاب‌ها را در میز تازه پس بدهند."


@pytest.fixture(autouse=True)
def _nothing_remembered():
    likeness._print.cache_clear()
    likeness._apart.cache_clear()


def said(text: str, delivery: str = "d1", **more: object) -> Earlier:
    return Earlier(**{"channel": "wall", "at": AT, "text": text, "delivery": delivery} | more)  # type: ignore[arg-type]


def repeated(text: str, *earlier: Earlier, campaign: Campaign = CAMPAIGN, **facts: object) -> list[Finding]:
    source, chosen, there = article(text, **facts), excerpt(text), channel(ROOM)
    post = rendering.render(source, chosen, campaign, there)
    made = Composition(channel=there, excerpt=chosen, post=post)
    return [each for each in lint(made, source, campaign, earlier=earlier) if each.rule == "near-duplicate"]


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


def test_of_a_thousand_other_posts_none_is_taken_apart(monkeypatch: pytest.MonkeyPatch):
    apart: list[str] = []

    def taken(text: str, line: re.Pattern[str] | None) -> str:
        apart.append(text)
        return own_words(text, line)

    monkeypatch.setattr(likeness, "own_words", taken)
    rng = random.Random(7)
    words = LEAD.split()
    month = [
        said(" ".join(rng.choices(words, k=40)) + " https://library.example.org/a #Town", str(n)) for n in range(1000)
    ]
    assert repeated(LEAD, *month) == []
    assert len(apart) == 1, "ours alone"
    assert repeated(LEAD, *month, said(LEAD))
    assert len(apart) == 3, "ours, and the one with the same words"


@pytest.mark.parametrize("text", WORDS)
def test_hostile_words_are_not_alike(text: str):
    assert repeated(LEAD, said(text), said(text + "x")) == []


def test_long_posts_of_the_same_words_are_taken_apart_once_and_judged_as_if_each_were_compared(
    monkeypatch: pytest.MonkeyPatch,
):
    apart: list[str] = []

    def taken(text: str, line: re.Pattern[str] | None) -> str:
        apart.append(text)
        return own_words(text, line)

    rng = random.Random(11)
    long = " ".join(rng.choices(LEAD.split(), k=400))
    words = long.split()
    month = []
    for number in range(60):
        kept = [word if rng.random() > number / 400 else rng.choice(words) for word in words]
        month.append(said(" ".join(kept), str(number)))
    ours = likeness._shingles(own_words(long, None).casefold(), spaceless=False)
    alike = {
        each.delivery
        for each in month
        if likeness._jaccard(ours, likeness._shingles(own_words(each.text, None).casefold(), spaceless=False)) >= 0.8
    }
    assert 5 < len(alike) < 40, "some of either kind"
    bare = Campaign(name="spring", template="{excerpt}")
    single = {each.delivery: bool(repeated(long, each, campaign=bare)) for each in month}
    assert {delivery for delivery, found in single.items() if found} == alike
    others = [said(" ".join(rng.choices(words, k=400)), str(number)) for number in range(40)]
    monkeypatch.setattr(likeness, "own_words", taken)
    assert repeated(long, *others, campaign=bare) == []
    assert len(apart) == 1 + len(others)
    assert repeated(long, *others, campaign=bare) == []
    assert len(apart) == 2 + len(others), "their prints are kept, and tell that none can be the same"


def test_a_hashtag_amid_words_is_a_word_of_its_sentence():
    assert repeated(LEAD, said(LEAD.replace("librarians", "#librarians").replace("library", "#library")))
    assert repeated("The hall is open.", said("The #hall is open. #Hall #Town"))
    assert repeated("The hall is open.", said("The hall is open.\n#Roof #Town")), "those at the end do not count"
