"""The warehouse as an edition counted it: the submissions and links of the time, and the SQL that makes it so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from clearing_point.analysis.count import open_current, population_table
from clearing_point.analysis.persons import LINKED
from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem
from clearing_point.linkage.step import link_submissions
from clearing_point.project import Project
from clearing_point.publication.edition import Edition
from clearing_point.publication.frozen_years import Vintage, vintage_of
from clearing_point.publication.released import manifests
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect

LINKS_FILE = "LINKS.parquet"
"""Stands in the statements for the file that holds the links between cases."""


@dataclass
class Office:
    """The warehouse as it was counted, and the statements that made it so."""

    connection: Any
    statements: list[str] = field(default_factory=list)
    links: Any = None

    def execute(self, sql: str, *more: Any) -> Any:
        """Execute, and write down what makes or changes something."""
        if sql.lstrip().upper().startswith(("CREATE", "DROP")):
            self.statements.append(sql)
        return self.connection.execute(sql, *more)

    def register(self, name: str, table: Any) -> None:
        """Keep a small list of submissions as a table of its own, so that the statements alone make it again."""
        (column,) = table.column_names
        rows = ", ".join(
            f"('{str(value).replace(chr(39), chr(39) * 2)}')" for value in table[column].to_pylist()
        )
        self.execute(f"CREATE TABLE {name} ({column} VARCHAR)")
        if rows:
            self.statements.append(f"INSERT INTO {name} VALUES {rows}")
            self.connection.execute(self.statements[-1])


@contextmanager
def as_counted(
    project: Project, standard: Standard, vintage: Vintage, populations: Sequence[str]
) -> Iterator[Office]:
    """Open the warehouse as it was counted, with the tables of some populations."""
    office = Office(connect(Path(":memory:"), attach={"warehouse": project.warehouse}))
    place = str(project.warehouse).replace("'", "''")
    office.statements.append(f"ATTACH '{place}' AS warehouse (READ_ONLY)")
    try:
        open_current(office, standard, only=vintage[0])
        link_submissions(project, standard, office.connection, LINKED, vintage[1])
        links = office.connection.execute(f"SELECT * FROM {LINKED}").to_arrow_table()
        if links.num_rows:
            office.links = links
            office.statements.append(
                f"CREATE TEMP TABLE {LINKED} AS SELECT * FROM read_parquet('{LINKS_FILE}')"
            )
        for name in populations:
            population_table(office, standard, name)
        yield office
    except duckdb.Error as error:
        raise InputProblem(
            "The warehouse does not fit the standard of today: `clearing-point rebuild`, then trace again."
        ) from error
    finally:
        office.connection.close()


def vintage_of_today(project: Project, edition: Edition) -> Vintage:
    """Return what the newest release of an edition was counted from; decisions as they are."""
    manifest = dict(manifests(project))[edition.year]
    issues = [i for i in Ledger(project.ledger).issues_in_force() if i.note["edition"] == edition.year]
    submissions = tuple(s["submission"] for s in manifest["submissions"])
    return submissions, int(issues[-1].note.get("links", {}).get("decisions", 0)) if issues else 0


def vintages(project: Project, edition: Edition) -> dict[str, Vintage]:
    """Return by year what it was counted from: the issue that published it first keeps it (:mod:`.frozen_years`)."""
    today = vintage_of_today(project, edition)
    issues = [i for i in Ledger(project.ledger).issues_in_force() if i.note["edition"] <= edition.year]
    others = [i for i in issues if i.note["edition"] != edition.year]
    mine = [i for i in issues if i.note["edition"] == edition.year]
    since: dict[str, Vintage] = {}
    for issue in [*others, *mine]:
        for year in issue.note["years"]:
            since.setdefault(year, vintage_of(issue, today))
    return since
