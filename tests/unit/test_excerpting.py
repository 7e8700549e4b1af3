"""Which words are chosen from an article, and that they are the article's own."""

import pytest

from bot.domain.article import Article, Block, BlockKind
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting import excerpts
from bot.domain.text import blocks, sentences

LIBRARY = """Town library opens on Sundays

By Ada Brand, staff writer

MILLTOWN, 29 June (Agency) – The town library will open on Sundays from September, after a trial in which 12,400 readers \
came through its doors in ten weeks. It is the first time since 1987.

“We thought a few dozen people would come,” said Jo Miller, the library's director. “On the first Sunday there was a queue \
around the market square.”

The trial cost the town 38,000 euros, less than a third of what the council had set aside. However, the council wants \
volunteers to run the children's corner.

Photo: The reading room in May.

Why now?

She said the idea came from a letter. A girl of nine had asked why the library was closed on the only day she could visit \
it with her father. They have come every week since then.

“Will it last?” Miller asked. Nobody knows yet. But the lights are on.

The library offers on Sundays:

- 60,000 books and 300 newspapers
- a reading room that stays open until 8 p.m.
- help with homework for children of all ages

Borrowing rose by 18 percent in the trial months. Dr. Kim Lang of the county museum called the figures “a small wonder” \
and announced that the museum would follow in spring.

Read more: The museum's new wing

About the town library

The town library was founded in 1910 and holds 60,000 books.

© 2026 Town of Milltown. All rights reserved."""


def article(text: str, title: str = "", language: str = "") -> Article:
    return Article(
        campaign="town", name="a", digest="d", title=title, text=text, blocks=blocks.of_plain(text), language=language
    )


def texts(text: str, title: str = "", language: str = "") -> list[str]:
    return [excerpt.text for excerpt in excerpts(article(text, title, language))]


def first_sentence(excerpt: Excerpt) -> str:
    return excerpt.text[: excerpt.sentences[0]]


FOUND = excerpts(article(LIBRARY, "Town library opens on Sundays", "en"))


def test_the_first_is_the_lead_without_its_dateline() -> None:
    assert FOUND[0].text.startswith("The town library will open on Sundays from September")
    assert FOUND[0].reason is Reason.LEAD
    assert LIBRARY[FOUND[0].start : FOUND[0].end] == FOUND[0].text


def test_three_to_eight_best_first() -> None:
    assert 3 <= len(FOUND) <= 8
    assert [excerpt.score for excerpt in FOUND] == sorted((excerpt.score for excerpt in FOUND), reverse=True)


def test_reasons_tell_who_speaks_and_which_figure() -> None:
    told = {(excerpt.reason, excerpt.detail) for excerpt in FOUND}
    assert (Reason.QUOTE, "Jo Miller, the library's director") in told
    assert {(Reason.FIGURE, "38,000 euros"), (Reason.FIGURE, "18 percent")} <= told


@pytest.mark.parametrize(
    "words",
    [
        "Town library opens on Sundays",
        "By Ada Brand",
        "MILLTOWN",
        "Photo:",
        "Why now?",
        "Read more",
        "About the town library",
        "founded in 1910",
        "All rights reserved",
    ],
)
def test_what_is_not_the_article_is_never_chosen(words: str) -> None:
    assert not any(words in excerpt.text for excerpt in FOUND)


def test_nothing_chosen_begins_by_leaning_on_the_sentence_before() -> None:
    openings = ("He ", "She ", "It ", "They ", "However", "But ", "“On the first Sunday")
    assert not any(excerpt.text.startswith(openings) for excerpt in FOUND)


def test_what_is_taken_back_is_not_left_standing() -> None:
    cost = next(excerpt for excerpt in FOUND if "38,000" in excerpt.text)
    assert "However" in cost.text


