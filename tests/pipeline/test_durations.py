"""A date that is known by month or year only never makes a time shorter, and no indicator better.

The judge knows nothing of the standard's SQL: it makes dates vaguer and looks at what is said of the same units.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.count import open_current, population_table
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.warehouse.connection import connect

# Answers that rest on the time between two dates, and times themselves, by population.
ANSWERS = {
    "persons_identified": [
        "assisted_within_12_months",
        "assisted_in_time",
        "removed_after_presumed",
        "repeat_after_assistance",
    ],
    "persons_assisted": ["guardian_within_7_days", "assisted_30_days"],
}
TIMES = {
    "referrals": ["days_to_acceptance"],
    "legal_status_applications": ["days_to_decision"],
    "persons_assisted": ["days_to_shelter"],
}
COARSER = {"MONTH": "date_trunc('month', {d})::DATE", "YEAR": "date_trunc('year', {d})::DATE"}


def test_times_between_vague_dates_are_intervals(standard: Standard) -> None:
    connection = duckdb.connect()
    install_macros(connection, standard)
    ask = lambda what, *of: connection.execute(f"SELECT {what}(?::DATE, ?, ?::DATE, ?)", of).fetchone()[0]  # noqa: E731
    assert ask("days_exact", "2022-03-05", "DAY", "2022-03-11", "DAY") == 6
    assert ask("days_exact", "2022-03-01", "MONTH", "2022-03-11", "DAY") is None
    assert ask("days_at_least", "2022-03-01", "MONTH", "2022-03-11", "DAY") == -20
    assert ask("days_at_most", "2022-03-01", "MONTH", "2022-03-11", "DAY") == 10
    assert ask("days_at_most", "2022-01-01", "YEAR", "2022-01-01", "YEAR") == 364
    assert ask("days_at_least", "2022-01-01", "QUARTER", "2022-06-30", "DAY") == 91


def test_no_median_over_two_dates_of_which_one_is_vague(standard: Standard) -> None:
    """Two exact referrals of 2 and 4 days, and four that are vague: the median is 3 and not 0, and four are not exact."""
    connection = duckdb.connect()
    install_macros(connection, standard)
    connection.execute('CREATE SCHEMA "current"')
    connection.execute('CREATE TABLE "current".submission AS SELECT \'S\' AS submission_id, \'A\' AS sender, '
                       "'ALB' AS territory, DATE '2022-12-31' AS period_end")  # fmt: skip
    connection.execute(
        "CREATE TABLE \"current\".referral AS SELECT 'S' AS submission_id, 'sheet' AS sheet, n AS source_row, 0 AS source_part, "
        "n::VARCHAR AS referral_reference, "
        "'ACCEPTED' AS referral_result, 'Y' AS through_referral_mechanism, 'ALB' AS to_territory, 'ALB' AS from_territory, "
        "r AS referral_date, rp AS referral_date_precision, a AS accepted_date, ap AS accepted_date_precision FROM (VALUES "
        "(1, DATE '2022-03-01', 'DAY', DATE '2022-03-03', 'DAY'), (2, DATE '2022-03-01', 'DAY', DATE '2022-03-05', 'DAY'), "
        "(3, DATE '2022-05-01', 'MONTH', DATE '2022-05-01', 'MONTH'), (4, DATE '2022-05-01', 'MONTH', DATE '2022-05-01', 'DAY'), "
        "(5, DATE '2022-01-01', 'YEAR', DATE '2022-01-01', 'YEAR'), "
        # Stored as the first of its month, it lies before the exact day, and is vague all the same.
        "(6, DATE '2022-05-10', 'DAY', DATE '2022-05-01', 'MONTH'), (7, DATE '2022-05-10', 'DAY', DATE '2022-04-30', 'DAY')"
        ") t(n, r, rp, a, ap)"
    )
    sql = standard.populations["referrals"].sql
    found = connection.execute(
        f"SELECT median(days_to_acceptance), count(*) FILTER (acceptance_dates_exact = 'N') FROM ({sql})"
    ).fetchone()
    assert found == (3.0, 4)


def _answers(
    project, standard: Standard, population: str, columns: list[str], precision: str | None
) -> dict[str, tuple[object, ...]]:
    """Work a population out over the warehouse as it is, or with every exact date of events made vaguer."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        if precision:
            for table in standard.tables_of_kind("case"):
                dates = [f.name for f in table.fields if f.type == "date"]
                if not dates:
                    continue
                changed = ", ".join(
                    f"CASE WHEN {d}_precision = 'DAY' THEN {COARSER[precision].format(d=d)} ELSE {d} END AS {d}, "
                    f"CASE WHEN {d}_precision = 'DAY' THEN '{precision}' ELSE {d}_precision END AS {d}_precision"
                    for d in dates
                )
                connection.execute(
                    f'CREATE TEMP TABLE coarse_{table.name} AS SELECT * REPLACE ({changed}) FROM "current"."{table.name}"'
                )
                connection.execute(
                    f'CREATE OR REPLACE VIEW "current"."{table.name}" AS SELECT * FROM coarse_{table.name}'
                )
        population_table(connection, standard, population)
        known = [r[0] for r in connection.execute(f"DESCRIBE population_{population}").fetchall()]
        unit = next(c for c in ("unit_id", "person_id") if c in known)
        keys = ", ".join(c for c in (unit, "territory", "reference_year") if c in known)
        rows = connection.execute(
            f"SELECT ({keys})::VARCHAR, {', '.join(columns)} FROM population_{population}"
        ).fetchall()
    finally:
        connection.close()
    return {row[0]: tuple(row[1:]) for row in rows}


