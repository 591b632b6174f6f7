"""Commands of who runs the machine: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, ProjectOption, say
from clearing_point.project import find_project

app = typer.Typer()


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, on another disk.")],
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Copy everything that cannot be made again to a new folder, with a hash of every file, and check the copy."""
    from clearing_point.publication.backup import make_backup
    from clearing_point.workplace import alone

    found = find_project(project, data)
    found.prepare()
    with (
        alone(found.warehouse_lock, "changing the warehouse"),
        alone(found.publication_lock, "publishing or building a report"),
    ):
        print(make_backup(found, folder).sentence("Kept"))
    return 0


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `backup` made.")],
    verify: Annotated[bool, typer.Option("--verify", help="Only check that it is whole.")] = False,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Check a backup and put it into an empty data folder."""
    from clearing_point.publication.backup import restore as put_back
    from clearing_point.publication.backup import verify_backup

    if verify:
        print(verify_backup(folder).sentence("Whole:"))
        return 0
    found = find_project(project, data)
    found.prepare()
    print(put_back(found, folder).sentence("Restored"))
    say("Next: clearing-point rebuild")
    return 0
