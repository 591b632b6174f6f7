"""Why tables may not go out: what is out fails by itself, they fail beside it, or they fail by themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearing_point.disclosure.audit import AuditResult
from clearing_point.disclosure.cells import System

RESTORE = (
    "nothing was published. Restore the policy and the indicators that it was published with, or declare a complete "
    "revision with the reason to print (--complete-revision)."
)


def out_fails(alone: AuditResult) -> str:
    """Say that no choice of this edition helps: the numbers that are out give too much away without it."""
    return (
        f"What is out gives away too much about {len(alone.failures)} cells by today's policy and relations "
        f"({_named(alone)}), whatever this edition prints: {RESTORE}"
    )


def unproven(result: AuditResult) -> str:
    """Say what the audit found in tables that were to go out."""
    return (
        f"The audit can work out too much about {len(result.failures)} cells ({_named(result)}); coarsen or leave out "
        "these tables, or take the figures that give them away off the list of known figures."
    )


def _named(result: AuditResult) -> str:
    named = sorted({finding.where for finding in result.failures})
    return "; ".join(named[:8]) + (f" and {len(named) - 8} more" if len(named) > 8 else "")


def tables_around(system: System, names: Sequence[str], count: int, cells: Sequence[int]) -> set[str]:
    """Return which of the first `count` tables print these cells or, where none does, the nearest cells to them.

    Near is what stands in an equation with a cell, then what stands in one with those, and so on.
    """
    pattern = (abs(system.matrix) > 0).astype(np.int32)
    own = [{names[at] for at, _ in places if at < count} for places in system.places]
    found: set[str] = set()
    for cell in set(cells):
        seen = np.zeros(len(own), dtype=np.int32)
        front = np.array([cell])
        while len(front) and not any(own[near] for near in front):
            seen[front] = 1
            reached = pattern.T @ ((pattern @ seen) > 0).astype(np.int32)
            front = np.flatnonzero((reached > 0) & (seen == 0))
        found |= {name for near in front for name in own[near]}
    return found
