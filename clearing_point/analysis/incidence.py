"""Which unit has which category of which variable: what all counts of a programme are made of, before any is counted.

Internal to the office. Units are the rows that :mod:`clearing_point.analysis.count` counts; categories are the finest
parts that the tables of the programme tell apart. Rows that are alike stand once, with how often they occur.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from clearing_point.analysis.model import UNKNOWN
from clearing_point.analysis.persons import LEAF, YEAR
from clearing_point.analysis.units import BEHIND, key_column
from clearing_point.disclosure.conditions import NO, YES, yes_or_no
from clearing_point.disclosure.model import CountTable
from clearing_point.disclosure.placed import ANY_OTHER, Plan, place
from clearing_point.disclosure.relations import Units, parts_of
from clearing_point.standard.model import TERRITORY, Standard


def units_of(connection: Any, standard: Standard, tables: Sequence[CountTable]) -> dict[str, Units]:
    """Return the units of every population of counted tables; the tables ``population_<name>`` stand."""
    return units_from(unit_rows(connection, standard, tables))


@dataclass(frozen=True)
class UnitRows:
    """The units of a population as rows: a column a variable, and how many ``units`` are like this."""

    parts: Mapping[str, tuple[frozenset[str], ...]]
    rows: pa.Table


def unit_rows(
    connection: Any, standard: Standard, tables: Sequence[CountTable], leave_out: Collection[str] = ()
) -> dict[str, UnitRows]:
    """Return the units of every population, as :func:`units_of`, before their categories become numbers.

    Parameters
    ----------
    leave_out : collection of str
        Populations whose tables say which categories there are, and whose units are not asked for.
    """
    plan = place(tables)
    names = sorted({p.population for p in plan.placed} - set(leave_out))
    return {name: _rows(connection, standard, plan, name) for name in names}


def units_from(found: Mapping[str, UnitRows]) -> dict[str, Units]:
    """Number the categories of units."""
    made = {}
    for population, each in found.items():
        columns = [_coded(each.rows.column(v).to_pylist(), part) for v, part in each.parts.items()]
        made[population] = Units(
            population, each.parts, np.stack(columns, axis=1), each.rows.column("units").to_numpy()
        )
    return made


def _rows(connection: Any, standard: Standard, plan: Plan, population: str) -> UnitRows:
    parts, selected, _ = _selected(connection, standard, plan, population)
    rows = connection.execute(
        f"SELECT {', '.join(selected)}, count(*) AS units FROM population_{population} GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    return UnitRows(parts, rows)


@dataclass(frozen=True)
class Told:
    """The rows of a population, one by one: who, where and when, and which categories. Internal to the office.

    Attributes
    ----------
    parts : mapping
        Variable -> disjoint sets of leaf codes.
    codes : array of shape (rows, variables)
        Position of the part; one beyond the last where no table shows it.
    of : mapping
        Columns of strings or None: `unit`, `person`, `territory`, `year`, `mark`.
    """

    population: str
    parts: Mapping[str, tuple[frozenset[str], ...]]
    codes: np.ndarray = field(repr=False)
    of: Mapping[str, Any] = field(repr=False)


def told_of(connection: Any, standard: Standard, tables: Sequence[CountTable]) -> dict[str, Told]:
    """Return the rows of every population of counted tables; the tables ``population_<name>`` stand."""
    plan = place(tables)
    return {
        name: _told(connection, standard, plan, name) for name in sorted({p.population for p in plan.placed})
    }


def _told(connection: Any, standard: Standard, plan: Plan, population: str) -> Told:
    parts, selected, kinds = _selected(connection, standard, plan, population)
    unit = key_column(standard.populations[population].unit)
    own = {"unit": unit, "person": BEHIND, "territory": TERRITORY, "year": YEAR, "mark": "mark"}
    found = {
        name: f'"{column}"::VARCHAR' if column in kinds else "NULL::VARCHAR" for name, column in own.items()
    }
    who = ", ".join(f'{sql} AS "{_OWN}{name}"' for name, sql in found.items())
    rows = connection.execute(
        f"SELECT {', '.join([who, *selected])} FROM population_{population}"
    ).to_arrow_table()
    numbers = np.zeros((len(rows), len(parts)), dtype=np.int64)
    for at, (variable, of) in enumerate(parts.items()):
        numbers[:, at] = _numbered(rows.column(variable), of)
    return Told(population, parts, numbers, {name: rows.column(f"{_OWN}{name}") for name in own})


def _numbered(column: Any, parts: Sequence[frozenset[str]]) -> np.ndarray:
    told = column.combine_chunks().dictionary_encode()
    if not len(told):
        return np.zeros(0, dtype=np.int64)
    return _coded(told.dictionary.to_pylist(), parts)[told.indices.to_numpy(zero_copy_only=False)]  # type: ignore[no-any-return]


def _selected(
    connection: Any, standard: Standard, plan: Plan, population: str
) -> tuple[dict[str, tuple[frozenset[str], ...]], list[str], dict[str, str]]:
    """Return the parts of every variable, the SQL of each unit's, and the columns of the population."""
    kinds = {str(r[0]): str(r[1]) for r in connection.execute(f"DESCRIBE population_{population}").fetchall()}
    missing = ", ".join(f"'{c}'" for c in standard.missing_codes)
    parts: dict[str, tuple[frozenset[str], ...]] = {}
    selected: list[str] = []
    for variable, masks in sorted(parts_of(plan, population).items()):
        leaves = plan.universe[variable]
        if variable in plan.several:
            for mask in sorted(masks):
                codes = [leaf for at, leaf in enumerate(leaves) if mask >> at & 1]
                if len(codes) < len(leaves):
                    parts[name := yes_or_no(variable, codes)] = _YES_NO
                    selected.append(f'{_has(variable, codes, missing)} AS "{name}"')
        elif variable in kinds:
            parts[variable] = plan.atoms(variable, masks)
            leaf = LEAF if variable == TERRITORY and "mark" in kinds else leaf_of_column(variable, missing)
            selected.append(f'{leaf} AS "{variable}"')
        else:
            parts[variable] = _YES_NO
            selected.append(
                f"CASE WHEN coalesce(({variable})::BOOLEAN, false) THEN '{YES}' ELSE '{NO}' END AS {_quoted(variable)}"
            )
    return parts, selected, kinds


