"""One generic engine: an indicator and its population become one query and one table of true counts.

The result is internal to the office. It goes to the disclosure gate and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.analysis.aggregate_figures import places_of, refuse_invented_joint
from clearing_point.analysis.between import inclusions
from clearing_point.analysis.categories import NONE_OF_LIST, dimension_of
from clearing_point.analysis.incidence import leaf_of_column, told_of, units_of
from clearing_point.analysis.model import UNKNOWN
from clearing_point.analysis.persons import (
    LEAF,
    UNIT,
    mark_persons,
    open_links,
)
from clearing_point.analysis.units import (
    BEHIND,
    CURRENT,
    SENT_BY,
    check_units,
    key_column,
    name_persons,
    refuse_single_rows,
    refuse_weights,
)
from clearing_point.analysis.vintages import Cases, cases_of
from clearing_point.disclosure.model import Behind, Cell, CountTable, Dimension, Inclusion
from clearing_point.disclosure.relations import Units
from clearing_point.disclosure.statistics import Statistic
from clearing_point.errors import ClearingPointError, InputProblem, of_the_standard
from clearing_point.standard.allowed import one_query
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import TERRITORY, Breakdown, Indicator, Measure, Population, Standard
from clearing_point.standard.qualify import parse_expression


@dataclass(frozen=True)
class Counted:
    """True counts of one indicator with the query that made them, and the statistic beside them if it has one.

    Attributes
    ----------
    cases : Cases or None
        The rows of the population, to tell later what became of each. Internal to the office.
    units : Units or None
        Which unit of the population has which categories, of all territories and years. Internal to the office.
    counted_in
        Other populations in which those of this one are counted.
    places : frozenset of (territory, year), optional
        Of totals that senders counted themselves: where they stand; None for cases.
    """

    indicator: Indicator
    table: CountTable
    query: str
    statistic: Statistic | None = None
    cases: Cases | None = None
    units: Units | None = None
    counted_in: tuple[Inclusion, ...] = ()
    places: frozenset[tuple[str, str]] | None = None


def open_current(
    connection: Any, standard: Standard, cut_off: str | None = None, only: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Make the views of schema ``current`` over the warehouse and return the submissions in force.

    In force is the newest version of a series that was accepted, of those received by the cut-off day: one that
    replaced it later does not take it away from an edition that was closed before.

    Parameters
    ----------
    connection : duckdb connection
        An in-memory database to which the warehouse is attached read-only as ``warehouse``.
    only : sequence of str, optional
        The submissions that counted at an earlier time, whatever became of them since.
    """
    install_macros(connection, standard)
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{CURRENT}"')
    chosen = "status IN ('ACCEPTED', 'REPLACED', 'WITHDRAWN')"
    chosen += f" AND received_at < DATE '{cut_off}' + 1" if cut_off else ""
    if only is not None:
        connection.register("chosen_submissions", pa.table({"submission_id": pa.array(only, pa.string())}))
        chosen = "submission_id IN (SELECT submission_id FROM chosen_submissions)"
    # How many rows somebody sent tells how many persons, and no count asks for it.
    connection.execute(
        f'CREATE OR REPLACE VIEW "{CURRENT}".submission AS SELECT * EXCLUDE (rows_read, file_bytes) '
        f"FROM warehouse.raw.submission WHERE {chosen} AND use = 'count' "
        "QUALIFY row_number() OVER (PARTITION BY series ORDER BY version_number DESC) = 1 AND status <> 'WITHDRAWN'"
    )
    for table in standard.tables_of_kind("case", "aggregate", "scorecard"):
        connection.execute(
            f'CREATE OR REPLACE VIEW "{CURRENT}"."{table.name}" AS SELECT * FROM warehouse.core."{table.name}" '
            f'WHERE submission_id IN (SELECT submission_id FROM "{CURRENT}".submission)'
        )
    rows = connection.execute(f'SELECT submission_id FROM "{CURRENT}".submission ORDER BY 1').fetchall()
    return tuple(str(r[0]) for r in rows)


