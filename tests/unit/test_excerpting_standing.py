"""An excerpt stands by itself: with its question, its greeting and its speaker, and it says something."""

import pytest

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, Unit
from bot.domain.composing import Composition, compose
from bot.domain.excerpt import Reason
from bot.domain.excerpting import excerpts
from bot.domain.finding import Level
from bot.domain.linting import lint
from bot.domain.text.quotes import marks
from bot.sources import article as reading
from tests.unit.test_excerpting import article, texts


def read(source: str, name: str = "a.md") -> Article:
    return reading.read(source.encode(), "town", name, name, "UTC").article


def offered(source: str, name: str = "a.md") -> list[str]:
    return [one.text for one in excerpts(read(source, name))]


def composed(source: Article, length: int) -> Composition:
    limits = Limits(length=length, unit=Unit.CODE_POINTS, thread_parts=1)
    (made,) = compose(
        source, Campaign(name="town", template="{excerpt}"), [Channel(name="c", platform="p", limits=limits)]
    )
    return made


# --- interviews -------------------------------------------------------------------------------------------------------

ASKED = ("Why did you stop the clock last winter?", "How long does it take to wind the clock of the town hall by hand?")
ANSWERS = (
    "We did that because the oil had frozen. The hands stood still for nine days.",
    "Forty minutes, when the weather is kind. We turn the crank 212 times.\n\nThen we rest, and nobody may speak.",
)
INTRODUCTION = "The clock on the town hall has been wound by hand for 140 years."


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("a.md", "**{}**\n\n"),
        ("a.md", "**Q: {}**\n\n"),
        ("a.md", "**{}**\n"),
        ("a.md", "## {}\n\n"),
        ("a.md", "Q: {}\n\n"),
        ("a.md", "Milltown Herald: {}\n\nJon Fell: "),
        ("a.txt", "{}\n\n"),
        ("a.html", "<p><strong>{}</strong></p>"),
    ],
    ids=["bold", "bold-q", "bold-line", "heading", "q", "names", "plain", "html"],
)
def test_an_answer_comes_with_its_question(name: str, question: str):
    pairs = [question.format(asked) + answer for asked, answer in zip(ASKED, ANSWERS, strict=True)]
    source = "\n\n".join((INTRODUCTION, *pairs))
    if name.endswith("html"):
        source = "".join(
            f"<p>{each}</p>" if each[0] != "<" else each.replace("</p>", "</p>\n\n") for each in source.split("\n\n")
        )
    found = offered(source, name)
    assert INTRODUCTION in found
    first, second = ([one for one in found if asked in one] for asked in ASKED)
    assert first
    assert second
    for one in found:
        for asked, answer in zip(ASKED, ANSWERS, strict=True):
            for sentence in answer.replace("\n\n", " ").split(". "):
                assert sentence not in one or one.find(asked) in range(len("Milltown Herald: ") + 1)


def test_questions_are_put_to_somebody_though_nobody_says_i():
    found = offered(
        "## Why did you stop the clock?\n\nBecause of the oil. It was frozen.\n\nIt thawed in May.\n\nA feast was held.\n\n"
        "## How do you wind it?\n\nWith a crank of 212 turns."
    )
    assert found
    assert all(one.startswith(("Why did you", "How do you")) for one in found)


def test_a_page_sets_its_questions_in_bold():
    still = "<p>The hands of the clock stood still.</p><p>The bell fell silent.</p>"
    answer = f"<p>We did that because the oil had frozen.</p>{still}"
    found = offered("".join(f"<p><b>{asked}</b></p>{answer}" for asked in ASKED), "a.html")
    assert found
    assert all(one.startswith(ASKED) for one in found)


def test_questions_in_a_story_ask_nobody():
    source = (
        "# The river\n\nThe river rose by two metres on Monday.\n\n## Where does the water come from?\n\nSnow melted in the "
        "hills above Milltown within three days.\n\nThe weir was opened on Tuesday at noon.\n\n## Who pays?\n\nThe county "
        "pays 38,000 euros for sandbags.\n\nThe town pays the rest of the bill in May.\n\nThe baker gave bread."
    )
    assert any(one.startswith("Snow melted in the hills") for one in offered(source))


