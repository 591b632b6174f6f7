"""Made submissions as regional workbooks."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from clearing_point.countries.profile import Profile
from clearing_point.errors import InputProblem
from clearing_point.intake.receive import parse_period
from clearing_point.processes import workers
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.filling import fill
from clearing_point.standard.model import Table
from clearing_point.synthetic.columns import draw, generator
from clearing_point.synthetic.known import Cell, MadeTable, submission_tables
from clearing_point.synthetic.own_layout import ending_of, write_own_layout
from clearing_point.synthetic.region import MadeRegion

_CREATED = datetime.datetime(2023, 1, 31, tzinfo=datetime.UTC)
"""A fixed moment: the same region gives the same bytes."""
_HEADER_ROWS = 2
_WORKERS = 2
_WORTH_IT = 8
"""So many files or more are written by several processes: starting one takes as long as writing a few."""


@dataclass(frozen=True)
class MadeFile:
    """A made submission on disk."""

    path: Path
    territory: str
    period: str


def write_submissions(
    region: MadeRegion,
    standard: Standard,
    folder: Path,
    periods: Sequence[str] | Mapping[str, Sequence[str]],
    profiles: Mapping[str, Profile] | None = None,
) -> tuple[MadeFile, ...]:
    """Write one file a territory and period, marked as made in its name and properties.

    Parameters
    ----------
    profiles : mapping of str to Profile, optional
        By territory. Where a profile describes a layout of its own and an example of it, the file is
        written in that layout (:mod:`clearing_point.synthetic.own_layout`), else as the regional workbook.
    folder : Path
        Made if it is not there.
    periods : sequence of str, or mapping of territory to such
        Such as ``2017-2021`` and ``2022``.

    Returns
    -------
    tuple of MadeFile
        By territory, then period; a territory without persons in a period gets no file.

    Raises
    ------
    InputProblem
        If a period cannot be read, or a sender is not described in the settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of = periods if isinstance(periods, Mapping) else dict.fromkeys(region.territories, periods)
    tasks = [(territory, period) for territory in region.territories for period in of[territory]]
    for _, period in tasks:
        parse_period(period)  # a wrong one is one sentence before any work
    number_of_workers = max(1, min(_WORKERS, os.cpu_count() or 1))
    if number_of_workers == 1 or len(tasks) < _WORTH_IT:
        found = [_write_one(region, standard, folder, profiles or {}, *task) for task in tasks]
    else:
        given = (region, standard.folder, folder, dict(profiles or {}))
        with workers(number_of_workers, _prepare, *given) as pool:
            found = list(pool.map(_write_elsewhere, tasks))
    return tuple(file for file in found if file is not None)


_HELD: dict[str, Any] = {}
"""What a writing process was given once, for all its files."""


def _prepare(region: MadeRegion, schemas: Path, folder: Path, profiles: Mapping[str, Profile]) -> None:
    _HELD.update(region=region, standard=load_standard(schemas), folder=folder, profiles=profiles)


def _write_elsewhere(task: tuple[str, str]) -> MadeFile | None:
    return _write_one(_HELD["region"], _HELD["standard"], _HELD["folder"], _HELD["profiles"], *task)


def _write_one(
    region: MadeRegion,
    standard: Standard,
    folder: Path,
    profiles: Mapping[str, Profile],
    territory: str,
    period: str,
) -> MadeFile | None:
    tables = tables_of(region, standard, territory, period)
    profile = profiles.get(territory)
    if not tables:
        return None
    if profile is not None and profile.sheets and profile.example:
        path = folder / f"MADE-{territory}-{period}{ending_of(profile)}"
        write_own_layout(path, profile, standard, tables, _properties(standard, territory, period))
    else:
        path = folder / f"MADE-{territory}-{period}.xlsx"
        _write(path, standard, territory, period, tables)
    return MadeFile(path, territory, period)


def tables_of(region: MadeRegion, standard: Standard, territory: str, period: str) -> dict[str, MadeTable]:
    """Return everything that a territory sends for a period: header, register, cases, scorecard.

    Raises
    ------
    InputProblem
        As :func:`write_submissions`.
    """
    if territory not in region.settings["senders"]:
        raise InputProblem(f"synthetic.yml: there is no sender for territory {territory}.")
    start, end = parse_period(period)
    cases = submission_tables(region, standard, territory, (start.year, end.year))
    if not cases:
        return {}
    sender = region.settings["senders"][territory]
    words = {"territory": territory, "sender": sender["sender"], "name": standard.territory_name(territory)}
    scores = _scorecard(region, territory, start.year, end.year, cases)
    declared = {**region.settings["header"], **sender["submission"]}
    if scores:
        declared |= region.settings["header_with_scorecard"]
    header = {
        name: fill(text, **words, first_day=start, last_day=end) if isinstance(text, str) else text
        for name, text in declared.items()
    }
    made = {region.settings["header_table"]: _of_rows(region.settings["header_table"], [header])}
    register = [
        {k: fill(v, **words) if isinstance(v, str) else v for k, v in row.items()}
        for row in region.settings["register"]
    ]
    made[region.settings["register_table"]] = _of_rows(region.settings["register_table"], register)
    made |= cases
    if scores:
        made[region.settings["scorecard"]["table"]] = _of_rows(region.settings["scorecard"]["table"], scores)
    return made


