"""The way back: planted faults are found at their cells, the workbook returns marked, answers return with it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from clearing_point.analysis.reconcile import decisions
from clearing_point.countries import Profile, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.findings import OLD_DAY
from clearing_point.project import Project
from clearing_point.quality.answers import COLUMNS, FIRST_ROW, SIGN
from clearing_point.quality.marked_workbook import without_formula
from clearing_point.standard import Standard
from clearing_point.submission.outcome import Outcome
from clearing_point.warehouse.connection import opened
from pipelines.feedback import feedback
from pipelines.ingest import load
from pipelines.quality import quality_page
from tests.conftest import ROOT
from tests.planted_faults import FAULTS, FEW, LANGUAGE, TERRITORY, YEAR, plant, write_clean


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(root=ROOT, data=tmp_path_factory.mktemp("feedback") / "data")


@pytest.fixture(scope="module")
def profile(place: Project) -> Profile:
    return profile_of_territory(place, TERRITORY)


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("something opened a connection to another machine")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def found(project: Project, submission: str) -> list[tuple[str, str, str]]:
    """Open findings of a submission: (rule, sheet, cell), sorted."""
    with opened(project.warehouse, read_only=True) as connection:
        return sorted(
            connection.execute(
                "SELECT rule_id, sheet, coalesce(column_letter, '') || coalesce(source_row::VARCHAR, '') "
                "FROM quality.finding WHERE submission_id = ? AND NOT waived",
                [submission],
            ).fetchall()
        )


@pytest.fixture(scope="module")
def clean(standard: Standard, place: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clean(standard, tmp_path_factory.mktemp("clean") / "clean.xlsx", FEW)


@pytest.fixture(scope="module")
def returned(
    standard: Standard, place: Project, profile: Profile, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Path, Path, list[Any]]:
    """The faulty workbook loaded, and given back marked: outcome, what was sent, what came back, what was planted."""
    folder = tmp_path_factory.mktemp("returned")
    sent, back = folder / "sent.xlsx", folder / "back.xlsx"
    planted = plant(standard, write_clean(standard, folder / "clean.xlsx"), sent, FAULTS)
    outcome = load(place, standard, sent, profile, str(YEAR))
    came = feedback(place, standard, outcome.submission_id, back, letter=back.with_suffix(".html"))
    assert came.marked, came.why_not_marked
    return outcome, sent, back, planted


@pytest.mark.usefixtures("without_network")
def test_the_clean_workbook_has_no_finding_and_nothing_is_fetched(
    standard: Standard, place: Project, profile: Profile, clean: Path
) -> None:
    outcome = load(place, standard, clean, profile, str(YEAR), made_data=True)
    assert [(g.rule_id, g.sheet, g.column) for g in outcome.feedback.groups] == []
    assert outcome.verdict.decision == "accepted"


def test_exactly_the_planted_faults_are_found_at_their_cells(
    place: Project, returned: tuple[Outcome, Path, Path, list[Any]]
) -> None:
    outcome, _, _, planted = returned
    there = found(place, outcome.submission_id)
    (old,) = [one for one in there if one[0] == OLD_DAY]  # of a planted day of 1995 the year alone is kept
    assert sorted({*there} - {old}) == planted
    assert len(there) == len(planted) + 1
    assert len({rule for rule, _, _ in planted}) >= 20


def test_the_marked_workbook_is_the_sent_one_but_for_marks_notes_and_one_sheet(
    standard: Standard, returned: tuple[Outcome, Path, Path, list[Any]]
) -> None:
    _, sent, back, planted = returned
    before, after = zipfile.ZipFile(sent), zipfile.ZipFile(back)
    assert after.testzip() is None
    names = before.namelist()
    assert after.namelist()[: len(names)] == names
    for name in after.namelist():
        if name.endswith((".xml", ".rels", ".vml")):
            # Well formed: an office program repairs or refuses anything else.
            ElementTree.fromstring(after.read(name))  # noqa: S314 - our own package
    added = set(after.namelist()) - set(names)
    assert all(re.match(r"xl/(comments|drawings/|worksheets/)", name) for name in added), added
    may_change = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
    for name in names:
        if before.read(name) == after.read(name):
            continue
        if name in may_change or "_rels/" in name or "comments" in name.lower() or name.endswith(".vml"):
            continue
        assert name.startswith("xl/worksheets/sheet"), name
        assert _without_marks(before.read(name)) == _without_marks(after.read(name)), name
    book, sheet_of = openpyxl.load_workbook(back), standard.word("findings", "sheet", LANGUAGE)
    for rule, sheet, cell in planted:
        assert book[sheet][cell].fill.fgColor.rgb == "FFFFC7CE" or rule[0] in "SG"
        note = book[sheet][cell].comment
        assert note is not None
        assert rule in note.text
        assert re.search("[а-яђћ]", note.text)
    lines = book[sheet_of]
    assert book.active == lines, "it is the sheet that stands open"
    assert [one.title for one in book if one.sheet_view.tabSelected] == [sheet_of]
    assert (lines["A1"].value, lines["B1"].value) == (SIGN, LANGUAGE)
    assert lines.max_row >= FIRST_ROW + len({(r, s, re.sub(r"\d", "", c)) for r, s, c in planted}) - 1
    letter = back.with_suffix(".html").read_text(encoding="utf-8")
    assert 'lang="sr-Cyrl"' in letter
    assert "женскоо" not in letter  # a finding holds no value


def _without_marks(sheet: bytes) -> bytes:
    """A sheet's XML without style numbers, empty cells, the link to its notes, and whether it stands open."""
    text = re.sub(rb'<legacyDrawing xmlns:cp="[^"]*" cp:id="[^"]*"/>', b"", sheet)
    text = re.sub(rb"<legacyDrawing [^>]*/>", b"", text)
    text = text.replace(b' tabSelected="1"', b"")
    text = re.sub(rb"<c [^>]*/>", b"", text)
    return re.sub(rb'(<c\b[^>]*?) s="\d+"', rb"\1", text)


