"""The warehouse made anew from the archive: outputs are a function of archive, schemas, profiles and code."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clearing_point.countries import Profile, in_format_of, profile_of_source, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.receive import archived_file
from clearing_point.linkage.rounds import forget_ended
from clearing_point.linkage.settings import load_linkage
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.store import (
    DELETED,
    REFUSED,
    content_hash,
    copy_events,
    copy_receipt,
    opened,
    prepare_warehouse,
)
from pipelines.ingest import load


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    submissions: int
    before: str
    after: str

    def summary(self) -> dict[str, Any]:
        """Return the outcome for a program."""
        return {"submissions": self.submissions, "content_before": self.before, "content_after": self.after,
                "same": self.before == self.after}  # fmt: skip

    def sentence(self) -> str:
        """Return one line for a person."""
        same = "the content is the same" if self.before == self.after else "the content differs from before"
        return f"{self.submissions} submissions were loaded again from the archive; {same}."


def rebuild(
    project: Project, standard: Standard, *, progress: Callable[[str], None] = lambda _: None
) -> Rebuilt:
    """Load every archived file again, in the order received, into a new warehouse; then put it in place.

    Raises
    ------
    InputProblem
        If there is no warehouse that lists what was received, or an archived file is missing or damaged.
    """
    if not project.warehouse.exists():
        raise InputProblem("There is no warehouse yet: nothing to rebuild.")
    with opened(project.warehouse, read_only=True) as connection:
        before = content_hash(connection, standard)
        cursor = connection.execute(
            "SELECT * FROM raw.submission ORDER BY received_at, version_number, submission_id"
        )
        names = [column[0] for column in cursor.description]
        received = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    scratch = Path(tempfile.mkdtemp(prefix="rebuild-", dir=project.work))
    try:
        target = replace(project, data=scratch / "data", archive_folder=project.archive)
        prepare_warehouse(target, standard)
        for receipt in received:
            progress(receipt["submission_id"])
            if receipt["status"] in (REFUSED, DELETED):
                # Of a refused or deleted file only the receipt was kept; it is carried over as it stands.
                copy_receipt(project.warehouse, target.warehouse, receipt["submission_id"])
            else:
                _load_again(project, target, standard, receipt)
        copy_events(project.warehouse, target.warehouse)
        with opened(target.warehouse) as connection:
            forget_ended(project, connection, load_linkage(standard.folder))
            after = content_hash(connection, standard)
        os.replace(target.warehouse, project.warehouse)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Rebuilt(len(received), before, after)


def _load_again(project: Project, target: Project, standard: Standard, receipt: dict[str, Any]) -> None:
    """Load the archived original of one receipt under its own name and time."""
    copy = target.work / receipt["file_name"]
    shutil.copyfile(archived_file(project, receipt["file_sha256"]), copy)
    profile = _profile_of(project, receipt)
    first, last = receipt["period_start"].year, receipt["period_end"].year
    load(
        target,
        standard,
        copy,
        profile,
        str(first) if first == last else f"{first}-{last}",
        made_data=receipt["made_data"],
        received_at=receipt["received_at"],
        encoding=receipt["encoding"],
    )
    copy.unlink()


def _profile_of(project: Project, receipt: dict[str, Any]) -> Profile:
    """Return the profile by which a file was read: of its territory, of a public source, or of both."""
    name, _, other = receipt["profile"].partition("/")
    if not receipt["territory"]:
        return profile_of_source(project, name)
    profile = profile_of_territory(project, receipt["territory"])
    in_public_format = other and (project.sources / other / "profile.yml").is_file()
    return in_format_of(profile, profile_of_source(project, other)) if in_public_format else profile
