"""The regional workbook that a data officer fills in, written from the standard in her language.

One sheet a table: machine names in row 1, words in row 2, data from row 3 on, as
:mod:`clearing_point.countries.regional` reads them. The same call gives the same bytes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from clearing_point.errors import InputProblem
from clearing_point.standard.files import read_yaml
from clearing_point.standard.filling import fill
from clearing_point.standard.model import TERRITORY, Field, Standard, Table
from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.standard.translations import REGISTER, is_draft
from clearing_point.standard.workbook_room import (
    LINE_POINTS,
    cut,
    height_of,
    height_of_heading,
    note_size,
    width_of,
)

MARK_SHEET = "clearing_point"
LISTS_SHEET = "lists"
"""Hidden sheet that says what the workbook is; its first column holds names, its second values."""
MARKS = ("standard_version", "standard_hash", "territory", "year", "language")
DATA_ROW = 3
"""First row of data; 1 is the first of the sheet."""

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_SHEET_NAME = 31  # limits of Excel
_PROMPT_TITLE, _PROMPT = 32, 255
_LONG_LIST = 60
_A4 = 9
_WIDE, _EXAMPLE = 100, 20
"""Widths of the columns of instructions and examples."""
_HEADING_LINES = 3
_EXAMPLE_WORDS = "example_"
_ALLOWED_ON_LOCKED_SHEETS = (
    "format_cells",
    "format_columns",
    "format_rows",
    "insert_rows",
    "delete_rows",
    "sort",
    "autofilter",
)
_CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""A fixed moment, so that the same standard gives the same bytes."""


def write_template(standard: Standard, path: Path, *, territory: str, year: int, language: str) -> None:
    """Write the empty workbook of one territory, year and language.

    Raises
    ------
    InputProblem
        If the standard has no such language or reporting territory, or the file cannot be written.
    """
    _write(standard, path, _Setting(standard, territory, year, language), examples=False)


def write_example(standard: Standard, path: Path, *, territory: str, year: int, language: str) -> None:
    """Write the same workbook with the worked rows filled in: what the instructions show is what is checked.

    Raises
    ------
    InputProblem
        As :func:`write_template`.
    """
    _write(standard, path, _Setting(standard, territory, year, language), examples=True)


def sheet_names(standard: Standard, language: str) -> dict[str, str]:
    """Return table -> name of its sheet: its title in the language, as far as a sheet's name can hold it."""
    names: dict[str, str] = {}
    for table in standard.tables.values():
        title = (table.title.get(language) or table.title["en"]).translate({ord(c): " " for c in "[]:*?/\\'"})
        short = " ".join(title.split())[:_SHEET_NAME].strip()
        names[table.name] = table.name if short in names.values() else short
    return names


