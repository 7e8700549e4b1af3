"""How templates become pages: one Jinja environment for each language, with what every template may use.

Filters   when, exact (moments), near (how far away), number, label (a text of bot.web.labels or another that is data)
Globals   _ and ngettext, icon's sprite and other files by `static("desk.css")`, `at("/path")` through what is rendered
"""

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.app import Connected, known_platforms
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery
from bot.domain.rendering.mentions import unnamed
from bot.flow.settling import open_part
from bot.settings import ChannelSettings
from bot.web import labels, moves, views
from bot.web.routes import Asked
from bot.web.shipped import Shipped
from bot.web.words import LANGUAGES, Words, spoken

TEMPLATES = Path(__file__).parent / "templates"


class Templates:
    """Renders a template in the language of who asks."""

    def __init__(self, live: Connected, followers: str, shipped: Shipped) -> None:
        self._live, self._followers, self._shipped = live, followers, shipped
        self._environments = lru_cache(self._environment)

    def render(self, name: str, asked: Asked, shown: Mapping[str, object]) -> bytes:
        """Return a page; `shown` is what the template names, besides what all templates may use."""
        more = {
            "at": asked.at,
            "may": asked.may,
            "static": lambda file: asked.at(self._shipped.name(file)),
        }
        return self._environments(asked.words.language).get_template(name).render(more | dict(shown)).encode()

    def _known(self, channel: str) -> str:
        """Return the name people know a channel by."""
        platforms = {each.name: each.platform for each in self._live.app.settings.channels}
        return named(channel, platforms.get(channel, ""))

    def _environment(self, language: str) -> Environment:
        words, clock = spoken(language, self._live.app.settings.zone), self._live.app.clock
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        # Jinja's own way to give an environment its language (jinja.palletsprojects.com/en/stable/extensions, "i18n").
        install = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(words.gettext, words.ngettext, newstyle=True)
        environment.filters |= _filters(words) | {
            "known": self._known,
            "when": lambda moment: words.when(moment, clock.now()),
            "exact": lambda moment: words.when(moment, clock.now(), exact=True),
            "day": lambda moment: words.day(moment, clock.now()),
            "near": lambda moment: words.near(moment, clock.now()),
        }
        environment.tests |= {"web_address": is_web_address}
        environment.globals |= {
            "words": words,
            "languages": LANGUAGES,
            "labels": labels,
            "followers": self._followers,
            "program": self._live.app.settings.command,
            "seen_at": partial(seen_at, self._followers),
            "moves_of": moves.moves,
            "commands_of": moves.commands,
        }
        return environment


def _filters(words: Words) -> dict[str, object]:
    return {
        "number": words.number,
        "label": words.gettext,
        "pieces": views.pieces,
        "said": views.said,
        "words": one_line,
        "open_part": open_part,
        "platform": platform,
        "said_words": said_words,
        "off_terminal": off_terminal,
    }


def seen_at(followers: str, url: str) -> str:
    """Return where a published part is to be seen: with simulated platforms, on the followers' page."""
    return f"{followers}#{quote(url, safe='')}" if followers else url


def platform(channel: Channel | ChannelSettings) -> str:
    """Return the name people know a channel's platform by."""
    return _title(channel.platform)


def _title(name: str) -> str:
    known = known_platforms().get(name)
    return known.TITLE if known else name


def named(channel: str, platform: str = "") -> str:
    """Return the name people know a channel by: "Mastodon", and "Mastodon (club)" for "mastodon__club"."""
    first, _, second = channel.partition("__")
    title = _title(platform or first)
    return f"{title} ({second})" if second else title


def said_words(delivery: Delivery) -> str:
    """Return the beginning of what a delivery says, people in a manager's own words by their plain names."""
    return one_line(unnamed(delivery.excerpt.text))


def one_line(text: str, most: int = 160) -> str:
    """Return the beginning of a text on one line, cut between words where it has spaces."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    whole, _, cut = words[: most - 1].rpartition(" ")
    return f"{whole if whole and len(cut) < 30 else words[: most - 1]}…"


def off_terminal(hint: str) -> str:
    """Return a hint without what it says of the command line, where it says something else besides."""
    parts = [each for each in re.sub(r": `[^`]*`", "", hint).split("; ") if "`" not in each]
    return "; ".join(parts) or hint.replace("`", "")


def is_web_address(url: str) -> bool:
    """Tell whether an address may be a link on a page: nothing that runs anything."""
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False
