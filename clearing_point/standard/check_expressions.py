"""The SQL of the standard: that it can be read, and names only what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clearing_point.errors import ClearingPointError
from clearing_point.standard.expressions import qualified
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.model import TERRITORY, Standard
from clearing_point.standard.verdicts import Basis, Verdicts

At = tuple[str | int, ...]


def expression_problems(standard: Standard, verdicts: Verdicts) -> Iterator[str]:
    """Yield SQL of tables, rules and indicators that cannot be read or names what is not there."""
    basis = Basis(standard)
    for table in standard.tables.values():
        path = standard.folder / "tables" / f"{table.name}.yml"
        for index, field in enumerate(table.fields):
            if field.derived:
                yield from _expression(
                    path, ("fields", index, "derived"), field.derived, table.name, standard, verdicts, basis
                )
    for path in sorted((standard.folder / "rules").glob("*.yml")):
        for index, block in enumerate(read_yaml(path).get("rules", ())):
            yield from _rule(path, index, block, standard, verdicts, basis)
    for path in sorted((standard.folder / "indicators").glob("*.yml")):
        lines = lines_of_yaml(path)
        for index, block in enumerate(read_yaml(path).get("indicators", ())):
            line = line_at(lines, ("indicators", index, "population"))
            if block["population"] not in standard.populations:
                yield f"{path}:{line}: there is no population '{block['population']}'."
            variables = [b["variable"] for b in block["by"]]
            if sorted([*block["layout"]["rows"], *block["layout"]["columns"]]) != sorted(variables):
                yield f"{path}:{line}: the layout of {block['id']} must name each of its variables once."
            if block.get("share", variables[0]) not in variables:
                yield f"{path}:{line}: {block['id']} asks for shares of {block['share']}, which is none of its variables."
            denominator = block.get("measure", {}).get("denominator")
            if denominator is not None and denominator not in standard.denominators:
                yield f"{path}:{line}: there is no denominator '{denominator}' in schemas/denominators."
            for breakdown in block["by"]:
                if breakdown["codelist"] not in {*standard.codelists, TERRITORY, "year", "none"}:
                    yield f"{path}:{line}: there is no code list '{breakdown['codelist']}'."


def _rule(
    path: Path, index: int, block: Mapping[str, Any], standard: Standard, verdicts: Verdicts, basis: Basis
) -> Iterator[str]:
    """Check every rule that a block stands for; a repeated block stands for one a field."""
    line = line_at(lines_of_yaml(path), ("rules", index, "fields"))
    for rule in (r for r in standard.rules if r.rule_id == block["id"] and r.holds):
        table = standard.tables.get(rule.table)
        if table is None:
            yield f"{path}:{line}: rule {rule.rule_id}: there is no table '{rule.table}'."
            return
        for field in rule.fields:
            if field not in table.by_name:
                yield f"{path}:{line}: rule {rule.rule_id}: table {table.name} has no field '{field}'."
        yield from _expression(
            path, ("rules", index, "holds"), rule.holds, table.name, standard, verdicts, basis
        )


def _expression(
    path: Path, at: At, text: str, table: str, standard: Standard, verdicts: Verdicts, basis: Basis
) -> Iterator[str]:
    def judge() -> Iterator[str]:
        try:
            qualified(text, standard.tables[table], standard)
        except ClearingPointError as error:
            # The place is known here for certain: the same text may stand elsewhere.
            yield f"{path}:{line_at(lines_of_yaml(path), at)}: {error.__cause__ or error}"

    yield from verdicts.ask(["expression", table, text, basis.of(text, [table])], judge)
