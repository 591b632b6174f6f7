"""Who is better or worse since assistance began: each case compared with itself, where both scores are known (table T39B)."""

from __future__ import annotations

import duckdb

from clearing_point.standard.files import read_yaml
from tests.conftest import ROOT

AREAS = (
    "housing", "legal", "income", "work", "education", "safety", "family", "social", "physical_health",
    "mental_health", "access",
)  # fmt: skip
CONTACTS = [  # row, case, month, day, result, housing, safety
    ("1", "A", 0, "2021-01-01", "REACHED", 1, 2),
    ("2", "A", 6, "2022-02-01", "REACHED", 0, 2),  # of several in a year the latest counts, for each area
    ("3", "A", 12, "2022-08-01", "REACHED", 3, None),
    ("4", "B", 6, "2022-02-01", "REACHED", 3, 3),  # nothing known of the beginning
    ("5", "C", 0, "2021-01-01", "REACHED", None, 3),
    ("6", "C", 6, "2022-01-01", "REACHED", 2, 1),
    ("7", "C", 12, "2022-09-01", "NOT_REACHED", None, None),
]


def test_a_case_is_compared_with_itself_where_both_scores_are_known() -> None:
    query = read_yaml(ROOT / "schemas" / "populations" / "follow_up_changes.yml")["sql"]
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "current"')
    connection.execute(
        "CREATE TABLE \"current\".submission AS SELECT 's' AS submission_id, 'O' AS sender, 'ALB' AS territory, "
        "DATE '2022-12-31' AS period_end"
    )
    scores = ", ".join(f"{area}_score INTEGER" for area in AREAS)
    connection.execute(
        'CREATE TABLE "current".follow_up (submission_id VARCHAR, follow_up_reference VARCHAR, assistance_reference VARCHAR, '
        f"due_month INTEGER, contact_date DATE, follow_up_result VARCHAR, {scores})"
    )
    for reference, case, month, day, result, housing, safety in CONTACTS:
        connection.execute(
            'INSERT INTO "current".follow_up (submission_id, follow_up_reference, assistance_reference, due_month, '
            "contact_date, follow_up_result, housing_score, safety_score) VALUES ('s', ?, ?, ?, ?, ?, ?, ?)",
            [reference, case, month, day, result, housing, safety],
        )
    found = connection.execute(f"SELECT unit_id, reference_year, domain, change FROM ({query}) ORDER BY ALL")
    assert found.fetchall() == [
        ("O/2", 2022, "SAFETY", "SAME"),
        ("O/3", 2022, "HOUSING", "BETTER"),
        ("O/6", 2022, "SAFETY", "WORSE"),
    ]
