"""Bring the desk's catalogues up to date: `python docs/words.py`.

Reads every text that bot/web marks with `_`, `ngettext`, `N_` or {% trans %} (docs/babel.cfg says where), adds what is new to
each bot/web/locales/LANGUAGE/LC_MESSAGES/desk.po, drops what is gone, and lists what nobody has translated yet. It ends with
1 while anything is left. `pybabel extract -F docs/babel.cfg -k N_ bot/web` does the first half of that.
"""

import sys
from configparser import ConfigParser
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
WEB = HERE.parent / "bot" / "web"
LOCALES = WEB / "locales"
#: English is what the code is written in.
TRANSLATED = ("fr", "de", "es", "ar", "fa")
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}


def template() -> Catalog:
    """Return all texts that the desk's code marks, without translations."""
    config = ConfigParser()
    config.read(HERE / "babel.cfg")
    sections = [section.split(": ") for section in config.sections()]
    methods = [(pattern, method) for method, pattern in sections]
    options = {pattern: dict(config[f"{method}: {pattern}"]) for method, pattern in sections}
    catalog = Catalog(project="Handbill", domain="desk", charset="utf-8", fuzzy=False)
    for name, _, message, comments, context in extract_from_dir(WEB, methods, options, KEYWORDS):
        catalog.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return catalog


def place(language: str) -> Path:
    """Return the catalogue of a language."""
    return LOCALES / language / "LC_MESSAGES" / "desk.po"


def catalogue(language: str) -> Catalog:
    """Return what is translated into a language so far."""
    if not place(language).exists():
        return Catalog(locale=language, project="Handbill", domain="desk", charset="utf-8", fuzzy=False)
    with place(language).open("rb") as file:
        return read_po(file, locale=language, domain="desk")


def lacking(catalog: Catalog) -> list[str]:
    """Return the texts of a catalogue that have no translation, or only some of the forms of one."""
    return [
        str(message.id)
        for message in catalog
        if message.id and not all(message.string if isinstance(message.string, tuple) else (message.string,))
    ]


def main() -> int:
    """Update every catalogue and tell what it lacks."""
    texts, left = template(), 0
    for language in TRANSLATED:
        catalog = catalogue(language)
        catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        path = place(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(
                file, catalog, width=120, sort_output=True, omit_header=False, no_location=True, ignore_obsolete=True
            )
        without = lacking(catalog)
        left += len(without)
        sys.stdout.write(f"{language}: {len(catalog)} texts, {len(without)} without a translation\n")
        sys.stdout.writelines(f"  {each}\n" for each in without)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
