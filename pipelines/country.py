"""A country's folder: started from a file, and grown by proposals that a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.read import read_file
from clearing_point.intake.receive import receive
from clearing_point.intake.separator import written_as
from clearing_point.intake.started_profile import left_to_decide, sheets_of, write_folder
from clearing_point.intake.unknown import said_of_unused, unknown_words
from clearing_point.project import Project
from clearing_point.quality.feedback import feedback_of
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_with_answers
from clearing_point.submission.proposed_words import append_lines, proposed


@dataclass(frozen=True)
class Suggested:
    """What was proposed for one territory, and where it was written."""

    path: Path
    written: int
    lines: tuple[str, ...]


def suggest(
    project: Project,
    standard: Standard,
    territory: str,
    path: Path,
    period: str,
    output: Path | None = None,
    encoding: str | None = None,
    language: str = "en",
) -> Suggested:
    """Write a line, marked undecided, for every word of a file that nobody has mapped.

    Parameters
    ----------
    output : Path, optional
        Folder for ``values.csv`` instead of the territory's own in the project.
    language : str
        Of what is said.

    Raises
    ------
    InputProblem
        If the file was refused or its headings are not those of the profile, with the first finding's
        sentence; or if there is no place that may be written.
    """
    profile = profile_of_territory(project, territory)
    target = _place(project, territory, output) / "values.csv"
    received, read_as, _ = read_with_answers(project, path, profile, standard, encoding)
    receipt = receive(project, standard, path, read_as, period, received=received)
    try:
        with receipt.workspace.opened() as connection:
            if receipt.refused:
                group = feedback_of(connection, receipt.submission_id, standard, language).groups[0]
                raise InputProblem(f"{path.name}, {group.line()}: {group.what} {group.action}")
            unknown = unknown_words(connection, receipt.submission_id, receipt.unknown, read_as, standard)
    finally:
        receipt.workspace.drop()
    rows, lines = proposed(unknown, profile, standard, language)
    if said := said_of_unused(receipt.unused_words, read_as, standard, language):
        lines.append(said)
    written = append_lines(target, profile.folder, rows) if rows else 0
    return Suggested(target, written, tuple(lines))


def start(
    project: Project,
    standard: Standard,
    territory: str,
    path: Path,
    output: Path | None = None,
    language: str = "en",
    encoding: str = "utf-8-sig",
) -> Suggested:
    """Start a territory's folder from a file she sends: headings that are known are mapped, near ones proposed.

    Only headings are written, never a cell of data.

    Raises
    ------
    InputProblem
        If the territory is unknown or has a folder already, or no row of headings is recognised.
    """
    if territory not in standard.codes_of("territory"):
        raise InputProblem(
            f"There is no territory '{territory}' in schemas/territories: add it there first.",
            "name_unknown", name=territory, known=", ".join(standard.reporting_territories),
        )  # fmt: skip
    target = _place(project, territory, output) / "profile.yml"
    if target.exists():
        raise InputProblem(
            f"{territory} has a profile already: {target}.", "has_profile", territory=territory, file=target
        )
    written = written_as(path, encoding)
    received = read_file(path, encoding=encoding, delimiter=written.get("delimiter", ","))
    sheets, known = sheets_of(received, standard, language)
    absent = write_folder(target.parent, territory, sheets, standard, language, written)
    if not known:  # as in a language that the standard does not have
        absent.append(f"no heading is a word of {language} or English that is known: each has to be decided.")
    return Suggested(target, len(sheets), (*left_to_decide(sheets), *absent))


def _place(project: Project, territory: str, output: Path | None) -> Path:
    if output is not None:
        return output
    if not project.is_checkout:
        raise InputProblem(
            "The installed project is not written to: name a folder with -o DIR.", "project_installed"
        )
    return project.countries / territory
