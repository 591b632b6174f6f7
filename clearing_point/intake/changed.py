"""What an office program made of what was typed: references that became dates or lost digits, dates without a day."""

from __future__ import annotations

from typing import NamedTuple

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
_PARTS = "^([0-9]{1,2})[./ -]+([0-9]{1,2})[./ -]+[0-9]{4}"
_MONTHS = 12
_FEWEST_OF_EACH = 3
"""Dates of each kind from which on their days tell that an office program took some for another order."""


def doubt_of_references(source: Source, field: Field, column: int) -> str | None:
    """Return SQL that holds for a cell with a date, or a number too long for an office program; None of other texts."""
    pointing = {own for own, _, _ in source.table.references}
    if field.disclosure != "pseudonym" and not is_key(source, field) and field.name not in pointing:
        return None
    kind = f"substr(kinds, {column}, 1)"
    became = f"coalesce({kind} IN ('{DAY}', '{MONTH}', '{YEAR}', '{NO_YEAR}'), false)"
    # A fraction, a per cent or a number with a point: nobody's reference is typed so. Of a number with an exponent it
    # was said as the file came (:func:`.doubtful.references`).
    lost = (
        f"({kind} = 'n' AND contains(r.c{column}, '.') "
        f"AND NOT regexp_full_match(trim(r.c{column}), {quoted(DIGITS_LOST)}))"
    )
    return f"r.c{column} IS NOT NULL AND ({became} OR {lost})"


def say_of_reference(source: Source, field: Field, column: int, doubt: str) -> None:
    """Report the references for which a doubt holds."""
    store(source, field, column, f"FROM {source.rows} AS r WHERE {doubt}", REFERENCE_CHANGED)


class DatesSeen(NamedTuple):
    """What the cells of a column of dates look like: numbers of rows, and first ones of them."""

    no_day: int
    no_year: int
    either: int
    """Texts of a day and a month that can be read both ways."""
    first_only: int
    second_only: int
    """Texts whose second (first) part alone can be the month."""
    either_row: int | None
    cells: int
    """Cells that an office program holds as a day."""
    late: int
    """Such cells with a day that can be no month."""
    cells_row: int | None


def dates_seen(source: Source, column: int, number: int) -> str:
    """Return SQL of a number and, for it, of :class:`DatesSeen`."""
    parts = f"regexp_extract(trim(c{column}), {quoted(_PARTS)}, ['first', 'second'])"
    either = f"greatest(first, second) <= {_MONTHS} AND first <> second"
    counted = (
        f"kind IN ('{MONTH}', '{YEAR}')", f"kind = '{NO_YEAR}'", either, f"first > {_MONTHS} AND second <= {_MONTHS}",
        f"second > {_MONTHS} AND first <= {_MONTHS}", f"kind = '{DAY}'",
        f"kind = '{DAY}' AND day(try_cast(left(cell, 10) AS DATE)) > {_MONTHS}",
    )  # fmt: skip
    each = [f"count(*) FILTER ({condition})" for condition in counted]
    each.insert(5, f"min(source_row) FILTER ({either})")
    return (
        f"SELECT {number}, {', '.join(each)}, min(source_row) FILTER (kind = '{DAY}') "
        "FROM (SELECT source_row, cell, kind, try_cast(parts.first AS INTEGER) AS first, "
        "try_cast(parts.second AS INTEGER) AS second FROM "
        f"(SELECT source_row, c{column} AS cell, substr(kinds, {column}, 1) AS kind, "
        f"CASE WHEN regexp_full_match(trim(c{column}), {quoted(_PARTED_BY_SIGN)}) THEN {parts} END AS parts "
        f"FROM {source.rows}))"
    )


def say_of_dates(
    source: Source, field: Field, column: int, unread: str | None, seen: DatesSeen
) -> str | None:
    """Report dates that are shown without their day or their year, and a whole column in a form that nobody agreed on.

    Parameters
    ----------
    unread : str, optional
        FROM and WHERE clause of the dates that could not be read, if there are any.
    seen : DatesSeen
        Its cells, counted.

    Returns
    -------
    str, optional
        FROM and WHERE clause of the unread dates of which not enough is said. Of a file that is written in another
        form it is said once.
    """
    kind = f"FROM {source.rows} AS r WHERE substr(kinds, {column}, 1)"
    if seen.no_day:
        shown = f"{kind} IN ('{MONTH}', '{YEAR}')"
        store(source, field, column, shown, DAY_NOT_SHOWN, severity=INFORMATION)
    if seen.no_year:
        store(source, field, column, f"{kind} = '{NO_YEAR}'", YEAR_NOT_SHOWN, severity=WARNING)
    _say_of_orders(source, field, column, unread, seen)
    if unread is None:
        return None
    other = f"regexp_full_match(trim(r.c{column}), {quoted(OTHER_FORM)})"
    counted, filled = source.connection.execute(
        f"SELECT (SELECT count(*) {unread} AND {other}), (SELECT count(c{column}) FROM {source.rows})"
    ).fetchone()
    said = source.connection.execute(
        "SELECT count(*) FROM quality.finding WHERE rule_id = ?", [DATES_OF_OTHER_FORM]
    ).fetchone()[0]
    if not counted or (not said and 2 * counted < filled):
        return unread
    if not said:
        first = f"FROM (SELECT min(r.source_row) AS source_row {unread} AND {other}) AS r"
        store(source, field, column, first, DATES_OF_OTHER_FORM)
    return f"{unread} AND NOT ({other})"


def _say_of_orders(source: Source, field: Field, column: int, unread: str | None, seen: DatesSeen) -> None:
    """Report a column whose dates were typed, or taken by an office program, in two orders of day and month.

    Either some texts can only be read with the other part first, so that texts which can be read both ways are in
    doubt; or every date cell has a day that could be a month and every text has none, which is what is left of day
    first where the office program expects month first.
    """
    row = None
    if seen.either:
        if unread is not None and _turned(source, column, unread):
            row = seen.either_row
    elif min(seen.cells, seen.first_only + seen.second_only) >= _FEWEST_OF_EACH and not seen.late:
        row = seen.cells_row
    if row is not None:
        store(source, field, column, f"FROM (SELECT {row} AS source_row) AS r", TWO_ORDERS, severity=WARNING)


def _turned(source: Source, column: int, unread: str) -> bool:
    """Whether a date that could not be read can be with the other part first."""
    declared = next((form for form in source.profile.reading.dates if "%d" in form and "%m" in form), "%d %m")
    other = "second" if declared.index("%d") < declared.index("%m") else "first"
    part = f"regexp_extract(trim(r.c{column}), {quoted(_PARTS)}, ['first', 'second']).{other}"
    turned: int = source.connection.execute(
        f"SELECT count(*) {unread} AND regexp_full_match(trim(r.c{column}), {quoted(_PARTED_BY_SIGN)}) "
        f"AND try_cast({part} AS INTEGER) > {_MONTHS}"
    ).fetchone()[0]
    return turned > 0
