"""Linting, rule by rule: what each marks, what it leaves alone, and that the docs tell of every one."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain import rendering
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits, LinkPlace
from bot.domain.composing import Composition
from bot.domain.excerpt import Excerpt
from bot.domain.excerpting import by_hand
from bot.domain.finding import Finding, Level
from bot.domain.linting import BARRED, RULES, faults, lint, name_of
from bot.domain.post import Part, Span, SpanKind
from tests.unit.posts import CARDS, FEDIVERSE, LINK, PLAIN, ROOM, WEIGHTED, article, channel, excerpt, picture

CAMPAIGN = Campaign(name="spring", template=PLAIN)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "linting.md"


def composed(text: str, limits: Limits = WEIGHTED, campaign: Campaign = CAMPAIGN, **facts: object) -> Composition:
    source, chosen = article(text, **facts), excerpt(text)
    there = channel(limits)
    return Composition(channel=there, excerpt=chosen, post=rendering.render(source, chosen, campaign, there))


def found(text: str, limits: Limits = WEIGHTED, campaign: Campaign = CAMPAIGN, **facts: object) -> list[Finding]:
    """Return what is marked in a post that was rendered as every post is."""
    return [*lint(composed(text, limits, campaign, **facts), article(text, **facts), campaign)]


def marked(rule: str, *args: object, **facts: object) -> list[str]:
    return [each.what for each in found(*args, **facts) if each.rule == rule]  # type: ignore[arg-type]


def altered(
    said: str,
    limits: Limits = WEIGHTED,
    campaign: Campaign = CAMPAIGN,
    known: frozenset[str] = frozenset(),
    **part: object,
) -> list[Finding]:
    """Return what is marked in a post that was changed after it was rendered."""
    made = composed(said, limits, campaign)
    [only] = made.post.parts
    post = replace(made.post, parts=(replace(only, **part),))  # type: ignore[arg-type]
    return [*lint(replace(made, post=post), article(said), campaign, known=known)]


def rules(findings: list[Finding]) -> dict[str, Level]:
    return {each.rule: each.level for each in findings}


def test_the_docs_tell_of_every_rule_and_of_no_other():
    rows = re.findall(r"^\| `([a-z-]+)` \| (?:error|warning)", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [name_of(rule) for rule in RULES]
    assert {name_of(rule) for rule in RULES} > BARRED


@pytest.mark.parametrize("limits", [WEIGHTED, FEDIVERSE, CARDS, ROOM], ids=["weighted", "fediverse", "cards", "room"])
def test_a_well_made_post_has_no_findings(limits: Limits):
    campaign = replace(CAMPAIGN, disclosure="Town Library, @library", tags=("night trains",))
    text = (
        "“We open on Sundays,” said Ada Brand, the librarian. It is free: see library.example.org/sundays (NASA, ESA)."
    )
    assert found(text, limits, campaign, images=(picture(),)) == []


# --- what a post must have --------------------------------------------------------------------------------------------


def test_over_limit_is_counted_anew_with_the_limits_of_now():
    made = composed("The library opens. " * 14)
    small = replace(made, channel=channel(replace(WEIGHTED, length=100)))
    [finding] = lint(small, article("The library opens. " * 14), CAMPAIGN)
    assert (finding.rule, finding.level, finding.part) == ("over-limit", Level.ERROR, 1)
    assert finding.what == "too long: 271 weighted characters, the channel takes 100"
    narrow = replace(made, channel=channel(replace(WEIGHTED, bytes=50)))
    assert "bytes, the channel takes 50" in lint(narrow, article(""), CAMPAIGN)[0].what


def test_over_limit_counts_captions_warnings_and_refused_characters():
    long = "The library opens. " * 60
    assert rules(altered(long, ROOM, images=(picture(),))) == {"over-limit": Level.ERROR}
    assert rules(altered("It opens.", FEDIVERSE, warning="w" * 500)) == {"over-limit": Level.ERROR}
    [refused] = altered("It opens.", text="It opens.\ufffe\n\n" + LINK, spans=())
    assert "refuses" in refused.what


def test_an_empty_post_is_an_error_and_a_picture_or_a_card_fills_it():
    assert rules(altered("It opens.", text=" ", spans=()))["empty-post"] is Level.ERROR
    assert "empty-post" not in rules(altered("It opens.", text="", spans=(), images=(picture(),)))
    assert "empty-post" not in rules(altered("It opens.", CARDS, text=""))
    made = composed("It opens.")
    assert "empty-post" in rules([*lint(replace(made, post=replace(made.post, parts=())), article(), CAMPAIGN)])


def test_a_missing_disclosure_is_an_error():
    campaign = replace(CAMPAIGN, disclosure="Town Library,\n  Market Square 4, @library")
    assert found("It opens on Sundays.", campaign=campaign) == []
    [finding] = altered("It opens on Sundays.", campaign=campaign, text="It opens on Sundays.", spans=())
    assert (finding.rule, finding.level) == ("missing-disclosure", Level.ERROR)
    assert "Market Square 4" in finding.what


def test_a_name_in_the_disclosure_may_have_become_a_handle():
    campaign = replace(CAMPAIGN, disclosure="By {@Town  Library}, (c) {@Ada Brand}")
    known = frozenset({"town.library@example.org", "ada"})
    for shown in ("By Town Library, (c) @ada", "By @town.library@example.org,\n(c) Ada Brand"):
        assert altered("Open.", FEDIVERSE, campaign, known, text=f"Open.\n{shown}", spans=()) == []
    for shown in ("By the Town Library, (c) @ada", "By Town Library, (c)"):
        found = altered("Open.", FEDIVERSE, campaign, known, text=f"Open.\n{shown}", spans=())
        assert rules(found) == {"missing-disclosure": Level.ERROR}


def test_one_part_of_a_thread_with_the_disclosure_is_enough():
    campaign = replace(CAMPAIGN, disclosure="Town Library")
    text = " ".join(f"The library opens its reading room number {n} on Sunday at noon." for n in range(30))
    made = composed(text, campaign=campaign, thread=True)
    assert len(made.post.parts) > 3
    assert lint(made, article(text, thread=True), campaign) == ()


def test_a_picture_without_alt_text_is_a_gate_unless_the_campaign_says_otherwise():
    images = (picture(1), picture(2, alt="  "))
    assert marked("missing-alt", "It opens.", images=images) == ["image 2 has no alt text"]
    assert rules(found("It opens.", images=images)) == {"missing-alt": Level.ERROR}
    lenient = replace(CAMPAIGN, alt_required=False)
    assert rules(found("It opens.", campaign=lenient, images=images)) == {"missing-alt": Level.WARNING}


def test_own_words_are_a_warning_and_a_false_quotation_an_error():
    source = article("The library opens on Sundays.")

    def said(chosen: Excerpt) -> list[Finding]:
        post = rendering.render(source, chosen, CAMPAIGN, channel(WEIGHTED))
        return [*lint(Composition(channel=channel(WEIGHTED), excerpt=chosen, post=post), source, CAMPAIGN)]

    assert said(by_hand(source, "library opens")) == []
    [own] = said(by_hand(source, "Come on Sunday!"))
    assert (own.rule, own.level) == ("not-verbatim", Level.WARNING)
    assert own.what.startswith("the manager's own words")
    false = replace(by_hand(source, "library opens"), start=5, end=18)
    assert rules(said(false)) == {"not-verbatim": Level.ERROR}


# --- links and mentions -----------------------------------------------------------------------------------------------


def test_a_link_that_is_not_whole_is_an_error():
    start = len("It opens.\n\n")
    cut: dict[str, Any] = {"text": "It opens.\n\n" + LINK[:-4] + "…"}
    span = Span(kind=SpanKind.LINK, start=start, end=start + len(LINK) - 4, target=LINK)
    for torn in (span, replace(span, target=LINK[:-4])):
        [finding] = altered("It opens.", **cut, spans=(torn,))
        assert (finding.rule, finding.level) == ("bare-link-cut", Level.ERROR)
        assert LINK in finding.fix
    early = replace(span, end=start + len(LINK), target=LINK)
    assert rules(altered("It opens.", text=f"It opens.\n\n{LINK}-and-more", spans=(early,))) == {
        "bare-link-cut": Level.ERROR
    }


@pytest.mark.parametrize("limits", [WEIGHTED, FEDIVERSE, replace(CARDS, link=LinkPlace.TEXT), ROOM])
def test_odd_addresses_that_are_whole_are_left_alone(limits: Limits):
    for link in ("https://library.example.org/größe(1)", "http://intranet/x", "https://library.example.org/a?b=c#d."):
        text = "See library.example.org/nights, or https://example.org/x (https://example.com/y)."
        assert found(text, limits, link=link) == []


def test_a_shorter_address_beside_a_longer_one_is_no_cut_link():
    assert found(f"The form is at {LINK}/form for everybody.") == []


def test_a_post_that_is_nothing_but_a_link_is_marked():
    campaign = replace(CAMPAIGN, disclosure="Town Library")
    bare: dict[str, Any] = {
        "text": f"{LINK}\n\n#Night\nTown Library",
        "spans": (Span(kind=SpanKind.LINK, start=0, end=len(LINK), target=LINK),),
    }
    assert rules(altered("It opens.", campaign=campaign, **bare)) == {"no-link-text": Level.WARNING}
    assert marked("no-link-text", "Ok.", campaign=campaign) == []


def test_a_live_mention_of_a_stranger_is_an_error():
    text = "Ask @Ada or @ben@town.example or desk@example.org."
    assert found(text, FEDIVERSE) == [], "rendering makes them harmless"
    live = altered(text, FEDIVERSE, text=text, spans=())
    assert [each.what.split()[0] for each in live if each.rule == "unknown-mention"] == ["@Ada", "@ben@town.example"]
    made = composed(text, FEDIVERSE)
    post = replace(made.post, parts=(Part(number=1, text=text),))
    known = frozenset({"ada", "ben@town.example"})
    assert lint(replace(made, post=post), article(text), CAMPAIGN, known=known) == ()
    for said in (text, "Ask @library.test."):
        assert found(said, CARDS) == [], "nothing is a mention there unless a span says so"
    span = Span(kind=SpanKind.MENTION, start=4, end=8, target="ada")
    assert rules(altered(text, CARDS, spans=(span,))) == {"unknown-mention": Level.ERROR}


# --- how it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shouted"),
    [
        ("THE LIBRARY IS OPEN on Sunday.", True),
        ("Now: BUY NOW, WHILE STOCKS LAST!", True),
        ("WIR SIND WIEDER DA!", True),
        ("МЫ СНОВА ОТКРЫТЫ ДЛЯ ВСЕХ", True),
        ("THE BBC IS NOT OPEN today.", True),
        ("The BBC, ITV, NASA, ESA, UNESCO and WHO came.", False),
        ("NASA/ESA/JAXA/UNESCO launched it.", False),
        ("BBC NDR WDR SWR report.", False),
        ("COVID-19 and DIN-A4 in U.S. and U.K.", False),
        ("J. R. R. T. wrote it in MCMXC at 10 PM.", False),
        ("LIBRARY OPEN\nSUNDAY NOON", False),
        ("#NIGHT #OPEN #TOWN #BOOKS and more", False),
        ("https://LIBRARY.example.org/A-VERY-LONG-WAY-HOME", False),
        ("図書館は日曜も開いています。読者 は 新しい 受付 で 本 を", False),
        ("يفتح المتحف أبوابه ليلا منذ مايو", False),
    ],
)
def test_shouting(text: str, shouted: bool):
    assert bool(marked("shouting", text, FEDIVERSE)) is shouted


def test_hashtags_of_the_text_count_too():
    assert marked("too-many-tags", "We #read at #night.", tags=("sunday",)) == []
    assert marked("too-many-tags", "We #read at #night.", tags=("sunday", "town")) == [
        "4 hashtags, the channel takes 3"
    ]
    assert marked("too-many-tags", "We #read #Read #READ.", tags=("read",)) == []
    none = replace(WEIGHTED, tags=0)
    assert marked("too-many-tags", "We #read.", none) == ["1 hashtag, the channel takes none"]


def test_hashtags_of_several_words_show_where_each_begins():
    [finding] = [each for each in found("On #nighttrains home.", tags=("Night trains",)) if each.rule == "tag-case"]
    assert (finding.what, finding.fix) == ("#nighttrains is hard to read", "write #NightTrains")
    assert marked("tag-case", "All aboard #nighttrainsofeurope.") == ["#nighttrainsofeurope is hard to read"]
    assert marked("tag-case", "All aboard.", tags=("nighttrainsofeurope",)) == ["#Nighttrainsofeurope is hard to read"]
    fine = "On #NightTrains, #night_trains, #trains2026, #Jugendbibliothekstag and #図書館は日曜も開いています今日から明日まで."
    assert marked("tag-case", fine, ROOM, tags=("night trains", "5 km")) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Come 🎉🎉🎉🎉", ["4 emoji in a row"]),
        ("Come 🎉 👩‍👩‍👧‍👦 🇩🇪 1️⃣ now", ["4 emoji in a row"]),
        ("Come 🎉🎉🎉\n🎉 now", []),
        ("🎉a🎉b🎉c🎉d🎉e🎉f🎉g🎉h🎉", ["9 emoji in one message"]),
        ("🎉a🎉b🎉c🎉d🎉e🎉f🎉g🎉h", []),
        ("5 * 3 # 1 © ™ ↔ 10 000 are no emoji", []),
    ],
)
def test_rows_of_emoji(text: str, what: list[str]):
    assert marked("emoji-run", text, ROOM) == what


def test_styled_letters_are_marked_and_shown_as_they_should_be():
    [finding] = found("Open 𝓯𝓸𝓻 𝐚𝐥𝐥 ℝ𝔼𝔸𝔻𝔼ℝ𝕊 now.", ROOM)
    assert (finding.rule, finding.level) == ("styled-letters", Level.WARNING)
    assert finding.fix == "write “for all READERS” in ordinary letters"
    assert found("It is 20 ℃, № 5™, 𝑥 + 𝑦 and ｗｉｄｅ.", ROOM) == []


@pytest.mark.parametrize(
    ("text", "lonely"),
    [
        ("“We open on Sundays, said Ada Brand.", True),
        ("We open on Sundays”, said Ada Brand.", True),
        ("„Wir öffnen am Sonntag, sagt sie.", True),
        ("「開きますと彼女は言った。", True),
        ("“We open,” she said. 'Tis the readers' wish, it's theirs.", False),
        ("«Nous ouvrons», dit-elle.", False),
        ("“We open on Sundays.\n\n“And at night,” she said.", False),
        ("»Wir öffnen«, sagt sie. „Endlich“, sagen alle.", False),
    ],
)
def test_quotation_marks_that_stand_alone(text: str, lonely: bool):
    assert bool(marked("unbalanced-quotation", text, ROOM)) is lonely


def test_a_quotation_may_run_through_a_thread():
    text = (
        "“" + " ".join(f"We open the reading room number {n} on Sunday at noon." for n in range(30)) + "” She smiled."
    )
    made = composed(text, thread=True)
    assert len(made.post.parts) > 3
    assert lint(made, article(text, thread=True), CAMPAIGN) == ()


# --- what follows from it ---------------------------------------------------------------------------------------------


def test_faults_are_the_errors_in_words_each_once():
    error = Finding(level=Level.ERROR, what="no alt text", fix="write it")
    warning = Finding(level=Level.WARNING, what="capitals", fix="small letters")
    assert faults([warning, error, error, replace(error, what="cut")]) == "no alt text; cut"
    assert faults([warning]) == ""
