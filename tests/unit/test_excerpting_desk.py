"""What a newsroom would never post: the line that hands a text over, half a list, an address, somebody's presentation."""

import pytest

from bot.domain.article import Article, BlockKind
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel, Limits, Unit
from bot.domain.composing import Composition, compose
from bot.domain.excerpting import excerpts
from bot.domain.excerpting.voices import voice
from bot.domain.linting import lint
from bot.domain.text import blocks, covers, marginalia, words
from bot.domain.text.quotes import marks
from bot.sources.article import read

CHANNEL = Channel(name="c", platform="p", limits=Limits(length=280, unit=Unit.CODE_POINTS))


def article(source: str, name: str = "a.md") -> Article:
    return read(source.encode(), "town", name, name, "UTC", lambda _: ("", 0.0)).article


def offered(source: str, name: str = "a.md") -> list[str]:
    return [one.text for one in excerpts(article(source, name))]


def post(source: str, name: str = "a.md") -> Composition:
    return compose(article(source, name), Campaign(name="town"), (CHANNEL,))[0]


def told(source: str) -> str:
    """Return what a post says below its headline."""
    return post(source).post.parts[0].text.partition("\n\n")[2]


def rules(source: str, name: str = "a.md") -> set[str]:
    return {each.rule for each in lint(post(source, name), article(source, name), Campaign(name="town"))}


# --- covers and embargoes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Please find attached our press release about the ferry.",
        "Dear colleagues, please find below our statement.",
        "FOR IMMEDIATE RELEASE",
        "Press release no. 14/2026",
        "anbei unsere Medienmitteilung mit der Bitte um Veröffentlichung.",
        "Liebe Kolleginnen,\nim Anhang unsere Pressemitteilung zum Radweg.",
        "Mit herzlicher Bitte um Berichterstattung",
        "Veuillez trouver ci-joint le communiqué du musée.",
        "Pour diffusion immédiate",
        "Adjuntamos la nota de prensa del museo.",
        "Nota de prensa",
        "نرفق لكم بيان المتحف.",
        "للنشر الفوري",
        "به پیوست خبر موزه تقدیم می‌شود.",
        "现将博物馆新闻稿发给贵报，敬请刊发。",
        "博物館のプレスリリースを添付いたします。",
        "Во вложении пресс-релиз музея.",
        "Sperrfrist: Dienstag, 9 Uhr",
    ],
)
def test_a_line_that_hands_a_text_over_gives_no_words(line):
    assert covers.covering(line)
    text = f"{line}\n\nThe harbour museum shows forty ship's bells from Saturday on. Each may be rung once."
    assert not any(line[:20] in one for one in offered(text, "a.txt"))
    assert article(text, "a.txt").title.startswith("The harbour museum")


@pytest.mark.parametrize(
    "told",
    [
        "Please find your way to the pier before eight.",
        "The council published a press release on Monday.",
        "Anbei liegt das Dorf, in dem alles begann.",
        "Embargo talks resumed in May, and the port was quiet.",
        "在附件室里住着一只猫。",
        "Enclosed gardens keep their warmth until November.",
    ],
)
def test_a_sentence_that_tells_something_is_no_cover(told):
    assert not covers.covering(told)


def test_a_cover_above_the_news_of_its_paragraph_stays_out():
    told = "Please find attached our press release. The pier reopens on 4 May with twelve new lamps along its rail."
    assert offered(told, "a.txt")[0].startswith("The pier reopens")


@pytest.mark.parametrize(
    "notice",
    [
        "Embargo: 3 May, 10 a.m.",
        "**Strictly embargoed until 3 May**",
        "Sperrfrist: 03.05.2027, 10.00 Uhr",
        "Sous embargo jusqu’au 3 mai",
        "Embargado hasta el 3 de mayo",
        "محظور النشر حتى ٣ مايو",
        "ممنوعیت انتشار تا ۳ خرداد",
        "禁止提前发布",
        "发布时间不早于5月3日10时",
        "【解禁】5月3日",
        "報道解禁日時：5月3日",
        "Эмбарго до 3 мая",
    ],
)
def test_an_embargo_holds_the_post_until_not_before_is_set(notice):
    text = f"{notice}\n\nThe tower clock will strike again from the third of May on, after nine silent years."
    (found,) = (each for each in lint(post(text), article(text), Campaign(name="town")) if each.rule == "embargo")
    assert found.level == "error"
    assert "not_before" in found.fix
    assert "embargo" not in rules(f"---\nnot_before: 2027-05-03 10:00\n---\n{text}")
    assert notice.strip("*【】")[:8] not in post(text).post.parts[0].text


