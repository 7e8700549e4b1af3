"""Rendering, whatever the text: every part fits, nothing is torn, nothing is lost that the notes do not name."""

import unicodedata
from dataclasses import replace

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import rendering
from bot.domain.article import Article, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, LinkPlace, LinkRule, Unit
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.post import Post, Span, SpanKind
from bot.domain.rendering import direction
from bot.domain.text import links, measure
from tests.hostile import POSTS
from tests.work import counted

KINDS = {
    "weighted": Limits(length=280, unit=Unit.WEIGHTED, url_weight=23),
    "graphemes, schemes": Limits(
        length=500, unit=Unit.GRAPHEMES, url_weight=23, link_rule=LinkRule.SCHEME, warning_counts=True, warnings=True
    ),
    "graphemes and bytes": Limits(
        length=300, unit=Unit.GRAPHEMES, bytes=3000, link_rule=LinkRule.SPANS, pings=False, link=LinkPlace.CARD
    ),
    "code points, caption": Limits(length=4096, unit=Unit.CODE_POINTS, caption=1024),
    "UTF-16, short": Limits(length=90, unit=Unit.UTF16),
    "bytes": Limits(length=500, unit=Unit.BYTES, thread_parts=4),
}
WORDS = (
    *(
        "library",
        "Sunday,",
        "“We",
        "open”",
        "(again)",
        "1,024",
        "10 000",
        "5 %",
        "v2.0",
        "e-mail",
        "—",
        "–",
        "don't",
        "ok.",
        "Why?",
    ),
    *(
        "https://library.example.com/a?b=c#d",
        "https://example.org/night-trains/2026/spring.",
        "(https://example.com/x)",
    ),
    *(
        "example.com",
        "desk@example.com",
        "@ada",
        "@ben@example.org",
        "#NightTrains",
        "#2026",
        "é",
        "e\u0301",
        "Straße;",
    ),
    *(
        "👩‍👩‍👧‍👦",
        "🇩🇪🇫🇷",
        "👍🏽",
        "1️⃣",
        "کتابخانه",
        "می‌شود،",
        "یکشنبه‌ها",
        "است.",
        "۱۲٫۵",
        "ห้องสมุดเปิดวันอาทิตย์",
        "도서관은",
    ),
    *("图书馆周日开放，", "读者可以借书。", "「还书」", "12月3日", "東京の図書館", "コーヒー", "x" * 120),
)
GAPS = st.sampled_from((" ", " ", " ", " ", "\n", "\n\n", ""))
TEXTS = st.one_of(
    st.lists(st.tuples(st.sampled_from(WORDS), GAPS), min_size=20, max_size=150).map(
        lambda words: "".join(word + gap for word, gap in words)
    ),
    st.builds(lambda text, times: text * times, st.text(max_size=60), st.integers(1, 40)),
)
KIND = st.sampled_from(sorted(KINDS))
PICTURE = Image(sha256="0" * 64, media_type="image/png", width=9, height=9, size=9, alt="A desk")
LINK = "https://library.example.org/night-trains"
SENTENCE_END = regex.compile(r"(?<=[.!?])(?=\s)|(?<=[。！？])|(?=\n\n)")
FULL = Campaign(
    name="spring",
    template="{title}\n\n{excerpt}\n\n{link}\n\n{tags}\n{source}\n{part}/{parts}",
    tags=("night trains", "town hall"),
    disclosure="Imprint: example.org",
)


def post_of(text: str, kind: str, campaign: Campaign, **facts: object) -> Post:
    source = Article(campaign="spring", name="a", digest="0", title="Sundays", text=text, blocks=())
    source = replace(source, **facts)  # type: ignore[arg-type]
    ends = tuple(sorted({match.start() for match in SENTENCE_END.finditer(text)} | {len(text)}))
    chosen = Excerpt(text=text, start=0, end=len(text), reason=Reason.LEAD, sentences=ends)
    return rendering.render(source, chosen, campaign, Channel(name="wall", platform="wall", limits=KINDS[kind]))


def plain(text: str) -> str:
    """The text as it may come back: normalised, without what keeps strangers from being mentioned, and what only directs."""
    silent = f"[\u2060\ufeff\ufffe\uffff{direction.MARKS}]"
    return unicodedata.normalize("NFC", regex.sub(silent, "", text)).strip()


