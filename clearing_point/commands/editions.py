"""Commands of an edition: publish, report, diff, run annual, demo, rebuild."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from clearing_point.commands.shared import (
    DataOption,
    EditionOption,
    JsonOption,
    LanguageOption,
    ProjectOption,
    known_language,
    print_json,
    progress,
    say,
    timed_steps,
)
from clearing_point.errors import ClearingPointError
from clearing_point.project import find_project, ready

if TYPE_CHECKING:
    from clearing_point.standard import Standard

_OPENED = (".html", ".pdf", ".xlsx")
"""Endings of the files of a report that a person opens first."""
AlsoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="LANGUAGE",
        help="A language beside those of the edition and of the report that stands; may be repeated.",
    ),
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="LANGUAGE", help="A language that was added and is to go again."),
]

app = typer.Typer()
run_app = typer.Typer(help="What a timer runs.", no_args_is_help=True)
app.add_typer(run_app, name="run")


@app.command()
def publish(
    edition: EditionOption,
    complete_revision: Annotated[
        str,
        typer.Option(
            "--complete-revision", metavar="REASON", help="Declare what is out void, and print why."
        ),
    ] = "",
    language: LanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Count, protect and audit the tables of an edition, enter them in the ledger, and write them as a release."""
    from clearing_point.standard import load_standard
    from pipelines.publish import publish as run

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    release = run(
        found,
        standard,
        edition,
        complete_revision=complete_revision.strip(),
        language=known_language(language, standard),
        progress=progress(json),
    )
    if json:
        print_json(release.summary())
        return 0
    print(release.sentence(standard, language))
    for sentence in release.stale:
        say(sentence)
    command = ready(f"clearing-point report --edition {edition}")
    say(standard.word("screen", "next", language, command=command))
    return 0


@app.command()
def report(
    edition: EditionOption,
    check_again: Annotated[
        bool,
        typer.Option("--verify", help="Build it again from its lock and compare every byte; change nothing."),
    ] = False,
    also: AlsoOption = None,
    without: WithoutOption = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Build the annual report of an edition from protected tables, or verify the one that stands."""
    from clearing_point.standard import load_standard
    from pipelines.annual_report import build, verify

    found = find_project(project, data)
    if check_again:
        result = verify(found, load_standard(found.schemas, found.prepared), edition, progress=progress(json))
        if json:
            print_json({"same": result.same, "different": result.different, "inputs": result.inputs})
        else:
            print(result.sentence())
        return 0 if result.same else 1
    standard = load_standard(found.schemas, found.prepared)
    built = build(
        found, standard, edition, also=[known_language(each, standard) for each in also or ()],
        without=[known_language(each, standard) for each in without or ()], progress=progress(json),
    )  # fmt: skip
    if json:
        print_json({"html": built.html, "files": list(built.files)})
        return 0
    print(f"The report of the edition {edition} is built:")
    # A report is a thousand files: those to open first are named, the others counted.
    folder = built.html.parent
    first = [p for p in built.files if p.parent == folder and p.suffix in _OPENED]
    for path in first:
        print(f"  {path}")
    print(f"and {len(built.files) - len(first)} other files in {folder}")
    return 0


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help="Year, or year and release: 2021, 2022-1.0.")
    ],
    now: Annotated[str, typer.Argument(metavar="NOW", help="The later report.")],
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Print the published numbers that moved between two reports, and why; protected ones stay empty."""
    from pipelines.annual_report import diff as run

    found = run(find_project(project, data), before, now)
    if json:
        print_json(asdict(found))
        return 0
    print(found.csv(), end="")
    say(f"{len(found.moved)} of {found.compared} numbers differ between {found.before} and {found.now}.")
    return 0


@run_app.command("annual")
def run_annual(
    edition: EditionOption,
    also: AlsoOption = None,
    without: WithoutOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing where nothing is wrong.")] = False,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Build the annual report if anything changed: for a timer. The last good report stays if it fails."""
    from clearing_point.report.nightly_run import without_project
    from clearing_point.standard import load_standard
    from pipelines.run_annual import run_annual as run

    try:
        found = find_project(project, data)
    except ClearingPointError as error:
        done = without_project(edition, error, data)
        say(done.sentence())
        return done.exit_code

    def standard() -> Standard:
        read = load_standard(found.schemas, found.prepared)
        for each in (*(also or ()), *(without or ())):
            known_language(each, read)
        return read

    done = run(
        found, standard, edition, also=also or (), without=without or (), progress=progress(json or quiet)
    )
    if json:
        print_json(asdict(done))
    elif done.exit_code:
        say(done.sentence())
    elif not quiet:
        print(done.sentence())
    return done.exit_code


@app.command("edition")
def edition_state(
    edition: Annotated[int, typer.Argument(metavar="YEAR", help="The edition.")],
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Set it: open, draft (again), closed.")
    ] = "",
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="In which role you decide this.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept beside it.")] = "",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Say or set the state of an edition: a draft until a person opens it, published, closed."""
    from clearing_point.publication.edition import load_edition
    from clearing_point.publication.lost_ledger import refuse_lost_ledger
    from clearing_point.publication.states import set_state, state_of
    from clearing_point.workplace import alone

    found = find_project(project, data)
    load_edition(found, edition)
    if state:
        found.prepare()
        with alone(found.publication_lock, "publishing or building a report"):
            set_state(found, edition, state, role, reason)
    refuse_lost_ledger(found)  # what is out would be called a draft
    present = state_of(found, edition)
    if json:
        print_json({"edition": edition, "state": present})
    else:
        print(f"Edition {edition} is {present}.")
    return 0


@app.command()
def demo(
    full: Annotated[
        bool, typer.Option("--full", help="Every territory, all years and tables: minutes instead of one.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Walk the whole path on synthetic data: example submissions of some territories to a built report."""
    from clearing_point.standard import load_standard
    from pipelines.demo import demo as run

    found = find_project(project, data)
    with timed_steps() as step:
        step("reading the standard")
        built = run(found, load_standard(found.schemas, found.prepared), full=full, progress=step)
    print("Done. All of it is SYNTHETIC DATA; no real person is in it. Open first:")
    for path in built:
        print(f"  {path}")
    if open_page:
        typer.launch(built[0].as_uri())
    return 0


@app.command()
def rebuild(
    warehouse: Annotated[
        str | None,
        typer.Option(
            "--warehouse",
            metavar="URL",
            envvar="CLEARING_POINT_WAREHOUSE",
            help="Where it is to stand from now on: ducklake:postgresql://USER@HOST/DATABASE?data=/FOLDER, or file.",
        ),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Make the warehouse anew from the archive of received files; the old one stays until the new one stands.

    With --warehouse it moves to a lake, which several machines may change, or back to a file (docs/scale.md).
    """
    from clearing_point.standard import load_standard
    from pipelines.rebuild import rebuild as run

    found = find_project(project, data)
    result = run(
        found, load_standard(found.schemas, found.prepared), warehouse=warehouse, progress=progress(json)
    )
    if json:
        print_json(result.summary())
    else:
        print(result.sentence())
    return 0


@app.command("reduce")
def reduce_archive(
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Remove the originals although rows or findings differ from before."),
    ] = False,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Make an archive of originals, as earlier versions kept it, into one of what the profiles asked for."""
    from clearing_point.standard import load_standard
    from pipelines.reduce import reduce

    found = find_project(project, data)
    result = reduce(
        found, load_standard(found.schemas, found.prepared), anyway=anyway, progress=progress(json)
    )
    if json:
        print_json(result.summary())
    else:
        print(result.sentence())
    return 0 if result.is_done else 1
