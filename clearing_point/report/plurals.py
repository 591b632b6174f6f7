"""The form of a phrase that goes with a number, by the plural rules of the Unicode CLDR: 1 person, 2 persons."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from clearing_point.report.words import Words

OTHER = "other"
FORMS = ("zero", "one", "two", "few", "many", OTHER)
"""The categories of CLDR; every language has ``other``."""


def form_of(number: int, language: str) -> str:
    """Return the category of a whole number in a language, such as ``few`` for 3 in Serbian."""
    rule = _rule(language)
    return OTHER if rule is None else str(rule(number))


def counted(words: Words, key: str, number: int, /, **values: object) -> str:
    """Return the phrase of a key in the form that goes with a number."""
    form = f"{key}.{form_of(number, words.language)}"
    return words(form if words.has(form) else f"{key}.{OTHER}", **values)


def own_name(language: str) -> str:
    """Return what a language calls itself, such as "српски (ћирилица)"."""
    from babel.core import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(language.replace("-", "_")).display_name or language)
    except (UnknownLocaleError, ValueError):
        return language


@lru_cache(maxsize=32)
def _rule(language: str) -> Callable[[int], str] | None:
    # Imported late: the command line must not pay for it.
    from babel.core import Locale, UnknownLocaleError

    try:
        rule: Callable[[int], str] = Locale.parse(language.replace("-", "_")).plural_form
    except (UnknownLocaleError, ValueError):
        return None
    return rule
