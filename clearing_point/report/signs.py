"""How numbers are printed: separators, the sign of a protected number, zero, none reported, no data; shares.

Rules R4, R6, R7 and R12 of domain.md 12.1. Everything here is worked out from shown numbers only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from clearing_point.disclosure.model import ProtectedCell
from clearing_point.halves import percent_digits, rounded
from clearing_point.report.words import Words

_NUMBER = re.compile(r"\d+(\.\d+)?")

Reported = Literal["complete", "accepted", "none"]
"""All known cases are covered; data came but may lack cases; no accepted data."""


@dataclass(frozen=True)
class Printed:
    """A number as readers see it. `value` is None where nothing is shown."""

    text: str
    value: int | None
    state: Literal["shown", "hidden", "none"]


@dataclass(frozen=True)
class Share:
    """Per cent of the known persons; `indicative` where many are not known."""

    text: str
    value: float
    indicative: bool


def separator(words: Words) -> str:
    """Return what stands between thousands; an underscore in the texts is a narrow space that does not break."""
    return words("signs.thousands").replace("_", "\u202f")


def number_in(text: str, words: Words) -> float | None:
    """Return the number that a text prints, or None: the reverse of :func:`print_number`."""
    plain = text.strip().replace(separator(words), "").replace(words("signs.decimal"), ".")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def print_number(value: int, words: Words) -> str:
    """Return digits with the separator of the language."""
    return f"{value:,}".replace(",", separator(words))


def print_decimal(value: float, decimals: int, words: Words) -> str:
    """Return digits with a fixed number of decimals, with the separators of the language."""
    digits = f"{value:,.{decimals}f}".replace(",", " ").replace(".", words("signs.decimal"))
    return digits.replace(" ", separator(words))


def print_told(value: float, words: Words) -> str:
    """Return a number with all the decimals that somebody told, with the separators of the language."""
    _, _, part = f"{Decimal(repr(float(value))).normalize():f}".partition(".")
    return print_decimal(value, len(part), words)


def print_count(cell: ProtectedCell | None, sign: str, reported: Reported, words: Words) -> Printed:
    """Return what is printed for a count.

    Parameters
    ----------
    cell : ProtectedCell or None
        None where the table has no such cell.
    sign : str
        The table's sign for a protected number.
    reported : str
        What is known of the data behind the cell. A zero without any accepted data is "no data";
        one that rests on data which may lack cases is "none reported".
    """
    if cell is None:
        return Printed(words("signs.no_data"), None, "none")
    if cell.shown is None:
        return Printed(sign, None, "hidden")
    if cell.shown == 0 and reported == "none":
        return Printed(words("signs.no_data"), None, "none")
    if cell.shown == 0 and reported == "accepted":
        return Printed(words("signs.none_reported"), 0, "shown")
    return Printed(print_number(cell.shown, words), cell.shown, "shown")


def print_measure(value: float | None, decimals: int, count: Printed, words: Words) -> Printed:
    """Return what is printed for a median, mean, sum or rate beside its count.

    Where the count is protected or has no data its sign stands here too; where only the measure may not be shown, a
    dash: too few units, or one that dominates.
    """
    if value is None:
        if count.state != "shown":
            return Printed(count.text, None, count.state)
        return Printed(words("signs.no_measure"), None, "none")
    return Printed(print_decimal(value, decimals, words), int(value), "shown")


def percentage(share: float, words: Words, digits: int = 0, *, whole_only_if_whole: bool = False) -> str:
    """Return a percentage as a language prints it; `share` is of one (:func:`clearing_point.halves.percent_digits`)."""
    number = percent_digits(
        share, digits, decimal_sign=words("signs.decimal"), whole_only_if_whole=whole_only_if_whole
    )
    return words("signs.percent", number=number)


def share_of_known(
    value: int | None,
    total: int | None,
    unknown: int | None,
    minimum_base: int,
    thresholds: Mapping[str, Any],
    words: Words,
) -> Share | None:
    """Return a percentage of the known persons, or None where none may be given.

    Parameters
    ----------
    value, total, unknown : int or None
        Shown counts; None is a protected one, and then there is no percentage.
    minimum_base : int
        Fewest known persons that a percentage may rest on.
    thresholds : mapping
        ``thresholds`` of ``schemas/standard.yml``.
    """
    if value is None or total is None or unknown is None or total <= 0:
        return None
    known = total - unknown
    lacking = unknown / total
    if known < max(minimum_base, 1) or lacking > thresholds["unknown_share_no_percentage"]:
        return None
    percent = 100 * value / known
    digits = _digits(known, thresholds)
    shown = rounded(percent, digits)
    return Share(
        percentage(value / known, words, digits), shown, lacking > thresholds["unknown_share_indicative"]
    )


def range_of_all(
    value: int | None, unknown: int | None, total: int | None, minimum_base: int, thresholds: Mapping[str, Any],
    words: Words,
) -> tuple[str, str] | None:  # fmt: skip
    """Return the lowest and the highest percentage of everybody that have an answer, whatever the unknown would say.

    Returns
    -------
    tuple of str or None
        None where nobody is unknown, a count is protected, or they are too few.
    """
    if value is None or total is None or not unknown or total < max(minimum_base, 1):
        return None
    digits = _digits(total, thresholds)
    return percentage(value / total, words, digits), percentage((value + unknown) / total, words, digits)


def _digits(base: int, thresholds: Mapping[str, Any]) -> int:
    return 0 if base < thresholds["whole_percent_below_base"] else 1
