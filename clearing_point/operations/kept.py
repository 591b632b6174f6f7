"""Questions about what is kept: the project's own data, the ledger, archive and warehouse, rows, versions."""

from __future__ import annotations

import platform

from clearing_point import __version__
from clearing_point.disclosure import Ledger
from clearing_point.intake.archive import check_archived, refuse_lost_archive
from clearing_point.operations.answers import LOOK, OK, OPERATOR, WRONG, Said
from clearing_point.project import Project, refuse_other_project
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.publication.states import refuse_lost_states
from clearing_point.report.lock import read_lock
from clearing_point.report.lock import versions as installed
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import DELETED, REFUSED
from clearing_point.warehouse.receipts import read_receipts
from clearing_point.warehouse.worked_out import differing


def owner_project(project: Project) -> Said:
    """Is the data folder that of this project?"""
    refuse_other_project(project)
    return OK, f"the data folder is that of {project.root}.", "", {}


def ledger(project: Project) -> Said:
    """Does the ledger know all that is out?"""
    records = Ledger(project.ledger).records()  # the chain is followed
    refuse_lost_ledger(project)
    refuse_lost_states(project)
    return OK, f"{len(records)} records; it knows all that is out.", "", {"records": len(records)}


def archive(project: Project) -> Said:
    """Is every file of the warehouse in the archive, and whole?"""
    if not project.warehouse.exists():
        if project.receipts.is_file():
            return WRONG, "the warehouse is not there: `clearing-point rebuild`.", OPERATOR, {}
        refuse_lost_archive(project)
        return OK, "nothing has been loaded yet.", "", {"submissions": 0}
    if not project.receipts.is_file():
        refuse_lost_archive(project)  # the warehouse can be read: it is what they are made again from
    with opened(project.warehouse, read_only=True) as connection:
        rows = connection.execute("SELECT submission_id, file_sha256, status FROM raw.submission").fetchall()
    check_archived(
        project, [(sha256, name) for name, sha256, status in rows if status not in (REFUSED, DELETED)]
    )
    kept = read_receipts(project.receipts)["raw.submission"]
    at = kept["columns"].index("submission_id")
    facts = {"submissions": len(rows)}
    if {row[at] for row in kept["rows"]} != {name for name, *_ in rows}:
        return (
            WRONG,
            "the receipts beside the archive name other submissions than the warehouse.",
            OPERATOR,
            facts,
        )
    return OK, f"all {len(rows)} submissions are there, their files whole.", "", facts


def rows(project: Project, standard: Standard) -> Said:
    """Were rows worked out by what is in force?"""
    found = differing(project, standard)
    if found is None:
        return OK, "worked out under the standard, profiles and program in force.", "", {"submissions": 0}
    said = f"{found.sentence()} The next nightly run works them out again, or `clearing-point rebuild`."
    return LOOK, said, OPERATOR, {"submissions": found.submissions, "by": dict(found.by)}


def versions(project: Project) -> Said:
    """Are the packages those that the last report was made with?"""
    here = {"clearing-point": __version__, "python": platform.python_version(), **installed()}
    missing = [name for name, version in here.items() if not version]
    if missing:
        return WRONG, f"not installed: {', '.join(missing)}.", OPERATOR, here
    reports = sorted(project.builds.glob("[0-9]*/[0-9]*.lock.json"))
    before = read_lock(reports[-1].parent, int(reports[-1].parent.name))["packages"] if reports else here
    moved = [name for name in here if before.get(name) != here[name]]
    if moved:
        year = reports[-1].parent.name
        return (
            LOOK,
            f"other versions than the report {year} was made with: {', '.join(moved)}.",
            OPERATOR,
            here,
        )
    return OK, f"clearing-point {__version__}, Python {here['python']}.", "", here