def count_indicators(
    connection: Any,
    standard: Standard,
    indicators: Sequence[Indicator],
    years: Sequence[int],
    *,
    related: bool = True,
) -> list[Counted]:
    """Count every indicator over the ``current`` views.

    Parameters
    ----------
    years : sequence of int
        Reference years, oldest first; indicators of ``years: edition`` use the last one only.
    related : bool
        Derive also which units there are and which populations are counted in others: half of the time, and nothing
        that a count to compare with needs.

    Raises
    ------
    InternalError
        If a population or indicator cannot be run.
    InputProblem
        If one of them is more than a query, or names a column or table that does not exist.
    """
    names = population_tables(connection, standard, indicators)
    cases = {name: cases_counted(connection, standard, name) for name in names}
    made = [counted_at(connection, standard, i, years) for i in indicators]
    if not related:
        return [replace(c, cases=cases[c.indicator.population]) for c in made]
    tables = [c.table for c in made]
    between = inclusions(told_of(connection, standard, tables), standard.populations)
    return [
        replace(c, counted_in=tuple(i for i in between if i.part_population == c.indicator.population))
        for c in with_units(made, cases, units_of(connection, standard, tables))
    ]


def counted_at(connection: Any, standard: Standard, indicator: Indicator, years: Sequence[int]) -> Counted:
    """Count one indicator, and of totals say where they stand; see :func:`count_one`."""
    found = count_one(connection, standard, indicator, years)
    return replace(found, places=places_of(connection, standard, indicator.population))


def population_tables(connection: Any, standard: Standard, indicators: Sequence[Indicator]) -> list[str]:
    """Make the tables of all populations that are counted; return their names."""
    for name in (names := sorted({i.population for i in indicators})):
        if name not in standard.populations:
            raise InputProblem(f"There is no population '{name}' in schemas/populations.")
        population_table(connection, standard, name)
    return names


def cases_counted(connection: Any, standard: Standard, name: str) -> Cases | None:
    """Return the cases of a population whose table stands."""
    population = standard.populations[name]
    return cases_of(connection, name, unit_sql(population, marked=False), population.once)


def with_units(
    made: Sequence[Counted], cases: Mapping[str, Cases | None], units: Mapping[str, Units]
) -> list[Counted]:
    """Put beside every table what it was counted from."""
    names = [c.indicator.population for c in made]
    return [replace(c, cases=cases[n], units=units[n]) for c, n in zip(made, names, strict=True)]


_ABOUT_NAMES = (duckdb.BinderException, duckdb.CatalogException)
"""Errors of a query that was not run yet: they speak of names and types that the standard wrote, never of rows."""
_OF_THE_ENGINE = re.compile(r"^\w+ Error: |[!\n].*", re.DOTALL)


def _why(error: duckdb.Error, what: str) -> ClearingPointError:
    """Tell SQL of the standard that names what is not there from what we did wrong."""
    if isinstance(error, _ABOUT_NAMES):
        return InputProblem(f"{what} cannot be counted: {_OF_THE_ENGINE.sub('', str(error))}.")
    return of_the_standard(error, what, "schemas")


def population_table(connection: Any, standard: Standard, name: str) -> None:
    """Make the temporary table ``population_<name>`` over the ``current`` views; raises as :func:`count_indicators`."""
    sql = standard.populations[name].sql
    one_query(sql, f"Population {name}", standard.folder)
    open_links(connection)
    population, target = standard.populations[name], f"population_{name}"
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE case_rows AS {sql}")
        check_units(connection, standard, population, "case_rows")
        if not mark_persons(connection, population, "case_rows", target):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT * FROM case_rows")
        name_persons(connection, population, target)
    except duckdb.Error as error:
        raise _why(error, f"Population {name}") from error
    finally:
        connection.execute("DROP TABLE IF EXISTS case_rows")


