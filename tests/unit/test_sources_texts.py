"""What Markdown, HTML and plain text become: words in blocks."""

import textwrap
from datetime import UTC, datetime

import pytest

from bot.errors import BadArticle
from tests.unit.folders import TEXT, blocks, read

MARKDOWN = """\
The night
=========

One *line*
and **the** `next`,\x20\x20
and [a link](https://example.org/a_b "title").

How it began
---

> Said once.
>
> - Said twice.

1. First
   still first
   - Inner

     Second of inner.
2. Second

| a | b |
|---|---|
| c | d |

```python
print('x')
```

    indented()

Free ~~5 €~~ entry &amp; tea &copy;\\*.
"""


def test_markdown_shapes():
    assert blocks(MARKDOWN) == [
        ("heading", "The night"),
        ("prose", "One line and the next,\nand a link."),
        ("heading", "How it began"),
        ("quote", "Said once."),
        ("list", "Said twice."),
        ("list", "First still first"),
        ("list", "Inner"),
        ("list", "Second of inner."),
        ("list", "Second"),
        *(("table", cell) for cell in "abcd"),
        ("code", "print('x')"),
        ("code", "indented()"),
        ("prose", "Free entry & tea ©*."),
    ]


def test_notes_at_the_foot_have_no_place_in_a_post():
    notes = "[^1]: A note\nthat goes on.\n\n    And on.\n\n[^a-b]: https://example.org/"
    found = blocks(f"{TEXT}[^1] More[^a-b] words.\n\n{notes}\n\nThe end.")
    assert found == [("prose", f"{TEXT} More words."), ("prose", "The end.")]


WITH_TAGS = """\
The hall.<br>A 3 m<sup>2</sup> room, CO<sub>2</sub>,<sup>[1]</sup> <q>quiet</q><!-- no -->,[^1] <s>old</s> new.

<div class="note">
<p>A note.</p>
<script>alert(1)</script>
</div>

<aside>

In between.

</aside>

[^1]: x y
"""


def test_html_within_markdown():
    assert blocks(WITH_TAGS) == [
        ("prose", "The hall.\nA 3 m² room, CO₂, “quiet”, new."),
        ("prose", "A note."),
        ("prose", "In between."),
    ]


def test_lines_of_a_script_without_spaces_join_without_one():
    found = read("图书馆五月起\n夜间开放，“欢迎”\n光临。\n\n한국어는\n띄어 쓴다.")
    assert found.text == "图书馆五月起夜间开放，“欢迎”光临。\n\n한국어는 띄어 쓴다."


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
def test_no_break_spaces_stay(name: str):
    words = "«\xa0Oui\xa0», dit-elle\u202f; 10\u202f000 m²."
    assert read(words, name).text == words


def test_titles():
    assert read(f"{TEXT}\n\n# The night\n\n{TEXT}").title == "The night"
    assert read(f"## The night\n\n{TEXT}").title == "The night"
    assert read(f"{TEXT}\n\n## Later\n\n{TEXT}").title == TEXT, "a heading further down is not the article's"
    assert read("word " * 60 + ".").title == "word " * 23 + "word…"
    assert len(read("図" * 200 + "。").title) == 121


# --- HTML -------------------------------------------------------------------------------------------------------------

FRAGMENT = """<?xml version="1.0" encoding="utf-8"?>
<h1>The night</h1>
<p>One <b>line<br>and</b> the
  next&nbsp;one &amp; &lt;b&gt;<font>!</font></p>And more text.
<ul><li>First<ul><li>Inner</li></ul></li><li>Second</li></ul>
<blockquote><p>Said.</p></blockquote><pre>a
  b</pre>
<table><tr><td>c</td></tr></table>
<p>図<ruby>書<rt>しょ</rt></ruby>館。<script>x()</script><style>y</style></p>
<nav>Home</nav><p><del>Old.</del> New.<sup><a href="#1">1</a></sup></p>
"""


def test_a_fragment():
    assert blocks(FRAGMENT, "a.html") == [
        ("heading", "The night"),
        ("prose", "One line\nand the next\xa0one & <b>!"),
        ("prose", "And more text."),
        ("list", "First"),
        ("list", "Inner"),
        ("list", "Second"),
        ("quote", "Said."),
        ("code", "a\n  b"),
        ("table", "c"),
        ("prose", "図書館。"),
        ("prose", "New."),
    ]


PAGE = """<!-- saved --><!DOCTYPE html><html lang="de-AT"><head><title>Die Nacht | Bibliothek</title>
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"NewsArticle","author":{{"@type":"Person",
"name":"Ada Brand"}},"datePublished":"2026-05-03T10:00:00+02:00"}}</script>
<link rel="canonical" href="https://library.example.org/nacht"></head>
<body><nav><a href="/">Start</a> <a href="/b">Impressum</a></nav><main><article><h1>Die Nacht</h1>{}</article></main>
<footer>Alle Rechte</footer><script>var x = 1;</script></body></html>"""
SENTENCE = "Die Bibliothek öffnet ab Mai auch in der Nacht, und alle dürfen bis elf Uhr bleiben und lesen."
LIST = "<h2>Wann</h2><ul><li>Montag</li><li>Dienstag</li></ul>"


