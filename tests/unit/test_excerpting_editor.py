"""Faults that an editor would see in an excerpt: whose words they are, where they begin and end, what a thread tells."""

from dataclasses import replace

import pytest

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, Unit
from bot.domain.composing import compose
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.excerpting import excerpts, telling
from bot.domain.excerpting.voices import figure, voice
from bot.domain.text import blocks, words
from bot.domain.text.quotes import marks


def article(text: str, *, language: str = "en", title: str = "", thread: bool = False) -> Article:
    return Article(
        campaign="town",
        name="a",
        digest="d",
        title=title,
        text=text,
        blocks=blocks.of_plain(text),
        language=language,
        thread=thread,
    )


def first(text: str, **facts) -> Excerpt:
    return excerpts(article(text, **facts))[0]


# --- where it begins --------------------------------------------------------------------------------------------------


def test_the_times_of_a_live_report_go_and_a_time_elsewhere_stays():
    live = "18:40 The warning is lifted in the lower town.\n\n17:05 They filled 6,500 sandbags.\n\n15:30 The school is dry."
    assert first(live).text.startswith("The warning is lifted")
    assert first("9:30 Trains leave for the lake.\n\nThe tour is 64 kilometres long.").text.startswith("9:30 Trains")


def test_a_letter_that_goes_on_in_lower_case_keeps_its_greeting():
    found = first(
        "Dear members,\n\nthe tour on 18 May leads around the lake, 64 kilometres in all.\n\nBring a lamp and a rope."
    )
    assert found.text.startswith("Dear members,\n\nthe tour on 18 May")
    assert found.reason is Reason.LEAD
    assert first("Dear members,\n\nThe tour leads around the lake, 64 kilometres in all.").text.startswith("The tour")


def test_a_sentence_that_ends_in_an_emoji_is_whole():
    found = first(
        "Street food Friday is back! 🎉🎉 From 5 p.m. twenty-two stalls take over the market square 🥟.\n\nDogs are welcome."
    )
    assert found.text.startswith("Street food Friday is back! 🎉🎉 From 5 p.m.")


def test_a_sentence_that_begins_with_in_is_no_pronoun_in_french():
    found = excerpts(article("Bref.\n\nEn un an, 84 tonnes d'objets ont trouvé une deuxième maison.", language="fr"))
    assert any(one.text.startswith("En un an") for one in found)


@pytest.mark.parametrize(
    ("language", "text", "leaning"),
    [
        ("hi", "संग्रहालय शनिवार को खुल गया। उन्होंने बताया कि प्रवेश निःशुल्क है।", "उन्होंने"),
        ("hi", "संग्रहालय शनिवार को खुल गया। लेकिन दूसरी मंज़िल अगले साल खुलेगी।", "लेकिन"),
        ("ko", "박물관이 금요일 밤에도 문을 연다. 그러나 3층 전시실은 저녁 6시에 닫는다.", "그러나"),
    ],
)
def test_leaning_openings_are_known_in_hindi_and_korean(language, text, leaning):
    assert not any(one.text.startswith(leaning) for one in excerpts(article(text, language=language)))


# --- where it ends ----------------------------------------------------------------------------------------------------


def test_nothing_may_be_dropped_just_before_what_takes_it_back():
    text = "The market reopens in April with 64 stalls. However, the fish counter stays closed until June. Trams stop there."
    (whole,) = (one for one in excerpts(article(text)) if one.text == text)
    ends = [text[:end] for end in whole.sentences]
    assert not any(end.endswith("64 stalls.") for end in ends)
    assert any(end.endswith("until June.") for end in ends)


def test_words_that_only_lead_on_to_a_question_score_low():
    text = "The museum opens at ten. You bought a steam whistle first of all. Why? It is loud."
    scores = {one.text: one.score for one in excerpts(article(text))}
    assert scores.get("You bought a steam whistle first of all.", -1) < scores["The museum opens at ten."] - 0.4


# --- whose words ------------------------------------------------------------------------------------------------------


def test_the_first_person_is_not_preferred_outside_quotation_marks():
    column = "I did not understand it until I was forty. The garden has 140 families and a waiting list of sixty names."
    assert first(column).text.startswith("The garden has")
    assert not voice("“I am here,” said Ada.", ((0, 12),), words.of("en")).mine
    assert voice("I said “no” to that.", ((7, 10),), words.of("en")).mine


