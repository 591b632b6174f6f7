"""Commands of who runs the machine: health, tidy, install-service, backup, restore."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import DataOption, JsonOption, ProjectOption, open_year, print_json, say
from clearing_point.project import find_project, ready

app = typer.Typer()


@app.command("health")
def ask_health(project: ProjectOption = None, data: DataOption = None, json: JsonOption = False) -> int:
    """Say whether the installation is well, and for what is not, who is to do what; changes nothing."""
    from clearing_point.operations.answers import CODES, OPERATOR
    from clearing_point.standard import load_standard
    from pipelines.health import exit_code, health, summary

    found = find_project(project, data)
    if not found.data.is_dir():
        if data is None and not os.environ.get("CLEARING_POINT_DATA"):
            say(f"There is no data folder {found.data} yet: `clearing-point load` makes it.")
            return 0
        # A service names its folder: where it is gone, a disk is, and `load` would begin an empty one beside it.
        say(f"There is no data folder {found.data}: is its disk there, is its name right?")
        return CODES[OPERATOR]
    answers = health(found, lambda: load_standard(found.schemas))
    if json:
        print_json(summary(answers))
    else:
        for answer in answers:
            print(answer.line())
    return exit_code(answers)


@app.command("tidy")
def delete_leftovers(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name what would be deleted.")] = False,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Delete unfinished work of commands that ended, and what is made again when it is needed; nothing else."""
    from pipelines.tidy import tidy

    done = tidy(find_project(project, data), dry_run=dry_run)
    if json:
        print_json(
            {"deleted": done.deleted, "leftovers": [[str(e.path), e.why, e.size] for e in done.leftovers]}
        )
        return 0
    for each in done.leftovers:
        say(f"{each.path} ({each.size / 1_000_000:.1f} MB): {each.why}")
    print(done.sentence())
    return 0


@app.command("install-service")
def write_units(
    user: Annotated[
        str, typer.Option("--user", metavar="NAME", help="Who runs the service and owns the data.")
    ],
    prefix: Annotated[
        Path, typer.Option("--prefix", metavar="DIR", help="Where etc/ is: /, or the folder of an image.")
    ] = Path("/"),
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Write the units of the nightly run, their environment file, pinned versions and a line for cron."""
    from pipelines.service import install_service

    found = find_project(project, data)
    for line in install_service(found, user, prefix, open_year(found)).lines():
        print(line)
    return 0


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, on another disk.")],
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Copy everything that cannot be made again to a new folder, with a hash of every file, and check the copy."""
    from clearing_point.publication.backup import make_backup
    from clearing_point.report.nightly_run import refuse_missing_folder
    from clearing_point.warehouse.connection import changing_alone
    from clearing_point.workplace import alone

    found = find_project(project, data)
    # Else nothing would be kept as if it were all, and an empty folder made over a lost disk.
    refuse_missing_folder(found)
    found.prepare()
    with (
        changing_alone(found, "changing the warehouse"),
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
    say(f"Next: {ready('clearing-point rebuild')}")
    return 0
