"""What an office program made of what was typed: references that became dates or lost digits, dates without a day."""

from __future__ import annotations

from clearing_point.findings import (
    DATES_OF_OTHER_FORM,
    DAY_NOT_SHOWN,
    INFORMATION,
    REFERENCE_CHANGED,
    TWO_ORDERS,
    WARNING,
    YEAR_NOT_SHOWN,
)
from clearing_point.intake.lookups import OTHER_FORM
from clearing_point.intake.select import is_key, store
from clearing_point.intake.shown import DAY, MONTH, NO_YEAR, YEAR
from clearing_point.intake.source import Source, quoted
from clearing_point.standard.model import Field

DIGITS_LOST = r"[0-9]([.,][0-9]+)?[eE][+]?[0-9]+"
"""A long number as office programs write it: with fifteen digits and an exponent."""
TIME_OF_DAY = r"-?[0-9]{1,4}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?|[0-9]+ days?, [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
"""What "3:15" or "1:20:04" becomes."""
_PARTED_BY_SIGN = r"[0-9]{1,2}[./ -]+[0-9]{1,2}[./ -]+[0-9]{4}\.?"
_MONTHS = 12
_FEWEST_OF_EACH = 3
"""Dates of each kind from which on their days tell that an office program took some for another order."""


def say_of_references(source: Source, field: Field, column: int) -> None:
    """Report references that are dates, or numbers too long for an office program."""
    pointing = {own for own, _, _ in source.table.references}
    if field.disclosure != "pseudonym" and not is_key(source, field) and field.name not in pointing:
        return
    kind = f"substr(kinds, {column}, 1)"
    became = f"coalesce({kind} IN ('{DAY}', '{MONTH}', '{YEAR}', '{NO_YEAR}'), false)"
    # A fraction, a per cent or a number with a point: nobody's reference is typed so.
    lost = (
        f"regexp_full_match(trim(r.c{column}), {quoted(DIGITS_LOST)}) "
        f"OR ({kind} = 'n' AND contains(r.c{column}, '.'))"
    )
    where = f"FROM {source.rows} AS r WHERE r.c{column} IS NOT NULL AND ({became} OR {lost})"
    store(source, field, column, where, REFERENCE_CHANGED)


def say_of_dates(source: Source, field: Field, column: int, unread: str) -> str:
    """Report dates that are shown without their day or their year, and a whole column in a form that nobody agreed on.

    Parameters
    ----------
    unread : str
        FROM and WHERE clause of the dates that could not be read.

    Returns
    -------
    str
        Condition of the unread dates of which enough is said, or an empty text. Of a file that is written in another
        form it is said once.
    """
    shown = f"FROM {source.rows} AS r WHERE substr(kinds, {column}, 1) IN ('{MONTH}', '{YEAR}')"
    store(source, field, column, shown, DAY_NOT_SHOWN, severity=INFORMATION)
    unseen = f"FROM {source.rows} AS r WHERE substr(kinds, {column}, 1) = '{NO_YEAR}'"
    store(source, field, column, unseen, YEAR_NOT_SHOWN, severity=WARNING)
    _say_of_orders(source, field, column, unread)
    other = f"regexp_full_match(trim(r.c{column}), {quoted(OTHER_FORM)})"
    counted, filled = source.connection.execute(
        f"SELECT (SELECT count(*) {unread} AND {other}), (SELECT count(c{column}) FROM {source.rows})"
    ).fetchone()
    said = source.connection.execute(
        "SELECT count(*) FROM quality.finding WHERE rule_id = ?", [DATES_OF_OTHER_FORM]
    ).fetchone()[0]
    if not counted or (not said and 2 * counted < filled):
        return ""
    if not said:
        first = f"FROM (SELECT min(r.source_row) AS source_row {unread} AND {other}) AS r"
        store(source, field, column, first, DATES_OF_OTHER_FORM)
    return other


def _say_of_orders(source: Source, field: Field, column: int, unread: str) -> None:
    """Report a column whose dates were typed, or taken by an office program, in two orders of day and month.

    Either some texts can only be read with the other part first, so that texts which can be read both ways are in
    doubt; or every date cell has a day that could be a month and every text has none, which is what is left of day
    first where the office program expects month first.
    """
    pattern = "^([0-9]{1,2})[./ -]+([0-9]{1,2})[./ -]+[0-9]{4}"
    parts = f"regexp_extract(trim(r.c{column}), {quoted(pattern)}, ['first', 'second'])"
    texts = (
        f"SELECT r.source_row, try_cast({parts}.first AS INTEGER) AS first, try_cast({parts}.second AS INTEGER) AS second "
        f"FROM {source.rows} AS r WHERE regexp_full_match(trim(r.c{column}), {quoted(_PARTED_BY_SIGN)})"
    )
    either, first_only, second_only, row = source.connection.execute(
        f"SELECT count(*) FILTER (greatest(first, second) <= {_MONTHS} AND first <> second), "
        f"count(*) FILTER (first > {_MONTHS} AND second <= {_MONTHS}), "
        f"count(*) FILTER (second > {_MONTHS} AND first <= {_MONTHS}), "
        f"min(source_row) FILTER (greatest(first, second) <= {_MONTHS} AND first <> second) FROM ({texts})"
    ).fetchone()
    if not either + first_only + second_only:
        return
    declared = next((form for form in source.profile.reading.dates if "%d" in form and "%m" in form), "%d %m")
    day_first = declared.index("%d") < declared.index("%m")
    swapped = f"{parts}.{'second' if day_first else 'first'}"
    turned = source.connection.execute(
        f"SELECT count(*) {unread} AND regexp_full_match(trim(r.c{column}), {quoted(_PARTED_BY_SIGN)}) "
        f"AND try_cast({swapped} AS INTEGER) > {_MONTHS}"
    ).fetchone()[0]
    if either and turned:
        store(source, field, column, f"FROM (SELECT {row} AS source_row) AS r", TWO_ORDERS, severity=WARNING)
        return
    cells, late, row = source.connection.execute(
        f"SELECT count(*), count(*) FILTER (day(try_cast(left(c{column}, 10) AS DATE)) > {_MONTHS}), min(source_row) "
        f"FROM {source.rows} WHERE substr(kinds, {column}, 1) = '{DAY}'"
    ).fetchone()
    if min(cells, first_only + second_only) >= _FEWEST_OF_EACH and not late and not either:
        store(source, field, column, f"FROM (SELECT {row} AS source_row) AS r", TWO_ORDERS, severity=WARNING)
