"""The standard's SQL in other dialects: DuckDB's own is what people write, the others are made from its syntax tree.

:func:`translated` takes a whole query of the engine or of the YAML; :func:`spelled` the queries of which validation
suites are made, which are narrower and need no list of columns. What sqlglot does not know of a dialect stands here
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.transforms import eliminate_qualify

from clearing_point.standard.macros import written_out
from clearing_point.standard.model import Standard

DUCKDB, POSTGRES = "duckdb", "postgres"
DIALECTS = (DUCKDB, POSTGRES)

Columns = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Schema -> table -> column -> type in DuckDB."""


def translated(sql: str, dialect: str, standard: Standard, columns: Columns) -> str:
    """Write a query of DuckDB in another dialect: functions of the standard written out, every ``*`` as columns.

    Parameters
    ----------
    sql : str
        One query; it names its tables with their schema.
    columns : mapping
        Of every table that it reads.

    Raises
    ------
    sqlglot.errors.SqlglotError
        If it cannot be parsed, or names a column that no table has.
    """
    parsed: Any = sqlglot.parse_one(sql, dialect=DUCKDB)
    tree: Any = written_out(parsed, standard)
    _group_by_all(tree)
    for place in tree.find_all(exp.Bracket):
        if any(not isinstance(index, exp.Literal) for index in place.expressions):
            place.set("offset", 1)  # sqlglot counts from 0, and knew of literals only that they are numbers
    tree = qualify(
        tree, schema=dict(columns), dialect=DUCKDB, quote_identifiers=False, validate_qualify_columns=False
    )
    tree = annotate_types(tree, schema=dict(columns), dialect=DUCKDB)
    tree = tree.transform(lambda node: eliminate_qualify(node) if isinstance(node, exp.Select) else node)
    tree = tree.transform(_REWRITES[dialect])
    return str(tree.sql(dialect=dialect, identify=True))


def _group_by_all(tree: exp.Expression) -> None:
    """Name the columns of ``GROUP BY ALL``: all that are not aggregated."""
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        if group is not None and group.args.get("all"):
            plain = [e.unalias() for e in select.expressions if not e.find(exp.AggFunc)]
            select.set("group", exp.Group(expressions=[e.copy() for e in plain]))


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
        POSTGRES: (
            "CASE WHEN arg_list IS NOT NULL THEN "
            "ARRAY(SELECT code FROM unnest(arg_list) AS every(code) WHERE code <> ALL(arg_codes)) END"
        ),
    }[dialect]
    for call in [n for n in tree.find_all(exp.Anonymous) if n.name.lower() == "codes_outside"]:
        call.replace(_filled(text, dialect, list=call.expressions[0], codes=call.expressions[1]))
    return tree


def _filled(text: str, dialect: str, **arguments: exp.Expression) -> Any:
    """Parse a text in which ``arg_name`` stands for an argument."""
    made: Any = sqlglot.parse_one(text, dialect=dialect)
    for place in [n for n in made.find_all(exp.Column) if n.name.startswith("arg_")]:
        place.replace(arguments[place.name.removeprefix("arg_")].copy())
    return made


def _for_postgres(node: Any, lists: frozenset[str] = frozenset()) -> Any:
    if isinstance(node, exp.RegexpFullMatch):
        whole = exp.Literal.string(f"^(?:{node.expression.name})$")
        return exp.RegexpLike(this=node.this, expression=whole)
    if isinstance(node, exp.RegexpExtract):
        # Where nothing fits, DuckDB gives an empty text.
        found = exp.Anonymous(this="substring", expressions=[node.this, node.expression])
        return exp.Coalesce(this=found, expressions=[exp.Literal.string("")])
    if isinstance(node, exp.Length) and (
        any(c.name in lists for c in node.find_all(exp.Column))
        or isinstance(node.this, exp.ArrayFilter)
        or node.this.is_type("array")
    ):
        return exp.Anonymous(this="cardinality", expressions=[node.this])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "list_has_all":
        return exp.ArrayContainsAll(this=node.expressions[0], expression=node.expressions[1])
    if isinstance(node, exp.ArrayContains):
        # Of an unknown list it is unknown, as in DuckDB; sqlglot would say no.
        return exp.EQ(this=node.expression, expression=exp.Any(this=exp.Paren(this=node.this)))
    if isinstance(node, exp.Anonymous) and node.name.lower() == "to_months":
        return exp.Mul(this=exp.Paren(this=node.expressions[0]), expression=_month())
    if isinstance(node, exp.ArrayDistinct):
        return _filled(
            "CASE WHEN arg_list IS NOT NULL THEN ARRAY(SELECT DISTINCT code FROM unnest(arg_list) AS every(code)) END",
            POSTGRES,
            list=node.this,
        )
    if isinstance(node, exp.Year):
        return exp.cast(exp.Extract(this=exp.var("YEAR"), expression=node.this), "integer")
    if isinstance(node, exp.Explode) and isinstance(node.this, exp.GenerateSeries):
        return node.this  # a set of rows as it is
    if isinstance(node, exp.Filter) and isinstance(node.this, exp.ArgMax | exp.ArgMin):
        return _ordered(node.this, node.expression.this)
    if isinstance(node, exp.ArgMax | exp.ArgMin) and not isinstance(node.parent, exp.Filter):
        return _ordered(node, None)
    if isinstance(node, exp.Max) and node.args.get("count"):
        every = exp.ArrayAgg(
            this=exp.Order(this=node.this, expressions=[exp.Ordered(this=node.this.copy(), desc=True)])
        )
        return exp.Bracket(
            this=exp.Paren(this=every),
            expressions=[exp.Slice(this=exp.Literal.number(1), expression=node.args["count"])],
            offset=1,
        )
    if isinstance(node, exp.Order) and any(
        isinstance(e.this, exp.Var) and e.this.name == "ALL" for e in node.expressions
    ):
        return None
    if isinstance(node, exp.DateFromParts):
        return exp.Anonymous(this="make_date", expressions=[node.args[k] for k in ("year", "month", "day")])
    return node


def _month() -> exp.Interval:
    return exp.Interval(this=exp.Literal.string("1"), unit=exp.var("MONTH"))


def _ordered(node: Any, where: Any) -> exp.Expression:
    """The value at the largest or smallest key: of a key of several parts, an unknown part is larger than any known one."""
    keys = node.expression.expressions if isinstance(node.expression, exp.Tuple) else [node.expression]
    known = [node.this] if isinstance(node.expression, exp.Tuple) else [node.this, node.expression]
    desc = isinstance(node, exp.ArgMax)
    order = exp.Order(
        this=node.this,
        expressions=[exp.Ordered(this=k.copy(), desc=desc, nulls_first=desc) for k in keys],
    )
    conditions: list[Any] = [exp.Not(this=exp.Is(this=k.copy(), expression=exp.Null())) for k in known]
    if where is not None:
        conditions.append(exp.Paren(this=where))
    found = exp.Filter(this=exp.ArrayAgg(this=order), expression=exp.Where(this=exp.and_(*conditions)))
    return exp.Bracket(this=exp.Paren(this=found), expressions=[exp.Literal.number(1)], offset=1)


_REWRITES: dict[str, Callable[[Any], Any]] = {DUCKDB: lambda node: node, POSTGRES: _for_postgres}