class _Setting:
    """What one workbook is for, and its words."""

    def __init__(self, standard: Standard, territory: str, year: int, language: str) -> None:
        if language not in standard.languages:
            raise InputProblem(
            f"There is no language '{language}': {', '.join(standard.languages)}.",
            "name_unknown", name=language, known=", ".join(standard.languages),
        )  # fmt: skip
        if territory not in standard.reporting_territories:
            raise InputProblem(
                f"'{territory}' is no reporting territory: {', '.join(standard.reporting_territories)}.",
                "name_unknown",
                name=territory,
                known=", ".join(standard.reporting_territories),
            )
        self.standard, self.territory, self.year, self.language = standard, territory, year, language
        self.source = read_shaped_yaml(
            standard.folder / "template.yml", standard.folder / "meta" / "template.schema.json"
        )
        self.places = {
            "territory": territory,
            "year": year,
            "year_before": year - 1,
            **{f"year_minus_{n}": year - n for n in range(1, 100)},
            **{
                name: self.word(name)
                for name in standard.words["template"]
                if name.startswith(_EXAMPLE_WORDS)
            },
        }
        register = read_yaml(standard.folder / REGISTER)["languages"][language]
        self.is_draft = is_draft(standard.folder, language)
        self.language_name = register["name"]

    def word(self, name: str) -> str:
        return self.standard.word("template", name, self.language)

    def text(self, text: Mapping[str, str]) -> str:
        return text.get(self.language) or text["en"]

    def measured_labels(self, codelist: str) -> list[str]:
        """Return the words that measure a column: without what is missing, and of countries those that report."""
        known = self.standard
        codes = known.reporting_territories if codelist == TERRITORY else known.codes_of(codelist)
        return self._labels(codelist, codes)

    def labels(self, codelist: str) -> list[str]:
        """Return the words of a list in order, then the words for what is missing."""
        codes = (*self.standard.codes_of(codelist), *self.standard.missing_codes)
        labels = self._labels(codelist, codes)
        return sorted(labels, key=str.casefold) if codelist == TERRITORY else labels

    def _labels(self, codelist: str, codes: Sequence[str]) -> list[str]:
        return [self.standard.label_of(codelist, code, self.language) for code in codes]

    def cells(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str | float]]:
        """Yield rows of the definition with places filled and codes as words."""
        for row in rows:
            filled: dict[str, str | float] = {}
            for name, value in row.items():
                parts = [
                    fill(part, **self.places) if isinstance(part, str) else part
                    for part in (value if isinstance(value, list) else [value])
                ]
                codelist = table.by_name[name].codelist
                if codelist:
                    parts = [self.standard.label_of(codelist, str(part), self.language) for part in parts]
                filled[name] = parts[0] if len(parts) == 1 else "; ".join(map(str, parts))
            yield filled


def _write(standard: Standard, path: Path, setting: _Setting, *, examples: bool) -> None:
    book = xlsxwriter.Workbook(str(path), {"strings_to_urls": False, "strings_to_formulas": False})
    marks = {
        "standard_version": standard.version,
        # In groups: a long run of digits would look like an official number.
        # In letters: two groups of digits side by side would be a telephone number to the identity guard.
        "standard_hash": " ".join(standard.sha256.translate(_LETTERS)[i : i + 4] for i in range(0, 16, 4)),
        "territory": setting.territory,
        "year": str(setting.year),
        "language": setting.language,
    }
    book.set_properties(
        {"title": f"{setting.word('title')} – {setting.territory} {setting.year}", "author": "clearing-point",
         "created": _CREATED}
    )  # fmt: skip
    for name, value in marks.items():
        book.set_custom_property(f"{MARK_SHEET}_{name}", value, "text")
    formats = _formats(book)
    tables = list(standard.tables_of_kind(*setting.source["kinds"]))
    names = sheet_names(standard, setting.language)
    _instructions(
        book.add_worksheet(short_name(setting.word("sheet_instructions"))), setting, formats, tables, names
    )
    _examples(book.add_worksheet(short_name(setting.word("sheet_examples"))), setting, formats, tables)
    sheets = {table.name: book.add_worksheet(names[table.name]) for table in tables}
    lists = book.add_worksheet(LISTS_SHEET)
    ranges = _lists(book, lists, setting, tables)
    for table in tables:
        rows = setting.source["examples" if examples else "prefilled"].get(table.name, ())
        _data(sheets[table.name], setting, formats, table, ranges, rows)
    marked = book.add_worksheet(MARK_SHEET)
    for number, (name, value) in enumerate(marks.items()):
        marked.write_string(number, 0, name)
        marked.write_string(number, 1, value)
    for sheet in book.worksheets():
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
    lists.hide()
    marked.very_hidden()
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise InputProblem(
            f"{path} cannot be written: choose another place with -o.", "not_written", file=path
        ) from error


