"""What every sender sent: its state, what counts of it, what replaced it, and which editions it is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clearing_point.project import Project
from clearing_point.publication.released import editions_with
from clearing_point.quality.feedback import counts_in
from clearing_point.quality.said import CONFIRM, MUST_FIX
from clearing_point.standard import Standard
from clearing_point.standard.model import REFERENCE
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import ACCEPTED, REFUSED, REPLACED, RETURNED


def sent(project: Project, standard: Standard, *, history: bool) -> Iterator[dict[str, Any]]:
    """Yield a line for every submission of the warehouse, or for the newest version of each series."""
    held = " UNION ALL ".join(
        f"SELECT submission_id, '{table.name}' = 'person' AS is_person FROM core.\"{table.name}\""
        for table in standard.tables_of_kind("case", "aggregate", "scorecard", REFERENCE)
    )
    newest = (
        ""
        if history
        else "QUALIFY row_number() OVER (PARTITION BY s.series ORDER BY s.version_number DESC) = 1 "
    )
    with opened(project.warehouse, read_only=True) as connection:
        rows = connection.execute(
            f"WITH counted AS (SELECT submission_id, count(*) FILTER (is_person) AS persons, "
            f"count(*) FILTER (NOT is_person) AS events FROM ({held}) GROUP BY 1) "
            "SELECT coalesce(s.territory, s.sender), s.period_start, s.period_end, lower(c.label), "
            "s.version_number, coalesce(n.persons, 0), coalesce(n.events, 0), s.made_data, "
            "s.submission_id, s.sender, "
            # Only what counted can be replaced, and only by the next version that was accepted.
            "coalesce((SELECT min_by(o.submission_id, o.version_number) FROM raw.submission AS o "
            "WHERE o.supersedes = s.submission_id AND s.status = $replaced AND o.status NOT IN ($returned, $refused)), "
            # Of a public source, and a part of one: by the release that counts.
            "(SELECT min(o.submission_id) FROM raw.submission AS o WHERE s.use = 'reference' AND o.use = 'reference' "
            "AND o.profile = s.profile AND s.status = $replaced AND o.status = $accepted)) "
            "FROM raw.submission AS s LEFT JOIN counted AS n USING (submission_id) "
            "LEFT JOIN ref.code AS c ON c.codelist = 'submission_status' AND c.code = s.status "
            f"{newest}ORDER BY 1, 2",
            {"replaced": REPLACED, "accepted": ACCEPTED, "returned": RETURNED, "refused": REFUSED},
        ).fetchall()
        counts = counts_in(connection, standard)
    for territory, start, end, state, version, persons, events, made, submission, sender, by in rows:
        said = counts.get(submission, {})
        yield {
            "territory": territory, "sender": sender, "submission": submission, "state": state, "version": version,
            "period": str(start.year) if start.year == end.year else f"{start.year}-{end.year}", "replaced_by": by,
            "edition": ", ".join(map(str, editions_with(project, submission))) or "-",
            "persons": persons, "events": events, "rows": persons + events, "must_fix": said.get(MUST_FIX, 0),
            "confirm": said.get(CONFIRM, 0), "made_data": "yes" if made else "no",
        }  # fmt: skip
