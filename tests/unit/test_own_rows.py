"""Whoever edits a population's query cannot choose a person by name, nor look at rows that the gate does not halve."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import duckdb
import pytest

from clearing_point.analysis.measures import declared_denominator, read_denominators
from clearing_point.analysis.own_rows import refuse_keys, refuse_measured_categories, refuse_named_rows
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.standard.model import Breakdown

SELECT = "SELECT person_id, territory, reference_year, {sex} AS sex FROM persons"
TRICKS = {
    "one person's value beside everybody": "coalesce((SELECT max(o.sex) FROM \"current\".person AS o WHERE o.person_reference = 'P-1'), 'F')",
    "by a list": "CASE WHEN person_id IN ('a', 'b') THEN 'M' ELSE sex END",
    "by its beginning": "CASE WHEN person_id LIKE 'a%' THEN 'M' ELSE sex END",
    "by an order": "CASE WHEN person_id < 'b' THEN 'M' ELSE sex END",
    "by a function": "CASE WHEN starts_with(person_id, 'a') THEN 'M' ELSE sex END",
    "by a case": "CASE person_id WHEN 'a' THEN 'M' ELSE sex END",
    "by a row of the file": "CASE WHEN EXISTS (SELECT 1 FROM \"current\".person AS o WHERE o.source_row = 4) THEN 'M' ELSE sex END",
    "by a list that is joined": "(SELECT max('M') FROM \"current\".person AS o JOIN (SELECT 'P-1' AS person_reference) AS v USING (person_reference))",
    "by values": "(SELECT max('M') FROM \"current\".person AS o JOIN (VALUES ('P-1')) AS v(person_reference) USING (person_reference))",
    "through two names": "(SELECT max('M') FROM \"current\".person AS o JOIN (SELECT b AS person_reference FROM (SELECT a AS b FROM (SELECT 'P-1' AS a))) AS v USING (person_reference))",
    "beside another name": "(SELECT max('M') FROM \"current\".person AS o, (SELECT a AS b FROM (SELECT 'P-1' AS a)) AS v WHERE o.person_reference = v.b)",
    "a key that is called otherwise": "(SELECT max('M') FROM (SELECT b AS c FROM (SELECT o.person_reference AS b FROM \"current\".person AS o)) WHERE c = 'P-1')",
    "a key in a star": "(SELECT max('M') FROM (SELECT * RENAME (person_reference AS c) FROM \"current\".person) WHERE c = 'P-1')",
    "in capital letters": "CASE WHEN PERSON_ID = 'P-1' THEN 'M' ELSE sex END",
    "by a union": "(SELECT max('M') FROM \"current\".person AS o JOIN (SELECT person_reference FROM \"current\".person WHERE false UNION ALL SELECT 'P-1') AS v USING (person_reference))",
    "by a union with a star": "(SELECT max('M') FROM \"current\".person AS o JOIN (SELECT * FROM (SELECT person_reference FROM \"current\".person WHERE false) UNION ALL SELECT 'P-1') AS v USING (person_reference))",
    "by values without a name": "(SELECT max('M') FROM \"current\".person AS o, (VALUES ('P-1')) AS v WHERE o.person_reference = col0)",
    "by the engine's own name": "(SELECT max('M') FROM \"current\".person AS o, (SELECT 'P-1') AS v WHERE o.person_reference = \"'P-1'\")",
    "by a list in a function": "CASE WHEN list_contains(['P-1', 'P-2'], person_id) THEN 'M' ELSE sex END",
    "by the lowest": "(SELECT max('M') FROM (SELECT min(o.person_reference) AS lowest FROM \"current\".person AS o) WHERE lowest = 'P-1')",
    "in a query inside": "CASE WHEN person_id IN (SELECT b FROM (SELECT 'P-1' AS b)) THEN 'M' ELSE sex END",
    "by its length": "CASE WHEN length(person_id) = 7 THEN 'M' ELSE sex END",
    "by a structure": "CASE WHEN {'a': person_id} = {'a': 'P-1'} THEN 'M' ELSE sex END",
    "by a list of all keys": "CASE WHEN list_position(list(person_id) OVER (), person_id) = 2 THEN 'M' ELSE sex END",
    "by a rest of the row's number": "(SELECT max('M') FROM \"current\".person AS o WHERE o.source_row % 97 = 4)",
    "the warehouse's own table": "(SELECT max(o.sex) FROM warehouse.core.person AS o)",
    "a table of the engine's": "(SELECT max(o.sex) FROM known_unit AS o)",
    "a table of the engine's beside a name of its own": "(SELECT max(o.sex) FROM known_unit AS o WHERE EXISTS (WITH known_unit AS (SELECT 1 AS a) FROM known_unit))",
    "a table of the engine's before a name of its own": "(WITH a AS (SELECT * FROM known_unit), known_unit AS (SELECT 1) SELECT max(a.sex) FROM a)",
    "a table of the engine's under its own name": "(WITH known_unit AS (SELECT * FROM known_unit) SELECT max(o.sex) FROM known_unit AS o)",
    "a table of the engine's in capital letters": "(SELECT max(o.sex) FROM KNOWN_UNIT AS o WHERE EXISTS (WITH known_unit AS (SELECT 1 AS a) FROM known_unit))",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_query_that_names_a_row_is_refused_and_its_text_is_not_repeated(
    standard: Standard, trick: str
) -> None:
    population = standard.populations["persons_identified"]
    own = f"WITH persons AS ({population.sql}) " + SELECT.format(sex=TRICKS[trick])
    with pytest.raises(InputProblem, match="Population persons_identified") as refused:
        refuse_named_rows(standard, replace(population, sql=own))
    assert "P-1" not in str(refused.value)


def test_the_queries_of_the_standard_join_keys_and_name_none(standard: Standard) -> None:
    for population in standard.populations.values():
        if population.figures is None:
            refuse_named_rows(standard, population)
    plain = f"WITH persons AS ({standard.populations['persons_identified'].sql}) " + SELECT.format(sex="sex")
    refuse_named_rows(standard, replace(standard.populations["persons_identified"], sql=plain))


def test_no_table_is_by_a_key(standard: Standard) -> None:
    table = next(i for i in standard.indicators if i.indicator_id == "T10A")
    by_person = (*table.by, replace(table.by[0], variable="person_id"))
    assert isinstance(by_person[-1], Breakdown)
    with pytest.raises(InputProblem, match="is by 'person_id'"):
        refuse_keys(standard, replace(table, by=by_person))
    refuse_keys(standard, table)


MIDDLE = "CASE WHEN n < 3 THEN n WHEN n < 31 THEN -1000 ELSE 1000 END"


@pytest.mark.parametrize(
    ("kind", "value", "refused"),
    [
        (
            "sum",
            "(n < 3)::INT",
            True,
        ),  # three men among sixty are hidden as a count, and were not as a sum of ones
        ("mean", "CASE WHEN n < 3 THEN 101 ELSE 1 END", True),
        ("median", MIDDLE, True),  # the median of what three alone were given
        ("median", "(n < 20)::INT", False),  # on the day, or on the next
        ("median", "7", False),
        ("median", "n % 9", False),
        ("sum", "n % 9", False),
        ("mean", "CASE WHEN n < 8 THEN 1 END", False),  # too few to say
    ],
)
def test_a_category_in_numbers_is_no_measure(
    standard: Standard, kind: str, value: str, refused: bool
) -> None:
    some = next(i for i in standard.indicators if i.measure and i.measure.value == "days_to_acceptance")
    assert some.measure is not None
    measured = replace(some, measure=replace(some.measure, kind=kind))
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TABLE population_referrals AS SELECT {value} AS days_to_acceptance FROM range(60) t(n)"
    )
    expected = pytest.raises(InputProblem, match="its mean would tell how many have the rarer one")
    with expected if refused else nullcontext():
        refuse_measured_categories(connection, [measured])


COUNTED = {
    "persons": 'SELECT s.territory, 2022 AS reference_year, count(DISTINCT p.person_id) AS denominator, true AS comparable FROM "current".person AS p JOIN "current".submission AS s USING (submission_id) WHERE p.sex = \'M\' GROUP BY ALL',
    "the warehouse's rows": "SELECT 'ALB' AS territory, 2022 AS reference_year, count(*) AS denominator, true AS comparable FROM warehouse.core.service",
    "whether there is somebody": "SELECT r.territory, r.reference_year, r.population AS denominator, NOT EXISTS (FROM \"current\".person WHERE sex = 'M') AS comparable FROM reference_population AS r",
    "totals of senders": 'SELECT territory, reference_year, sum(persons) AS denominator, true AS comparable FROM "current".aggregate_cell GROUP BY ALL',
    "a table of the engine's": "SELECT 'ALB' AS territory, 2022 AS reference_year, count(*) AS denominator, true AS comparable FROM known_unit",
    "a population": "SELECT territory, reference_year, count(*) AS denominator, true AS comparable FROM population_persons_identified GROUP BY ALL",
}


@pytest.mark.parametrize("trick", COUNTED)
def test_a_rate_is_made_with_no_number_of_persons(standard: Standard, trick: str) -> None:
    """Of a shown count and a rate the denominator follows: three boys were told by a rate on a hundred."""
    inhabitants = standard.denominators["inhabitants"]
    changed = replace(standard, denominators={"inhabitants": replace(inhabitants, sql=COUNTED[trick])})
    with pytest.raises(InputProblem, match=r"Denominator inhabitants reads '.*numbers from outside"):
        declared_denominator(changed, "inhabitants")
    with pytest.raises(InputProblem, match="Denominator inhabitants"):
        read_denominators(duckdb.connect(), changed, ["inhabitants"])
    for name in standard.denominators:
        declared_denominator(standard, name)


@pytest.mark.parametrize("table", ["aggregate_cell", "scorecard"])
def test_persons_are_told_nothing_of_totals(standard: Standard, table: str) -> None:
    """A sender's total of three would stand beside everybody, and halves of the persons would not differ."""
    population = standard.populations["persons_identified"]
    own = f'WITH persons AS ({population.sql}) SELECT * FROM persons WHERE EXISTS (FROM "current".{table})'
    with pytest.raises(InputProblem, match=f"reads '{table}', in which no persons are"):
        refuse_named_rows(standard, replace(population, sql=own))
