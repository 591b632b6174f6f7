"""The archive: what is kept of each submission, read-only, under the hash of the file that came.

An archive of an earlier version holds the originals themselves; they are read like before until
``clearing-point reduce`` has replaced them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from clearing_point.errors import MachineProblem
from clearing_point.intake.kept import ENDING, is_whole, name_of_kept
from clearing_point.intake.read import hash_of_file
from clearing_point.project import Project
from clearing_point.warehouse.events import DELETED, REFUSED
from clearing_point.warehouse.receipts import read_receipts

_OPEN, _CLOSED = 0o600, 0o400


def put_away(project: Project, kept: Path, file_sha256: str, submission_id: str) -> Path:
    """Move what is kept of a submission from its workspace into the archive; the same once more is left alone."""
    folder = project.archive / file_sha256[:2]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = folder / name_of_kept(kept, file_sha256, submission_id)
    if not place.exists():
        with kept.open("rb") as handle:
            os.fsync(handle.fileno())
        os.chmod(kept, _CLOSED)
        os.replace(kept, place)
    return place


def archived_file(project: Project, file_sha256: str, submission_id: str) -> Path:
    """Return what the archive holds of a submission: its kept file, or an original of an earlier version.

    Raises
    ------
    MachineProblem
        If it is missing or damaged; names the file.
    """
    kept = _kept_of(project, file_sha256, submission_id)
    if kept:
        if not is_whole(kept[0]):
            raise _damaged(kept[0].name)
        return kept[0]
    original = original_of(project, file_sha256)
    if original is None:
        name = f"{file_sha256[:12]}..."
        raise MachineProblem(
            f"The archive has no file {name}: restore it from the backup.", "archive_missing", file=name
        )
    if hash_of_file(original) != file_sha256:
        raise _damaged(original.name)
    return original


def is_kept_form(path: Path) -> bool:
    """Whether an archived file is in the form of :mod:`clearing_point.intake.kept`, and no original."""
    return path.suffix == ENDING


def original_of(project: Project, file_sha256: str) -> Path | None:
    """Return the original that an earlier version archived, if it is there."""
    found = sorted((project.archive / file_sha256[:2]).glob(f"{file_sha256}.*"))
    return next((path for path in found if not is_kept_form(path)), None)


def check_archived(project: Project, wanted: Iterable[tuple[str, str]]) -> None:
    """Read all archived files of these (hash, submission).

    Raises
    ------
    MachineProblem
        If some are missing or damaged; names every one of them.
    """
    problems: dict[str, str] = {}
    for file_sha256, submission_id in wanted:
        try:
            archived_file(project, file_sha256, submission_id)
        except MachineProblem as problem:
            problems.setdefault(str(problem), str(problem.filled["file"]))
    if problems:
        raise MachineProblem("\n".join(problems), "archive_missing", file=", ".join(problems.values()))


def refuse_lost_archive(project: Project) -> None:
    """Stop where the archive does not hold what its receipts name, or has no receipts although something was received.

    Raises
    ------
    MachineProblem
        Naming what is missing or damaged.
    """
    if not project.receipts.is_file():
        if project.ledger.is_file() or any(project.archive.glob("??/*")):
            raise MachineProblem(
                f"{project.receipts} is missing: without it nobody knows what was received. Put it back from the newest "
                "backup, or make it again from the warehouse with `clearing-point rebuild`.",
                "archive_missing",
                file=project.receipts.name,
            )
        return
    told = read_receipts(project.receipts)["raw.submission"]
    name, sha256, status = (told["columns"].index(c) for c in ("submission_id", "file_sha256", "status"))
    check_archived(
        project, [(row[sha256], row[name]) for row in told["rows"] if row[status] not in (REFUSED, DELETED)]
    )


def _damaged(name: str) -> MachineProblem:
    return MachineProblem(
        f"The archived file {name} is damaged: restore it from the backup.", "archive_damaged", file=name
    )


def archived_submissions(project: Project) -> set[tuple[str, str]]:
    """Return submission and hash of every file that is kept, as their names say; an original names none."""
    names = [path.name.split(".") for path in project.archive.glob(f"??/*{ENDING}")]
    return {(submission_id, sha256) for sha256, submission_id, *_ in names}


def remove(project: Project, file_sha256: str, submission_id: str, *, last: bool) -> bool:
    """Remove what the archive holds of a submission; an original only with the last submission that came of it."""
    doomed = _kept_of(project, file_sha256, submission_id)
    original = original_of(project, file_sha256)
    if last and original is not None:
        doomed.append(original)
    for path in doomed:
        path.chmod(_OPEN)
        path.unlink()
    return bool(doomed)


def is_there(project: Project, file_sha256: str, submission_id: str, *, last: bool) -> bool:
    """Whether :func:`remove` would remove anything."""
    return bool(_kept_of(project, file_sha256, submission_id)) or (
        last and original_of(project, file_sha256) is not None
    )


def _kept_of(project: Project, file_sha256: str, submission_id: str) -> list[Path]:
    return sorted((project.archive / file_sha256[:2]).glob(f"{file_sha256}.{submission_id}.*{ENDING}"))
