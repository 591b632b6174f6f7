"""The numbers of a release as they are printed: cells of its tables, found by what they are broken down by."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from clearing_point.analysis.model import TOTAL
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.edition import Edition, load_edition
from clearing_point.publication.released import manifests


@dataclass(frozen=True)
class Printed:
    """One cell of a released table: variable -> category, and what stands there.

    Attributes
    ----------
    shown : int or None
        None where it is hidden or missing; `protection` says which.
    """

    table: str
    cell: Mapping[str, str]
    shown: int | None
    protection: str
    measure: str | None = None


def released_edition(project: Project, year: int | None) -> Edition:
    """Return an edition that is out, the newest if none is named; the warehouse that it was counted from is there."""
    if not project.warehouse.exists():
        raise InputProblem(
            "There is no warehouse here: numbers are traced where they are counted, in the office."
        )
    out = [edition for edition, _ in manifests(project)]
    if not out:
        raise InputProblem("Nothing is published yet: `clearing-point publish --edition YEAR` first.")
    if year is not None and year not in out:
        raise InputProblem(f"Edition {year} is not out: {', '.join(map(str, out))}.")
    return load_edition(project, year or out[-1])


def printed_cells(project: Project, edition: Edition, table: str) -> list[Printed]:
    """Return every cell of a released table."""
    path = project.releases / str(edition.year) / "data" / f"{table}.csv"
    if not path.is_file():
        raise InputProblem(f"{path} is not there: publish the edition again.")
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value, protection, measure = row.pop("value"), row.pop("protection"), row.pop("measure", None)
            shown = int(value) if value else None
            found.append(Printed(table, dict(row), shown, protection, measure))
    return found


def cell_at(project: Project, edition: Edition, table: str, where: Mapping[str, str]) -> Printed:
    """Return the one cell that conditions name; a variable that they do not name stands at its total."""
    cells = printed_cells(project, edition, table)
    codes: dict[str, list[str]] = {}
    for printed in cells:
        for variable, code in printed.cell.items():
            if code not in codes.setdefault(variable, []):
                codes[variable].append(code)
    if not cells:
        raise InputProblem(f"Table {table} is withheld as a whole: it prints no number.")
    for variable, code in where.items():
        if variable not in codes:
            raise InputProblem(f"{table} has no variable '{variable}': {', '.join(codes)}.")
        if code not in codes[variable]:
            raise InputProblem(f"{variable} has no category '{code}': {', '.join(codes[variable])}.")
    wanted = {}
    for variable, known in codes.items():
        if variable not in where and TOTAL not in known and len(known) > 1:
            raise InputProblem(
                f"Name {variable}, which has no total: --where {variable}=... ({', '.join(known)})."
            )
        wanted[variable] = where.get(variable, TOTAL if TOTAL in known else known[0])
    found = [printed for printed in cells if printed.cell == wanted]
    if not found:
        raise InputProblem(f"{table} prints no cell {', '.join(wanted.values())}.")
    return found[0]
