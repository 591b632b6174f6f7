"""What the desk stands on, each useful without it: kept workspaces, findings as data, answers beside a file, locks."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.quality.answers import PAGE, SHEET, Answer, hash_of_answers
from clearing_point.quality.feedback import feedback_in, feedback_of
from clearing_point.quality.said import CONFIRM, Place, confirmable, facts_of
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item
from clearing_point.warehouse.connection import opened
from clearing_point.workplace import alone
from pipelines.ingest import check, checked, load
from pipelines.rebuild import rebuild
from tests.command import command
from tests.conftest import ROOT
from tests.planted_faults import FAULTS, FEW, TERRITORY, YEAR, plant, write_clean


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(root=ROOT, data=tmp_path_factory.mktemp("ground") / "data")


@pytest.fixture(scope="module")
def profile(place: Project) -> Profile:
    return profile_of_territory(place, TERRITORY)


def write_doubtful(standard: Standard, folder: Path) -> Path:
    """Write a workbook in which one value is to be confirmed and none is wrong."""
    clean = write_clean(standard, folder / "clean.xlsx", FEW)
    fault = next(f for f in FAULTS if f.table in FEW and f.rule_id in confirmable(standard))
    # A row of its own, of a person who is there.
    written = {name: value for name, value in fault.written.items() if name != "person_reference"}
    plant(standard, clean, folder / "doubtful.xlsx", (replace(fault, row=3, written=written),))
    return folder / "doubtful.xlsx"


@pytest.fixture(scope="module")
def doubtful(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_doubtful(standard, tmp_path_factory.mktemp("doubtful"))


def answer_to(place: Place) -> Answer:
    return Answer(
        place.rule_id, place.table, place.field, place.sheet, place.column, place.rows, place.count, "CHECKED_TRUE", PAGE
    )  # fmt: skip


def test_the_workspace_of_a_check_lives_as_long_as_the_block_and_its_findings_are_data(
    place: Project, standard: Standard, profile: Profile, doubtful: Path
) -> None:
    stages: list[str] = []
    with checked(place, standard, Item(doubtful, profile, str(YEAR)), progress=stages.append) as done:
        assert done.workspace.path.is_file()
        assert not done.outcome.refused
        # Read back from a file, they say the same in every language.
        facts = facts_of(json.loads(json.dumps(done.outcome.feedback.facts.document())))
        with done.workspace.opened() as connection:
            for language in standard.languages:
                asked = feedback_of(connection, done.outcome.submission_id, standard, language)
                assert feedback_in(facts, standard, language) == asked
    assert not done.workspace.path.exists()
    assert not place.warehouse.exists()
    assert stages == ["waiting", "reading", "checking", "comparing"]
    assert facts.counts(standard)[CONFIRM] == done.outcome.feedback.counts()[CONFIRM] > 0
    answers = tuple(answer_to(p) for p in facts.places)
    answered = check(place, standard, doubtful, profile, str(YEAR), answers=answers)
    assert answered.feedback.counts()[CONFIRM] == 0
    assert hash_of_answers(answers) != hash_of_answers([replace(answers[0], code="REAL_CHANGE")])
    assert hash_of_answers([replace(answers[0], origin=SHEET)]) is None  # it is part of the file's own hash


def test_a_refused_file_is_told_from_a_returned_one(
    place: Project, standard: Standard, profile: Profile, doubtful: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(doubtful)
    sheet = book["person"] if "person" in book.sheetnames else book.worksheets[2]
    sheet.cell(1, sheet.max_column + 1, "x_telephone")
    sheet.cell(3, sheet.max_column, "+355 69 123 4567")
    book.save(tmp_path / "named.xlsx")
    outcome = check(place, standard, tmp_path / "named.xlsx", profile, str(YEAR))
    assert outcome.refused
    assert outcome.document()["refused"]


@pytest.mark.nightly
def test_answers_beside_a_file_make_another_version_and_survive_a_rebuild(
    standard: Standard, profile: Profile, doubtful: Path, tmp_path: Path
) -> None:
    """Two loads and a rebuild.

    Quick: tests/desk/test_ground.py::test_the_workspace_of_a_check_lives_as_long_as_the_block_and_its_findings_are_data
    """
    place = Project(root=ROOT, data=tmp_path / "data")
    first = load(place, standard, doubtful, profile, str(YEAR))
    asked = [p for p in first.feedback.facts.places if p.rule_id in confirmable(standard)]
    answers = [answer_to(p) for p in asked]
    second = load(place, standard, doubtful, profile, str(YEAR), answers=answers)
    assert (first.feedback.counts()[CONFIRM] > 0, second.feedback.counts()[CONFIRM]) == (True, 0)
    assert second.submission_id.endswith("-v2")
    # The order in which they were given does not matter.
    again = load(place, standard, doubtful, profile, str(YEAR), answers=answers[::-1])
    assert again.unchanged
    rebuilt = rebuild(place, standard)
    assert rebuilt.before == rebuilt.after
    with opened(place.warehouse, read_only=True) as connection:
        kept = connection.execute(
            "SELECT answers_sha256 FROM raw.submission ORDER BY version_number"
        ).fetchall()
        codes = connection.execute("SELECT DISTINCT answer FROM quality.answer").fetchall()
    assert kept[0][0] is None
    assert len(kept[1][0]) == 64
    assert codes == [("CHECKED_TRUE",)]
    assert load(place, standard, doubtful, profile, str(YEAR), answers=answers).unchanged


def test_the_marked_workbook_comes_before_a_load(standard: Standard, doubtful: Path, tmp_path: Path) -> None:
    asked = ("check", doubtful, "--territory", TERRITORY, "--period", YEAR, "--lang", "sq")
    place = ("--project", ROOT, "--data", tmp_path / "data", "--marked")
    code, out, err = command(*asked, *place, tmp_path / "marked.xlsx")
    assert code == 0, out + err
    book = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    assert standard.word("findings", "sheet", "sq") in book.sheetnames
    assert not list((tmp_path / "data" / "work").iterdir())
    # Her own file is never written over.
    before = doubtful.read_bytes()
    assert command(*asked, *place, doubtful)[0] == 2
    assert doubtful.read_bytes() == before


def test_a_lock_excludes_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARING_POINT_WAIT", "0.2")
    told: list[str] = []

    def other() -> None:
        try:
            with alone(tmp_path / "lock", "reading"):
                told.append("in")
        except InputProblem as problem:
            told.append(str(problem))

    with alone(tmp_path / "lock", "changing"), alone(tmp_path / "lock", "changing within"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(told) == 1
    assert "reading" in told[0]
    other()
    assert told[1:] == ["in"]
