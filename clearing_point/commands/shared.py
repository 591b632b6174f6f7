"""What all commands share: their options, and how they speak."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearing_point.commands.developing import STEPS
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.project import Project

if TYPE_CHECKING:
    from clearing_point.standard import Standard

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
SenderOption = Annotated[
    str | None,
    typer.Option(
        "--sender", metavar="NAME", help="Organisation that sends, if not the territory's coordinator."
    ),
]
EditionOption = Annotated[
    int, typer.Option("--edition", metavar="YEAR", help="Edition of the report, such as 2022.")
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Of a CSV file, such as cp1251; else it is found out."),
]
FindingsLanguageOption = Annotated[
    str, typer.Option("--lang", metavar="LANGUAGE", help="Of the findings, such as sq or sr-Cyrl.")
]
LanguageOption = Annotated[
    str, typer.Option("--lang", metavar="LANGUAGE", help="Of what is printed, such as sq or sr-Cyrl.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file as its sender made it.")]


def say(text: str) -> None:
    """Print a line for a person on standard error; results go to standard output.

    A name of a file or sheet may hold anything: what would steer a terminal or break the line is left out.
    """
    print("".join(c if c.isprintable() else " " for c in text), file=sys.stderr)


def print_json(document: Any) -> None:
    """Print one JSON document for a program."""
    print(json_module.dumps(document, ensure_ascii=False, indent=2, default=str))


def progress(quiet: bool, standard: Standard | None = None, language: str = "en") -> Any:
    """Return a function that shows progress on a terminal and says nothing elsewhere; it knows the step either way.

    A stage of which the desk has a word is shown in the language, where one is named.
    """
    if quiet or not sys.stderr.isatty() or STEPS.timed:
        return STEPS.step

    def show(text: str) -> None:
        STEPS.step(text)
        stage = f"stage_{text}"
        if standard is not None and stage in standard.words["desk"]:
            text = standard.word("desk", stage, language)
        print(f"  {text}", file=sys.stderr, flush=True)

    return show


@contextmanager
def timed_steps() -> Iterator[Callable[[str], None]]:
    """Give a function that shows each step while it runs and, when the next begins, how long it took."""
    began, doing = monotonic(), ""

    def step(text: str) -> None:
        nonlocal began, doing
        now = monotonic()
        if doing:
            sys.stderr.write(f"{chr(13) if sys.stderr.isatty() else ''}{now - began:5.1f} s  {doing}\n")
        began, doing = now, text
        if doing and sys.stderr.isatty():
            sys.stderr.write(f"     ... {doing}")
        sys.stderr.flush()

    try:
        yield step
    finally:
        step("")


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Print rows under their headings, aligned."""
    widths = [max(len(h), *(len(r[i]) for r in rows)) if rows else len(h) for i, h in enumerate(headings)]
    for row in (headings, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def known_language(language: str, standard: Standard) -> str:
    """Return a language of the standard.

    Raises
    ------
    UsageProblem
        If it has no such language; names those it has.
    """
    if language not in standard.languages:
        raise UsageProblem(
            f"There is no language '{language}': {', '.join(standard.languages)}.",
            "name_unknown", name=language, known=", ".join(standard.languages),
        )  # fmt: skip
    return language


def names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated option."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def open_year(project: Project) -> str:
    """Return the year of the newest edition.

    Raises
    ------
    InputProblem
        If no edition is open.
    """
    years = sorted(p.stem for p in project.editions.glob("[0-9]*.yml") if p.stem.isdigit())
    if not years:
        raise InputProblem("No edition is open: name the year with --period.", "no_edition")
    return years[-1]
