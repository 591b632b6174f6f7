"""Commands on the quality of what was sent: feedback to a sender, the quality page of a territory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, ProjectOption, known_language, say
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
        typer.Option(
            "--lang", "--language", metavar="LANGUAGE", help="Such as sq or sr-Cyrl; else the sender's own."
        ),
    ] = None,
    letter: Annotated[
        Path | None, typer.Option("--letter", metavar="FILE", help="Write the letter too (.html or .txt).")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="Her file, where it no longer waits to be marked (only once, some days).",
        ),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Give a sender her own workbook back with the cells marked, or the list of places, and the letter."""
    from clearing_point.standard import load_standard
    from pipelines.feedback import feedback as run

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    returned = run(
        found,
        standard,
        submission,
        output,
        language=language,
        letter=letter,
        original=file,
    )
    print(returned.letter.text(), end="")
    for path in returned.files:
        say(standard.word("screen", "written", returned.language, file=path))
    if returned.why_not_marked:
        say(standard.word("screen", returned.why_not_marked, returned.language))
    return 0


@app.command()
def quality(
    territory: Annotated[str, typer.Argument(metavar="TERRITORY", help="Reporting territory, such as ALB.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="Page to write.")],
    language: Annotated[
        str | None,
        typer.Option(
            "--lang",
            "--language",
            metavar="LANGUAGE",
            help="Such as sq or sr-Cyrl; else the territory's own.",
        ),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Write the page on the quality of a territory's data for its senders, with published figures beside it."""
    from clearing_point.countries import profile_of_territory
    from clearing_point.standard import load_standard
    from pipelines.quality import quality_page

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language or profile_of_territory(found, territory).language, standard)
    written = quality_page(found, standard, territory, output, chosen)
    print(standard.word("screen", "written", chosen, file=written))
    return 0
