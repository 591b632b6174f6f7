"""Small regional workbooks for tests: made persons only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from clearing_point.standard import Standard

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def write_regional(path: Path, standard: Standard, rows: Rows) -> Path:
    """Write a regional workbook with the given rows; only columns that occur are written."""
    book = xlsxwriter.Workbook(str(path))
    for name, entries in rows.items():
        sheet = book.add_worksheet(name)
        columns = list(dict.fromkeys(column for entry in entries for column in entry))
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column)
            field = standard.tables[name].by_name.get(column)
            sheet.write_string(1, number, field.title["en"] if field else column)
        for row, entry in enumerate(entries, start=2):
            for number, column in enumerate(columns):
                value = entry.get(column)
                if isinstance(value, int | float):
                    sheet.write_number(row, number, value)
                elif value is not None:
                    sheet.write_string(row, number, value)
    book.close()
    return path


def person(number: int, **more: Any) -> dict[str, Any]:
    """One made person; without arguments nothing about her is a finding."""
    return {"person_reference": f"P-{number}", "sex": "F", "citizenship": "ALB", "birth_year": 2000, **more}


def identification(number: int, **more: Any) -> dict[str, Any]:
    """One made identification of person ``number``."""
    return {
        "identification_reference": f"I-{number}",
        "person_reference": f"P-{number}",
        "identification_date": "2022-03-14",
        "identification_status": "CONFIRMED",
        "stated_age_band_at_identification": "21-23",
        **more,
    }
