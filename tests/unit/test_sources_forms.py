"""One article file: its front matter and its bytes."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import BadArticle
from bot.sources import article as reading
from tests.unit.folders import TEXT, read


def fault(content: str | bytes, name: str = "a.md") -> BadArticle:
    with pytest.raises(BadArticle) as caught:
        read(content, name)
    return caught.value


# --- front matter -----------------------------------------------------------------------------------------------------


def test_every_field():
    found = read(
        "---\ntitle: 1984\nauthor: Ada Brand\nlink: HTTPS://library.example.org/größe?a=b#c\nlanguage: no\n"
        "tags: night trains, ضيف، 図書館、夜\ndate: 2026-05-01\nnot_before: 2026-05-01 09:30\nexpires: 2026-05-31\n"
        "status: Draft\nchannels: [x, mastodon__library]\nexcerpt: |\n  Own\n  words.\nthread: Yes\nwarning: knives\n"
        f"visibility: Unlisted\nimages:\n---\n{TEXT}",
        zone="Europe/Paris",
    )
    assert (found.title, found.author, found.language, found.text) == ("1984", "Ada Brand", "no", TEXT)
    assert found.link == "HTTPS://library.example.org/größe?a=b#c"
    assert found.tags == ("night trains", "ضيف", "図書館", "夜")
    assert found.date == datetime(2026, 4, 30, 22, tzinfo=UTC)
    assert found.not_before == datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
    assert found.expires == datetime(2026, 5, 31, 21, 59, 59, 999999, tzinfo=UTC), "the day that is named is still good"
    assert (found.ready, found.channels, found.excerpt) == (False, ("x", "mastodon__library"), "Own\nwords.")
    assert (found.thread, found.warning, found.visibility) == (True, "knives", "unlisted")


def test_the_guide_shows_every_field_with_an_example():
    guide = (Path(__file__).resolve().parents[2] / "docs" / "articles.md").read_text(encoding="utf-8")
    for name in (*reading.article_fields("UTC"), *reading.CAMPAIGN_FIELDS):
        assert f"\n| `{name}` |" in guide
    examples = [text for text in guide.split("```")[1::2] if text.startswith("yaml\n")]
    whole, campaign = (text.removeprefix("yaml\n") for text in examples)
    found = read(whole + TEXT)
    assert (found.language, found.thread, found.visibility) == ("en", False, "public")
    assert set(reading.article_fields("UTC")) == set(re.findall(r"^(\w+):", whole, re.MULTILINE))
    assert reading.campaign_of(campaign.encode(), "library", "campaign.yaml").disclosure
    assert set(reading.CAMPAIGN_FIELDS) == set(re.findall(r"^(\w+):", campaign, re.MULTILINE))


def test_nothing_is_required():
    found = read(TEXT)
    assert (found.title, found.language, found.ready) == (TEXT, "en", True)
    assert (found.link, found.date, found.thread, found.excerpt, found.warning) == ("", None, False, "", "")


@pytest.mark.parametrize("moment", ["2026-05-01T09:30:00Z", "2026-05-01 11:30+02:00", "20260501T093000+00:00"])
def test_a_time_with_an_offset_is_taken_as_it_is(moment: str):
    assert read(f"---\ndate: {moment}\n---\n{TEXT}", zone="Asia/Tokyo").date == datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("bare", ["date:", "title: ''", "images:", "tags:", "link:", "expires:", "status:"])
def test_a_field_left_empty_is_not_there(bare: str):
    given, none = read(f"---\n{bare}\n---\n{TEXT}"), read(TEXT)
    assert replace(given, digest="") == replace(none, digest="")


@pytest.mark.parametrize(
    ("field", "what", "hint"),
    [
        ("tilte: a", "unknown field 'tilte'", "did you mean title?"),
        ("zzz: a", "unknown field 'zzz'", "known fields: author, channels, date"),
        ("date: tomorrow", "date: 'tomorrow' is not a date such as 2026-12-01 or 2026-12-01 09:30", ""),
        ("date: 2026-02-30", "date: '2026-02-30' is not a date", ""),
        ("date: 0001-01-01 00:00+05:00", "date: '0001-01-01 00:00+05:00' is not a date", ""),
        ("date: [2026]", "date: must be text", ""),
        ("language: english", "language: 'english' is not a language tag such as en, fa or pt-BR", ""),
        ("link: www.example.org", "link: 'www.example.org' is not an address that starts with https:// or http://", ""),
        ("link: https:///night", "link: 'https:///night' is not an address", ""),
        ("link: https://a b", "link: 'https://a b' is not an address", ""),
        ("status: published", "status: 'published' is neither draft nor ready", ""),
        ("thread: maybe", "thread: 'maybe' is neither yes nor no", ""),
        ("visibility: friends", "visibility: 'friends' is none of public, unlisted, private, direct", ""),
        ("images: [{alt: a}]", "images: each image is a file name, or `file:` with `alt:`", ""),
        ("images: [{file: a, text: b}]", "images: each image is a file name", ""),
        ("tags: {a: b}", "tags: must be text", ""),
        ("author: [a]", "author: must be text", ""),
        ("warning: a", "warning is there twice", "leave one of them"),
        (
            "'open: a",
            "the fields cannot be read: a quote or a bracket is opened and never closed",
            "check quotes, colons",
        ),
        ("- a: b: c", "the fields cannot be read", "check quotes, colons"),
        ("[a, b]: c", "the fields cannot be read: a list stands where a name must", "check quotes, colons"),
        ("title: *a", "the fields cannot be read: a value begins with *", "check quotes, colons"),
        ("tags: ]", "the fields cannot be read: a value begins with a mark", "check quotes, colons"),
        (
            "tags: [a",
            "the fields cannot be read: a quote or a bracket is opened and never closed",
            "check quotes, colons",
        ),
        ("tags:\n\t- a", "the fields cannot be read: there is a tab", "check quotes, colons"),
        ('author: "C:\\x"', "the fields cannot be read: a backslash stands in double quotes", "check quotes, colons"),
        ("title: @library", "the fields cannot be read: a value begins with a mark", "check quotes, colons"),
        ("expires: 2026-01-01", "expires: it would be over before not_before", ""),
    ],
)
def test_a_faulty_field_names_its_line(field: str, what: str, hint: str):
    found = fault(f"---\nwarning: b\nnot_before: 2026-03-01\n\n{field}\n---\n{TEXT}")
    line = (
        6 if field.startswith(("'open", "tags: [a", "tags:\n")) else 5
    )  # where what is open ends, and the second line
    assert found.where == f"queue/library/a:{line}"
    assert found.what.startswith(what)
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (f"---\ntitle: a\n\n{TEXT}", 1, "the front matter is never closed"),
        (f"\n\n---\ntitle: a\n\n{TEXT}", 3, "the front matter is never closed"),
        (f"\n\n---\ntitel: a\n---\n{TEXT}", 4, "unknown field 'titel'"),
        ("---\n- a\n---\n" + TEXT, 2, "the fields must be lines of `name: value`"),
        ("---\njust words\n---\n" + TEXT, 2, "the fields must be lines of `name: value`"),
        ("---\nx: " + "a" * 60_000 + "\n---\n" + TEXT, 2, "the fields have 60,004 characters, 50,000 is the most"),
        ("---\ntitle: " + "[" * 40_000 + "\n---\n" + TEXT, 2, "the fields cannot be read: brackets within brackets"),
        ("", 1, "there is no text to post"),
        (" \n\t\n", 1, "there is no text to post"),
        ("---\ntitle: a\n---\n", 4, "there is no text to post"),
        ("# Only a heading\n\n```\ncode()\n```\n", 1, "there is no text to post"),
        ("![only](picture.png)", 1, "there is no text to post"),
        ("<!-- nothing -->", 1, "there is no text to post"),
    ],
    ids=range(13),
)
def test_a_file_that_cannot_be_taken(content: str, line: int, what: str):
    found = fault(content)
    assert (found.where, found.what.startswith(what)) == (f"queue/library/a:{line}", True)


def test_words_of_ones_own_need_no_text_beside_them():
    found = read("---\nexcerpt: Die Bibliothek öffnet ab Mai auch in der Nacht für alle Leserinnen.\n---\n")
    assert (found.text, found.title[:14], found.language) == ("", "Die Bibliothek", "de")


def test_front_matter_is_closed_by_dots_too_and_a_rule_below_it_is_none():
    assert read(f"---\ntitle: a\n...\n{TEXT}\n\n---\n\nMore.").text == f"{TEXT}\n\nMore."


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_byte_order_mark_line_ends_and_composed_letters():
    plain = read(f"---\ntitle: Größe\n---\n\n{TEXT}\n\nCafé.\n")
    for raw in (
        f"\ufeff---\ntitle: Größe\n---\n\n{TEXT}\n\nCafé.\n".encode(),
        f"---\r\ntitle: Größe\r\n---\r\n\r\n{TEXT}\r\n\r\nCafé.\r\n".encode(),
        f"---\rtitle: Größe\r---\r\r{TEXT}\r\rCafé.\r".encode(),
        unicodedata.normalize("NFD", f"---\ntitle: Größe\n---\n\n{TEXT}\n\nCafé.\n").encode(),
        f"---\ntitle: Größe\n---\n\n{TEXT}\u2029Café.\n".replace("\u2029", "\u2028\u2028").encode(),
        f"---\ntitle: Größe\n---\n\n\x1b{TEXT}\x07\n\nCafé.\x9f\n".encode(),
    ):
        found = read(raw)
        assert (found.title, found.text, found.blocks) == (plain.title, plain.text, plain.blocks)


def test_what_escapes_and_entities_bring_is_tidied_too():
    found = read(
        f'---\ntitle: "a\\e[31mb\\0\\x9fc\\u200dd\\uD800 Cafe\\u0301"\n---\nCafe&#769; &#27;&#x9f;&#xd800;b&#8205;c.\n\n{TEXT}'
    )
    assert found.title == "a[31mbc\u200dd Café"
    assert found.text.startswith("Café ")
    page = read("<p>Cafe&#769; &#27;&#x9f;&#xd800;b&#8205;c, and so on.</p>", "a.html")
    for text in (found.text, page.text):
        text.encode()
        assert not any(unicodedata.category(sign) == "Cc" and sign != "\n" for sign in text)
        assert "b\u200dc" in text


def test_joiners_and_direction_marks_stay():
    words = "کتابخانه‌ای که می‌آید \u200fو 👩‍🚀 می‌ماند."
    assert read(words).text == words


@pytest.mark.parametrize(
    ("raw", "line", "what"),
    [
        ("Ein Satz.\n\nEine Größe.".encode("latin-1"), 3, "the file is not UTF-8 text"),
        (TEXT.encode("utf-16"), 1, "the file is UTF-16, not UTF-8"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), 1, "the file is UTF-16, not UTF-8"),
        (b"One line.\nAnd a \0 in the second.", 2, "the file is not text"),
        (b"PK\x03\x04\x14\x00\x06\x00", 1, "the file is not text"),
    ],
    ids=["latin-1", "utf-16", "utf-16-be", "nul", "zip"],
)
def test_other_encodings_name_the_line(raw: bytes, line: int, what: str):
    found = fault(raw)
    assert (found.where, found.what) == (f"queue/library/a:{line}", what)


@pytest.mark.parametrize(
    "title", ["Live: the spring flood", "It's on: 7 a.m.: doors", 'The "Ark": a boat', "Ende: gut", "a: b # c"]
)
def test_a_title_may_hold_a_colon_without_quotes(title: str):
    assert read(f"---\ntitle: {title}\n---\n{TEXT}").title == title