def _formats(book: Any) -> dict[str, Any]:
    wrap = {"text_wrap": True, "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "text": book.add_format(wrap),
        "draft": book.add_format({**wrap, "italic": True, "bg_color": "#FFF2CC"}),
        "link": book.add_format({"font_color": "#0000FF", "underline": 1, "valign": "top"}),
        "bold": book.add_format({"bold": True, "valign": "top"}),
        "machine": book.add_format({"font_color": "#808080", "font_size": 8}),
        "heading": book.add_format({**wrap, "bold": True, "bg_color": "#DDEBF7", "bottom": 1}),
        "required": book.add_format({**wrap, "bold": True, "bg_color": "#BDD7EE", "bottom": 1}),
        "open": book.add_format({"locked": False, "num_format": "@"}),
        "open_number": book.add_format({"locked": False}),
    }


def short_name(name: str) -> str:
    """Return a name as far as a sheet's name can hold it."""
    return name[:_SHEET_NAME]


def _instructions(
    sheet: Any,
    setting: _Setting,
    formats: Mapping[str, Any],
    tables: Sequence[Table],
    names: Mapping[str, str],
) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, _WIDE)
    sheet.write_string(0, 0, setting.word("title"), formats["title"])

    def write(row: int, text: str, form: str = "text") -> None:
        sheet.set_row(row, height_of([text], _WIDE))
        sheet.write_string(row, 1, text, formats[form])

    facts = (
        ("territory", setting.standard.territory_name(setting.territory, language=setting.language)),
        ("year", str(setting.year)),
        ("language", setting.language_name),
        ("version", setting.standard.version),
    )
    row = 2
    for name, value in facts:
        sheet.write_string(row, 0, setting.word(name), formats["bold"])
        sheet.write_string(row, 1, value)
        row += 1
    if setting.is_draft:
        write(row, setting.word("draft"), "draft")
        row += 1
    row += 1
    for number, name in enumerate((*setting.source["instructions"], "locked"), start=1):
        sheet.write_string(row, 0, f"{number}.", formats["text"])
        write(row, setting.word(name))
        row += 1
    row += 1
    sheet.write_string(row, 0, setting.word("sheets"), formats["bold"])
    for table in tables:
        row += 1
        sheet.write_url(row, 0, f"internal:'{names[table.name]}'!A1", formats["link"], names[table.name])
        write(row, setting.text(table.help))
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _examples(sheet: Any, setting: _Setting, formats: Mapping[str, Any], tables: Sequence[Table]) -> None:
    sheet.set_column(0, 30, _EXAMPLE)
    row = 0
    for table in tables:
        rows = setting.source["examples"].get(table.name)
        if not rows:
            continue
        used = [f for f in table.received if any(f.name in r for r in rows)]
        sheet.write_string(row, 0, setting.text(table.title), formats["title"])
        sheet.set_row(row + 1, height_of((setting.text(field.title) for field in used), _EXAMPLE))
        for column, field in enumerate(used):
            sheet.write_string(row + 1, column, setting.text(field.title), formats["heading"])
        row += 2
        for cells in setting.cells(table, rows):
            sheet.set_row(row, height_of((str(cells[f.name]) for f in used if f.name in cells), _EXAMPLE))
            for column, field in enumerate(used):
                if field.name in cells:
                    sheet.write_string(row, column, str(cells[field.name]), formats["text"])
            row += 1
        row += 1
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _lists(book: Any, sheet: Any, setting: _Setting, tables: Sequence[Table]) -> dict[str, str]:
    """Write the words of every list that is used, one a column; return list -> name of its range."""
    used = dict.fromkeys(f.codelist for t in tables for f in t.received if f.codelist)
    ranges: dict[str, str] = {}
    for column, codelist in enumerate(used):
        labels = setting.labels(codelist)
        sheet.write_string(0, column, codelist)
        sheet.write_column(1, column, labels)
        letter = xlsxwriter.utility.xl_col_to_name(column)
        ranges[codelist] = f"list_{codelist}"
        book.define_name(ranges[codelist], f"={LISTS_SHEET}!${letter}$2:${letter}${len(labels) + 1}")
    return ranges


