"""Texts made to be slow, for the tests that count work and for the benchmark that times it (benchmarks/hostile.py)."""

#: For whoever looks for links, mentions and tags: some twenty thousand bytes each.
LINKS = {
    "dots": "." * 20_000,
    "short labels": "a." * 10_000,
    "labels of one script": "語." * 6_000 + "com",
    "one label": "a" * 20_000 + ".com",
    "one foreign label": "語" * 6_000 + ".com",
    "dashes": "a-" * 10_000 + ".com",
    "underscores": "a_b.com." * 2_500,
    "bad labels": "a.com.é_." * 2_000,
    "names inside labels": "comé." * 4_000,
    "hosts": "a.com " * 3_300,
    "schemes": "http://" * 2_800,
    "brackets": "(" * 20_000,
    "open brackets": "http://a.com/(" * 1_400,
    "nested brackets": "https://a.com/(a(b" * 1_100,
    "brackets in a path": "http://a.com/" + "(" * 20_000,
    "marks in a path": "http://a.com/" + "-." * 10_000,
    "marks in a query": "http://a.com?" + "!" * 20_000,
    "at signs": "@" * 20_000,
    "names": " @a" * 6_600,
    "addresses": "@a@b.example " * 1_500,
    "dashed name": "@" + "a-" * 10_000,
    "hashes": "#" * 20_000,
    "digits": "#" + "1" * 20_000,
    "numbers": " #1" * 6_600,
    "tickers": " $A" * 6_600,
}

#: For whoever counts: each with its weighted length and its graphemes.
COUNTED = {
    "indicators": ("🇩" * 20_000, 40_000, 10_000),
    "joiners": ("👨\u200d" * 2_800, 8_400, 1),
    "marks": ("a" + "\u0301" * 10_000, 10_000, 1),
    "keycaps": ("1\ufe0f\u20e3" * 2_200, 4_400, 2_200),
    "mentions": (" @ada@town.example" * 1_100, 19_800, 5_500),
    "hosts": ("日.com" * 2_500, 15_000, 12_500),
}

#: For whoever compares posts, as words to be compared.
WORDS = ("a.b-" * 5000, "-." * 10000, "@" * 20000, "図" * 20000, "a" * 20000)

#: For whoever takes an article apart, to be repeated.
ARTICLES = (
    "“We waited. ",
    "“a.”\n\n",
    "a\n",
    "a\n\n",
    "- a\n",
    "1. a ",
    "((( ",
    "He. ",
    "5,000 ",
    "是。",
    "A: b\n- c\n\n",
    "'a' ",
    "```\n",
    "“x” said ",
)

#: For whoever writes a post, to be repeated.
POSTS = ("A word. ", "图书馆", "e\u0301", "“(", "@", "#.", "https://example.com/a ", "x\n\n")
