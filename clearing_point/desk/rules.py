"""The desk's rules as data (``desk.yml``): limits, roles, states, steps, rights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_yaml

ROLES = ("officer", "approver", "coordinator", "editor", "auditor")
OFFICER, APPROVER, COORDINATOR, EDITOR, AUDITOR = ROLES


@dataclass(frozen=True)
class Step:
    """A step of a file: from which states, to which; ``same`` and ``before`` name no state of their own."""

    name: str
    origins: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Rules:
    """What ``desk.yml`` says."""

    limits: dict[str, int]
    endings: tuple[str, ...]
    reach: dict[str, str]
    """Role -> ``own`` territory or ``all``."""
    states: dict[str, dict[str, bool]]
    steps: dict[str, Step]
    rights: dict[str, dict[str, dict[str, Any]]]
    pages: dict[str, tuple[str, ...]]
    deeds: dict[str, str]
    """What the log calls a deed -> name of the word by which people read it."""

    def having(self, mark: str) -> tuple[str, ...]:
        """Return the states with a mark: ``busy``, ``unfinished``, ``findings``, ``stored``."""
        return tuple(name for name, marks in self.states.items() if marks.get(mark))


@cache
def rules() -> Rules:
    """Read the rules, once."""
    said = read_yaml(Path(__file__).with_name("desk.yml"))
    return Rules(
        {name: int(number) for name, number in said["limits"].items()},
        tuple(said["endings"]),
        {role: entry["at"] for role, entry in said["roles"].items()},
        said["states"],
        {name: Step(name, tuple(step["from"]), step["to"]) for name, step in said["steps"].items()},
        said["rights"],
        {page: tuple(roles) for page, roles in said["pages"].items()},
        said["deeds"],
    )
