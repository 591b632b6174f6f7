"""The whole round on a running desk: upload, findings, answers, approval by a second person, load, receipt."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

pytest.importorskip("fastapi", reason="the extra desk is not installed")

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from tests.conftest import ROOT
from tests.desk.running import RunningDesk
from tests.desk.test_ground import write_doubtful
from tests.planted_faults import TERRITORY, YEAR

LANGUAGE = "sr-Cyrl"
PEOPLE = {
    "officer": ("officer", TERRITORY, LANGUAGE), "approver": ("approver", TERRITORY, "sr-Latn"),
    "stranger": ("officer", "ALB", "sq"),
}  # fmt: skip


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDesk]:
    made = RunningDesk(tmp_path / "data")
    made.make(PEOPLE, {TERRITORY: (str(YEAR),), "ALB": (str(YEAR),)})
    made.start()
    yield made
    made.stop()


@pytest.mark.nightly
def test_the_round_from_upload_to_receipt(running: RunningDesk, standard: Standard, tmp_path: Path) -> None:
    """With real jobs: two checks and a load.

    Quick: tests/desk/test_attack.py::test_an_upload_is_whole_on_the_disk_with_its_job_before_the_answer
    """
    officer, approver, stranger = (running.visitor(name) for name in PEOPLE)
    sent = officer.upload(write_doubtful(standard, tmp_path), TERRITORY, str(YEAR))
    assert sent.status_code == 303, sent.text
    address = sent.headers["location"]
    assert officer.until(address, ("checked", "refused", "failed")) == "checked"
    page = officer.get(address).text
    assert standard.word("desk", "state_checked", LANGUAGE) in page
    assert re.search(r'<select id="answer-\d+"', page)
    back = officer.get(f"{address}/marked")
    assert back.headers["content-disposition"] == f'attachment; filename="{TERRITORY}-{YEAR}-marked.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(back.content))
    assert standard.word("findings", "sheet", LANGUAGE) in book.sheetnames
    number = re.search(r'name="(answer-\d+)"', page)[1]
    assert officer.deed(address, "answers", **{number: "CHECKED_TRUE"}).status_code == 303
    assert officer.until(address, ("checked", "refused", "failed")) == "checked"
    page = officer.get(address).text
    assert not re.search(r'<select id="answer-\d+"', page)
    assert re.search(r'<select id="given-0"', page)
    assert stranger.get(address).status_code == stranger.get("/files/unknown").status_code == 404
    assert officer.deed(address, "send").status_code == 303
    assert officer.post(f"{address}/approve", {"version": officer.version(address)}).status_code == 404
    assert approver.deed(address, "approve", what=approver.what(address)).status_code == 303
    assert approver.until(address, ("loaded", "returned", "checked")) == "loaded"
    receipt = approver.get(f"{address}/receipt").text
    assert f"{YEAR}-{TERRITORY}-SRB01-v1" in receipt
    assert standard.word("desk", "receipt", "sr-Latn") in receipt
    place = Project(root=ROOT, data=running.data)
    with opened(place.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT status, length(answers_sha256) FROM raw.submission").fetchall() == [
            ("ACCEPTED", 64)
        ]
        assert connection.execute("SELECT DISTINCT answer FROM quality.answer").fetchall() == [
            ("CHECKED_TRUE",)
        ]
    # Nothing is left: neither her file, nor a workspace.
    assert [p.name for p in (running.data / "desk" / "files").glob("*/*")] == ["findings.json"]
    assert not list((running.data / "work").iterdir())