def test_whom_vague_dates_leave_out_of_a_table_is_printed(standard: Standard, root: Path) -> None:
    """A table of those of whom a time is certain says little without how many are not: the vaguer, the more."""
    printed = set(load_edition(Project(root=root, data=root / "data"), 2022).tables)
    found = 0
    for population, columns in ANSWERS.items():
        own = [i for i in standard.indicators if i.population == population and i.indicator_id in printed]
        for column in columns:
            of = [i.indicator_id for i in own if i.where and column in i.where]
            says = [i for i in own if any(b.variable == column and b.unknown for b in i.by)]
            assert says or not of, (column, of)
            found += len(of)
    assert found == 6


@pytest.mark.nightly
@pytest.mark.parametrize("precision", ["MONTH", "YEAR"])
def test_vaguer_dates_of_the_demonstration_improve_nothing(demo, standard: Standard, precision: str) -> None:
    """Every answer about times, with all dates made vaguer.

    Quick: tests/pipeline/test_durations.py::test_no_median_over_two_dates_of_which_one_is_vague
    """
    compared = 0
    for population, columns in ANSWERS.items():
        exact = _answers(demo, standard, population, columns, None)
        vague = _answers(demo, standard, population, columns, precision)
        for unit in exact.keys() & vague.keys():
            for before, after in zip(exact[unit], vague[unit], strict=True):
                compared += 1
                assert after in (None, before), (population, precision)
    for population, columns in TIMES.items():
        exact = _answers(demo, standard, population, columns, None)
        vague = _answers(demo, standard, population, columns, precision)
        for unit in exact.keys() & vague.keys():
            for before, after in zip(exact[unit], vague[unit], strict=True):
                compared += 1
                assert after is None or after == before, (population, precision)
    exact = _answers(demo, standard, "shelter_stays", ["nights"], None)
    vague = _answers(demo, standard, "shelter_stays", ["nights"], precision)
    for unit in exact.keys() & vague.keys():
        # A stay from the first of its month or year to a vague end may only lose nights by what is not certain of its
        # beginning; a vague end is the first day that it may mean.
        compared += 1
        assert vague[unit][0] <= exact[unit][0], (unit, precision)
    assert compared > 1000
