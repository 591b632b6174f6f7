"""Before anything is counted: the warehouse is whole, and says of every submission what its receipt in the archive says.

A submission whose own row is gone, that no longer counts though nobody took it back, or that is counted for another
territory or year than it came for, would leave the counts without a word: no row of it stands among those that count,
and no expectation on these can miss it.
"""

from __future__ import annotations

import json

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.receipts import read_receipts
from clearing_point.warehouse.shape import first_difference, other_lists
from clearing_point.workplace import drop_work, work_folder

_TABLE, _KEY = "raw.submission", "submission_id"
_SHOWN = 5


def refuse_damaged(project: Project, standard: Standard, language: str = "en") -> None:
    """Refuse a warehouse of which a table or a column is gone or of another kind.

    Raises
    ------
    InputProblem
        It names the first such table or column, and what makes the warehouse anew.
    """
    with opened(project.warehouse, read_only=True) as connection:
        problem = first_difference(connection, standard, project.prepared)
    if problem:
        place = ".".join(filter(None, problem))
        raise InputProblem(standard.word("suites", "other_tables", language, place=place))


def refuse_other_lists(project: Project, standard: Standard, language: str = "en") -> None:
    """Refuse a warehouse whose reference data, such as its code lists, are not those of the standard.

    Raises
    ------
    InputProblem
        It names the tables.
    """
    folder = work_folder(project.work, "lists-")
    try:
        with opened(project.warehouse, read_only=True) as connection:
            others = other_lists(connection, standard, project.prepared, folder)
    finally:
        drop_work(folder)
    if others:
        raise InputProblem(standard.word("suites", "other_lists", language, tables=", ".join(others)))


def refuse_other_receipts(project: Project, standard: Standard, language: str = "en") -> None:
    """Compare all that receipts say of submissions, their state too: it is written with whatever changes it.

    A data folder without receipts has nothing to compare with: ``clearing-point health`` names that.

    Raises
    ------
    InputProblem
        If a submission is in one of both only, or differs in anything; it names submissions, never what differs.
    """
    if not project.receipts.is_file():
        return
    kept = read_receipts(project.receipts)[_TABLE]
    with opened(project.warehouse, read_only=True) as connection:
        cursor = connection.execute(f"SELECT * FROM {_TABLE}")
        there = [column[0] for column in cursor.description]
        # As they are written into the receipts.
        rows = json.loads(json.dumps(cursor.fetchall(), default=str))
    columns = [c for c in kept["columns"] if c in there]
    received, stored = (
        {row[names.index(_KEY)]: [row[names.index(c)] for c in columns] for row in told}
        for names, told in ((kept["columns"], kept["rows"]), (there, rows))
    )
    differing = sorted(n for n in received.keys() | stored.keys() if received.get(n) != stored.get(n))
    if differing:
        more = f" (+{len(differing) - _SHOWN})" if len(differing) > _SHOWN else ""
        named = ", ".join(differing[:_SHOWN]) + more
        raise InputProblem(standard.word("suites", "other_receipts", language, submissions=named))
