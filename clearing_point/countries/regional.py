"""The regional workbook needs no mapping: its profile is worked out from the standard."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import ColumnSpec, Profile, SheetSpec, TableSpec
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY, Standard, Table
from clearing_point.standard.workbook import MARK_SHEET, MARKS, sheet_names

LIST_SEPARATOR = ";"
MACHINE_ROW, LABEL_ROWS = 1, 1
"""Row 1 of each sheet holds the machine names, row 2 the words people read, data begin in row 3."""


@dataclass(frozen=True)
class Mark:
    """What a workbook written by `clearing-point template` says of itself; empty texts where it does not."""

    standard_version: str = ""
    territory: str = ""
    year: str = ""
    language: str = ""


def mark_of(rows: pa.Table) -> Mark | None:
    """Read the hidden sheet of a template, or return None where there is none.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows of a received file: ``sheet``, ``source_row``, ``cells``.
    """
    lines = rows.filter(pc.equal(rows["sheet"], MARK_SHEET))["cells"].to_pylist()
    if not lines:
        return None
    found = {str(cells[0]): str(cells[1] or "") for cells in lines if len(cells) > 1 and cells[0]}
    return Mark(
        **{name: found[name] for name in MARKS if name in found and name in Mark.__dataclass_fields__}
    )


def regional_sheets(rows: pa.Table, standard: Standard) -> dict[str, str]:
    """Return table -> sheet of a file that is a regional workbook; empty if it is none.

    A sheet belongs to a table if it has its machine name, or its title in any language and a first
    row that holds machine names of that table's fields. A sheet with a
    machine name is ours even if somebody spoiled its headings: they are findings.
    """
    meant = {fold_name(table.name): table for table in standard.tables.values()}
    for language in standard.languages:
        for name, sheet in sheet_names(standard, language).items():
            meant.setdefault(fold_name(sheet), standard.tables[name])
    first = rows.filter(pc.equal(rows["source_row"], MACHINE_ROW))
    found: dict[str, str] = {}
    for sheet, cells in zip(first["sheet"].to_pylist(), first["cells"].to_pylist(), strict=True):
        table = meant.get(fold_name(sheet))
        headings = {str(cell).strip().lower() for cell in cells if cell}
        if table is not None and (fold_name(sheet) == table.name or headings & _names(table)):
            found.setdefault(table.name, sheet)
    return found


def check_mark(mark: Mark, file_name: str, profile: Profile, standard: Standard) -> None:
    """Refuse a workbook that was made for another territory or by a newer standard.

    Raises
    ------
    InputProblem
        With what the workbook is and what to do.
    """
    if mark.territory and profile.territory and mark.territory != profile.territory:
        raise InputProblem(
            f"{file_name} was made for {standard.territory_name(mark.territory)} ({mark.territory}) and is read as one of "
            f"{profile.territory}: name the right territory, or copy the data into that territory's workbook."
        )
    if _version(mark.standard_version) > _version(standard.version):
        raise InputProblem(
            f"{file_name} was made with version {mark.standard_version} of the standard; this clearing point knows "
            f"{standard.version}: update it before reading the file."
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _names(table: Table) -> set[str]:
    return {name for f in table.received for name in (f.name, *f.formerly)}


def fold_name(name: str) -> str:
    """Fold the name of a sheet: case and outer spaces."""
    return unicodedata.normalize("NFC", name).strip().lower()


def regional_profile(standard: Standard, base: Profile, sheets: Mapping[str, str] | None = None) -> Profile:
    """Return the profile of the regional workbook for one sender.

    Parameters
    ----------
    standard : Standard
        Gives sheets and headings: one sheet a table, the machine names of its received fields, and the
        names they had in earlier versions of the template.
    base : Profile
        The sender's own profile; who sends, how dates and numbers are written, local words.
    sheets : mapping, optional
        Table -> name of its sheet in the file; by default the machine names.
    """
    named = sheets or {}
    # Its own drop-down words say what they say, also where the same name from elsewhere must be asked about.
    places = {
        label[spoken]: code
        for code, label in standard.territory_names.items()
        for spoken in ("en", base.language)
        if spoken in label
    }
    made = []
    for table in standard.tables_of_kind("header", "case", "aggregate", "scorecard"):
        columns = {
            f.name: ColumnSpec(
                headings=(f.name, *f.formerly),
                optional=True,
                values=places if f.codelist == TERRITORY else {},
            )
            for f in table.received
        }
        for f in table.received:
            if f.no_column:
                earlier = tuple(f"{name}_no" for name in f.formerly)
                columns[f.no_column] = ColumnSpec(headings=(f.no_column, *earlier), optional=True)
        made.append(
            SheetSpec(
                sheet=named.get(table.name, table.name),
                header_rows=(MACHINE_ROW,),
                rows_between=LABEL_ROWS,
                tables=(TableSpec(table=table.name, columns=columns),),
                optional=True,
            )
        )
    # Several values of a cell are parted as the workbook says, whatever this sender's own files do.
    reading = replace(base.reading, list_separator=LIST_SEPARATOR)
    return replace(base, name=f"{base.name}/regional", sheets=tuple(made), reading=reading)
