"""Made submissions in a country's own layout, as its profile describes it."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from clearing_point.countries.profile import GROUP_SEPARATOR, Profile
from clearing_point.errors import InternalError
from clearing_point.standard import Standard
from clearing_point.synthetic.backwards import Written, as_text
from clearing_point.synthetic.known import MadeTable
from clearing_point.synthetic.lines import SheetLines, lines_of

_EMPTY = Written(None)
_CSV = "csv"
_DIVISION_BY_ZERO = "=1/0"


def ending_of(profile: Profile) -> str:
    """Return the ending of a made file in this layout."""
    return ".csv" if profile.example.get("format") == _CSV else ".xlsx"


def write_own_layout(
    path: Path,
    profile: Profile,
    standard: Standard,
    tables: Mapping[str, MadeTable],
    properties: Mapping[str, Any],
) -> None:
    """Write a submission in the layout of its sender.

    Parameters
    ----------
    tables : mapping
        As they are made, in codes of the standard. The header of the submission is left out where the
        profile has no sheet for it: its declarations stand in.
    properties : mapping
        Properties of a workbook; a text file has none.

    Raises
    ------
    InternalError
        If something that was made has no place in the layout.
    """
    placed = {spec.table for sheet in profile.sheets for spec in sheet.tables}
    headers = {t.name for t in standard.tables_of_kind("header")}
    homeless = sorted(set(tables) - placed - headers)
    if homeless:
        raise InternalError(f"Profile {profile.name} has no sheet for {', '.join(homeless)}.")
    sheets = [lines_of(sheet, profile, standard, tables) for sheet in profile.sheets]
    if profile.example.get("format") == _CSV:
        _write_text(path, profile, sheets[0])
        return
    with xlsxwriter.Workbook(str(path), {"strings_to_urls": False, "strings_to_formulas": False}) as book:
        book.set_properties(dict(properties))
        for number, sheet in enumerate(s for s in sheets if s.lines):
            _write_sheet(book, profile, sheet, first=number == 0)


def _write_text(path: Path, profile: Profile, sheet: SheetLines) -> None:
    with path.open("w", encoding=profile.reading.encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=profile.reading.delimiter, lineterminator="\r\n")
        writer.writerow(sheet.headings)
        for line in sheet.lines:
            writer.writerow([as_text(line.get(h, _EMPTY).value, profile) for h in sheet.headings])


def _write_sheet(book: Any, profile: Profile, sheet: SheetLines, *, first: bool) -> None:
    example = profile.example
    page = book.add_worksheet(sheet.spec.sheet)
    bold, date = _formats(book, profile)
    extra: Sequence[str] = example.get("extra_columns", ()) if first else ()
    headings = (*sheet.headings, *extra)
    top = sheet.spec.header_rows[0] - 1
    for number, title in enumerate(example.get("titles", ())):
        if number < top:
            page.merge_range(number, 0, number, max(1, min(len(headings), 8) - 1), title, bold)
    _write_headings(page, headings, top, sheet.spec.header_height, bold)
    row = first_row = top + sheet.spec.header_height + sheet.spec.rows_between
    formulas = {tuple(name.split(".", 1)) for name in example.get("formula_fields", ())}
    as_formula = {h for h in sheet.headings if sheet.fields[h] in formulas}
    for line in sheet.lines:
        for number, heading in enumerate(sheet.headings):
            written = line.get(heading, _EMPTY)
            if written.value is not None:
                _write_cell(page, row, number, written, date, formula=heading in as_formula)
        for number, _ in enumerate(extra, start=len(sheet.headings)):
            page.write_formula(row, number, _DIVISION_BY_ZERO, None, "#DIV/0!")
        row += 1
    every = int(example.get("hidden_every", 0))
    for hidden in range(first_row + every - 1, row, every) if every else ():
        page.set_row(hidden, None, None, {"hidden": True})
    if example.get("totals") and sheet.spec.skip_rows:
        heading, words = next(iter(sheet.spec.skip_rows.items()))
        page.write_string(row, sheet.headings.index(heading), words[0], bold)
        page.write_formula(
            row,
            sheet.headings.index(heading) + 1,
            f"=COUNTA(A{first_row + 1}:A{row})",
            bold,
            len(sheet.lines),
        )


def _formats(book: Any, profile: Profile) -> tuple[Any, Any]:
    """Return the formats of headings and of days; None where days are written as text."""
    if not profile.example.get("date_cells"):
        return book.add_format({"bold": True}), None
    pattern = next((f for f in profile.reading.dates if "%d" in f), "%Y-%m-%d")
    shown = pattern.replace("%d", "dd").replace("%m", "mm").replace("%Y", "yyyy")
    return book.add_format({"bold": True}), book.add_format({"num_format": shown})


def _write_headings(page: Any, headings: Sequence[str], top: int, height: int, bold: Any) -> None:
    if height == 1:
        for number, heading in enumerate(headings):
            page.write_string(top, number, heading, bold)
        return
    parts: list[tuple[str | None, str]] = [
        (h.split(GROUP_SEPARATOR, 1)[0], h.split(GROUP_SEPARATOR, 1)[1])
        if GROUP_SEPARATOR in h
        else (None, h)
        for h in headings
    ]
    number = 0
    while number < len(parts):
        group, heading = parts[number]
        if group is None:
            page.merge_range(top, number, top + 1, number, heading, bold)
            number += 1
            continue
        last = number
        while last + 1 < len(parts) and parts[last + 1][0] == group:
            last += 1
        if last > number:
            page.merge_range(top, number, top, last, group, bold)
        else:
            page.write_string(top, number, group, bold)
        for column in range(number, last + 1):
            page.write_string(top + 1, column, parts[column][1], bold)
        number = last + 1


def _write_cell(page: Any, row: int, column: int, written: Written, date: Any, *, formula: bool) -> None:
    value = written.value
    if written.day is not None and date is not None:
        page.write_datetime(row, column, datetime.datetime.combine(written.day, datetime.time()), date)
    elif isinstance(value, str):
        page.write_string(row, column, value)
    elif formula:
        page.write_formula(row, column, f"={value}+0", None, value)
    else:
        page.write_number(row, column, value)
