"""Phrases of the report that go with a number, and what languages call themselves (Unicode CLDR)."""

from __future__ import annotations

from clearing_point.report.words import Words
from clearing_point.standard.plurals import OTHER, form_of


def counted(words: Words, key: str, number: int, /, **values: object) -> str:
    """Return the phrase of a key in the form that goes with a number: 1 person, 2 persons; 968 особа, 596 жртава."""
    form = f"{key}.{form_of(number, words.language)}"
    return words(form if words.has(form) else f"{key}.{OTHER}", **values)


def own_name(language: str) -> str:
    """Return what a language calls itself, such as "српски (ћирилица)"."""
    # Imported late: the command line must not pay for it.
    from babel.core import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(language.replace("-", "_")).display_name or language)
    except (UnknownLocaleError, ValueError):
        return language


def written_day(day: str, language: str) -> str:
    """Return a day (YYYY-MM-DD) as a language writes it: 30 June 2023; as it is where the language is not known."""
    # Imported late: the command line must not pay for it.
    import datetime

    from babel.core import Locale, UnknownLocaleError
    from babel.dates import format_date

    try:
        locale = Locale.parse("en_GB" if language == "en" else language.replace("-", "_"))
        return str(format_date(datetime.date.fromisoformat(day[:10]), "long", locale))
    except (UnknownLocaleError, ValueError):
        return day


__all__ = ["OTHER", "counted", "form_of", "own_name", "written_day"]
