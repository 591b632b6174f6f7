"""From a printed number to the cells of the senders' files that it was counted from, and back.

For the office: the warehouse is read and true counts are said, of hidden numbers too. What is said are coordinates and
counts; no value of a person, no name and no number of hers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clearing_point.analysis.count import (
    conditions_of,
    dimensions_of,
    is_marked,
    leaf_sql,
    measured,
    unit_sql,
)
from clearing_point.analysis.origins import (
    Column,
    Origin,
    looked_at,
    mark_units,
    origins,
    received,
    rows_of_units,
    touched_units,
)
from clearing_point.analysis.units import BEHIND
from clearing_point.disclosure.model import Dimension
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.as_counted import LINKS_FILE, as_counted, vintage_of_today, vintages
from clearing_point.publication.edition import Edition
from clearing_point.publication.printed import Printed, cell_at, printed_cells, released_edition
from clearing_point.standard import Standard
from clearing_point.standard.model import Indicator
from clearing_point.warehouse.connection import connect
from clearing_point.workplace import write_whole

_YEAR = "year"
_AGGREGATES = {"median": "median(value)", "mean": "avg(value)", "sum": "sum(value)"}


@dataclass(frozen=True)
class Traced:
    """A printed number with what it was counted from.

    Attributes
    ----------
    unit : str
        Table of the standard whose rows are counted.
    units, persons : int
        The true counts: what the table counts, and how many persons are behind it.
    value : float or None
        The measure as it is worked out from the units, before rounding.
    query : str
        The query of `units`, to be run after `script`.
    script : tuple of str
        Statements that make everything the query names, in an empty DuckDB.
    links : pyarrow.Table or None
        Rows of ``linked_person``, where anybody is linked: persons' numbers, never to be printed.
    """

    edition: int
    unit: str
    printed: Printed
    units: int
    persons: int
    value: float | None
    origins: tuple[Origin, ...]
    query: str
    script: tuple[str, ...] = ()
    links: Any = None

    def agrees(self) -> bool:
        """Whether the warehouse still gives what is printed; a hidden or rounded number says nothing against it."""
        return self.printed.shown is None or self.printed.protection != "" or self.printed.shown == self.units


def trace_number(
    project: Project, standard: Standard, table: str, where: Mapping[str, str], year: int | None = None
) -> Traced:
    """Return what a printed number was counted from.

    Parameters
    ----------
    where : mapping
        Variable -> category, as the release's files have them. A variable that is not named stands at its total.
    year : int, optional
        Edition; else the newest that is out.

    Raises
    ------
    InputProblem
        If there is no such table, variable or category in the edition.
    """
    edition = released_edition(project, year)
    indicator = _indicator(standard, edition, table)
    printed = cell_at(project, edition, table, where)
    vintage = vintages(project, edition).get(
        _year_of(indicator, printed.cell, edition), vintage_of_today(project, edition)
    )
    with as_counted(project, standard, vintage, [indicator.population]) as office:
        recorded, connection = office.statements, office.connection
        full, dimensions = dimensions_of(connection, standard, indicator, [int(y) for y in edition.years])
        query, rows = _queries(connection, standard, full, dimensions, printed.cell)
        counted = connection.execute(query).fetchone()
        mark_units(connection, standard, indicator.population, f"unit_id IN ({rows})")
        columns = received(standard, looked_at(connection, standard, indicator))
        found = origins(connection, standard, indicator.population, columns)
        units, persons, *value = counted
        return Traced(
            edition.year, standard.populations[indicator.population].unit, printed, units, persons,
            value[0] if value else None, found, query, tuple(recorded), office.links,
        )  # fmt: skip


def write_script(traced: Traced, path: Path) -> list[Path]:
    """Write the SQL that counts a number anew in an empty DuckDB, readable by its owner alone; return what was written.

    Links between cases stand in a file beside it, where there are any.
    """
    links = path.with_suffix(".links.parquet")
    text = ";\n\n".join([*traced.script, traced.query]) + ";\n"
    written = [path]
    if traced.links is not None:
        sink = pa.BufferOutputStream()
        pq.write_table(traced.links, sink)
        write_whole(links, sink.getvalue().to_pybytes())
        text = text.replace(LINKS_FILE, str(links.resolve()).replace("'", "''"))
        written.append(links)
    write_whole(path, text.encode())
    return written


@dataclass(frozen=True)
class Touched:
    """Printed numbers that a cell or row of a sender's file is in; `fields` are those that were asked for."""

    edition: int
    tables: tuple[str, ...]
    fields: tuple[Column, ...]
    numbers: tuple[Printed, ...]