def count_one(connection: Any, standard: Standard, indicator: Indicator, years: Sequence[int]) -> Counted:
    """Count one indicator whose population stands (:func:`population_table`); see :func:`count_indicators`."""
    refuse_single_rows(indicator, standard.folder)
    refuse_invented_joint(standard, indicator, conditions_of(indicator))
    measure = measured(indicator)
    numbers = "" if measure is None else NUMBERS[measure.kind]
    with asked(connection, standard, indicator, years) as ask:
        query = (
            f"SELECT {', '.join(ask.names)}, {SENT_BY} AS sender, count(DISTINCT unit) AS units, "
            f"count(DISTINCT {BEHIND}) AS persons{numbers} FROM {ask.source} "
            # Once over all senders, and once of each alone: what she knows of the cell herself.
            f"GROUP BY GROUPING SETS (({ask.cells}), ({ask.cells}, {SENT_BY})) ORDER BY ALL"
        )
        try:
            refuse_weights(
                connection, standard.populations[indicator.population], indicator, ask.cells, ask.source,
                measured=measure is not None,
            )  # fmt: skip
            rows = connection.execute(query).fetchall()
        except duckdb.Error as error:
            raise _why(error, f"Indicator {indicator.indicator_id}") from error
    indicator = ask.indicator
    multiple = frozenset(
        b.variable for b in indicator.by if indicator.multiple and _is_list(connection, indicator, b)
    )
    size = len(ask.dimensions)
    whole = [row for row in rows if row[size] is None]
    table = CountTable(
        table_id=indicator.indicator_id,
        population=_population_key(indicator),
        dimensions=ask.dimensions,
        counts={tuple(str(c) for c in row[:size]): int(row[size + 1]) for row in whole},
        behind=_behind(rows, size),
        sensitive=indicator.sensitive,
        title=indicator.title["en"],
        multiple_response=multiple,
    )
    if measure is None:
        return Counted(indicator, table, query)
    found = [(*row[:size], *row[size + 3 :]) for row in whole]
    return Counted(indicator, table, query, statistic_of(measure, table, found))


def statistic_of(measure: Measure, table: CountTable, rows: Sequence[tuple[Any, ...]]) -> Statistic:
    """Return the statistic beside a table, from rows of its cell, the value and the largest contributions."""
    size = len(table.dimensions)
    cells = {tuple(str(c) for c in row[:size]): row[size:] for row in rows}
    return Statistic(
        measure.kind,  # type: ignore[arg-type]
        table,
        {cell: float(value) for cell, (value, _) in cells.items()},
        decimals=measure.decimals,
        largest={cell: tuple(map(float, largest)) for cell, (_, largest) in cells.items()},
    )


@dataclass(frozen=True)
class Asked:
    """An indicator's query in its parts: the rows that are counted, and the categories into which they fall."""

    indicator: Indicator
    dimensions: tuple[Dimension, ...]
    names: tuple[str, ...]
    cells: str
    source: str


@contextmanager
def asked(connection: Any, standard: Standard, indicator: Indicator, years: Sequence[int]) -> Iterator[Asked]:
    """Make the parts of an indicator's query; its categories can be read as long as this lasts."""
    indicator, dimensions = dimensions_of(connection, standard, indicator, years)
    conditions = conditions_of(indicator)
    where = f" WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else ""
    measure = measured(indicator)
    value = "" if measure is None else f', "{measure.value}" AS value'
    leaves, joins, names = [], [], []
    for number, (breakdown, dimension) in enumerate(zip(indicator.by, dimensions, strict=True)):
        rows = [(leaf, c.code) for c in dimension.categories for leaf in sorted(c.members)]
        mapping = pa.table({"leaf": [r[0] for r in rows], "category": [r[1] for r in rows]})
        connection.register(f"mapping_{number}", mapping)
        leaves.append(f"{leaf_sql(connection, standard, indicator, breakdown)} AS leaf_{number}")
        joins.append(f"JOIN mapping_{number} AS m{number} ON m{number}.leaf = leaf_{number}")
        names.append(f'm{number}.category AS "{breakdown.variable}"')
    population = standard.populations[indicator.population]
    unit = unit_sql(population, is_marked(connection, indicator))
    row_key = f", {key_column(population.unit)} AS row_key" if population.each else ""
    source = (
        f"(SELECT {unit} AS unit{row_key}, {BEHIND}, {SENT_BY}{value}, "
        f"{', '.join(leaves)} FROM population_{indicator.population}{where}) AS counted {' '.join(joins)}"
    )
    cells = ", ".join(f"m{number}.category" for number in range(len(names)))
    try:
        yield Asked(indicator, tuple(dimensions), tuple(names), cells, source)
    finally:
        for number in range(len(dimensions)):
            connection.unregister(f"mapping_{number}")


