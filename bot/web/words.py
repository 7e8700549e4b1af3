"""In which language a page speaks, and how it writes moments, spans and numbers.

The texts in the code are English and are looked up in `locales/LANGUAGE/LC_MESSAGES/desk.po`, which Babel reads as it is:
nothing is compiled beforehand. docs/words.py brings those files up to date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_skeleton, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from fastapi import Request

LOCALES = Path(__file__).parent / "locales"
#: Each language by its own name, and the locale that writes its dates (English: day before month, 24 hours).
LANGUAGES = {
    "en": ("English", "en_GB"),
    "fr": ("Français", "fr"),
    "de": ("Deutsch", "de"),
    "es": ("Español", "es"),
    "ar": ("العربية", "ar"),
    "fa": ("فارسی", "fa"),
}
COOKIE = "handbill-language"
#: What a header may tell of languages; browsers send a few dozen letters.
LONGEST = 500


def N_(text: str) -> str:  # noqa: N802 - what gettext's tools look for
    """Mark a text for the catalogues where it is data; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """One language and time zone: what a page needs to be written in them."""

    language: str
    zone: ZoneInfo
    locale: Locale
    translations: NullTranslations

    @property
    def direction(self) -> str:
        """Which way the language runs: "ltr" or "rtl"."""
        return str(self.locale.text_direction)

    def gettext(self, text: str) -> str:
        """Return a text of the code in this language."""
        return self.translations.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Return the form that goes with that many."""
        return self.translations.ngettext(one, many, n)

    def day(self, moment: datetime, now: datetime) -> str:
        """Return the day of a moment, the year only when it is another one: "Mon 4 May"."""
        local = moment.astimezone(self.zone)
        same = local.year == now.astimezone(self.zone).year
        return format_skeleton("MMMEd" if same else "yMMMEd", local, locale=self.locale)

    def when(self, moment: datetime, now: datetime, *, exact: bool = False) -> str:
        """Return a moment on the wall clock: "Mon 4 May, 12:00", to the second when `exact`."""
        time = format_time(moment.astimezone(self.zone), "medium" if exact else "short", locale=self.locale)
        pattern = str(self.locale.datetime_formats["medium"])
        return pattern.replace("{1}", self.day(moment, now)).replace("{0}", time)

    def near(self, moment: datetime, now: datetime) -> str:
        """Return how far away a moment is: "in 5 minutes", "2 hours ago"."""
        return format_timedelta(moment - now, add_direction=True, threshold=1, locale=self.locale)

    def number(self, n: float) -> str:
        """Return a number with the language's separators."""
        return format_decimal(n, locale=self.locale)


@lru_cache(maxsize=64)
def spoken(language: str, zone: str) -> Words:
    """Return how a language of ours writes in a time zone."""
    return Words(language, ZoneInfo(zone), Locale.parse(LANGUAGES[language][1]), _translations(language))


def language_of(request: Request) -> str:
    """Return the language a person chose here, else the first of their browser's that we speak, else English."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted = preferred(request.headers.get("accept-language", "")[:LONGEST])
    return negotiate_locale(wanted, list(LANGUAGES), sep="-") or "en"


def preferred(header: str) -> Sequence[str]:
    """Return the languages of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4)."""
    ranked: list[tuple[float, str]] = []
    for each in header.split(","):
        tag, _, weight = each.partition(";")
        try:
            quality = float(weight.partition("=")[2]) if weight.strip() else 1.0
        except ValueError:
            continue
        if tag.strip() and quality > 0:
            ranked.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(ranked, key=lambda pair: pair[0])]


@lru_cache
def _translations(language: str) -> NullTranslations:
    path = LOCALES / language / "LC_MESSAGES" / "desk.po"
    if not path.exists():
        return NullTranslations()  # English: the texts themselves
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled, domain="desk")
