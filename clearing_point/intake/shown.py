"""What of a date a cell's format shows: its day, its month or its year."""

from __future__ import annotations

import re

DAY, MONTH, YEAR = "d", "m", "y"
"""The last part of a date that is shown; also the letters by which cells of that kind are marked."""

_NO_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P', re.IGNORECASE)


def shown_parts(code: str) -> str:
    """Return what a number format shows of a date; an empty text where it shows none, or no year.

    >>> shown_parts("dd.mm.yyyy"), shown_parts("mm.yyyy"), shown_parts("yyyy"), shown_parts("0.00")
    ('d', 'm', 'y', '')
    """
    # Only the part for positive numbers counts; texts in quotes and colours are no letters of the date.
    letters = _NO_LETTERS.sub("", code.partition(";")[0]).lower()
    if "y" not in letters:
        return ""
    return DAY if "d" in letters else MONTH if "m" in letters else YEAR
