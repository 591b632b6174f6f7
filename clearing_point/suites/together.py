"""Rules on whole submissions that read the same tables: one query for all of them, each table read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

_PLAIN = {"expressions", "from_", "from", "joins", "kind", "hint", "distinct", "operation_modifiers"}
"""What a select may have to be merged with another; of these only the first three may hold something."""


def together(trees: Sequence[exp.Expression], numbers: Sequence[int]) -> exp.Select | None:
    """Merge ``(SELECT e FROM (SELECT a AS x FROM t) AS one CROSS JOIN (SELECT b AS y FROM u) AS two)`` of several rules.

    Returns
    -------
    Select or None
        Their expressions as ``holds_`` and the number of each; None where they are not of this form or differ in more than
        what is worked out.
    """
    selects = [_only_select(tree) for tree in trees]
    if len(selects) < 2 or any(s is None for s in selects):
        return None
    found = [_taken_apart(s) for s in selects if s is not None]
    if any(f is None for f in found):
        return None
    parts = [f for f in found if f is not None]
    if len({tuple((name, table.sql()) for name, table, _ in sources) for _, sources in parts}) > 1:
        return None
    merged = exp.select()
    for number, (expression, _) in zip(numbers, parts, strict=True):
        for column in expression.find_all(exp.Column):
            column.set("this", exp.to_identifier(f"{column.name}_{number}"))
        merged.select(exp.alias_(exp.cast(exp.paren(expression), "boolean"), f"holds_{number}"), copy=False)
    for place, (name, table, _) in enumerate(parts[0][1]):
        inner = exp.select().from_(table.copy())
        for number, (_, sources) in zip(numbers, parts, strict=True):
            for made in sources[place][2]:
                inner.select(exp.alias_(made.this, f"{made.alias}_{number}"), copy=False)
        if place == 0:
            merged.from_(inner.subquery(name), copy=False)
        else:
            merged.join(inner.subquery(name), join_type="cross", copy=False)
    return merged


_Source = tuple[str, exp.Table, list[Any]]
"""Alias, table, and what is worked out of it."""


def _taken_apart(select: exp.Select) -> tuple[Any, list[_Source]] | None:
    """Return the one expression of a select and its sources, each a query of figures of one table."""
    source = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    if source is None or not _plain(select) or len(select.expressions) != 1:
        return None
    if any((j.args.get("kind") or "").upper() != "CROSS" or j.args.get("on") for j in joins):
        return None
    sources: list[_Source] = []
    for place in (source, *joins):
        inner = place.this.this if isinstance(place.this, exp.Subquery) else None
        if not isinstance(inner, exp.Select) or not _plain(inner) or inner.args.get("joins"):
            return None
        read = inner.args.get("from_") or inner.args.get("from")
        if read is None or not isinstance(read.this, exp.Table):
            return None
        if not all(isinstance(e, exp.Alias) and e.find(exp.AggFunc) for e in inner.expressions):
            return None
        sources.append((place.this.alias, read.this, list(inner.expressions)))
    names = {name for name, _, _ in sources}
    if select.expressions[0].find(exp.Select) or any(
        c.table not in names for c in select.expressions[0].find_all(exp.Column)
    ):
        return None
    return select.expressions[0], sources


def _only_select(tree: exp.Expression) -> exp.Select | None:
    while isinstance(tree, exp.Paren | exp.Subquery):
        if isinstance(tree, exp.Subquery) and tree.alias:
            return None
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def _plain(select: exp.Select) -> bool:
    return not any(value for name, value in select.args.items() if name not in _PLAIN) and not any(
        select.args.get(name) for name in ("distinct", "hint", "kind", "operation_modifiers")
    )
