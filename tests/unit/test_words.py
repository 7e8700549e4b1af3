"""The catalogues are whole, and languages are chosen as browsers and people ask for them."""

import re
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages import Catalog

from bot.web.words import LANGUAGES, preferred, spoken

catalogues = SimpleNamespace(**runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "words.py")))

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
HOLDERS = re.compile(r"%\(\w+\)[sd]|<[^>]+>")


@pytest.fixture(scope="module")
def texts() -> Catalog:
    found: Catalog = catalogues.template()
    return found


def forms(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_text_of_the_desk_is_translated_and_nothing_else_is_kept(texts, language):
    catalog = catalogues.catalogue(language)
    known = {(each.id, each.context) for each in catalog if each.id}
    wanted = {(each.id, each.context) for each in texts if each.id}
    assert wanted - known == set(), "run: python docs/words.py"
    assert known - wanted == set(), "run: python docs/words.py"
    assert catalogues.lacking(catalog) == []
    assert not any(each.fuzzy for each in catalog if each.id)


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_translation_has_the_place_holders_of_its_text(language):
    wrong = []
    for message in catalogues.catalogue(language):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        wanted = {name for each in ids for name in HOLDERS.findall(each)}
        for number, string in enumerate(forms(message)):
            have = set(HOLDERS.findall(string))
            # A form for exactly none, one or two may say the number in words.
            spelt = len(forms(message)) > 1 and number < (3 if language == "ar" else 1)
            if have != wanted and not (spelt and wanted - have <= {"%(n)s", "%(num)s", "%(num)d", "%(n)d"}):
                wrong.append((ids[0], string))
    assert wrong == []


def test_the_languages_offered_are_those_that_are_translated():
    assert {"en", *catalogues.TRANSLATED} == set(LANGUAGES)


def test_a_plural_takes_the_form_of_its_number():
    one, many = "%(n)s picture", "%(n)s pictures"
    for language in LANGUAGES:
        words = spoken(language, "UTC")
        counted = [words.ngettext(one, many, n) for n in (1, 2, 5, 11, 100)]
        assert len(set(counted)) == {"en": 2, "fr": 2, "de": 2, "es": 2, "ar": 4, "fa": 1}[language]
    assert spoken("ar", "UTC").direction == spoken("fa", "UTC").direction == "rtl"
    assert spoken("de", "UTC").gettext("Now") == "Jetzt"
    assert spoken("en", "UTC").gettext("Now") == "Now"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", []),
        ("fr", ["fr"]),
        ("en;q=0.2, de-AT, *;q=0.1", ["de-AT", "en", "*"]),
        ("de;q=0, fr;q=zero, es;q=1.0", ["es"]),
        (",,;q=1,", []),
    ],
)
def test_a_browser_ranks_its_languages(header, wanted):
    assert preferred(header) == wanted


@pytest.mark.parametrize(
    ("language", "when", "near"),
    [
        ("en", "Mon 4 May, 14:00:00", "in 5 minutes"),
        ("de", "Mo., 4. Mai, 14:00:00", "in 5 Minuten"),
        ("fr", "lun. 4 mai, 14:00:00", "dans 5 minutes"),
        ("es", "lun, 4 may, 14:00:00", "dentro de 5 minutos"),
    ],
)
def test_moments_are_written_as_a_language_does_in_the_zone_of_the_plan(language, when, near):
    words = spoken(language, "Europe/Berlin")
    assert words.when(NOW, NOW, exact=True) == when
    assert words.near(NOW + timedelta(minutes=5), NOW) == near
    other = words.when(NOW.replace(year=2025), NOW)
    assert "2025" in other
    assert "14:00:00" not in other
