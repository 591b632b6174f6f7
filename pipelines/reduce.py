"""An archive of originals, as earlier versions kept it, made into one that keeps what the profiles asked for."""

from __future__ import annotations

from collections.abc import Callable

from clearing_point.errors import InputProblem
from clearing_point.intake.archive import original_of
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.received_before import Reduced, reduce_original
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import DELETED, REFUSED
from clearing_point.warehouse.made_anew import received_in_order
from clearing_point.warehouse.merge import columns_there, digests, hash_of_tables
from pipelines.rebuild import rebuild

Progress = Callable[[str], None]
_ROWS = ("staged.", "core.")
"""What was read from the files: it must not change."""


def reduce(
    project: Project, standard: Standard, *, anyway: bool = False, progress: Progress = lambda _: None
) -> Reduced:
    """Keep of every archived original what its profile asks for, make the warehouse anew, and remove the originals.

    Parameters
    ----------
    anyway : bool
        Remove the originals although rows or findings differ from before.

    Raises
    ------
    InputProblem
        If nothing was received, an original is missing or damaged, or its headings are no longer those of its
        profile; nothing is removed then.
    """
    if not project.warehouse.exists():
        raise InputProblem("There is no warehouse: `clearing-point rebuild` first.")
    project.prepare()
    with changing_alone(project, "reducing the archive"):
        with opened(project.warehouse, read_only=True) as connection:
            columns = columns_there(connection, standard)
            before = digests(connection, columns)
        received = received_in_order(project.warehouse)
        stored = [r for r in received if r["status"] not in (REFUSED, DELETED)]
        for receipt in stored:
            progress(f"reducing {receipt['submission_id']}")
            reduce_original(project, standard, receipt)
        rebuild(project, standard, progress=progress)
        with opened(project.warehouse, read_only=True) as connection:
            after = digests(connection, columns)
        differing = tuple(table for table in columns if before[table] != after[table])
        # Those of files that a rebuild refused since, too: of a refused file nothing stays.
        left = {path for receipt in received if (path := original_of(project, receipt["file_sha256"]))}
        removed = 0
        if anyway or not any(table.startswith(_ROWS) for table in differing):
            for path in sorted(left):
                path.chmod(0o600)
                path.unlink()
            removed, left = len(left), set()
    return Reduced(len(stored), hash_of_tables(before), hash_of_tables(after), differing, removed, len(left))
