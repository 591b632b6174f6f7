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
from clearing_point.quality.given_back import give_back, writable
from clearing_point.quality.letter import Letter, letter_of
from clearing_point.quality.marked_workbook import put_in_place
from clearing_point.quality.meant import with_meant
from clearing_point.standard import Standard
from clearing_point.submission.stored import Stored, stored_submission
from clearing_point.submission.waiting import let_go, meant_of, waiting_file
from clearing_point.warehouse.connection import opened
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
        stored = stored_submission(connection, submission_id)
        language = _language(project, standard, stored, language)
        found = feedback_of(connection, submission_id, standard, language)
        found = with_meant(found, meant_of(project, submission_id), standard, language)
    file = _file(project, submission_id, stored, original)
    why = give_back(found, stored.rows_read, output, standard, language, file)
    if why is None:
        let_go(project, submission_id)
    with opened(project.warehouse, read_only=True) as connection:
        written = letter_of(connection, standard, found, language, marked=why is None)
    files = [output]
    if letter is not None:
        text = written.page() if letter.suffix.lower() in (".html", ".htm") else written.text()
        put_in_place(letter, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
        files.append(letter)
    return Returned(tuple(files), why is None, written, language, why)


def _language(project: Project, standard: Standard, stored: Stored, chosen: str | None) -> str:
    if chosen is None:
        own = profile_of_territory(project, stored.territory).language if stored.territory else "en"
        return own if own in standard.languages else "en"
    if chosen not in standard.languages:
        raise InputProblem(
            f"There is no language '{chosen}': {', '.join(standard.languages)}.",
            "name_unknown", name=chosen, known=", ".join(standard.languages),
        )  # fmt: skip
    return chosen


def _file(project: Project, submission_id: str, stored: Stored, original: Path | None) -> Path | None:
    """Return the file to mark, if there is one: of a refused file nothing was kept, its sender gets the places only."""
    if original is not None and hash_of_file(original) != stored.file_sha256:
        raise InputProblem(
            f"{original.name} is not the file that {submission_id} came of.",
            "other_file", file=original.name, submission=submission_id,
        )  # fmt: skip
    if stored.refused:
        return None
    return original or waiting_file(project, submission_id) or original_of(project, stored.file_sha256)
