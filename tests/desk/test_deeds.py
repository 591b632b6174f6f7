"""With real jobs: a refused file is gone everywhere, a second version shows what it changes, withdrawal needs two."""

from __future__ import annotations

import io
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
from tests.desk.test_round import PEOPLE
from tests.planted_faults import TERRITORY, YEAR, write_clean

pytestmark = pytest.mark.nightly
PLANTED = "+381 64 7654321"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    made = RunningDesk(tmp_path_factory.mktemp("deeds") / "data")
    made.make(PEOPLE, {TERRITORY: (str(YEAR),), "ALB": (str(YEAR),)})
    made.start()
    yield made
    made.stop()


def planted_in(folder: Path) -> list[str]:
    """Files in which the planted value stands, in whatever form a text has on a disk."""
    forms = [PLANTED.encode(), PLANTED.encode("utf-16-le"), PLANTED.replace(" ", "").encode()]
    return [str(p) for p in folder.rglob("*") if p.is_file() and any(f in p.read_bytes() for f in forms)]


def test_a_refused_file_is_gone_from_everywhere(
    running: RunningDesk, standard: Standard, tmp_path: Path
) -> None:
    """The telephone number of a person in a column of the sender's own.

    Quick: tests/desk/test_attack.py::test_a_refused_file_is_gone_before_the_page_says_refused
    """
    clean = write_clean(standard, tmp_path / "clean.xlsx")
    book = openpyxl.load_workbook(clean)
    sheet = book.worksheets[2]
    column = sheet.max_column + 1
    sheet.cell(1, column, "telefon")
    sheet.cell(3, column, PLANTED)
    book.save(tmp_path / f"{PLANTED}.xlsx")
    officer = running.visitor("officer")
    address = officer.upload(tmp_path / f"{PLANTED}.xlsx", TERRITORY, str(YEAR)).headers["location"]
    assert officer.until(address, ("checked", "refused", "failed")) == "refused"
    page = officer.get(address).text
    assert standard.word("desk", "refused_help", "sr-Cyrl") in page
    assert PLANTED not in page
    assert planted_in(running.data) == []
    assert PLANTED not in running.log.read_text()
    assert [p.name for p in (running.data / "desk" / "files").glob("*/*")] == ["findings.json"]


def test_a_file_that_cannot_be_read_says_so_in_her_language(
    running: RunningDesk, standard: Standard, tmp_path: Path
) -> None:
    """A text with the name of a workbook.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    (tmp_path / "broken.xlsx").write_bytes(b"this is no workbook" * 100)
    officer = running.visitor("officer")
    address = officer.upload(tmp_path / "broken.xlsx", TERRITORY, str(YEAR)).headers["location"]
    assert officer.until(address, ("checked", "refused", "failed")) == "refused"
    assert standard.word("desk", "file_no_workbook", "sr-Cyrl") in officer.get(address).text


def test_template_second_version_and_withdrawal(
    running: RunningDesk, standard: Standard, tmp_path: Path
) -> None:
    """From the empty workbook to a submission that counts no longer.

    Quick: tests/desk/test_rights.py::test_only_who_may_reaches_a_file_in_the_states_in_which_most_is_done
    """
    officer, approver = running.visitor("officer"), running.visitor("approver")
    empty = officer.get(f"/periods/{TERRITORY}/{YEAR}/template.xlsx")
    assert len(openpyxl.load_workbook(io.BytesIO(empty.content)).sheetnames) > 10

    def loaded(path: Path) -> str:
        address = officer.upload(path, TERRITORY, str(YEAR)).headers["location"]
        assert officer.until(address, ("checked", "refused", "failed")) == "checked"
        asks = 'id="reason-send"' in officer.get(address).text
        assert (
            officer.deed(address, "send", **({"reason": "A second version."} if asks else {})).status_code
            == 303
        )
        assert approver.deed(address, "approve", what=approver.what(address)).status_code == 303
        assert approver.until(address, ("loaded", "returned", "checked")) == "loaded"
        return str(address)

    first = loaded(write_clean(standard, tmp_path / "clean.xlsx"))
    second_file = write_doubtful(standard, tmp_path)
    second = officer.upload(second_file, TERRITORY, str(YEAR)).headers["location"]
    assert officer.until(second, ("checked", "refused", "failed")) == "checked"
    page = officer.get(second).text
    assert standard.word("desk", "against", "sr-Cyrl", submission=f"{YEAR}-{TERRITORY}-SRB01-v1") in page
    second = loaded(second_file)
    assert approver.until(first, ("replaced",)) == "replaced"
    assert officer.deed(second, "withdraw", reason="Sent by mistake.").status_code == 303
    assert officer.post(f"{second}/agree", {"version": "1"}).status_code == 404
    assert approver.deed(second, "agree").status_code == 303
    assert approver.until(second, ("withdrawn", "loaded")) == "withdrawn"
    with opened(Project(root=ROOT, data=running.data).warehouse, read_only=True) as connection:
        states = connection.execute("SELECT status FROM raw.submission ORDER BY version_number").fetchall()
    assert states == [("REPLACED",), ("WITHDRAWN",)]
