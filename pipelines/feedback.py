"""From a stored submission back to its sender: her own workbook marked, or the fix list, and the letter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.intake.archive import original_of
from clearing_point.intake.read import hash_of_file
from clearing_point.project import Project
from clearing_point.quality.feedback import OF_REFUSED, Feedback, feedback_of
from clearing_point.quality.letter import Letter, letter_of
from clearing_point.quality.marked_workbook import (
    can_be_marked,
    places_of,
    put_in_place,
    write_fix_list,
    write_marked,
)
from clearing_point.quality.meant import with_meant
from clearing_point.quality.package_patch import CannotPatch
from clearing_point.standard import Standard
from clearing_point.submission.waiting import let_go, meant_of, waiting_file
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import DELETED, REFUSED, REPLACED, WITHDRAWN
from clearing_point.warehouse.receipts import nothing_loaded


@dataclass(frozen=True)
class Returned:
    """What was written for the sender."""

    files: tuple[Path, ...]
    marked: bool
    letter: Letter
    language: str
    why_not_marked: str | None = None
    """A sentence of ``screen`` in ``words.yml``."""


def feedback(
    project: Project,
    standard: Standard,
    submission_id: str,
    output: Path,
    *,
    language: str | None = None,
    letter: Path | None = None,
    original: Path | None = None,
) -> Returned:
    """Write what goes back to the sender of a submission.

    Parameters
    ----------
    output : Path
        ``.xlsx`` (or ``.xlsm`` for a workbook with macros): her own workbook with its cells marked; ``.csv``, or
        where her file is no such workbook or too large: the list of all places.
    language : str, optional
        By default that of the sender's profile.
    letter : Path, optional
        Where to write the letter too, as a page (``.html``) or text.
    original : Path, optional
        Her file. Without it the one is taken that waits for its marked copy; once that is made it is gone.

    Raises
    ------
    InputProblem
        If the submission, the language or the archived file is not there, or the output cannot be written.
    """
    if not project.warehouse.exists():
        raise nothing_loaded(project.receipts)
    writable(output)
    with opened(project.warehouse, read_only=True) as connection:
        row = connection.execute(
            "SELECT territory, file_sha256, status FROM raw.submission WHERE submission_id = ?",
            [submission_id],
        ).fetchone()
    if row is None:
        raise InputProblem(
            f"There is no submission '{submission_id}': `clearing-point status` lists them.",
            "submission_unknown", submission=submission_id,
        )  # fmt: skip
    territory, sha256, status = row
    _refuse_what_is_gone(project, submission_id, status)
    if language is None:
        language = profile_of_territory(project, territory).language if territory else "en"
        language = language if language in standard.languages else "en"
    if language not in standard.languages:
        raise InputProblem(
            f"There is no language '{language}': {', '.join(standard.languages)}.",
            "name_unknown", name=language, known=", ".join(standard.languages),
        )  # fmt: skip
    found = with_meant(
        feedback_of(project.warehouse, submission_id, standard, language),
        meant_of(project, submission_id), standard, language,
    )  # fmt: skip
    if original is not None and hash_of_file(original) != sha256:
        raise InputProblem(
            f"{original.name} is not the file that {submission_id} came of.",
            "other_file", file=original.name, submission=submission_id,
        )  # fmt: skip
    # Of a refused file nothing was kept: its sender gets the places only.
    file = original or (
        None if status == REFUSED else waiting_file(project, submission_id) or original_of(project, sha256)
    )
    why = give_back(project.warehouse, found, output, standard, language, None if status == REFUSED else file)
    if why is None:
        let_go(project, submission_id)
    written = letter_of(project.warehouse, standard, found, language, marked=why is None)
    files = [output]
    if letter is not None:
        text = written.page() if letter.suffix.lower() in (".html", ".htm") else written.text()
        put_in_place(letter, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
        files.append(letter)
    return Returned(tuple(files), why is None, written, language, why)


def _refuse_what_is_gone(project: Project, submission_id: str, status: str) -> None:
    """Say of a version that was taken back or replaced that it is; what would be said of it is no longer so."""
    if status == DELETED:
        raise InputProblem(
            f"{submission_id} was deleted: nothing of it is left to give back.",
            "submission_deleted", submission=submission_id,
        )  # fmt: skip
    if status == WITHDRAWN:
        raise InputProblem(
            f"{submission_id} was withdrawn and counts no longer: there is nothing to correct in it.",
            "submission_withdrawn",
            submission=submission_id,
        )
    if status == REPLACED:
        with opened(project.warehouse, read_only=True) as connection:
            later = connection.execute(
                "SELECT min_by(submission_id, version_number) FROM raw.submission WHERE supersedes = ?",
                [submission_id],
            ).fetchone()[0]
        raise InputProblem(
            f"{submission_id} was replaced by {later}: `clearing-point feedback {later} -o marked.xlsx` is about the "
            "version that counts.",
            "submission_replaced",
            submission=submission_id,
            later=later,
        )


def writable(output: Path, file: Path | None = None) -> None:
    """Refuse a name under which nothing can go back.

    Raises
    ------
    InputProblem
        If it is neither a workbook nor a list.
    UsageProblem
        If it is the sender's own file.
    """
    if file is not None and output.resolve() == file.resolve():
        raise UsageProblem(
            f"{output.name} is the file itself: name another one to write.", "file_itself", file=output.name
        )
    if output.suffix.lower() not in (".xlsx", ".xlsm", ".csv"):
        raise InputProblem(
            f"{output.name}: name an .xlsx or a .csv file to write.", "ending_findings", file=output.name
        )


def give_back(
    database: Path, found: Feedback, output: Path, standard: Standard, language: str, file: Path | None
) -> str | None:
    """Write the sender's own workbook with its cells marked, or the list of places where that cannot be.

    Parameters
    ----------
    database : Path
        The warehouse, or the workspace of a file that is only checked.
    file : Path, optional
        Her file; of a refused one only the places go back.

    Returns
    -------
    str or None
        Why it is the list of places (a sentence of ``screen`` in ``words.yml``); None if it is her workbook.

    Raises
    ------
    InputProblem
        If the output cannot be written.
    """
    places = places_of(database, found)
    refused = any(missed.reason == OF_REFUSED for missed in found.facts.missed)
    why: str | None = None
    if refused:
        why = "list_refused"
    elif file is None:
        why = "list_not_kept"
    elif not can_be_marked(file, places) or output.suffix.lower() != file.suffix.lower():
        why = "list_no_workbook"
    else:
        try:
            write_marked(file, output, standard, language, found, places)
        except CannotPatch:
            why = "list_no_workbook"
    if why is not None:
        write_fix_list(output, standard, language, places)
    return why
