"""What a report says beside its tables, from the submissions that an edition knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point import __version__
from clearing_point.analysis.count import open_current
from clearing_point.analysis.public_cases import Described, described, totals_by_stage
from clearing_point.analysis.reconcile import decisions, quality_by_submission
from clearing_point.analysis.revisions import Revisions
from clearing_point.analysis.scorecard import Scorecard, read_scorecard
from clearing_point.project import Project
from clearing_point.publication.covered_years import submissions_of_totals
from clearing_point.publication.edition import Edition
from clearing_point.publication.release import Release
from clearing_point.report.model import ReportContext
from clearing_point.report.reading import load_chapters
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv
from clearing_point.warehouse.connection import connect

_SHARES = ("completeness", "validity", "consistency")


def context_of(
    project: Project,
    standard: Standard,
    release: Release,
    submissions: Sequence[Mapping[str, Any]],
    revisions: Revisions | None,
    published: Sequence[Mapping[str, str]],
) -> ReportContext:
    """Put together coverage, suppliers, published national figures and revised figures.

    Parameters
    ----------
    submissions : sequence of mappings
        As :func:`clearing_point.report.lock.submissions_of` describes them.
    published : sequence of mappings
        As :func:`published_figures` returns them.
    """
    edition = release.edition
    states: dict[str, dict[str, str]] = {t: {} for t in standard.reporting_territories}
    suppliers = []
    totals = _submissions_of_totals(project, standard)
    of_totals: set[tuple[str, str]] = set()
    of_cases: set[tuple[str, str]] = set()
    # Accepted ones last: a year that one sender has delivered is delivered.
    for row in sorted(submissions, key=lambda r: (r["state"] == "accepted", r["submission"])):
        if row["territory"] not in states:
            continue
        for year in range(row["first_year"], row["last_year"] + 1):
            states[row["territory"]][str(year)] = row["state"]
            if row["state"] == "accepted":
                (of_totals if row["submission"] in totals else of_cases).add((row["territory"], str(year)))
        suppliers.append((row["territory"], row["sender"], row["submission"], bool(row["made_data"])))
    declarations, scorecard = _told(project, standard, release)
    return ReportContext(
        standard=standard,
        reports=project.reports,
        coverage=states,
        suppliers=tuple(sorted(suppliers)),
        published_figures=tuple(published),
        published_beside=published_figures(project, standard, edition, submissions, _beside(project.reports)),
        described=_described(project, standard, submissions),
        complete=_complete(project, standard, release.submissions, totals),
        totals_only=frozenset(of_totals - of_cases),
        totals=_places_of_totals(release),
        standard_version=standard.version,
        package_version=__version__,
        made_data=any(t.made_data for t in release.tables),
        cut_off=release.data_as_of,
        declarations=declarations,
        scorecard=scorecard,
        quality=_quality(project, release.submissions),
        validated=release.validated.by_suite() if release.validated else (),
        revisions=revisions,
        decisions=_decisions(project, release.submissions),
        late=release.late,
        texts=project.editions / str(edition.year),
    )


def _beside(reports: Path) -> tuple[str, ...]:
    """Return the populations of which a chapter prints what others publish."""
    chapters = load_chapters(reports)["chapters"]
    return tuple(sorted({code for chapter in chapters for code in chapter.get("published", ())}))


def _described(
    project: Project, standard: Standard, submissions: Sequence[Mapping[str, Any]]
) -> Mapping[str, tuple[Described, ...]]:
    """Read what public case files say for the chapters that print it."""
    reference = [r["submission"] for r in submissions if r["use"] == "reference" and r["state"] == "accepted"]
    chapters = [c for c in load_chapters(project.reports)["chapters"] if "described" in c]
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        return {c["id"]: tuple(described(connection, standard, c["described"], reference)) for c in chapters}
    finally:
        connection.close()


def _told(
    project: Project, standard: Standard, release: Release
) -> tuple[tuple[Mapping[str, Any], ...], Scorecard]:
    """Read what senders declare of their submissions, and the scorecard of the edition's year."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard, only=release.submissions)
        table = connection.execute(
            "SELECT s.territory, s.sender, s.submission_id AS submission, year(s.period_start)::INTEGER AS first_year, "
            "year(s.period_end)::INTEGER AS last_year, h.coverage, h.definition_identified, h.count_basis, h.kosovo_basis "
            'FROM "current".submission AS s JOIN warehouse.core.submission AS h USING (submission_id) ORDER BY 1, 4, 3'
        ).to_arrow_table()
        return tuple(table.to_pylist()), read_scorecard(connection, standard, release.edition.year)
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


