"""Where every territory and period stands."""

from __future__ import annotations

from typing import Any

from clearing_point.project import Project
from clearing_point.publication.released import editions_with
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened

NOT_STARTED = "not started"


def status_of(project: Project, standard: Standard) -> list[dict[str, Any]]:
    """List the newest version of every series, and the reporting territories that sent nothing yet.

    Returns
    -------
    list of dict
        territory, period, state, version, rows, errors, warnings, made_data, edition, submission, sender;
        sorted by territory and period. ``edition``: the released editions that counted it. A reporting
        territory that sent nothing for the year of the newest edition is listed as not started.
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
                    "edition": ", ".join(map(str, editions_with(project, submission))) or "-",
                    "submission": submission, "sender": sender,
                }
            )  # fmt: skip
    newest = _newest_edition(project)
    covered = {line["territory"] for line in lines if newest is None or _covers(line["period"], newest)}
    for territory in standard.reporting_territories:
        if territory not in covered:
            lines.append(
                {
                    "territory": territory, "period": str(newest or "-"), "state": NOT_STARTED, "version": 0, "rows": 0,
                    "errors": 0, "warnings": 0, "made_data": "no", "edition": "-", "submission": None, "sender": None,
                }
            )  # fmt: skip
    return sorted(lines, key=lambda line: (line["territory"], line["period"]))


def _newest_edition(project: Project) -> int | None:
    years = [int(p.stem) for p in project.editions.glob("[0-9]*.yml") if p.stem.isdigit()]
    return max(years, default=None)


def _covers(period: str, year: int) -> bool:
    first, _, last = period.partition("-")
    return int(first) <= year <= int(last or first)