def _of_rows(name: str, rows: Sequence[Mapping[str, Any]]) -> MadeTable:
    fields = list(dict.fromkeys(field for row in rows for field in row))
    return MadeTable(name, {field: [row.get(field) for row in rows] for field in fields})


def _scorecard(
    region: MadeRegion, territory: str, first: int, last: int, cases: Mapping[str, MadeTable]
) -> list[dict[str, Cell]]:
    """Make the scorecard of the last year of the region, if the period has it."""
    year = region.years[-1]
    if not first <= year <= last:
        return []
    settings = region.settings["scorecard"]
    rows: list[dict[str, Cell]] = []
    for number, spec in enumerate(settings["rows"]):
        rng = generator(number, "scorecard", territory)
        row: dict[str, Cell] = {}
        for field, way in spec.items():
            drawn: Any = way
            if isinstance(way, dict) and "choose" in way:
                drawn = list(way["choose"])[int(draw(rng, way["choose"], 1)[0])]
            elif isinstance(way, dict):
                drawn = int(rng.integers(int(way["from"]), int(way["to"]) + 1))
                if "nights" in way:
                    drawn = _places(way["nights"], cases, year, drawn)
            row[field] = drawn
        evidence = (
            settings["evidence"] if row.get(settings["stage"]) not in settings["no_evidence_below"] else {}
        )
        filled = {**settings["always"], **row, **evidence}
        rows.append(
            {
                k: fill(v, territory=territory, year=year, **row) if isinstance(v, str) else v
                for k, v in filled.items()
            }
        )
    return rows


def _places(stays: Mapping[str, Any], cases: Mapping[str, MadeTable], year: int, used: int) -> int:
    """Return how many places are used to so many per cent by the nights of a year that a sender reports."""
    table = cases.get(stays["table"])
    nights = 0
    new_year, end = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    if table is not None:
        columns = (table.columns[stays[name]] for name in ("field", "first", "last"))
        for code, first, last in zip(*columns, strict=True):
            if code in stays["codes"] and first:
                begun = datetime.date.fromisoformat(f"{first}-01-01"[:10])
                left = datetime.date.fromisoformat(f"{last}-01-01"[:10]) if last else end
                nights += max((min(left, end) - max(begun, new_year)).days, 0)
    return max(-(-100 * nights // (used * (end - new_year).days)) if nights else 0, int(stays["at_least"]))


def _properties(standard: Standard, territory: str, period: str) -> dict[str, Any]:
    return {
        "title": f"SYNTHETIC DATA {territory} {period}",
        "subject": "Made for demonstration and tests. No person stands behind any row.",
        "author": "clearing-point",
        "comments": f"Made with the standard {standard.version}.",
        "created": _CREATED,
    }


def _write(
    path: Path, standard: Standard, territory: str, period: str, tables: Mapping[str, MadeTable]
) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
    book.set_properties(_properties(standard, territory, period))
    about = book.add_worksheet("about")
    for number, line in enumerate(
        (
            "SYNTHETIC DATA",
            f"{territory} {period}",
            "Made for demonstration and tests.",
            "No person stands behind any row.",
        )
    ):
        about.write_string(number, 0, line)
    for table in standard.tables_of_kind("header", "case", "aggregate", "scorecard"):
        if table.name in tables:
            _write_sheet(book.add_worksheet(table.name), table, tables[table.name])
    book.close()


def _write_sheet(sheet: Any, table: Table, made: MadeTable) -> None:
    titles = {f.name: f.title["en"] for f in table.received}
    titles |= {f.no_column: f"{f.title['en']}: no" for f in table.received if f.no_column}
    names = [name for name in titles if name in made.columns]
    for number, name in enumerate(names):
        sheet.write_string(0, number, name)
    for number, name in enumerate(names):
        sheet.write_string(1, number, titles[name])
    sheet.freeze_panes(_HEADER_ROWS, 1)
    write_string, write_number = sheet.write_string, sheet.write_number
    for row, cells in enumerate(
        zip(*(made.columns[name] for name in names), strict=True), start=_HEADER_ROWS
    ):
        for number, cell in enumerate(cells):
            if cell is None:
                continue
            if type(cell) is str:
                write_string(row, number, cell)
            else:
                write_number(row, number, cell)