def _data(
    sheet: Any,
    setting: _Setting,
    formats: Mapping[str, Any],
    table: Table,
    ranges: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    columns: dict[str, int] = {}
    heights: list[int] = []
    last = DATA_ROW - 2 + setting.source["rows_prepared"]
    for field in table.received:
        column = columns[field.name] = len(columns)
        number = field.type in ("integer", "number", "year")
        title = setting.text(field.title)
        width = width_of(title, setting.measured_labels(field.codelist) if field.codelist else ())
        sheet.set_column(column, column, width, formats["open_number" if number else "open"])
        sheet.write_string(0, column, field.name, formats["machine"])
        heights.append(height_of_heading(title, width))
        sheet.write_string(1, column, title, formats["required" if field.required else "heading"])
        help_text = _help(setting, field)
        sheet.write_comment(1, column, help_text, {"author": "clearing-point", **note_size(help_text)})
        sheet.data_validation(
            DATA_ROW - 1, column, last, column, _validation(setting, field, ranges, title, help_text)
        )
        if field.no_column:
            columns[field.no_column] = len(columns)
            no = setting.standard.label_of("yes_no", "N", setting.language)
            heading = f"{title}: {no}"
            width = width_of(heading)
            sheet.set_column(columns[field.no_column], columns[field.no_column], width, formats["open"])
            sheet.write_string(0, columns[field.no_column], field.no_column, formats["machine"])
            heights.append(height_of_heading(heading, width))
            sheet.write_string(1, columns[field.no_column], heading, formats["heading"])
    for row, cells in enumerate(setting.cells(table, rows), start=DATA_ROW - 1):
        for name, cell in cells.items():
            number = table.by_name[name].type in ("integer", "number", "year")
            if number and not isinstance(cell, str):
                sheet.write_number(row, columns[name], cell, formats["open_number"])
            else:
                sheet.write_string(
                    row, columns[name], str(cell), formats["open_number" if number else "open"]
                )
    sheet.freeze_panes(DATA_ROW - 1, 1)
    sheet.set_row(1, max(_HEADING_LINES * LINE_POINTS, *heights))
    sheet.protect("", dict.fromkeys(_ALLOWED_ON_LOCKED_SHEETS, True))


def _help(setting: _Setting, field: Field) -> str:
    """Return the note on a heading: what belongs there, whether it must be filled, what is allowed."""
    parts = [setting.text(field.help)]
    if field.required:
        parts.append(setting.word("required"))
    if field.multiple:
        parts.append(setting.word("several"))
    if field.codelist and field.codelist != TERRITORY:
        codes = setting.standard.codelists[field.codelist].codes
        if len(codes) <= _LONG_LIST:
            words = [f"{setting.text(c.label)} ({c.code})" for c in codes]
            parts.append(setting.word("allowed") + "\n" + "\n".join(words))
    elif not field.codelist and field.type in ("integer", "number", "year"):
        low, high = field.constraints.get("minimum"), field.constraints.get("maximum")
        if low is not None and high is not None:
            parts.append(f"{setting.word('allowed')} {low} – {high}.")
    return "\n".join(parts)


def _validation(
    setting: _Setting, field: Field, ranges: Mapping[str, str], title: str, help_text: str
) -> dict[str, Any]:
    """Return a drop-down or a mere prompt. Nothing is forced here: every value is checked when the file comes."""
    prompt = {
        "input_title": cut(title, _PROMPT_TITLE),
        "input_message": cut(help_text.split("\n", maxsplit=1)[0], _PROMPT),
        "ignore_blank": True,
    }
    if not field.codelist:
        return {"validate": "any", **prompt}
    return {
        "validate": "list",
        "source": f"={ranges[field.codelist]}",
        "error_type": "warning",
        "error_title": cut(title, _PROMPT_TITLE),
        "error_message": cut(setting.word("not_in_list"), _PROMPT),
        "show_error": not field.multiple,
        **prompt,
    }
