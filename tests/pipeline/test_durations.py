"""A date that is known by month or year only never makes a time shorter, and no indicator better.

The judge knows nothing of the standard's SQL: it makes dates vaguer and looks at what is said of the same units.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.count import open_current, population_table
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import Table
from clearing_point.warehouse.connection import connect
from tests.empty_office import empty_office, send

# Answers that rest on the time between two dates, of which tables leave somebody out.
ANSWERS = {
    "persons_identified": ["assisted_within_12_months", "assisted_in_time", "removed_after_presumed", "repeat_after_assistance"],
    "persons_assisted": ["guardian_within_7_days", "assisted_30_days"],
}  # fmt: skip
# What is told of one of several events of a person: where dates are vague, it may be another of them. None is a time.
OF_ONE_EVENT = {
    "persons_identified": {"last_status", "decision_organisation", "identification_method", "age", "aged_in", "minor",
                           "report_age_band", "adult_sex_group", "victim_relation"},
    "persons_assisted": {"victim_relation", "minor", "adult_sex_group", "assistance_plan", "plan_agreed", "cooperation",
                         "no_cooperation", "through_referral_mechanism"},
}  # fmt: skip
# Days between two dates, and the column that says whether both are known to the day.
EXACT = {
    ("referrals", "days_to_acceptance"): "acceptance_dates_exact",
    ("legal_status_applications", "days_to_decision"): "decision_dates_exact",
    ("persons_assisted", "days_to_shelter"): "shelter_dates_exact",
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


# Begin and end of an exploitation as they are told, and the group of months that every day they may mean agrees on.
EXPLOITED = [
    ("2022-01-31", "2022-03-15", "2-3"),  # 43 days
    # The same end, known by its month: from 29 to 59 days, and not the 29 to its first.
    ("2022-01-31", "2022-03", "0-12"),
    ("2022-01", "2022-03-31", "2-3"),  # 59 to 89 days
    ("2021-12", "2022-01", "0-12"),  # a day to two months, over the turn of the year
    ("2022-01", "2022-01", "0-1"),
    ("2022-01-15", "2022-01", "0-1"),  # stored before its begin
    ("2021-01", "2021-12", "7-12"),
    ("2021-06", "2022-06", None),  # eleven to thirteen months
    ("2022", "2022", "0-12"),
    ("2021", "2022", None),
    ("2015", "2020", "25+"),
    ("2022-03-02", "2022-02", None),  # the wrong way round
    ("2022-01", None, None),
    (None, "2022-01-31", None),
]


@pytest.mark.parametrize(("stated", "months"), [(None, None), ("4-6", None), (None, 5)])
def test_how_long_exploitation_lasted_is_certain_or_a_wider_group(
    standard: Standard, stated: str | None, months: int | None
) -> None:
    """Worked out by hand; else what the sender stated stands, and her own number of months before all dates."""
    connection = duckdb.connect()
    install_macros(connection, standard)
    written = standard.tables["trafficking_episode"].by_name["duration_band"].derived
    for first, last, group in EXPLOITED:
        row = {**_date("exploitation_start_date", first), **_date("exploitation_end_date", last)}
        columns = ", ".join(f"?::{'DATE' if name.endswith('date') else 'VARCHAR'} AS {name}" for name in row)
        found = connection.execute(
            f"SELECT {written} FROM (SELECT 'Y' AS exploited_at_all, ?::DOUBLE AS months_exploited, "
            f"?::VARCHAR AS stated_duration_band, {columns})",
            [months, stated, *row.values()],
        ).fetchone()
        expected = group if stated is None or group not in (None, "0-12") else stated
        assert found == ("4-6" if months else expected,), (first, last)


def _date(name: str, told: str | None) -> dict[str, str | None]:
    """Return a date as it is stored: 2021 and 2021-06 as their first day, with what is known of it."""
    if told is None:
        return {name: None, f"{name}_precision": None}
    precision = {4: "YEAR", 7: "MONTH", 10: "DAY"}[len(told)]
    return {
        name: f"{told}-01-01"[:10] if len(told) == 4 else f"{told}-01"[:10],
        f"{name}_precision": precision,
    }


IDENTIFIED_AND_HELPED = [  # identified, helped, within twelve months (and not more than 31 days before)
    ("2021-11-15", "2022-11-10", "Y"),
    ("2021-11-15", "2022-12-20", "N"),
    ("2021-11-15", "2021-10-16", "Y"),
    ("2021-11-15", "2021-10-14", "N"),
    ("2021-11-15", None, "N"),
    # The same help, and less is known of its day.
    ("2021-11-15", "2022", None),
    ("2021-11-15", "2022-11", None),
    ("2021-11-15", "2022-12", "N"),
    ("2021-11-15", "2022-02", "Y"),
    ("2021-11-15", "2020", "N"),
    ("2021-11-15", "2021-10", None),
    # Less is known of the day of identification.
    ("2021", "2022-06-01", None),
    ("2021", "2021-12-31", "Y"),
    ("2021-06", "2021-05", None),
    ("2021-06", "2021-07", "Y"),
    ("2021-06", "2022-06-15", None),
    ("2021-06", "2022-07-01", "N"),
]


IDENTIFIED_AND_DEPORTED = [  # identified, deported, deported after that
    ("2021-06-15", "2021-07-01", "Y"),
    ("2021-06-15", "2021-05-31", "N"),
    ("2021-06-15", None, "N"),
    ("2021-06", "2021-06-20", None),
    ("2021-06", "2021-07-01", "Y"),
    ("2021-06", "2021-05-31", "N"),
    ("2021-06-15", "2021-06", None),
    ("2021-06-15", "2021-05", "N"),
    ("2021-06-15", "2021", None),
    ("2021-06-15", "2022", "Y"),
]
HELPED_AND_TRAFFICKED_AGAIN = [  # helped, trafficked again, trafficked again after help
    ("2021-03-10", "2021-05-01", "Y"),
    ("2021-03-10", "2021-01-01", "N"),
    ("2021-03", "2021-03-20", None),
    ("2021-03", "2021-04-01", "Y"),
    ("2021-03-10", "2021-03", None),
    ("2021-03-10", "2021", None),
    ("2021", "2020-12-31", "N"),
    ("2021", "2022-01", "Y"),
    (None, "2021-03-20", "N"),
]


def _answer(
    standard: Standard, column: str, many: Sequence[tuple[str, dict[str, str | None]]]
) -> dict[str, str | None]:
    """Return what is said of persons of whom these dates are known: identified, helped, deported, trafficked again."""
    rows: dict[str, list[dict[str, object]]] = {
        "person": [{"person_reference": n, "person_id": n} for n, _ in many],
        "identification": [
            {"identification_reference": n, "person_reference": n, "identification_status": "CONFIRMED",
             "territory": "SVN", **_date("identification_date", told.get("identified", "2021-01-01"))} for n, told in many
        ],
        "trafficking_episode": [
            {"episode_reference": f"{n}-{number}", "person_reference": n, "episode_number": number,
             **_date("exploitation_start_date", day)}
            for n, told in many for number, day in ((1, "2019-01-01"), (2, told.get("again"))) if day
        ],
        "assistance_episode": [
            {"assistance_reference": n, "person_reference": n, **_date("assistance_start_date", told["helped"])}
            for n, told in many if told.get("helped")
        ],
        "service": [
            {"service_reference": n, "assistance_reference": n, "service": "SH_LONG"} for n, told in many if told.get("helped")
        ],
        "return_event": [
            {"return_reference": n, "person_reference": n, "return_type": "DEPORTED", "from_territory": "SVN",
             **_date("return_date", told["deported"])} for n, told in many if told.get("deported")
        ],
    }  # fmt: skip
    with empty_office(standard) as connection:
        for table, of in rows.items():
            if of:
                send(connection, "A", of, table=table)
        open_current(connection, standard)
        population_table(connection, standard, "persons_identified")
        return dict(
            connection.execute(f"SELECT person_id, {column} FROM population_persons_identified").fetchall()
        )


@pytest.mark.parametrize(
    ("column", "first", "second", "cases"),
    [
        ("assisted_within_12_months", "identified", "helped", IDENTIFIED_AND_HELPED),
        # The twelve months of all of them are over at the end of 2022.
        ("assisted_in_time", "identified", "helped", IDENTIFIED_AND_HELPED),
        ("removed_after_presumed", "identified", "deported", IDENTIFIED_AND_DEPORTED),
        ("repeat_after_assistance", "helped", "again", HELPED_AND_TRAFFICKED_AGAIN),
    ],
)
def test_what_came_first_is_certain_or_left_open(
    standard: Standard,
    column: str,
    first: str,
    second: str,
    cases: Sequence[tuple[str | None, str | None, str | None]],
) -> None:
    """Worked out by hand: an answer stands where it is the same for every day that the dates may mean."""
    many = [(str(n), {first: a, second: b}) for n, (a, b, _) in enumerate(cases)]
    assert _answer(standard, column, many) == {str(n): answer for n, (*_, answer) in enumerate(cases)}


Row = dict[str, object]


def _vaguer(table: Table, precision: str, which: str) -> str:
    """Return what makes dates of a table that are known to the day vaguer: all, those of every other row, or of some columns."""
    dates = [f.name for f in table.fields if f.type == "date"]
    chosen = {"the first column": dates[:1], "other columns": dates[1:]}.get(which, dates)
    exact = "source_row % 2 = 0 AND " if which == "every other row" else ""
    return ", ".join(
        f"CASE WHEN {exact}{d}_precision = 'DAY' THEN {COARSER[precision].format(d=d)} ELSE {d} END AS {d}, "
        f"CASE WHEN {exact}{d}_precision = 'DAY' THEN '{precision}' ELSE {d}_precision END AS {d}_precision"
        for d in chosen
    )


def _answers(
    project: Project, standard: Standard, precision: str | None = None, which: str = ""
) -> dict[str, dict[tuple[str, ...], Row]]:
    """Work every population out over the warehouse as it is, or with dates of events made vaguer: by unit, the year last."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        for table in standard.tables_of_kind("case") if precision else ():
            if changed := _vaguer(table, str(precision), which):
                connection.execute(
                    f'CREATE TEMP TABLE coarse_{table.name} AS SELECT * REPLACE ({changed}) FROM "current"."{table.name}"'
                )
                connection.execute(
                    f'CREATE OR REPLACE VIEW "current"."{table.name}" AS SELECT * FROM coarse_{table.name}'
                )
        found: dict[str, dict[tuple[str, ...], Row]] = {}
        for name, population in standard.populations.items():
            if population.figures:
                continue
            population_table(connection, standard, name)
            told = connection.execute(f"SELECT * FROM population_{name}")
            columns = [c[0] for c in told.description]
            unit = next(c for c in ("unit_id", "person_id") if c in columns)
            keys = [c for c in (unit, *population.each, "territory", "reference_year") if c in columns]
            rows = [dict(zip(columns, row, strict=True)) for row in told.fetchall()]
            found[name] = {tuple(str(row[k]) for k in keys): row for row in rows}
        return found
    finally:
        connection.close()


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


