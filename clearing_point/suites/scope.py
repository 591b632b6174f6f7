"""Queries that read each submission by itself, in a database that holds many.

A rule is written for one submission: its subqueries name tables and not submissions. Before such a query
is handed to somebody who has all of them in one table, the submission is made part of every join, group and window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from clearing_point.errors import InternalError

KEY = "submission_id"
_WITHOUT = ("ref", "previous")
"""Schemas whose tables belong to no submission of this database: reference data, and one earlier submission."""


def key_of(alias: str) -> exp.Column:
    """Return the column that names the submission of a source."""
    return exp.column(KEY, table=exp.to_identifier(alias, quoted=True))


def scoped(tree: exp.Expression, outer: exp.Column) -> exp.Expression:
    """Bind every subquery of an expression to the submission of the row around it, in place."""
    for select in list(_next_selects(tree)):
        _bind(select, outer)
    return tree


def _bind(select: exp.Select, outer: exp.Column) -> None:
    """Bind a subquery that stands in an expression: its rows are those of the outer row's submission."""
    inner = _with_key(select, outer)
    if inner is not None:
        select.where(exp.EQ(this=inner.copy(), expression=outer.copy()), copy=False)


def _with_key(select: exp.Select, outer: exp.Column) -> exp.Column | None:
    """Join the sources of a select by submission; return the first one's key, None if none has one."""
    source = select.args.get("from_") or select.args.get("from")
    joins = list(select.args.get("joins") or [])
    places = joins if source is None else [source, *joins]
    first: exp.Column | None = None
    for place in places:
        key = _key_of_source(place.this, outer)
        if key is not None and first is not None:
            _join_by(place, exp.EQ(this=key.copy(), expression=first.copy()))
        first = first or key
    own = outer if first is None else first
    if first is not None:
        for window in _of_this(select, exp.Window):
            window.set("partition_by", [*(window.args.get("partition_by") or []), first.copy()])
        if (group := select.args.get("group")) is not None:
            group.append("expressions", first.copy())
    handled = {id(place.this) for place in places}
    for inner in list(_next_selects(select)):
        if id(inner.parent) not in handled:
            _bind(inner, own)
    return first


def _key_of_source(source: exp.Expression, outer: exp.Column) -> exp.Column | None:
    if isinstance(source, exp.Table):
        return None if source.db in _WITHOUT else key_of(source.alias_or_name)
    if not isinstance(source, exp.Subquery):
        return None
    inner = source.this
    if not isinstance(inner, exp.Select):
        raise InternalError("A rule reads something else than a table or a query of tables.")
    key = _with_key(inner, outer)
    if key is None:
        return None
    counted = any(True for _ in _of_this(inner, exp.AggFunc, windows=False))
    if counted and inner.args.get("group") is None:
        inner.group_by(key.copy(), copy=False)
    if KEY not in inner.named_selects:
        inner.select(exp.alias_(key.copy(), KEY), copy=False)
    return key_of(source.alias)


def _join_by(join: exp.Join, condition: exp.Expression) -> None:
    using = join.args.get("using")
    if using:
        using.append(exp.to_identifier(KEY))
        return
    if (join.args.get("kind") or "").upper() == "CROSS":
        join.set("kind", None)
    there = join.args.get("on")
    join.set("on", condition if there is None else exp.and_(there, condition))


def _next_selects(tree: exp.Expression) -> Iterator[exp.Select]:
    """Yield the selects directly below a node, not those within them."""
    for child in tree.iter_expressions():
        if isinstance(child, exp.Select):
            yield child
        else:
            yield from _next_selects(child)


def _of_this(select: exp.Select, kind: type[Any], *, windows: bool = True) -> Iterator[exp.Expression]:
    """Yield nodes of a kind that belong to a select itself, not to one within it."""

    def below(node: exp.Expression) -> Iterator[exp.Expression]:
        for child in node.iter_expressions():
            if isinstance(child, exp.Select) or (not windows and isinstance(child, exp.Window)):
                continue
            if isinstance(child, kind):
                yield child
            yield from below(child)

    yield from below(select)
