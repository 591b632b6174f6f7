"""The warehouse made anew from the archive: outputs are a function of archive, schemas, profiles and code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from clearing_point.countries import profile_of_receipt
from clearing_point.errors import DAMAGED, InputProblem, MachineProblem
from clearing_point.intake.archive import archived_file, archived_submissions, check_archived, is_kept_form
from clearing_point.linkage.rounds import forget_ended
from clearing_point.linkage.settings import load_linkage
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import DELETED, REFUSED, changing
from clearing_point.warehouse.lake import (
    FILE,
    SUFFIX,
    Lake,
    fill_lake,
    is_lake,
    lake_at,
    lake_of,
    name_lake,
    turn_of,
)
from clearing_point.warehouse.merge import content_hash, copy_events, copy_receipt, warehouse_of_receipts
from clearing_point.warehouse.receipts import files_and_deeds, keep_head, kept_head, read_receipts
from clearing_point.warehouse.shape import prepare_warehouse
from clearing_point.workplace import drop_work, work_folder
from pipelines.ingest import load_item


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


def rebuild(
    project: Project,
    standard: Standard,
    *,
    warehouse: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Rebuilt:
    """Load every archived file again, in the order received, into a new warehouse; then put it in place.

    Parameters
    ----------
    warehouse : str, optional
        Address of a lake (:func:`~clearing_point.warehouse.lake.lake_of`) or ``file``: where it is to stand from now on.

    Raises
    ------
    InputProblem
        If neither a warehouse nor the archive lists what was received, an archived file is missing or damaged,
        another command holds the warehouse, or a lake cannot be reached.
    """
    lake = lake_of(warehouse) if warehouse not in (None, FILE) else None
    project.prepare()
    if not project.warehouse.exists() and not project.receipts.exists():
        if lake is None:
            raise InputProblem("There is no warehouse yet: nothing to rebuild.")
        prepare_warehouse(project, standard)
    if lake is None and warehouse is None and is_lake(project.warehouse):
        lake = lake_at(project.warehouse)
    with changing_alone(project, "rebuilding the warehouse"):
        scratch = work_folder(project.work, "rebuild-")
        try:
            return _rebuild(project, standard, scratch, lake, progress)
        finally:
            drop_work(scratch)


def _rebuild(
    project: Project, standard: Standard, scratch: Path, lake: Lake | None, progress: Callable[[str], None]
) -> Rebuilt:
    target = replace(project, data=scratch / "data", archive_folder=project.archive)
    prepare_warehouse(target, standard)
    before = _content_before(project, standard)
    damaged = _receipts_are_damaged(project)
    source = project.warehouse
    if damaged and before is not None:
        _refuse_forgetting(project)
    if before is None or (not damaged and _is_behind(project)):
        progress("the warehouse is damaged, lost or older: its receipts are taken from the archive")
        source = warehouse_of_receipts(read_receipts(project.receipts), scratch / "receipts.duckdb", standard)
    received = received_in_order(source)
    kept = [receipt for receipt in received if receipt["status"] not in (REFUSED, DELETED)]
    progress("reading the archive")
    # all of it before the long work
    check_archived(project, [(receipt["file_sha256"], receipt["submission_id"]) for receipt in kept])
    with library_beside():  # one for all of them
        for receipt in received:
            progress(receipt["submission_id"])
            if receipt["status"] in (REFUSED, DELETED):
                # Of a refused or deleted file only the receipt was kept; it is carried over as it stands.
                copy_receipt(source, target.warehouse, receipt["submission_id"])
            else:
                _load_again(project, target, standard, receipt)
    copy_events(source, target.warehouse)
    with opened(target.warehouse) as connection:
        forget_names(connection)
        forget_ended(project, connection, load_linkage(standard.folder))
        after = content_hash(connection, standard)
        with changing(connection, target):
            pass  # only the receipts are written
    _put_in_place(project, target.warehouse, lake, standard)
    if head := kept_head(project.receipts):
        keep_head(target.receipts, head)
    os.replace(target.receipts, project.receipts)
    return Rebuilt(len(received), before, after, receipts_lost=damaged)


def _receipts_are_damaged(project: Project) -> bool:
    try:
        return project.receipts.is_file() and not read_receipts(project.receipts)
    except MachineProblem:
        return True


def _refuse_forgetting(project: Project) -> None:
    """Stop where the warehouse, all that is left beside damaged receipts, lacks what the archive keeps files of.

    Raises
    ------
    MachineProblem
        Naming submissions.
    """
    with opened(project.warehouse, read_only=True) as connection:
        there = set(connection.execute("SELECT submission_id, file_sha256 FROM raw.submission").fetchall())
    if lost := sorted({name for name, _ in archived_submissions(project) - there}):
        raise MachineProblem(
            f"{project.receipts.name} beside the archive is damaged, and the warehouse lacks what the archive holds "
            f"({', '.join(lost[:3])}{f' (+{len(lost) - 3})' if len(lost) > 3 else ''}): put archive and warehouse back from "
            "one backup."
        )


def _is_behind(project: Project) -> bool:
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


def _put_in_place(project: Project, made: Path, lake: Lake | None, standard: Standard) -> None:
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


def forget_names(connection: Any) -> None:
    """Name every file after its submission: an earlier version kept the names that senders gave, of refused ones too."""
    connection.execute(
        "UPDATE raw.submission SET file_name = submission_id || "
        "regexp_extract(lower(file_name), '(\\.csv\\.gz|\\.[a-z]{3,5})?$')"
    )


def _content_before(project: Project, standard: Standard) -> str | None:
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


def _load_again(project: Project, target: Project, standard: Standard, receipt: dict[str, Any]) -> None:
    """Load what the archive keeps of one receipt under its own name and time."""
    archived = archived_file(project, receipt["file_sha256"], receipt["submission_id"])
    item = Item(
        archived,
        profile_of_receipt(project, receipt),
        period_of(receipt),
        made_data=receipt["made_data"],
        received_at=receipt["received_at"],
        encoding=receipt["encoding"],
        compared=False,
        kept_of=receipt["file_sha256"] if is_kept_form(archived) else None,
        answers_kept=receipt.get("answers_sha256"),
        released=receipt.get("released"),
    )
    load_item(target, standard, item)


def period_of(receipt: Mapping[str, Any]) -> str:
    """Return the period of a receipt as it was written."""
    first, last = receipt["period_start"].year, receipt["period_end"].year
    return str(first) if first == last else f"{first}-{last}"
