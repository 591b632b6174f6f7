"""A submission against the sender's own past: the library's own types, with bounds from the submission before.

The bounds are SQL of the rules (``expectation`` in ``schemas/rules``); what is measured are the columns of the tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
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
MEASURED = "history"
"""After the table, in the name of such a suite."""


def name_of_measured(rule: Rule) -> str:
    """Return the name of the expectation that a rule becomes."""
    return f"{rule.rule_id}.{rule.fields[0]}"


def measured_documents(connection: Any, standard: Standard) -> tuple[Document, ...]:
    """Work out the bounds of the rules that carry an expectation and were evaluated, as suites, one a table.

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
    by_table: dict[str, _Measured] = {}
    for rule in standard.rules:
        if rule.expectation and (rule.rule_id, rule.table, rule.fields[0]) in evaluated:
            table = standard.tables[rule.table]
            bounds = [qualified(rule.expectation[name], table, standard) for name in ("low", "high")]
            low, high = (float(b) for b in connection.execute(f"SELECT {', '.join(bounds)}").fetchone())
            by_table.setdefault(table.name, _Measured(table)).add(rule, standard, low, high)
    return tuple(measured.document(standard) for measured in by_table.values())


@dataclass
class _Measured:
    """What is asked of one table: one query has all that is measured, so that the library asks for it together."""

    table: Table
    fields: dict[str, None] = field(default_factory=dict)
    worked_out: dict[str, str] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)

    def add(self, rule: Rule, standard: Standard, low: float, high: float) -> None:
        """Ask a rule with its bounds."""
        kind = rule.expectation["kind"]
        kwargs: dict[str, Any] = {"min_value": low, "max_value": high}
        if kind == "rows":
            kwargs = {"min_value": math.ceil(low), "max_value": math.floor(high)}
        if kind == "mean":
            kwargs["column"] = f"{_MEASURED}_{len(self.worked_out)}"
            self.worked_out[kwargs["column"]] = qualified(rule.expectation["measure"], self.table, standard)
        else:
            self.fields[rule.fields[0]] = None
        if kind == "known":
            kwargs["column"] = rule.fields[0]
        self.expectations.append(
            Expectation(
                name_of_measured(rule), KINDS_OF_PAST[kind], kwargs, rule.rule_id, rule.severity,
                rule.dimension, rule.why["en"], rule.fields, "submission",
            )
        )  # fmt: skip

    def document(self, standard: Standard) -> Document:
        """Return the suite."""
        name = self.table.name
        query = known_rows(self.table, list(self.fields), standard, self.worked_out)
        made = [expectation_document(e, name, standard) for e in self.expectations]
        return document_of_parts(f"{name}.{MEASURED}", {"table": name, "query": query}, made)
