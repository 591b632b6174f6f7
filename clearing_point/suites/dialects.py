"""What sqlglot does not know of the two dialects in which suites are written."""

from __future__ import annotations

from typing import Any

import sqlglot
from sqlglot import exp

DUCKDB, POSTGRES = "duckdb", "postgres"
DIALECTS = (DUCKDB, POSTGRES)


def spelled(tree: exp.Expression, dialect: str, lists: frozenset[str] = frozenset()) -> str:
    """Write a query of :mod:`clearing_point.suites.queries` in a dialect.

    Parameters
    ----------
    lists : frozenset of str
        Names of the columns that hold lists of codes.
    """
    tree = _outside(tree, dialect)
    if dialect == POSTGRES:
        tree = tree.transform(_for_postgres, lists)
    return tree.sql(dialect=dialect)


def _outside(tree: exp.Expression, dialect: str) -> exp.Expression:
    """Write ``codes_outside(list, codes)``: the codes of a list that are none of some others."""
    text = {
        DUCKDB: "list_filter(arg_list, lambda code: NOT list_contains(arg_codes, code))",
        POSTGRES: "ARRAY(SELECT code FROM unnest(arg_list) AS every(code) WHERE code <> ALL(arg_codes))",
    }[dialect]
    for call in [n for n in tree.find_all(exp.Anonymous) if n.name.lower() == "codes_outside"]:
        made = sqlglot.parse_one(text, dialect=dialect)
        for place in [n for n in made.find_all(exp.Column) if n.name.startswith("arg_")]:
            place.replace(call.expressions[0 if place.name == "arg_list" else 1].copy())
        call.replace(made)
    return tree


def _for_postgres(node: Any, lists: frozenset[str]) -> Any:
    if isinstance(node, exp.RegexpFullMatch):
        whole = exp.Literal.string(f"^(?:{node.expression.name})$")
        return exp.RegexpLike(this=node.this, expression=whole)
    if isinstance(node, exp.RegexpExtract):
        # Where nothing fits, DuckDB gives an empty text.
        found = exp.Anonymous(this="substring", expressions=[node.this, node.expression])
        return exp.Coalesce(this=found, expressions=[exp.Literal.string("")])
    if isinstance(node, exp.Length) and any(c.name in lists for c in node.find_all(exp.Column)):
        return exp.Anonymous(this="cardinality", expressions=[node.this])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "list_has_all":
        return exp.ArrayContainsAll(this=node.expressions[0], expression=node.expressions[1])
    return node
