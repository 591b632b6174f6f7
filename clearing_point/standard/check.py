"""What `clearing-point standard check` finds by reading: every inconsistency of the standard, profiles and editions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from clearing_point.errors import ClearingPointError
from clearing_point.project import Project
from clearing_point.standard.check_editions import edition_problems, register_problems
from clearing_point.standard.check_expressions import expression_problems
from clearing_point.standard.check_literals import literal_problems
from clearing_point.standard.check_profiles import profile_problems
from clearing_point.standard.check_references import keys_between_tables, reference_problems
from clearing_point.standard.check_shapes import shapes
from clearing_point.standard.files import read_before
from clearing_point.standard.load import load_standard
from clearing_point.standard.model import Standard
from clearing_point.standard.verdicts import Verdicts
from clearing_point.standard.wording import Wording, faults_of_report


@dataclass(frozen=True)
class Read:
    """What reading found, each as ``file:line: sentence``; the standard, where all of it can be read."""

    problems: tuple[str, ...]
    standard: Standard | None


def read_project(project: Project, verdicts: Verdicts) -> Read:
    """Look at every file against the schema of its kind, then at what they say of each other; all faults in one run."""
    with read_before({}):
        problems = list(shapes(project, verdicts))
        if not problems:
            problems = list(keys_between_tables(project.schemas / "tables"))
        with suppress(
            ClearingPointError, KeyError, TypeError, AttributeError
        ):  # of another shape: said above
            problems += register_problems(project.schemas)
        standard = None
        try:
            standard = load_standard(project.schemas)
        except ClearingPointError as error:
            if not problems:  # otherwise its cause was reported above, with its line
                problems.append(str(error))
        except (KeyError, TypeError, ValueError, AttributeError):
            pass  # its shape was reported above
        if standard is not None:
            problems.extend(_between_files(project, standard, verdicts, shaped=not problems))
    return Read(tuple(sorted({relative(project, problem) for problem in problems})), standard)


def _between_files(project: Project, standard: Standard, verdicts: Verdicts, *, shaped: bool) -> list[str]:
    problems: list[str] = []
    finds: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: reference_problems(project, standard),
        lambda: faults_of_report(project.reports, Wording(project.schemas)),
        lambda: profile_problems(project, standard),
        lambda: edition_problems(project, standard),
        lambda: expression_problems(standard, verdicts),
        lambda: literal_problems(standard),
    )
    for find in finds:
        try:
            problems.extend(find())
        except (KeyError, TypeError, ValueError, AttributeError):
            if shaped:
                raise
            # A file has another shape than its kind: that was reported with its line.
    return problems


def relative(project: Project, problem: str) -> str:
    """Return a problem with its file as it is called within the project."""
    return problem.replace(f"{project.root}/", "")