@pytest.mark.parametrize(
    "text",
    [
        "The wool embargo of 1807 made the mill rich.",
        "Sperrfrist: keine\n\nDer Turm schlägt wieder.",
        "アユ釣りが解禁された。川は朝からにぎわった。",
        "Le port resta sous embargo depuis ce jour-là.",
        "No embargo.\n\nThe tower clock strikes again.",
    ],
)
def test_an_embargo_that_is_told_of_or_denied_holds_nothing(text):
    assert covers.embargo(text) == ""


# --- lists ------------------------------------------------------------------------------------------------------------

HOURS = "- Sat 2 May: 10–14\n- Sun 3 May: closed\n- Mon 4 May: 9–18\n- Tue 5 May: 9–12"


def test_an_announced_list_goes_whole_or_not_at_all():
    source = f"# The pool in May\n\nThe pool opens as follows:\n\n{HOURS}\n\nThe slide is being painted. Bring a coin."
    for one in excerpts(article(source)):
        if "follows:" in one.text or "May:" in one.text:
            assert all(day in one.text for day in ("follows:", "Sat", "Sun", "Mon", "Tue"))
            assert one.sentences == (len(one.text),)
    assert "Tue 5 May: 9–12" in post(source).post.parts[0].text
    assert "list-cut" not in rules(source)


def test_a_list_of_prices_without_an_announcement_is_not_cut_either():
    prices = "- Adults: 6 euros\n- Children: 2 euros\n- Dogs: 1 euro"
    source = f"The lido reopens on Saturday, freshly painted and with warmer water.\n\n{prices}"
    assert all(("Adults" in one) == ("Dogs" in one) for one in offered(source))
    assert any("Adults" in one for one in offered(source))


def test_a_list_that_has_no_room_gives_way_to_another_passage():
    long = "\n".join(
        f"- Saturday {n} May: from {n % 9 + 1} to {n % 9 + 3} at the lower landing stage" for n in range(1, 12)
    )
    source = f"The ferry sails at these times:\n\n{long}\n\nDogs travel free, and bicycles stand at the bow."
    assert "Dogs travel free" in post(source).post.parts[0].text
    assert "sails" not in post(source).post.parts[0].text


def test_lint_tells_of_half_a_list_that_a_manager_chose():
    head = "---\nexcerpt: |\n  The pool opens as follows:\n\n  Sat 2 May: 10–14\n---\n"
    assert "list-cut" in rules(f"{head}The pool opens as follows:\n\n{HOURS}")
    tips = "- Oil the chain before the rain sets in.\n- Carry a spare tube, and a friend who can mend it."
    assert "list-cut" not in rules(f"---\nexcerpt: Oil the chain before the rain sets in.\n---\n{tips}")


# --- letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signed",
    [
        "Yours faithfully,\n\nDr. P. Amble (retired)\n7 Weir Lane\np.amble@example.org, tel. 01632 960 777",
        "Mit freundlichen Grüßen\n\nPeter Amsel\nWehrgasse 7\nTel. 0555 123456",
        "Cordialement,\nP. Merle\n7, rue du Barrage",
        "С уважением,\n\nПётр Дрозд\nул. Речная, 7",
        "With kind regards,\n\nP. Amble\n\n7 Weir Lane\nMilltown",
    ],
)
def test_who_signed_a_letter_and_where_they_live_gives_no_words(signed):
    source = (
        "The heron on the weir was there before the mill, and it will be there when the mill is flats.\n\n"
        f"It eats four eels a day. Nobody has asked it to move.\n\n{signed}\n\nP.S. It prefers the left bank in the rain."
    )
    found = article(source, "a.txt")
    assert not any("7" in one or "Amble" in one or "example.org" in one for one in offered(source, "a.txt"))
    kinds = {found.text[block.start : block.end]: block.kind for block in found.blocks}
    assert kinds["P.S. It prefers the left bank in the rain."] is BlockKind.PROSE


