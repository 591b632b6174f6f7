"""Which names in a query carry a key, and which carry what is written in the query, through however many aliases.

Judged by names and not by scopes: a name that carries something anywhere carries it everywhere. That may refuse a query
that means no harm, which is then written with other names; it lets none pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

_BETWEEN_KEYS = "/"
"""The one text that may stand beside a key: between the parts of a unit."""
_TELLS_NO_VALUE = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like,
    exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.Is, exp.Exists, exp.Not, exp.And, exp.Or, exp.Count, exp.CountIf,
    exp.LogicalOr, exp.LogicalAnd, exp.RowNumber, exp.Rank, exp.DenseRank,
)  # fmt: skip
"""What says yes or no, or how many: neither the key nor the text is in it."""
_OF_ITS_FIRST = (exp.Window, exp.Filter, exp.ArgMax, exp.ArgMin, exp.Cast, exp.Alias, exp.Paren)
_PLAIN = re.compile(r"[a-z_]\w*")
_OF_A_LIST = re.compile(r"col\d+")
"""Names that the engine gives to the columns of a list of values."""


@dataclass(frozen=True)
class Carried:
    """Names, in small letters: of keys, and of columns in which something stands that the query wrote."""

    keys: frozenset[str]
    written: frozenset[str]

    def is_key(self, node: Any) -> bool:
        """Whether a node is a column in which a key may be."""
        return isinstance(node, exp.Column) and node.name.lower() in self.keys

    def is_written(self, node: Any) -> bool:
        """Whether a node is a text or number of the query, or a column in which one may be."""
        if isinstance(node, exp.Literal):
            return bool(node.this != _BETWEEN_KEYS)
        if not isinstance(node, exp.Column):
            return False
        name = node.name.lower()
        return name in self.written or _OF_A_LIST.fullmatch(name) is not None or not _PLAIN.fullmatch(name)


def carried_names(tree: Any, keys: frozenset[str]) -> Carried:
    """Follow keys, and what is written in a query, to every name that they are given."""
    given = [(name.lower(), list(values_of(value))) for name, value in _names_given(tree)]
    listed = {c.name.lower() for alias in tree.find_all(exp.TableAlias) for c in alias.columns}
    found = Carried(keys, frozenset(listed))
    while True:
        more = Carried(
            found.keys | {name for name, leaves in given if any(map(found.is_key, leaves))},
            found.written | {name for name, leaves in given if any(map(found.is_written, leaves))},
        )
        if more == found:
            return found
        found = more


def values_of(node: Any) -> Iterator[Any]:
    """Yield the columns and literals whose values an expression may hand on; not those it only asks or orders by."""
    if isinstance(node, (exp.Column, exp.Literal)):
        yield node
    elif isinstance(node, _TELLS_NO_VALUE):
        return
    elif isinstance(node, _OF_ITS_FIRST):
        yield from values_of(node.this)
    elif isinstance(node, exp.Case):
        for branch in node.args["ifs"]:
            yield from values_of(branch.args["true"])
        if node.args.get("default") is not None:
            yield from values_of(node.args["default"])
    elif isinstance(node, exp.Query):
        for one in _selects(node):
            for projection in one.expressions:
                yield from values_of(projection)
    else:
        for part in node.iter_expressions():
            yield from values_of(part)


def _names_given(tree: Any) -> Iterator[tuple[str, Any]]:
    for alias in tree.find_all(exp.Alias):
        yield alias.alias, alias.this
    # The columns of a union have the names of its first query, and the values of all.
    for union in tree.find_all(exp.SetOperation):
        first, *others = _selects(union)
        for other in others:
            yield from zip(first.named_selects, other.expressions, strict=False)
            if first.is_star or other.is_star:
                yield from ((name, p) for name in _every_name(tree) for p in other.expressions if _is_made(p))


def _selects(node: Any) -> list[Any]:
    if isinstance(node, exp.SetOperation):
        return [*_selects(node.this), *_selects(node.expression)]
    if isinstance(node, (exp.Subquery, exp.Paren)):
        return _selects(node.this)
    return [node] if isinstance(node, exp.Select) else []


def _is_made(projection: Any) -> bool:
    return not isinstance(projection, (exp.Column, exp.Star)) and not projection.is_star


def _every_name(tree: Any) -> set[str]:
    return {column.name for column in tree.find_all(exp.Column)}
