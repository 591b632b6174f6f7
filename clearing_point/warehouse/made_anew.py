"""A warehouse made anew: what the one before says, whose receipts to follow, and how the new one takes its place."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from clearing_point.errors import DAMAGED, InputProblem, MachineProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.lake import SUFFIX, Lake, fill_lake, is_lake, lake_at, name_lake, turn_of
from clearing_point.warehouse.merge import content_hash
from clearing_point.warehouse.receipts import files_and_deeds, read_receipts


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    submissions: int
    before: str | None
    """Hash of the content before; empty if another version of the standard made it, None if it could not be read."""
    after: str
    receipts_lost: bool = False
    """Those beside the archive were damaged, and are made anew from what the warehouse knows."""

    def summary(self) -> dict[str, Any]:
        """Return the outcome for a program."""
        return {"submissions": self.submissions, "content_before": self.before or "", "content_after": self.after,
                "same": self.before == self.after}  # fmt: skip

    def sentence(self) -> str:
        """Return one line for a person."""
        same = "the content is the same" if self.before == self.after else "the content differs from before"
        if self.before is None:
            same = "the warehouse before could not be read, so there is nothing to compare with"
        elif not self.before:
            same = (
                "another version of the standard made the warehouse before, so its content cannot be compared"
            )
        lost = (
            " The receipts beside the archive were damaged and are made anew from the warehouse: if that is older than they "
            "were, withdrawals and deletions since then are not known; compare with the newest backup."
        )
        return f"{self.submissions} submissions were loaded again from the archive; {same}.{lost * self.receipts_lost}"


def content_before(project: Project, standard: Standard) -> str | None:
    """Read all of the warehouse and return its content hash; None if it is damaged or lost, "" if of another standard.

    Raises
    ------
    InputProblem
        If another command holds it.
    """
    if not project.warehouse.exists():
        return None
    try:
        # Opened for writing and closed again, it takes up the log that a killed command may have left.
        with opened(project.warehouse) as connection:
            try:
                found = content_hash(connection, standard)
            except (duckdb.BinderException, duckdb.CatalogException):
                return ""  # made from another version of the standard: nothing to compare with
            if not is_lake(project.warehouse):
                connection.execute("CHECKPOINT")
            return found
    except InputProblem as error:
        if str(error) != DAMAGED:
            raise
    except duckdb.Error:
        pass
    return None


def receipts_are_damaged(project: Project) -> bool:
    """Say whether the receipts beside the archive are there and cannot be read."""
    try:
        return project.receipts.is_file() and not read_receipts(project.receipts)
    except MachineProblem:
        return True


def is_behind(project: Project) -> bool:
    """Say whether the archive's receipts name what the warehouse lacks.

    Raises
    ------
    MachineProblem
        If each of both names what the other lacks.
    """
    if not project.receipts.is_file():
        return False
    kept, deeds = files_and_deeds(read_receipts(project.receipts))
    with opened(project.warehouse, read_only=True) as connection:
        there = set(connection.execute("SELECT submission_id, file_sha256 FROM raw.submission").fetchall())
        done = connection.execute("SELECT count(*) FROM raw.event").fetchone()[0]
    behind = bool(kept - there) or deeds > done
    if behind and (there - kept or done > deeds):
        raise MachineProblem(
            "Warehouse and receipts of the archive each name submissions that the other lacks: put both back from one "
            "backup."
        )
    return behind


def received_in_order(source: Path) -> list[dict[str, Any]]:
    """Return the receipts in the order in which they were stored.

    A clock may have gone backwards between two versions; a version never comes before the one it replaces.
    """
    with opened(source, read_only=True) as connection:
        cursor = connection.execute(
            "SELECT * EXCLUDE (came, place) FROM (SELECT *, rowid AS place, max(received_at) OVER (PARTITION BY series "
            "ORDER BY version_number) AS came FROM raw.submission) ORDER BY came, version_number, place"
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def forget_names(connection: Any) -> None:
    """Name every file after its submission: an earlier version kept the names that senders gave, of refused ones too."""
    connection.execute(
        "UPDATE raw.submission SET file_name = submission_id || "
        "regexp_extract(lower(file_name), '(\\.csv\\.gz|\\.[a-z]{3,5})?$')"
    )


def put_in_place(project: Project, made: Path, lake: Lake | None, standard: Standard) -> None:
    """Put a warehouse that was made beside it in the place of the one before: a file, or the rows of a lake."""
    file, named = project.warehouse_file, project.warehouse_file.with_suffix(SUFFIX)
    # The log of the old file must not be played back over the new one; what was in it has been read before.
    log = file.with_name(f"{file.name}.wal")
    if lake is None:
        log.unlink(missing_ok=True)
        os.replace(made, file)
        named.unlink(missing_ok=True)
        return
    from clearing_point.standard.quality_views import quality_views

    # Whoever rebuilds a lake in place has its turn already.
    here = is_lake(project.warehouse) and lake_at(project.warehouse) == lake
    with nullcontext() if here else turn_of(lake, "changing the warehouse"):
        fill_lake(lake, made, quality_views(standard))
        name_lake(named, lake)
    for path in (log, file):
        path.unlink(missing_ok=True)
