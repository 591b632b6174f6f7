"""Lookups: each distinct text of a column is given its meaning once, and rows join to that.

A lookup is a temporary table with the text as it stands in the cell (``raw``), whether the cell was a
number (``is_number``) and what it means: ``codes``, or ``value`` with ``precision`` and ``missing``.
"""

from __future__ import annotations

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec
from clearing_point.intake.layout import fold
from clearing_point.intake.source import Source, quoted
from clearing_point.intake.words import words_of
from clearing_point.standard.model import Field

_ISO_DATES = (("%Y-%m-%d", "DAY"), ("%Y-%m-%d %H:%M:%S", "DAY"), ("%Y-%m", "MONTH"), ("%Y", "YEAR"))
"""Year first is read everywhere: it cannot be mistaken. All else is read only as declared."""


def code_lookup(source: Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a coded column: each text -> codes, or none if nobody mapped it.

    The distinct texts of a coded column are few; they are folded and looked up here once each.
    """
    words = words_of(field, spec, source.profile, source.standard)
    several = field.multiple or source.spec.explode == field.name
    separator = source.profile.reading.list_separator if several else None
    otherwise = None if spec.otherwise is None else [spec.otherwise]
    texts = source.connection.execute(f"SELECT raw, is_number FROM ({distinct}) ORDER BY ALL").fetchall()
    codes: list[list[str] | None] = []
    ambiguous: list[bool] = []
    for text, _ in texts:
        parts = [fold(part) for part in (text.split(separator) if separator else [text]) if part.strip()]
        found = [words.codes.get(part) for part in parts]
        unclear = any(part in words.ambiguous for part in parts)
        known = [code for meant in found if meant for code in meant]
        complete = bool(found) and all(found)
        codes.append(sorted(set(known)) if complete else None if unclear else otherwise)
        ambiguous.append(unclear)
    table = pa.table(
        {
            "raw": pa.array([text for text, _ in texts], pa.string()),
            "is_number": pa.array([number for _, number in texts], pa.bool_()),
            "codes": pa.array(codes, pa.list_(pa.string())),
            "ambiguous": pa.array(ambiguous, pa.bool_()),
        }
    )
    source.connection.register("looked_up", table)
    source.connection.execute(f"CREATE OR REPLACE TEMP TABLE {lookup} AS SELECT * FROM looked_up")
    source.connection.unregister("looked_up")


def date_lookup(source: Source, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a date column: each text -> date, precision and missing code."""
    formats = [(f, _precision_of(f)) for f in source.profile.reading.dates]
    formats += [pair for pair in _ISO_DATES if pair[0] not in source.profile.reading.dates]
    value = ", ".join(f"try_strptime(trim(raw), {quoted(f)})::DATE" for f, _ in formats)
    precision = " ".join(
        f"WHEN try_strptime(trim(raw), {quoted(f)}) IS NOT NULL THEN '{exact}'" for f, exact in formats
    )
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN coalesce({value}) END AS value, "
        f"CASE WHEN meant IS NULL THEN CASE {precision} END END AS precision, meant AS missing "
        f"FROM texts LEFT JOIN {_missing_words(source, spec)} ON word = fold(raw)"
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
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN {value} END AS value, meant AS missing "
        f"FROM texts LEFT JOIN {_missing_words(source, spec)} ON word = fold(raw)"
    )


def _missing_words(source: Source, spec: ColumnSpec) -> str:
    """Return the words that say why a value is missing, as a small SQL table (word, meant)."""
    words = {fold(code): code for code in source.standard.missing_codes}
    words |= {fold(w): c for w, c in {**source.profile.reading.missing, **spec.missing}.items()}
    rows = ", ".join(f"({quoted(word)}, {quoted(code)})" for word, code in sorted(words.items()))
    return f"(VALUES {rows}) AS missing_words(word, meant)"
