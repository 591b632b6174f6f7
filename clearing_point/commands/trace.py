"""The command that goes from a printed number to the cells behind it, and back: trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearing_point.commands.shared import (
    DataOption,
    JsonOption,
    ProjectOption,
    print_json,
    print_table,
    say,
)
from clearing_point.errors import UsageProblem
from clearing_point.project import Project, find_project

if TYPE_CHECKING:
    from clearing_point.publication.printed import Printed
    from clearing_point.publication.trace import Touched, Traced
    from clearing_point.standard import Standard

app = typer.Typer()


@app.command()
def trace(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[TABLE | COLUMN]", help="Table of the report, such as E03; with --cell a column."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="VARIABLE=CODE", help="Which number of the table; else its total."),
    ] = None,
    cell: Annotated[
        tuple[str, str, int] | None,
        typer.Option("--cell", metavar="SUBMISSION SHEET ROW", help="Back: the numbers that a row is in."),
    ] = None,
    edition: Annotated[
        int | None,
        typer.Option("--edition", metavar="YEAR", help="Edition that is out; else the newest."),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script", metavar="FILE.sql", help="Write the SQL that counts the number, for DuckDB."
        ),
    ] = None,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """For the office: from a printed number to units, submissions, sheets, rows and columns; or back from a cell.

    It says true counts, of suppressed numbers too, and coordinates; never a value. What it says stays in the office.
    """
    from clearing_point.standard import load_standard

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    if cell is not None:
        if where or script:
            raise UsageProblem("--where and --script go with a table, not with --cell.")
        return _back(found, standard, cell, name, edition, json)
    if name is None:
        raise UsageProblem("Name a table, such as E03, or --cell SUBMISSION SHEET ROW.")
    chosen = dict(part.partition("=")[::2] for part in where or ())
    if any(not (variable and code) for variable, code in chosen.items()):
        raise UsageProblem("--where is VARIABLE=CODE, such as reference_year=2020.")
    return _forth(found, standard, name, chosen, edition, script, json)


def _forth(
    found: Project,
    standard: Standard,
    table: str,
    where: dict[str, str],
    edition: int | None,
    script: Path | None,
    json: bool,
) -> int:
    from clearing_point.publication.trace import trace_number, write_script
    from clearing_point.quality.said import ranges

    traced = trace_number(found, standard, table, where, edition)
    if script is not None:
        for path in write_script(traced, script):
            say(f"Written: {path}")
    if json:
        print_json(_document(traced))
        return 0
    print(f"{table}, edition {traced.edition}: {_at(traced.printed)}")
    print(f"Printed: {_shown(traced.printed)}. Counted: {_counted(traced)}")
    if not traced.agrees():
        say("These differ: rows have changed since the edition was counted, or were rebuilt by other rules.")
    print()
    headings = ["submission", "sheet", "table", "rows", "columns", "which rows"]
    rows = [
        [o.submission, o.sheet, o.table, str(len(o.rows)), _columns(o.columns), ranges(o.rows)]
        for o in traced.origins
    ]
    print_table(headings, rows)
    print(f"\n{traced.query};")
    if script is None:
        say("--script FILE.sql writes this query with everything that it names.")
    return 0


def _back(
    found: Project,
    standard: Standard,
    cell: tuple[str, str, int],
    column: str | None,
    edition: int | None,
    json: bool,
) -> int:
    from clearing_point.publication.trace import trace_cell

    touched = trace_cell(found, standard, *cell, column, edition)
    if json:
        print_json(_numbers(touched))
        return 0
    asked = ", ".join(f"{t}.{f}" for t, f in touched.fields) or ", ".join(touched.tables)
    print(f"Edition {touched.edition}: {len(touched.numbers)} printed numbers look at {asked} of this row.")
    rows = [[p.table, _at(p), _shown(p)] for p in touched.numbers]
    if rows:
        print_table(["table", "number", "printed"], rows)
    return 0


def _at(printed: Printed) -> str:
    return ", ".join(f"{variable} {code}" for variable, code in printed.cell.items())


def _shown(printed: Printed) -> str:
    number = "" if printed.shown is None else str(printed.shown)
    return f"{number} {printed.protection}".strip() + (f" ({printed.measure})" if printed.measure else "")


def _counted(traced: Traced) -> str:
    value = "" if traced.value is None else f", {traced.value:g} before rounding"
    return f"{traced.units} rows of {traced.unit}, {traced.persons} persons behind them{value}."


def _columns(columns: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{letter or '-'} {field}" for letter, field in columns) or "(the row itself)"


def _document(traced: Traced) -> dict[str, object]:
    return {
        "edition": traced.edition,
        **_number(traced.printed),
        "counted": {
            "of": traced.unit, "units": traced.units, "persons": traced.persons, "measure": traced.value,
            "agrees": traced.agrees(),
        },
        "origins": [
            {
                "submission": o.submission, "sheet": o.sheet, "table": o.table, "rows": list(o.rows),
                "columns": [{"letter": letter or None, "field": field} for letter, field in o.columns],
            }
            for o in traced.origins
        ],
        "query": traced.query,
    }  # fmt: skip


def _number(printed: Printed) -> dict[str, object]:
    return {
        "table": printed.table,
        "at": dict(printed.cell),
        "printed": printed.shown,
        "protection": printed.protection or None,
    }


def _numbers(touched: Touched) -> dict[str, object]:
    return {
        "edition": touched.edition,
        "tables": list(touched.tables),
        "fields": [f"{table}.{field}" for table, field in touched.fields],
        "numbers": [_number(printed) for printed in touched.numbers],
    }
