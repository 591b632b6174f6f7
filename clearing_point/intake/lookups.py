"""Lookups: each distinct text of a column is given its meaning once, and rows join to that.

A lookup is a temporary table with the text as it stands in the cell (``raw``), whether the cell was a
number (``is_number``) and what it means: ``codes``, or ``value`` with ``precision`` and ``missing``.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec
from clearing_point.intake.layout import fold
from clearing_point.intake.source import Source, quoted
from clearing_point.intake.words import words_of
from clearing_point.standard.model import Field

_ISO_DATES = (("%Y-%m-%d", "DAY"), ("%Y-%m-%d %H:%M:%S", "DAY"), ("%Y-%m", "MONTH"), ("%Y", "YEAR"))
"""Year first is read everywhere: it cannot be mistaken. All else is read only as declared."""


def _register_words(source: Source, name: str, rows: list[tuple[str, Any]], kind: pa.DataType) -> None:
    table = pa.table(
        {"word": pa.array([r[0] for r in rows], pa.string()), "meant": pa.array([r[1] for r in rows], kind)}
    )
    source.connection.register("words_view", table)
    # Folded a second time by the same SQL as the cells, so that both sides agree to the letter.
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT fold(word) AS word, any_value(meant) AS meant "
        "FROM words_view GROUP BY 1"
    )
    source.connection.unregister("words_view")


def code_lookup(source: Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a coded column: each text -> codes, or none if nobody mapped it."""
    words = words_of(field, spec, source.profile, source.standard)
    rows = [(word, list(codes)) for word, codes in words.codes.items()]
    rows += [(word, ["?"]) for word in sorted(words.ambiguous)]
    _register_words(source, f"{lookup}_words", rows, pa.list_(pa.string()))
    otherwise = "NULL" if spec.otherwise is None else f"[{quoted(spec.otherwise)}]"
    if field.multiple or source.spec.explode == field.name:
        separator = quoted(source.profile.reading.list_separator)
        parts = f"list_filter(string_split(raw, {separator}), lambda part: trim(part) <> '')"
        source.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {lookup} AS "
            f"WITH texts AS ({distinct}), parts AS (SELECT raw, is_number, unnest({parts}) AS part FROM texts) "
            f"SELECT raw, is_number, CASE WHEN bool_and(meant IS NOT NULL) "
            "THEN list_sort(list_distinct(flatten(list(meant)))) END AS codes, "
            "coalesce(bool_or(meant = ['?']), false) AS ambiguous "
            f"FROM parts LEFT JOIN {lookup}_words ON word = fold(part) GROUP BY raw, is_number"
        )
    else:
        source.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
            f"SELECT raw, is_number, coalesce(CASE WHEN meant <> ['?'] THEN meant END, "
            f"CASE WHEN meant IS NULL THEN {otherwise} END) AS codes, coalesce(meant = ['?'], false) AS ambiguous "
            f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
        )


def date_lookup(source: Source, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a date column: each text -> date, precision and missing code."""
    formats = [(f, _precision_of(f)) for f in source.profile.reading.dates]
    formats += [pair for pair in _ISO_DATES if pair[0] not in source.profile.reading.dates]
    value = ", ".join(f"try_strptime(trim(raw), {quoted(f)})::DATE" for f, _ in formats)
    precision = " ".join(
        f"WHEN try_strptime(trim(raw), {quoted(f)}) IS NOT NULL THEN '{exact}'" for f, exact in formats
    )
    _register_words(source, f"{lookup}_words", _missing_words(source, spec), pa.string())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN coalesce({value}) END AS value, "
        f"CASE WHEN meant IS NULL THEN CASE {precision} END END AS precision, meant AS missing "
        f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
    )


def _precision_of(pattern: str) -> str:
    return "DAY" if "%d" in pattern else "MONTH" if "%m" in pattern or "%b" in pattern else "YEAR"


def number_lookup(source: Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a number column: each text -> value and missing code."""
    reading = source.profile.reading
    decimal, thousands = (f"\\{c}" if c in ".'" else c for c in (reading.decimal, reading.thousands))
    whole = rf"\d{{1,3}}({thousands}\d{{3}})+|\d+" if thousands else r"\d+"
    pattern = quoted(rf"^[-+]?({whole})({decimal}\d+)?$")
    cleaned = "trim(raw)"
    if reading.thousands:
        cleaned = f"replace({cleaned}, {quoted(reading.thousands)}, '')"
    cleaned = f"replace({cleaned}, {quoted(reading.decimal)}, '.')"
    number = (
        f"CASE WHEN is_number THEN TRY_CAST(raw AS DOUBLE) "
        f"WHEN regexp_matches(trim(raw), {pattern}) THEN TRY_CAST({cleaned} AS DOUBLE) END"
    )
    if field.type == "number":
        value = number
    else:
        kind = "SMALLINT" if field.type == "year" else "INTEGER"
        value = f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS {kind}) END"
    _register_words(source, f"{lookup}_words", _missing_words(source, spec), pa.string())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN {value} END AS value, meant AS missing "
        f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
    )


def _missing_words(source: Source, spec: ColumnSpec) -> list[tuple[str, Any]]:
    words = {fold(code): code for code in source.standard.missing_codes}
    words |= {fold(w): c for w, c in {**source.profile.reading.missing, **spec.missing}.items()}
    return sorted(words.items())
