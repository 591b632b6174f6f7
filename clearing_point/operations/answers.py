"""The answer to a question about an installation: whether it is well, in a sentence, and who is to act."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem, of_the_machine
from clearing_point.warehouse.events import now

OK, LOOK, WRONG = "ok", "look", "wrong"
OPERATOR, OFFICER = "who runs the machine", "the data officer"
CODES = {OPERATOR: 4, OFFICER: 1, "": 0}
"""Exit code of a wrong answer, by whom it concerns."""
Said = tuple[str, str, str, dict[str, Any]]
"""State, sentence, whom it concerns, and facts for a program."""


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    state : str
        ``ok``, ``look`` (nothing is broken, a person should know) or ``wrong``.
    concerns : str
        Who is to act; empty where nobody is.
    facts : dict
        Numbers for a program.
    """

    question: str
    state: str
    sentence: str
    concerns: str
    facts: dict[str, Any]

    def line(self) -> str:
        """Return one line for a person."""
        whom = f" [{self.concerns}]" if self.concerns and self.state != OK else ""
        return f"{self.state:5}  {self.question}: {self.sentence}{whom}"


def why_not(error: Exception) -> str:
    """Say why a question has no answer; the text of an error of the machine may hold a value, ours never does."""
    if isinstance(error, PermissionError) and error.filename:
        return f"{Path(error.filename).name} cannot be read (permission denied): it is there, and closed to this user."
    known = error if isinstance(error, InputProblem) else of_the_machine(error)
    return str(known or f"this could not be found out ({type(error).__name__}).")


def hours_since(at: str) -> float:
    """Return the hours since a time (UTC)."""
    then = datetime.datetime.fromisoformat(at.removesuffix("Z"))
    return (now() - then).total_seconds() / 3600
