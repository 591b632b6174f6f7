"""A count says what was sent, not in which order the rows came to lie."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from clearing_point.analysis.count import count_indicators, open_current
from clearing_point.analysis.persons import LINKED
from clearing_point.linkage.step import link_submissions
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect, opened
from tests.conftest import mostly_at_night


def _counts(project: Project, standard: Standard, every: int) -> dict[str, dict[tuple[str, ...], float]]:
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        link_submissions(project, standard, connection, LINKED)
        counted = count_indicators(connection, standard, standard.indicators[::every], range(2018, 2023))
    finally:
        connection.close()
    return {c.indicator.indicator_id: dict(c.table.counts) for c in counted}


@pytest.mark.parametrize("every", mostly_at_night([1, 8], [8]))
def test_every_table_is_the_same_from_rows_in_another_order(
    every: int, demo: Project, standard: Standard, tmp_path: Path
) -> None:
    """By day one table of eight."""
    turned = Project(root=demo.root, data=tmp_path)
    turned.prepare()
    shutil.copy(demo.warehouse, turned.warehouse)
    os.chmod(turned.warehouse, 0o600)
    with opened(turned.warehouse) as connection:
        for table in standard.tables_of_kind("case", "aggregate", "scorecard"):
            name = f'core."{table.name}"'
            connection.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {name}")
            connection.execute(f"DELETE FROM {name}")
            connection.execute(f"INSERT INTO {name} SELECT * FROM kept ORDER BY hash(kept) DESC")
            connection.execute("DROP TABLE kept")
    first, second = (_counts(project, standard, every) for project in (demo, turned))
    assert sum(map(len, first.values())) > 1000 / every
    assert [i for i in first if first[i] != second[i]] == []