@pytest.mark.nightly
def test_libreoffice_opens_the_marked_workbook(
    returned: tuple[Outcome, Path, Path, list[Any]], tmp_path: Path
) -> None:
    """And keeps every note.

    Quick: tests/pipeline/test_feedback.py::test_the_marked_workbook_is_the_sent_one_but_for_marks_notes_and_one_sheet
    Quick: tests/property/test_moved_tables.py::test_saving_again_in_libreoffice_loses_nothing
    """
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    done = subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx",
         "--outdir", str(tmp_path), str(returned[2])],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    written = tmp_path / "back.xlsx"
    assert written.is_file(), done.stderr
    ours, theirs = openpyxl.load_workbook(returned[2]), openpyxl.load_workbook(written)
    assert theirs.sheetnames == ours.sheetnames
    for _, sheet, cell in returned[3]:
        note = theirs[sheet][cell].comment
        assert note is not None, (sheet, cell)


def test_half_corrected_and_half_answered_it_is_accepted(
    standard: Standard, place: Project, profile: Profile, clean: Path, tmp_path: Path
) -> None:
    """One error and two questions: the error and one question are corrected, the other one is answered."""
    path = tmp_path / "round.xlsx"
    book = openpyxl.load_workbook(clean)
    cells = {}
    for name, row, value in (
        ("labour_sector", 3, "I"),  # S02a: asked, and answered
        ("exploitation_form", 5, "LAB; ORG"),  # S06: asked, and corrected
        ("identification_status", 3, None),  # F01: must be corrected
    ):
        sheet = next(s for s in book if name in [c.value for c in s[1]] and s[1][0].value)
        letter = {c.value: c.column_letter for c in sheet[1]}[name]
        cells[name] = (sheet.title, f"{letter}{row}", sheet[f"{letter}{row}"].value)
        sheet[f"{letter}{row}"] = value
    book.save(path)
    first = load(place, standard, path, profile, str(YEAR))
    assert first.verdict.decision == "returned"
    assert {(g.rule_id, g.level) for g in first.feedback.groups} == {
        ("F01", "must_fix"), ("S02a", "confirm"), ("S06", "confirm"),
    }  # fmt: skip
    back = tmp_path / "back.xlsx"
    feedback(place, standard, first.submission_id, back)
    book = openpyxl.load_workbook(back)
    for name in ("exploitation_form", "identification_status"):
        sheet_name, cell, right = cells[name]
        book[sheet_name][cell] = right
    lines = book[standard.word("findings", "sheet", LANGUAGE)]
    asked = [row for row in range(FIRST_ROW, lines.max_row + 1) if lines.cell(row, 1).value == "S02a"]
    for row in asked:
        answer = standard.label_of("finding_answer", "RARE_BUT_TRUE", LANGUAGE)
        lines.cell(row, COLUMNS.index("answer") + 1).value = answer
    assert len(asked) == 1
    book.save(tmp_path / "again.xlsx")
    second = load(place, standard, tmp_path / "again.xlsx", profile, str(YEAR))
    assert second.verdict.decision == "accepted"
    assert second.feedback.groups == (), "what was answered is not asked again"
    stored = decisions(place.warehouse, territory=TERRITORY)["answers"]
    assert [
        (a["submission_id"], a["rule_id"], a["target_field"], a["answer"], a["findings"]) for a in stored
    ] == [(second.submission_id, "S02a", "labour_sector", "RARE_BUT_TRUE", 1)]
    page = quality_page(place, standard, TERRITORY, tmp_path / "page.html", LANGUAGE)
    assert re.search(f"S02a.*{re.escape(answer)}", page.read_text(encoding="utf-8"))


def test_words_on_the_findings_sheet_that_are_not_ours_meet_the_guard(
    standard: Standard,
    place: Project,
    profile: Profile,
    returned: tuple[Outcome, Path, Path, list[Any]],
    tmp_path: Path,
) -> None:
    book = openpyxl.load_workbook(returned[2])
    lines = book[standard.word("findings", "sheet", LANGUAGE)]
    lines.cell(FIRST_ROW, COLUMNS.index("answer") + 1).value = "call her on +381 64 123 4567"
    book.save(tmp_path / "told.xlsx")
    outcome = load(place, standard, tmp_path / "told.xlsx", profile, str(YEAR))
    assert {g.rule_id for g in outcome.feedback.groups} == {"P02"}
    assert outcome.feedback.not_run


def test_the_fix_list_and_the_quality_page(
    standard: Standard, place: Project, returned: tuple[Outcome, Path, Path, list[Any]], tmp_path: Path
) -> None:
    came = feedback(place, standard, returned[0].submission_id, tmp_path / "list.csv", language="sq")
    lines = (tmp_path / "list.csv").read_text(encoding="utf-8-sig").splitlines()
    assert not came.marked
    assert len(lines) >= 1 + len(returned[3])
    assert without_formula("=1+1") == "'=1+1"
    page = quality_page(place, standard, TERRITORY, tmp_path / "page.html", LANGUAGE)
    text = page.read_text(encoding="utf-8")
    assert returned[0].submission_id in text
    assert not re.search(r'(src|href)="https?://', text)
    with pytest.raises(InputProblem, match="no submission"):
        feedback(place, standard, "nothing", tmp_path / "x.xlsx")