@pytest.mark.parametrize(
    ("language", "question", "answer", "other"),
    [
        (
            "de",
            "Warum haben Sie die Uhr angehalten?",
            "Weil das Öl gefroren war. Wir haben neun Tage gewartet.",
            "Wie lange dauert es?",
        ),
        (
            "fr",
            "Pourquoi avez-vous arrêté l’horloge ?",
            "Parce que l’huile avait gelé. Nous avons attendu neuf jours.",
            "Combien de temps vous faut-il ?",
        ),
        (
            "es",
            "¿Por qué pararon el reloj?",
            "Porque el aceite se heló. Esperamos nueve días enteros.",
            "¿Cuánto tiempo necesita usted?",
        ),
        (
            "ru",
            "Почему вы остановили часы?",
            "Потому что масло замёрзло. Мы ждали девять дней.",
            "Сколько времени вам нужно?",
        ),
        ("ar", "لماذا أوقفتم الساعة؟", "لأن الزيت تجمد. انتظرنا تسعة أيام كاملة.", "كم من الوقت لديكم؟"),
        ("fa", "چرا ساعت را نگه داشتید؟", "چون روغن یخ زده بود. ما نه روز صبر کردیم.", "چقدر وقت دارید؟"),
        ("zh", "你们为什么把钟停了？", "因为机油冻住了。我们等了整整九天。", "您需要多长时间？"),
        (
            "ja",
            "なぜ時計を止めたのですか？",
            "油が凍ったからです。私たちは九日間待ちました。",
            "どのくらいかかりますか？",
        ),
    ],
)
def test_answers_keep_their_questions_in_every_language(language: str, question: str, answer: str, other: str):
    found = texts(f"{question}\n\n{answer}\n\n{other}\n\n{answer}", language=language)
    assert found
    assert all(one.startswith((question, other)) for one in found)


# --- long sentences ---------------------------------------------------------------------------------------------------

LONG = (
    "The stone bridge over the Lenn, which was built in 1788 by the mason Peter Holm, who also built the mill, the granary "
    "and the tower of the old customs house, and which has since then been mended four times, most recently in 1974 after "
    "the great flood, will close to all traffic from Monday until the end of September, because three of its five arches "
    "have moved since last spring, the town said."
)
RIVERS = ("Lenn", "Aal", "Ruhle", "Sarn", "Weir", "Olm", "Tarn", "Brede", "Ilve", "Nor")
SHORT = "Ada Brand bakes bread on Fridays for all."


def test_what_fits_whole_goes_before_what_must_be_cut():
    source = article("\n\n".join((*(LONG.replace("Lenn", river) for river in RIVERS), SHORT)))
    found = [one.text for one in excerpts(source)]
    assert (len(found), found[-1]) == (8, SHORT)
    assert excerpts(source, most=1)[0].text == LONG
    made = composed(source, 280)
    assert made.post.parts[0].text == SHORT
    assert not any(finding.rule == "sentence-cut" for finding in lint(made, source, Campaign(name="town")))


def test_a_sentence_that_must_be_cut_ends_with_a_clause_and_is_marked():
    made = composed(article(LONG), 280)
    said = made.post.parts[0].text
    assert said.endswith("…")
    assert LONG[len(said) - 1] == ","
    (found,) = (each for each in lint(made, article(LONG), Campaign(name="town")) if each.rule == "sentence-cut")
    assert found.level is Level.WARNING
    assert "280 code points" in found.what
    assert "`excerpt:`" in found.fix


# --- lower case -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        (
            "Liebe Mitglieder,\n\nam Sonntag fahren wir um den See. Der Kuchen kostet nichts.",
            "Liebe Mitglieder,\n\nam Sonntag",
        ),
        ("Dear members,\nthe club has bought a boat for eight rowers. Bring a rope.", "Dear members,\n\nthe club"),
        ("eBay bought the old mill in Milltown. Ada Brand keeps the keys.", "eBay bought"),
        ("example.org opens its archive. Ada Brand has scanned 4,000 letters.", "example.org opens"),
        ("’s Avonds is de molen open. Ada Brand heeft de sleutel.", "’s Avonds is"),
        ("all that we write is small. we like it so, and always did.", "all that we write"),
    ],
)
def test_how_an_excerpt_begins(text: str, opening: str):
    assert any(" ".join(one.split()).startswith(" ".join(opening.split())) for one in texts(text))


def test_no_excerpt_begins_in_lower_case_within_an_article():
    bread = "on Sunday 400 loaves of bread wait for the town."
    text = f"The mill opened in May after two years.\n\nA mill at work\n\n{bread}\n\nAda Brand bakes."
    found = texts(text)
    assert found
    assert not any(one[0].islower() for one in found)


