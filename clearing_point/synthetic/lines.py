"""The lines of one sheet of a country's own layout: rows of its tables, brought together person by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clearing_point.countries.profile import Profile, SheetSpec, TableSpec
from clearing_point.errors import InternalError
from clearing_point.standard.model import Standard, Table
from clearing_point.synthetic.backwards import Written, writer_of
from clearing_point.synthetic.known import Cell, MadeTable

_UNKNOWN = "UNK"


@dataclass(frozen=True)
class SheetLines:
    """What a sheet of the layout holds: its headings in order and its lines, one cell a heading."""

    spec: SheetSpec
    headings: tuple[str, ...]
    fields: Mapping[str, tuple[str, str]]
    """Heading -> the (table, field) that it is read as first."""
    lines: tuple[dict[str, Written], ...]


def lines_of(
    sheet: SheetSpec, profile: Profile, standard: Standard, tables: Mapping[str, MadeTable]
) -> SheetLines:
    """Write the rows of the made tables as lines of a sheet.

    Where several tables share a sheet, a person's first row of each stands on the same line, the second
    on the next, as forms with one block a topic do; rows that belong to no person stand below.

    Raises
    ------
    InternalError
        If a row's own number or its parent's has no place in the layout, or two values want one cell.
    """
    headings: dict[str, tuple[str, str]] = {}
    person_of = _persons(sheet, standard, tables)
    groups: dict[str, list[dict[str, Written]]] = {}
    loose: list[dict[str, Written]] = []
    for spec in sheet.tables:
        made = tables.get(spec.table)
        table = standard.tables[spec.table]
        _headings(headings, spec, made)
        if made is None:  # its block stands on the form all the same, with nothing in it
            continue
        rows = _rows(table, spec, made, profile, standard)
        persons = person_of.get(spec.table)
        taken: dict[str, int] = {}
        for number, row in enumerate(rows):
            person = persons[number] if persons is not None else None
            if person is None:
                loose.append(row)
                continue
            lines = groups.setdefault(person, [])
            place = taken.get(person, 0)
            taken[person] = place + 1
            if place == len(lines):
                lines.append({})
            _put(lines[place], row, profile)
    lines = [line for person in groups.values() for line in person] + loose
    return SheetLines(sheet, tuple(headings), headings, tuple(lines))


def _headings(headings: dict[str, tuple[str, str]], spec: TableSpec, made: MadeTable | None) -> None:
    filled = made.columns if made is not None else {}
    for field, column in spec.columns.items():
        # A column that nobody ever fills is not on this sender's form.
        if column.headings and (field in filled or not column.optional):
            headings.setdefault(column.headings[0], (spec.table, field))


def _put(line: dict[str, Written], row: dict[str, Written], profile: Profile) -> None:
    for heading, written in row.items():
        if line.setdefault(heading, written) != written:
            raise InternalError(f"Profile {profile.name}: two values want one cell under '{heading}'.")


def _rows(
    table: Table, spec: TableSpec, made: MadeTable, profile: Profile, standard: Standard
) -> list[dict[str, Written]]:
    columns: dict[str, list[Written]] = {}
    keys = {*table.primary_key, *(key for names in table.parents.values() for key in names)}
    fields = {**table.by_name, **{f.no_column: f for f in table.fields if f.no_column}}
    for name, made_cells in made.columns.items():
        column = spec.columns.get(name)
        if column is None or not column.headings:
            # What a form does not ask is not sent; it shows as not collected. Without its numbers a row is lost.
            if name in keys and (column is None or column.constant is None):
                raise InternalError(f"Profile {profile.name} has no place for {table.name}.{name}.")
            continue
        cells: Sequence[Cell] = made_cells
        if column.year_of_birth_at is not None:
            cells = _years_of_birth(cells, made.columns[column.year_of_birth_at])
        write = writer_of(fields[name], column, profile, standard)
        known: dict[Cell, Written] = {}
        columns[column.headings[0]] = [
            known[cell] if cell in known else known.setdefault(cell, write(cell)) for cell in cells
        ]
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if spec.when_filled:
        _mark(rows, spec, table, profile, standard)
    return rows


def _mark(
    rows: list[dict[str, Written]], spec: TableSpec, table: Table, profile: Profile, standard: Standard
) -> None:
    """Say `not known` where a row would otherwise not show that it is there."""
    marker = spec.when_filled[0]
    field = next(name for name, column in spec.columns.items() if marker in column.headings)
    unknown = writer_of(table.by_name[field], spec.columns[field], profile, standard)(_UNKNOWN)
    for row in rows:
        if all(row.get(heading, Written(None)).value is None for heading in spec.when_filled):
            row[marker] = unknown


def _years_of_birth(ages: Sequence[Cell], dates: Sequence[Cell]) -> list[Cell]:
    return [
        int(str(date)[:4]) - age if isinstance(age, int) and date is not None else age
        for age, date in zip(ages, dates, strict=True)
    ]


def _persons(
    sheet: SheetSpec, standard: Standard, tables: Mapping[str, MadeTable]
) -> dict[str, list[str | None]]:
    """Return table -> the person of each row, for the tables of a sheet that has several."""
    if len(sheet.tables) == 1:
        return {}
    person_key = standard.tables["person"].primary_key[0] if "person" in standard.tables else ""
    found: dict[str, list[str | None]] = {}
    by_key: dict[str, dict[Cell, str | None]] = {}
    for spec in sheet.tables:
        made = tables.get(spec.table)
        if made is None:
            continue
        persons = _own_persons(made, person_key, by_key)
        if persons is not None:
            found[spec.table] = persons
            key = standard.tables[spec.table].primary_key
            if len(key) == 1 and key[0] in made.columns:
                by_key[key[0]] = dict(zip(made.columns[key[0]], persons, strict=True))
    return found


def _own_persons(
    made: MadeTable, person_key: str, by_key: Mapping[str, Mapping[Cell, str | None]]
) -> list[str | None] | None:
    if person_key in made.columns:
        return [None if cell is None else str(cell) for cell in made.columns[person_key]]
    for key, persons in by_key.items():
        if key in made.columns:
            return [persons.get(cell) for cell in made.columns[key]]
    return None
