"""For which territories and years an edition's numbers rest on data: a year that is out stays as it was counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clearing_point.project import Project
from clearing_point.publication.edition import Edition
from clearing_point.publication.prepared_issue import standing_ledger
from clearing_point.warehouse.connection import connect


def covered_years(
    project: Project, edition: Edition, submissions: Sequence[str]
) -> frozenset[tuple[str, str]]:
    """Return (territory, year) wherever somebody had sent data when the edition that published the year was counted.

    Parameters
    ----------
    submissions : sequence of str
        Those that count today: for the years that no other edition published first.
    """
    first: dict[str, Sequence[str]] = {}
    for issue in standing_ledger(project).issues_in_force():
        own = issue.note["edition"] == edition.year
        for year in issue.note["years"]:
            first.setdefault(year, submissions if own else issue.note["submissions"])
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        rows = connection.execute(
            "SELECT submission_id, territory, year(period_start), year(period_end) FROM warehouse.raw.submission "
            "WHERE territory IS NOT NULL"
        ).fetchall()
    finally:
        connection.close()
    return frozenset(
        (territory, str(year))
        for name, territory, begin, end in rows
        for year in range(begin, end + 1)
        if name in first.get(str(year), submissions)
    )
