"""The release of an edition: counted, protected beside what is out, audited and written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from clearing_point import __version__
from clearing_point.analysis.answers import refuse_told_by_answers
from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.analysis.known import relations_of
from clearing_point.analysis.links import note_of, notes_on_links
from clearing_point.analysis.measures import (
    Denominators,
    declared_denominator,
    notes_of,
    read_denominators,
    values_of,
)
from clearing_point.analysis.model import PublishedTable
from clearing_point.analysis.not_known import refuse_told_by_not_known
from clearing_point.analysis.own_rows import refuse_keys, refuse_measured_categories, refuse_named_rows
from clearing_point.analysis.parts import refuse_told_by_others
from clearing_point.analysis.persons import LINKED
from clearing_point.analysis.reconcile import quality_by_submission
from clearing_point.analysis.release import write_release
from clearing_point.analysis.scorecard import read_scorecard, scorecard_resource
from clearing_point.disclosure import Protected, load_policy, printed_cost
from clearing_point.disclosure.certificates import certificates_text
from clearing_point.errors import InputProblem
from clearing_point.linkage.decisions import count_decisions
from clearing_point.linkage.step import LinkedSubmissions, link_submissions
from clearing_point.project import Project, hash_of_folder
from clearing_point.publication.as_received import (
    refuse_damaged,
    refuse_other_lists,
    refuse_other_receipts,
)
from clearing_point.publication.checkpoint import FILE as VALIDATION
from clearing_point.publication.checkpoint import Checkpoint, run_checkpoint
from clearing_point.publication.covered_years import covered_years
from clearing_point.publication.edition import Edition, load_edition
from clearing_point.publication.issue import publish_tables
from clearing_point.publication.late_lines import late_lines
from clearing_point.standard import Standard
from clearing_point.standard.model import Indicator
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.receipts import nothing_loaded
from clearing_point.warehouse.worked_out import refuse_differing

Progress = Callable[[str], None]
DRAFT_TITLE = "DRAFT, not to leave the office:"
_SCORECARD = "data/T40.csv"


@dataclass(frozen=True)
class Release:
    """The protected tables of an edition and the folder they were written to."""

    edition: Edition
    tables: tuple[PublishedTable, ...]
    folder: Path
    submissions: tuple[str, ...]
    data_as_of: str
    """The cut-off date of the edition, or the day on which the last counted submission came."""
    late: Mapping[str, Protected] = field(default_factory=dict)
    """Lines of persons who came, were withdrawn or turned out to be one after their year went out, by name."""
    stale: tuple[str, ...] = ()
    """Decisions about links to look at again, a sentence each."""
    validated: Checkpoint | None = None
    """What Great Expectations said of the submissions that count."""

    def summary(self) -> dict[str, Any]:
        """Return counts for a program."""
        cells = [cell for t in self.tables for cell in t.protected.cells.values()]
        return {
            "edition": self.edition.year,
            "tables": len(self.tables),
            "withheld": [t.indicator.indicator_id for t in self.tables if t.protected.withheld],
            "cells": len(cells),
            "hidden": sum(1 for c in cells if c.shown is None),
            "submissions": list(self.submissions),
            "folder": str(self.folder),
            "stale_decisions": list(self.stale),
        }

    def sentence(self, standard: Standard, language: str = "en") -> str:
        """Return what was published, for a person; why a table is withheld is said in English, as it is printed."""
        counts = self.summary()
        withheld = counts["withheld"]
        reasons: dict[str, list[str]] = {}
        for table in self.tables:
            if table.protected.withheld:
                reasons.setdefault(table.protected.reason, []).append(table.indicator.indicator_id)
        said = "; ".join(f"{', '.join(names)}: {reason.rstrip('.')}" for reason, names in reasons.items())
        named = f" ({said})" if said else ""
        published = standard.word(
            "screen", "published", language, tables=str(counts["tables"] - len(withheld)), hidden=str(counts["hidden"]),
            cells=str(counts["cells"]), withheld=f"{len(withheld)}{named}", folder=self.folder,
        )  # fmt: skip
        return published + (f"\n{self.validated.sentence}" if self.validated else "")


def make_release(
    project: Project,
    standard: Standard,
    year: int,
    place: Path,
    *,
    complete_revision: str = "",
    only: Sequence[str] | None = None,
    draft: bool = False,
    language: str = "en",
    progress: Progress = lambda _: None,
) -> Release:
    """Make the release of an edition in a folder of its own; its issue is prepared and not yet in the ledger.

    :func:`clearing_point.publication.prepared_issue.issue_release` publishes it.

    Parameters
    ----------
    complete_revision : str
        The reason, to be printed, for which everything published before is declared void.
    only : sequence of str, optional
        Count exactly these submissions: those of a lock.
    draft : bool
        Say in the title that it is a draft; whoever asks for one does not put it out.
    language : str
        Of what the validation suites say.

    Raises
    ------
    InputProblem
        If there is no such edition, rows were worked out under another standard, profile or program, nothing was
        accepted yet, what counts does not pass the validation suites, the tables cannot be made safe (it names them), or
        the edition is out and its numbers have changed since (:mod:`clearing_point.publication.issue`).
    """
    edition = load_edition(project, year)
    if draft:
        edition = replace(edition, title=f"{DRAFT_TITLE} {edition.title}")
    if not project.warehouse.exists():
        raise nothing_loaded(project.receipts)
    refuse_damaged(project, standard, language)
    refuse_differing(project, standard)
    refuse_other_lists(project, standard, language)
    refuse_other_receipts(project, standard, language)
    progress("counting")
    with library_beside() as ask:
        counted, denominators, submissions, made_data, people, links = _count(
            project, standard, edition, only
        )
        progress("validating")
        validated = run_checkpoint(project, standard, submissions, ask, language)
    policy = load_policy(project.schemas / "disclosure.yml")
    if stray := policy.not_known - set(standard.missing_codes):
        raise InputProblem(
            f"Disclosure policy: '{min(stray)}' is no missing code of the standard, so it tells of persons and is protected."
        )
    policy_text = (project.schemas / "disclosure.yml").read_bytes()
    relations = relations_of(counted)
    out = publish_tables(
        project, edition, policy, counted, relations, submissions, _inputs(people, standard, edition),
        lambda then, decisions: _count(project, standard, edition, then, decisions)[0],
        links=note_of(links.linked, count_decisions(project), policy.percent_base),
        complete_revision=complete_revision, progress=progress,
    )  # fmt: skip
    covered = covered_years(project, standard, edition, submissions)
    tables = tuple(
        PublishedTable(
            indicator=c.indicator,
            population=standard.populations[c.indicator.population],
            protected=out.tables[c.table.table_id],
            submissions=submissions,
            made_data=made_data,
            query=c.query,
            notes=(
                *(note.translated(standard.policy_texts) for note in out.notes[c.table.table_id]),
                *notes_of(c, standard, denominators),
                *notes_on_links(links.settings, out.links, out.tables[c.table.table_id], standard.link_notes),
            ),
            cost=printed_cost(out.tables[c.table.table_id]),
            values=values_of(c, out.tables[c.table.table_id], policy, denominators),
            covered=covered if c.places is None else c.places,
        )
        for c in out.counted
    )
    lines = late_lines(out, {t.indicator.indicator_id: t for t in tables}, policy)
    progress("writing")
    scorecard = _scorecard(project, standard, edition)
    data_as_of = str(edition.cut_off or max(p["received"] for p in people))
    manifest = {
        "edition": year,
        "data_as_of": data_as_of,
        "made_data": made_data,
        "standard": {"version": standard.version, "sha256": standard.sha256},
        "package": __version__,
        "naming_profile": edition.naming_profile,
        "provisional_years": list(edition.provisional_years),
        "linkage_sha256": linkage_hash(project),
        "submissions": people,
        "quality": _quality(project, submissions),
        "protection": {
            "profile": edition.profile,
            "threshold": policy.threshold,
            "policy": {"sha256": hashlib.sha256(policy_text).hexdigest(), **policy.told()},
            "audited_cells": len(out.certificates.get("cells", ())),
            "withheld": sorted(t.table_id for t in out.tables.values() if t.withheld),
            "issues": list(out.issues),
            "ledger": out.ledger,
            "complete_revision": out.complete_revision or None,
            "hidden_since": {name: asdict(found) for name, found in out.hidden_since.items()},
            "cost": {t.indicator.indicator_id: dict(t.cost) for t in tables},
        },
    }
    folder = write_release(
        project,
        standard,
        year,
        edition.title,
        (*tables, *lines),
        manifest,
        {
            "certificates.json": certificates_text(out.certificates),
            **({VALIDATION: validated.text()} if validated else {}),
            _SCORECARD: scorecard,
        },
        place,
        [scorecard_resource(standard, _SCORECARD)],
        edition.about,
    )
    return Release(edition, tables, folder, submissions, data_as_of, out.late, links.stale, validated)


def linkage_hash(project: Project) -> str:
    """Return the hash of the links and decisions between cases; empty where none were made."""
    folder = project.data / "linkage"
    return hash_of_folder(folder) if folder.is_dir() else ""


def _inputs(people: list[dict[str, Any]], standard: Standard, edition: Edition) -> str:
    """Return the hash of what was counted; not of the counts, which somebody could guess and try."""
    made_of = [[p["submission"], p["file_sha256"]] for p in people]
    text = json.dumps([made_of, standard.sha256, list(edition.tables), edition.trend_from, edition.profile])
    return hashlib.sha256(text.encode()).hexdigest()


def _count(
    project: Project,
    standard: Standard,
    edition: Edition,
    only: Sequence[str] | None = None,
    decisions: int | None = None,
) -> tuple[
    list[Counted], dict[str, Denominators], tuple[str, ...], bool, list[dict[str, Any]], LinkedSubmissions
]:
    by_id = {i.indicator_id: i for i in standard.indicators}
    missing = [t for t in edition.tables if t not in by_id]
    if missing:
        raise InputProblem(f"Edition {edition.year}: there is no indicator '{missing[0]}'.")
    connection: duckdb.DuckDBPyConnection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        submissions = open_current(
            connection, standard, str(edition.cut_off) if edition.cut_off else None, only
        )
        if not submissions:
            raise InputProblem(
                f"No accepted submission counts for the edition {edition.year}: see `clearing-point status`."
            )
        people = _submissions(connection)
        years = range(edition.trend_from, edition.year + 1)
        links = link_submissions(project, standard, connection, LINKED, decisions)
        asked = [by_id[t] for t in edition.tables]
        _refuse_rows_by_name(standard, asked)
        counted = count_indicators(connection, standard, asked, list(years), related=decisions is None)
        if decisions is None:  # what an earlier edition counted was asked then
            names = sorted({c.indicator.population for c in counted})
            refuse_told_by_others(connection, standard, names)
            refuse_told_by_answers(connection, standard, asked, names)
            refuse_told_by_not_known(connection, standard, asked, names)
            refuse_measured_categories(connection, asked)
        measures = [c.indicator.measure for c in counted if c.indicator.measure is not None]
        denominators = read_denominators(
            connection, standard, [m.denominator for m in measures if m.denominator is not None]
        )
    finally:
        connection.close()
    return counted, denominators, submissions, any(p["made_data"] for p in people), people, links


def _refuse_rows_by_name(standard: Standard, indicators: Sequence[Indicator]) -> None:
    for indicator in indicators:
        refuse_keys(standard, indicator)
        if indicator.measure is not None and indicator.measure.denominator is not None:
            declared_denominator(standard, indicator.measure.denominator)
    for name in sorted({i.population for i in indicators} & standard.populations.keys()):
        if standard.populations[name].figures is None:
            refuse_named_rows(standard, standard.populations[name])


def _scorecard(project: Project, standard: Standard, edition: Edition) -> str:
    """Return the scorecard of the edition's year as CSV: facts about states and not about persons (T40)."""
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard, str(edition.cut_off) if edition.cut_off else None)
        return read_scorecard(connection, standard, edition.year).csv()
    finally:
        connection.close()


