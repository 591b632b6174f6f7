"""Submissions as the archive keeps them: loaded again by their receipts, and reduced to what their profiles ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clearing_point.countries import profile_of_receipt
from clearing_point.countries.decisions import decisions_for
from clearing_point.errors import MachineProblem
from clearing_point.intake.archive import archived_file, archived_submissions, is_kept_form, put_away
from clearing_point.intake.receive import KEPT_FILE, keep_file
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_with_answers
from clearing_point.submission.plan import Item
from clearing_point.warehouse.connection import opened
from clearing_point.workplace import drop_work, work_folder


def item_of_receipt(project: Project, receipt: Mapping[str, Any]) -> Item:
    """Return what the archive keeps of one receipt, to be loaded under its own name and time."""
    archived = archived_file(project, receipt["file_sha256"], receipt["submission_id"])
    return Item(
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


def period_of(receipt: Mapping[str, Any]) -> str:
    """Return the period of a receipt as it was written."""
    first, last = receipt["period_start"].year, receipt["period_end"].year
    return str(first) if first == last else f"{first}-{last}"


def refuse_forgetting(project: Project) -> None:
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


def reduce_original(project: Project, standard: Standard, receipt: Mapping[str, Any]) -> None:
    """Keep of an archived original what its profile asks for, beside it; of one that was reduced nothing is left to do."""
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
