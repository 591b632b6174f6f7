"""Linking as a step over the submissions in force: a function of them, of what the region agreed, and of decisions.

Nothing is stored: every count links anew over the submissions that it counts, so that a cut-off date, a resubmission or a
rebuild gives the links that belong to it. What must outlive them (decisions, links of ended rounds) are files of the data
folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clearing_point.linkage.decisions import Decision, as_decided, load_decisions, stale
from clearing_point.linkage.inputs import PERSON, open_input
from clearing_point.linkage.link import GROUP, Linked, link
from clearing_point.linkage.rounds import carried_over, load_carried
from clearing_point.linkage.settings import LinkageSettings, load_linkage
from clearing_point.project import Project
from clearing_point.standard import Standard


@dataclass(frozen=True)
class LinkedSubmissions:
    """Links over the submissions in force, and what somebody should look at.

    Attributes
    ----------
    stale : tuple of str
        One sentence a decision that no longer stands on what it stood on.
    """

    linked: Linked
    settings: LinkageSettings
    decisions: tuple[Decision, ...]
    stale: tuple[str, ...]


def link_submissions(
    project: Project, standard: Standard, connection: Any, target: str, first_decisions: int | None = None
) -> LinkedSubmissions:
    """Link the cases of the ``current`` views and make the temporary table ``target``.

    Parameters
    ----------
    connection : duckdb connection
        With the views of schema ``current``; nothing outside temporary tables is written.
    target : str
        Gets ``person_id`` of a case, ``linked`` (smallest case of its person after certain links) and ``lowest`` (if every
        open candidate were one person), for every case that is linked at all.
    first_decisions : int, optional
        Take only so many lines of decisions: those of an earlier time.

    Raises
    ------
    InputProblem
        If the file of decisions is not what it must be.
    """
    settings = load_linkage(standard.folder)
    open_input(connection, settings)
    decisions = load_decisions(project, first_decisions)
    decided = [*carried_over(load_carried(project)), *as_decided(decisions)]
    linked = link(connection, settings, tuple(standard.missing_codes), decided)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT g.person_id, x.person_id AS linked, y.person_id AS lowest "
        f"FROM {GROUP} AS g JOIN {PERSON} AS x ON x.number = g.group_number "
        f"JOIN {PERSON} AS y ON y.number = g.lowest_group_number ORDER BY 1"
    )
    return LinkedSubmissions(linked, settings, decisions, tuple(stale(connection, decisions)))