def trace_cell(
    project: Project,
    standard: Standard,
    submission: str,
    sheet: str,
    row: int,
    column: str | None = None,
    year: int | None = None,
) -> Touched:
    """Return the printed numbers that a row of a sender's file is in; of one column, those that look at it.

    Parameters
    ----------
    column : str, optional
        Its letter, or a field of the standard.

    Raises
    ------
    InputProblem
        If no row or column like that was kept, or nothing of it counts as a person.
    """
    edition = released_edition(project, year)
    tables, fields = _kept(project, standard, submission, sheet, row, column)
    indicators = [i for i in standard.indicators if i.indicator_id in edition.tables]
    populations = sorted({i.population for i in indicators})
    today, since = vintage_of_today(project, edition), vintages(project, edition)
    found: dict[tuple[str, tuple[str, ...]], Printed] = {}
    for vintage in dict.fromkeys([*since.values(), today]):
        if submission not in vintage[0]:
            continue
        with as_counted(project, standard, vintage, populations) as office:
            office.connection.execute(
                "CREATE OR REPLACE TEMP TABLE traced_row AS SELECT ?, ?, ?::INTEGER", [submission, sheet, row]
            )
            for indicator in indicators:
                for table in _concerned(office.connection, standard, indicator, tables, fields):
                    for cell in _cells_of(project, standard, edition, indicator, office.connection, table):
                        if since.get(_year_of(indicator, cell.cell, edition), today) == vintage:
                            found[cell.table, tuple(cell.cell.values())] = cell
    return Touched(edition.year, tuple(tables), tuple(fields), tuple(found.values()))


def _concerned(
    connection: Any, standard: Standard, indicator: Indicator, tables: Sequence[str], fields: Sequence[Column]
) -> list[str]:
    """Return of these tables those that an indicator looks at; where fields are named, only for their sake."""
    looked = received(standard, looked_at(connection, standard, indicator))
    if fields:
        return [t for t in tables if any(f in looked for f in fields if f[0] == t)]
    unit = standard.populations[indicator.population].unit
    return [t for t in tables if t == unit or any(name == t for name, _ in looked)]


def _queries(
    connection: Any,
    standard: Standard,
    indicator: Indicator,
    dimensions: Sequence[Dimension],
    cell: Mapping[str, str],
) -> tuple[str, str]:
    """Return the query that counts one cell, and the one of the keys of its rows."""
    marked = is_marked(connection, indicator)
    unit = unit_sql(standard.populations[indicator.population], marked)
    leaves, inside = [], []
    for number, (breakdown, dimension) in enumerate(zip(indicator.by, dimensions, strict=True)):
        leaves.append(f"{leaf_sql(connection, standard, indicator, breakdown)} AS leaf_{number}")
        members = next(c.members for c in dimension.categories if c.code == cell[breakdown.variable])
        listed = ", ".join(f"'{leaf}'" for leaf in sorted(members))
        inside.append(f"leaf_{number} IN ({listed})")
    conditions = conditions_of(indicator)
    where = f"\n  WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else ""
    measure = measured(indicator)
    value = "" if measure is None else f'"{measure.value}" AS value, '
    source = (
        f"FROM (\n  SELECT {unit} AS unit, {rows_of_units(standard, indicator, marked)} AS row_key, {BEHIND}, "
        f"{value}{', '.join(leaves)}\n  FROM population_{indicator.population}{where}\n) WHERE {' AND '.join(inside)}"
    )
    worked_out = "" if measure is None else f", {_AGGREGATES[measure.kind]} AS value"
    return (
        f"SELECT count(DISTINCT unit) AS units, count(DISTINCT {BEHIND}) AS persons{worked_out}\n{source}",
        f"SELECT row_key {source}",
    )


