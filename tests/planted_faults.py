"""A workbook with one planted fault of each kind, and the list of what must be found where.

The clean workbook is the template's own with its worked rows, in Serbian Cyrillic. A fault is a change of
one row: the rule that must find it, the table, the row among its worked rows (0 is the first), the field
that the finding points at, and the values that are written. Rules that look at a whole submission, at
several senders or at years before cannot be planted in one row; their examples stand in the rule files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from clearing_point.standard import Standard
from clearing_point.standard.workbook import DATA_ROW, sheet_names, write_example

LANGUAGE, TERRITORY, YEAR = "sr-Cyrl", "SRB", 2023
_WORKED_ROWS = 3


@dataclass(frozen=True)
class Fault:
    """What is planted, and the one finding that it must give; without a rule it is a good row that others need."""

    rule_id: str
    table: str
    row: int
    points_at: str
    written: Mapping[str, Any]
    copy_of: int | None = None
    """The row is a new one: a copy of this worked row, with what is written over it."""


FEW = ("submission", "person", "identification", "trafficking_episode")
"""Tables of a workbook that is read in a third of the time."""


def write_clean(standard: Standard, path: Path, tables: Collection[str] | None = None) -> Path:
    """Write the workbook without a fault; with the sheets of these tables only, if they are named."""
    write_example(standard, path, territory=TERRITORY, year=YEAR, language=LANGUAGE)
    if tables is not None:
        book = openpyxl.load_workbook(path)
        for name, sheet in sheet_names(standard, LANGUAGE).items():
            if name not in tables and sheet in book.sheetnames:
                book.remove(book[sheet])
        book.save(path)
    return path


def plant(
    standard: Standard, clean: Path, path: Path, faults: tuple[Fault, ...]
) -> list[tuple[str, str, str]]:
    """Write a copy with the faults and return what must be found: (rule, sheet, cell), sorted."""
    names = sheet_names(standard, LANGUAGE)
    book = openpyxl.load_workbook(clean)
    expected = []
    for sheet in (book[names[t]] for t in {f.table for f in faults}):
        written = {name for f in faults if names[f.table] == sheet.title for name in f.written}
        for cell in sheet[1]:
            below = (
                sheet[f"{cell.column_letter}{row}"].value for row in range(DATA_ROW, DATA_ROW + _WORKED_ROWS)
            )
            if cell.value and cell.value not in written and not any(v is not None for v in below):
                cell.value = (
                    None  # a column that nobody fills is not asked: else rules on the whole column find it
                )
    for fault in faults:
        sheet = book[names[fault.table]]
        letters = {cell.value: cell.column_letter for cell in sheet[1] if cell.value}
        row = DATA_ROW + fault.row
        if fault.copy_of is not None:
            for letter in letters.values():
                sheet[f"{letter}{row}"].value = sheet[f"{letter}{DATA_ROW + fault.copy_of}"].value
        for name, value in fault.written.items():
            sheet[f"{letters[name]}{row}"].value = value
        if fault.rule_id:
            expected.append((fault.rule_id, names[fault.table], f"{letters[fault.points_at]}{row}"))
    book.save(path)
    return sorted(expected)


def _person(row: int, rule: str = "", field: str = "sex", **more: Any) -> Fault:
    return Fault(rule, "person", row, field, {"person_reference": f"P-06{row:02}", **more}, copy_of=0)


def _assisted(row: int, rule: str = "", field: str = "assistance_end_date", p: int = 0, **more: Any) -> Fault:
    return Fault(
        rule,
        "assistance_episode",
        row,
        field,
        {
            "assistance_reference": f"A-06{row:02}",
            "person_reference": f"P-06{p or row:02}",
            "identification_reference": None,
            "episode_reference": None,
            "through_referral_mechanism": None,
            **more,
        },
        copy_of=0,
    )


def _helped(row: int, a: str, rule: str = "", field: str = "service_start_date", **more: Any) -> Fault:
    return Fault(
        rule,
        "service",
        row,
        field,
        {
            "service_reference": f"S-06{row:02}",
            "assistance_reference": a,
            "units": None,
            "service_unit": None,
            **more,
        },
        copy_of=0,
    )


def _identified(row: int, p: str, rule: str, field: str, **more: Any) -> Fault:
    return Fault(
        rule,
        "identification",
        row,
        field,
        {
            "identification_reference": f"I-06{row:02}",
            "person_reference": p,
            "episode_reference": None,
            "age_at_identification": 24,
            **more,
        },
        copy_of=0,
    )


def _trafficked(row: int, p: str, rule: str, field: str, **more: Any) -> Fault:
    return Fault(
        rule,
        "trafficking_episode",
        row,
        field,
        {"episode_reference": f"E-06{row:02}", "person_reference": p, **more},
        copy_of=0,
    )


FAULTS: tuple[Fault, ...] = (
    _person(3, "P04", "sex", sex="женскоо"),
    _person(4, "F05", "birth_year", birth_year="19x9"),
    _person(5, "F03", "person_reference", person_reference="ABC"),
    _person(6, "P09", "birth_year", birth_year=1901),
    _person(7),
    _person(8),
    _person(9),
    _person(10),
    _person(11),
    _person(12, citizenship="UKR", residence_territory="UKR"),
    # Enough known ages, so that no rule on the whole column finds too many unknown.
    Fault("", "identification", 2, "age_at_identification", {"age_at_identification": 31}),
    _identified(3, "P-0603", "F01", "identification_status", identification_status=None),
    _identified(4, "P-0609", "D01", "identification_date", identification_date="2024-05-01"),
    _identified(5, "P-9999", "P08", "person_reference"),
    _identified(
        6, "P-0607", "A03a", "minor_at_identification", minor_at_identification="да", age_at_identification=24
    ),
    _identified(7, "P-0608", "A05a", "age_at_identification", age_at_identification=40),
    _identified(
        8,
        "P-0612",
        "D02",
        "identification_date",
        identification_date="1995-02-01",
        age_at_identification=None,
    ),
    _trafficked(3, "P-0608", "D03a", "recruitment_date", recruitment_date="2022-09"),
    _trafficked(
        4,
        "P-0609",
        "D03b",
        "exploitation_end_date",
        exploitation_end_date="2022-01",
        recruitment_date="2021-05",
        exploitation_start_date="2022-06",
    ),
    _trafficked(5, "P-0610", "S03a", "exploitation_form", exploitation_form="NONE; SEX"),
    _trafficked(6, "P-0607", "S02a", "labour_sector", labour_sector="I"),
    _trafficked(7, "P-0611", "D03c", "exit_date", exit_date="2022-12"),
    _assisted(3, "D06a", "assistance_end_date", p=8, assistance_end_date="2023-01-10"),
    _assisted(4, "D11a", "assistance_end_date", p=9, assistance_end_date=None, case_status=None),
    _assisted(5, p=10),
    _assisted(6, "X01", "assistance_reference", p=11),
    _helped(4, "A-0603", service_start_date=None, service_end_date=None),
    _helped(5, "A-0604", service_end_date=None),
    _helped(6, "A-0605", "D06c", "service_end_date", service_end_date="2023-02-12"),
    _helped(
        7,
        "A-0605",
        "D06b",
        "service_start_date",
        service_start_date="2023-11-01",
        service_end_date="2023-11-02",
    ),
    Fault(
        "D09a",
        "legal_status",
        1,
        "decided_date",
        {"legal_status_reference": "L-0420", "decided_date": "2023-03-01"},
        copy_of=0,
    ),
    Fault(
        "D09b",
        "legal_status",
        2,
        "valid_to",
        {"legal_status_reference": "L-0421", "valid_to": "2023-04-01"},
        copy_of=0,
    ),
    Fault(
        "D15",
        "return_event",
        1,
        "return_date",
        {"return_reference": "V-0420", "return_date": "2023-02-10"},
        copy_of=0,
    ),
    Fault(
        "X09a",
        "compensation",
        1,
        "paid_euro",
        {
            "compensation_reference": "C-0418",
            "paid_euro": 500,
            "awarded_euro": 300,
            "compensation_result": "AWARDED",
        },
        copy_of=0,
    ),
    Fault(
        "D12",
        "follow_up",
        1,
        "contact_date",
        {"follow_up_reference": "F-0418", "contact_date": "2023-05-01"},
        copy_of=0,
    ),
    Fault("C01", "scorecard", 1, "evidence_title", {"indicator": "M02", "evidence_title": None}, copy_of=0),
    Fault("P04", "route_leg", 1, "transport", {"leg_number": 2, "transport": "чамац без имена"}, copy_of=0),
)
