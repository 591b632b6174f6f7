"""An archive of originals, as earlier versions kept it, made into one that keeps what the profiles asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clearing_point.countries import profile_of_receipt
from clearing_point.countries.decisions import decisions_for
from clearing_point.errors import InputProblem
from clearing_point.intake.archive import archived_file, is_kept_form, original_of, put_away
from clearing_point.intake.receive import KEPT_FILE, keep_file
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.ddl import metadata_of
from clearing_point.submission.layout import read_with_answers
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import DELETED, REFUSED
from clearing_point.warehouse.merge import HELD, digests, hash_of_tables
from clearing_point.workplace import drop_work, work_folder
from pipelines.rebuild import period_of, rebuild, received_in_order

Progress = Callable[[str], None]
_ROWS = ("staged.", "core.")
"""What was read from the files: it must not change."""


@dataclass(frozen=True)
class Reduced:
    """What a reduction did.

    Attributes
    ----------
    before, after : str
        Hash of the content, over the columns that the warehouse had before.
    differing : tuple of str
        Tables that hold something else than before: ``raw.record`` where texts were not kept, tables of ``quality``
        where rules changed since.
    removed : int
        Originals that are gone.
    """

    submissions: int
    before: str
    after: str
    differing: tuple[str, ...]
    removed: int
    left: int

    @property
    def is_done(self) -> bool:
        """Whether no original is left."""
        return not self.left

    def summary(self) -> dict[str, Any]:
        """Return the outcome for a program."""
        return {
            "submissions": self.submissions,
            "content_before": self.before,
            "content_after": self.after,
            "same": self.before == self.after,
            "differing": list(self.differing),
            "originals_removed": self.removed,
            "originals_left": self.left,
        }

    def sentence(self) -> str:
        """Return one line for a person."""
        said = f"{self.submissions} submissions were reduced to what their profiles ask for. "
        said += (
            "The warehouse made from them holds the same as before. "
            if self.before == self.after
            else f"The warehouse made from them differs from before in {' and '.join(self.differing)}. "
        )
        if self.left:
            return (
                said
                + f"The {self.left} originals stay until you have looked: `clearing-point status` shows every "
                "submission; then `clearing-point reduce --anyway` removes them."
            )
        return said + f"{self.removed} originals are gone; the receipts stay."


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
            columns = _columns_there(connection, standard)
            before = digests(connection, columns)
        received = received_in_order(project.warehouse)
        stored = [r for r in received if r["status"] not in (REFUSED, DELETED)]
        for receipt in stored:
            progress(f"reducing {receipt['submission_id']}")
            _reduce(project, standard, receipt)
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


def _columns_there(connection: Any, standard: Standard) -> dict[str, list[str]]:
    """Return table -> columns that the standard of today and the warehouse share: it may be an earlier version's."""
    there: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database()"
    ).fetchall():
        there.setdefault(table, set()).add(column)
    return {
        name: [column.name for column in table.columns if column.name in there[name]]
        for table in metadata_of(standard).sorted_tables
        if table.schema in HELD and (name := f"{table.schema}.{table.name}") in there
    }


def _reduce(project: Project, standard: Standard, receipt: Mapping[str, Any]) -> None:
    name, sha256 = receipt["submission_id"], receipt["file_sha256"]
    original = archived_file(project, sha256, name)
    if is_kept_form(original):
        return
    period = period_of(receipt)
    base = profile_of_receipt(project, receipt)
    received, profile, answers = read_with_answers(project, original, base, standard, receipt["encoding"])
    decisions = decisions_for(project, standard, profile, period, receipt["received_at"])
    folder = work_folder(project.work, "reducing-")
    try:
        kept_file = folder / KEPT_FILE
        keep_file(
            kept_file, received, profile, standard, period,
            corrections=decisions.corrections, answers=[asdict(answer) for answer in answers],
        )  # fmt: skip
        put_away(project, kept_file, sha256, name)
    finally:
        drop_work(folder)
