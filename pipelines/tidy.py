"""What of a data folder may be deleted, and the deletion of that and of nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from clearing_point.operations.leftovers import Leftover, leftovers
from clearing_point.project import Project
from clearing_point.warehouse.connection import changing_alone
from clearing_point.workplace import alone


@dataclass(frozen=True)
class Tidied:
    """What was deleted, or would be."""

    leftovers: tuple[Leftover, ...]
    deleted: bool

    def sentence(self) -> str:
        """Return one line for a person."""
        size = sum(each.size for each in self.leftovers) / 1_000_000
        verb = "were deleted" if self.deleted else "may be deleted"
        return f"{len(self.leftovers)} files and folders {verb}, {size:.1f} MB."


def tidy(project: Project, *, dry_run: bool = False) -> Tidied:
    """Delete what may be deleted, while no other command works.

    Raises
    ------
    InputProblem
        If another command works in the data folder, or it is another user's.
    """
    project.prepare()
    with (
        changing_alone(project, "changing the warehouse"),
        alone(project.publication_lock, "publishing or building a report"),
    ):
        found = leftovers(project)
        for each in found if not dry_run else ():
            if each.path.is_dir():
                shutil.rmtree(each.path)
            else:
                each.path.unlink(missing_ok=True)
    return Tidied(tuple(found), deleted=not dry_run)
