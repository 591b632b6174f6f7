"""For which territories and years an edition's numbers rest on data: a year that is out stays as it was counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clearing_point.analysis.units import PERSON
from clearing_point.project import Project
from clearing_point.publication.edition import Edition
from clearing_point.publication.prepared_issue import standing_ledger
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect


def covered_years(
    project: Project, standard: Standard, edition: Edition, submissions: Sequence[str]
) -> frozenset[tuple[str, str]]:
    """Return (territory, year) wherever somebody had sent cases when the edition that published the year was counted.

    Who sends only totals that she counted herself says nothing of cases: a zero there would be none.

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
        totals_only = submissions_of_totals(connection, standard)
    finally:
        connection.close()
    return frozenset(
        (territory, str(year))
        for name, territory, begin, end in rows
        if name not in totals_only
        for year in range(begin, end + 1)
        if name in first.get(str(year), submissions)
    )


def submissions_of_totals(connection: Any, standard: Standard) -> frozenset[str]:
    """Return the submissions that have totals and no person; the warehouse is attached as ``warehouse``."""
    totals = [t.name for t in standard.tables_of_kind("aggregate") if t.counts is not None]
    rows = [
        row
        for name in totals
        for row in connection.execute(
            f"SELECT submission_id FROM warehouse.core.{name} EXCEPT SELECT submission_id FROM warehouse.core.{PERSON}"
        ).fetchall()
    ]
    return frozenset(str(name) for (name,) in rows)
