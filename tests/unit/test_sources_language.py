"""How an article's language is known, and that it is kept."""

import json

import pytest

from bot.domain.article import Article, LanguageSource
from bot.sources import article as reading
from bot.sources.language import CONFIDENCE, UNTOLD, detected
from bot.store.codec import decode, encode
from tests.store_samples import article

GERMAN = "Die Bibliothek bleibt ab Mai freitags bis Mitternacht geöffnet, und im Lesesaal gibt es Tee."


def read(source: str, name: str = "a.md") -> Article:
    return reading.read(source.encode(), "town", name, name, "UTC").article


@pytest.mark.parametrize(
    ("name", "source"),
    [("a.md", f"---\nlanguage: de\n---\n{GERMAN}"), ("a.html", f"<html lang='de'><body><p>{GERMAN}</p></body></html>")],
)
def test_what_the_manager_or_the_page_says_counts(name: str, source: str):
    found = read(source, name)
    assert (found.language, found.language_source, found.language_confidence) == ("de", LanguageSource.GIVEN, 0.0)


def test_what_is_found_out_keeps_how_sure_we_are():
    found = read(GERMAN)
    assert (found.language, found.language_source) == ("de", LanguageSource.DETECTED)
    assert CONFIDENCE <= found.language_confidence <= 1
    assert detected(GERMAN) == ("de", found.language_confidence)


@pytest.mark.parametrize("text", ["Oui.", "1986 bis 2026", "xq zv jk wp qd bn vx lr tt pm"])
def test_below_the_floor_nothing_is_said(text: str):
    found = read(text)
    assert detected(text) == UNTOLD
    assert (found.language, found.language_source, found.language_confidence) == ("", LanguageSource.UNKNOWN, 0.0)


def test_short_chinese_is_not_taken_for_japanese():
    language, confidence = detected("圖書館週日開放，市民可以免費入館，新館有四十萬冊圖書。")
    assert language == "zh"
    assert CONFIDENCE <= confidence <= 1


def test_articles_that_were_archived_before_can_be_read():
    body = json.loads(encode(article()))
    del body["language_source"], body["language_confidence"]
    found = decode(Article, json.dumps(body))
    assert (found.language, found.language_source) == ("en", LanguageSource.UNKNOWN)
    kept = decode(Article, encode(read(GERMAN)))
    assert kept == read(GERMAN)
