"""Several received files to the warehouse: read and judged side by side, stored one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.judged import Progress, confirmed_by, quietly, store_judged
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item
from clearing_point.submission.side_by_side import judged_in_turn
from clearing_point.submission.stored import loaded_before
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.shape import prepare_warehouse


def load_many(
    project: Project, standard: Standard, items: Sequence[Item], *, progress: Progress = quietly
) -> list[Outcome]:
    """Load several files of different series.

    Raises
    ------
    InputProblem
        As :func:`pipelines.ingest.load`, for the first file in order that cannot be loaded; those before it are stored.
    """
    prepare_warehouse(project, standard)
    outcomes: dict[int, Outcome] = {}
    with library_beside() as ask, judged_in_turn(project, standard, items, progress) as turns:
        for turn in turns:
            item, plan = items[turn.number], turn.plan
            if turn.found is None:
                outcomes[turn.number] = loaded_before(project, standard, item, plan)
                continue
            found = confirmed_by(ask, project, standard, plan, turn.found)
            outcomes[turn.number] = store_judged(project, standard, item, plan, found)
    return [outcomes[number] for number in range(len(items))]
