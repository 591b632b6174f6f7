"""What the query of a population may look at: rows of those who are counted, by how they are joined and never by name.

Whoever edits YAML is less trusted than the gate. A query that knows a key ("the person with this number") could write
what one person is beside many, and a query of the warehouse's own tables is not halved when the counts are tried with
half of the persons (:mod:`clearing_point.analysis.parts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from clearing_point.analysis.carried import Carried, carried_names, values_of
from clearing_point.analysis.units import CURRENT, KEY_OF_PERSON, KEY_OF_UNIT, OF_THE_ENGINE, SUBMISSION
from clearing_point.errors import InputProblem
from clearing_point.standard.allowed import one_query
from clearing_point.standard.files import place_of_text
from clearing_point.standard.model import LINEAGE, Denominator, Indicator, Population, Standard
from clearing_point.standard.parsing import parsed

_PSEUDONYM = "pseudonym"
_COMPARES = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like,
    exp.ILike, exp.SimilarTo, exp.RegexpLike,
)  # fmt: skip
_OF_NO_PERSONS = ("header", "scorecard")
"""Kinds of tables that say something of a sender or a territory."""
_OF_MANY = (exp.Window, exp.AggFunc)
"""What is told of many rows at once: a key within orders or groups them."""


def keys_of(standard: Standard) -> frozenset[str]:
    """Return the names of columns that say whose or which row it is."""
    own = {f.name for t in standard.tables.values() for f in t.fields if f.disclosure == _PSEUDONYM}
    return frozenset({*own, *LINEAGE, KEY_OF_UNIT, KEY_OF_PERSON, *OF_THE_ENGINE})


def refuse_named_rows(standard: Standard, population: Population) -> None:
    """Let a population's query join keys and order by them, and compare none with what is written in it.

    Raises
    ------
    InputProblem
        If it reads other tables than those of ``current``, or a key is compared with a text or number, made of one, or
        handed to a function. It names the column, never the text.
    """
    one_query(population.sql, f"Population {population.name}", standard.folder)
    what = f"Population {population.name}{_at(standard, population.sql)}"
    tree = parsed(population.sql)
    for table in tree.find_all(exp.Table):
        if table.catalog or not (table.db == CURRENT or (not table.db and _is_own(table))):
            raise InputProblem(
                f"{what} reads '{table.name}': its query may read the tables of \"{CURRENT}\" only."
            )
        # Totals of senders are not halved with the persons: whatever they are could stand beside everybody.
        if table.db and table.name in standard.tables and not _is_of(standard, table.name, "case", "header"):
            raise InputProblem(
                f"{what} reads '{table.name}', in which no persons are: its query may read tables of "
                "cases and submissions."
            )
    for name in _named(tree, keys_of(standard)):
        raise InputProblem(
            f"{what}: its query compares '{name}', which says who a row is about, with something "
            "written in it. Rows may be joined by keys and ordered by them, and never chosen by one."
        )


def refuse_counted_denominator(standard: Standard, denominator: Denominator, outside: str) -> None:
    """Let a denominator be of numbers from outside: one of persons could be worked out from a rate, however few they are.

    Parameters
    ----------
    outside : str
        Table of numbers that no sender sent.

    Raises
    ------
    InputProblem
        If its query reads more than that, submissions, what senders say of them, and the scorecard; names file and table.
    """
    one_query(denominator.sql, f"Denominator {denominator.name}", standard.folder)
    what = f"Denominator {denominator.name}{_at(standard, denominator.sql)}"
    for table in parsed(denominator.sql).find_all(exp.Table):
        own = not table.db and (table.name == outside or _is_own(table))
        known = table.db and (table.name == SUBMISSION or _is_of(standard, table.name, *_OF_NO_PERSONS))
        if not own and not known:
            raise InputProblem(
                f"{what} reads '{table.name}': a rate is made with numbers from outside and of the "
                "scorecard. What is counted of cases is counted in a table, where small numbers are protected."
            )


def refuse_keys(standard: Standard, indicator: Indicator) -> None:
    """Let no table be by a key, nor measure one: its categories would be persons of an editor's choice.

    Raises
    ------
    InputProblem
        Names the column.
    """
    asked = {b.variable for b in indicator.by} | ({indicator.measure.value} if indicator.measure else set())
    if named := asked & keys_of(standard):
        raise InputProblem(
            f"Indicator {indicator.indicator_id} is by '{min(str(n) for n in named)}', which says who a row is about: "
            "a table is by variables only."
        )


def _at(standard: Standard, text: str) -> str:
    place = place_of_text(standard.folder, text)
    return f" ({place})" if place else ""


def _is_of(standard: Standard, name: str, *kinds: str) -> bool:
    table = standard.tables.get(name)
    return table is not None and table.kind in kinds


_MEDIAN = "median"
_TWO_VALUES = 0.9
_FEWEST = 10
"""Of so many known values or more, two make up at most this share where they are amounts or times."""


def refuse_measured_categories(connection: Any, indicators: Sequence[Indicator]) -> None:
    """Let no sum or mean be of a column that is a category in numbers: it would be a count, shown whatever its size.

    Of such a column a median is one of the two numbers that nearly everybody has, and tells nobody; another one is what a
    few have who were set between them. The populations stand in the connection
    (:func:`clearing_point.analysis.count.population_tables`).

    Raises
    ------
    InputProblem
        Names indicator and column, never a value.
    """
    for indicator in indicators:
        measure = indicator.measure
        if measure is None or measure.value is None:
            continue
        known, frequent, with_these, middle = connection.execute(
            f'WITH known AS (SELECT "{measure.value}"::DOUBLE AS v FROM population_{indicator.population} '
            f'WHERE "{measure.value}" IS NOT NULL), '
            "counted AS (SELECT v, count(*) AS n FROM known GROUP BY v ORDER BY n DESC, v LIMIT 2) "
            "SELECT (SELECT count(*) FROM known), list(v), sum(n), (SELECT median(v) FROM known) FROM counted"
        ).fetchone()
        if known < _FEWEST or with_these <= _TWO_VALUES * known:
            continue
        if measure.kind != _MEDIAN or middle not in (*frequent, sum(frequent) / len(frequent)):
            raise InputProblem(
                f"Indicator {indicator.indicator_id}: most of '{measure.value}' is one of two numbers, like a category: "
                "its mean would tell how many have the rarer one. Where it is an amount or a time, too few submissions "
                f"count yet: take {indicator.indicator_id} out of the tables of the edition until more do. Where it is a "
                "category, count it in a table, where small numbers are protected."
            )


def _is_own(table: Any) -> bool:
    """Whether a table is one that the query itself names, seen from where it stands: elsewhere the name is the engine's."""
    below, node = table, table.parent
    while node is not None:
        if isinstance(node, exp.With):
            # Of a list of names one sees those before it, and itself where it is recursive.
            seen = node.expressions[: below.index + bool(node.recursive)]
        else:
            own = node.args.get("with_")
            seen = own.expressions if own is not None and own is not below else []
        if any(cte.alias.lower() == table.name.lower() for cte in seen):
            return True
        below, node = node, node.parent
    return False