def _decisions(project: Project, submissions: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return corrections and waivers of the submissions that count: no text of a cell, and no count of persons' rows."""
    found = decisions(project.warehouse, submissions=submissions)
    named = {"corrections": ("correction_id", "target_field"), "waivers": ("waiver_id", "rule_id")}
    return tuple(
        {
            "kind": kind,
            "territory": row["territory"],
            "submission": row["submission_id"],
            "decision": row[named[kind][0]],
            "about": row[named[kind][1]],
            "table": row["target_table"],
            "reason": row["reason"],
            "role": row["role"],
            "decided_on": row["decided_on"].isoformat(),
            "expires_on": row["expires_on"].isoformat(),
        }
        for kind in named
        for row in found[kind]
    )


def _submissions_of_totals(project: Project, standard: Standard) -> frozenset[str]:
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        return submissions_of_totals(connection, standard)
    finally:
        connection.close()


def _places_of_totals(release: Release) -> dict[str, frozenset[tuple[str, str]]]:
    """Return by population of cases where its place is taken by totals that senders counted themselves."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for table in release.tables:
        if table.population.figures is not None and table.covered is not None:
            beside = table.population.figures.beside
            found[beside] = found.get(beside, frozenset()) | table.covered
    return found


def _complete(
    project: Project, standard: Standard, counted: Sequence[str], totals: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Return the (territory, year) pairs whose data cover all known cases: only there is a zero a zero (R7)."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard, only=counted)
        rows = connection.execute(
            "SELECT s.submission_id, s.territory, year(s.period_start), year(s.period_end) "
            'FROM "current".submission AS s '
            "JOIN warehouse.core.submission AS h USING (submission_id) WHERE h.coverage = 'ALL_KNOWN'"
        ).fetchall()
    finally:
        connection.close()
    return frozenset(
        (t, str(y)) for name, t, first, last in rows if name not in totals for y in range(first, last + 1)
    )


VICTIMS = ("DETECTED", "IDENT_ALL")
"""Whom others count that our own persons identified can be put beside (T43)."""


def published_figures(
    project: Project,
    standard: Standard,
    edition: Edition,
    submissions: Sequence[Mapping[str, Any]],
    populations: Sequence[str] = VICTIMS,
) -> tuple[Mapping[str, str], ...]:
    """Read the national totals that others publish, as they print them.

    Parameters
    ----------
    populations : sequence of str
        Codes of ``aggregate_population``.

    Returns
    -------
    tuple of mappings
        ``territory``, ``year``, ``population``, ``value_text``, ``source``; of public data that were imported ``publisher``
        is who prints them, and ``source`` says the release, too. Where a publisher prints several totals of one territory
        and year, none is chosen.
    """
    reference = [r["submission"] for r in submissions if r["use"] == "reference" and r["state"] == "accepted"]
    first, last = edition.trend_from, edition.year
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        rows = connection.execute(
            "SELECT a.territory, a.reference_year, a.population, any_value(a.value), any_value(a.value_qualifier), "
            "s.profile, any_value(s.released)::VARCHAR, any_value(s.sender) "
            "FROM warehouse.core.aggregate_cell AS a JOIN warehouse.raw.submission AS s USING (submission_id) "
            "WHERE list_contains(?, submission_id) AND list_contains(?, a.population) AND a.breakdown = 'TOTAL' "
            "AND a.sex = 'TOTAL' AND a.age_group = 'TOTAL' AND a.reference_year BETWEEN ? AND ? "
            "GROUP BY a.territory, a.reference_year, a.population, s.profile "
            "HAVING count(*) = 1 AND (any_value(a.value) IS NOT NULL OR any_value(a.value_qualifier) = 'LT5') ORDER BY ALL",
            [list(reference), list(populations), first, last],
        ).fetchall()
        told = totals_by_stage(connection, standard, reference, first, last)
        cases = tuple(figure for figure in told if figure["population"] in populations)
    finally:
        connection.close()
    reporting = set(standard.reporting_territories)
    return (
        _reference_figures(standard, first, last, populations)
        + cases
        + tuple(
            {
                "territory": territory,
                "year": str(year),
                "population": population,
                "value_text": "<5" if qualifier == "LT5" else str(value),
                "source": source if released is None else f"{source} ({released})",
                "publisher": source,
            }
            for territory, year, population, value, qualifier, _, released, source in rows
            if territory in reporting
        )
    )


def _reference_figures(
    standard: Standard, first: int, last: int, populations: Sequence[str]
) -> tuple[dict[str, str], ...]:
    """Return the national totals of ``schemas/reference/published_figures.csv``."""
    found = []
    for row in read_csv(standard.folder / "reference" / "published_figures.csv"):
        total = all(row[column] == "TOTAL" for column in ("breakdown", "category", "sex", "age_group"))
        if total and row["population"] in populations and first <= int(row["reference_year"]) <= last:
            found.append(
                {
                    "territory": row["territory_id"],
                    "year": row["reference_year"],
                    "population": row["population"],
                    "value_text": row["value"],
                    "source": row["source_title"],
                }
            )
    return tuple(found)
