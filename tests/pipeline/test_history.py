"""A submission against the sender's own past: SQL and Great Expectations measure the same, or nothing is decided."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InternalError
from clearing_point.project import Project
from clearing_point.quality import confirm
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from pipelines.ingest import load
from tests.workbooks import identification, person, write_regional

pytestmark = pytest.mark.great_expectations


def _sent(folder: Path, standard: Standard, year: int, number: int, sex: str) -> Path:
    asked = {"education": "E2", "marital_status": "SINGLE"} if year == 2021 else {}
    rows = {
        "person": [person(n, sex=sex, **asked) for n in range(1, number + 1)],
        "identification": [
            identification(n, identification_date=f"{year}-03-14") for n in range(1, number + 1)
        ],
    }
    return write_regional(folder / f"{year}.xlsx", standard, rows)


@pytest.mark.nightly
def test_volume_and_shares_are_compared_and_a_disagreement_is_no_verdict(
    project: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two years of a sender, loaded by both judges.

    Quick: tests/contract/test_suites.py::test_a_planted_disagreement_is_caught
    Quick: tests/contract/test_rules.py::test_examples_get_the_promised_verdict
    """
    profile = profile_of_territory(project, "ALB")
    first = load(project, standard, _sent(tmp_path, standard, 2021, 40, "F"), profile, "2021")
    assert "V01" in {rule for missed in first.feedback.not_run for rule in missed.rules}
    later = _sent(tmp_path, standard, 2022, 12, "M")
    right = confirm.measured_documents

    def wrong(*arguments: Any) -> Any:
        made = copy.deepcopy(right(*arguments))
        for one in made[0]["expectations"]:
            one["kwargs"]["min_value"], one["kwargs"]["max_value"] = 0, 1_000_000  # nothing can fail
        return made

    with monkeypatch.context() as patched:
        patched.setattr(confirm, "measured_documents", wrong)
        with pytest.raises(InternalError, match=r"Rule V01 on person: 1 failing rows by SQL, 0 by Great"):
            load(project, standard, later, profile, "2022")
    second = load(project, standard, later, profile, "2022")
    assert {"V01", "V03a"} <= {g.rule_id for g in second.feedback.groups}
    assert second.verdict.accepted
    with opened(project.warehouse, read_only=True) as connection:
        stored = connection.execute(
            "SELECT count(*) FROM quality.validation_result WHERE submission_id = ? AND rule_id LIKE 'V%'",
            [second.submission_id],
        ).fetchone()
        lost = connection.execute(
            "SELECT failed FROM quality.validation_result WHERE submission_id = ? AND rule_id = 'N02' AND failed > 0",
            [second.submission_id],
        ).fetchall()
    assert stored is not None
    assert stored[0] >= 4
    assert lost == [(2,)], "two columns are not on the form any more: one query asks for all of a table"
    assert not list(project.work.iterdir())
