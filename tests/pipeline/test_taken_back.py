"""What stands where: every version with what replaced it, and what is said of versions that are no longer there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing_point.countries import for_sender, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.taking_back import counted_elsewhere, delete, withdraw
from clearing_point.project import Project
from clearing_point.standard import Standard
from pipelines.feedback import feedback
from pipelines.ingest import load
from pipelines.status import status_of
from tests.workbooks import identification, person, write_regional

TOKEN = "k" * 32
HEADER = {
    "territory": "ALB", "period_start": "2022-01-01", "period_end": "2022-12-31", "version_number": 1, "submission_kind": "MIXED",
    "coverage": "ALL_KNOWN", "definition_identified": "FORMAL_AND_PRESUMED", "count_basis": "NEW_IN_PERIOD",
    "kosovo_basis": "EXCLUDES", "consent_basis": "PUBLIC_TASK",
}  # fmt: skip


def test_versions_say_what_replaced_them_and_what_else_counts_their_persons(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    profile = profile_of_territory(project, "ALB")

    def sent(name: str, numbers: range, sender: str | None = None, *, taken: bool = True, **more: str) -> str:
        rows: dict[str, list[dict[str, Any]]] = {
            "person": [person(n, **(more if n == numbers[0] else {})) for n in numbers],
            "identification": [identification(n) for n in numbers],
        }
        if sender:
            rows["submission"] = [{**HEADER, "organisation": sender}]
        path = write_regional(tmp_path / f"{name}.xlsx", standard, rows)
        outcome = load(project, standard, path, for_sender(profile, sender), "2022", reason="more came in")
        assert outcome.accepted is taken, [(g.rule_id, g.place) for g in outcome.feedback.groups]
        return outcome.submission_id

    first = sent("first", range(1, 3))
    # Sent to replace the first one, and returned: it replaced nothing.
    returned = sent("returned", range(1, 4), taken=False, sex="no such word")
    second = sent("second", range(1, 4), linkage_token_strict=TOKEN)
    other = sent("other", range(71, 73), "NGO9", linkage_token_strict=TOKEN)
    lines = {line["submission"]: line for line in status_of(project, standard, history=True)}
    told = {
        n: (lines[n]["state"], lines[n]["replaced_by"], lines[n]["sender"]) for n in (first, second, other)
    }
    assert told == {
        first: ("replaced", second, profile.sender), second: ("accepted", None, profile.sender),
        other: ("accepted", None, "NGO9"),
    }  # fmt: skip
    assert (lines[second]["persons"], lines[second]["events"]) == (3, 3), (
        "rows of persons and events, no sheet rows"
    )
    assert {first, returned} == set(lines) - {line["submission"] for line in status_of(project, standard)}
    with pytest.raises(InputProblem, match=f"was replaced by {second}"):
        feedback(project, standard, first, tmp_path / "a.xlsx")
    assert counted_elsewhere(project, standard, second) == ((other, 1),), "known by the token of both"
    assert counted_elsewhere(project, standard, first) == ((second, 2),), "known by the sender's own number"
    assert withdraw(project, second, "sent by mistake").none, "nothing of this series counts, and it is said"
    assert counted_elsewhere(project, standard, other) == ()
    with pytest.raises(InputProblem, match="was withdrawn"):
        feedback(project, standard, second, tmp_path / "a.xlsx")
    assert not delete(project, standard, other, "the person asked for it").none, (
        "there was no version before it"
    )
    with pytest.raises(InputProblem, match="was deleted"):
        feedback(project, standard, other, tmp_path / "a.xlsx")
    assert not (tmp_path / "a.xlsx").exists()


def test_another_organisation_is_another_series_or_a_question(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    """A file in which other persons of another organisation stand replaces nothing unasked; named, it is a series of its own."""
    profile = profile_of_territory(project, "ALB")
    files = []
    for name, organisation, numbers in (("first", "ORG1", range(1, 5)), ("second", "NGO9", range(71, 75))):
        rows: dict[str, list[dict[str, Any]]] = {
            "submission": [{**HEADER, "organisation": organisation}],
            "person": [person(n) for n in numbers],
            "identification": [identification(n) for n in numbers],
        }
        files.append(write_regional(tmp_path / f"{name}.xlsx", standard, rows))
    first = load(project, standard, files[0], profile, "2022")
    assert first.accepted
    with pytest.raises(InputProblem, match="--sender") as asked:
        load(project, standard, files[1], profile, "2022")
    assert f"Persons of {first.submission_id} that are not in this file: 4 of 4." in str(asked.value)
    outcome = load(project, standard, files[1], for_sender(profile, "NGO9"), "2022")
    assert (outcome.accepted, outcome.replaced) == (True, None)
