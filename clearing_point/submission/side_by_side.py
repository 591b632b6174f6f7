"""Several files judged in processes of their own, each as soon as the one it is compared with is stored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clearing_point.errors import InputProblem
from clearing_point.intake.guard import prepare_guard
from clearing_point.processes import workers
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.prepared import prepare_rules
from clearing_point.submission.judged import Judged, Progress, judged_elsewhere
from clearing_point.submission.plan import Item, Plan, in_turn, plan_of
from clearing_point.warehouse.connection import share_cores

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_WORKERS = 2
_Begun = dict[int, tuple[Plan | InputProblem, "Future[Judged] | None"]]


@dataclass(frozen=True)
class Turn:
    """A file whose turn to be stored has come."""

    number: int
    """Of the file among those given."""
    plan: Plan
    found: Judged | None
    """How it was judged; None of a file that was loaded before."""


@contextmanager
def judged_in_turn(
    project: Project, standard: Standard, items: Sequence[Item], progress: Progress
) -> Iterator[Iterator[Turn]]:
    """Give the files in the order in which they are to be stored, each stored before the next is asked for.

    What was begun and not stored when the block ends leaves no work behind.

    Raises
    ------
    InputProblem
        In its turn, of a file that has no place among what is stored, or cannot be read.
    """
    prepare_rules(project.prepared, standard)  # once, and not in every worker
    prepare_guard(project.prepared, standard)
    number_of_workers = max(1, min(_WORKERS, os.cpu_count() or 1, len(items)))
    begun: _Begun = {}
    with workers(number_of_workers, share_cores) as pool:
        try:
            yield _turns(project, standard, items, pool, begun, progress)
        finally:
            for plan, elsewhere in begun.values():
                if elsewhere is not None and not elsewhere.cancel() and elsewhere.exception() is None:
                    elsewhere.result().drop()
                if isinstance(plan, Plan):
                    plan.earlier.drop()


def _turns(
    project: Project,
    standard: Standard,
    items: Sequence[Item],
    pool: ProcessPoolExecutor,
    begun: _Begun,
    progress: Progress,
) -> Iterator[Turn]:
    def begin(number: int) -> None:
        try:
            plan = plan_of(project, standard, items[number])
        except InputProblem as problem:  # said when its turn has come: those before it are stored
            begun[number] = (problem, None)
            return
        work = (project, standard.folder, items[number], plan)
        begun[number] = (plan, pool.submit(judged_elsewhere, *work) if plan.before is None else None)

    order = in_turn(items)
    for number, before in order:
        if before is None:
            begin(number)
    for place, (number, _) in enumerate(order, start=1):
        plan, elsewhere = begun[number]
        progress(f"loading {place} of {len(items)}: {items[number].path.name}")
        if isinstance(plan, InputProblem):
            raise plan
        yield Turn(number, plan, None if elsewhere is None else elsewhere.result())
        plan.earlier.drop()
        del begun[number]
        for following, waited_for in order:
            if waited_for == number:
                begin(following)  # beside those of others that are still being read
