"""Commands on the quality of what was sent: feedback to a sender, the quality page of a territory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, ProjectOption, say
from clearing_point.project import find_project

app = typer.Typer()


@app.command()
def feedback(
    submission: Annotated[
        str, typer.Argument(metavar="SUBMISSION", help="As `clearing-point load` and `status` name it.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Workbook (.xlsx) or list (.csv) to write.")
    ],
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="LANGUAGE", help="Such as sq or sr-Cyrl; else the sender's own."),
    ] = None,
    letter: Annotated[
        Path | None, typer.Option("--letter", metavar="FILE", help="Write the letter too (.html or .txt).")
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Give a sender her own workbook back with the cells marked, or the list of places, and the letter."""
    from clearing_point.standard import load_standard
    from pipelines.feedback import feedback as run

    found = find_project(project, data)
    returned = run(found, load_standard(found.schemas), submission, output, language=language, letter=letter)
    print(returned.letter.text(), end="")
    for path in returned.files:
        say(f"Written: {path}")
    if returned.why_not_marked:
        say(f"It holds the list of places, because {returned.why_not_marked}.")
    return 0
