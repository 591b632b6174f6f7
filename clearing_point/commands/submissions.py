"""Commands of a data officer: check, load, import, compare, status."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clearing_point.commands.shared import (
    DataOption,
    EncodingOption,
    FileArgument,
    FindingsLanguageOption,
    JsonOption,
    LanguageOption,
    PeriodOption,
    ProjectOption,
    SenderOption,
    TerritoryOption,
    known_language,
    open_year,
    print_json,
    print_table,
    progress,
    say,
)
from clearing_point.engine import without
from clearing_point.errors import UsageProblem
from clearing_point.project import find_project, ready

app = typer.Typer()


@app.command()
def template(
    territory: Annotated[str, typer.Argument(metavar="TERRITORY", help="Reporting territory, such as ALB.")],
    year: Annotated[int, typer.Option("--year", metavar="YEAR", help="Year that is reported.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.xlsx", help="Where it is written.")],
    language: Annotated[
        str | None,
        typer.Option("--lang", metavar="LANGUAGE", help="Such as sq or sr-Cyrl; else the territory's own."),
    ] = None,
    project: ProjectOption = None,
) -> int:
    """Write the empty regional workbook of a territory and year, in the officer's language."""
    from clearing_point.countries import profile_of_territory
    from clearing_point.intake.receive import parse_period
    from clearing_point.standard import load_standard
    from clearing_point.standard.workbook import write_template
    from clearing_point.submission.plan import Item

    found = find_project(project, None)
    if output.suffix.lower() != ".xlsx":
        raise UsageProblem(
            f"{output.name}: the template is a workbook: name an .xlsx file.",
            "ending_template",
            file=output.name,
        )
    parse_period(str(year))
    own = profile_of_territory(found, territory).language
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language or (own if own in standard.languages else "en"), standard)
    write_template(standard, output, territory=territory, year=year, language=chosen)
    print(standard.word("screen", "written", chosen, file=output))
    item = Item(output, profile_of_territory(found, territory), str(year), language=chosen)
    say(standard.word("screen", "next", chosen, command=item.command("check")))
    return 0


@app.command()
def check(
    file: FileArgument,
    territory: TerritoryOption,
    period: PeriodOption = "",
    sender: SenderOption = None,
    encoding: EncodingOption = None,
    language: FindingsLanguageOption = "en",
    marked: Annotated[
        Path | None,
        typer.Option(
            "--marked",
            metavar="FILE",
            help="Write the file with its cells marked (.xlsx), or the list (.csv).",
        ),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Check a submission without storing it; the year is taken from --period or the edition now open."""
    from clearing_point.countries import for_sender, profile_of_territory
    from clearing_point.quality.given_back import give_back, writable
    from clearing_point.standard import load_standard
    from clearing_point.submission.plan import Item
    from pipelines.check import checked

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    profile = for_sender(profile_of_territory(found, territory), sender)
    chosen = known_language(language, standard)
    if marked is not None:
        writable(marked, file)
    item = Item(file, profile, period or open_year(found), encoding=encoding, language=chosen)
    with checked(found, standard, item, progress=progress(json, standard, item.language)) as done:
        if marked is not None:
            why = give_back(done.outcome.feedback, done.rows_read, marked, standard, chosen, file)
            say(standard.word("screen", "written", chosen, file=marked))
            if why:
                say(standard.word("screen", why, chosen))
        return _report_outcome(done.outcome, standard, json)


@app.command()
def load(
    file: FileArgument,
    territory: TerritoryOption,
    period: PeriodOption,
    sender: SenderOption = None,
    encoding: EncodingOption = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Why a version that was published is replaced."),
    ] = None,
    language: FindingsLanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Check a submission and store it: accepted, accepted with warnings, or returned."""
    from clearing_point.countries import for_sender, profile_of_territory
    from clearing_point.standard import load_standard
    from pipelines.ingest import load as run

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    profile = for_sender(profile_of_territory(found, territory), sender)
    outcome = run(
        found, standard, file, profile, period, encoding=encoding, reason=reason,
        language=known_language(language, standard), progress=progress(json, standard, language),
    )  # fmt: skip
    return _report_outcome(outcome, standard, json)


SourceArgument = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A folder of pipelines/sources, or the start of its name.")
]


@app.command("import")
def import_file(
    source: SourceArgument,
    file: FileArgument,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="When its publisher released the file; without it, the day in its name.",
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of a release in several files of one layout: a name for a further one, such as SUP. Both are in force.",
        ),
    ] = None,
    territory: Annotated[
        str | None,
        typer.Option(help="Of a format that a territory sends its own data in: whose submission it is."),
    ] = None,
    period: PeriodOption = "",
    sender: SenderOption = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Load a public file (UNODC, CTDC ...) as reference data, or a territory's submission in a public format (HTCDS)."""
    from clearing_point.countries import sources_named
    from clearing_point.standard import load_standard
    from pipelines.ingest import load_format, load_source

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    profile = sources_named(found, source)[0]
    day = _day(release)
    if profile.use == "reference":
        if territory is not None:
            raise UsageProblem(
                f"{profile.name} is published by somebody else: it takes no --territory.",
                "territory_not_taken", name=profile.name,
            )  # fmt: skip
        outcome = load_source(found, standard, file, source, released=day, part=part, progress=progress(json))
    else:
        if territory is None:
            raise UsageProblem(
                f"{profile.name} is a format of submissions: give --territory, and --period.",
                "territory_needed", name=profile.name,
            )  # fmt: skip
        outcome = load_format(
            found, standard, file, profile.name, territory, period or open_year(found), sender=sender,
            progress=progress(json),
        )  # fmt: skip
    return _report_outcome(outcome, standard, json)


