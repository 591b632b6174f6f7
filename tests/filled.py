"""Forms filled in with made people as their sender would: the regional template, and the workbook of HTCDS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.intake.layout import fold
from clearing_point.intake.words import words_of
from clearing_point.standard import Standard
from clearing_point.standard.model import TERRITORY
from clearing_point.standard.workbook import DATA_ROW, sheet_names, write_template
from clearing_point.synthetic.columns import SEPARATOR
from clearing_point.synthetic.known import MadeTable

_CASE = ("person", "trafficking_episode", "identification")
HTCDS_LABELS = 2
"""Row of the labels in the entry workbooks of HTCDS."""


def fill_template(
    path: Path,
    standard: Standard,
    tables: Mapping[str, MadeTable],
    *,
    territory: str,
    year: int,
    language: str,
) -> Path:
    """Fill the template of a language: codes become the words of its drop-down lists."""
    write_template(standard, path, territory=territory, year=year, language=language)
    book = openpyxl.load_workbook(path)
    names = sheet_names(standard, language)
    for name, made in tables.items():
        sheet, fields = book[names[name]], standard.tables[name].by_name
        columns = {cell.value: cell.column for cell in sheet[1] if cell.value}
        for field_name, cells in made.columns.items():
            field = fields.get(field_name) or fields[field_name.removesuffix("_no")]
            for row, cell in enumerate(cells, start=DATA_ROW):
                if cell is None:
                    continue
                if field.codelist:
                    parts = [
                        standard.label_of(field.codelist, p, language) for p in str(cell).split(SEPARATOR)
                    ]
                    cell = SEPARATOR.join(parts)  # noqa: PLW2901
                sheet.cell(row, columns[field_name], cell)
    book.save(path)
    return path


def fill_htcds(
    empty: Path, path: Path, profile: Profile, standard: Standard, tables: Mapping[str, MadeTable]
) -> dict[tuple[str, str], frozenset[str]]:
    """Fill the entry workbook of HTCDS with the persons that have one episode and one identification.

    Only what its words can say is written, each as the crosswalk has it.

    Returns
    -------
    dict
        (table, field) that the workbook asks -> the codes of it that HTCDS has a word for.
    """
    book = openpyxl.load_workbook(empty, keep_vba=empty.suffix == ".xlsm")
    sheet = book[str(profile.sheets[0].sheet)]
    columns = {cell.value: cell.column for cell in sheet[HTCDS_LABELS] if cell.value}
    asked = {
        place: (next(columns[h] for h in headings if h in columns), words)
        for place, (headings, words) in _sayable(profile, standard).items()
        if set(headings) & set(columns)  # other forms of HTCDS ask more
    }
    for row, case in enumerate(_single_cases(tables), start=HTCDS_LABELS + 1):
        sheet.cell(row, columns["Consent"], value=True)
        for (table, field), (column, words) in asked.items():
            codes = str(case[table].get(field) or "").split(SEPARATOR)
            said = SEPARATOR.join(words[code] for code in codes if code in words)
            sheet.cell(row, column, said or None)
    book.save(path)
    return {place: frozenset(words) for place, (_, words) in asked.items()}


def _single_cases(tables: Mapping[str, MadeTable]) -> list[dict[str, dict[str, Any]]]:
    by_person: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in _CASE:
        made = tables[name].columns
        for row in range(tables[name].size):
            cells = {field: values[row] for field, values in made.items()}
            by_person.setdefault(str(cells["person_reference"]), {}).setdefault(name, []).append(cells)
    single = [rows for rows in by_person.values() if all(len(rows.get(name, ())) == 1 for name in _CASE)]
    return [{name: rows[name][0] for name in _CASE} for rows in single]


def _sayable(
    profile: Profile, standard: Standard
) -> dict[tuple[str, str], tuple[tuple[str, ...], dict[str, str]]]:
    """Return (table, field) -> its headings, and code -> a word of HTCDS that means this code alone."""
    found = {}
    taken: set[str] = set()
    for spec in profile.sheets[0].tables:
        if spec.table not in _CASE:
            continue
        fields = standard.tables[spec.table].by_name
        for name, column in spec.columns.items():
            field = fields.get(name)
            headings = column.headings
            if field is None or not field.codelist or column.scheme is None or set(headings) & taken:
                continue
            taken |= set(headings)
            words = _words(column, field.codelist, standard)
            read = words_of(field, column, profile, standard).codes
            found[spec.table, name] = (
                headings,
                {code: word for code, word in words.items() if read.get(fold(word)) == (code,)},
            )
    return found


def _words(column: ColumnSpec, codelist: str, standard: Standard) -> dict[str, str]:
    """Return code -> a word of HTCDS, as its alias table or crosswalk spells it."""
    words: dict[str, str] = {}
    if codelist == TERRITORY:
        for row in standard.territories:
            words[row["territory_id"]] = row["name_neutral_en"]
        for row in standard.territory_files["alias"]:
            if row["scheme"] == column.scheme:
                words[row["territory_id"]] = row["alias"]
        return words
    for row in standard.crosswalks[str(column.scheme)]:
        if row["codelist"] == codelist and row["target_variable"] in column.headings:
            words.setdefault(row["code"], row["target_code"])
    return words
