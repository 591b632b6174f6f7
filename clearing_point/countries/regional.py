"""The regional workbook needs no mapping: its profile is worked out from the standard."""

from __future__ import annotations

from dataclasses import replace

from clearing_point.countries.profile import ColumnSpec, Profile, SheetSpec, TableSpec
from clearing_point.standard.model import Standard

MACHINE_ROW, LABEL_ROWS = 1, 1
"""Row 1 of each sheet holds the machine names, row 2 the words people read, data begin in row 3."""


def regional_profile(standard: Standard, base: Profile) -> Profile:
    """Return the profile of the regional workbook for one sender.

    Parameters
    ----------
    standard : Standard
        Gives sheets and headings: one sheet a table, the machine names of its received fields.
    base : Profile
        The sender's own profile; who sends, how dates and numbers are written, local words.
    """
    sheets = []
    for table in standard.tables_of_kind("header", "case", "aggregate", "scorecard"):
        columns = {f.name: ColumnSpec(headings=(f.name,), optional=True) for f in table.received}
        for f in table.received:
            if f.no_column:
                columns[f.no_column] = ColumnSpec(headings=(f.no_column,), optional=True)
        sheets.append(
            SheetSpec(
                sheet=table.name,
                header_rows=(MACHINE_ROW,),
                rows_between=LABEL_ROWS,
                tables=(TableSpec(table=table.name, columns=columns),),
                optional=True,
            )
        )
    return replace(base, name=f"{base.name}/regional", sheets=tuple(sheets))
