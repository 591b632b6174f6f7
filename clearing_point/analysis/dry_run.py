"""Every population and indicator counted over a few made rows: what they name and count must be there before data come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from clearing_point.analysis import not_known
from clearing_point.analysis.answers import sentence, told_by_answers
from clearing_point.analysis.count import count_one, open_current, population_table
from clearing_point.analysis.dry_rows import fill_warehouse
from clearing_point.analysis.measures import declared_denominator
from clearing_point.analysis.not_known import told_by_not_known
from clearing_point.analysis.own_rows import refuse_keys, refuse_named_rows
from clearing_point.analysis.parts import told_by_others
from clearing_point.disclosure import load_policy
from clearing_point.errors import InputProblem
from clearing_point.standard.columns import SCHEMAS
from clearing_point.standard.ddl import statements
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.model import Indicator, Standard
from clearing_point.standard.verdicts import Basis, Verdicts
from clearing_point.warehouse.connection import connect

_YEARS = (1999, 2000)


def uncountable(standard: Standard, verdicts: Verdicts | None = None) -> list[str]:
    """List the populations and indicators that cannot be counted, each as ``file:line: sentence``.

    Parameters
    ----------
    verdicts : Verdicts, optional
        What was counted without fault before is not counted again.

    Raises
    ------
    InternalError
        If one fails for another reason than what its SQL names: the engine is at fault.
    """
    basis, known = Basis(standard), verdicts or Verdicts(None)
    tables = [
        table.name for table in standard.tables_of_kind("case", "aggregate")
    ]  # a count looks for its units in all of them
    problems = [*_counted_outside(standard)]
    with ExitStack() as stack:
        connection = _Late(stack, standard)
        for name, population in sorted(standard.populations.items()):
            own = [i for i in standard.indicators if i.population == name]
            written = repr((population, own))
            problems += known.ask(
                ["counted", written, basis.of(written, tables)],
                lambda name=name, own=own: _uncountable(connection.opened(), standard, name, own),  # type: ignore[misc]
            )
        if not problems:
            told = sorted(load_policy(standard.folder / "disclosure.yml").not_known_tells)
            every = repr((sorted(standard.populations.items()), standard.indicators, told))
            problems += known.ask(
                ["in parts", every, basis.of(every, tables)],
                lambda: _told_by_others(connection.opened(), standard),
            )
    return problems


def _told_by_others(connection: Any, standard: Standard) -> Iterator[str]:
    for name in told_by_others(connection, standard, sorted(standard.populations)):
        yield (
            f"{standard.folder / 'populations' / name}.yml:1: Population {name} says of a person what follows from rows of "
            "others: counted in parts, it would count otherwise."
        )
    for name in told_by_answers(connection, standard, standard.indicators, sorted(standard.populations)):
        yield f"{standard.folder / 'populations' / name}.yml:1: {sentence(name).capitalize()}"
    for name, variable in told_by_not_known(
        connection, standard, standard.indicators, sorted(standard.populations)
    ):
        said = not_known.sentence(name, variable)
        yield f"{standard.folder / 'populations' / name}.yml:1: {said[0].upper()}{said[1:]}"


def _counted_outside(standard: Standard) -> Iterator[str]:
    for name in sorted(standard.denominators):
        try:
            declared_denominator(standard, name)
        except InputProblem as problem:
            yield f"{standard.folder / 'denominators' / name}.yml:1: {problem}"


class _Late:
    """The few rows that everything is counted over, made when the first is counted."""

    def __init__(self, stack: ExitStack, standard: Standard) -> None:
        self._stack, self._standard = stack, standard
        self._connection: Any = None

    def opened(self) -> Any:
        if self._connection is None:
            self._connection = connect(Path(":memory:"))
            self._stack.callback(self._connection.close)
            _fill(self._connection, self._standard)
        return self._connection


def _fill(connection: Any, standard: Standard) -> None:
    connection.execute("ATTACH ':memory:' AS warehouse")
    connection.execute("USE warehouse")
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for statement in statements(standard):
        connection.execute(statement)
    connection.execute("USE memory")
    fill_warehouse(connection, standard, _YEARS[-1])
    open_current(connection, standard)


def _uncountable(
    connection: Any, standard: Standard, name: str, indicators: Sequence[Indicator]
) -> Iterator[str]:
    try:
        if standard.populations[name].figures is None:
            refuse_named_rows(standard, standard.populations[name])
        population_table(connection, standard, name)
    except InputProblem as problem:
        yield f"{standard.folder / 'populations' / name}.yml:1: {problem}"
        return
    for indicator in indicators:
        try:
            refuse_keys(standard, indicator)
            count_one(connection, standard, indicator, _YEARS)
        except InputProblem as problem:
            places = dict(_indicator_places(standard.folder))
            yield f"{places[indicator.indicator_id]}: {problem}"


def _indicator_places(schemas: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((schemas / "indicators").glob("*.yml")):
        lines = lines_of_yaml(path)
        for index, block in enumerate(read_yaml(path).get("indicators", ())):
            yield block["id"], f"{path}:{line_at(lines, ('indicators', index, 'id'))}"
