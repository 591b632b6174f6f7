"""The companion workbook: every table of the report, numbers as numbers, signs as signs, one table a sheet.

Practice follows the guidance of the UK government's analysis function on statistics in spreadsheets: contents and notes
first, one Excel table a sheet with one row of headings, no merged cells, percentages as numbers with a heading of their own.
"""

from __future__ import annotations

import datetime
import io
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from clearing_point.report.model import Cell, Items, Paragraph, Report, Section, Table, Terms, blocks_of
from clearing_point.report.signs import number_in
from clearing_point.report.words import Words

_NOTE_WIDTH = 100
_A4 = 9
_WIDE = 7
"""More columns are printed across the longer side."""
_LINE = 15.0
"""Points of a line. A row of several gets its height here: programs differ in what they do by themselves, and in letters."""
_HEAD_WIDTH, _NUMBER_WIDTH, _WORDS_WIDTH = 34, 13, 30
_LETTERS, _BOLD_LETTERS = 0.85, 0.75
"""Letters that surely stand in a unit of a column's width, whatever the font."""
_NOTE_LETTERS = 95
"""A note is cut into lines: one of three hundred letters would make the table's print a third of its size."""
_PERCENT = re.compile(r"^([\d.,\u202f]+)\s*%")
_YEAR = re.compile(r"\d{4}")
_LONGEST_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class _Column:
    """One column of a sheet: its heading, the column of the table it is of, and what of its cells it has."""

    heading: str
    of: int
    what: str
    """``head``, ``number``, ``percent`` or ``signs``."""
    alone: bool = False
    """Percentages are cells of their own: other cells of the column lack none."""
    width: int = _NUMBER_WIDTH
    words: bool = False
    """Holds words: set to the left, its heading too."""


def render_workbook(report: Report, words: Words) -> bytes:
    """Write all tables of a report as a workbook; the same report gives the same bytes."""
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
    used: set[str] = set()
    cover = workbook.add_worksheet(_sheet_name(words("front.contents"), used))
    notes = workbook.add_worksheet(_sheet_name(words("front.notes"), used))
    places: list[tuple[Table, str]] = []
    for number, table in enumerate(_tables_of(report), start=1):
        page = workbook.add_worksheet(_sheet_name(table.number, used))
        places.append((table, page.get_name()))
        _write(page, number, table, report, formats, words)
    _notes(notes, report, formats, words)
    _cover(cover, report, places, formats, words)
    workbook.close()
    return target.getvalue()


def _tables_of(report: Report) -> Iterator[Table]:
    """Yield every table in reading order of the reference tables, those of the chapters and profiles last."""
    for part in (*report.sections, *report.parts[: len(report.parts) - len(report.sections)]):
        yield from _tables(part)


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
        "year": workbook.add_format({"num_format": "0", "align": "right", "valign": "top"}),
        "decimal": workbook.add_format({"num_format": "#,##0.0##", "align": "right", "valign": "top"}),
        "total": workbook.add_format(
            {"num_format": "#,##0", "align": "right", "bold": True, "valign": "top"}
        ),
        "text": workbook.add_format({"align": "right", "valign": "top"}),
        "words": workbook.add_format({"text_wrap": True, "valign": "top"}),
        "share": workbook.add_format({"num_format": "0.0", "align": "right", "valign": "top", **soft}),
        # Hatched, as on the page: pattern 14 is a thin diagonal stripe.
        "hidden": workbook.add_format(
            {"align": "right", "valign": "top", "pattern": 14, "fg_color": "#cccccc", "bg_color": "#ffffff"}
        ),
        "none": workbook.add_format({"align": "right", "valign": "top", **soft}),
        "link": workbook.add_format({"font_color": "#0b4f8a", "underline": 1}),
    }


