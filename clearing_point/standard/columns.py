"""Schemas of the warehouse and the columns of a data table, for those who need no DDL (whose library is slow to import)."""

from __future__ import annotations

from collections.abc import Iterator

from clearing_point.standard.model import Table

SCHEMAS = ("raw", "staged", "core", "quality", "ref")


def columns_of(table: Table) -> Iterator[tuple[str, str]]:
    """Yield (column, role) of a data table after its lineage: value, precision, missing or no."""
    for field in table.fields:
        yield field.name, "value"
        if field.precision_column:
            yield field.precision_column, "precision"
        if field.missing_column:
            yield field.missing_column, "missing"
        if field.no_column:
            yield field.no_column, "no"
