"""Totals that a sender counted herself, as units that can be counted: declared in the YAML of a table and of a population.

A total of N becomes N units, numbered within sender, territory, year and whom she counted. The same units serve all her
breakdowns of that total: each breakdown is laid over them in an order of its own, so that every margin is hers, and the
units that it does not cover have no known code. Which unit has two categories of two breakdowns follows from nothing that
she sent, so no table may ask (:func:`invented_joints`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from clearing_point.errors import InternalError

if TYPE_CHECKING:
    from clearing_point.standard.model import CodeList, Table

_PRIME = 1_000_003
"""More than any total that is counted: steps through the residues of a prime meet each unit once, in a mixed order."""


@dataclass(frozen=True)
class Totals:
    """What a table of totals counts, declared under ``counts`` in its YAML.

    Attributes
    ----------
    persons : str
        Column with the number of persons.
    of : tuple of str
        Columns that say whose number it is; the sender is always one of them.
    whole : mapping
        Column -> code at which a row is not broken down by it; a missing answer says the same.
    only : mapping
        Column -> the only code of rows that count; a missing answer says the same.
    same : mapping
        Column -> column that it must not differ from, where it says anything.
    newest : str
        Column with the day of the number: of two for the same, the later one counts.
    at_most : int
        A larger number is no count of persons of one place and year, and is not counted.
    """

    persons: str
    of: tuple[str, ...]
    whole: Mapping[str, str]
    only: Mapping[str, str]
    same: Mapping[str, str]
    newest: str
    at_most: int

    def at_total(self, alias: str, *but: str) -> str:
        """Return the SQL of the rows that are broken down by nothing, or by nothing but these columns."""
        return " AND ".join(
            f"{self.told(f'{alias}.{column}', column)} = '{code}'"
            for column, code in self.whole.items()
            if column not in but
        )

    def told(self, sql: str, column: str) -> str:
        """Return the SQL of a column in which a missing answer is the total."""
        return _or_else(sql, self.whole[column]) if column in self.whole else sql

    def of_persons(self, alias: str) -> str:
        """Return the SQL of the rows that are an exact number of persons."""
        only = [f"{_or_else(f'{alias}.{column}', code)} = '{code}'" for column, code in self.only.items()]
        same = [
            f"(missing_code({alias}.{column}) IS NOT NULL OR {alias}.{column} = {alias}.{other})"
            for column, other in self.same.items()
        ]
        return " AND ".join([*only, *same])


@dataclass(frozen=True)
class Source:
    """Rows that a variable of the units is read from: by the column ``of``, where the columns ``at`` have these codes."""

    of: str
    at: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Figures:
    """A population of units made of totals, declared under ``figures`` in its YAML.

    Attributes
    ----------
    column : str
        Column of the table that says who was counted.
    counted : tuple of tuple of str
        Codes of that column: the first group of which a sender sent any is counted, and its numbers are added.
    beside : str
        Population of cases: where it has anybody of a territory and year, no total of theirs is counted.
    variables : mapping
        Name -> sources, in the order in which they are looked at.
    several : frozenset of str
        Variables of which a person may have several codes.
    """

    column: str
    counted: tuple[tuple[str, ...], ...]
    beside: str
    variables: Mapping[str, tuple[Source, ...]]
    several: frozenset[str]


def totals_of(source: Mapping[str, Any]) -> Totals:
    """Return what the YAML of a table declares."""
    return Totals(
        source["persons"], tuple(source["of"]), source["whole"], source["only"], source["same"],
        source["newest"], source["at_most"],
    )  # fmt: skip


def figures_of(source: Mapping[str, Any]) -> Figures:
    """Return what the YAML of a population declares."""
    variables = source["variables"]
    return Figures(
        column=source["column"],
        counted=tuple(tuple(group) for group in source["counted"]),
        beside=source["beside"],
        variables={
            name: tuple(Source(s["of"], s.get("at", {}), s.get("codes")) for s in block["from"])
            for name, block in variables.items()
        },
        several=frozenset(name for name, block in variables.items() if block.get("several")),
    )


def units_sql(table: Table, schema: str, condition: str = "true") -> str:
    """Return the query of all units of a table of totals: its group, ``sender``, ``n`` and ``person_id``.

    The person behind a unit is the n-th of her sender, whatever the total, place and year: persons of two totals may be
    the same, and fewer persons are the careful answer.
    """
    totals = _totals(table)
    group = ", ".join(f"c.{name}" for name in totals.of)
    return (
        f"SELECT *, sender || '/figures/' || n AS person_id FROM (SELECT *, unnest(range(1, units + 1)) AS n FROM ("
        f"SELECT c.submission_id, {group}, r.sender, max(c.{totals.persons})::BIGINT AS units "
        f'FROM "{schema}"."{table.name}" AS c JOIN "{schema}".submission AS r ON r.submission_id = c.submission_id '
        f"WHERE {totals.of_persons('c')} AND {totals.at_total('c')} AND c.{totals.persons} BETWEEN 1 AND {totals.at_most} "
        f"AND {condition} GROUP BY ALL))"
    )


def key_of_unit(table: Table, sender: str, row: str, number: str) -> str:
    """Return the SQL of a unit's key: sender, group and number."""
    return " || '/' || ".join([sender, *(f"{row}.{name}::VARCHAR" for name in _totals(table).of), number])