def leaf_of_column(variable: str, missing: str) -> str:
    """Return the SQL of the leaf code of a variable with one answer; `missing` are the missing codes as SQL."""
    column = f'"{variable}"'
    return f"CASE WHEN {column} IS NULL OR {column}::VARCHAR IN ({missing}) THEN '{UNKNOWN}' ELSE {column}::VARCHAR END"


_YES_NO = (frozenset({NO}), frozenset({YES}))
_OWN = "own "
"""Beginning of the names of columns that are no variables; a variable with such a name cannot be."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _coded(values: Sequence[str], parts: Sequence[frozenset[str]]) -> np.ndarray:
    at = {code: number for number, part in enumerate(parts) for code in part}
    # What no table shows is a part of its own, unless it is all that conditions leave.
    other = at.get(ANY_OTHER, len(parts))
    return np.array([at.get(value, other) for value in values], dtype=np.int64)


def _has(variable: str, codes: Sequence[str], missing: str) -> str:
    known = f'list_filter("{variable}", lambda code: code NOT IN ({missing}))'
    listed = ", ".join(f"'{code}'" for code in codes)
    any_of = f"coalesce(list_has_any({known}, [{listed}]), false)"
    if UNKNOWN in codes:
        any_of += f' OR "{variable}" IS NULL OR (len("{variable}") > 0 AND len({known}) = 0)'
    return f"CASE WHEN {any_of} THEN '{YES}' ELSE '{NO}' END"
