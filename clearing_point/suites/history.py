"""A submission against the sender's own past: the library's own types, with bounds from the submission before.

The bounds are SQL of the rules (``expectation`` in ``schemas/rules``); what is measured are the columns of the tables.
"""

from __future__ import annotations

import math
from typing import Any

from clearing_point.standard.expressions import qualified
from clearing_point.standard.model import Rule, Standard, Table
from clearing_point.suites.documents import document_of_parts, expectation_document
from clearing_point.suites.expectations import Expectation
from clearing_point.suites.queries import known_rows
from clearing_point.suites.runner import Document

KINDS_OF_PAST = {
    "rows": "expect_table_row_count_to_be_between",
    "known": "expect_column_proportion_of_non_null_values_to_be_between",
    "mean": "expect_column_mean_to_be_between",
}
_MEASURED = "measured"


def measured_documents(connection: Any, standard: Standard) -> tuple[Document, ...]:
    """Work out the bounds of the rules that carry an expectation and were evaluated, as suites by what they measure.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose rules were run, with ``previous`` attached.
    """
    evaluated = {
        tuple(row)
        for row in connection.execute(
            "SELECT rule_id, target_table, target_field FROM quality.rule_result WHERE evaluated > 0"
        ).fetchall()
    }
    by_query: dict[tuple[str, str], list[Expectation]] = {}
    for rule in standard.rules:
        if rule.expectation and (rule.rule_id, rule.table, rule.fields[0]) in evaluated:
            table = standard.tables[rule.table]
            bounds = [qualified(rule.expectation[name], table, standard) for name in ("low", "high")]
            low, high = (float(b) for b in connection.execute(f"SELECT {', '.join(bounds)}").fetchone())
            query, made = _measured(rule, table, standard, low, high)
            by_query.setdefault((table.name, query), []).append(made)
    return tuple(
        document_of_parts(
            f"{table}.history",
            {"table": table, "query": query},
            [expectation_document(e, table) for e in made],
        )
        for (table, query), made in by_query.items()
    )


def _measured(
    rule: Rule, table: Table, standard: Standard, low: float, high: float
) -> tuple[str, Expectation]:
    kind = rule.expectation["kind"]
    kwargs: dict[str, Any] = {"min_value": low, "max_value": high}
    query = known_rows(table, list(rule.fields), standard)
    if kind == "rows":
        kwargs = {"min_value": math.ceil(low), "max_value": math.floor(high)}
    elif kind == "known":
        kwargs["column"] = rule.fields[0]
    else:
        query = known_rows(
            table, [], standard, {_MEASURED: qualified(rule.expectation["measure"], table, standard)}
        )
        kwargs["column"] = _MEASURED
    return query, Expectation(
        f"{rule.rule_id}.{rule.fields[0]}", KINDS_OF_PAST[kind], kwargs, rule.rule_id, rule.severity, rule.dimension,
        rule.why["en"], rule.fields, "submission",
    )  # fmt: skip
