"""Rules that say no more than one of the library's own expectation types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from clearing_point.standard.expressions import qualified
from clearing_point.standard.model import Rule, Standard, Table
from clearing_point.standard.parsing import parsed

Native = tuple[str, Mapping[str, Any]]


def simple_expectation(rule: Rule, table: Table, standard: Standard) -> Native | None:
    """Return type and arguments of the expectation that says the same as a rule on rows, or None.

    Only columns that hold numbers and dates, or lists of codes that are not allowed: missing codes cannot be among them.
    """
    if not rule.each_row:
        return None
    tree: exp.Expression = parsed(qualified(rule.holds, table, standard))
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.LTE | exp.GTE):
        return _pair(tree, table)
    if isinstance(tree, exp.Not) and isinstance(tree.this, exp.In):
        return _not_in(tree.this, table, standard)
    return None


def _pair(tree: exp.LTE | exp.GTE, table: Table) -> Native | None:
    low, high = (tree.this, tree.expression) if isinstance(tree, exp.LTE) else (tree.expression, tree.this)
    if not all(isinstance(c, exp.Column) and c.table == table.name for c in (low, high)):
        return None
    if not all(c.name in table.by_name and table.by_name[c.name].type != "string" for c in (low, high)):
        return None
    return "expect_column_pair_values_a_to_be_greater_than_b", {
        "column_A": high.name, "column_B": low.name, "or_equal": True, "ignore_row_if": "either_value_is_missing",
    }  # fmt: skip


def _not_in(tree: exp.In, table: Table, standard: Standard) -> Native | None:
    column = tree.this
    if not isinstance(column, exp.Column) or column.name not in table.by_name or tree.args.get("query"):
        return None
    values: list[Any] = []
    for literal in tree.expressions:
        inner = literal.this if isinstance(literal, exp.Neg) else literal
        if not isinstance(inner, exp.Literal):
            return None
        value: Any = inner.this if inner.is_string else float(inner.this)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        values.append(-value if isinstance(literal, exp.Neg) else value)
    if table.by_name[column.name].multiple or set(values) & set(standard.missing_codes):
        return None
    return "expect_column_values_to_not_be_in_set", {"column": column.name, "value_set": values}