def test_lengths_differ_and_starts_stand_alone() -> None:
    assert max(len(excerpt.text) for excerpt in FOUND) > 150 > min(len(excerpt.text) for excerpt in FOUND)
    assert any(excerpt.text.startswith("The library offers on Sundays:\n\n- 60,000 books") for excerpt in FOUND)
    assert all(len(first_sentence(excerpt)) <= 240 for excerpt in FOUND[:3])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The mill opened in May after two years of work. {} It was a long day for the whole town of Milltown."),
        (
            "de",
            "Die Mühle wurde im Mai nach zwei Jahren Arbeit eröffnet. {} Er war für die ganze Stadt ein langer Tag.",
        ),
        ("fr", "Le moulin a ouvert en mai après deux ans de travaux. {} Il était pour la ville un long jour de fête."),
        ("es", "El molino abrió en mayo tras dos años de obras. {} Ella vio un largo día de fiesta en la ciudad."),
        ("ru", "Мельница открылась в мае после двух лет работы. {} Это был долгий день для всего города."),
        ("ar", "فتحت الطاحونة أبوابها في أيار بعد عامين من العمل. {} هذا يوم طويل للمدينة كلها."),
        ("fa", "آسیاب شهر پس از دو سال کار در ماه مه باز شد. {} این روزی بلند برای همه شهر بود."),
        ("zh", "经过两年的修缮，镇上的磨坊于五月重新开放。{}这是全镇漫长的一天。"),
        ("ja", "町の水車小屋は二年の修理を経て五月に開いた。{}これは町にとって長い一日だった。"),
    ],
)
def test_leaning_sentences_are_never_alone_in_any_language(language: str, text: str) -> None:
    leaning = {
        "en": "However, the roof still leaks on the river side.",
        "de": "Aber das Dach ist an der Flussseite noch undicht.",
        "fr": "Mais le toit fuit encore du côté de la rivière.",
        "es": "Pero el tejado gotea todavía del lado del río.",
        "ru": "Но крыша со стороны реки всё ещё течёт.",
        "ar": "لكن السقف ما زال يسرب الماء من جهة النهر.",
        "fa": "اما سقف آن از سمت رودخانه هنوز چکه می‌کند.",
        "zh": "但是靠河一侧的屋顶仍然漏水。",
        "ja": "しかし、川側の屋根はまだ雨漏りしている。",
    }[language]
    full = text.format(leaning)
    found = excerpts(article(full, language=language))
    lead = first_sentence(found[0])
    assert full.startswith(lead)
    assert all(full.index(excerpt.text) == 0 for excerpt in found)
    assert found[0].text != lead, "the sentence that takes the first one back is not cut off"


@pytest.mark.parametrize(
    ("language", "text", "speaker"),
    [
        ("en", "“We waited for years,” said Ada Brand, who runs the mill.", "Ada Brand, who runs the mill"),
        ("en", "Dr. Ada Brand said: “We waited for years and now it turns.”", "Dr. Ada Brand"),
        ("en", "“We waited for years,” the mayor said on Monday.", "the mayor"),
        (
            "de",
            "„Wir haben lange gewartet“, sagte Jo Müller, Vorsitzender des Vereins.",
            "Jo Müller, Vorsitzender des Vereins",
        ),
        ("fr", "« Nous avons attendu longtemps », explique Mme Brand, conservatrice.", "Mme Brand, conservatrice"),
        ("es", "«Esperamos mucho tiempo», dijo Ana Brand, directora del molino.", "Ana Brand, directora del molino"),
        ("ru", "«Мы долго ждали», — сказал Джо Миллер, директор мельницы.", "Джо Миллер, директор мельницы"),
        ("fa", "«ما سال‌ها منتظر ماندیم»، جو میلر گفت.", "جو میلر"),
        ("zh", "“我们等了很多年，今天终于开放了，”馆长李明说。", "馆长李明"),
    ],
)
def test_quotations_keep_and_tell_their_speaker(language: str, text: str, speaker: str) -> None:
    before = {"zh": "磨坊于五月重新开放，全镇居民都来了。", "ru": "Мельница открылась в мае, и весь город пришёл."}
    full = f"{before.get(language, 'The mill opened in May, and 400 people came to see it turn.')}\n\n{text}"
    quote = next(excerpt for excerpt in excerpts(article(full, language=language)) if excerpt.reason is Reason.QUOTE)
    assert quote.text == text
    assert quote.detail == speaker


def test_a_quotation_without_its_speaker_is_not_chosen_alone() -> None:
    text = (
        "The mill opened in May with a feast. Ada Brand runs it.\n\n“It took two years and much bread.” Then it rained."
    )
    assert not any(found.startswith("“") for found in texts(text, language="en"))


def test_a_quotation_that_runs_on_into_the_next_paragraph_goes_with_it_or_not_at_all() -> None:
    text = (
        "“We opened in May. The town came to see us at the old mill.\n\n“Then it rained for a week,” said Ada Brand, "
        "who runs the mill.\n\nThe mill stands by the river and grinds flour for three bakeries."
    )
    found = texts(text, language="en")
    assert found
    assert all("said Ada Brand" in one for one in found if "opened in May" in one or "came to see us" in one)
    assert any(one.startswith("“We opened in May.") for one in found)


def test_an_unclosed_quotation_is_not_offered_as_plain_words() -> None:
    text = (
        "“We opened in May. The town came to see us at the old mill.\n\nThen it rained for a week, said Ada Brand, "
        "who runs the mill.\n\nThe mill stands by the river and grinds flour for three bakeries."
    )
    found = texts(text, language="en")
    assert found
    assert not any("opened in May" in one or "came to see us" in one for one in found)


