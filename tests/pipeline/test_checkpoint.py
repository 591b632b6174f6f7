"""Before an edition is published, Great Expectations judges all that it counts once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication import checkpoint
from clearing_point.publication.checkpoint import Checkpoint
from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml
from clearing_point.suites.expectations import PSEUDONYM_OF
from clearing_point.suites.runner import Document, Question, run_suites
from clearing_point.warehouse.rows_kept import rows_digest, stored_columns
from tests.conftest import mostly_at_night
from tests.damaged import damaged

pytestmark = pytest.mark.great_expectations


def _accept_as_it_is(project: Project, standard: Standard) -> None:
    """Note the rows as if they had been accepted so."""
    more = dict.fromkeys(PSEUDONYM_OF, "person_id")
    with duckdb.connect(str(project.warehouse)) as connection:
        for (name,) in connection.execute("SELECT submission_id FROM raw.submission").fetchall():
            said = rows_digest(connection, standard, "core", name, more)
            connection.execute(
                "UPDATE raw.submission SET rows_digest = ? WHERE submission_id = ?", [said, name]
            )


@pytest.fixture(scope="module")
def validated(demo: Project, standard: Standard) -> Checkpoint:
    """The demonstration judged by the library, too, as `publish` does."""
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        rows = connection.execute(
            "SELECT submission_id FROM raw.submission WHERE use = 'count' AND status = 'ACCEPTED'"
        ).fetchall()
    found = checkpoint.run_checkpoint(demo, standard, [row[0] for row in rows], run_suites)
    return found


def test_an_accepted_edition_passes_and_its_result_counts_expectations_and_no_rows(
    demo: Project, validated: Checkpoint, standard: Standard
) -> None:
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        people = {row[0] for row in connection.execute("SELECT person_reference FROM core.person").fetchall()}
    text = validated.text()
    suites = json.loads(text)["suites"]
    assert {"person", "identification", "service", "edition"} <= {s["suite"] for s in suites}
    assert sum(s["expectations"] for s in suites) == len(validated.judgements) > 400
    assert not any(word in text for word in people)
    sentences = checkpoint.sentences_of(standard, demo.prepared)
    assert [j.name for j in validated.judgements if not sentences.get((j.suite, j.name), ("", ""))[1]] == []


def _only(monkeypatch: pytest.MonkeyPatch, table: str, *names: str) -> None:
    """Ask of the suites of tables no more than these expectations, so that a planted fault is asked about quickly."""
    every = checkpoint.ready_suites

    def chosen(standard: Standard, prepared: Path) -> dict[str, Document]:
        document = every(standard, prepared)[f"suites/{table}.json"]
        asked = [e for e in document["expectations"] if e["meta"]["name"] in names]
        return {f"suites/{table}.json": {**document, "expectations": asked}}

    monkeypatch.setattr(checkpoint, "ready_suites", chosen)


_NOT_IN_2022 = "UPDATE core.identification SET identification_date = DATE '2019-01-01' WHERE submission_id LIKE '2022-ALB-%'"
_ONE_SENDER = "(SELECT min(sender) FROM raw.submission)"
_FIRST, _LAST = (f"(SELECT {which}(submission_id) FROM core.need)" for which in ("min", "max"))
_EXCHANGED = (
    f"UPDATE core.need SET submission_id = CASE submission_id WHEN {_FIRST} THEN {_LAST} ELSE {_FIRST} END WHERE rowid IN "
    f"(SELECT min(rowid) FROM core.need WHERE submission_id IN ({_FIRST}, {_LAST}) GROUP BY submission_id)"
)


_WENT_WRONG = [
    ("P04", "UPDATE core.person SET sex = 'ZZ' WHERE rowid = 3"),
    ("P05", "INSERT INTO core.person SELECT * FROM core.person WHERE rowid = 3"),
    ("W01", "UPDATE raw.submission SET series = 'ALB01/ALB/2022' WHERE series = 'ALB01/ALB/2021'"),
    ("W02", f"UPDATE raw.submission SET sender = {_ONE_SENDER}, territory = 'ALB'"),
    ("W03", "DELETE FROM quality.decision"),
    ("W04", "UPDATE core.submission SET territory = 'MKD' WHERE territory = 'ALB'"),
    ("W04", "DELETE FROM core.submission WHERE territory = 'ALB'"),
    ("W05", f"UPDATE raw.submission SET made_data = false WHERE sender = {_ONE_SENDER}"),
    ("W06", "UPDATE core.person SET person_id = (SELECT min(person_id) FROM core.person)"),
    ("W09", "UPDATE raw.submission SET use = 'reference'"),
    # Rows that were accepted and are gone: a whole table, one submission's, a single one.
    ("W12", "DELETE FROM core.service"),
    ("W12", "DELETE FROM core.return_event WHERE submission_id LIKE '2022-ALB-%'"),
    ("W12", "DELETE FROM core.need WHERE rowid = 1"),
    ("W12", "INSERT INTO core.need SELECT * FROM core.need WHERE rowid = 1"),
    ("W12", "DELETE FROM quality.rule_result WHERE target_table = 'person'"),
    # As many rows as before, and not the same: exchanged between two submissions, or one cell of one row.
    ("W14", _EXCHANGED),
    ("W14", "UPDATE core.person SET sex = CASE sex WHEN 'F' THEN 'M' ELSE 'F' END WHERE rowid = 3"),
    ("W14", "UPDATE core.person SET person_id = 'another' WHERE rowid = 3"),
    ("W13", "UPDATE core.person SET birth_year = NULL, birth_year_missing = NULL WHERE rowid = 3"),
    ("W13", "UPDATE core.person SET citizenship = NULL WHERE rowid = 3"),
]  # fmt: skip
_SAID_IN_TWO = ("P04", "W04", "W12")
"""Rules of which the other language is asked, too: one of a table, one of the whole, one that compares rows."""


def _by_day() -> list[tuple[str, str]]:
    """Return one damage a rule, and both kinds of W14: rows that changed places, a cell that is another."""
    return [*dict(reversed(_WENT_WRONG)).items(), ("W14", _WENT_WRONG[-4][1])]


@pytest.mark.parametrize(("rule", "damage"), mostly_at_night(_WENT_WRONG, _by_day()))
def test_rows_that_went_wrong_after_they_were_accepted_stop_the_edition(
    rule: str, damage: str, demo: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "person", "P04.sex", "P05")
    project, counted = damaged(demo, tmp_path, damage)
    with pytest.raises(InputProblem, match=rf"The edition was not published.*{rule} \(") as refused:
        checkpoint.run_checkpoint(project, standard, counted, run_suites)
    assert "{" not in str(refused.value)
    if rule.startswith("W"):
        assert standard.word("suites", rule.lower()) in str(refused.value)
    if rule not in _SAID_IN_TWO:
        return
    with pytest.raises(InputProblem, match=rf"Botimi nuk u publikua.*{rule} \(") as spoken:
        checkpoint.run_checkpoint(project, standard, counted, run_suites, "sq")
    assert "{" not in str(spoken.value)
    if rule == "P04":
        assert standard.tables["person"].by_name["sex"].title["sq"] in str(spoken.value)
    else:
        assert standard.word("suites", rule.lower(), "sq") in str(spoken.value)


def test_tokens_that_are_forgotten_leave_the_rows_what_they_were(standard: Standard) -> None:
    person = standard.tables["person"]
    writes = read_yaml(standard.folder / "linkage.yml")["program"]["writes"].values()
    left_out = {f.name for f in person.fields} - {*stored_columns(person)}
    assert left_out == {*writes}
    for table in standard.tables_of_kind():
        if table.name != "person":
            assert {f.name for f in table.fields} <= {*stored_columns(table)}, table.name


def test_what_came_when_only_numbers_of_rows_were_kept_is_named(
    demo: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "person", "P05")
    of_one = "WHERE submission_id = '2022-ALB-ALB01-v1'"
    for number, (changed, named) in enumerate(
        [("SELECT 1", False), (f"UPDATE raw.submission SET rows_digest = NULL {of_one}", True)]
    ):
        project, counted = damaged(demo, tmp_path / str(number), changed)
        found = checkpoint.run_checkpoint(project, standard, counted, run_suites)
        assert ("only the numbers of rows were compared" in found.sentence) == named
        assert (": 2022-ALB-ALB01-v1." in found.sentence) == named


def test_a_list_of_codes_of_which_one_is_no_code_stops_the_edition(
    demo: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "trafficking_episode", "P04.exploitation_form")
    damage = "UPDATE core.trafficking_episode SET exploitation_form = ['LAB', 'NOPE'] WHERE rowid = 3"
    project, counted = damaged(demo, tmp_path, damage)
    with pytest.raises(InputProblem, match=r"P04 \(trafficking_episode\)"):
        checkpoint.run_checkpoint(project, standard, counted, run_suites)


_ONLY_THE_WHOLE = [
    ("W07", 0, 1, "UPDATE core.person SET sex = CASE sex WHEN 'F' THEN 'M' ELSE 'F' END WHERE submission_id LIKE '2022-%' "
     "AND person_id = (SELECT person_id FROM core.person WHERE sex IN ('F', 'M') GROUP BY 1 HAVING count(*) = 2 ORDER BY 1 LIMIT 1)"),
    # Two places are left of every shelter: in three years of a territory more nights are recorded than that.
    ("W11", 0, 3, "UPDATE core.scorecard SET value = 2 WHERE indicator = 'M15_PLACES'"),
    ("W08", 1, 2, f"{_NOT_IN_2022} AND rowid % 3 > 0"),
    ("W08", 1, 2, _NOT_IN_2022),  # nobody at all
    # The year between is no longer covered: the next is compared with the one before it.
    ("W08", 1, 2, f"{_NOT_IN_2022}; UPDATE raw.submission SET period_start = DATE '2024-01-01', period_end = DATE '2024-12-31' "
     "WHERE submission_id LIKE '2022-ALB-%'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def as_it_is(demo: Project, standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """What is said of the demonstration where nothing went wrong, little of the table of persons asked."""
    with pytest.MonkeyPatch.context() as patched:
        _only(patched, "person", "P04.sex")
        project, counted = damaged(demo, tmp_path_factory.mktemp("as_it_is"))
        _accept_as_it_is(project, standard)
        return checkpoint.run_checkpoint(project, standard, counted, run_suites)


@pytest.mark.parametrize(
    ("rule", "before", "after", "damage"), mostly_at_night(_ONLY_THE_WHOLE, _ONLY_THE_WHOLE[:3])
)
def test_what_only_the_whole_shows_is_a_warning_and_no_refusal(
    rule: str, before: int, after: int, damage: str, demo: Project, standard: Standard, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, as_it_is: Checkpoint,
) -> None:  # fmt: skip
    """In the demonstration one territory's persons fall by more than half from year to year."""
    _only(monkeypatch, "person", "P04.sex")
    project, counted = damaged(demo, tmp_path, damage)
    _accept_as_it_is(project, standard)
    found = checkpoint.run_checkpoint(project, standard, counted, run_suites)
    for said, wanted in ((as_it_is, before), (found, after)):
        assert [j.failed for j in said.judgements if j.rule_id == rule] == [wanted]
        assert (rule in said.sentence) == (wanted > 0)


