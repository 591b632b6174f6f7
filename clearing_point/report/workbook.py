"""The companion workbook: every table of the report, numbers as numbers, signs as signs, one place to copy from.

Practice follows the guidance of the UK government's analysis function on statistics in spreadsheets (contents first,
one table a sheet, notes above it, no blank cells). Its package gptables has one header row a table and ours have up
to three, so xlsxwriter is used directly.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from clearing_point.report.model import Cell, Report, Section, Table
from clearing_point.report.signs import number_in
from clearing_point.report.words import Words

_NOTE_WIDTH = 100
_LONGEST_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


@dataclass
class _Sheet:
    """One sheet: its name and the tables that stand on it one below the other."""

    name: str
    title: str
    tables: list[Table] = field(default_factory=list)


def render_workbook(report: Report, words: Words) -> bytes:
    """Write all tables of a report as a workbook; the same report gives the same bytes.

    A table of the region has a sheet of its own, the short tables of a territory share one.
    """
    # Imported late: the command line must not pay for it.
    import xlsxwriter

    target = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(target, plain)
    day = datetime.datetime.fromisoformat(report.date)
    workbook.set_properties({
        "title": report.title, "subject": report.subtitle, "author": words("front.producer"),
        "comments": report.made_data, "created": day,
    })  # fmt: skip
    formats = _formats(workbook)
    sheets = list(_sheets(report, words))
    cover = workbook.add_worksheet(_sheet_name(words("front.contents"), set()))
    places: list[tuple[Table, str, int]] = []
    for sheet in sheets:
        page = workbook.add_worksheet(sheet.name)
        _width(page, sheet)
        row = 0
        for table in sheet.tables:
            places.append((table, sheet.name, row))
            row = _write(page, row, table, report, formats, words) + 2
        if len(sheet.tables) == 1 and not sheet.tables[0].withheld:
            table = sheet.tables[0]
            page.freeze_panes(_head_rows(table, report) + len(table.header), _row_headers(table))
    _cover(cover, report, places, formats, words)
    workbook.close()
    return target.getvalue()


def _sheets(report: Report, words: Words) -> Iterator[_Sheet]:
    used: set[str] = {words("front.contents").lower()}
    for part in report.parts:
        if part.anchor == "profiles":
            tables = list(_tables(part))
            if tables:
                yield _Sheet(_sheet_name(part.title, used), part.title, tables)
            continue
        if part.anchor != "territories":
            for table in _tables(part):
                yield _Sheet(
                    _sheet_name(f"{table.number} {table.source_id}".strip(), used), table.title, [table]
                )
            continue
        for chapter in part.sections:
            tables = list(_tables(chapter))
            if tables:
                yield _Sheet(_sheet_name(chapter.title, used), chapter.title, tables)


def _tables(section: Section) -> Iterator[Table]:
    yield from (block for block in section.blocks if isinstance(block, Table))
    for inner in section.sections:
        yield from _tables(inner)


def _sheet_name(wanted: str, used: set[str]) -> str:
    name = _FORBIDDEN.sub("", wanted)[:_LONGEST_NAME].strip()
    number = 2
    while name.lower() in used:
        name = f"{name[: _LONGEST_NAME - 4]} {number}"
        number += 1
    used.add(name.lower())
    return name


def _formats(workbook: Any) -> dict[str, Any]:
    soft = {"font_color": "#555555"}
    head = {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "align": "right"}
    return {
        "title": workbook.add_format({"bold": True, "font_size": 12}),
        "note": workbook.add_format({"text_wrap": True, "valign": "top", **soft}),
        "made": workbook.add_format({"bold": True, "font_color": "#7a4b00", "bg_color": "#fff4dc"}),
        "col": workbook.add_format(head),
        "colgroup": workbook.add_format({**head, "align": "center"}),
        "corner": workbook.add_format({**head, "align": "left"}),
        "row": workbook.add_format({"text_wrap": True, "valign": "top"}),
        "number": workbook.add_format({"num_format": "#,##0", "align": "right", "valign": "top"}),
        "decimal": workbook.add_format({"num_format": "#,##0.0##", "align": "right", "valign": "top"}),
        "total": workbook.add_format(
            {"num_format": "#,##0", "align": "right", "bold": True, "valign": "top"}
        ),
        "text": workbook.add_format({"align": "right", "valign": "top"}),
        "words": workbook.add_format({"text_wrap": True, "valign": "top"}),
        "share": workbook.add_format({"align": "right", "valign": "top", **soft}),
        # Hatched, as on the page: pattern 14 is a thin diagonal stripe.
        "hidden": workbook.add_format(
            {"align": "right", "valign": "top", "pattern": 14, "fg_color": "#cccccc", "bg_color": "#ffffff"}
        ),
        "none": workbook.add_format({"align": "right", "valign": "top", **soft}),
        "link": workbook.add_format({"font_color": "#0b4f8a", "underline": 1}),
    }


def _width(page: Any, sheet: _Sheet) -> None:
    heads = max((_row_headers(table) for table in sheet.tables if not table.withheld), default=1)
    page.set_column(0, heads - 1, 30)
    page.set_column(heads, heads + 200, 13)


def _row_headers(table: Table) -> int:
    return max(1, sum(cell.corner for cell in table.header[0])) if table.header else 1


def _head_rows(table: Table, report: Report) -> int:
    return 1 + bool(table.made_data and report.made_data) + len(table.notes)


def _write(page: Any, row: int, table: Table, report: Report, formats: dict[str, Any], words: Words) -> int:
    """Write a table with its title and notes above it; return the row after its last one."""
    page.write_string(row, 0, f"{table.number}. {table.title}", formats["title"])
    row += 1
    if table.made_data and report.made_data:
        page.write_string(row, 0, report.made_data, formats["made"])
        row += 1
    for note in (*table.notes, *table.withheld):
        page.write_string(row, 0, note)
        row += 1
    if table.withheld:
        return row
    shares = _shared_columns(table)
    for cells in _grid(table.header):
        for column, cell, width, height in cells:
            first, last = _spread(column, shares), _spread(column + width, shares) - 1
            kind = "corner" if cell.corner else cell.scope or "col"
            if last > first or height > 1:
                page.merge_range(row, first, row + height - 1, last, cell.text, formats[kind])
            else:
                page.write_string(row, first, cell.text, formats[kind])
        row += 1
    for cells in _grid(table.body):
        for column, cell, _width, height in cells:
            place = _spread(column, shares)
            if cell.scope:
                # Repeated on every row: whoever sorts or filters keeps them.
                for at in range(height):
                    page.write_string(row + at, place, cell.text, formats["row"])
                continue
            _value(page, row, place, cell, formats, words)
            if column in shares:
                page.write_string(row, place + 1, cell.detail or words("signs.no_share"), formats["share"])
        row += 1
    return row


def _value(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any], words: Words) -> None:
    number = number_in(cell.text, words) if cell.state == "" and not cell.words else None
    if number is not None:
        kind = "decimal" if number % 1 else "total" if cell.total else "number"
        page.write_number(row, column, number, formats[kind])
    else:
        page.write_string(row, column, cell.text, formats[cell.state or ("words" if cell.words else "text")])


def _shared_columns(table: Table) -> frozenset[int]:
    """Return the columns whose cells have a percentage: it gets a column of its own."""
    return frozenset(
        column
        for cells in _grid(table.body)
        for column, cell, _, _ in cells
        if cell.detail and not cell.scope
    )


def _spread(column: int, shares: frozenset[int]) -> int:
    return column + sum(shared < column for shared in shares)


def _grid(rows: tuple[tuple[Cell, ...], ...]) -> Iterator[list[tuple[int, Cell, int, int]]]:
    """Yield each row's cells with the column they stand in: cells above that reach down take room."""
    taken: dict[int, int] = {}
    for cells in rows:
        column, found = 0, []
        after: dict[int, int] = {at: left - 1 for at, left in taken.items() if left > 1}
        for cell in cells:
            while taken.get(column, 0) > 0:
                column += 1
            found.append((column, cell, cell.columns, cell.rows))
            for at in range(column, column + cell.columns):
                if cell.rows > 1:
                    after[at] = cell.rows - 1
            column += cell.columns
        taken = after
        yield found


def _cover(
    page: Any,
    report: Report,
    places: list[tuple[Table, str, int]],
    formats: dict[str, Any],
    words: Words,
) -> None:
    page.set_column(0, 0, 12)
    page.set_column(1, 1, 8)
    page.set_column(2, 2, _NOTE_WIDTH)
    lines = [(report.title, "title"), (report.subtitle, "title")]
    lines += [(report.made_data, "made")] if report.made_data else []
    row = 0
    for text, kind in lines:
        page.write_string(row, 0, text, formats[kind])
        row += 1
    for label, value in report.facts:
        page.write_string(row, 0, f"{label}: {value}")
        row += 1
    for table, sheet, first in places:
        row += 1
        page.write_url(row, 0, f"internal:'{sheet}'!A{first + 1}", formats["link"], table.number)
        page.write_string(row, 1, table.source_id)
        page.write_string(row, 2, table.title)


__all__ = ["render_workbook"]
