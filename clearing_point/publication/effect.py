"""What a new version of a submission would do to what is published: places, never numbers of a release's own."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.analysis.count import count_indicators, open_current
from clearing_point.disclosure import Ledger
from clearing_point.project import Project
from clearing_point.publication.edition import Edition, load_edition
from clearing_point.publication.released import editions_with
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.lake import copy_to_file
from clearing_point.warehouse.merge import merge
from clearing_point.warehouse.workspace import Workspace
from clearing_point.workplace import drop_work, work_folder

_TERRITORY, YEAR = "territory", "year"
"""Variable of the reporting territory, and the code list of calendar years."""
_MOST_VARIABLES = 3
"""Of a table that is shown beside the year before: territory, year and one more."""


@dataclass(frozen=True)
class Moved:
    """Cells of one published table that would change; only cells whose number is published."""

    edition: int
    table: str
    cells: tuple[str, ...]


Beside = tuple[str, int | None, int, int]
"""A category (table and codes), and its counts in the year before, in the version in force and in the new one."""


@dataclass(frozen=True)
class Effect:
    """Editions that used the earlier version, the published cells that would move, and the counts of both versions.

    Attributes
    ----------
    frozen : tuple of Moved
        Published cells that would be counted otherwise, but whose years are out: they stay as printed.
    beside : tuple of (label, earlier year or None, this year before, this year after)
        The sender's own persons by the categories of the first tables of the newest edition; for her eyes. None where
        nothing of hers is counted of the year before.
    """

    editions: tuple[int, ...]
    moved: tuple[Moved, ...]
    beside: tuple[Beside, ...]
    frozen: tuple[Moved, ...] = ()


def effect_of(
    project: Project,
    standard: Standard,
    workspace: Workspace,
    submission_id: str,
    earlier: str,
    territory: str | None,
    years: range,
) -> Effect:
    """Count the tables of the editions with the earlier version and with the new one, and compare.

    Parameters
    ----------
    workspace : Workspace
        Holds the new version, judged and accepted.
    years : range
        Calendar years of the submission's period.

    Notes
    -----
    The new version is merged into a copy of the warehouse, which is removed afterwards.
    """
    editions = editions_with(project, earlier)
    newest = _newest(project)
    wanted = [load_edition(project, year) for year in dict.fromkeys((*editions, *newest))]
    if not wanted:
        return Effect(editions, (), ())
    folder = work_folder(project.work, "effect-")
    try:
        after = Project(root=project.root, data=folder)
        after.prepare()
        copy_to_file(project.warehouse, after.warehouse)
        merge(after, standard, workspace, submission_id, accepted=True)
        moved: list[Moved] = []
        stays: list[Moved] = []
        out = _frozen_years(project)
        beside: tuple[Beside, ...] = ()
        for edition in wanted:
            now, then = (_counts(p.warehouse, standard, edition) for p in (project, after))
            if edition.year in editions:
                changed, kept = _moved(project, standard, edition, now, then, out)
                moved += changed
                stays += kept
            if edition.year in newest:
                beside = _beside(standard, now, then, territory, years)
    finally:
        drop_work(folder)
    return Effect(editions, tuple(moved), beside, tuple(stays))


def _frozen_years(project: Project) -> frozenset[str]:
    """Return the years that are out by the ledger: later submissions no longer change what is printed of them."""
    if not project.ledger.is_file():
        return frozenset()
    return frozenset(
        year for issue in Ledger(project.ledger).issues_in_force() for year in issue.note["years"]
    )


def _newest(project: Project) -> tuple[int, ...]:
    years = sorted(int(p.stem) for p in project.editions.glob("[0-9]*.yml") if p.stem.isdigit())
    return tuple(years[-1:])


_Counts = dict[str, tuple[tuple[str, ...], dict[tuple[str, ...], int]]]
"""Table -> its variables and its true counts by cell; they stay in this process."""


def _counts(warehouse: Path, standard: Standard, edition: Edition) -> _Counts:
    by_id = {i.indicator_id: i for i in standard.indicators}
    indicators = [by_id[table] for table in edition.tables if table in by_id]
    connection = connect(Path(":memory:"), attach={"warehouse": warehouse})
    try:
        open_current(connection, standard, str(edition.cut_off) if edition.cut_off else None)
        counted = count_indicators(
            connection, standard, indicators, list(range(edition.trend_from, edition.year + 1)), related=False
        )
    finally:
        connection.close()
    return {
        c.indicator.indicator_id: (tuple(d.variable for d in c.table.dimensions), dict(c.table.counts))
        for c in counted
    }


def _moved(
    project: Project,
    standard: Standard,
    edition: Edition,
    now: _Counts,
    then: _Counts,
    out: frozenset[str],
) -> tuple[list[Moved], list[Moved]]:
    """Return the published cells that would move, and those of years in `out`, which would not."""
    found: tuple[list[Moved], list[Moved]] = ([], [])
    by_id = {i.indicator_id: i for i in standard.indicators}
    for table, (variables, counts) in now.items():
        shown = _shown(project.releases / str(edition.year) / "data" / f"{table}.csv", variables)
        changed = sorted(
            cell for cell in shown if counts.get(cell, 0) != then.get(table, (variables, {}))[1].get(cell, 0)
        )
        years = {b.variable for b in by_id[table].by if b.codelist == YEAR}
        frozen = [
            cell
            for cell in changed
            if any(v in years and code in out for v, code in zip(variables, cell, strict=True))
        ]
        for cells, moved in zip(([c for c in changed if c not in frozen], frozen), found, strict=True):
            if cells:
                moved.append(Moved(edition.year, table, tuple(" ".join(cell) for cell in cells)))
    return found


def _shown(path: Path, variables: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the cells of a released table whose number is published."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if not {*variables, "value"} <= set(reader.fieldnames or ()):
            return set()  # the table was laid out otherwise when it was released
        return {tuple(row[v] for v in variables) for row in reader if row["value"]}


def _beside(
    standard: Standard, now: _Counts, then: _Counts, territory: str | None, years: range
) -> tuple[Beside, ...]:
    """Gather the territory's own counts of the last year and the year before, table by table."""
    rows = []
    by_id = {i.indicator_id: i for i in standard.indicators}
    last, before = str(years[-1]), str(years[-1] - 1)
    for table, (variables, counts) in now.items():
        codelists = {b.variable: b.codelist for b in by_id[table].by}
        when = next((n for n, v in enumerate(variables) if codelists[v] == YEAR), None)
        if _TERRITORY not in variables or when is None or len(variables) > _MOST_VARIABLES:
            continue
        place = variables.index(_TERRITORY)
        cells = sorted({c for c in (*counts, *then[table][1]) if c[place] == territory and c[when] == last})
        there = any(n for c, n in counts.items() if c[place] == territory and c[when] == before)
        for cell in cells:
            earlier = tuple(before if n == when else code for n, code in enumerate(cell))
            label = " ".join((table, *(c for n, c in enumerate(cell) if n not in (place, when))))
            year_before = counts.get(earlier, 0) if there else None
            rows.append((label, year_before, counts.get(cell, 0), then[table][1].get(cell, 0)))
    return tuple(rows)