# --- quotations -------------------------------------------------------------------------------------------------------

FATHER = "“My father lit this oven in 1949. He said it should never go out."
TWICE = "“It went out twice. Once in the flood, and once in 1974."
GOOD = "“Tomorrow it goes out for good,” Ada Brand said, and gave the last roll to a boy."


def test_a_quotation_of_several_paragraphs_leads_as_a_whole():
    text = "\n\n".join((FATHER, TWICE, GOOD, "The rooms will become a bookshop in May."))
    found = texts(text)
    assert any(one.startswith("\n\n".join((FATHER, TWICE, GOOD))) for one in found)
    for one in found:
        assert not one.startswith(("“It went out", "He said", "Once in"))
        assert "Ada Brand said" in one or "“" not in one


def test_a_sentence_before_a_quotation_of_several_paragraphs_says_whose_it_is():
    good = "“Tomorrow it goes out for good.”"
    text = f"Ada Brand closed her bakery on Friday. {FATHER}\n\n{TWICE}\n\n{good}\n\nThe rooms stand empty."
    assert not any("oven" in one for one in texts(text)), "nothing says that she said it"
    told = text.replace("on Friday.", "on Friday and said:")
    assert any("oven" in one and one.endswith("for good.”") for one in texts(told))


def test_a_quotation_that_no_sentence_gives_to_anybody_is_left_out():
    text = "The joinery is a hundred years old. “A letter came. I knew that we would stay.” The hall laughed at that."
    assert not any("letter" in one for one in texts(text))


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("en", "“She told me, ‘You will never learn it. Go home.’ I stayed,” Ida Kern said on Sunday.", 2),
        ("en", "\"She told me, 'You will never learn it. Go home.' I stayed,\" Ida Kern said on Sunday.", 2),
        (
            "fr",
            "« Mon père disait : ‹ Une cloche manque. Il faut la garder. › Je suis restée », a raconté Léa Morin.",
            2,
        ),
        ("de", "„Sie sagte: ‚Du lernst das nie. Geh heim.‘ Ich bin geblieben“, erzählte Ida Kern.", 2),
        ("ja", "「先生は『本は窓だ。開けなさい』と言いました。だから開けます」と館長の田中さんは語った。", 2),
    ],
)
def test_a_quotation_within_another_is_kept_whole(language: str, text: str, told: int):
    assert len(marks(text).pairs) == told
    assert not marks(text).doubtful
    found = texts(f"{text}\n\n{text}", language=language)
    assert found
    assert all(text in one for one in found)


@pytest.mark.parametrize(
    "paragraph",
    [
        "“Tomorrow it goes out for good, and that is all there is to say.” Nobody answered her.",
        (
            "“My father lit this oven in 1949, when the town had neither a station nor a school, and he said to all who "
            "would hear it that it should never go out as long as anybody in Milltown still ate bread, which they do to "
            "this day,” said Ada Brand."
        ),
        "See https://town.example/bakery for details of the sale of the old machines.",
        "Where: the old town hall of Milltown\nWhen: Sunday 10 am to 4 pm",
    ],
)
def test_a_card_says_nothing_without_its_speaker(paragraph: str):
    lead = "Ada Brand closed her bakery on Friday after forty-one years at the oven."
    source = read(f"---\nlink: https://town.example/a\ntitle: T\nexcerpt: {lead}\n---\n{lead}\n\n{paragraph}")
    from bot.platforms import adapters

    channel = Channel(name="bluesky", platform="bluesky", limits=adapters()["bluesky"].LIMITS)
    (made,) = compose(source, Campaign(name="town"), [channel])
    assert made.post.parts[0].card is not None
    assert made.post.parts[0].card.description == ""


# --- Arabic and Persian -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "dangling", "news"),
    [
        ("ar", "وقال زائر: «أعجبتني القاعة الجديدة كثيرا».", "افتتح متحف البلدة قاعة جديدة بعد ثلاث سنوات من العمل."),
        ("fa", "او گفت: «این تالار را خیلی دوست داشتم.»", "موزهٔ شهر تالار تازه‌ای را پس از سه سال کار باز کرد."),
    ],
)
def test_and_somebody_said_is_no_beginning(language: str, dangling: str, news: str):
    assert not any(one.startswith(dangling) for one in texts(f"{dangling}\n\n{news}", language=language))
    assert f"{news}\n\n{dangling}" in texts(f"{news}\n\n{dangling}", language=language)


