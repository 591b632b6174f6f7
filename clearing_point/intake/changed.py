"""What an office program made of what was typed: references that became dates or lost digits, dates without a day."""

from __future__ import annotations

from clearing_point.findings import DATES_OF_OTHER_FORM, DAY_NOT_SHOWN, INFORMATION, REFERENCE_CHANGED
from clearing_point.intake.lookups import OTHER_FORM
from clearing_point.intake.select import is_key, store
from clearing_point.intake.shown import DAY, MONTH, YEAR
from clearing_point.intake.source import Source, quoted
from clearing_point.standard.model import Field

_DIGITS_LOST = r"[0-9]([.,][0-9]+)?[eE][+]?[0-9]+"
"""A long number as office programs write it: with fifteen digits and an exponent."""


def say_of_references(source: Source, field: Field, column: int) -> None:
    """Report references that are dates, or numbers too long for an office program."""
    pointing = {own for own, _, _ in source.table.references}
    if field.disclosure != "pseudonym" and not is_key(source, field) and field.name not in pointing:
        return
    kind = f"substr(kinds, {column}, 1)"
    became = f"coalesce({kind} IN ('{DAY}', '{MONTH}', '{YEAR}'), false)"
    lost = f"regexp_full_match(trim(r.c{column}), {quoted(_DIGITS_LOST)})"
    where = f"FROM {source.rows} AS r WHERE r.c{column} IS NOT NULL AND ({became} OR {lost})"
    store(source, field, column, where, REFERENCE_CHANGED)


def say_of_dates(source: Source, field: Field, column: int, unread: str) -> str:
    """Report dates that are shown without their day, and a whole column in a form that nobody agreed on.

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
