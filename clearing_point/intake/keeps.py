"""What is kept of a text, a maker each kind of column; see :mod:`clearing_point.intake.minimal`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from clearing_point.intake.forbidden import OpenText, vocabulary
from clearing_point.intake.layout import fold
from clearing_point.intake.lookups import is_parted, parts_of
from clearing_point.intake.remarks import ERROR_TEXT
from clearing_point.intake.words import Words
from clearing_point.standard.model import Standard

MARK = "\u241a"
"""Stands where a text was not kept (the symbol for "substitute"); in a column of references with a number behind
it, so that rows that belong together still do."""

OFFICIAL_DIGITS = 7
_DATE = re.compile(
    r"[0-9]{1,4}(?: *[./-] *[0-9]{1,4}){0,2}\.?(?:[ T][0-9]{1,2}(?::[0-9]{1,2}){0,2}(?:[.,][0-9]{1,6})?Z?)?"
    r"|[0-9]{5}(?:[.,][0-9]+)?"
)
NUMBER = re.compile(
    r"[-+]?[0-9]{1,9}(?:[ .,'\u00a0][0-9]{3}){0,3}(?:[.,][0-9]{1,17})?(?:[eE][-+]?[0-9]{1,3})?"
)
SMALL_NUMBER = re.compile(rf"(?!(?:[^0-9]*[0-9]){{{OFFICIAL_DIGITS}}}){NUMBER.pattern}")
"""Of whole numbers below a million: a longer one is a telephone or official number, with a comma or without."""
_COUNT = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,3})?")
"""A short number says nothing of anybody in a column of words, where rows of totals have some."""
_QUESTION = re.compile(r"[A-Za-z][0-9]{1,3}([._][0-9]{1,4}[a-z]?)+")
"""The number of a question, which a form's own cells may hold where an answer is asked (rule Q15)."""
_DAY = re.compile(r"[0-9]{1,4}(?: *[./-] *[0-9]{1,4}){2}\.?(?:[ T].*)?")
_YEAR = re.compile(r"(?<![0-9])(?:1[89]|20)[0-9]{2}(?![0-9])")
_LAST_TWO = re.compile(r"(?<![0-9])([0-9]{2})\.?(?:[ T].*)?$")
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?")
_SERIAL_EPOCH, _DAYS_OF_A_YEAR = 1900, 365.25
_RECENT_YEARS = 30
"""So many years from the first on a year of two digits is one of theirs, not one of the century before."""
_NO_REFERENCE = re.compile(
    r"[0-9]{7,}|(^|[^0-9])[0-9]{6}-[0-9]{4,7}($|[^0-9])|(^|[^0-9])[0-9]{1,2}[./-][0-9]{1,2}[./-](19|20)[0-9]{2}($|[^0-9])"
)
"""Official numbers, documents and days are longer than a sender's own numbers, or differently parted."""
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_ERROR = re.compile(ERROR_TEXT)
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"[0-9]")
_CODE = re.compile(r"[A-Z]{1,4}[0-9]{1,4}|[0-9]{1,4}")

Keep = Callable[[str], str | None]
"""Text of a cell -> what is kept of it; None if nothing is known of it and the mark stands alone."""


def known_only(words: Iterable[str]) -> Keep:
    """Keep some words, and short numbers."""
    known = frozenset(words)
    return lambda text: text if fold(text) in known or is_plain(text.strip()) else None


def is_plain(bare: str) -> bool:
    """Whether a text is an error of an office program or a short number: nobody is known by it."""
    return bool(_ERROR.fullmatch(bare) or _COUNT.fullmatch(bare))


def formed_as(pattern: re.Pattern[str], missing: set[str], *, prefix: str = "", longest: int = 40) -> Keep:
    """Keep what has a form, and words that say why nothing is there."""

    def keep(text: str) -> str | None:
        bare = text.strip()
        fits = len(bare) <= longest and pattern.fullmatch(prefix + bare)
        return text if fits or fold(text) in missing or _ERROR.fullmatch(bare) else None

    return keep


