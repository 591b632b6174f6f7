"""Commands of the standard's owner: standard check, build, language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import (
    DataOption,
    JsonOption,
    ProjectOption,
    known_language,
    print_json,
)
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.project import Project, find_project

app = typer.Typer()
standard_app = typer.Typer(help="The standard: what the region has agreed.", no_args_is_help=True)
app.add_typer(standard_app, name="standard")


@app.command()
def build(
    project: ProjectOption = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only say whether they are up to date.")
    ] = False,
) -> int:
    """Derive everything that follows from the standard into schemas/generated."""
    from clearing_point.standard import load_standard
    from pipelines.derive import derive

    found = find_project(project, None)
    changed = derive(found, load_standard(found.schemas, found.prepared), check_only=check_only)
    if check_only and changed:
        raise InputProblem(
            f"{', '.join(changed)} is not what the standard gives: run `clearing-point build`."
        )
    print(f"{len(changed)} generated files written." if changed else "Everything generated is up to date.")
    return 0


@standard_app.command("check")
def standard_check(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Report every fault of the standard, profiles and editions with file and line; warn, and say what is still to do."""
    from pipelines.standard_check import check_standard

    found = check_standard(find_project(project, None))
    if json:
        print_json(
            {
                "problems": list(found.problems),
                "warnings": list(found.warnings),
                "to_do": list(found.to_do),
            }
        )
        return 1 if found.problems else 0
    for warning in found.warnings:
        print(f"warning: {warning}")
    for problem in found.problems:
        print(problem)
    for entry in found.to_do:
        print(f"to do: {entry}")
    print(f"{len(found.problems)} problems." if found.problems else "The standard is consistent.")
    return 1 if found.problems else 0


@standard_app.command("prepare")
def standard_prepare(project: ProjectOption = None, data: DataOption = None) -> int:
    """Work out once what every command needs of the standard; the first one of a new data folder does it otherwise."""
    from clearing_point.standard import load_standard
    from pipelines.prepare import prepare

    found = find_project(project, data)
    shared = prepare(found, load_standard(found.schemas, found.prepared))
    print("Ready for every data folder of this account." if shared else "Ready for this data folder.")
    return 0


@app.command()
def suites(
    dialect: Annotated[
        str, typer.Option(help="duckdb or postgres: of the SQL in rules over several columns.")
    ] = "duckdb",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER|FILE",
            help="Folder for one JSON file a table, or the file of a page.",
        ),
    ] = None,
    submission: Annotated[
        str | None,
        typer.Option(metavar="SUBMISSION", help="With -o: the page of what they said of a submission."),
    ] = None,
    edition: Annotated[
        int | None, typer.Option(metavar="YEAR", help="With -o: the page of what they said of an edition.")
    ] = None,
    language: Annotated[
        str, typer.Option("--lang", metavar="LANGUAGE", help="Of the page, such as sq or sr-Cyrl.")
    ] = "en",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """List the validation suites: expectations on every table, for Great Expectations on any database.

    With --submission or --edition: write one page of what they said, beside what they said before.
    """
    from clearing_point.standard import load_standard
    from clearing_point.suites.listing import listed, listing_lines
    from clearing_point.suites.ready import chosen_suites, write_suites

    found = find_project(project, data)
    if submission is not None or edition is not None:
        return _page_of(found, submission, edition, output, language)
    files = chosen_suites(load_standard(found.schemas), dialect)
    if output is not None:
        written = write_suites(files, output)
        print(f"{written} suites written to {output}: docs/suites.md says how to run them.")
        return 0
    rows = listed(files)
    if json:
        print_json({"dialect": dialect, "suites": rows})
    else:
        for line in listing_lines(rows):
            print(line)
    return 0


def _page_of(
    found: Project, submission: str | None, edition: int | None, output: Path | None, language: str
) -> int:
    from clearing_point.publication.validation_page import page_of_edition, page_of_submission, write_page
    from clearing_point.standard import load_standard

    if output is None or (submission is None) == (edition is None):
        raise UsageProblem("Give one of --submission and --edition, and -o FILE.html.")
    known = load_standard(found.schemas, found.prepared)
    if submission is not None:
        text = page_of_submission(found, known, submission, known_language(language, known))
    else:
        text = page_of_edition(found, known, int(edition or 0), known_language(language, known))
    print(f"Written: {write_page(text, output)}")
    return 0


@app.command()
def language(
    code: Annotated[str, typer.Argument(metavar="LANGUAGE", help="Such as sq or sr-Cyrl.")],
    add: Annotated[
        Path | None,
        typer.Option("--add", metavar="FILE.csv", help="Translations to take up: context, english, text."),
    ] = None,
    project: ProjectOption = None,
) -> int:
    """List the texts that a language lacks, as CSV to be filled in; --add takes the filled lines up."""
    from clearing_point.standard import load_standard
    from pipelines.translate import lacking_texts, take_up

    found = find_project(project, None)
    if add is not None:
        print(take_up(found, code, add))
        return 0
    print(lacking_texts(load_standard(found.schemas, found.prepared), code), end="")
    return 0