def _day(text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except ValueError as error:
        raise UsageProblem("--release is a day, such as 2025-04-14.", "release_day") from error


@app.command()
def compare(
    source: SourceArgument,
    before: Annotated[
        str | None,
        typer.Option("--from", metavar="RELEASE", help="Its day or submission; the one before the newest."),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--to", metavar="RELEASE", help="Its day or submission; the newest.")
    ] = None,
    territory: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given several times.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.csv", help="Write every number that differs."),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Compare two releases of a public source, number by number: what changed, is new, was withdrawn."""
    from dataclasses import asdict

    from clearing_point.standard import load_standard
    from pipelines.compare import compare as run

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    compared = run(found, standard, source, before=before, after=after, territories=territory or ())
    if output is not None:
        output.write_text(compared.csv(), encoding="utf-8", newline="\n")
    if json:
        print_json(asdict(compared))
        return 0
    for line in compared.lines():
        print(line)
    if output is not None:
        print(f"Written: {output}")
    return 0


@app.command()
def frequencies(
    source: SourceArgument,
    release: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="Its day or submission; the newest.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.csv", help="Write the frequency of every code."),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Show what was read of a public source: rows by code, and the publisher's own counts beside ours."""
    from dataclasses import asdict

    from clearing_point.standard import load_standard
    from pipelines.compare import read_of

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    read = read_of(found, standard, source, release)
    if output is not None:
        output.write_text(read.csv(), encoding="utf-8", newline="\n")
    if json:
        print_json({**asdict(read), "counts": [{**asdict(c), "verdict": c.verdict} for c in read.counts]})
        return 0
    for line in read.lines():
        print(line)
    print_table(
        ["table", "field", "code", "rows"], [[f.table, f.field, f.code, f"{f.rows:,}"] for f in read.codes]
    )
    if output is not None:
        print(f"Written: {output}")
    return 0


@app.command()
def status(
    language: LanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Show each territory, period and sender: not started, returned, accepted, replaced by, in which edition."""
    from clearing_point.linkage.files import decisions_file
    from clearing_point.standard import load_standard
    from pipelines.status import status_in_words, status_of

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language, standard)
    with without("pandas"):
        lines = status_of(found, standard, history=True)
    if json:
        print_json(lines)
        return 0
    print_table(*status_in_words(lines, standard, chosen))
    if decisions_file(found).exists():
        from pipelines.duplicates import stale_decisions

        for sentence in stale_decisions(found, standard):
            say(sentence)
    command = ready(f"clearing-point publish --edition {open_year(found)}")
    say(standard.word("screen", "next", chosen, command=command))
    return 0


def _report_outcome(outcome: Any, standard: Any, as_json: bool) -> int:
    if as_json:
        print_json(outcome.document())
        return 0 if outcome.accepted else 1
    for line in outcome.lines(standard):
        print(line)
    return 0 if outcome.accepted else 1
