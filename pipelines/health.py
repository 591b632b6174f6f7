"""Whether an installation is well: one line a question, each with what to do; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from clearing_point.errors import ClearingPointError
from clearing_point.operations.answers import CODES, OPERATOR, WRONG, Answer, Said, why_not
from clearing_point.operations.data_folder import disk, last_backup, locks, may_be_deleted, owners, size
from clearing_point.operations.kept import archive, ledger, owner_project, rows, versions
from clearing_point.operations.runs import last_run
from clearing_point.project import Project
from clearing_point.standard import Standard


def health(project: Project, standard: Callable[[], Standard]) -> list[Answer]:
    """Ask every question; one that cannot be answered is itself wrong.

    Parameters
    ----------
    standard : callable
        What returns the standard: where it cannot be read, only the question that needs it has no answer.
    """
    questions: dict[str, Callable[[], Said]] = {
        "last run": lambda: last_run(project),
        "last backup": lambda: last_backup(project),
        "free disk": lambda: disk(project),
        "owner and modes": lambda: owners(project),
        "project": lambda: owner_project(project),
        "locks": lambda: locks(project),
        "ledger": lambda: ledger(project),
        "archive": lambda: archive(project),
        "rows": lambda: rows(project, standard()),
        "versions": lambda: versions(project),
        "may be deleted": lambda: may_be_deleted(project),
        "size": lambda: size(project),
    }
    found = []
    for question, ask in questions.items():
        try:
            state, sentence, concerns, facts = ask()
        except (ClearingPointError, OSError, ValueError, KeyError, TypeError) as error:
            state, sentence, concerns, facts = WRONG, why_not(error), OPERATOR, {}
        found.append(Answer(question, state, sentence, concerns, facts))
    return found


def exit_code(answers: list[Answer]) -> int:
    """Return 0, or the code of the worst: 4 if anything wrong is the operator's, else 1."""
    return max((CODES[each.concerns] for each in answers if each.state == WRONG), default=0)


def summary(answers: list[Answer]) -> dict[str, Any]:
    """Return all answers for a program."""
    return {"exit_code": exit_code(answers), "answers": [asdict(each) for each in answers]}
