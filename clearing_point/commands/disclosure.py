"""Disclosure control for anybody's long table: audit, protect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import (
    FileArgument,
    JsonOption,
    names,
    print_json,
)
from clearing_point.errors import UsageProblem

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
    json: JsonOption = False,
) -> int:
    """Try to recover the hidden cells of published tables, and say which give way."""
    from clearing_point.disclosure.commands import audit_files

    found = audit_files(files, value=value, by=names(by), total=total, threshold=threshold)
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
    )
    if json:
        print_json(found.as_json())
    else:
        print("\n".join(found.lines()))
        print(f"Written: {output}. Its column `protection` is for the office; leave it out when you publish.")
    return found.exit_code
