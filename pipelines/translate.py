"""A language's texts: what it lacks, and how filled lines are taken up."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv
from clearing_point.standard.translations import COLUMNS, lacking, merged_file, places_of


def lacking_texts(standard: Standard, language: str) -> str:
    """Return the texts that a language lacks as CSV (context, english, text), the last column empty.

    Raises
    ------
    InputProblem
        If the standard does not have that language.
    """
    if language not in standard.languages:
        raise InputProblem(f"There is no language '{language}': {', '.join(standard.languages)}.")
    texts = [*standard.texts(), *standard.report_texts()]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((context, english, "") for context, english in lacking(texts, language))
    return out.getvalue()


def take_up(project: Project, language: str, filled: Path) -> str:
    """Write filled lines into the language's file and return a sentence; a line without a text is passed over.

    A context that is kept applies the text there only; empty it to let the text stand for every place.

    Raises
    ------
    InputProblem
        If a line's places in braces are not those of its English text; nothing is written then.
    """
    rows = [row for row in read_csv(filled) if row["text"].strip()]
    for number, row in enumerate(rows, start=2):
        if places_of(row["text"]) != places_of(row["english"]):
            raise InputProblem(
                f"{filled}: '{row['english'][:60]}' has other places in braces (line about {number})."
            )
    path = project.schemas / "translations" / f"{language}.csv"
    text = merged_file(path, rows)
    path.write_text(text, encoding="utf-8", newline="\n")
    return f"{len(rows)} lines taken up in {path}."