@settings(deadline=None)
@given(TEXTS, KIND, st.booleans(), st.sampled_from(("", "spoilers")), st.sampled_from(((), (PICTURE,))))
def test_every_part_fits_and_its_spans_land(text, kind, thread, warning, images):
    facts = {"link": LINK, "author": "Ada Brand", "thread": thread, "warning": warning, "images": images}
    post = post_of(text, kind, FULL, **facts)
    limits = KINDS[kind]
    assert 1 <= len(post.parts) <= (limits.thread_parts if thread else 1)
    for number, part in enumerate(post.parts, 1):
        assert part.number == number
        assert measure.fits(part.text, limits, warning=part.warning, caption=bool(part.images))
        assert part.length == measure.length(part.text, limits, warning=part.warning) <= part.limit
        assert part.limit == (limits.caption if part.images and limits.caption else limits.length)
        assert all(one.end <= two.start for one, two in zip(part.spans, part.spans[1:], strict=False))
        for span in part.spans:
            assert spelled(part.text, span)
        addresses = links.links(part.text, limits.link_rule)
        assert not limits.pings or all(
            any(one.start <= who.start < one.end for one in addresses) for who in links.mentions(part.text)
        )
    last = post.parts[-1]
    assert "Imprint: example.org" in last.text
    assert last.card is not None or LINK in {span.target for span in last.spans}
    assert post == post_of(text, kind, FULL, **facts)


def spelled(text: str, span: Span) -> bool:
    """Whether a span covers exactly what it stands for."""
    words = text[span.start : span.end]
    return words == f"#{span.target}" if span.kind is SpanKind.TAG else words.removeprefix("https://") in span.target


@settings(deadline=None)
@given(TEXTS, KIND)
def test_one_message_says_the_beginning_of_the_excerpt_and_tears_nothing(text, kind):
    (part,) = post_of(text, kind, Campaign(name="s", template="{excerpt}")).parts
    whole, kept = plain(text), plain(part.text)
    if whole == kept or not kept or (kept == "Sundays" and kept not in whole):
        return
    kept = kept if whole.startswith(kept) else kept.removesuffix("…").rstrip()
    assert whole.startswith(kept)
    untorn(whole, len(kept))


@settings(deadline=None)
@given(TEXTS, KIND)
def test_a_thread_says_every_word_in_order_and_tears_nothing(text, kind):
    post = post_of(text, kind, Campaign(name="s", template="{excerpt}"), thread=True)
    whole, bodies = plain(text), [plain(part.text) for part in post.parts]
    if post.notes and "nobody is mentioned" not in post.notes[-1]:
        return
    at = 0
    for body in bodies:
        assert whole.startswith(body, at) or not whole
        at += len(body)
        untorn(whole, at)
        at += len(whole[at:]) - len(whole[at:].lstrip())
    assert at >= len(whole)


def untorn(whole: str, at: int) -> None:
    """A cut there goes through no letter, address, handle, hashtag or figure, and through no word that fits a message."""
    assert measure.graphemes(whole[:at]) + measure.graphemes(whole[at:]) == measure.graphemes(whole)
    for span in (*links.links(whole, LinkRule.BARE), *links.mentions(whole), *links.tags(whole)):
        assert not span.start < at < span.end, whole[span.start : span.end]
    before, after = whole[max(at - 90, 0) : at], whole[at : at + 90]
    if regex.search(r"\d\Z", before):
        assert not regex.match(r"[.,:٫]?\d|[ ]\d{3}", after)
    left, right = regex.search(r"[a-zéß']*\Z", before), regex.match(r"[a-zéß']*", after)
    assert left
    assert right
    assert not (left.group() and right.group()) or len(left.group() + right.group()) > 20


@pytest.mark.parametrize("kind", ["weighted", "graphemes and bytes"])
@pytest.mark.parametrize("unit", POSTS)
def test_a_megabyte_is_measured_no_further_than_a_tenth_of_it(unit, kind):
    measured = []
    for size in (100_000, 1_000_000):
        with counted() as work:
            parts = post_of(unit * (size // len(unit.encode())), kind, Campaign(name="s"), thread=True).parts
        assert all(part.length <= part.limit for part in parts)
        measured.append(work.measured)
    assert measured[1] == measured[0]