def test_an_answer_never_goes_without_its_question():
    asked = "Q: What did you do?\n\nA: I counted the 5 eggs. The clock can wait."
    text = f"The clock stopped for three days, and the town was late.\n\n{asked}\n\nThe keeper is 68 years old."
    for one in excerpts(article(text)):
        assert "eggs" not in one.text or one.text.startswith("Q: What did you do?\n\nA: I counted")
        assert not one.text.startswith(("A:", "The clock can wait"))
    assert any(one.text == "The keeper is 68 years old." for one in excerpts(article(text)))
    alone = text.replace("Q: What did you do?\n\n", "")
    assert not any("eggs" in one.text for one in excerpts(article(alone)))


@pytest.mark.parametrize(
    ("language", "text", "speaker"),
    [
        ("en", "“We ask,” said the curator, Noor Haddad.", "the curator, Noor Haddad"),
        ("pt", "«Podíamos», disse a diretora, Inês Moura.", "a diretora, Inês Moura"),
        ("nl", "„Ik heb”, zegt de 74-jarige Wim Kuiper.", "Wim Kuiper"),
        ("pl", "„Wiertarka” – mówi kierowniczka Alina Zych.", "Alina Zych"),
        ("fa", "مریم احمدی، رانندهٔ کتابخانه، می‌گوید: «در آخرین روستا»", "مریم احمدی، رانندهٔ کتابخانه"),
        ("ar", "وقالت مديرة المكتبة سلمى حداد: «نريد».", "مديرة المكتبة سلمى حداد"),
        ("ko", '박물관장 한지우 씨는 "밤에는 부모들이 온다"고 말했다.', "박물관장 한지우 씨"),
        ("hi", 'मीरा जोशी ने कहा, "हर साइकिल की एक चिट्ठी है।"', "मीरा जोशी"),
    ],
)
def test_who_speaks(language, text, speaker):
    assert voice(text, marks(text).pairs, words.of(language)).speaker == speaker


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("it", "Il treno delle 20.40 è avvisato.", ""),
        ("en", "It runs OpenDesk 2.1, the rest do not.", ""),
        ("en", "The river stands at 4.12 metres.", "4.12 metres"),
    ],
)
def test_a_time_and_a_version_are_no_figures(language, text, told):
    assert figure(text, words.of(language)) == told


def test_the_mark_of_a_footnote_costs():
    plain, noted = (
        "The mill is 790 years old. A roll of 1294 names the miller.",
        "The mill is 790 years old.[3] A roll of 1294 names the miller.",
    )
    assert first(noted).score < first(plain).score


# --- threads ----------------------------------------------------------------------------------------------------------

STORY = "\n\n".join(
    f"Paragraph {n} tells of the {n} swifts above the school. They came back in May of that year." for n in range(2, 9)
)


def test_a_thread_tells_the_article_from_its_lead_on():
    told = first(STORY, thread=True)
    assert (told.text, told.reason) == (STORY, Reason.WHOLE)
    assert told.score > max(one.score for one in excerpts(article(STORY)))
    assert first(STORY).text != STORY


def test_a_thread_is_no_book_and_ends_with_a_paragraph():
    told = first("\n\n".join([STORY] * 9), thread=True)
    assert 1200 < len(told.text) < 2500
    assert told.text.endswith("in May of that year.")
    assert told.reason is Reason.LEAD


def test_a_channel_that_cannot_chain_gets_one_message_of_a_thread():
    limits = Limits(length=280, unit=Unit.CODE_POINTS)
    long = article(STORY, thread=True)
    chained, single = (
        compose(long, Campaign(name="town"), (Channel(name="c", platform="p", limits=one),))[0].post
        for one in (limits, replace(limits, thread_parts=1))
    )
    assert len(chained.parts) > 2
    assert len(single.parts) == 1
    assert single.parts[0].text in STORY


# --- books ------------------------------------------------------------------------------------------------------------


def test_of_a_book_the_opening_and_the_most_telling_paragraphs_are_read_closely():
    lists = words.of("en")
    dull = [f"Thing{n} thought{n} nothing{n} of what{n} was{n}." for n in range(600)]
    dull[500] = "Swifts nest under roofs; swifts return, and counters count swifts under roofs."
    dull[510:580] = ["Swifts nest under roofs where counters count."] * 70
    text = "\n\n".join(dull)
    at, stretches = 0, []
    for one in dull:
        stretches.append((at, at + len(one)))
        at += len(one) + 2
    kept = telling.telling(text, stretches, lists)
    assert set(stretches[:10]) <= set(kept)
    assert {stretches[500], stretches[501]} <= set(kept)
    assert len(kept) <= 2 * telling.CLOSELY
    assert set(telling.telling(text, stretches[:400], lists)) == set(stretches[:400])