def _submissions(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Describe the submissions that count: who, which years, and what their senders declare of them."""
    table = connection.execute(
        "SELECT submission_id AS submission, r.sender, r.territory, r.made_data, r.file_sha256, "
        "r.received_at::DATE::VARCHAR AS received, year(r.period_start)::INTEGER AS first_year, "
        "year(r.period_end)::INTEGER AS last_year, r.version_number AS version, "
        "h.coverage, h.definition_identified, h.count_basis, h.kosovo_basis "
        'FROM "current".submission AS r LEFT JOIN warehouse.core.submission AS h USING (submission_id) ORDER BY 1'
    ).to_arrow_table()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _quality(project: Project, submissions: Sequence[str]) -> list[dict[str, Any]]:
    """Say how good each submission is, in whole per cent: never in numbers of rows, which could be persons (T41)."""
    return [
        {
            "submission": row["submission_id"],
            "territory": row["territory"],
            **{
                f"{name}_percent": None if row[name] is None else int(100 * row[name] + 1e-9)
                for name in ("completeness", "validity", "consistency")
            },
            "days_after_period": row["days_after_period"],
        }
        for row in sorted(quality_by_submission(project.warehouse), key=lambda r: str(r["submission_id"]))
        if row["submission_id"] in submissions
    ]
