"""The Great Expectations suite, derived from the same registry as the SQL checks.

The suite is plain data here, so that it can be generated, compared and read without importing Great
Expectations; :mod:`clearing_point.quality.runner` turns it into expectation objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from clearing_point import findings as f
from clearing_point.standard.expressions import KNOWN, qualified
from clearing_point.standard.model import Standard
from clearing_point.standard.rules import PUBLICATION
from clearing_point.standard.structure import UNKNOWN_CODE, UNREADABLE

GATE_TABLE = "gate"
"""One row; one column a rule with the number of findings that no waiver covers."""

INTAKE_RULES = {
    f.SHEET_MISSING: f.BLOCK,
    f.HEADING_MISSING: f.BLOCK,
    f.HEADING_UNEXPECTED: f.BLOCK,
    f.NO_ROWS: f.BLOCK,
    f.HIDDEN_ROWS: f.INFORMATION,
    f.TOTALS_LEFT_OUT: f.INFORMATION,
    f.OTHER_SPELLING: f.INFORMATION,
    f.EMPTY_FORBIDDEN: f.INFORMATION,
    f.CELL_ERROR: f.ERROR,
    UNKNOWN_CODE: f.ERROR,
    UNREADABLE: f.ERROR,
}
"""Rules on the layout and the cells of any file; they are found while it is read and stand in no rule file."""

_GX_SEVERITY = {f.BLOCK: "critical", f.ERROR: "critical", f.WARNING: "warning", f.INFORMATION: "info"}


@dataclass(frozen=True)
class Expectation:
    """One expectation of the gate, as data."""

    kind: str
    kwargs: dict[str, Any]
    rule_id: str
    severity: str
    description: str

    @property
    def gx_severity(self) -> str:
        """Severity in the words of Great Expectations."""
        return _GX_SEVERITY[self.severity]


def gate_suite(standard: Standard) -> tuple[Expectation, ...]:
    """Derive the gate: no rule may have findings that no waiver covers.

    Returns
    -------
    tuple of Expectation
        One a rule, in the order of their identifiers. A rule that several fields share stands once.
    """
    severities = dict(INTAKE_RULES)
    why: dict[str, str] = {}
    order = {s: n for n, s in enumerate(f.SEVERITIES)}
    for rule in standard.rules:
        if rule.scope == PUBLICATION:
            continue  # judged when figures are published; no submission can break it
        known = severities.get(rule.rule_id)
        if known is None or order[rule.severity] < order[known]:
            severities[rule.rule_id] = rule.severity
        why.setdefault(rule.rule_id, rule.why["en"])
    return tuple(
        Expectation(
            kind="ExpectColumnMaxToBeBetween",
            kwargs={"column": rule_id, "max_value": 0},
            rule_id=rule_id,
            severity=severities[rule_id],
            description=why.get(rule_id, "Found while the file was read."),
        )
        for rule_id in sorted(severities)
    )


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
