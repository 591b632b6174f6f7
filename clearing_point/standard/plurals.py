"""The form of a sentence that goes with a number, by the plural rules of the Unicode CLDR: 1 row, 2 rows.

A sentence with a number of things has a text for each category of its language. Beside its text for any number
(``other``) the others stand as ``language.category``: ``{"sl": "{count} vrstic", "sl.two": "{count} vrstici"}``.
In the files of translations the category is the context of the line: ``form:two``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

OTHER = "other"
FORMS = ("zero", "one", "two", "few", "many", OTHER)
"""The categories of CLDR; every language has ``other``."""
CONTEXT = "form:"
"""Begins the context of a translation that is one form of a sentence."""


COUNT = "count"
"""The place in braces that always holds a number of things."""


def form_of(number: int, language: str) -> str:
    """Return the category of a whole number in a language, such as ``few`` for 3 in Serbian."""
    rule = _rule(language)
    return OTHER if rule is None else str(rule(number))


def forms_of(language: str) -> tuple[str, ...]:
    """Return the categories that a language has for whole numbers, without ``other``."""
    rule = _rule(language)
    if rule is None:
        return ()
    # The rules repeat after a hundred; millions have a form of their own in some languages.
    said = {str(rule(number)) for number in (*range(201), 1_000_000)}
    return tuple(form for form in FORMS if form in said and form != OTHER)


def counted(text: Mapping[str, str], language: str) -> bool:
    """Return whether a text has forms that go with a number in a language."""
    return any(key.startswith(f"{language}.") for key in text)


def in_form(text: Mapping[str, str], language: str, number: int) -> str:
    """Return the text of a language that goes with a number."""
    return text.get(f"{language}.{form_of(number, language)}") or text[language]


def flat(text: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    """Return a text whose languages hold a sentence, or a form of it by category, as one mapping."""
    found: dict[str, str] = {}
    for language, said in text.items():
        if isinstance(said, str):
            found[language] = said
        else:
            found |= {language if f == OTHER else f"{language}.{f}": sentence for f, sentence in said.items()}
    return found


def written(number: int, language: str) -> str:
    """Write a whole number as a language does: 12,345 or 12.345."""
    from babel.numbers import format_decimal

    return str(format_decimal(number, locale=language.replace("-", "_")))


@lru_cache(maxsize=32)
def _rule(language: str) -> Callable[[int], str] | None:
    # Imported late: the command line must not pay for it.
    from babel.core import Locale, UnknownLocaleError

    try:
        rule: Callable[[int], str] = Locale.parse(language.replace("-", "_")).plural_form
    except (UnknownLocaleError, ValueError):
        return None
    return rule
