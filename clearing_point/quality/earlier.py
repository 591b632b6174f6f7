"""What the same sender sent before, brought to where a new submission is judged."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.expressions import PREVIOUS
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.events import ACCEPTED
from clearing_point.workplace import drop_work, work_folder

NO_PREVIOUS, WAREHOUSE_BUSY, WAREHOUSE_UNREAD = "no_previous", "warehouse_busy", "warehouse_unread"
"""Names of the reasons in ``words.yml`` (not_run) why a comparison with the past did not run."""


@dataclass(frozen=True)
class Earlier:
    """A database with the rows of earlier submissions, or the reason why there is none.

    Attributes
    ----------
    path : Path or None
        One table a table of the standard, shaped as ``staged``: the accepted submission of the nearest
        earlier period; of aggregate figures also the accepted version that the new one would replace.
    """

    path: Path | None
    reason: str = NO_PREVIOUS

    @property
    def attached(self) -> Mapping[str, Path]:
        """What to attach so that rules see it under the name ``previous``."""
        return {} if self.path is None else {PREVIOUS: self.path}

    def drop(self) -> None:
        """Remove the database."""
        if self.path is not None:
            drop_work(self.path.parent)


def earlier_of(project: Project, standard: Standard, before: str | None, same: str | None) -> Earlier:
    """Copy the rows of a sender's earlier submissions out of the warehouse.

    Parameters
    ----------
    before, same : str or None
        Of :func:`earlier_submissions`.

    Raises
    ------
    InputProblem
        If another command holds the warehouse.
    """
    if before is None and same is None:
        return Earlier(None)
    path = work_folder(project.work, "earlier-") / "earlier.duckdb"
    # Made in memory and attached, because only what is attached before the lock can be read.
    connection = connect(path, attach={"warehouse": project.warehouse})
    try:
        for table in standard.tables_of_kind():
            wanted = [s for s in (before, same if table.kind == "aggregate" else None) if s is not None]
            columns = "* EXCLUDE (person_id)" if table.name == "person" else "*"
            connection.execute(
                f'CREATE TABLE "{table.name}" AS SELECT {columns} FROM warehouse.core."{table.name}" '
                "WHERE list_contains(?, submission_id)",
                [wanted],
            )
    except BaseException:
        connection.close()
        drop_work(path.parent)
        raise
    connection.close()
    return Earlier(path)


def earlier_submissions(connection: Any, series: str, start: datetime.date) -> tuple[str | None, str | None]:
    """Return the accepted submission of the nearest earlier period, and that of the same series.

    Parameters
    ----------
    connection : duckdb connection
        The warehouse.
    series : str
        Of the new submission (``sender/territory/period``).
    start : datetime.date
        First day of its period.
    """
    sender, territory, _ = series.split("/", 2)
    before = connection.execute(
        "SELECT submission_id FROM raw.submission WHERE sender = ? AND coalesce(territory, '-') = ? "
        "AND status = ? AND period_end < ? ORDER BY period_end DESC LIMIT 1",
        [sender, territory, ACCEPTED, start],
    ).fetchone()
    same = connection.execute(
        "SELECT submission_id FROM raw.submission WHERE series = ? AND status = ?", [series, ACCEPTED]
    ).fetchone()
    return (before and str(before[0])), (same and str(same[0]))
