"""From accepted submissions to a release: count, protect, audit, write, enter in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from clearing_point.project import Project
from clearing_point.publication.prepared_issue import issue_release, settled
from clearing_point.publication.release import Release, make_release
from clearing_point.publication.states import refuse_closed
from clearing_point.standard import Standard
from clearing_point.workplace import alone, drop_work, work_folder

Progress = Callable[[str], None]


def publish(
    project: Project,
    standard: Standard,
    year: int,
    *,
    complete_revision: str = "",
    only: Sequence[str] | None = None,
    language: str = "en",
    progress: Progress = lambda _: None,
) -> Release:
    """Publish the edition of a year: protected beside everything that is out, and entered in the ledger.

    Publishing the same edition again from the same inputs gives the same bytes. Parameters and errors are those
    of :func:`make_release`.
    """
    project.prepare()
    if only is None:
        refuse_closed(project, year)
    # Two that publish at once would each enter the ledger without what the other prints.
    with alone(project.publication_lock, "publishing or building a report"), settled(project):
        folder = work_folder(project.work, f"publish-{year}-")
        try:
            release = make_release(
                project, standard, year, folder / str(year),
                complete_revision=complete_revision, only=only, language=language, progress=progress,
            )  # fmt: skip
            return replace(release, folder=issue_release(project, release.folder, year))
        finally:
            drop_work(folder)
