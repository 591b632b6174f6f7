"""SQL expressions of the standard as they are written: parsed, limited to what an expression may do, and qualified."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from clearing_point.errors import InputProblem
from clearing_point.standard.allowed import refuse_more_than_reading
from clearing_point.standard.expressions import (
    KNOWN,
    PREVIOUS,
    RECEIPT,
    STAGED,
    Compiled,
    ancestors,
    names_of,
)
from clearing_point.standard.model import Standard

_ENGINE_TABLES = {
    RECEIPT: ("raw", "submission"),
    "received_record": ("raw", "record"),
    "received_column": ("raw", "column"),
    "published_figure": ("ref", "published_figure"),
}
"""What the engine knows besides the tables of the standard, under the names that rules use."""


def parse_expression(text: str) -> exp.Expression:
    """Parse one scalar expression.

    Raises
    ------
    InputProblem
        If it is no single expression, or does more than an expression may: statements, file
        access, settings.
    """
    try:
        parsed = sqlglot.parse(f"SELECT {text}", dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError) as error:
        raise InputProblem("not an SQL expression") from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Select) or len(parsed[0].expressions) != 1:
        raise InputProblem("not one SQL expression")
    select = parsed[0]
    if any(value for name, value in select.args.items() if name not in ("expressions", "kind")):
        raise InputProblem("an expression, not a query, is expected")
    refuse_more_than_reading(select)
    found: exp.Expression = select.expressions[0]
    return found


@lru_cache(maxsize=4096)
def qualified_and_split(text: str, name: str, _sha256: str, standard: Standard) -> Compiled:
    """Parse an expression of a table and qualify it; see :func:`clearing_point.standard.expressions.compiled`."""
    tree = parse_expression(text)
    table = standard.tables[name]
    own = names_of(table)
    lineage = set(ancestors(table, standard))
    wrapper = exp.Paren(this=tree)
    bound = {p.name for node in wrapper.find_all(exp.Lambda) for p in node.expressions}
    for column in list(wrapper.find_all(exp.Column)):
        owner = column.table
        if column.find_ancestor(exp.Select):
            # A subquery resolves its own names first; the row's own columns reach into it by name.
            if not owner and column.name in own and not _inner_names(column, standard):
                column.set("table", exp.to_identifier(name))
            continue
        if not owner:
            if column.name in bound:
                continue
            if column.name not in own:
                raise InputProblem(f"no column '{column.name}' in table {name}")
            column.set("table", exp.to_identifier(name))
        elif owner == RECEIPT:
            continue
        elif owner == name or owner in lineage:
            if column.name not in names_of(standard.tables[owner]):
                raise InputProblem(f"no column '{owner}.{column.name}'")
        elif owner not in bound:
            raise InputProblem(f"'{owner}' is no parent of {name}")
    for source in wrapper.find_all(exp.Table):
        _place(source, standard)
    for counted in list(wrapper.find_all(exp.CountIf)):
        counted.replace(_counted(counted.this))
    split = _split(tree)
    return wrapper.sql(dialect="duckdb", copy=False), split  # writing a copy would cost as much as parsing


def _counted(condition: exp.Expression) -> exp.Expression:
    """Count rows of which a condition is true: ``count_if`` of DuckDB is NULL where it was unknown for all of them."""
    found: exp.Expression = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))
    return found


def _place(source: exp.Table, standard: Standard) -> None:
    """Say in which schema a table of a subquery stands; a rule cannot name another."""
    alias = source.alias or source.name
    if source.db:
        if source.db not in (STAGED, PREVIOUS):
            raise InputProblem(f"the schema '{source.db}' cannot be read here")
        schema, name = source.db, source.name
    else:
        schema, name = _ENGINE_TABLES.get(source.name, (KNOWN, source.name))
    if source.name not in standard.tables and (source.db or source.name not in _ENGINE_TABLES):
        raise InputProblem(f"no table '{source.name}' in the standard")
    source.set("db", exp.to_identifier(schema))
    source.set("this", exp.to_identifier(name, quoted=True))
    source.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))


def _split(tree: exp.Expression) -> tuple[str, str] | None:
    while isinstance(tree, exp.Paren | exp.Subquery) and not tree.args.get("alias"):
        tree = tree.this
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    clauses = {name for name, value in tree.args.items() if value} - {"expressions", "from", "from_"}
    source = tree.args.get("from") or tree.args.get("from_")
    if clauses or source is None or not isinstance(source.this, exp.Table) or source.this.args.get("joins"):
        return None
    inner: exp.Expression = tree.expressions[0]
    return inner.sql(dialect="duckdb"), source.this.sql(dialect="duckdb")


def _inner_names(column: exp.Column, standard: Standard) -> bool:
    """Whether a subquery around a column has a source of its own with that name."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for source in select.find_all(exp.Table):
            other = standard.tables.get(source.name)
            if other is not None and column.name in names_of(other):
                return True
        for alias in select.find_all(exp.TableAlias):
            if column.name in {c.name for c in alias.columns}:
                return True
        select = select.find_ancestor(exp.Select)
    return False
