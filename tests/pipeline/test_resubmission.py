"""A version sent again: what differs, what it does to what is published, and what taking back leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem
from clearing_point.intake.taking_back import delete, withdraw
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.outcome import Outcome
from clearing_point.warehouse.connection import opened
from pipelines.ingest import load
from pipelines.rebuild import rebuild
from pipelines.status import status_of
from tests.workbooks import identification, person, write_regional

REASON = "the police found two reports of one person"


def _load(
    project: Project, standard: Standard, folder: Path, people: dict[int, str], reason: str | None = None
) -> Outcome:
    rows = {
        "person": [person(n, sex=sex) for n, sex in people.items()],
        "identification": [identification(n) for n in people],
    }
    name = "-".join(f"{n}{s}" for n, s in people.items())
    path = write_regional(folder / f"{name}.xlsx", standard, rows)
    return load(project, standard, path, profile_of_territory(project, "ALB"), "2022", reason=reason)


def _released(project: Project, submission: str) -> None:
    """A release as `publish` leaves it, of one table with one shown and one hidden cell."""
    data = project.releases / "2022" / "data"
    data.mkdir(parents=True)
    manifest = {"submissions": [{"submission": submission}]}
    (project.releases / "2022" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shown = "territory,reference_year,value,protection\nALB,2022,12,\nBGR,2022,,primary\nALL,2022,12,\n"
    (data / "T01.csv").write_text(shown, encoding="utf-8")


@pytest.mark.nightly
@pytest.mark.every_table
def test_what_a_release_prints_would_change_until_the_ledger_has_its_year(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    """What stays once it has is said by day.

    Quick: tests/pipeline/test_resubmission.py::test_a_new_version_says_what_differs_and_asks_why_where_it_was_published
    """
    first = _load(project, standard, tmp_path, {1: "F", 2: "F", 3: "M"})
    _released(project, first.submission_id)
    with pytest.raises(InputProblem) as refused:
        _load(project, standard, tmp_path, {1: "F", 2: "M", 4: "F", 5: "F"})
    assert "T01: ALB 2022" in str(refused.value).split("would change:")[1]


def test_a_new_version_says_what_differs_and_asks_why_where_it_was_published(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    first = _load(project, standard, tmp_path, {1: "F", 2: "F", 3: "M"})
    assert first.verdict.accepted
    _released(project, first.submission_id)
    # Once the ledger has the year out, what is printed of it stays.
    note = {"edition": 2022, "years": ["2022"], "replaced": [], "submissions": [first.submission_id]}
    Ledger(project.ledger).append("2022", [], inputs="x", note=note)
    with pytest.raises(InputProblem) as refused:
        _load(project, standard, tmp_path, {1: "F", 2: "M", 4: "F", 5: "F"})
    said = str(refused.value)
    assert "Person: rows added 2, changed 1 (cells 1), removed 1" in said
    assert "edition 2022" in said
    assert "--reason" in said
    assert "T01" in said
    assert "BGR" not in said, "a hidden cell is never named"
    with opened(project.warehouse, read_only=True) as connection:
        stored = connection.execute("SELECT count(*) FROM raw.submission").fetchone()
    assert stored == (1,), "nothing is stored"
    moves, stays = said.split("these figures stay as printed")
    assert "T01" not in moves
    assert "T01: ALB 2022" in stays
    second = _load(project, standard, tmp_path, {1: "F", 2: "M", 4: "F", 5: "F"}, reason=REASON)
    assert second.replaced == first.submission_id
    assert any("2021 | 2022 before | 2022 now" in line for line in second.remarks)
    with opened(project.warehouse, read_only=True) as connection:
        events = connection.execute("SELECT submission_id, event, reason FROM raw.event").fetchall()
    assert events == [(second.submission_id, "replaced", REASON)]
    lines = {line["territory"]: line for line in status_of(project, standard)}
    assert (lines["ALB"]["state"], lines["ALB"]["version"]) == ("accepted", 2)
    assert (lines["SVN"]["state"], lines["SVN"]["period"]) == ("not started", "2022")


def test_status_counts_findings_as_the_sender_is_told_them(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    """A column that is mostly unknown is said to be that, and not also often unknown."""
    rows = {
        "person": [person(n, citizenship="ALB" if n < 4 else "UNK") for n in range(1, 21)],
        "identification": [identification(n) for n in range(1, 21)],
    }
    sent = write_regional(tmp_path / "sent.xlsx", standard, rows)
    outcome = load(project, standard, sent, profile_of_territory(project, "ALB"), "2022")
    line = next(one for one in status_of(project, standard) if one["territory"] == "ALB")
    counts = outcome.feedback.counts()
    assert (line["must_fix"], line["confirm"]) == (counts["must_fix"], counts["confirm"])
    assert outcome.document()["counts"] == counts
    told = sum(counts.values())
    assert 0 < told < sum(outcome.verdict.findings.values()), (
        "what follows from another finding is not counted again"
    )


def test_what_is_withdrawn_counts_no_longer_and_what_is_deleted_is_gone(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    first = _load(project, standard, tmp_path, {7001: "F", 7002: "M"})
    with pytest.raises(InputProblem, match="Say why"):
        withdraw(project, first.submission_id, " ")
    withdraw(project, first.submission_id, "sent by mistake")
    with pytest.raises(InputProblem, match="nothing to withdraw"):
        withdraw(project, first.submission_id, "sent by mistake")
    path = tmp_path / first.file_name
    again = load(project, standard, path, profile_of_territory(project, "ALB"), "2022")
    assert not again.unchanged, "what was withdrawn may be sent again"
    assert delete(project, standard, again.submission_id, "the person asked for it")
    left = [path.name.split(".")[1] for path in project.archive.rglob("*.parquet")]
    assert left == [first.submission_id], "the withdrawn one still needs what is kept of it"
    assert delete(project, standard, first.submission_id, "the person asked for it")
    assert not list(project.archive.rglob("*.parquet"))
    assert b"P-7001" not in project.warehouse.read_bytes()
    with opened(project.warehouse, read_only=True) as connection:
        for table in ("raw.record", "staged.person", "core.person"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        states = connection.execute("SELECT status FROM raw.submission").fetchall()
        events = connection.execute("SELECT event FROM raw.event ORDER BY happened_at, event").fetchall()
    assert states == [("DELETED",), ("DELETED",)]
    assert sorted(e for (e,) in events) == ["deleted", "deleted", "withdrawn"]
    done = rebuild(project, standard)
    assert done.before == done.after, "what was taken back stays so after a rebuild"


def test_a_word_that_is_near_to_a_known_one_is_proposed_by_its_place(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    returned = _load(project, standard, tmp_path, {1: "femer", 2: "F"})
    assert not returned.verdict.accepted
    near = [line for line in returned.remarks if "did you mean" in line]
    assert len(near) == 1
    assert "“Femër” (F)" in near[0]
    assert "femer" not in near[0], "the cell's own text is not repeated"