@pytest.mark.parametrize(
    ("years", "refused"),
    [
        ({"valid_to": "2021-01-01"}, True),  # it ended before every submission began
        ({"valid_from": "2023-01-01"}, True),  # it begins after every one ended
        ({"valid_to": "2022-07-01", "valid_from": "2021-07-01"}, False),  # within the first and the last year
    ],
)
def test_a_code_that_is_used_outside_its_years_stops_the_edition(
    years: dict[str, str], refused: bool, demo: Project, standard: Standard, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    _only(monkeypatch, "person", "P04.sex")
    project, counted = damaged(demo, tmp_path)
    sexes = standard.codelists["sex"]
    codes = tuple(replace(code, **years) if code.code == "F" else code for code in sexes.codes)
    ended = replace(standard, codelists={**standard.codelists, "sex": replace(sexes, codes=codes)})
    with pytest.raises(InputProblem, match=r"W10 \(person\): A code is used") if refused else nullcontext():
        checkpoint.run_checkpoint(project, ended, counted, run_suites)


@pytest.mark.nightly
def test_what_the_warehouse_said_before_is_asked_again_when_it_changed(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    """The whole warehouse, asked twice.

    Quick: tests/pipeline/test_checkpoint.py::test_an_accepted_edition_passes_and_its_result_counts_expectations_and_no_rows
    """
    project, counted = damaged(demo, tmp_path, "SELECT 1")
    asked: list[Question] = []

    def ask(question: Question) -> Callable[..., object]:
        asked.append(question)
        return run_suites(question)  # type: ignore[return-value]

    for _ in range(2):
        checkpoint.run_checkpoint(project, standard, counted, ask)  # type: ignore[arg-type]
    before = len(asked)
    assert before <= 1
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("UPDATE raw.submission SET file_name = 'another'")
    checkpoint.run_checkpoint(project, standard, counted, ask)  # type: ignore[arg-type]
    assert len(asked) == before + 1


def test_one_cell_that_was_changed_after_the_verdict_is_asked_about_again(
    demo: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "person", "P04.sex")
    project, counted = damaged(demo, tmp_path, "SELECT 1")
    checkpoint.run_checkpoint(project, standard, counted, run_suites)

    def nobody(_: Question) -> Any:
        pytest.fail("asked again although nothing changed")

    checkpoint.run_checkpoint(project, standard, counted, nobody)
    # The log of a writer that was killed before it could bring the change into the file counts, too.
    for checkpointed in (True, False):
        with duckdb.connect(str(project.warehouse)) as connection:
            if not checkpointed:
                connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            other = "CASE sex WHEN 'F' THEN 'M' ELSE 'F' END"
            connection.execute(f"UPDATE core.person SET sex = {other} WHERE rowid = 3")
        with pytest.raises(InputProblem, match=r"W14 \("):
            checkpoint.run_checkpoint(project, standard, counted, run_suites)
        if checkpointed:
            _accept_as_it_is(project, standard)
            checkpoint.run_checkpoint(project, standard, counted, run_suites)