@pytest.mark.parametrize(
    "second",
    [
        "It cost the town of Milltown 38,000 euros to mend the mill.",
        "“Two years of work and 400 loaves of bread went into this mill.”",
        "That is why 400 people of Milltown came to the mill.",
        "However, Milltown still owes 38,000 euros for the mill.",
    ],
)
def test_what_leans_on_another_paragraph_is_left_out(second: str) -> None:
    text = f"The mill of Milltown opened in May with a feast.\n\nA mill at work\n\n{second}"
    assert texts(text, "The mill of Milltown", "en") == ["The mill of Milltown opened in May with a feast."]


def test_what_is_taken_back_costs() -> None:
    lead = "The mill of Milltown opened in May after two years of work, and 400 people came to see the old wheel turn again."
    rest = "the roof still leaks on the side of the river, and the miller asks for help with slates, tar, ladders and bread."
    heading = "\n\nWhat it costs\n\nThe roof of the mill costs 38,000 euros, says the town."
    assert texts(f"{lead} On rainy days {rest}{heading}", language="en")[0] == lead
    assert texts(f"{lead} However, {rest}{heading}", language="en")[0] == f"{lead} However, {rest}"


def test_a_long_quotation_is_taken_whole_or_not_at_all() -> None:
    speech = "“" + "We waited for the wheel to turn… " * 25 + "And it did,” said Ada Brand, who runs the mill."
    text = f"The mill opened in May with a feast. {speech} The town came to see it turn."
    assert len(sentences.ends(text, "en")) > 10
    for one in excerpts(article(text, language="en"), longest=1500):
        assert all(one.text[:stop].count("“") == one.text[:stop].count("”") for stop in one.sentences)
    assert all("We waited" not in one.text for one in excerpts(article(text, language="en"), longest=500))


def test_a_question_comes_after_a_statement() -> None:
    text = "Will the mill of Milltown ever turn again this year?\n\nThe mill of Milltown will turn again this year."
    assert texts(text, language="en")[0].startswith("The mill")


def test_a_signed_pull_quote_is_one_piece_with_its_signature() -> None:
    text = "The mill opened in May. It rained.\n\n“Bread is free today.” – Ada Brand, miller\n\nThe town came."
    quote = next(one for one in excerpts(article(text)) if one.reason is Reason.QUOTE)
    assert (quote.text, quote.detail) == ("“Bread is free today.” – Ada Brand, miller", "Ada Brand, miller")


def test_a_list_comes_with_the_line_that_leads_on_to_it() -> None:
    text = "The mill is open again.\n\nThe mill sells on Saturdays:\n- fresh bread\n- flour of three kinds"
    found = excerpts(article(text))
    assert "The mill sells on Saturdays:\n- fresh bread\n- flour of three kinds" in [one.text for one in found]
    assert not any(one.text[:stop].endswith(":") for one in found for stop in one.sentences)


def test_excerpts_do_not_reach_over_what_stands_between() -> None:
    text = "The mill opened in May.\n\nPhoto: Jo Miller\n\nThe town came to see it turn.\n\nBread\n\nThree bakers bought flour."
    assert all("\n\n" not in one for one in texts(text))


@pytest.mark.parametrize(
    "text",
    [
        "The library is closed on Monday.",
        "Library closed on Monday",
        "Roses are old\nViolets are new\nThe library is\nOpen for you",
        "- 60,000 books\n- a reading room\n- help with homework",
        "no full stop in this text it just goes on and on",
        "新图书馆周一开放市民可以免费入馆",
    ],
)
def test_a_short_text_is_offered_whole(text: str) -> None:
    best = excerpts(article(text))[0]
    assert (best.reason, best.text) == (Reason.WHOLE, text)


@pytest.mark.parametrize("text", ["", " \n\n ", "By Ada Brand", "```\nx = 1\n```", "***"])
def test_nothing_to_give(text: str) -> None:
    assert excerpts(article(text)) == ()


@pytest.mark.parametrize(
    ("text", "last"),
    [("a mill by the river " * 80, " "), ("图书馆周日开放市民可以免费入馆" * 90, ""), ("e\u0301" * 700, "")],
)
def test_a_sentence_longer_than_allowed_is_cut_between_words_or_letters(text: str, last: str) -> None:
    (found,) = excerpts(article(text))
    assert 800 < len(found.text) <= 900
    assert text[found.end : found.end + 1] in (last, text[found.end])
    assert not text[found.end].startswith("\u0301")
    assert found.detail == "cut from a longer sentence"


def test_a_headings_only_source_gives_nothing() -> None:
    text = "Opening hours"
    only = Article(
        campaign="c",
        name="n",
        digest="d",
        title="",
        text=text,
        blocks=(Block(kind=BlockKind.HEADING, start=0, end=13),),
    )
    assert excerpts(only) == ()


def test_most_and_longest_are_kept() -> None:
    assert len(excerpts(article(LIBRARY), most=2)) == 2
    assert excerpts(article(LIBRARY), most=0) == ()
    assert all(len(one.text) <= 100 for one in excerpts(article(LIBRARY), longest=100))
