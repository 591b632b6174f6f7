"""Before anything is counted: a warehouse that has not the tables, lists and submissions that it must have is named."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.as_received import refuse_damaged, refuse_other_lists, refuse_other_receipts
from clearing_point.publication.release import make_release
from clearing_point.standard import Standard
from tests.damaged import damaged

pytestmark = pytest.mark.great_expectations


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("SELECT 1", None),
        ("DROP TABLE core.need", "core.need"),
        ("ALTER TABLE core.person DROP COLUMN sex", "core.person.sex"),
        ("ALTER TABLE core.person ALTER sex TYPE INTEGER USING NULL", "core.person.sex"),
    ],
)
def test_a_table_or_column_that_is_gone_or_of_another_kind_is_named_and_the_rebuild(
    damage: str, named: str | None, demo: Project, standard: Standard, tmp_path: Path
) -> None:
    project, _ = damaged(demo, tmp_path, damage)
    said = rf"^Nothing was published: .*\({named}\)\. `clearing-point rebuild`"
    with pytest.raises(InputProblem, match=said) if named else nullcontext():
        refuse_damaged(project, standard)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("SELECT 1", None),
        ("DELETE FROM ref.code", "ref.code"),
        ("DELETE FROM ref.code WHERE codelist = 'sex' AND code = 'F'", "ref.code"),
        ("UPDATE ref.code_attribute SET value = 'x' WHERE rowid = 1", "ref.code_attribute"),
    ],
)
def test_lists_that_are_not_those_of_the_standard_stop_everything(
    damage: str, named: str | None, demo: Project, standard: Standard, tmp_path: Path
) -> None:
    project, _ = damaged(demo, tmp_path, damage)
    with (
        pytest.raises(InputProblem, match=rf"^Nothing was published: .*\({named}\)")
        if named
        else nullcontext()
    ):
        refuse_other_lists(project, standard)


def test_a_release_is_made_of_a_whole_warehouse_only(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    """Before anything is counted, whatever else is wrong."""
    for number, (damage, said) in enumerate(
        [("DROP TABLE core.need", r"core\.need"), ("DELETE FROM ref.code", r"ref\.code")]
    ):
        project, _ = damaged(demo, tmp_path / str(number), damage)
        with pytest.raises(InputProblem, match=rf"\({said}\)"):
            make_release(project, standard, 2022, tmp_path / "release")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM raw.submission WHERE submission_id = '2022-ALB-ALB01-v1'",
        "UPDATE raw.submission SET use = 'reference' WHERE submission_id = '2022-ALB-ALB01-v1'",
        "UPDATE raw.submission SET territory = NULL WHERE submission_id = '2022-ALB-ALB01-v1'",
        "UPDATE raw.submission SET period_end = NULL WHERE submission_id = '2022-ALB-ALB01-v1'",
        "UPDATE raw.submission SET status = 'WITHDRAWN' WHERE submission_id = '2022-ALB-ALB01-v1'",
        "UPDATE raw.submission SET submission_id = '2022-ALB-ALB01-v2' WHERE submission_id = '2022-ALB-ALB01-v1'",
    ],
)
def test_a_submission_of_which_the_warehouse_says_otherwise_than_its_receipt_stops_everything(
    damage: str, demo: Project, standard: Standard, tmp_path: Path
) -> None:
    for number, (statement, stopped) in enumerate([("SELECT 1", False), (damage, True)]):
        project, _ = damaged(demo, tmp_path / str(number), statement)
        shutil.copy(demo.receipts, project.receipts)
        with (
            pytest.raises(InputProblem, match="Nothing was published: of 2022-ALB-ALB01-v1")
            if stopped
            else nullcontext()
        ):
            refuse_other_receipts(project, standard)
