"""Disclosure control for anybody's long table: audit, protect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearing_point.commands.shared import (
    FileArgument,
    JsonOption,
    names,
    print_json,
)
from clearing_point.errors import UsageProblem

if TYPE_CHECKING:
    from clearing_point.disclosure.understood import Declared

app = typer.Typer()


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
    seconds: Annotated[float, typer.Option("--seconds", help="After which the work is given up.")] = 300,
    sums: Annotated[
        list[str] | None,
        typer.Option("--sum", metavar="'COLUMN: A = B + C'", help="A category that adds up others."),
    ] = None,
    apart: Annotated[
        str, typer.Option("--apart", metavar="A,B", help="Columns of which no category is the sum of others.")
    ] = "",
    keep: Annotated[
        str, typer.Option("--keep", metavar="A,B", help="Columns of numbers that say nothing of the counts.")
    ] = "",
    json: JsonOption = False,
) -> int:
    """Try to recover the hidden cells of published tables, and say which give way."""
    from clearing_point.disclosure.commands import audit_files

    found = audit_files(
        files,
        value=value,
        by=names(by),
        total=total,
        threshold=threshold,
        declared=_declared(sums, apart, keep),
        seconds=seconds,
        say=_say,
    )
    if json:
        print_json(found.as_json())
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
    seconds: Annotated[float, typer.Option("--seconds", help="After which the work is given up.")] = 300,
    sums: Annotated[
        list[str] | None,
        typer.Option("--sum", metavar="'COLUMN: A = B + C'", help="A category that adds up others."),
    ] = None,
    apart: Annotated[
        str, typer.Option("--apart", metavar="A,B", help="Columns of which no category is the sum of others.")
    ] = "",
    keep: Annotated[
        str, typer.Option("--keep", metavar="A,B", help="Columns of numbers that say nothing of the counts.")
    ] = "",
    json: JsonOption = False,
) -> int:
    """Protect a long table so that no small count can be recovered from it."""
    from clearing_point.disclosure.protect_command import protect_file

    if method not in ("suppress", "round"):
        raise UsageProblem(f"There is no method '{method}': choose suppress or round.")
    found = protect_file(
        file,
        value=value,
        by=names(by),
        total=total,
        threshold=threshold,
        method="round" if method == "round" else "suppress",
        output=output,
        declared=_declared(sums, apart, keep),
        seconds=seconds,
        say=_say,
    )
    if json:
        print_json(found.as_json())
    else:
        print("\n".join(found.lines()))
        print(f"Written: {output}. Its column `protection` is for the office; leave it out when you publish.")
    return found.exit_code


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _declared(sums: list[str] | None, apart: str, keep: str) -> Declared:
    from clearing_point.disclosure.understood import Declared, read_sums

    listed = [frozenset(names(text)) if text else frozenset() for text in (apart, keep)]
    return Declared(sums=read_sums(sums or []), apart=listed[0], keep=listed[1])