def _write(
    page: Any, number: int, table: Table, report: Report, formats: dict[str, Any], words: Words
) -> None:
    """Write a table with its title and notes above it, set up to print on one page's width."""
    row = 0
    page.write_string(row, 0, f"{table.number}. {table.title}", formats["title"])
    if table.made_data and report.made_data:
        row += 1
        page.write_string(row, 0, report.made_data, formats["made"])
    columns = _columns(table, words) if not table.withheld else []
    width = sum(column.width for column in columns)
    for note in (*table.notes, *table.withheld):
        for line in textwrap.wrap(note, max(_NOTE_LETTERS, int(width * _LETTERS))):
            row += 1
            page.write_string(row, 0, line)
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    if table.withheld:
        return
    heads = sum(column.what == "head" for column in columns)
    for place, column in enumerate(columns):
        page.set_column(place, place, column.width)
    if width > _WIDE * _NUMBER_WIDTH + _HEAD_WIDTH:
        page.set_landscape()
    head = row + 2
    body = list(_grid(table.body))
    headings = [
        {
            "header": column.heading,
            "header_format": formats["corner" if column.what == "head" or column.words else "col"],
        }
        for column in columns
    ]
    page.add_table(head, 0, head + max(len(body), 1), len(columns) - 1, {
        "name": f"table_{number}", "style": None, "autofilter": False, "columns": headings,
    })  # fmt: skip
    page.set_row(head, _high((c.heading, c.width * _BOLD_LETTERS) for c in columns))
    page.repeat_rows(head)
    page.freeze_panes(head + 1, heads)
    standing: dict[int, tuple[Cell, int]] = {}
    for at, cells in enumerate(body, start=head + 1):
        here = {column: (cell, height) for column, cell, _, height in cells}
        # A heading of several rows is repeated on each: whoever sorts or filters keeps it.
        here |= {c: (cell, left) for c, (cell, left) in standing.items() if c not in here}
        standing = {c: (cell, height - 1) for c, (cell, height) in here.items() if cell.scope and height > 1}
        said = [
            (here[c.of][0].text, c.width * _LETTERS)
            for c in columns
            if c.of in here and c.what in ("head", "number")
        ]
        if (high := _high(said)) > _LINE:
            page.set_row(at, high)
        for place, column in enumerate(columns):
            if column.of in here:
                _put(page, at, place, here[column.of][0], column, formats, words)


def _high(said: Iterable[tuple[str, float]]) -> float:
    """Return how high a row is whose texts have to stand in so many letters each."""
    return _LINE * max((len(textwrap.wrap(text, max(int(letters), 1))) for text, letters in said), default=1)


def _columns(table: Table, words: Words) -> list[_Column]:
    """Return the columns of a sheet: a percentage and a sign beside a number have columns of their own."""
    headings: dict[int, list[str]] = {}
    corners, worded = set(), set()
    for cells in _grid(table.header):
        for column, cell, width, _ in cells:
            worded |= {column} if cell.words else set()
            for at in range(column, column + width):
                if cell.text and cell.text not in headings.setdefault(at, []):
                    headings[at].append(cell.text)
            corners |= {column} if cell.corner else set()
    details: dict[int, set[str]] = {}
    counts: set[int] = set()
    alone: set[int] = set()
    for cells in _grid(table.body):
        for column, cell, _, _ in cells:
            worded |= {column} if cell.words else set()
            if cell.scope:
                corners.add(column)
            elif _is_percent(cell):
                alone.add(column)
                details.setdefault(column, set()).add(cell.text)
            else:
                counts |= {column} if cell.state == "" else set()
                details.setdefault(column, set()).add(cell.detail)
    found: list[_Column] = []
    for column, said in sorted(headings.items()):
        heading = ": ".join(said)
        if column in corners:
            found.append(_Column(heading, column, "head", width=_HEAD_WIDTH))
            continue
        percent = any(_PERCENT.match(detail) for detail in details.get(column, ()))
        if column in counts or not percent:
            wide = _WORDS_WIDTH if column in worded else _NUMBER_WIDTH
            found.append(_Column(heading, column, "number", width=wide, words=column in worded))
        if percent:
            said_of = words("workbook.percent", heading=heading)
            found.append(_Column(said_of, column, "percent", alone=column in alone))
        if any(_PERCENT.sub("", detail).strip() for detail in details.get(column, ())):
            found.append(_Column(words("workbook.signs", heading=heading), column, "signs"))
    seen: dict[str, int] = {}
    unique = []
    for one in found:  # a table's headings differ, whatever their words
        seen[one.heading.lower()] = seen.get(one.heading.lower(), 0) + 1
        times = seen[one.heading.lower()]
        unique.append(one if times == 1 else replace(one, heading=f"{one.heading} ({times})"))
    return unique


