"""Microseconds per post and unit, beside a plain `\\X` count of the same text as yardstick: python -m benchmarks.measure."""

import statistics
import timeit

import regex

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.text import measure
from bot.domain.text.links import links, tags

LIMITS = {
    "weighted, links 23": Limits(length=280, unit=Unit.WEIGHTED, url_weight=23),
    "graphemes, links 23": Limits(
        length=500,
        unit=Unit.GRAPHEMES,
        url_weight=23,
        link_rule=LinkRule.SCHEME,
        local_mentions=True,
        warning_counts=True,
    ),
    "graphemes": Limits(length=300, unit=Unit.GRAPHEMES, bytes=3000, link_rule=LinkRule.SPANS),
    "UTF-16": Limits(length=4096, unit=Unit.UTF16),
    "bytes": Limits(length=500, unit=Unit.BYTES),
    "code points": Limits(length=4096, unit=Unit.CODE_POINTS),
}

POSTS = {
    "English": "The town library opens its new reading room on Saturday. Some 1.200 books have moved, and the cycling "
    "club lent its trailers for the job. Come by at ten: https://library.example.com/news/reading-room #library",
    "Persian": "کتابخانه‌ی شهر روز شنبه تالار تازه‌ی خود را باز می‌کند. بیش از ۱۲۰۰ کتاب جابه‌جا شده است و باشگاه دوچرخه‌سواری "
    "یدک‌کش‌هایش را امانت داد. https://library.example.com/news/1 #کتابخانه",
    "emoji": "Saturday 🎉: the museum opens 👨‍👩‍👧‍👦 for families — “free” for all 🇩🇪… Größe und Straße, déjà vu. "
    "https://museum.example.org/a_(b) #museum 👍🏽",
    "Japanese": "図書館は土曜日に新しい閲覧室を開きます。https://library.example.com/x "
    "自転車クラブがトレーラーを貸してくれました。",
}

ROUNDS, CALLS = 15, 200


def microseconds(call: object) -> float:
    """Return the median over ROUNDS of the mean over CALLS."""
    timer = timeit.Timer("call()", globals={"call": call})
    return statistics.median(timer.repeat(repeat=ROUNDS, number=CALLS)) / CALLS * 1e6


def main() -> None:
    """Print one row per post."""
    yardstick = regex.compile(r"\X")
    print(f"median microseconds per post of {ROUNDS} x {CALLS} calls")
    for name, text in POSTS.items():
        row = {
            unit: microseconds(lambda text=text, limits=limits: measure.length(text, limits))
            for unit, limits in LIMITS.items()
        }
        row["links"] = microseconds(lambda text=text: links(text, LinkRule.BARE))
        row["tags"] = microseconds(lambda text=text: tags(text))
        row[r"regex \X"] = microseconds(lambda text=text: len(yardstick.findall(text)))
        print(f"{name}, {len(text)} characters:", "  ".join(f"{unit} {value:.1f}" for unit, value in row.items()))


if __name__ == "__main__":
    main()
