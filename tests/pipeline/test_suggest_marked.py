"""A workbook that came back with its cells marked is read by `country suggest` as by `load`."""

from __future__ import annotations

from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.quality.given_back import give_back
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item
from pipelines.country import suggest
from pipelines.ingest import checked
from tests.workbooks import identification, person, write_regional


def test_a_marked_workbook_gives_the_same_proposals(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    rows = {
        "person": [person(1, sex="femer"), person(2)],
        "identification": [identification(1), identification(2)],
    }
    came, marked = write_regional(tmp_path / "came.xlsx", standard, rows), tmp_path / "marked.xlsx"
    item = Item(came, profile_of_territory(project, "ALB"), "2022", language="sq")
    with checked(project, standard, item) as done:
        assert "“Femër”" in next(g.action for g in done.outcome.feedback.groups if g.rule_id == "P04")
        assert give_back(done.outcome.feedback, done.rows_read, marked, standard, "sq", came) is None
    found = [suggest(project, standard, "ALB", path, "2022", tmp_path / path.stem) for path in (came, marked)]
    assert [one.written for one in found] == [1, 1]
    assert found[0].lines[0] == found[1].lines[0]
