"""The warehouse made anew from the archive: outputs are a function of archive, schemas, profiles and code."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.intake.archive import check_archived
from clearing_point.linkage.rounds import forget_ended
from clearing_point.linkage.settings import load_linkage
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.received_before import item_of_receipt, refuse_forgetting
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import DELETED, REFUSED, changing
from clearing_point.warehouse.lake import FILE, Lake, is_lake, lake_at, lake_of
from clearing_point.warehouse.made_anew import (
    Rebuilt,
    content_before,
    forget_names,
    is_behind,
    put_in_place,
    receipts_are_damaged,
    received_in_order,
)
from clearing_point.warehouse.merge import content_hash, copy_events, copy_receipt, warehouse_of_receipts
from clearing_point.warehouse.receipts import keep_head, kept_head, read_receipts
from clearing_point.warehouse.shape import prepare_warehouse
from clearing_point.workplace import drop_work, work_folder
from pipelines.ingest import load_item


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
    before = content_before(project, standard)
    damaged = receipts_are_damaged(project)
    source = project.warehouse
    if damaged and before is not None:
        refuse_forgetting(project)
    if before is None or (not damaged and is_behind(project)):
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
                load_item(target, standard, item_of_receipt(project, receipt))
    copy_events(source, target.warehouse)
    with opened(target.warehouse) as connection:
        forget_names(connection)
        forget_ended(project, connection, load_linkage(standard.folder))
        after = content_hash(connection, standard)
        with changing(connection, target):
            pass  # only the receipts are written
    put_in_place(project, target.warehouse, lake, standard)
    if head := kept_head(project.receipts):
        keep_head(target.receipts, head)
    os.replace(target.receipts, project.receipts)
    return Rebuilt(len(received), before, after, receipts_lost=damaged)
