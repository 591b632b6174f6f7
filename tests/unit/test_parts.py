"""Counted in parts and added, everything is what it is when counted as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pytest

from clearing_point.analysis import not_known, parts
from clearing_point.analysis.answers import refuse_told_by_answers
from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.analysis.dry_rows import fill_warehouse
from clearing_point.analysis.dry_run import uncountable
from clearing_point.analysis.not_known import refuse_told_by_not_known, told_by_not_known
from clearing_point.analysis.parts import count_in_parts, refuse_told_by_others
from clearing_point.disclosure import load_policy
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.model import Indicator
from tests.contract.dialect_pieces import empty_warehouse

YEARS = (1999, 2000)
POPULATIONS = ("persons_identified", "persons_assisted", "services", "referrals", "shelter_stays")


@pytest.fixture(scope="module")
def connection(standard: Standard) -> Iterator[Any]:
    """Persons who are linked, persons who share a number, and a row of nobody."""
    with duckdb.connect() as made:
        empty_warehouse(made, standard)
        fill_warehouse(made, standard, YEARS[-1])
        made.execute(
            "UPDATE warehouse.core.service SET service_reference = '7' WHERE source_row BETWEEN 10 AND 20;"
            "UPDATE warehouse.core.referral SET referral_reference = '7' WHERE source_row IN (3, 5);"
            "UPDATE warehouse.core.referral SET person_reference = 'nobody' WHERE source_row = 5"
        )
        open_current(made, standard)
        _link(made)
        yield made


def _link(connection: Any) -> None:
    connection.execute(
        "CREATE TEMP TABLE linked_person AS SELECT person_id, min(person_id) OVER (PARTITION BY source_row // 3) AS linked, "
        "min(person_id) OVER (PARTITION BY source_row // 6) AS lowest FROM warehouse.core.person WHERE source_row < 40"
    )


def _few(standard: Standard) -> list[Indicator]:
    """Return the first table of some populations, and of every kind of measure; at night all are counted."""
    first = {i.population: i for i in reversed(standard.indicators) if i.population in POPULATIONS}
    kinds = {i.measure.kind: i for i in reversed(standard.indicators) if i.measure and i.measure.value}
    return [*first.values(), *kinds.values()]


def _differing(whole: list[Counted], added: list[Counted]) -> list[str]:
    found = []
    for one, other in zip(whole, added, strict=True):
        a, b = (
            (
                c.table,
                c.statistic and replace(c.statistic, base=c.table),
                c.cases and c.cases.rows.to_pylist(),
            )
            for c in (one, other)
        )
        assert one.units is not None
        assert other.units is not None
        same = np.array_equal(one.units.codes, other.units.codes)
        same &= np.array_equal(one.units.weights, other.units.weights)
        if a != b or not same or one.query != other.query:
            found.append(one.table.table_id)
    return found


def test_parts_add_up_to_the_whole(
    connection: Any, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts, persons and senders behind them, medians and sums, cases and units; and that a difference would be seen."""
    chosen = _few(standard)
    whole = count_indicators(connection, standard, chosen, YEARS)
    assert any(c.statistic for c in whole)
    assert _differing(whole, count_in_parts(connection, standard, chosen, YEARS, 2)) == []
    # Without it, a number that two persons share is counted once in each part.
    monkeypatch.setattr(parts, "_bring_together", lambda *_: None)
    services = [n for n, i in enumerate(chosen) if i.population in ("services", "referrals")]
    few = [chosen[n] for n in services]
    assert _differing([whole[n] for n in services], count_in_parts(connection, standard, few, YEARS, 3)) != []


@pytest.mark.parametrize(
    "instead",
    [
        "CASE WHEN count(*) OVER () > 40 THEN 'MANY' ELSE 'FEW' END",
        # Of one person beside everybody, and of one at a place in an order that the editor knows.
        "lag(r.referral_result) OVER (ORDER BY r.referral_reference)",
        "CASE WHEN row_number() OVER (ORDER BY r.referral_reference) = 3 THEN r.referral_result END",
    ],
)
def test_a_population_that_compares_persons_is_refused_by_the_check(standard: Standard, instead: str) -> None:
    name = "referrals"
    query = standard.populations[name].sql.replace("r.referral_result,", f"{instead} AS referral_result,")
    changed = {name: replace(standard.populations[name], sql=query)}
    (problem,) = uncountable(replace(standard, populations=changed, indicators=()))
    assert "populations/referrals.yml:1: " in problem
    assert "follows from rows of others" in problem


MOVED = {
    # Three men of one kind a year later: the tables of both years subtract to them.
    "another year": ("referrals", "year(r.referral_date)::INTEGER AS reference_year",
        "year(r.referral_date)::INTEGER + CASE WHEN {man} THEN 1 ELSE 0 END AS reference_year"),
    "another place": ("referrals", "s.territory,", "CASE WHEN {man} THEN 'ALB' ELSE 'SRB' END AS territory,"),
    # Many different numbers, and the middle one is what a few were given.
    "a number of her own": ("referrals", "AS days_to_acceptance", "+ CASE WHEN {man} THEN 1 ELSE 0 END AS days_to_acceptance"),
}  # fmt: skip
MAN = (
    'EXISTS (SELECT 1 FROM "current".person AS o WHERE o.submission_id = r.submission_id '
    "AND o.person_reference = r.person_reference AND o.sex = 'M')"
)


