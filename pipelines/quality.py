"""The quality page of one territory: what was sent, how good it is, and how it compares with what others published."""

from __future__ import annotations

from pathlib import Path

from clearing_point.analysis.reconcile import quality_by_submission
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.quality_page import page_of_quality
from clearing_point.quality.marked_workbook import put_in_place
from clearing_point.standard import Standard


def quality_page(
    project: Project, standard: Standard, territory: str, output: Path, language: str = "en"
) -> Path:
    """Write the page of a territory; it loads nothing from elsewhere and is for its sender, not for publication.

    Counts of persons below the small count of the standard are not written out.

    Raises
    ------
    InputProblem
        If the territory does not report, sent nothing yet, or the page cannot be written.
    """
    if territory not in standard.reporting_territories:
        raise InputProblem(
            f"'{territory}' is no reporting territory: {', '.join(standard.reporting_territories)}.",
            "name_unknown",
            name=territory,
            known=", ".join(standard.reporting_territories),
        )
    if output.suffix.lower() not in {".html", ".htm"}:
        raise InputProblem(f"{output.name}: name an .html file to write.", "ending_page", file=output.name)
    rows = quality_by_submission(project.warehouse, territory=territory) if project.warehouse.exists() else []
    if not rows:
        raise InputProblem(
            f"Nothing of {territory} has been loaded yet: `clearing-point load` comes first.",
            "nothing_loaded",
        )
    text = page_of_quality(project.warehouse, standard, territory, rows, language)
    put_in_place(output, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
    return output