def test_an_and_that_only_joins_costs_little():
    text = "افتتح متحف البلدة قاعة جديدة. {} القاعة 240 قطعة من أدوات الصيادين القديمة."
    joined, plain = (excerpts(article(text.format(word), language="ar")) for word in ("وتضم", "تضم"))
    score = {one.text[:4]: one.score for one in (*joined, *plain) if "افتتح" not in one.text}
    assert score["وتضم"] < score["تضم "]


# --- facts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["**{}:** ", "**{}**: ", "__{}:__ "])
def test_bold_facts_stay_apart(label: str):
    lines = "\n".join(label.format(name) + fact for name, fact in (("Where", "Town hall"), ("When", "Sunday 10 am")))
    source = read(f"The museum opens its cellar on Sunday.\n\n{lines}")
    assert source.text.endswith("Where: Town hall\nWhen: Sunday 10 am")
    found = [one.text for one in excerpts(source)]
    assert f"The museum opens its cellar on Sunday.\n\n{'Where: Town hall'}\nWhen: Sunday 10 am" in found
    assert found[0].endswith("When: Sunday 10 am")
    lead = "The museum opens its cellars for one day, and everyone may look into the 14,000 boxes."
    longer = read(f"{lead}\n\n{lines}\n\n## What to see\n\nThe ferry of 1911 carried 300 people a day.")
    assert excerpts(longer)[0].text.startswith(f"{lead}\n\nWhere")
    assert not any(one.startswith(("Where", "When")) for one in found)


def test_a_line_that_merely_wraps_still_flows():
    assert read("The **museum** opens\n**its cellar** on Sunday.").text == "The museum opens its cellar on Sunday."


# --- scripts without spaces -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "phrase", "space"),
    [
        ("th", "ห้องสมุดประชาชนเปิดให้บริการในวันอาทิตย์", " "),
        ("lo", "ຫໍສະໝຸດເປີດໃຫ້ບໍລິການໃນວັນອາທິດ", " "),
        ("km", "បណ្ណាល័យបើកនៅថ្ងៃអាទិត្យ", "\u200b"),
        ("my", "စာကြည့်တိုက်ကိုတနင်္ဂနွေနေ့တွင်ဖွင့်သည်", " "),
    ],
)
def test_without_a_dictionary_only_spaces_part_words(language: str, phrase: str, space: str):
    text = space.join([phrase] * 60)
    (found,) = excerpts(article(text, language=language))
    assert len(found.text) > 450
    assert found.text.endswith(phrase)
    assert text[found.end] == space
    assert excerpts(article(phrase * 60, language=language)) == ()


# --- what opens an article --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (
            "Good evening, and thank you for coming.\n\nTonight the warehouse becomes a school for 120 people.",
            "Tonight the",
        ),
        ("Уважаемые жители!\n\nс понедельника старый мост через реку закрыт на ремонт.", "Уважаемые жители!\n\nс"),
        (
            "Mesdames, messieurs, chers amis,\n\nil y a cent ans, la ville avait une cloche.",
            "Mesdames, messieurs, chers",
        ),
        (
            "Where: the old bridge\nFrom: Monday, 4 May\n\nThe old bridge closes for five months of repairs.",
            "The old bridge",
        ),
        (
            "OpenDesk 2.1 can read tapes from 1986. Run this:\n\n```\nread\n```\n\nThe reader took four years.",
            "OpenDesk",
        ),
    ],
)
def test_the_lead_is_what_tells_something(text: str, lead: str):
    blocks_of = read(text) if "\nFrom" not in text else read(text.replace("\nFrom", "  \nFrom"))
    best = excerpts(blocks_of)[0]
    assert best.text.startswith(lead)
    assert best.reason in (Reason.LEAD, Reason.WHOLE)


def test_entries_of_a_live_report_stay_apart_and_lose_their_times():
    found = texts(
        "18:40 The warning is lifted in the lower town.\n\n17:05 6,500 sandbags are filled, says the fire brigade.\n\n"
        "15:30 – The river stands at 4.12 metres."
    )
    assert "6,500 sandbags are filled, says the fire brigade." in found
    assert not any(time in one for one in found for time in ("18:40", "17:05", "15:30"))


def test_in_this_hall_needs_the_hall():
    text = "The museum opens a new hall on Sunday. In this hall 240 tools of the fishermen are shown."
    assert not any(one.startswith("In this hall") for one in texts(text))
    assert any(one.startswith("In this year") for one in texts(text.replace("In this hall", "In this year")))
