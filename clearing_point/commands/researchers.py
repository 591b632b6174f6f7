"""Commands of those who use what is published: export, notebooks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, EditionOption, ProjectOption, say
from clearing_point.project import find_project

app = typer.Typer()
_NOTEBOOK_NEEDS = ("jupytext", "nbconvert", "ipykernel")
"""What the extra ``notebook`` brings."""


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
        print(run(release, load_standard(found.schemas, found.prepared), shape, output).sentence())
    return 0


@app.command()
def notebooks(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder that the notebooks go to.")
    ],
    project: ProjectOption = None,
) -> int:
    """Copy the notebooks to start from; one that is there already stays as it is."""
    from clearing_point.errors import InputProblem

    there = sorted(find_project(project).notebooks.glob("*.py"))
    if not there:
        raise InputProblem("This project has no notebooks: name the installed one by leaving out --project.")
    if missing := [name for name in _NOTEBOOK_NEEDS if find_spec(name) is None]:
        say(f'Not installed: {", ".join(missing)}. To run them: `pip install "clearing-point[notebook]"`.')
    output.mkdir(parents=True, exist_ok=True)
    for path in there:
        target = output / path.name
        if target.exists():
            print(f"{target} (there already)")
        else:
            target.write_bytes(path.read_bytes())
            print(target)
    say(f"Next: jupytext --to ipynb --execute {output / there[0].name}, or open them in Jupyter.")
    return 0
