"""What Great Expectations measures on the tables of a submission, with bounds from the sender's past.

It is plain data here, so that it can be generated, compared and read without importing Great
Expectations; :mod:`clearing_point.quality.runner` turns it into expectation objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from clearing_point.standard.expressions import KNOWN, qualified
from clearing_point.standard.model import Standard


@dataclass(frozen=True)
class Measured:
    """One expectation on a table itself, with bounds from the sender's past.

    Attributes
    ----------
    query : str
        What is measured; expectations with the same query are validated together.
    holds : bool
        What SQL says of the same rule; both must agree.
    """

    query: str
    kind: str
    kwargs: dict[str, Any]
    rule_id: str
    name: str
    holds: bool


_MEASURED = {
    "rows": "ExpectTableRowCountToBeBetween",
    "known": "ExpectColumnProportionOfNonNullValuesToBeBetween",
    "mean": "ExpectColumnMeanToBeBetween",
}


def measured_expectations(connection: Any, standard: Standard) -> tuple[Measured, ...]:
    """Work out the bounds of the rules that carry an expectation, where the sender has a past.

    Parameters
    ----------
    connection : duckdb connection
        A workspace after :func:`~clearing_point.quality.evaluate.evaluate`, with ``previous`` attached.
    """
    verdicts = {
        (rule_id, table, field): failed == 0
        for rule_id, table, field, evaluated, failed in connection.execute(
            "SELECT rule_id, target_table, target_field, evaluated, failed FROM quality.rule_result"
        ).fetchall()
        if evaluated
    }
    made = []
    for rule in standard.rules:
        place = (rule.rule_id, rule.table, rule.fields[0] if rule.fields else None)
        if not rule.expectation or place not in verdicts:
            continue
        table = standard.tables[rule.table]
        bounds = [qualified(rule.expectation[name], table, standard) for name in ("low", "high")]
        low, high = (float(b) for b in connection.execute(f"SELECT {', '.join(bounds)}").fetchone())
        kind = rule.expectation["kind"]
        query = f'SELECT * FROM {KNOWN}."{table.name}"'
        kwargs: dict[str, Any] = {"min_value": low, "max_value": high}
        if kind == "rows":
            kwargs = {"min_value": math.ceil(low), "max_value": math.floor(high)}
        elif kind == "known":
            kwargs["column"] = rule.fields[0]
        else:
            measure = qualified(rule.expectation["measure"], table, standard)
            query = f'SELECT {measure} AS measured FROM {KNOWN}."{table.name}" AS "{table.name}"'
            kwargs["column"] = "measured"
        made.append(
            Measured(
                query, _MEASURED[kind], kwargs, rule.rule_id, ".".join(filter(None, place)), verdicts[place]
            )
        )
    return tuple(made)