def _put(
    page: Any, row: int, place: int, cell: Cell, column: _Column, formats: dict[str, Any], words: Words
) -> None:
    if column.what == "head":
        page.write_string(row, place, cell.text, formats["row"])
    elif column.what == "number" and not _is_percent(cell):
        _value(page, row, place, cell, formats, words)
    elif column.what == "number":
        page.write_blank(row, place, None, formats["none"])
    elif column.what == "percent":
        match = _PERCENT.match(_said(cell))
        number = number_in(match[1], words) if match else None
        if number is None and cell.state == "" and (column.alone or cell.words):
            page.write_blank(row, place, None, formats["none"])
        elif number is None:
            sign = words("signs.no_measure") if cell.detail or cell.state == "" else cell.text
            page.write_string(row, place, sign, formats["none"])
        else:
            page.write_number(row, place, number, formats["share"])
    else:
        page.write_string(row, place, _PERCENT.sub("", _said(cell)).strip(), formats["text"])


def _is_percent(cell: Cell) -> bool:
    """Say whether a cell holds a percentage and no number of persons."""
    return cell.state == "" and not cell.words and _PERCENT.match(cell.text) is not None


def _said(cell: Cell) -> str:
    """Return the percentage of a cell with its signs, wherever it stands."""
    return cell.text if _is_percent(cell) else cell.detail


def _notes(page: Any, report: Report, formats: dict[str, Any], words: Words) -> None:
    """Write what the signs stand for and how to read the tables, from the report itself."""
    page.set_column(0, 0, 16)
    page.set_column(1, 1, _NOTE_WIDTH)
    page.write_string(0, 0, words("how_to_read.title"), formats["title"])
    row = 1
    for section in report.sections:
        if section.anchor != "how-to-read":
            continue
        for block in blocks_of([section]):
            for sign, text in block.terms if isinstance(block, Terms) else ():
                page.write_string(row, 0, sign, formats["words"])
                page.write_string(row, 1, text, formats["words"])
                page.set_row(row, _high([(text, _NOTE_WIDTH * _LETTERS)]))
                row += 1
            lines = (
                block.items
                if isinstance(block, Items)
                else (block.text,)
                if isinstance(block, Paragraph)
                else ()
            )
            for text in lines:
                page.write_string(row, 1, text, formats["words"])
                page.set_row(row, _high([(text, _NOTE_WIDTH * _LETTERS)]))
                row += 1
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)


def _value(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any], words: Words) -> None:
    number = number_in(cell.text, words) if cell.state == "" and not cell.words else None
    if number is not None:
        # Numbers are printed with separators: four digits without one are a year.
        kind = "decimal" if number % 1 else "total" if cell.total else "number"
        kind = "year" if _YEAR.fullmatch(cell.text) else kind
        page.write_number(row, column, number, formats[kind])
    else:
        page.write_string(row, column, cell.text, formats[cell.state or ("words" if cell.words else "text")])


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
    page: Any, report: Report, places: list[tuple[Table, str]], formats: dict[str, Any], words: Words
) -> None:
    page.set_column(0, 0, 16)
    page.set_column(1, 1, _NOTE_WIDTH)
    lines = [(report.title, "title"), (report.subtitle, "title")]
    lines += [(report.made_data, "made")] if report.made_data else []
    row = 0
    for text, kind in lines:
        page.write_string(row, 0, text, formats[kind])
        row += 1
    for label, value in report.facts:
        page.write_string(row, 0, f"{label}: {value}")
        row += 1
    for table, sheet in places:
        row += 1
        page.write_url(row, 0, f"internal:'{sheet}'!A1", formats["link"], table.number)
        page.write_string(row, 1, table.title)
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)


__all__ = ["render_workbook"]
