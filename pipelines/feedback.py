"""From a stored submission back to its sender: her own workbook marked, or the fix list, and the letter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.archive import original_of
from clearing_point.intake.read import hash_of_file
from clearing_point.project import Project
from clearing_point.quality.feedback import feedback_of
from clearing_point.quality.letter import Letter, letter_of
from clearing_point.quality.marked_workbook import (
    can_be_marked,
    places_of,
    put_in_place,
    write_fix_list,
    write_marked,
)
from clearing_point.quality.package_patch import CannotPatch
from clearing_point.standard import Standard
from clearing_point.submission.waiting import let_go, waiting_file
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import REFUSED


@dataclass(frozen=True)
class Returned:
    """What was written for the sender."""

    files: tuple[Path, ...]
    marked: bool
    letter: Letter
    why_not_marked: str | None = None


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
        raise InputProblem("Nothing has been loaded yet: `clearing-point load` comes first.")
    if output.suffix.lower() not in (".xlsx", ".xlsm", ".csv"):
        raise InputProblem(f"{output.name}: name an .xlsx or a .csv file to write.")
    with opened(project.warehouse, read_only=True) as connection:
        row = connection.execute(
            "SELECT territory, file_sha256, status FROM raw.submission WHERE submission_id = ?",
            [submission_id],
        ).fetchone()
    if row is None:
        raise InputProblem(f"There is no submission '{submission_id}': `clearing-point status` lists them.")
    territory, sha256, status = row
    if language is None:
        language = profile_of_territory(project, territory).language if territory else "en"
    if language not in standard.languages:
        raise InputProblem(f"There is no language '{language}': {', '.join(standard.languages)}.")
    found = feedback_of(project.warehouse, submission_id, standard, language)
    places = places_of(project.warehouse, found)
    marked, why = False, None
    if original is not None and hash_of_file(original) != sha256:
        raise InputProblem(f"{original.name} is not the file that {submission_id} came of.")
    # Of a refused file nothing was kept: its sender gets the places only.
    file = original or (
        None if status == REFUSED else waiting_file(project, submission_id) or original_of(project, sha256)
    )
    if status == REFUSED:
        why = "the file was refused, and nothing of it was kept"
    elif file is None:
        why = "her file is not kept: name it with --file to mark it"
    elif not can_be_marked(file, places):
        why = "it is no .xlsx workbook, or too large to be marked"
    elif output.suffix.lower() != file.suffix.lower():
        why = f"{output.suffix} was asked for and the file is {file.suffix}"
    else:
        try:
            write_marked(file, output, standard, language, found, places)
            marked = True
            let_go(project, submission_id)
        except CannotPatch as error:
            why = str(error)
    if not marked:
        write_fix_list(output, standard, language, places)
    written = letter_of(project.warehouse, standard, found, language, marked=marked)
    files = [output]
    if letter is not None:
        text = written.page() if letter.suffix.lower() in (".html", ".htm") else written.text()
        put_in_place(letter, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
        files.append(letter)
    return Returned(tuple(files), marked, written, why)
