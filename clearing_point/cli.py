"""The command line: argument parsing only. Each command calls one function and prints what came of it.

Exit codes: 0 done, 1 refused for reasons of data or disclosure, 2 wrong use, 3 our fault.
"""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from clearing_point import __version__
from clearing_point.errors import ClearingPointError, InputProblem, InternalError, UsageProblem
from clearing_point.project import Project, find_project

app = typer.Typer(
    name="clearing-point",
    help="Receive, check, protect and publish data on victims of trafficking and the assistance they receive.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
standard_app = typer.Typer(help="The standard: what the region has agreed.", no_args_is_help=True)
app.add_typer(standard_app, name="standard")
import_app = typer.Typer(
    help="Public data of others, through the same path as any submission.", no_args_is_help=True
)
app.add_typer(import_app, name="import")

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="Folder with schemas/, pipelines/ and reports/."),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder for everything received and made.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for a program to read.")]
TerritoryOption = Annotated[
    str, typer.Option("--territory", metavar="CODE", help="Reporting territory, such as ALB.")
]
PeriodOption = Annotated[
    str, typer.Option("--period", metavar="YEAR", help="Year (2022) or years (2017-2021).")
]
EditionOption = Annotated[
    int, typer.Option("--edition", metavar="YEAR", help="Edition of the report, such as 2022.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file as its sender made it.")]


def main() -> None:
    """Run the command line; turn every failure into one sentence and its exit code."""
    try:
        result = app(standalone_mode=False)
    except ClearingPointError as error:
        _fail(error)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.Abort:
        _say("Stopped. Nothing half-written was left behind.")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        _say("Stopped. Nothing half-written was left behind.")
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's own: wrong use
            _say(f"{error.format_message()} See `clearing-point --help`.")
            sys.exit(2)
        _fail(InternalError(f"{type(error).__name__} in {_where(error)}"))
    sys.exit(result if isinstance(result, int) else 0)


def _fail(error: ClearingPointError) -> None:
    if isinstance(error, InternalError):
        # The text of an unexpected error may hold a value: its kind and place are enough to report it.
        _say(
            f"The program failed ({error}). Your data are unchanged. Please report this to the clearing point."
        )
    else:
        _say(str(error))
    sys.exit(error.exit_code)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _print_json(document: Any) -> None:
    print(json_module.dumps(document, ensure_ascii=False, indent=2, default=str))


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"clearing-point {__version__}")
        raise typer.Exit(0)


