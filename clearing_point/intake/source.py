"""One sheet on its way into one table: what every step of normalising is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec, Profile, TableSpec
from clearing_point.intake.layout import SheetLayout
from clearing_point.standard.model import Standard, Table


@dataclass(frozen=True)
class Source:
    """A sheet, the table its rows go to, and the temporary table ``rows`` that holds its data rows."""

    connection: Any
    submission_id: str
    layout: SheetLayout
    spec: TableSpec
    table: Table
    profile: Profile
    standard: Standard
    rows: str
    texts: dict[str, set[str]] = field(default_factory=dict, repr=False)
    """Coded field -> distinct texts of its cells; shared by all sources of a file."""
    coded: Mapping[int, list[str]] = field(default_factory=dict, repr=False)
    """Column of codes or of yes and no -> its distinct texts, in order."""

    def column(self, spec: ColumnSpec) -> int | None:
        """Return the column number that a field is read from, if the sheet has it."""
        return self.layout.column_of(spec.headings)


def quoted(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def arrow_of(rows: Sequence[Sequence[Any]], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as an Arrow table of these columns, for the engine to join to."""
    return pa.table(
        {name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(kinds.items())}
    )
