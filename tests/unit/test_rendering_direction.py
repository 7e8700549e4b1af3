"""Posts that run from right to left: what is marked, where, at what cost, and what is left alone."""

import random
from unicodedata import bidirectional

import pytest

from bot.domain.channel import LinkRule
from bot.domain.linting.proof import plain
from bot.domain.post import Part, Post
from bot.domain.rendering import direction
from bot.domain.text import links, measure
from tests.unit.posts import CARDS, FEDIVERSE, LEAD, ROOM, WEIGHTED, render

KINDS = {"weighted": WEIGHTED, "fediverse": FEDIVERSE, "cards": CARDS, "room": ROOM}
RLM, LRI, PDI = direction.RLM, direction.LRI, direction.PDI
FA = "کتابخانه از ساعت 10–20 باز است."
LATIN_FIRST = "NASA نمایشگاهی در کتابخانه می‌گذارد."
HE = "הספרייה פתוחה בכל יום."


def only(post: Post) -> Part:
    [part] = post.parts
    return part


def bare(text: str) -> str:
    return "".join(letter for letter in text if letter not in (RLM, LRI, PDI))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", ["NASA", "@ada", "#Milltown", "e-mail", "2026 NASA"])
def test_a_paragraph_that_begins_with_latin_letters_still_runs_from_the_right(kind, start):
    text = f"{FA}\n\n{start} نمایشگاهی در کتابخانه می‌گذارد."
    first, last = only(render(text, KINDS[kind])).text.split("\n\n")
    assert not first.startswith(RLM)
    assert last.startswith(RLM)
    strong = next(letter for letter in last if bidirectional(letter) in ("L", "R", "AL"))
    assert bidirectional(strong) == "R"


def test_the_first_line_decides_for_a_platform_that_asks_once():
    made = only(render(HE, WEIGHTED, template="{title}\n\n{excerpt}\n\n{tags}", title="NASA 2026", tags=("Milltown",)))
    assert made.text == f"{RLM}NASA 2026\n\n{HE}\n\n#Milltown"


@pytest.mark.parametrize(
    ("line", "isolated"),
    [
        ("کتابخانه از ساعت 10–20 باز است.", "10–20"),
        ("کتابخانه از 2026-05-01 باز است.", "2026-05-01"),
        ("תפתח בין 10–20 במאי.", "10–20"),
        ("פרטים אצל @ada@town.example בספרייה.", "@\u2060ada@town.example"),
        ("זנגנו ל־ +972-2-555-0100 היום.", "+972-2-555-0100"),
        ("גרו ב־https://library.example.org/a/ היום.", "https://library.example.org/a/"),
    ],
)
def test_what_the_algorithm_would_turn_round_is_isolated(line, isolated):
    assert f"{LRI}{isolated}{PDI}" in only(render(line, ROOM)).text


@pytest.mark.parametrize(
    "line",
    [
        "הספרייה פתוחה 10-20 איש.",  # figures with a hyphen between them stay in order in Hebrew
        "ساعت 10:30 باز می‌شود و 1,234 کتاب دارد.",
        "ساعت ۱۰–۲۰ باز است.",  # figures of the script itself are read in its direction
        "گروه NASA در تهران است.",
        "کتابخانه در Town Library, Main Street است.",
        "ראו https://library.example.org/a עוד היום.",
        f"کتابخانه از ساعت {LRI}10–20{PDI} باز است.",
    ],
)
def test_what_stays_in_order_is_left_alone(line):
    assert only(render(line, ROOM)).text == line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", [LEAD, "The word بیت means house, 10–20 @ada https://a.org/b/.", "図書館は10–20時。", ""]
)
def test_nothing_is_marked_in_a_post_from_left_to_right(kind, text):
    assert bare(only(render(text, KINDS[kind])).text) == only(render(text, KINDS[kind])).text


@pytest.mark.parametrize("kind", KINDS)
def test_marks_are_counted_and_never_part_of_a_link(kind):
    limits = KINDS[kind]
    text = f"NASA در https://library.example.org/a/ و https://library.example.org/b است. {FA}"
    part = only(render(text, limits, template="{excerpt}\n\n{link}", link="https://library.example.org/c/"))
    assert part.length == measure.length(part.text, limits) > measure.length(bare(part.text), limits)
    shown = [part.text[span.start : span.end] for span in part.spans]
    assert shown == [span.target for span in part.spans]
    assert shown[:2] == ["https://library.example.org/a/", "https://library.example.org/b"]
    if limits.link_rule is not LinkRule.SPANS:
        assert [span.target for span in links.links(part.text, limits.link_rule)] == [s.target for s in part.spans]


def test_on_the_fediverse_no_mark_follows_an_address_that_would_swallow_it():
    line = "גרו ב־ https://library.example.org/a/ אצל @ada היום."
    assert only(render(line, FEDIVERSE)).text == f"גרו ב־ https://library.example.org/a/ אצל {LRI}@\u2060ada{PDI} היום."


def test_a_link_with_letters_from_the_right_turns_no_line_of_its_own():
    part = only(render("گروه NASA است.", ROOM, template="{excerpt}\n\n{link}", link="https://a.org/%D8%AE%D8%A8%D8%B1"))
    assert RLM not in part.text
    english = only(render("Open now.", FEDIVERSE, template="{excerpt}\n\n{link}", link="https://a.org/خبر"))
    assert english.text == "Open now.\n\nhttps://a.org/خبر"


def balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter in "\u2066\u2067\u2068") - (letter == PDI)
        if depth < 0 or (letter == "\n" and depth):
            return False
    return depth == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_of_a_cut_text_is_balanced_and_fits(kind):
    rng, limits = random.Random(3), KINDS[kind]
    words = [
        "کتابخانه",
        "NASA",
        "@ada",
        "10–20",
        "باز",
        "است.",
        "https://a.org/b/",
        f"{LRI}2–3{PDI}",
        "و",
        "شهر،",
        "\n\n",
    ]
    for _ in range(60):
        text = " ".join(["کتابخانهٔ شهر", *rng.choices(words, k=rng.randrange(5, 160))]).strip()
        made = render(text, limits, thread=bool(rng.randrange(2)), tags=("Night Trains", "قطار شب"))
        for part in made.parts:
            assert balanced(part.text), part.text
            assert not part.limit or part.length <= part.limit


def test_an_isolate_of_the_author_that_a_cut_left_open_is_closed():
    text = f"کتابخانه {LRI}" + "Town Library " * 30 + f"{PDI} است. {FA}"
    assert direction.runs_from_right(text)
    assert balanced(only(render(text, WEIGHTED)).text)


def test_twice_is_the_same_as_once():
    text = f"NASA در @ada و 10–20 و https://a.org/b/ است.\n{FA}"
    for rule in LinkRule:
        once = direction.inserted(text, direction.inserts(text, rule, "", marked=True))
        assert once != text
        assert direction.inserts(once, rule, "", marked=True) == ()


def test_copies_for_comparing_have_no_marks():
    part = only(render(f"NASA با @ada و 10–20. {FA}", CARDS))
    assert part.text != bare(part.text) == plain(part.text)
