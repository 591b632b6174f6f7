"""Commands of those who use what is published: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, EditionOption, ProjectOption
from clearing_point.project import find_project

app = typer.Typer()


@app.command()
def export(
    shape: Annotated[str, typer.Argument(metavar="FORMAT", help="unodc, sdmx-csv, eurostat or sdg.")],
    edition: EditionOption,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder that the file goes to.")
    ],
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Write a release in a shape that others use, from published numbers alone."""
    from clearing_point.published import open_release
    from clearing_point.published.export import export as run
    from clearing_point.standard import load_standard

    found = find_project(project, data)
    with open_release(found.releases / str(edition)) as release:
        print(run(release, load_standard(found.schemas), shape, output).sentence())
    return 0
