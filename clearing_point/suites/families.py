"""Rules that say the same of many columns: one predicate, its columns beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from clearing_point.standard.expressions import one_table_select, qualified
from clearing_point.standard.model import Rule, Standard, Table
from clearing_point.standard.parsing import parsed

VALUE = "value_in_column"
"""Name under which the values of the columns stand below each other."""
_MISSING = ("missing_code", "missing_code_of_list")


@dataclass(frozen=True)
class Family:
    """What several rules have in common.

    Attributes
    ----------
    predicate : Expression
        Over the column :data:`VALUE` alone.
    values : tuple of Expression
        What stands for it in each column: the column, or its missing code.
    known : bool
        Whether missing codes are NULL to the predicate.
    """

    predicate: exp.Expression
    fields: tuple[str, ...]
    values: tuple[exp.Expression, ...]
    known: bool


def family_of(rules: Sequence[Rule], table: Table, standard: Standard) -> Family | None:
    """Return what rules of one identifier have in common if they differ in nothing but the column, else None."""
    made = [_apart(rule, table, standard) for rule in rules] if len(rules) > 1 else []
    if not made or any(m is None for m in made):
        return None
    parts = [m for m in made if m is not None]
    predicates = {predicate.sql(dialect="duckdb") for predicate, _, _ in parts}
    knowns = {known for _, _, known in parts}
    kinds = {table.by_name[rule.fields[0]].type for rule in rules}
    if len(predicates) > 1 or len(knowns) > 1 or (True in knowns and len(kinds) > 1):
        return None
    return Family(parts[0][0], tuple(r.fields[0] for r in rules), tuple(v for _, v, _ in parts), knowns.pop())


def _apart(
    rule: Rule, table: Table, standard: Standard
) -> tuple[exp.Expression, exp.Expression, bool] | None:
    """Split a rule into a predicate over one value, and that value; None if it reads more."""
    field = table.by_name[rule.fields[0]]
    if rule.each_row:
        tree = exp.Paren(this=parsed(qualified(rule.holds, table, standard)))
        known = True
    else:
        split = one_table_select(rule.holds, table, standard)
        if split is None or split[1].partition(".")[0].strip('"') != "staged":
            return None
        tree, known = exp.Paren(this=parsed(split[0])), False
    if tree.find(exp.Select) or tree.find(exp.Window):
        return None
    value: Any = None
    node: Any
    if not known:
        for node in [n for n in tree.find_all(exp.Anonymous, exp.Case) if _is_missing_code(n, field.name)]:
            value = value or node.copy()
            node.replace(exp.column(VALUE))
    else:
        # A column of another table is not the value: what joins its parent in is no family.
        if field.multiple or any(c.table not in ("", table.name) for c in tree.find_all(exp.Column)):
            return None
        for node in [c for c in tree.find_all(exp.Column) if c.name == field.name]:
            value = value or exp.column(exp.to_identifier(field.name, quoted=True))
            node.replace(exp.column(VALUE))
    if value is None or any(c.name != VALUE for c in tree.find_all(exp.Column)):
        return None
    return tree.this, value, known


def _is_missing_code(node: Any, name: str) -> bool:
    if isinstance(node, exp.Anonymous):
        return (
            node.name.lower() in _MISSING
            and isinstance(node.expressions[0], exp.Column)
            and (node.expressions[0].name == name)
        )
    if node.find(exp.AggFunc):
        return False
    columns = {c.name for c in node.find_all(exp.Column)}
    return columns == {name, f"{name}_missing"}
