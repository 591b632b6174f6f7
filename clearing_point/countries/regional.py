"""The regional workbook needs no mapping: its profile is worked out from the standard."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from clearing_point.countries.profile import ColumnSpec, Profile, SheetSpec, TableSpec
from clearing_point.errors import InputProblem
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import TERRITORY, Standard, Table
from clearing_point.standard.workbook import LISTS_SHEET, MARK_SHEET, MARKS, sheet_names, short_name

if TYPE_CHECKING:
    import pyarrow as pa

LIST_SEPARATOR = ";"
MACHINE_ROW, LABEL_ROWS = 1, 1
"""Row 1 of each sheet holds the machine names, row 2 the words people read, data begin in row 3."""


_FEW_HEADINGS = 2
_REGIONAL = "/regional"


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
    import pyarrow.compute as pc

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
    import pyarrow.compute as pc

    meant = {fold_name(table.name): table for table in standard.tables.values()}
    for language in standard.languages:
        for name, sheet in sheet_names(standard, language).items():
            meant.setdefault(fold_name(sheet), standard.tables[name])
    first = rows.filter(pc.equal(rows["source_row"], MACHINE_ROW))
    found: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for sheet, cells in zip(first["sheet"].to_pylist(), first["cells"].to_pylist(), strict=True):
        table = meant.get(fold_name(sheet))
        tables = _tables_of(cells, standard)
        if table is not None and (
            fold_name(sheet) == table.name or _headings(cells) & _names(table) or table.name in tables
        ):
            found.setdefault(table.name, sheet)
        elif len(tables) == 1 and _headings(cells) & _names(standard.tables[tables[0]]):
            others.setdefault(tables[0], []).append(sheet)
    # A sheet of another name is read by its machine names, unless two of them, or one with the right name, have them.
    found.update(
        {name: sheets[0] for name, sheets in others.items() if len(sheets) == 1 and name not in found}
    )
    return found


def _headings(cells: Sequence[str | None]) -> set[str]:
    return {str(cell).strip().lower() for cell in cells if cell}


def _tables_of(cells: Sequence[str | None], standard: Standard) -> list[str]:
    """Return the tables that a row of headings may be of: those whose names, or words, most of its cells are."""
    headings = _headings(cells)
    if len(headings) < _FEW_HEADINGS:
        return []
    shares = {
        table.name: max(
            len(headings & _names(table)), len({fold_name(h) for h in headings} & _words(table, standard))
        )
        for table in standard.tables.values()
    }
    most = max(shares.values())
    if 2 * most < len(headings) or most < _FEW_HEADINGS:
        return []
    return [name for name, share in shares.items() if share == most]


def tables_in_row(rows: pa.Table, sheet: str, standard: Standard) -> list[str]:
    """Return the tables whose machine names, or words, stand in the first row of a sheet."""
    import pyarrow.compute as pc

    first = rows.filter(pc.and_(pc.equal(rows["source_row"], MACHINE_ROW), pc.equal(rows["sheet"], sheet)))
    return _tables_of(first["cells"][0].as_py() or [], standard) if first.num_rows else []


def sheets_of_template(rows: pa.Table, standard: Standard) -> frozenset[str]:
    """Return the sheets of a workbook written by ``clearing-point template`` that hold no data."""
    if mark_of(rows) is None:
        return frozenset()
    told = [standard.words["template"][name] for name in ("sheet_instructions", "sheet_examples")]
    names = {fold_name(short_name(text)) for words in told for text in words.values()}
    names |= {fold_name(MARK_SHEET), fold_name(LISTS_SHEET)}
    return frozenset(name for name in rows["sheet"].unique().to_pylist() if fold_name(name) in names)


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
            f"{profile.territory}: name the right territory, or copy the data into that territory's workbook.",
            "made_for_other",
            file=file_name,
            made_for=mark.territory,
            territory=profile.territory,
        )
    if _version(mark.standard_version) > _version(standard.version):
        raise InputProblem(
            f"{file_name} was made with version {mark.standard_version} of the standard; this clearing point knows "
            f"{standard.version}: update it before reading the file.",
            "made_later",
            file=file_name,
            version=mark.standard_version,
            known=standard.version,
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _names(table: Table) -> set[str]:
    return {name for f in table.received for name in (f.name, *f.formerly)}


def _words(table: Table, standard: Standard) -> set[str]:
    return {word for words in _labels(table.name, standard).values() for word in words}


def fold_name(name: str) -> str:
    """Fold the name of a sheet: case and outer spaces."""
    return unicodedata.normalize("NFC", name).strip().lower()


@lru_cache(maxsize=128)
def _labels(name: str, standard: Standard) -> Mapping[str, frozenset[str]]:
    """Return machine name -> the words of its field in every language, those of earlier versions too."""
    labels = {}
    for f in standard.tables[name].received:
        texts = [
            *f.title.values(),
            *(text for _, text in standard.former.get(f"field:{name}.{f.name}", ())),
        ]
        words = frozenset(" ".join(fold_name(text).split()) for text in texts)
        for heading in (f.name, *f.formerly):
            labels[heading] = words
    return labels


def is_regional(profile: Profile) -> bool:
    """Whether a profile is that of the regional workbook."""
    return profile.name.endswith(_REGIONAL)


def words_of_totals(standard: Standard) -> tuple[str, ...]:
    """Return the words that mark a row of totals in any language and script."""
    return tuple(read_yaml(standard.folder / "template.yml")["totals"])


def with_words_of_totals(profile: Profile, standard: Standard) -> Profile:
    """Return a profile whose rows of totals are known by any language's word, where it declares one of them itself."""
    totals = words_of_totals(standard)
    known = {fold_name(word) for word in totals}
    sheets = tuple(
        replace(
            sheet,
            skip_rows={
                heading: tuple(dict.fromkeys((*words, *totals)))
                if known & {fold_name(word) for word in words}
                else words
                for heading, words in sheet.skip_rows.items()
            },
        )
        for sheet in profile.sheets
    )
    return replace(profile, sheets=sheets)


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
    totals = words_of_totals(standard)
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
                labels=_labels(table.name, standard),
                tables=(TableSpec(table=table.name, columns=columns),),
                optional=True,
                skip_rows=dict.fromkeys((table.received[0].name, *table.received[0].formerly), totals),
            )
        )
    # Several values of a cell are parted as the workbook says, whatever this sender's own files do.
    reading = replace(base.reading, list_separator=LIST_SEPARATOR)
    return replace(base, name=f"{base.name}{_REGIONAL}", sheets=tuple(made), reading=reading)