def _totals(table: Table) -> Totals:
    if table.counts is None:
        raise InternalError(f"Table {table.name} has no totals.")
    return table.counts


def figures_sql(
    figures: Figures, table: Table, beside: str, codelists: Mapping[str, CodeList], schema: str
) -> str:
    """Return the query of a population of units.

    Parameters
    ----------
    beside : str
        Query of the population of cases whose territories and years are left out.
    """
    totals = _totals(table)
    own = ", ".join(("sender", *totals.of))
    parts = [
        *_chosen(figures, table, beside, schema),
        "numbered AS (SELECT *, unnest(range(1, units + 1)) AS n FROM chosen WHERE units > 0)",
        f"placed AS (SELECT *, {key_of_unit(table, 'sender', 'numbered', 'n')} AS unit_id"
        + "".join(
            f", row_number() OVER (PARTITION BY {own} ORDER BY (n * {_step(name)}) % {_PRIME}, n) - 1 AS place_of_{name}"
            for name in figures.variables
        )
        + " FROM numbered)",
    ]
    for name, sources in figures.variables.items():
        parts += _variable(name, sources, totals, table, codelists, own, name in figures.several)
    joins = "".join(f" LEFT JOIN has_{name} USING (unit_id)" for name in figures.variables)
    answers = "".join(f", has_{name}.{name}" for name in figures.variables)
    return (
        f"WITH {', '.join(parts)} SELECT placed.unit_id, {', '.join(f'placed.{c}' for c in totals.of)}{answers} "
        f"FROM placed{joins}"
    )


def places_sql(figures: Figures, table: Table, beside: str, schema: str) -> str:
    """Return the query of the places and times whose totals are counted, also where a sender says that there was nobody."""
    places = ", ".join(_place(figures, table))
    return f"WITH {', '.join(_chosen(figures, table, beside, schema))} SELECT DISTINCT {places} FROM chosen"


def _place(figures: Figures, table: Table) -> list[str]:
    return [name for name in _totals(table).of if name != figures.column]


def _chosen(figures: Figures, table: Table, beside: str, schema: str) -> list[str]:
    """Return the steps to the totals that count, in ``chosen``, and all cells of their senders, in ``cells``."""
    totals = _totals(table)
    own, place = ", ".join(("sender", *totals.of)), _place(figures, table)
    same = ", ".join(place)
    cells = ", ".join(
        f"{totals.told(f'c.{f.name}', f.name)} AS {f.name}" for f in table.fields if f.name not in totals.of
    )
    named = ", ".join(f"c.{name}" for name in totals.of)
    apart = [
        f.name for f in table.fields if f.codelist and f.name not in {*totals.of, *totals.only, *totals.same}
    ]
    different = ", ".join(totals.told(f"c.{name}", name) for name in apart)
    order = " ".join(
        f"WHEN {figures.column} IN ({_quoted(codes)}) THEN {number}"
        for number, codes in enumerate(figures.counted)
    )
    return [
        f'cells AS (SELECT r.sender, r.submission_id, {named}, {cells} FROM "{schema}".{table.name} AS c '
        f'JOIN "{schema}".submission AS r ON r.submission_id = c.submission_id '
        f"WHERE {totals.of_persons('c')} AND c.{totals.persons} BETWEEN 0 AND {totals.at_most} "
        # Of two numbers for the same the later one counts; of one day, the larger.
        f"QUALIFY row_number() OVER (PARTITION BY r.sender, {named}, {different} "
        f"ORDER BY c.{totals.newest} DESC NULLS LAST, c.{totals.persons} DESC) = 1)",
        f"ranked AS (SELECT {own}, {totals.persons} AS units, CASE {order} END AS turn FROM cells "
        f"WHERE {totals.at_total('cells')})",
        f"sent AS (SELECT * FROM ranked WHERE turn IS NOT NULL "
        f"QUALIFY rank() OVER (PARTITION BY sender, {same} ORDER BY turn) = 1)",
        f"counted_by_case AS (SELECT DISTINCT {same} FROM ({beside}) AS cases)",
        # Two senders of one territory may have counted the same persons: the larger number stands, never the sum.
        f"largest AS (SELECT sender, {same} FROM sent GROUP BY sender, {same} "
        f"QUALIFY row_number() OVER (PARTITION BY {same} ORDER BY sum(units) DESC, sender) = 1)",
        f"chosen AS (SELECT s.* FROM sent AS s JOIN largest AS l USING (sender, {same}) "
        f"LEFT JOIN counted_by_case AS k USING ({same}) WHERE k.{place[0]} IS NULL)",
    ]


