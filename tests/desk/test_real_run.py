"""With real jobs in a project of its own: a CSV sender answers on the page, a published version is replaced for a reason,
another organisation of the territory sends beside, and a deletion leaves nothing.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra desk is not installed")

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from tests.conftest import ROOT
from tests.desk.running import RunningDesk
from tests.desk.visitor import Visitor
from tests.workbooks import identification, person, write_regional

pytestmark = pytest.mark.nightly
YEAR = "2022"
SHELTER = "NGO7"
CSV_SENDER, CSV_PERIOD = "BGR", "2021-2022"
FORM, SECTOR = "Експлоатация: Форма на експлоатация", "Експлоатация: Сектор"
PEOPLE = {
    "officer": ("officer", "ALB", "sq"), "approver": ("approver", "ALB", "en"),
    "officer-csv": ("officer", CSV_SENDER, "bg"), "approver-csv": ("approver", CSV_SENDER, "sr-Latn"),
}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    folder = tmp_path_factory.mktemp("real")
    root = folder / "project"
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    profile = root / "pipelines" / "countries" / "ALB" / "profile.yml"
    senders = f'senders:\n  {SHELTER}: {{title: "A shelter", submission: {{coverage: PARTIAL}}}}\n'
    profile.write_text(profile.read_text(encoding="utf-8") + senders, encoding="utf-8")
    made = RunningDesk(folder / "data", root=root)
    made.make(PEOPLE, {"ALB": (YEAR,), CSV_SENDER: (CSV_PERIOD,)})
    made.start()
    yield made
    made.stop()


def workbook(standard: Standard, path: Path, persons: range) -> Path:
    rows = {"person": [person(n) for n in persons], "identification": [identification(n) for n in persons]}
    return write_regional(path, standard, rows)


def checked(officer: Visitor, path: Path, territory: str, period: str = YEAR, **fields: str) -> str:
    sent = officer.upload(path, territory, period, **fields)
    assert sent.status_code == 303, sent.text
    address: str = sent.headers["location"]
    assert officer.until(address, ("checked", "refused", "failed")) == "checked"
    return address


def approved(officer: Visitor, approver: Visitor, address: str, **form: str) -> None:
    assert officer.deed(address, "send", **form).status_code == 303
    assert approver.deed(address, "approve", what=approver.what(address)).status_code == 303
    assert approver.until(address, ("loaded", "returned", "checked")) == "loaded"


def test_a_sender_of_csv_answers_on_the_page_and_a_deletion_leaves_nothing(
    running: RunningDesk, demo: Project, tmp_path: Path
) -> None:
    """Upload to deletion of a text file in its sender's own layout.

    Quick: tests/desk/test_attack.py::test_deleted_is_gone_from_the_disk_and_its_job_is_ended_first
    """
    source = demo.data / "submissions" / f"MADE-{CSV_SENDER}-{CSV_PERIOD}.csv"
    with source.open(encoding="cp1251", newline="") as handle:
        rows = list(csv.reader(handle, delimiter=";"))
    form, sector = rows[0].index(FORM), rows[0].index(SECTOR)
    doubtful = [row for row in rows[1:] if row[form] == "Сексуална експлоатация"][:2]
    for row in doubtful:
        row[sector] = "I"  # a sector of work where nobody was made to work
    path = tmp_path / "doubtful.csv"
    with path.open("w", encoding="cp1251", newline="") as handle:
        csv.writer(handle, delimiter=";", lineterminator="\r\n").writerows(rows)
    officer, approver = running.visitor("officer-csv"), running.visitor("approver-csv")
    address = checked(officer, path, CSV_SENDER, CSV_PERIOD)
    page = officer.get(address).text
    assert "Прочетено като windows-1251; заглавия на колони като:" in page
    assert "Read as" not in page
    answers = re.findall(r'<select id="(answer-\d+)"', page)
    assert len(answers) == 1  # two rows, one kind of finding: one question
    places = officer.get(f"{address}/marked")
    assert places.headers["content-type"].startswith("text/csv")
    assert officer.deed(address, "answers", **{answers[0]: "CHECKED_TRUE"}).status_code == 303
    assert officer.until(address, ("checked", "failed")) == "checked"
    assert not re.search(r'<select id="answer-\d+"', officer.get(address).text)
    approved(officer, approver, address)
    identity = address.rpartition("/")[2]
    submission = officer.get(f"/api/v1/files/{identity}").json()["submission"]
    project = Project(root=running.root, data=running.data)
    with opened(project.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT rule_id, answer FROM quality.answer").fetchall() == [
            ("S02a", "CHECKED_TRUE")
        ]
    assert officer.deed(address, "delete", reason="Sent to the wrong place.").status_code == 303
    assert approver.deed(address, "agree").status_code == 303
    assert approver.until(address, ("deleted", "loaded")) == "deleted"
    with opened(project.warehouse, read_only=True) as connection:
        for table in ("core.person", "core.identification", "raw.cell"):
            held = connection.execute(
                f"SELECT count(*) FROM {table} WHERE submission_id = ?", [submission]
            ).fetchone()
            assert held == (0,), table
    assert not list((running.data / "desk" / "files" / identity).glob("*"))
    assert [p.name for p in running.data.rglob("*") if p.is_file() and submission in p.name] == []
    assert "doubtful.csv" not in officer.get(address).text
    assert submission in officer.get(f"{address}/receipt").text
    for name in ("officer-csv", "approver-csv"):
        assert submission not in running.visitor(name).get("/").text, "what is deleted is not called stored"


def test_a_published_version_is_replaced_for_a_reason_and_another_organisation_sends_beside(
    running: RunningDesk, standard: Standard, tmp_path: Path
) -> None:
    """The figures that would move are named in words; a shelter's file replaces nobody's.

    Quick: tests/desk/test_attack.py::test_a_file_with_something_to_correct_is_not_sent_and_a_reason_is_asked_for
    """
    officer, approver = running.visitor("officer"), running.visitor("approver")
    first = checked(officer, workbook(standard, tmp_path / "first.xlsx", range(40)), "ALB")
    approved(officer, approver, first)
    submission = officer.get(f"/api/v1/files/{first.rpartition('/')[2]}").json()["submission"]
    # A release as `publish` leaves it, of one table with one shown cell.
    data = running.data / "releases" / YEAR / "data"
    data.mkdir(parents=True)
    (data.parent / "manifest.json").write_text(
        json.dumps({"submissions": [{"submission": submission}]}), encoding="utf-8"
    )
    (data / "T01.csv").write_text(f"territory,reference_year,value\nALB,{YEAR},40\n", encoding="utf-8")

    second = checked(officer, workbook(standard, tmp_path / "second.xlsx", range(41)), "ALB")
    page = officer.get(second).text
    assert standard.word("desk", "would_move", "sq") in page
    assert f"Shqipëri, {YEAR}" in page
    assert "T01" not in page
    assert officer.deed(second, "send").status_code == 422  # without a reason
    approved(officer, approver, second, reason="One more person was identified.")
    assert approver.until(first, ("replaced",)) == "replaced"
    assert "One more person was identified." in approver.get(f"{second}/receipt").text

    form = officer.get(f"/periods/ALB/{YEAR}").text
    assert f'<option value="{SHELTER}">A shelter</option>' in form
    other = checked(
        officer, workbook(standard, tmp_path / "other.xlsx", range(100, 105)), "ALB", sender=SHELTER
    )
    approved(officer, approver, other)
    assert officer.get(f"/api/v1/files/{second.rpartition('/')[2]}").json()["state"] == "loaded"
    wanted = [f"{YEAR}-ALB-ALB01-v2", f"{YEAR}-ALB-{SHELTER}-v1"]
    with opened(Project(root=running.root, data=running.data).warehouse, read_only=True) as connection:
        assert [
            row[0]
            for row in connection.execute(
                "SELECT submission_id FROM raw.submission WHERE status = 'ACCEPTED' AND territory = 'ALB' ORDER BY 1"
            ).fetchall()
        ] == wanted
    for _ in range(60):  # a job looks at the warehouse after each load
        lines = officer.get("/api/v1/periods").json()
        if lines[0]["stored"] == wanted:
            break
        officer.until(other, ("loaded",))
    assert lines[0]["stored"] == wanted
    assert all(name in officer.get("/").text for name in wanted)