def _named(tree: Any, keys: frozenset[str]) -> Iterator[str]:
    names = carried_names(tree, keys)
    for node in tree.walk():
        if isinstance(node, _COMPARES) and _written(node, names):
            yield from _keys_in(node, names)
        elif isinstance(node, exp.Case) and node.this is not None:
            yield from _keys_in(node.this, names)
        elif isinstance(node, exp.Func) and not isinstance(node, (*_OF_MANY, exp.Case, exp.If, *_CONNECTORS)):
            if any(names.is_written(leaf) for leaf in values_of(node)):
                yield from (c.name for c in node.iter_expressions() if names.is_key(c))
        elif isinstance(node, exp.TableAlias):
            yield from (c.name for c in node.columns if c.name.lower() in keys)
    yield from sorted(keys & names.written)


_CONNECTORS = (exp.And, exp.Or, exp.Not, exp.Cast)


def _written(node: Any, names: Carried) -> list[Any]:
    """Return what is written in an expression, here or under a name; conditions in it are gone through by themselves."""
    return [
        leaf
        for leaf in node.find_all(exp.Literal, exp.Column)
        if names.is_written(leaf) and not _within(leaf, node, (*_OF_MANY, exp.Where, exp.Having))
    ]


def _keys_in(node: Any, names: Carried) -> Iterator[str]:
    yield from (
        column.name
        for column in node.find_all(exp.Column)
        if names.is_key(column) and not _within(column, node, (*_OF_MANY, exp.Where, exp.Having))
    )


def _within(node: Any, top: Any, kinds: tuple[type, ...]) -> bool:
    while node is not None and node is not top:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False