def dimensions_of(
    connection: Any, standard: Standard, indicator: Indicator, years: Sequence[int]
) -> tuple[Indicator, list[Dimension]]:
    """Return an indicator with all that its numbers are broken down by, and these dimensions; its population stands."""
    marked = is_marked(connection, indicator)
    if marked and all(b.variable != TERRITORY for b in indicator.by):
        # Whoever is counted in several territories is one person here: the table says so, in a dimension of one category.
        region = Breakdown(TERRITORY, TERRITORY, {"en": "Territory"}, categories=())
        indicator = replace(indicator, by=(*indicator.by, region))
    return indicator, [dimension_of(standard, indicator, b, years, marked) for b in indicator.by]


def is_marked(connection: Any, indicator: Indicator) -> bool:
    """Whether the rows of an indicator's population say how the region counts them (:mod:`.persons`)."""
    return "mark" in _columns(connection, indicator)


def unit_sql(population: Population, marked: bool) -> str:
    """Return the SQL of what is counted: persons, or keys of a table, each as often as the population says."""
    if marked:
        return UNIT
    parts = [key_column(population.unit), *population.each]
    return " || '/' || ".join(f'"{part}"::VARCHAR' for part in parts)


def _behind(rows: Sequence[tuple[Any, ...]], size: int) -> dict[Cell, Behind]:
    """Return of every cell how many persons are behind it, and what each sender has in it herself."""
    persons: dict[Cell, int] = {}
    own: dict[Cell, dict[str, tuple[int, int]]] = {}
    for row in rows:
        cell = tuple(str(c) for c in row[:size])
        if row[size] is None:
            persons[cell] = int(row[size + 2])
        else:
            own.setdefault(cell, {})[str(row[size])] = (int(row[size + 1]), int(row[size + 2]))
    return {cell: Behind(count, own.get(cell, {})) for cell, count in persons.items()}


NUMBERS = {
    "median": ", median(value) AS value, []::DOUBLE[] AS largest",
    "mean": ", avg(value) AS value, max(value, 5) AS largest",
    "sum": ", sum(value) AS value, max(value, 5) AS largest",
}
"""Aggregates of a measure; the largest contributions tell whether one unit dominates a sum (no matter for a median)."""


def measured(indicator: Indicator) -> Measure | None:
    """Return the measure if it is worked out from records; a rate is worked out from shown counts later."""
    return (
        indicator.measure if indicator.measure is not None and indicator.measure.value is not None else None
    )


def conditions_of(indicator: Indicator) -> list[str]:
    """Return the SQL conditions that a row of the population meets to be in the indicator's table."""
    found = [] if indicator.where is None else [parse_expression(indicator.where).sql(dialect="duckdb")]
    measure = measured(indicator)
    return [*found, f'"{measure.value}" IS NOT NULL'] if measure else found


def _population_key(indicator: Indicator) -> str:
    """Name who is counted: the same condition on the same population is the same unknown in every table."""
    conditions = " AND ".join(conditions_of(indicator))
    return f"{indicator.population}: {conditions}" if conditions else indicator.population


def _columns(connection: Any, indicator: Indicator) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE population_{indicator.population}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def _is_list(connection: Any, indicator: Indicator, breakdown: Breakdown) -> bool:
    found = _columns(connection, indicator).get(breakdown.variable)
    if found is None:
        raise InputProblem(
            f"Indicator {indicator.indicator_id}: population {indicator.population} has no column '{breakdown.variable}'."
        )
    return found.endswith("[]")


def leaf_sql(connection: Any, standard: Standard, indicator: Indicator, breakdown: Breakdown) -> str:
    """Return the SQL of a person's leaf code; every missing code is the one category unknown."""
    if breakdown.variable == TERRITORY and "mark" in _columns(connection, indicator):
        return LEAF
    column = f'"{breakdown.variable}"'
    missing = ", ".join(f"'{c}'" for c in standard.missing_codes)
    if not _is_list(connection, indicator, breakdown):
        return leaf_of_column(breakdown.variable, missing)
    known = f"list_filter({column}, lambda code: code NOT IN ({missing}))"
    return (
        f"unnest(CASE WHEN {column} IS NULL OR (len({column}) > 0 AND len({known}) = 0) THEN ['{UNKNOWN}'] "
        f"WHEN len({known}) = 0 THEN ['{NONE_OF_LIST}'] ELSE list_distinct({known}) END)"
    )