@pytest.mark.parametrize("times", [1, 12], ids=["short", "long"])
def test_a_page(times: int):
    sentences = [f"{n}. {SENTENCE}" for n in range(times)]
    found = read(PAGE.format("".join(f"<p>{each}</p>" for each in sentences) + LIST), "a.html")
    assert (found.title, found.author, found.language) == ("Die Nacht", "Ada Brand", "de-AT")
    assert (found.link, found.date) == ("https://library.example.org/nacht", datetime(2026, 5, 3, tzinfo=UTC))
    kinds = [(str(block.kind), found.text[block.start : block.end]) for block in found.blocks]
    assert [words for kind, words in kinds if kind == "prose"] == sentences
    assert [words for kind, words in kinds if kind == "list"] == ["Montag", "Dienstag"]
    assert not any(word in found.text for word in ("Impressum", "Rechte", "var x"))


@pytest.mark.parametrize("shape", ["<div>{}</div>", "{}<br><br>", "{}<br>\n <br/>\n<br>"], ids=["div", "br", "brs"])
def test_a_page_without_paragraph_tags_keeps_its_paragraphs(shape: str):
    sentences = [f"{n}. {SENTENCE}" for n in range(3)]
    page = f"<html><body>{''.join(map(shape.format, sentences))}</body></html>"
    assert blocks(page, "a.html") == [("prose", each) for each in sentences]


def test_front_matter_wins_over_what_a_page_says():
    matter = "---\ntitle: Mine\nlink: https://example.org/mine\ndate: 2026-01-01\n---\n"
    found = read(matter + PAGE.format(f"<p>{SENTENCE}</p>"), "a.HTML")
    assert (found.title, found.link) == ("Mine", "https://example.org/mine")
    assert found.date == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_a_page_says_wrongly_is_left_out():
    page = PAGE.replace("https://library.example.org/nacht", "/nacht").replace("2026-05-03T10:00:00+02:00", "soon")
    found = read(page.format(f"<p>{SENTENCE}</p>"), "a.html")
    assert (found.link, found.date) == ("", None)


HOSTILE = ["<div>" * 50_000 + "x", "<b>" * 50_000 + "x", ">" * 20_000 + "x", "- " * 20_000 + "x", "[" * 20_000]


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.txt"])
@pytest.mark.parametrize("content", HOSTILE, ids=["blocks", "inline", "quotes", "lists", "brackets"])
def test_hostile_nesting_ends_as_an_article_or_as_a_fault(content: str, name: str):
    try:
        words = read(content, name).text
    except BadArticle as error:
        words = error.what
    assert words


# --- plain text -------------------------------------------------------------------------------------------------------

MAIL = """\
The night opening

The library opens at night from May. Readers may stay until eleven
o'clock, drink tea, and read what they like: novels, maps, the cross-
referenced catalogue, https://library.example.org/night/of/many/books/and/shelves
and so on.

Night in the hall,
lamps in a row,
nobody speaks,
where shall we go?

- Tea and bread for everyone who stays longer than they had planned to,
  until eleven
- Stories
"""


def test_wrapped_lines_flow_and_verse_stays():
    flowing = (
        "The library opens at night from May. Readers may stay until eleven o'clock, drink tea, and read what they like: "
        "novels, maps, the cross-referenced catalogue, https://library.example.org/night/of/many/books/and/shelves and so on."
    )
    assert blocks(MAIL, "a.txt") == [
        ("heading", "The night opening"),
        ("prose", flowing),
        ("prose", "Night in the hall,\nlamps in a row,\nnobody speaks,\nwhere shall we go?"),
        ("list", "Tea and bread for everyone who stays longer than they had planned to, until eleven"),
        ("list", "Stories"),
    ]


def test_longer_verse_stays():
    verse = (
        "The lamps are lit along the river road,\nthe ferry sleeps,\nand somebody has left a light\nfor those to come"
    )
    assert read(f"{TEXT}\n\n{verse}", "a.txt").text.endswith(verse)


PARAGRAPHS = (
    "On the first Friday of every month the town library keeps its doors open until midnight, and forty people came in "
    "March. By October there were three hundred on a single evening, and the café ran out of soup.\n\n"
    "Head librarian Tomás Ferreira was doubtful at first. He had not thought that anybody would want to read at half past "
    "ten in the evening, least of all those who had worked the whole day. Now he brings slippers."
)


@pytest.mark.parametrize("width", [45, 58, 72, 76])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"], ids=["unix", "flowed", "windows"])
def test_paragraphs_wrapped_at_any_width_flow(width: int, end: str):
    wrapped = [textwrap.wrap(each, width, break_on_hyphens=False) for each in PARAGRAPHS.split("\n\n")]
    assert read((end * 2).join(map(end.join, wrapped)), "a.txt").text == PARAGRAPHS


def test_unwrapped_text_is_left_as_it_is():
    text = f"Title\n\n{TEXT} {TEXT} {TEXT}\n{TEXT} {TEXT} {TEXT}\n\n\nEnd."
    assert read(text, "a.txt").text == text


def test_a_hyphen_at_a_line_end_that_waits_for_its_other_half_keeps_its_space():
    text = "Die Bibliothek öffnet nun in den Monaten von Oktober bis März die Vor-\nund Nachmittage für alle Kinder."
    assert "Vor- und Nachmittage" in read(text, "a.txt").text