def reference(formed: Keep, standard: Standard) -> Keep:
    """Keep the number of a person or event: few digits together, and no longer word than those of the standard."""
    words = vocabulary(standard)

    def keep(text: str) -> str | None:
        if formed(text) is None:
            return None
        long = _LONG_WORD.findall(text)
        return None if _NO_REFERENCE.search(text) or any(w.lower() not in words for w in long) else text

    return keep


def codes(words: Words, separator: str | None, standard: Standard) -> Keep:
    """Keep words of a list; of several, parted by a sign, those that it has."""

    def is_known(part: str) -> bool:
        folded = fold(part)
        return folded in words.codes or folded in words.ambiguous or bool(words.in_other_spelling(folded))

    def is_of_form(bare: str) -> bool:
        """Whether it is a form's own: the number of a question, or an instruction such as "(specify the country)"."""
        inside = _WORD.findall(bare)
        said = bare.startswith("(") and all(word.lower() in vocabulary(standard) for word in inside)
        return said or bool(_QUESTION.fullmatch(bare))

    def keep(text: str) -> str | None:
        bare = text.strip()
        if is_known(text) or is_plain(bare) or is_of_form(bare):
            return text
        if separator is None:
            return None
        # The agreed sign first: to look for any other one asks of every run of words in the cell.
        parts = parts_of(text, separator, words) if separator in text else None
        if (parts is not None and all(map(is_known, parts))) or is_parted(text, words):
            return text
        if parts is None:
            return None
        kept = [part if is_known(part) else MARK for part in parts]
        return separator.join(kept) if any(part != MARK for part in kept) else None

    return keep


def open_text(opened: OpenText, known: set[str], standard: Standard) -> Keep:
    """Keep a name or title all of whose words the standard uses, or that a person has decided."""
    words = vocabulary(standard)

    def is_known(word: str) -> bool:
        return word.lower() in words or bool(_CODE.fullmatch(word))

    def keep(text: str) -> str | None:
        bare = text.strip()
        if fold(text) in known or _ERROR.fullmatch(bare):
            return text
        if not re.fullmatch(opened.pattern, bare) or len(_DIGIT.findall(bare)) >= OFFICIAL_DIGITS:
            return None  # an official number in groups is made of short numbers, too
        found = _WORD.findall(bare)
        single = [word for word in found if word.isupper() and len(word) == 1]
        if len(single) > 1:
            return None  # initials: every letter is a word of some list
        return text if all(map(is_known, found)) else None

    return keep


def day(missing: set[str], first_year: int | None) -> Keep:
    """Keep what has the form of a date; of a day before the first year only the year.

    Parameters
    ----------
    first_year : int, optional
        Days before it are mostly days of birth: nothing that a file reports happened so long ago.
    """
    formed = formed_as(_DATE, missing)

    def keep(text: str) -> str | None:
        kept = formed(text)
        bare = text.strip()
        if kept is None or first_year is None or fold(text) in missing:
            return kept
        serial = _SERIAL.fullmatch(bare)
        if serial:
            return kept if _SERIAL_EPOCH + int(serial[1]) / _DAYS_OF_A_YEAR >= first_year else None
        if not _DAY.fullmatch(bare):
            return kept
        year = _YEAR.search(bare)
        if year:
            return kept if int(year[0]) >= first_year else year[0]
        short = _LAST_TWO.search(bare)
        # A year of two digits is not read; it is the one in the hundred years before the file's decade.
        return None if short and (int(short[1]) - first_year) % 100 >= _RECENT_YEARS else kept

    return keep


def token(formed: Keep, no_more: re.Pattern[str] | None) -> Keep:
    """Keep tokens; nothing stands where a plain hash or a token of an earlier protocol stood."""

    def keep(text: str) -> str | None:
        return "" if no_more is not None and no_more.fullmatch(text.strip()) else formed(text)

    return keep
