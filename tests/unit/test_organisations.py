"""U03: organisations together beside the national coordinator, over the warehouse."""

from __future__ import annotations

import duckdb
import pytest

from clearing_point.linkage.inputs import RECORD
from clearing_point.linkage.numbers import Organisations, organisations_beside_coordinator


@pytest.mark.parametrize(
    ("coordinator", "organisations", "ready", "found"),
    [
        (20, (12, 8), None, None),
        (20, (12, 9), None, None),  # 5 per cent more
        (20, (12, 10), None, (20, 22)),  # counted twice
        (20, (12, 6), None, (20, 18)),  # somebody is not covered
        (0, (12, 8), 30, (30, 20)),  # the coordinator sends a ready count
        (20, (), None, None),  # nothing to compare
    ],
)
def test_the_sum_of_organisations_is_told_where_it_differs(
    coordinator: int, organisations: tuple[int, ...], ready: int | None, found: tuple[int, int] | None
) -> None:
    with duckdb.connect() as connection:
        run = connection.execute
        run("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.core; CREATE SCHEMA current")
        run("CREATE TABLE warehouse.core.submission (submission_id VARCHAR, coverage VARCHAR)")
        run(
            "CREATE TABLE current.submission (submission_id VARCHAR, territory VARCHAR, sender VARCHAR, period_start DATE, "
            "period_end DATE)"
        )
        run(
            "CREATE TABLE current.aggregate_cell (submission_id VARCHAR, territory VARCHAR, reference_year INTEGER, "
            "population VARCHAR, breakdown VARCHAR, unit VARCHAR, sex VARCHAR, age_group VARCHAR, value INTEGER)"
        )
        run(
            f"CREATE TABLE {RECORD} (number INTEGER, sender VARCHAR, territory VARCHAR, reference_year INTEGER)"
        )
        senders = [("ALL_KNOWN", coordinator), *(("OWN_CLIENTS", n) for n in organisations)]
        for at, (coverage, persons) in enumerate(senders):
            run("INSERT INTO warehouse.core.submission VALUES (?, ?)", [str(at), coverage])
            run(
                "INSERT INTO current.submission VALUES ($1, 'ALB', $1, '2022-01-01', '2022-12-31')", [str(at)]
            )
            run(
                f"INSERT INTO {RECORD} SELECT {at * 100} + n, '{at}', 'ALB', 2022 FROM range({persons}) AS t(n)"
            )
        if ready:
            run(
                "INSERT INTO current.aggregate_cell VALUES ('0', 'ALB', 2022, 'IDENT_ALL', 'TOTAL', 'PERSONS', 'TOTAL', 'NAS', ?)",
                [ready],
            )
        expected = [Organisations("ALB", 2022, *found)] if found else []
        assert organisations_beside_coordinator(connection) == expected
