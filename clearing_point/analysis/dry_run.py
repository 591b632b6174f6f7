"""Every population and indicator counted over a few made rows: what they name and count must be there before data come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clearing_point.analysis.count import count_one, open_current, population_table
from clearing_point.analysis.dry_rows import fill_warehouse
from clearing_point.errors import InputProblem
from clearing_point.standard.columns import SCHEMAS
from clearing_point.standard.ddl import statements
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.model import Standard
from clearing_point.warehouse.connection import connect

_YEARS = (1999, 2000)


def uncountable(standard: Standard) -> list[str]:
    """List the populations and indicators that cannot be counted, each as ``file:line: sentence``.

    Raises
    ------
    InternalError
        If one fails for another reason than what its SQL names: the engine is at fault.
    """
    places = dict(_indicator_places(standard.folder))
    problems = []
    connection = connect(Path(":memory:"))
    try:
        connection.execute("ATTACH ':memory:' AS warehouse")
        connection.execute("USE warehouse")
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for statement in statements(standard):
            connection.execute(statement)
        connection.execute("USE memory")
        fill_warehouse(connection, standard, _YEARS[-1])
        open_current(connection, standard)
        for name in sorted(standard.populations):
            try:
                population_table(connection, standard, name)
            except InputProblem as problem:
                problems.append(f"{standard.folder / 'populations' / name}.yml:1: {problem}")
                continue
            for indicator in standard.indicators:
                if indicator.population == name:
                    try:
                        count_one(connection, standard, indicator, _YEARS)
                    except InputProblem as problem:
                        problems.append(f"{places[indicator.indicator_id]}: {problem}")
    finally:
        connection.close()
    return problems


def _indicator_places(schemas: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((schemas / "indicators").glob("*.yml")):
        lines = lines_of_yaml(path)
        for index, block in enumerate(read_yaml(path).get("indicators", ())):
            yield block["id"], f"{path}:{line_at(lines, ('indicators', index, 'id'))}"
