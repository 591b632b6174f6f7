"""Small valid files of the eleven layouts and of the filled template, as grids and as files."""

from __future__ import annotations

import csv
import datetime
import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import xlsxwriter
from python_calamine import CalamineWorkbook

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.intake.layout import fold
from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.workbook import write_template
from clearing_point.synthetic import make_region, read_settings, write_submissions
from tests.conftest import ROOT
from tests.property.law.mutations import Book, Sheet

LAYOUTS = ("ALB", "BGR", "BIH", "HRV", "MDA", "MKD", "MNE", "ROU", "SRB", "SVN", "XKX", "template")
PERIOD, PERSONS, KEPT_ROWS, MOST_SHEETS, MOST_COLUMNS = "2022", 12, 4, 3, 40
UNREAD_ROWS = 8
"""Of sheets that hold no data, such as instructions and lists."""


@lru_cache(maxsize=1)
def standard_of_project() -> Standard:
    return load_standard(ROOT / "schemas")


@lru_cache(maxsize=len(LAYOUTS))
def profile_of_layout(layout: str) -> Profile:
    """Read a profile once: it is the same for every file of its layout."""
    return profile_of_territory(Project(root=ROOT, data=ROOT), "MNE" if layout == "template" else layout)


def make_books(folder: Path, layouts: Sequence[str] = LAYOUTS) -> dict[str, Path]:
    """Write a valid file of every layout; the template holds the rows of a regional workbook."""
    standard = standard_of_project()
    territories = [name for name in layouts if name != "template"]
    targets = {(territory, year): PERSONS for territory in territories for year in (2021, 2022)}
    region = make_region(standard, read_settings(standard.folder), 7, range(2021, 2023), targets)
    project = Project(root=ROOT, data=folder)
    profiles = {t: profile_of_territory(project, t) for t in territories}
    files = {
        f.territory: f.path for f in write_submissions(region, standard, folder / "own", [PERIOD], profiles)
    }
    if "template" not in layouts:
        return files
    regional = write_submissions(region, standard, folder / "regional", [PERIOD])
    filled = grid_of(next(f.path for f in regional if f.territory == "MNE"))
    template = folder / "template.xlsx"
    write_template(standard, template, territory="MNE", year=int(PERIOD), language="en")
    form = grid_of(template)
    by_fields = {frozenset(v for v in s.rows[0] if v): s for s in filled if s.rows}
    for sheet in form:
        heads = sheet.rows[0] if sheet.rows else []
        other = next((s for k, s in by_fields.items() if k and k <= {v for v in heads if v}), None)
        if other is not None and len(sheet.rows) >= 2:
            del sheet.rows[2:]
            order = [other.rows[0].index(h) if h in other.rows[0] else None for h in heads]
            sheet.rows += [
                [row[n] if n is not None and n < len(row) else None for n in order] for row in other.rows[2:]
            ]
    write(form, folder / "filled.xlsx")
    return files | {"template": folder / "filled.xlsx"}


def grid_of(path: Path) -> Book:
    """Read a file into grids; a CSV file is one sheet."""
    if path.suffix == ".csv":
        profile = profile_of_territory(Project(root=ROOT, data=path.parent), path.name.split("-")[1])
        with path.open(encoding=profile.reading.encoding, newline="") as handle:
            rows = [
                [v or None for v in row] for row in csv.reader(handle, delimiter=profile.reading.delimiter)
            ]
        return [Sheet("csv", rows)]
    workbook = CalamineWorkbook.from_path(str(path))
    return [
        Sheet(name, [[v if v != "" else None for v in row] for row in workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)])
        for name in workbook.sheet_names
    ]  # fmt: skip


def small(book: Book, first_rows: Mapping[str, int]) -> Book:
    """Return a valid book with few rows a sheet and few sheets: what is true of them is true of more."""
    sheets = []
    for sheet in book:
        first = first_rows.get(sheet.name, 0)
        rows = [list(row) for row in sheet.rows[: first + KEPT_ROWS if first else UNREAD_ROWS]]
        sheets.append(Sheet(sheet.name, rows, first or len(rows)))
    return sheets


def narrow(book: Book, layout: str, rng: random.Random) -> Book:
    """Return a book whose very wide sheets have some of their optional columns only: other seeds take others."""
    profile = profile_of_layout(layout)
    needed = {
        fold(heading)
        for sheet in profile.sheets
        for table in sheet.tables
        for column in table.columns.values() if not column.optional
        for heading in (*column.headings, *column.flags)
    } | {fold(heading) for sheet in profile.sheets for heading in sheet.skip_rows}  # fmt: skip
    found = []
    for sheet in book:
        if sheet.width <= MOST_COLUMNS or sheet.first != 1:  # groups of columns stand over several of them
            found.append(sheet)
            continue
        optional = [n for n, text in enumerate(sheet.rows[0]) if fold(str(text or "")) not in needed]
        left = set(
            rng.sample(optional, min(len(optional), max(0, MOST_COLUMNS - sheet.width + len(optional))))
        )
        keep = [n for n in range(sheet.width) if n not in optional or n in left]
        rows = [[row[n] if n < len(row) else None for n in keep] for row in sheet.rows]
        found.append(Sheet(sheet.name, rows, sheet.first))
    return found


def write(book: Book, path: Path, layout: str = "") -> Path:
    """Write a book as the file that its layout is."""
    if path.suffix == ".csv":
        profile = profile_of_layout(layout)
        with path.open("w", encoding=profile.reading.encoding, newline="") as handle:
            writer = csv.writer(handle, delimiter=profile.reading.delimiter)
            writer.writerows([["" if v is None else v for v in row] for row in book[0].rows])
        return path
    with xlsxwriter.Workbook(
        str(path), {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as made:
        day = made.add_format({"num_format": "dd.mm.yyyy"})
        for sheet in book:
            page = made.add_worksheet(sheet.name)
            for r, row in enumerate(sheet.rows):
                for c, value in enumerate(row):
                    if isinstance(value, datetime.date):
                        page.write_datetime(r, c, datetime.datetime.combine(value, datetime.time()) if not isinstance(value, datetime.datetime) else value, day)  # fmt: skip
                    elif value is not None:
                        page.write(r, c, value) if not isinstance(value, str) else page.write_string(
                            r, c, value
                        )
            for top, left, bottom, right in sheet.merged:
                row = sheet.rows[top] if top < len(sheet.rows) else []  # a row that was merged may be gone
                value = row[left] if left < len(row) else None
                for r in range(top, bottom + 1):
                    for c in range(left, right + 1):
                        page.write_blank(r, c, None)
                shown = value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
                page.merge_range(top, left, bottom, right, "" if shown is None else shown)
            for r in sheet.hidden_rows:
                page.set_row(r, None, None, {"hidden": True})
            for c in sheet.hidden_columns:
                page.set_column(c, c, None, None, {"hidden": True})
            if sheet.hidden:
                page.hide()
    return path