def test_beside_a_median_of_days_stands_how_many_dates_are_not_exact(standard: Standard, root: Path) -> None:
    """Wherever one is printed: in every edition that the project ships, and in the small demonstration."""
    editions = [read_yaml(path)["tables"] for path in sorted((root / "reports" / "editions").glob("*.yml"))]
    editions.append(read_yaml(root / "pipelines" / "demo.yml")["small"]["tables"])
    found = 0
    for own in ([i for i in standard.indicators if i.indicator_id in tables] for tables in editions):
        told = {(i.population, b.variable) for i in own for b in i.by}
        for one in own:
            if one.measure is None or (exact := EXACT.get((one.population, one.measure.value or ""))) is None:
                continue
            assert (one.population, exact) in told, one.indicator_id
            found += 1
    assert found >= 3 + 1
    for population, exact in EXACT.items():
        assert exact in standard.populations[population[0]].sql


def _improves_nothing(demo: Project, standard: Standard, precision: str, which: str) -> None:
    exact, vague = _answers(demo, standard), _answers(demo, standard, precision, which)
    compared = 0
    for population, rows in vague.items():
        known = {key[:-1] for key in exact[population]}
        more = [key for key in rows if key[:-1] not in known]
        # Of several follow-ups in a year the latest counts: where dates are vague, it may be another of them.
        assert not more or population == "follow_up_changes", f"{population}: counted for a vague date alone"
        assert len(rows) <= len(exact[population])
        for key in rows.keys() & exact[population].keys():
            for column, after in rows[key].items():
                before = exact[population][key][column]
                if isinstance(before, datetime.date) or column in OF_ONE_EVENT.get(population, ()):
                    continue
                compared += 1
                if column.endswith("_exact"):
                    allowed = after in (None, before, "N")
                elif column == "nights":
                    # By what is not certain of its beginning, and a vague end is the first day that it may mean.
                    allowed = after is not None and after <= before
                else:
                    allowed = after in (None, before)
                assert allowed, (population, column, before, after)
    assert compared > 10_000


def test_dates_of_which_some_are_vague_improve_nothing(demo: Project, standard: Standard) -> None:
    """Every column of every population, with the dates of every other row known by their year only."""
    _improves_nothing(demo, standard, "YEAR", "every other row")


@pytest.mark.nightly
@pytest.mark.parametrize("which", ["all", "every other row", "the first column", "other columns"])
@pytest.mark.parametrize("precision", ["MONTH", "YEAR"])
def test_vaguer_dates_improve_nothing(demo: Project, standard: Standard, precision: str, which: str) -> None:
    """The same with all dates, or those of one side of a time, made vaguer.

    Quick: tests/pipeline/test_durations.py::test_dates_of_which_some_are_vague_improve_nothing
    """
    _improves_nothing(demo, standard, precision, which)
