"""`clearing-point standard check`: read, counted over a few rows, examples judged, what follows from it compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from clearing_point.analysis.dry_run import uncountable
from clearing_point.errors import ClearingPointError
from clearing_point.project import Project
from clearing_point.quality.judged_examples import contradicted
from clearing_point.standard import Standard
from clearing_point.standard.check import read_project, relative
from clearing_point.standard.check_variables import lacking_of_variables
from clearing_point.standard.portable import unportable
from clearing_point.standard.verdicts import Verdicts
from pipelines.derive import derive


@dataclass(frozen=True)
class Checked:
    """What is wrong, and what stops nobody: SQL that one engine alone has, and what is still to do.

    Each is ``file:line: sentence`` where it has a place.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    to_do: tuple[str, ...]


def check_standard(project: Project) -> Checked:
    """Find every fault of the standard, the profiles and the editions in one run."""
    verdicts = Verdicts(project.prepared)
    read = read_project(project, verdicts)
    problems, warnings, to_do = list(read.problems), [], []
    standard = read.standard
    if standard is not None:
        steps: tuple[Callable[[], list[str]], ...] = (
            lambda: uncountable(standard, verdicts),
            lambda: contradicted(standard, verdicts),
            lambda: verdicts.ask(_generated(project, standard), lambda: _stale(project, standard)),
        )
        for step in steps:
            try:
                problems += step()
            except (ClearingPointError, KeyError, TypeError, ValueError, AttributeError, duckdb.Error):
                if not problems:
                    raise
                # What keeps it from running was found by reading, with its line.
        if not problems:
            warnings = verdicts.ask(["portable", standard.sha256], lambda: unportable(standard))
        to_do = list(lacking_of_variables(standard, _languages_of_the_report(project)))
    verdicts.save()
    return Checked(
        tuple(sorted({relative(project, problem) for problem in problems})),
        tuple(relative(project, warning) for warning in warnings),
        tuple(relative(project, entry) for entry in to_do),
    )


def _generated(project: Project, standard: Standard) -> list[bytes | str]:
    places = (project.schemas / "generated", project.root / "docs" / "rule-book")
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    return ["generated", standard.sha256, *(path.read_bytes() for path in files)]


def _stale(project: Project, standard: Standard) -> list[str]:
    documents = (project.root / "docs" / "rule-book").is_dir()  # an installed project has none
    names = derive(project, standard, check_only=True, documents=documents)
    return [
        f"{name if name.startswith('docs/') else f'schemas/generated/{name}'}:1: not what the standard gives today: "
        "run `clearing-point build`."
        for name in names
    ]


def _languages_of_the_report(project: Project) -> frozenset[str]:
    return frozenset(path.name for path in (project.reports / "text").iterdir() if path.is_dir())
