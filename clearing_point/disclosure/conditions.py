"""Who is counted, read as what it means: a population and conditions on variables, not another population.

``persons: minor = 'Y'`` are the persons of one category of ``minor``; a table that breaks ``minor`` down prints the same
number. Conditions of the forms ``variable = code``, ``variable IN (...)``, ``variable IS DISTINCT FROM code``,
``list_contains(variable, code)``, ``list_has_any(variable, [...])`` and their conjunctions become sets of codes. Any
other is a yes-or-no variable of its own, named by its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from clearing_point.disclosure.model import UNKNOWN_LEAF

YES, NO = "yes", "no"
"""Leaf codes of a condition that is read as a variable of its own."""
_BETWEEN = ": "
_HAS_ANY, _AND = " has any of ", ", "
_PREDICATES = (
    exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Is, exp.Between,
    exp.Not, exp.Or, exp.ArrayContains, exp.ArrayOverlaps,
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Condition:
    """One condition: the codes of a variable that it admits, or, with `but`, those that it does not.

    `several`: a person may have several codes, and any of these is enough.
    """

    variable: str
    codes: tuple[str, ...]
    but: bool = False
    several: bool = False

    @property
    def opaque(self) -> Condition:
        """The same condition as a yes-or-no variable of its own, named by its SQL."""
        listed = ", ".join(f"'{code}'" for code in self.codes)
        if self.several:
            return Condition(f"list_has_any({self.variable}, [{listed}])", (YES,))
        said = "IS DISTINCT FROM" if self.but else "IN"
        return Condition(f"{self.variable} {said} {listed if self.but else f'({listed})'}", (YES,))


def yes_or_no(variable: str, codes: Iterable[str]) -> str:
    """Return the name of "has any of these codes", a variable of its own, of a variable with several answers."""
    return f"{variable}{_HAS_ANY}{_AND.join(sorted(codes))}"


def answers_of(name: str) -> tuple[str, frozenset[str]] | None:
    """Read a name made by :func:`yes_or_no`: the variable with several answers, and the codes; None of another name."""
    variable, between, codes = name.partition(_HAS_ANY)
    return (variable, frozenset(codes.split(_AND))) if between else None


@lru_cache(maxsize=4096)
def read_population(text: str) -> tuple[str, tuple[Condition, ...]]:
    """Return the population and the conditions of a population's name; a name that is no such text has none."""
    name, between, condition = text.partition(_BETWEEN)
    if not between:
        return text, ()
    try:
        where = sqlglot.parse_one(f"SELECT 1 WHERE {condition}", dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return text, ()
    if not isinstance(where, exp.Select) or any(
        value for key, value in where.args.items() if key not in ("where", "expressions", "kind")
    ):
        return text, ()
    found = []
    for part in _conjuncts(where.args["where"].this):
        if not isinstance(part, _PREDICATES) and not _named(part):
            return text, ()
        found.append(_meant(part) or Condition(part.sql(dialect="duckdb"), (YES,)))
    return name, tuple(sorted(set(found)))


def _conjuncts(tree: exp.Expr) -> Iterable[exp.Expr]:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.And):
        yield from _conjuncts(tree.left)
        yield from _conjuncts(tree.right)
    else:
        yield tree


def _named(part: exp.Expr) -> bool:
    return isinstance(part, exp.Column | exp.Func)


def _meant(part: exp.Expr) -> Condition | None:
    column, codes, but, several = part.this, [], False, False
    if isinstance(part, exp.EQ | exp.NullSafeEQ | exp.NullSafeNEQ):
        codes, but = [part.expression], isinstance(part, exp.NullSafeNEQ)
    elif isinstance(part, exp.In):
        codes = list(part.expressions)
    elif isinstance(part, exp.ArrayContains):
        codes, several = [part.expression], True
    elif isinstance(part, exp.ArrayOverlaps) and isinstance(part.expression, exp.Array):
        codes, several = list(part.expression.expressions), True
    plain = codes and all(isinstance(code, exp.Literal) and code.is_string for code in codes)
    if not plain or not isinstance(column, exp.Column) or column.table:
        return None
    names = tuple(sorted({code.name for code in codes}))
    # What is not known has one leaf for all its codes: a condition that speaks of one of them is no set of leaves.
    return None if UNKNOWN_LEAF in names else Condition(column.name, names, but, several)
