"""What goes back to a sender: her own workbook with its cells marked, or the list of places."""

from __future__ import annotations

from pathlib import Path

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.quality.feedback import OF_REFUSED, Feedback
from clearing_point.quality.marked_workbook import can_be_marked, places_of, write_fix_list, write_marked
from clearing_point.quality.package_patch import CannotPatch
from clearing_point.standard import Standard


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
    found: Feedback, rows_read: int, output: Path, standard: Standard, language: str, file: Path | None
) -> str | None:
    """Write the sender's own workbook with its cells marked, or the list of places where that cannot be.

    Parameters
    ----------
    rows_read : int
        Of her file.
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
    places = places_of(found, rows_read)
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
