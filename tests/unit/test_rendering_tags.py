"""Hashtags where their words stand, when a campaign wants them there."""

from dataclasses import replace

import pytest

from bot.domain import rendering
from bot.domain.article import Block, BlockKind
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits
from bot.domain.post import Post, SpanKind
from bot.errors import BadInput
from tests.unit.posts import CARDS, FEDIVERSE, LEAD, ROOM, WEIGHTED, article, channel, excerpt

KINDS = {"weighted": WEIGHTED, "fediverse": FEDIVERSE, "cards": CARDS, "room": ROOM}
TEXT = "Reading is free. The library lends chairs, and reading after dark needs a lamp."


def post(text: str, tags: tuple[str, ...], limits: Limits = ROOM, *, woven: bool = True, **facts: object) -> Post:
    campaign = Campaign(name="spring", template="{excerpt}\n\n{tags}", tags_in_text=woven)
    return rendering.render(article(text, tags=tags, link="", **facts), excerpt(text), campaign, channel(limits))


def said(*args: object, **facts: object) -> str:
    return "\n--\n".join(part.text for part in post(*args, **facts).parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tag_whose_word_stands_in_the_text_gets_its_sign_there_and_is_not_repeated(kind):
    [part] = post(TEXT, ("reading", "Night trains", "library"), KINDS[kind]).parts
    assert part.text == (
        "#Reading is free. The #library lends chairs, and reading after dark needs a lamp.\n\n#NightTrains"
    )
    tags = [(part.text[span.start : span.end], span.kind) for span in part.spans]
    assert tags == [("#Reading", SpanKind.TAG), ("#library", SpanKind.TAG), ("#NightTrains", SpanKind.TAG)]


def test_a_campaign_that_does_not_ask_keeps_the_words_as_they_are():
    assert said(TEXT, ("reading",), woven=False) == f"{TEXT}\n\n#Reading"


@pytest.mark.parametrize(
    "text",
    [
        "The readings begin.",
        "A reading-room opens.",
        "Reading's end.",
        "See https://example.org/reading today.",
        "Write to reading@example.org today.",
        "Ask @reading today.",
        'The mayor said: "Reading is free."',
        "Die Bürgermeisterin sagte: „Reading ist frei.“",
        "市长说：「Reading 是免费的」。",
        "An unclosed “reading that never ends.",
        "図書館Readingは無料。",
        "A #reading stands there.",
    ],
)
def test_no_word_is_touched_that_is_not_the_tag_itself_or_not_ours(text):
    made = said(text, ("reading",), CARDS)
    assert made.startswith(text)


@pytest.mark.parametrize(
    ("text", "tag", "woven"),
    [
        ("Гости читают. Чтение бесплатно.", "чтение", "Гости читают. #Чтение бесплатно."),
        ("کتابخانه باز است.", "کتابخانه", "#کتابخانه باز است."),
        ("図書館、今夜も開館。", "図書館", "#図書館、今夜も開館。"),
        ("Straße frei!", "STRASSE", "Straße frei!\n\n#STRASSE"),
        ("The (reading) room.", "reading", "The (#reading) room."),
    ],
)
def test_words_of_every_script(text, tag, woven):
    assert said(text, (tag,)).startswith(woven)


def test_words_that_somebody_else_says_stay_as_they_are():
    text = "Reading is free."
    quoted = (Block(kind=BlockKind.QUOTE, start=0, end=len(text)),)
    assert said(text, ("reading",), blocks=quoted) == f"{text}\n\n#Reading"


def test_what_is_woven_leaves_room_for_the_others_and_counts_once():
    limits = Limits(length=44, unit=ROOM.unit, tags=3)
    text = "The library lends chairs to readers."
    assert said(text, ("library", "chairs", "Town"), limits, woven=False) == text
    assert said(text, ("library", "chairs", "Town"), limits) == "The #library lends #chairs to readers."
    assert said(text, ("library", "Town"), limits) == "The #library lends chairs to readers.\n\n#Town"


def test_a_dropped_sentence_takes_no_tag_along():
    limits = Limits(length=60, unit=ROOM.unit, tags=3)
    text = "The library lends chairs to all its readers. Reading is free."
    assert said(text, ("reading",), limits) == "The library lends chairs to all its readers.\n\n#Reading"


def test_in_a_thread_each_tag_stands_once():
    made = post(f"{LEAD} {LEAD}", ("librarians", "Sundays", "Lamps"), WEIGHTED, thread=True)
    text = "\n".join(part.text for part in made.parts)
    assert [text.count(tag) for tag in ("#librarians", "#Sundays", "#Lamps")] == [1, 1, 1]
    assert "#Sundays" in made.parts[0].text
    assert made.parts[-1].text.endswith("#Lamps")
    assert all(part.length <= part.limit for part in made.parts)


def test_but_for_the_sign_the_words_stay_verbatim():
    assert said(TEXT, ("reading", "library", "lamp")).replace("#", "") == TEXT


LONG = " ".join(f"Sentence number {n} tells how the old tram came back to town." for n in range(40))


def required(text: str, limits: Limits, *, thread: bool = False, **campaign: object) -> Post:
    made = Campaign(name="spring", tags=("spring",), required_tags=("paid advertisement", "Imprint"), **campaign)  # type: ignore[arg-type]
    written = article(text, tags=("trams", "Imprint", "town"), link="", thread=thread)
    return rendering.render(written, excerpt(text), made, channel(limits))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 9])
def test_what_a_campaign_requires_is_never_counted_out_and_comes_first(kind, most):
    [part] = required(TEXT, replace(KINDS[kind], tags=most)).parts
    wanted = ["#PaidAdvertisement", "#Imprint", *["#Trams", "#Town", "#Spring"][: max(most - 2, 0)]]
    assert part.text.splitlines()[-1] == " ".join(wanted)
    assert [part.text[span.start : span.end] for span in part.spans if span.kind is SpanKind.TAG] == wanted
    assert [span.target for span in part.spans if span.kind is SpanKind.TAG] == [each[1:] for each in wanted]


@pytest.mark.parametrize("kind", ["weighted", "fediverse", "cards"])
@pytest.mark.parametrize("thread", [False, True])
def test_what_a_campaign_requires_keeps_its_room_when_all_else_gives_way(kind, thread):
    post = required(LONG, KINDS[kind], thread=thread)
    last = post.parts[-1]
    assert last.text.splitlines()[-1].startswith("#PaidAdvertisement #Imprint")
    assert last.length <= last.limit
    assert "#Imprint" not in "".join(part.text for part in post.parts[:-1])
    assert not any("#Imprint" in note for note in post.notes)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{excerpt}", "Tea is free.\n\n#PaidAdvertisement #Imprint\nBy us"),
        ("{tags} {excerpt} {disclosure}", "#PaidAdvertisement #Imprint #Trams Tea is free. By us"),
        ("{disclosure} | {excerpt}", "#PaidAdvertisement #Imprint\nBy us | Tea is free."),
    ],
)
def test_a_template_that_forgot_them_gets_them_all_the_same(template, text):
    assert required("Tea is free.", ROOM, template=template, disclosure="By us").parts[0].text == text


def test_what_the_excerpt_says_may_be_cut_so_it_does_not_stand_for_what_is_required():
    assert "\n\n#PaidAdvertisement #Imprint" in required(f"{LONG} Buy a #Imprint.", WEIGHTED).parts[0].text


def test_a_channel_without_room_for_them_gets_no_post():
    with pytest.raises(BadInput, match="required hashtags"):
        required("Tea.", replace(WEIGHTED, length=20))
