"""Cells that an earlier edition showed and that are hidden now: counted table by table, with the reason to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clearing_point.disclosure import Policy, Protected
from clearing_point.disclosure.model import Cell


@dataclass(frozen=True)
class HiddenSince:
    """How many cells of a table, and why. Both follow from what is printed."""

    cells: int
    why: str


def hidden_since(
    tables: Mapping[str, Protected], earlier: Iterable[Protected], kind: str, policy: Policy
) -> dict[str, HiddenSince]:
    """Compare tables with those of the same name that were in force until this issue.

    Parameters
    ----------
    earlier : iterable of Protected
        Tables of earlier issues; the part of their name after the issue is that of the table.
    kind : str
        What kind of issue the tables are: ``revision``, ``reissue`` or ``other``.
    """
    shown: dict[str, set[tuple[object, ...]]] = {}
    for table in earlier:
        name = table.table_id.split(": ", 1)[-1]
        shown.setdefault(name, set()).update(
            _key(table, cell) for cell, entry in table.cells.items() if entry.shown is not None
        )
    found = {}
    for name, table in tables.items():
        before = shown.get(name, set())
        if table.withheld:
            count, why = len(before), table.reason
        else:
            hidden = {_key(table, cell) for cell, entry in table.cells.items() if entry.shown is None}
            count, why = len(hidden & before), policy.hidden_since.get(kind, "")
        if count:
            found[name] = HiddenSince(count, why)
    return found


def _key(table: Protected, cell: Cell) -> tuple[object, ...]:
    """Name a cell by what it counts: another population or other members of a category make another cell."""
    members = (
        (d.variable, next(c.members for c in d.categories if c.code == code))
        for d, code in zip(table.dimensions, cell, strict=True)
    )
    return (table.population, frozenset(members))
