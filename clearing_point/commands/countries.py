"""Commands on a country's folder: country suggest, country new."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import (
    DataOption,
    EncodingOption,
    FileArgument,
    LanguageOption,
    PeriodOption,
    ProjectOption,
    known_language,
    open_year,
    say,
)
from clearing_point.project import find_project, ready

app = typer.Typer()
country_app = typer.Typer(help="A country's folder: its layout and its words.", no_args_is_help=True)
app.add_typer(country_app, name="country")

TerritoryArgument = Annotated[str, typer.Argument(metavar="CODE", help="Reporting territory, such as SRB.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Folder to write to, instead of the project's own."),
]


@country_app.command("suggest")
def suggest(
    territory: TerritoryArgument,
    file: FileArgument,
    period: PeriodOption = "",
    encoding: EncodingOption = None,
    output: OutputOption = None,
    language: LanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Write a proposal, marked undecided, for every word of a file that is not mapped yet."""
    from clearing_point.standard import load_standard
    from pipelines.country import suggest as run

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language, standard)
    done = run(found, standard, territory, file, period or open_year(found), output, encoding, chosen)
    for line in done.lines:
        print(line)
    where = f"--territory {territory} --period {period or open_year(found)}"
    if done.written:
        print(standard.word("problem", "lines_written", chosen, lines=str(done.written), file=done.path))
        say(standard.word("problem", "decide_next", chosen))
    else:
        print(standard.word("problem", "no_line_needed", chosen))
        command = ready(f"clearing-point check {shlex.quote(str(file))} {where}")
        say(standard.word("screen", "next", chosen, command=command))
    return 0


@country_app.command("new")
def new(
    territory: TerritoryArgument,
    file: FileArgument,
    language: Annotated[
        str, typer.Option("--lang", "--language", help="Of its headings, such as sq.")
    ] = "en",
    encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV file.")] = "utf-8-sig",
    output: OutputOption = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Start a country's folder from a file as it is sent there."""
    from clearing_point.standard import load_standard
    from pipelines.country import start

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    done = start(found, standard, territory, file, output, language, encoding)
    # Of a country whose language the standard does not have all of it is said in English.
    files = f"{done.path}, values.csv, corrections.yml, waivers.yml"
    print(standard.word("screen", "written", language, file=files))
    if done.lines:
        print(standard.word("problem", "to_decide", language, lines=str(len(done.lines))))
        for line in done.lines:
            print(f"  {line}")
    place = f"mv {shlex.quote(str(output))} {found.countries / territory} && " if output else ""
    command = ready(f"clearing-point check {shlex.quote(str(file))} --territory {territory}")
    say(standard.word("problem", "read_next", language, command=place + command))
    return 0
