"""The Great Expectations suite, derived from the same registry as the SQL checks.

The suite is plain data here, so that it can be generated, compared and read without importing Great
Expectations; :mod:`clearing_point.quality.runner` turns it into expectation objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clearing_point import findings as f
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
