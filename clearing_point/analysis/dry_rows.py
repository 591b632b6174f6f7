"""A handful of made rows in every table of the standard, so that a query is seen to count before any data come.

Nothing is drawn: codes take turns, row by row, so that every code of a list is there and most conditions of a query are met
by some row. Row number n of every table belongs to person number n.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from clearing_point.standard.model import TERRITORY, Field, Standard, Table

_ROWS = 60
_LATER = 12
"""Every other number is larger by so much than the smallest allowed: conditions on either are met."""
_SUBMISSION, _SENDER = "made", "MADE01"
_PERSON = "person"


def fill_warehouse(connection: Any, standard: Standard, year: int) -> None:
    """Fill the tables of an empty warehouse, attached as ``warehouse``, with rows of one submission about a year."""
    for table in standard.tables_of_kind("case"):
        columns = {
            field.name: _column(standard, table, field, at, year) for at, field in enumerate(table.fields)
        }
        if table.name == _PERSON:
            columns["person_id"] = [f"{_SUBMISSION}-{n}" for n in range(_ROWS)]
        columns |= _lineage(table)
        _insert(connection, f'warehouse.core."{table.name}"', columns)
    for table in standard.tables_of_kind("aggregate"):
        columns = {
            field.name: _column(standard, table, field, at, year) for at, field in enumerate(table.fields)
        }
        if table.counts is not None:
            columns |= {c: [code] * _ROWS for c, code in {**table.counts.whole, **table.counts.only}.items()}
            columns |= {c: columns[other] for c, other in table.counts.same.items()}
        columns |= _lineage(table)
        _insert(connection, f'warehouse.core."{table.name}"', columns)
    day = date(year, 12, 31)
    submission = {
        "submission_id": _SUBMISSION, "series": _SENDER, "version_number": 1, "sender": _SENDER,
        "territory": standard.reporting_territories[0], "period_start": date(year, 1, 1), "period_end": day,
        "use": "count", "made_data": True, "profile": "", "profile_sha256": "", "standard_version": standard.version,
        "standard_sha256": "", "file_name": "", "file_sha256": "", "file_bytes": 0,
        "received_at": datetime.combine(day, datetime.min.time()), "status": "ACCEPTED", "rows_read": _ROWS,
    }  # fmt: skip
    _insert(connection, "warehouse.raw.submission", {name: [value] for name, value in submission.items()})


def _lineage(table: Table) -> dict[str, list[Any]]:
    return {
        "submission_id": [_SUBMISSION] * _ROWS,
        "sheet": [table.name] * _ROWS,
        "source_row": list(range(_ROWS)),
        "source_part": [0] * _ROWS,
    }


def _insert(connection: Any, place: str, columns: dict[str, list[Any]]) -> None:
    connection.register("dry_rows", pa.table(columns))
    connection.execute(f"INSERT INTO {place} BY NAME SELECT * FROM dry_rows")
    connection.unregister("dry_rows")


def _column(standard: Standard, table: Table, field: Field, at: int, year: int) -> list[Any]:
    values = [_value(standard, table, field, at, n, year) for n in range(_ROWS)]
    return [[value] for value in values] if field.multiple else values


def _value(standard: Standard, table: Table, field: Field, at: int, n: int, year: int) -> Any:
    if field.codelist is not None:
        codes = (
            standard.reporting_territories
            if field.codelist == TERRITORY
            else standard.codes_of(field.codelist)
        )
        # Another step in every column, or two columns would go together in all rows.
        return codes[(n + at * (n // len(codes))) % len(codes)]
    if field.type == "date":
        return date(year, 1, 1)
    if field.type == "year":
        return year
    if field.type in ("integer", "number"):
        low = field.constraints.get("minimum", 1)
        return low if n % 2 == 0 else min(low + _LATER, field.constraints.get("maximum", low + _LATER))
    keys = {*table.primary_key, *(f for fields in table.parents.values() for f in fields)}
    keys |= {own for own, _, _ in table.references}
    return f"{n}" if field.name in keys else ""
