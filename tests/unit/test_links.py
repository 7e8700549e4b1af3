"""Links, mentions and tags: other people's vectors, what they leave out, hostile texts, and addresses made safe."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.channel import LinkRule
from bot.domain.post import Span, SpanKind
from bot.domain.text.links import links, mentions, rich, safe_address, tags
from bot.domain.text.tlds import COUNTED, CURRENT
from tests.hostile import LINKS
from tests.judged import FINDS, Section, counted, excused
from tests.work import Sliced

PIECES = st.sampled_from(
    [
        *"aé日1#@$.:/?=_-()[]！, \n",
        *(
            "http://",
            "https://",
            "gemini://",
            "www.",
            ".com",
            ".co.uk",
            ".みんな",
            ".рф",
            "t.co/",
            "xn--",
            "example",
            "/path",
        ),
        *("@ada@town.example", "#library", "👩‍👩‍👧", "\u202a", "\ufffe", "..", "?q=1", "%d8"),
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def cut(text: str, rule: LinkRule) -> list[str]:
    return [text[span.start : span.end] for span in links(text, rule)]


@pytest.mark.parametrize("section", FINDS, ids=lambda section: section.name)
def test_other_peoples_finds(section: Section):
    missed = section.missed()
    assert missed == excused().get(section.name, set())
    assert counted()[section.name] == (len(section.cases()), len(section.cases()) - len(missed))


def test_a_link_is_a_span_with_the_address_it_opens():
    text = "Der Radclub: radclub.example.org, 9–12 Uhr"
    assert links(text, LinkRule.BARE) == (
        Span(kind=SpanKind.LINK, start=13, end=32, target="https://radclub.example.org"),
    )
    assert links("http://a.example.org", LinkRule.BARE)[0].target == "http://a.example.org"


@pytest.mark.parametrize("rule", [LinkRule.BARE, LinkRule.SCHEME])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(", ")"),
        ("“", "”"),
        ("«", "»"),
        ("", "."),
        ("", ", and"),
        ("", "!!!"),
        ("[", "]"),
        ("…", "…"),
        ("", ": open"),
        ("*", "*"),
    ],
)
def test_marks_around_a_link_stay_outside(rule: LinkRule, before: str, after: str):
    # The fediverse takes anything but a few marks into a path.
    inside = after if rule is LinkRule.SCHEME and after in {"”", "»", "…"} else ""
    assert cut(f"{before}https://town.example.com/a{after}", rule) == [f"https://town.example.com/a{inside}"]


@pytest.mark.parametrize(
    ("text", "bare", "scheme", "marked"),
    [
        ("town.example.com", ["town.example.com"], [], ["town.example.com"]),
        ("https://town.kids/a", [], [], ["https://town.kids/a"]),
        ("town.kids", [], [], ["town.kids"]),
        ("a.onion", ["a.onion"], [], []),
        ("gemini://town.example.com", [], ["gemini://town.example.com"], []),
        ("https://example.com/خبر", ["https://example.com/"], ["https://example.com/خبر"], ["https://example.com/خبر"]),
        ("https://مثال.ایران/a", ["https://مثال.ایران/a"], ["https://مثال.ایران/a"], ["https://مثال.ایران/a"]),
        ("ada@example.com", [], [], []),
        ("日本語http://example.com日本語", ["http://example.com"], ["http://example.com"], []),
        ("report.pdf and setup.py", ["setup.py"], [], ["setup.py"]),
        (
            "example.com/https://town.example.com",
            ["example.com/https://town.example.com"],
            [],
            ["example.com/https://town.example.com"],
        ),
        ("Saturday.The town", [], [], []),
        ("v3.5 at 10.30, U.S. time", [], [], []),
    ],
)
def test_each_rule_finds_its_own(text: str, bare: list[str], scheme: list[str], marked: list[str]):
    assert [cut(text, rule) for rule in (LinkRule.BARE, LinkRule.SCHEME, LinkRule.SPANS)] == [bare, scheme, marked]


def test_an_address_of_four_thousand_characters_is_the_longest_link():
    host = "https://town.example.com/"
    assert cut(host + "a" * (4088 - len(host)), LinkRule.BARE)
    assert not cut(host + "a" * (4089 - len(host)), LinkRule.BARE)


@pytest.mark.parametrize(
    ("text", "anywhere"),
    [
        ("Thanks @ada and @bo@town.example!", ["ada", "bo@town.example"]),
        ("Thanks @ada.town.example", ["ada.town.example"]),
        ("＠ada の@bo", ["ada", "bo"]),
        ("ada@town.example, e-mail", []),
        ("https://town.example.com/@ada", []),
        ("at @ 9", []),
        (f"@ada@{'x' * 254}", []),
    ],
)
def test_whatever_some_platform_would_take_for_a_mention(text: str, anywhere: list[str]):
    assert [span.target for span in mentions(text)] == anywhere


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (LinkRule.BARE, ["ada", "bo"]),
        (LinkRule.SCHEME, ["ada.example.com", "cy@town.example"]),
        (LinkRule.SPANS, ["ada.example.com"]),
    ],
)
def test_each_rule_has_its_mentions(rule: LinkRule, found: list[str]):
    assert [span.target for span in mentions("@ada.example.com の@bo @cy@town.example", rule)] == found


def test_a_tag_in_an_address_is_none():
    text = "https://town.example.com/#a ＃Bibliothek #2026 #Fahrrad_Tag, #می‌خواهم"
    assert [(span.target, text[span.start]) for span in tags(text)] == [
        ("Bibliothek", "＃"),
        ("Fahrrad_Tag", "#"),
        ("می‌خواهم", "#"),
    ]


def test_marks_of_all_kinds_come_in_order():
    text = "(@ada.example.com) at town.example.com/a: #library $AAPL"
    assert [(span.kind, text[span.start : span.end], span.target) for span in rich(text)] == [
        (SpanKind.MENTION, "@ada.example.com", "ada.example.com"),
        (SpanKind.LINK, "town.example.com/a", "https://town.example.com/a"),
        (SpanKind.TAG, "#library", "library"),
        (SpanKind.TAG, "$AAPL", "$AAPL"),
    ]


@given(TEXTS)
def test_spans_are_in_order_inside_the_text_and_apart(text: str):
    for spans in (*(links(text, rule) for rule in LinkRule), mentions(text), tags(text), rich(text)):
        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.com/a_(b)?c=d#e", "https://example.com/a_(b)?c=d#e"),
        ("https://example.com/خبر/۱۲۳", "https://example.com/%D8%AE%D8%A8%D8%B1/%DB%B1%DB%B2%DB%B3"),
        ("https://example.com/日本?q=語", "https://example.com/%E6%97%A5%E6%9C%AC?q=%E8%AA%9E"),
        ("https://example.com/caf%C3%A9/é", "https://example.com/caf%C3%A9/é"),
        ("https://example.com/Town_Inc.", "https://example.com/Town_Inc%2E"),
        ("https://example.com/Town_Inc.?a=b!", "https://example.com/Town_Inc%2E?a=b%21"),
        ("https://example.com/a(b", "https://example.com/a%28b"),
        ("https://example.com/a b\"c'", "https://example.com/a%20b%22c%27"),
        ("https://example.com#part", "https://example.com/#part"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/a?", "https://example.com/a"),
        ("https://münchen.de/straße", "https://münchen.de/straße"),
        ("https://example.ישראל/a", "https://example.xn--4dbrk0ce/a"),
        ("example.com/a", "example.com/a"),
        ("https://localhost/a", "https://localhost/a"),
    ],
)
def test_an_address_is_made_one_link(url: str, safe: str):
    assert safe_address(url) == safe


PATHS = st.text(alphabet=st.sampled_from([*"aZ1é日خ🎉/?#[]()!.,;:&=+%~@|'\" -_–"]), max_size=25)


@given(PATHS)
def test_a_safe_address_is_one_link_and_stays_so(path: str):
    url = f"https://town.example.com/{path}"
    safe = safe_address(url)
    assert cut(safe, LinkRule.BARE) == [safe]
    assert safe_address(safe) == safe


@given(st.text(alphabet=st.sampled_from([*"aZ1é日خ/()!.,;:=~@'"]), max_size=25))
def test_a_safe_address_says_what_the_address_said(path: str):
    url = f"https://town.example.com/{path}"
    assert unquote(safe_address(url)) == url


@given(TEXTS)
def test_anything_may_be_given_for_an_address(text: str):
    safe = safe_address(text)
    assert safe_address(safe) == safe


def test_names_are_lower_case_labels():
    assert all(name == name.lower() and "." not in name and name.strip() == name for name in COUNTED | CURRENT)
    assert {"com", "рф", "みんな", "onion"} <= COUNTED
    assert "kids" in CURRENT - COUNTED


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS.keys())
@pytest.mark.parametrize("times", [1, 2])
def test_any_text_is_read_in_a_few_sweeps(text: str, times: int):
    read = Sliced(text * times)
    for found in (*(links(read, rule) for rule in LinkRule), mentions(read), tags(read), rich(read)):
        ends = [0, *(span.end for span in found)]
        assert all(end <= span.start < span.end for end, span in zip(ends, found, strict=False))
        assert ends[-1] <= len(read)
    assert read.taken <= 10 * len(read)
    safe = safe_address(f"https://town.example.com/{read}")
    assert safe_address(safe) == safe