def _variable(
    name: str,
    sources: Sequence[Source],
    totals: Totals,
    table: Table,
    codelists: Mapping[str, CodeList],
    own: str,
    several: bool,
) -> Iterator[str]:
    """Yield the steps that give every unit its code, or codes, of one variable."""
    rows = " UNION ALL ".join(
        _source(number, source, totals, table, codelists, own) for number, source in enumerate(sources)
    )
    yield f"told_{name} AS (SELECT {own}, source, code, sum(persons) AS persons FROM ({rows}) AS r GROUP BY ALL)"
    yield (
        f"laid_{name} AS (SELECT t.*, c.units, max(t.persons) OVER of_source AS most, "
        "sum(t.persons) OVER of_source AS added, "
        f"sum(t.persons) OVER (PARTITION BY {own}, source ORDER BY code ROWS UNBOUNDED PRECEDING) - t.persons AS before "
        f"FROM told_{name} AS t JOIN chosen AS c USING ({own}) WINDOW of_source AS (PARTITION BY {own}, source))"
    )
    # What adds up to more than the total contradicts it, unless persons may have several codes.
    fits = "most <= units" if several else "added <= units"
    yield (
        f"used_{name} AS (SELECT * FROM laid_{name} WHERE {fits} "
        f"QUALIFY rank() OVER (PARTITION BY {own} ORDER BY source) = 1)"
    )
    value = "array_agg(u.code ORDER BY u.code)" if several else "max(u.code)"
    yield (
        f"has_{name} AS (SELECT p.unit_id, {value} AS {name} FROM placed AS p JOIN used_{name} AS u USING ({own}) "
        f"WHERE (p.place_of_{name} - u.before % u.units + u.units) % u.units < u.persons GROUP BY p.unit_id)"
    )


def _source(
    number: int, source: Source, totals: Totals, table: Table, codelists: Mapping[str, CodeList], own: str
) -> str:
    conditions = [totals.at_total("c", source.of, *source.at), f"missing_code(c.{source.of}) IS NULL"]
    conditions += [f"c.{column} = '{code}'" for column, code in source.at.items()]
    if source.of in totals.whole:
        conditions.append(f"c.{source.of} <> '{totals.whole[source.of]}'")
    code = f"c.{source.of}"
    if source.codes is not None:
        # Of the named codes each is one kind of persons, and none is a part of another.
        conditions.append(f"c.{source.of} IN ({_quoted(tuple(source.codes))})")
        turned = " ".join(f"WHEN '{of}' THEN '{code}'" for of, code in source.codes.items())
        code = f"CASE c.{source.of} {turned} END"
    else:
        conditions += _no_part_beside_its_whole(source, totals, table, codelists, own)
    return (
        f"SELECT {', '.join(f'c.{part.strip()}' for part in own.split(','))}, {number} AS source, {code} AS code, "
        f"c.{totals.persons} AS persons FROM cells AS c WHERE {' AND '.join(conditions)}"
    )


def _no_part_beside_its_whole(
    source: Source, totals: Totals, table: Table, codelists: Mapping[str, CodeList], own: str
) -> Iterator[str]:
    """Yield the condition that leaves out a code of which the code above it was sent, too."""
    codelist = codelists.get(str(table.by_name[source.of].codelist))
    whole = totals.whole.get(source.of)
    parents = {c.code: c.parent for c in codelist.codes if c.parent and c.parent != whole} if codelist else {}
    if not parents:
        return
    over = " ".join(f"WHEN '{code}' THEN '{parent}'" for code, parent in parents.items())
    same = " AND ".join(f"w.{part.strip()} = c.{part.strip()}" for part in own.split(","))
    at = [
        totals.at_total("w", source.of, *source.at),
        *(f"w.{column} = '{code}'" for column, code in source.at.items()),
    ]
    yield (
        f"NOT EXISTS (SELECT 1 FROM cells AS w WHERE {same} AND {' AND '.join(at)} "
        f"AND w.{source.of} = CASE c.{source.of} {over} END)"
    )


def _or_else(sql: str, code: str) -> str:
    return f"CASE WHEN missing_code({sql}) IN ('NAS', 'NAP') THEN '{code}' ELSE {sql} END"


def _step(name: str) -> int:
    return crc32(name.encode()) % (_PRIME - 2) + 1


def _quoted(codes: Sequence[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def invented_joints(figures: Figures, names: Sequence[str]) -> list[str]:
    """Return the variables of which a table would print a crossing that no sender sent; empty where it may be counted.

    Parameters
    ----------
    names : sequence of str
        Columns that the table is broken down by or has a condition on.
    """
    asked = sorted(set(names) & set(figures.variables))
    return asked if len(asked) > 1 else []
