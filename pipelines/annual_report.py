"""From an edition to a built report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point import __version__
from clearing_point.analysis.count import open_current
from clearing_point.analysis.reconcile import quality_by_submission
from clearing_point.analysis.scorecard import Scorecard, read_scorecard
from clearing_point.project import Project
from clearing_point.report.build import BuiltReport, build_report
from clearing_point.report.edition import Edition
from clearing_point.report.model import ReportContext
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv
from clearing_point.store import connect
from pipelines.publish import Release, publish
from pipelines.status import status_of

Progress = Callable[[str], None]
_SHARES = ("completeness", "validity", "consistency")


def build(
    project: Project, standard: Standard, year: int, *, release: Release | None = None,
    progress: Progress = lambda _: None,
) -> BuiltReport:  # fmt: skip
    """Publish the edition, unless that was just done, and build its report.

    Raises
    ------
    InputProblem
        As :func:`pipelines.publish.publish`.
    """
    release = release or publish(project, standard, year, progress=progress)
    context = _context(project, standard, release)
    return build_report(
        release.edition, release.tables, context, project.builds / str(year),
        extra=annex_of(release), progress=progress,
    )  # fmt: skip


def annex_of(release: Release) -> dict[str, str]:
    """Return the data annex of a report: the release's own tables and definitions, byte for byte."""
    paths = sorted(release.folder.glob("data/*.csv"))
    paths += [release.folder / name for name in ("definitions.json", "datapackage.json")]
    return {path.relative_to(release.folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _context(project: Project, standard: Standard, release: Release) -> ReportContext:
    edition = release.edition
    states: dict[str, dict[str, str]] = {t: {} for t in standard.reporting_territories}
    suppliers = []
    for line in status_of(project, standard):
        if line["territory"] not in states or line["submission"] is None:
            continue
        first, last = (int(part) for part in (line["period"].split("-") * 2)[:2])
        for year in range(first, last + 1):
            states[line["territory"]][str(year)] = line["state"]
        suppliers.append((line["territory"], line["sender"], line["submission"], line["made_data"] == "yes"))
    declarations, scorecard = _told(project, standard, edition)
    return ReportContext(
        standard=standard,
        coverage=states,
        suppliers=tuple(suppliers),
        published_figures=_published(project, standard, edition.trend_from, edition.year),
        complete=_complete(project, standard),
        declarations=declarations,
        scorecard=scorecard,
        quality=_quality(project, release.submissions),
        standard_version=standard.version,
        package_version=__version__,
        made_data=any(t.made_data for t in release.tables),
        cut_off=release.data_as_of,
    )


def _told(
    project: Project, standard: Standard, edition: Edition
) -> tuple[tuple[Mapping[str, Any], ...], Scorecard]:
    """Read what senders declare of their submissions, and the scorecard of the edition's year."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard, str(edition.cut_off) if edition.cut_off else None)
        table = connection.execute(
            "SELECT s.territory, s.sender, s.submission_id AS submission, year(s.period_start)::INTEGER AS first_year, "
            "year(s.period_end)::INTEGER AS last_year, h.coverage, h.definition_identified, h.count_basis, h.kosovo_basis "
            'FROM "current".submission AS s JOIN warehouse.core.submission AS h USING (submission_id) ORDER BY 1, 4, 3'
        ).to_arrow_table()
        return tuple(table.to_pylist()), read_scorecard(connection, standard, edition.year)
    finally:
        connection.close()


def _quality(project: Project, submissions: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return the shares of table T41 for the submissions that count, and nothing that counts their rows."""
    columns = ("territory", "submission", *_SHARES, "days_after_period", "made_data")
    return tuple(
        {column: row["submission_id" if column == "submission" else column] for column in columns}
        for row in quality_by_submission(project.warehouse)
        if row["submission_id"] in submissions
    )


def _complete(project: Project, standard: Standard) -> frozenset[tuple[str, str]]:
    """Return the (territory, year) pairs whose data cover all known cases: only there is a nought a nought (R7)."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        rows = connection.execute(
            'SELECT s.territory, year(s.period_start), year(s.period_end) FROM "current".submission AS s '
            "JOIN warehouse.core.submission AS h USING (submission_id) WHERE h.coverage = 'ALL_KNOWN'"
        ).fetchall()
    finally:
        connection.close()
    return frozenset((t, str(y)) for t, first, last in rows for y in range(first, last + 1))


def _published(project: Project, standard: Standard, first: int, last: int) -> tuple[Mapping[str, str], ...]:
    """Read the national totals that others publish, as they print them."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        rows = connection.execute(
            "SELECT a.territory, a.reference_year, any_value(a.value), any_value(a.value_qualifier), any_value(s.sender) "
            "FROM warehouse.core.aggregate_cell AS a JOIN warehouse.raw.submission AS s USING (submission_id) "
            "WHERE s.status = 'ACCEPTED' AND s.use = 'reference' AND a.population = 'DETECTED' AND a.breakdown = 'TOTAL' "
            "AND a.sex = 'TOTAL' AND a.age_group = 'TOTAL' AND a.reference_year BETWEEN ? AND ? "
            "GROUP BY a.territory, a.reference_year HAVING count(*) = 1 ORDER BY 1, 2",
            [first, last],
        ).fetchall()
    finally:
        connection.close()
    reporting = set(standard.reporting_territories)
    return _reference_figures(standard, first, last) + tuple(
        {
            "territory": territory,
            "year": str(year),
            "value_text": "<5" if qualifier == "LT5" else str(value),
            "source": source,
        }
        for territory, year, value, qualifier, source in rows
        if territory in reporting
    )


def _reference_figures(standard: Standard, first: int, last: int) -> tuple[dict[str, str], ...]:
    """Return the national totals of ``schemas/reference/published_figures.csv``: all persons identified (T43)."""
    found = []
    for row in read_csv(standard.folder / "reference" / "published_figures.csv"):
        total = all(row[column] == "TOTAL" for column in ("breakdown", "category", "sex", "age_group"))
        if total and row["population"] == "IDENT_ALL" and first <= int(row["reference_year"]) <= last:
            found.append(
                {
                    "territory": row["territory_id"],
                    "year": row["reference_year"],
                    "value_text": row["value"],
                    "source": row["source_title"],
                }
            )
    return tuple(found)
