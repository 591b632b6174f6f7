"""Commands that take a submission back: withdraw, delete."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clearing_point.commands.shared import DataOption, LanguageOption, ProjectOption, known_language, say
from clearing_point.project import find_project, ready

app = typer.Typer()

SubmissionArgument = Annotated[
    str, typer.Argument(metavar="SUBMISSION", help="Its name, as `status --json` lists it.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]


@app.command()
def withdraw(
    submission: SubmissionArgument,
    reason: ReasonOption,
    language: LanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Take an accepted submission out of what counts; it is kept, with the reason."""
    from clearing_point.intake.taking_back import counted_elsewhere
    from clearing_point.intake.taking_back import withdraw as run
    from clearing_point.publication.released import editions_with
    from clearing_point.standard import load_standard

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language, standard)
    others = counted_elsewhere(found, standard, submission)
    taken = run(found, submission, reason)
    editions = editions_with(found, submission)
    print(standard.word("screen", "withdrawn", chosen, submission=submission))
    _print_series(taken, standard, chosen)
    published = ", ".join(map(str, editions))
    if editions:
        print(standard.word("screen", "published_in", chosen, editions=published))
    _print_others(others, standard, chosen)
    for year in editions:
        command = ready(f"clearing-point publish --edition {year}")
        say(standard.word("screen", "next", chosen, command=command))
    if not editions:
        say(standard.word("screen", "not_published", chosen))
    return 0


@app.command()
def delete(
    submission: SubmissionArgument,
    reason: ReasonOption,
    language: LanguageOption = "en",
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Remove everything a submission holds about persons; its receipt and the reason stay."""
    from clearing_point.intake.taking_back import counted_elsewhere
    from clearing_point.intake.taking_back import delete as run
    from clearing_point.standard import load_standard

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    chosen = known_language(language, standard)
    others = counted_elsewhere(found, standard, submission)
    taken = run(found, standard, submission, reason)
    name = "deleted" if taken.gone else "deleted_without_file"
    print(standard.word("screen", name, chosen, submission=submission))
    _print_series(taken, standard, chosen)
    _print_others(others, standard, chosen)
    return 0


def _print_series(taken: Any, standard: Any, language: str) -> None:
    """Say what of the series counts now."""
    for name in taken.again:
        print(standard.word("screen", "counts_again", language, submission=name))
    if taken.none:
        print(standard.word("screen", "none_counts", language))


def _print_others(others: tuple[tuple[str, int], ...], standard: Any, language: str) -> None:
    """Name what else still counts the same persons."""
    for name, persons in others:
        print(standard.word("screen", "still_counted", language, submission=name, count=persons))
