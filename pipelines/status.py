"""Where every territory and period stands."""

from __future__ import annotations

from typing import Any

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.store import opened

NOT_STARTED = "not started"


def status_of(project: Project, standard: Standard) -> list[dict[str, Any]]:
    """List the newest version of every series, and the reporting territories that sent nothing yet.

    Returns
    -------
    list of dict
        territory, period, state, version, rows, errors, warnings, made_data, submission, sender;
        sorted by territory and period.
    """
    lines: list[dict[str, Any]] = []
    if project.warehouse.exists():
        with opened(project.warehouse, read_only=True) as connection:
            rows = connection.execute(
                "SELECT coalesce(s.territory, s.sender), s.period_start, s.period_end, lower(c.label), "
                "s.version_number, s.rows_read, d.errors, d.warnings, s.made_data, s.submission_id, s.sender "
                "FROM raw.submission AS s LEFT JOIN quality.decision AS d USING (submission_id) "
                "LEFT JOIN ref.code AS c ON c.codelist = 'submission_status' AND c.code = s.status "
                "QUALIFY row_number() OVER (PARTITION BY s.series ORDER BY s.version_number DESC) = 1 "
                "ORDER BY 1, 2"
            ).fetchall()
        for territory, start, end, state, version, read, errors, warnings, made, submission, sender in rows:
            period = str(start.year) if start.year == end.year else f"{start.year}-{end.year}"
            lines.append(
                {
                    "territory": territory, "period": period, "state": state, "version": version, "rows": read,
                    "errors": errors or 0, "warnings": warnings or 0, "made_data": "yes" if made else "no",
                    "submission": submission, "sender": sender,
                }
            )  # fmt: skip
    there = {line["territory"] for line in lines}
    for territory in standard.reporting_territories:
        if territory not in there:
            lines.append(
                {
                    "territory": territory, "period": "-", "state": NOT_STARTED, "version": 0, "rows": 0,
                    "errors": 0, "warnings": 0, "made_data": "no", "submission": None, "sender": None,
                }
            )  # fmt: skip
    return sorted(lines, key=lambda line: (line["territory"], line["period"]))