@app.command()
def check(
    file: FileArgument,
    territory: TerritoryOption,
    period: PeriodOption = "",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Check a submission without storing it; the year is taken from --period or the edition now open."""
    from clearing_point.countries import profile_of_territory
    from clearing_point.standard import load_standard
    from pipelines.ingest import check as run

    found = find_project(project, data)
    standard = load_standard(found.schemas)
    outcome = run(found, standard, file, profile_of_territory(found, territory), period or _open_year(found))
    return _report_outcome(outcome, json, stored=False)


@app.command()
def load(
    file: FileArgument,
    territory: TerritoryOption,
    period: PeriodOption,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Check a submission and store it: accepted, accepted with warnings, or returned."""
    from clearing_point.countries import profile_of_territory
    from clearing_point.standard import load_standard
    from pipelines.ingest import load as run

    found = find_project(project, data)
    standard = load_standard(found.schemas)
    outcome = run(
        found, standard, file, profile_of_territory(found, territory), period, progress=_progress(json)
    )
    return _report_outcome(outcome, json, stored=True)


def _import(source: str, file: Path, project: Path | None, data: Path | None, json: bool) -> int:
    from clearing_point.standard import load_standard
    from pipelines.ingest import load_source

    found = find_project(project, data)
    outcome = load_source(found, load_standard(found.schemas), file, source, progress=_progress(json))
    return _report_outcome(outcome, json, stored=True)


@import_app.command("unodc")
def import_unodc(
    file: FileArgument, project: ProjectOption = None, data: DataOption = None, json: JsonOption = False
) -> int:
    """Load UNODC's data file (workbook as published, or CSV) as national aggregates."""
    return _import("unodc", file, project, data, json)


@import_app.command("ctdc")
def import_ctdc(
    file: FileArgument, project: ProjectOption = None, data: DataOption = None, json: JsonOption = False
) -> int:
    """Load a CTDC file (synthetic or k-anonymised) as reference data; its layout tells which."""
    return _import("ctdc", file, project, data, json)


@app.command()
def status(project: ProjectOption = None, data: DataOption = None, json: JsonOption = False) -> int:
    """Show each territory and period: not started, returned, accepted, and what replaced what."""
    from clearing_point.standard import load_standard
    from pipelines.status import status_of

    found = find_project(project, data)
    lines = status_of(found, load_standard(found.schemas))
    if json:
        _print_json(lines)
        return 0
    _print_table(
        ["territory", "period", "state", "version", "rows", "errors", "warnings", "made data"],
        [[str(line[k]) for k in ("territory", "period", "state", "version", "rows", "errors", "warnings", "made_data")]
         for line in lines],
    )  # fmt: skip
    _say("Next: clearing-point publish --edition YEAR")
    return 0


@app.command()
def publish(
    edition: EditionOption, project: ProjectOption = None, data: DataOption = None, json: JsonOption = False
) -> int:
    """Count, protect and audit the tables of an edition, and write them as a release."""
    from clearing_point.standard import load_standard
    from pipelines.publish import publish as run

    found = find_project(project, data)
    release = run(found, load_standard(found.schemas), edition, progress=_progress(json))
    if json:
        _print_json(release.summary())
        return 0
    print(release.sentence())
    _say(f"Next: clearing-point report --edition {edition}")
    return 0


@app.command()
def report(
    edition: EditionOption, project: ProjectOption = None, data: DataOption = None, json: JsonOption = False
) -> int:
    """Build the annual report of an edition from protected tables."""
    from clearing_point.standard import load_standard
    from pipelines.annual_report import build

    found = find_project(project, data)
    built = build(found, load_standard(found.schemas), edition, progress=_progress(json))
    if json:
        _print_json({"html": built.html, "files": list(built.files)})
        return 0
    print(f"The report of the edition {edition} is built:")
    for path in (built.html, *(p for p in built.files if p != built.html)):
        print(f"  {path}")
    return 0


@app.command()
def demo(project: ProjectOption = None, data: DataOption = None) -> int:
    """Walk the whole path on made data: submissions of eleven territories to a built report."""
    from clearing_point.standard import load_standard
    from pipelines.demo import demo as run

    found = find_project(project, data)
    built = run(found, load_standard(found.schemas), progress=_progress(False))
    print("Done. All of it is MADE DATA; no real person is in it. Open:")
    for path in built:
        print(f"  {path}")
    return 0


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
    changed = derive(found, load_standard(found.schemas), check_only=check_only)
    if check_only and changed:
        raise InputProblem(
            f"{', '.join(changed)} is not what the standard gives: run `clearing-point build`."
        )
    print(f"{len(changed)} generated files written." if changed else "Everything generated is up to date.")
    return 0


@app.command()
def rebuild(project: ProjectOption = None, data: DataOption = None, json: JsonOption = False) -> int:
    """Make the warehouse anew from the archive of received files; the old one stays until the new one stands."""
    from clearing_point.standard import load_standard
    from pipelines.rebuild import rebuild as run

    found = find_project(project, data)
    result = run(found, load_standard(found.schemas), progress=_progress(json))
    if json:
        _print_json(result.summary())
    else:
        print(result.sentence())
    return 0


@standard_app.command("check")
def standard_check(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Report every inconsistency of the standard and the profiles with file and line."""
    from clearing_point.standard.check import check_project

    found = find_project(project, None)
    problems = check_project(found)
    if json:
        _print_json({"problems": problems})
    else:
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problems." if problems else "The standard is consistent.")
    return 1 if problems else 0


@app.command()
def audit(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Long tables as CSV.")],
    value: Annotated[str, typer.Option("--value", metavar="COLUMN", help="Column of the counts.")],
    by: Annotated[str, typer.Option("--by", metavar="A,B", help="Columns of the dimensions.")],
    total: Annotated[
        str, typer.Option("--total", metavar="TEXT", help="What a total's dimension says.")
    ] = "Total",
    threshold: Annotated[
        int, typer.Option("--threshold", help="Counts from 1 to one less must not be learned.")
    ] = 5,
    json: JsonOption = False,
) -> int:
    """Try to recover the hidden cells of published tables, and say which give way."""
    from clearing_point.disclosure.commands import audit_files

    found = audit_files(files, value=value, by=_names(by), total=total, threshold=threshold)
    if json:
        _print_json(found.as_json())
    else:
        print("\n".join(found.lines()))
    return found.exit_code


@app.command()
def protect(
    file: FileArgument,
    value: Annotated[str, typer.Option("--value", metavar="COLUMN", help="Column of the counts.")],
    by: Annotated[str, typer.Option("--by", metavar="A,B", help="Columns of the dimensions.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT.csv", help="Where the protected table goes.")
    ],
    total: Annotated[
        str, typer.Option("--total", metavar="TEXT", help="What a total's dimension says.")
    ] = "Total",
    threshold: Annotated[
        int, typer.Option("--threshold", help="Counts from 1 to one less are protected.")
    ] = 5,
    method: Annotated[str, typer.Option("--method", help="suppress or round")] = "suppress",
    json: JsonOption = False,
) -> int:
    """Protect a long table so that no small count can be recovered from it."""
    from clearing_point.disclosure.protect_command import protect_file

    if method not in ("suppress", "round"):
        raise UsageProblem(f"There is no method '{method}': choose suppress or round.")
    found = protect_file(
        file,
        value=value,
        by=_names(by),
        total=total,
        threshold=threshold,
        method="round" if method == "round" else "suppress",
        output=output,
    )
    if json:
        _print_json(found.as_json())
    else:
        print("\n".join(found.lines()))
        print(f"Written: {output}. Its column `protection` is for the office; leave it out when you publish.")
    return found.exit_code


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _open_year(project: Project) -> str:
    years = sorted(p.stem for p in (project.reports / "editions").glob("[0-9]*.yml") if p.stem.isdigit())
    if not years:
        raise InputProblem("No edition is open: name the year with --period.")
    return years[-1]


def _progress(quiet: bool) -> Any:
    """Return a function that shows progress on a terminal and says nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: print(f"  {text}", file=sys.stderr, flush=True)


def _print_table(headings: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(h), *(len(r[i]) for r in rows)) if rows else len(h) for i, h in enumerate(headings)]
    for row in (headings, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _report_outcome(outcome: Any, as_json: bool, *, stored: bool) -> int:
    if as_json:
        _print_json(outcome.document())
        return 0 if outcome.verdict.accepted else 1
    for line in outcome.lines(stored=stored):
        print(line)
    return 0 if outcome.verdict.accepted else 1


if __name__ == "__main__":
    main()