@pytest.mark.parametrize("what", MOVED)
def test_nobody_is_counted_elsewhere_or_measured_otherwise_for_what_she_answered(
    connection: Any, standard: Standard, what: str
) -> None:
    name, old, new = MOVED[what]
    sql = standard.populations[name].sql
    assert old in sql
    changed = replace(standard.populations[name], sql=sql.replace(old, new.format(man=MAN), 1))
    planted = replace(standard, populations={**standard.populations, name: changed})
    refuse_told_by_answers(connection, standard, standard.indicators, [name])
    with pytest.raises(InputProblem, match="population referrals counts somebody in another place or year"):
        refuse_told_by_answers(connection, planted, standard.indicators, [name])
    # The views are again what they were.
    refuse_told_by_answers(connection, standard, standard.indicators, [name])


NOT_KNOWN = {
    "for a rare answer": "residence_area = 'RURAL'",
    "for what her answer is not": "sex = 'M' AND NOT list_contains(exploitation_form, 'SEX')",
    "for a day": "first_identified = DATE '2000-01-01' AND sex = 'F'",
}


@pytest.mark.parametrize("what", NOT_KNOWN)
def test_nobody_is_not_known_for_what_she_answered_or_when(
    connection: Any, standard: Standard, what: str
) -> None:
    """A few who are not known are shown: a query that says it of those of a village would count them in the open."""
    name = "persons_identified"
    told = f"SELECT * REPLACE (CASE WHEN {NOT_KNOWN[what]} THEN NULL ELSE sex END AS sex) FROM "
    changed = replace(standard.populations[name], sql=f"{told}({standard.populations[name].sql})")
    planted = replace(standard, populations={**standard.populations, name: changed})
    refuse_told_by_not_known(connection, standard, standard.indicators, [name])
    with pytest.raises(InputProblem, match="in population persons_identified, 'sex' is not known for what"):
        refuse_told_by_not_known(connection, planted, standard.indicators, [name])
    refuse_told_by_not_known(connection, standard, standard.indicators, [name])
    problems = uncountable(replace(planted, populations={name: changed}, indicators=_of(standard, name)))
    assert [p.partition(": ")[2].partition(" is ")[0] for p in problems] == [
        "In population persons_identified, 'sex'"
    ]
    twice = replace(changed, sql=f"SELECT * FROM ({changed.sql}) CROSS JOIN (SELECT unnest([1, 2]) AS nth)")
    if what != "for a day":  # of who has several rows only answers are tried
        planted = replace(standard, populations={**standard.populations, name: twice})
        assert told_by_not_known(connection, planted, standard.indicators, [name]) == [(name, "sex")]


def test_where_not_known_says_more_the_policy_names_the_variable(
    connection: Any, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(standard.folder / "disclosure.yml")
    names = [name for name, population in standard.populations.items() if population.figures is None]
    assert told_by_not_known(connection, standard, standard.indicators, names) == []
    monkeypatch.setattr(not_known, "load_policy", lambda _: replace(policy, not_known_tells=frozenset()))
    found = {v for _, v in told_by_not_known(connection, standard, standard.indicators, names)}
    assert {"adult_sex_group", "report_age_band"} <= found <= policy.not_known_tells


def _of(standard: Standard, population: str) -> tuple[Indicator, ...]:
    return tuple(i for i in standard.indicators if i.population == population)


def test_publish_refuses_a_population_that_writes_what_one_person_is_beside_everybody(
    connection: Any, standard: Standard
) -> None:
    """Whoever writes it names a case of the real rows, so the few made rows of `standard check` say nothing of it."""
    count_indicators(connection, standard, _few(standard)[:1], YEARS)
    name, query = "referrals", standard.populations["referrals"].sql
    ((case, sex),) = connection.execute(
        "SELECT person_reference, sex FROM warehouse.core.person WHERE source_row = 17"
    ).fetchall()

    def planted(reference: str) -> Standard:
        one = f"(SELECT max(sex) FROM \"current\".person WHERE person_reference = '{reference}') AS sex, r.referral_result,"
        sql = query.replace("r.referral_result,", one)
        return replace(
            standard,
            populations={**standard.populations, name: replace(standard.populations[name], sql=sql)},
        )

    refuse_told_by_others(connection, standard, [name])
    assert sex is not None
    with pytest.raises(
        InputProblem, match="population referrals says of persons what follows from rows of others"
    ):
        refuse_told_by_others(connection, planted(case), [name])
    # Whoever names a row is found before that (tests/unit/test_own_rows.py).
    alone = {name: planted("of no made row").populations[name]}
    (problem,) = uncountable(replace(standard, populations=alone, indicators=()))
    assert "compares 'person_reference'" in problem


def test_a_key_that_a_sender_leaves_empty_brings_nobody_together(connection: Any, standard: Standard) -> None:
    """Else all persons of a sender who leaves a column empty are in one half, and the other half has nobody."""
    connection.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM warehouse.core.identification")
    connection.execute("UPDATE warehouse.core.identification SET episode_reference = NULL")
    try:
        sizes = [
            connection.execute("SELECT count(*) FROM part_of WHERE part = ?", [part]).fetchone()[0]
            for part in parts._each_part(connection, standard, 2)
        ]
    finally:
        connection.execute("DELETE FROM warehouse.core.identification")
        connection.execute("INSERT INTO warehouse.core.identification FROM kept")
    assert min(sizes) > 0.2 * sum(sizes)


@pytest.mark.nightly
def test_a_warehouse_in_parts_adds_up_to_the_whole(demo: Project, standard: Standard) -> None:
    """All tables over the demonstration.

    Quick: tests/unit/test_parts.py::test_parts_add_up_to_the_whole
    """
    with duckdb.connect() as made:
        made.execute(f"ATTACH '{demo.warehouse}' AS warehouse (READ_ONLY)")
        open_current(made, standard)
        _link(made)
        years = range(2018, 2023)
        whole = count_indicators(made, standard, standard.indicators, years)
        assert _differing(whole, count_in_parts(made, standard, standard.indicators, years, 3)) == []