def test_greetings_within_a_story_close_nothing():
    assert not marginalia.closing("With best wishes from the crew, the boat left the pier at noon. It was raining.")
    assert not marginalia.signing("The crew waited for an hour, and then they rowed back to the lower pier without us.")


# --- leads and interviews ---------------------------------------------------------------------------------------------


def test_a_short_first_paragraph_goes_whole():
    source = (
        "# 5 things in the lake\n\nWe drain the lake every ten years. Here is what lay in it.\n\n- A bell.\n- A bath."
    )
    assert told(source).startswith("We drain the lake every ten years. Here is what lay in it.")


ANSWERS = (
    "**How many umbrellas are found in a year?**\n\n**Pell:** About six hundred. After the fair it is ninety in one night.\n\n"
    "**Do you use one yourself?**\n\n**Pell:** Never. I have seen too many of them leave."
)


def test_an_introduction_that_only_presents_somebody_gives_way_to_an_answer():
    met = "Oda Pell has kept the lost property office for twenty years. We met her among the hats."
    source = f"# Lost property\n\n{met}\n\n{ANSWERS}"
    assert told(source).startswith("How many umbrellas are found in a year?\n\nPell: About six hundred.")


def test_an_introduction_with_news_stays_the_lead():
    source = (
        f"# Lost property\n\nThe office gives away 4,100 umbrellas on Friday. Oda Pell has counted them.\n\n{ANSWERS}"
    )
    assert told(source).startswith("The office gives away 4,100 umbrellas")


# --- datelines and speakers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "本报讯（记者 何晴）",
        "本报讯 ",
        "新华社北京5月3日电（记者何晴）",
        "【河畔新闻】",
        "【本报讯】（记者 何晴）",
        "中新网5月3日电 ",
    ],
)
def test_a_chinese_dateline_goes(head):
    assert marginalia.dateline(f"{head}老钟楼周六重新敲响。") == len(head)


@pytest.mark.parametrize("told", ["本市电影院周六开门。", "本社电话变了。", "中国网电视台报道了钟楼。"])
def test_words_that_look_like_a_chinese_dateline_stay(told):
    assert marginalia.dateline(told) == 0


def test_a_title_taken_from_a_dispatch_has_no_dateline():
    source = (
        "OSTERBY, 3 May 2027 (Coast News) - The lighthouse is to be painted green, the council said.\n\nIt was red."
    )
    assert article(source, "a.txt").title == "The lighthouse is to be painted green, the council said."


@pytest.mark.parametrize(
    ("language", "text", "speaker"),
    [
        ("en", "“It hums,” said the architect Jonas Weil once.", "Jonas Weil"),
        ("en", "“It hums,” the architect Jonas Weil once said.", "Jonas Weil"),
        ("en", "“It hums,” said the keeper quietly.", "the keeper"),
        ("de", "„Er summt“, sagte der Architekt Jonas Weil einmal.", "Architekt Jonas Weil"),
        ("fr", "« Il chante », dit la gardienne Ida Colin hier.", "Ida Colin"),
        ("en", "“It hums,” said the museum director.", "the museum director"),
    ],
)
def test_when_somebody_spoke_is_no_part_of_who(language, text, speaker):
    assert voice(text, marks(text).pairs, words.of(language)).speaker == speaker


def test_blocks_of_a_cover_are_boilerplate():
    text = (
        "Guten Tag,\n\nanbei unsere Pressemitteilung.\n\nSperrfrist: 3. Mai\n\nDer Turm schlägt wieder, sagt die Stadt."
    )
    kinds = [block.kind for block in blocks.of_plain(text)]
    assert kinds == [BlockKind.BOILERPLATE] * 3 + [BlockKind.PROSE]