def _cells_of(
    project: Project, standard: Standard, edition: Edition, indicator: Indicator, connection: Any, table: str
) -> Iterator[Printed]:
    """Yield the printed cells of a table that rows touched by ``traced_row`` are in."""
    full, dimensions = dimensions_of(connection, standard, indicator, [int(y) for y in edition.years])
    mark_units(
        connection, standard, indicator.population,
        touched_units(standard, indicator.population, table),
    )  # fmt: skip
    leaves = ", ".join(leaf_sql(connection, standard, full, b) for b in full.by)
    conditions = [
        *conditions_of(full),
        f"{rows_of_units(standard, full, is_marked(connection, full))} IN (SELECT unit_id FROM traced)",
    ]
    rows = connection.execute(
        f"SELECT DISTINCT {leaves} FROM population_{indicator.population} "
        f"WHERE {' AND '.join(f'({c})' for c in conditions)}"
    ).fetchall()
    if not rows:
        return
    printed = {tuple(p.cell.values()): p for p in printed_cells(project, edition, indicator.indicator_id)}
    seen = set()
    for leaves_of_row in rows:
        of_row = [
            [c.code for c in d.categories if str(leaf) in c.members]
            for d, leaf in zip(dimensions, leaves_of_row, strict=True)
        ]
        for cell in product(*of_row):
            if cell in printed and cell not in seen:
                seen.add(cell)
                yield printed[cell]


def _kept(
    project: Project, standard: Standard, submission: str, sheet: str, row: int, column: str | None
) -> tuple[list[str], list[Column]]:
    """Return the tables that a row became rows of, and the fields that the column is."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        known = connection.execute(
            "SELECT count(*) FROM warehouse.raw.submission WHERE submission_id = ?", [submission]
        )
        if not known.fetchone()[0]:
            raise InputProblem(f"There is no submission '{submission}': see `clearing-point status`.")
        sheets = connection.execute(
            "SELECT DISTINCT sheet FROM warehouse.raw.column WHERE submission_id = ? ORDER BY 1", [submission]
        )
        names = [str(r[0]) for r in sheets.fetchall()]
        if sheet not in names:
            raise InputProblem(f"{submission} has no sheet '{sheet}': {', '.join(names)}.")
        tables = [
            t.name
            for t in standard.tables_of_kind("case", "aggregate", "scorecard")
            if connection.execute(
                f'SELECT count(*) FROM warehouse.core."{t.name}" WHERE submission_id = ? AND sheet = ? AND source_row = ?',
                [submission, sheet, row],
            ).fetchone()[0]
        ]
        if not tables:
            raise InputProblem(
                f"Row {row} of sheet '{sheet}' of {submission} became no row of a table: nothing counts it."
            )
        cases = [t for t in tables if standard.tables[t].kind == "case"]
        if not cases:
            raise InputProblem(
                f"Row {row} of sheet '{sheet}' holds no person: tables of persons do not count it."
            )
        if column is None:
            return cases, []
        found = connection.execute(
            "SELECT target_table, target_field FROM warehouse.raw.column WHERE submission_id = ? AND sheet = ? "
            "AND (column_letter = ? OR target_field = ?) AND target_field IS NOT NULL",
            [submission, sheet, column.upper(), column],
        ).fetchall()
    finally:
        connection.close()
    fields = [(str(t), str(f)) for t, f in found if t in cases]
    if not fields:
        raise InputProblem(
            f"Column {column} of sheet '{sheet}' was read into none of the fields of row {row}."
        )
    return [t for t in cases if t in {name for name, _ in fields}], fields


def _indicator(standard: Standard, edition: Edition, table: str) -> Indicator:
    if table not in edition.tables:
        raise InputProblem(f"Edition {edition.year} has no table {table}: {', '.join(edition.tables)}.")
    return next(i for i in standard.indicators if i.indicator_id == table)


def _year_of(indicator: Indicator, cell: Mapping[str, str], edition: Edition) -> str:
    years = [cell[b.variable] for b in indicator.by if b.codelist == _YEAR and b.variable in cell]
    return years[0] if years else str(edition.year)
