"""CPU time from an article's text to its excerpts and posts, beside a plain `\\X` count of the same text as yardstick.

    python3 run.py bench words

The golden articles (tests/golden) one by one and per platform, posts per second on one core, and how the cost grows with
the text from 1 kB to 1 MB. All figures are medians in CPU milliseconds of this process, so that a busy machine shows less.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import regex

from bot.domain.article import Article
from bot.domain.channel import Channel
from bot.domain.composing import compose
from bot.domain.excerpting import excerpts
from bot.domain.rendering import choose, render
from bot.domain.text import blocks, quotes
from bot.sources import article as reading
from tests.golden.test_golden import ARTICLES, CAMPAIGN, CHANNELS

ROUNDS = 5
SIZES = {"1 kB": 1_000, "10 kB": 10_000, "100 kB": 100_000, "1 MB": 1_000_000}
YARDSTICK = regex.compile(r"\X")

#: Sentences of a report; each {} takes a number or a word, so that no two paragraphs are alike.
ENGLISH = (
    "The town library lent {} books to {} readers in the first {} weeks of the trial.",
    "“We thought of {} visitors at most,” said Jo Miller, the library's director, on day {}.",
    "However, the council wants {} volunteers for the {} corner before it pays {} euros.",
    "Nobody knows yet whether the lamps of hall {} will stay on after {} p.m. in {}.",
    "Borrowing rose by {} percent, and the {} shelf was empty for {} days.",
)
CHINESE = (
    "镇图书馆宣布，试行{}周期间共有{}名读者借走{}本书。",
    "馆长米乐在第{}天表示：“我们原以为只会来{}个人。”",
    "不过，议会希望{}名志愿者来管理{}号儿童角，预算为{}欧元。",
    "第{}阅览室的窗户朝向集市广场，傍晚{}点的灯光会照到{}条长椅上。",
    "自行车俱乐部借出{}辆拖车，把{}本书搬到{}号新书架。",
)
LANGUAGES = {"en": (ENGLISH, " "), "zh": (CHINESE, "")}


def milliseconds(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median CPU time of one call; short ones are called often enough to be seen."""
    quotes.marks.cache_clear()
    start = time.process_time()
    call()
    times = max(1, int(0.01 / max(time.process_time() - start, 1e-5)))
    seconds = []
    for _ in range(rounds):
        quotes.marks.cache_clear()
        start = time.process_time()
        for _ in range(times):
            call()
        seconds.append((time.process_time() - start) / times)
    return statistics.median(seconds) * 1000


def report(sentences: tuple[str, ...], joint: str, size: int) -> str:
    """Return a made-up report of that many UTF-8 bytes, in paragraphs of four sentences, always the same."""
    paragraphs: list[str] = []
    length = 0
    for number in count(1):
        chosen = (sentences[(number * 3 + n * 2) % len(sentences)] for n in range(4))
        paragraphs.append(joint.join(one.format(number, number * 3 + n, n + 2) for n, one in enumerate(chosen)))
        length += len(paragraphs[-1].encode()) + 2
        if length > size + 2:
            break
    return "\n\n".join(paragraphs).encode()[:size].decode(errors="ignore")


def made(text: str, language: str) -> Article:
    """Return an article with that text, its blocks judged."""
    return Article(
        campaign="town",
        name="report",
        digest="0",
        title="Library lends more books",
        text=text,
        blocks=blocks.of_plain(text),
        link="https://library.example.org/report",
        language=language,
        tags=("library",),
    )


def rendering(article: Article) -> list[float]:
    """Return what each platform's post costs once the excerpts are there: to choose one and to render it."""
    offered = excerpts(article)

    def post(channel: Channel) -> None:
        render(article, choose(article, offered, CAMPAIGN, channel), CAMPAIGN, channel)

    return [milliseconds(partial(post, channel)) for channel in CHANNELS.values()]


def golden() -> Iterator[tuple[str, Article]]:
    """Yield the golden articles."""
    for name, path in ARTICLES.items():
        yield name, reading.read(path.read_bytes(), CAMPAIGN.name, path.name, path.name, "UTC").article


def per_article() -> None:
    """Print one row per golden article, medians per platform, and posts per second."""
    line("ms per article", "chars", "excerpts", *CHANNELS, "regex X")
    rows: list[list[float]] = []
    posts, spent = 0, 0.0
    for name, article in golden():
        yardstick = milliseconds(partial(YARDSTICK.findall, article.text))
        rows.append([milliseconds(partial(excerpts, article)), *rendering(article), yardstick])
        line(name, len(article.text), *rows[-1])
        whole = partial(compose, article, CAMPAIGN, CHANNELS.values())
        posts += sum(len(each.post.parts) for each in whole())
        spent += milliseconds(whole)
    line("median", "", *(statistics.median(column) for column in zip(*rows, strict=True)))
    print(
        f"{posts} posts of {len(rows)} articles in {spent:.0f} ms: {posts / spent * 1000:,.0f} posts per second on one core"
    )


def growth() -> None:
    """Print what a text costs as it grows, and how far from linear that is."""
    print()
    line("ms per text", "chars", "blocks", "excerpts", "4 posts", "all", "regex X", "all / X")
    for language, (sentences, joint) in LANGUAGES.items():
        costs: dict[str, float] = {}
        for size, number in SIZES.items():
            text = report(sentences, joint, number)
            article = made(text, language)
            row = [milliseconds(partial(blocks.of_plain, text)), milliseconds(partial(excerpts, article))]
            row.append(sum(rendering(article)))
            costs[size] = sum(row)
            yardstick = milliseconds(partial(YARDSTICK.findall, text))
            line(f"{language} {size}", len(text), *row, costs[size], yardstick, costs[size] / yardstick)
        print(
            f"{language}: cost of 1 MB / cost of 100 kB / 10 = {costs['1 MB'] / costs['100 kB'] / 10:.2f} (1 = linear)"
        )


def line(name: str, *cells: object) -> None:
    """Print one line of a table."""
    print(f"{name:<20}", *(f"{cell:>9.2f}" if isinstance(cell, float) else f"{cell!s:>9}" for cell in cells))


if __name__ == "__main__":
    per_article()
    growth()
