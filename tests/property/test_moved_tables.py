"""However a sheet is moved, reordered or saved again, the same rows are read from it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing_point.countries import profile_of_territory
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_submission
from tests.conftest import ROOT, mostly_at_night
from tests.workbooks import identification, person

pytestmark = pytest.mark.usefixtures("forms_are_known")


TABLES: dict[str, list[dict[str, Any]]] = {
    "person": [person(n, person_reference=f"00{n}", sex="F" if n % 2 else "M", number_of_children=n % 4) for n in range(1, 6)],
    "identification": [
        identification(n, person_reference=f"00{n}", identification_date=f"{10 + n}.03.2022") for n in range(1, 6)
    ],
}  # fmt: skip
SMALL = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)


def _write(path: Path, standard: Standard, rows: int, columns: int, order: list[int]) -> Path:
    """Write the regional workbook with blank rows above, blank columns before, and its columns in any order."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, entries in TABLES.items():
            page = book.add_worksheet(name)
            fields = list(dict.fromkeys(field for entry in entries for field in entry))
            fields = [fields[i] for i in sorted(range(len(fields)), key=lambda i: (order[i % len(order)], i))]
            for column, field in enumerate(fields, start=columns):
                page.write_string(rows, column, field)
                page.write_string(rows + 1, column, standard.tables[name].by_name[field].title["en"])
                for row, entry in enumerate(entries, start=rows + 2):
                    page.write(row, column, entry.get(field)) if not isinstance(entry.get(field), str) else (
                        page.write_string(row, column, entry[field])
                    )
    return path


def _read(project: Project, standard: Standard, path: Path) -> tuple[list[Any], list[Any]]:
    received, profile = read_submission(project, path, profile_of_territory(project, "ALB"), standard)
    receipt = receive(project, standard, path, profile, "2022", received=received)
    try:
        with receipt.workspace.opened() as connection:
            findings = connection.execute("SELECT rule_id FROM quality.finding").fetchall()
            rows = connection.execute(
                "SELECT p.person_reference, sex, birth_year, number_of_children, identification_date, identification_status "
                "FROM staged.person AS p JOIN staged.identification AS i USING (person_reference) ORDER BY 1"
            ).fetchall()
        return rows, findings
    finally:
        receipt.workspace.drop()


@pytest.fixture(scope="module")
def unmoved(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = tmp_path_factory.mktemp("unmoved")
    project = Project(root=ROOT, data=folder / "data")
    rows, findings = _read(project, standard, _write(folder / "a.xlsx", standard, 0, 0, [0]))
    assert not findings
    assert [r[0] for r in rows] == ["001", "002", "003", "004", "005"], "a text of digits keeps its zeros"
    return rows


class Moved:
    """The fixtures of a property: a short repr, which hypothesis writes for every example."""

    def __init__(self, rows: list[Any], standard: Standard) -> None:
        self.rows, self.standard = rows, standard


@pytest.fixture(scope="module")
def moved(unmoved: list[Any], standard: Standard) -> Moved:
    return Moved(unmoved, standard)


@SMALL
@given(
    rows=st.integers(0, 12),
    columns=st.integers(0, 6),
    order=st.lists(st.integers(0, 9), min_size=1, max_size=9),
)
def test_blank_rows_blank_columns_and_another_order_lose_nothing(
    moved: Moved, rows: int, columns: int, order: list[int]
) -> None:
    unmoved, standard = moved.rows, moved.standard
    with tempfile.TemporaryDirectory() as folder:
        project = Project(root=ROOT, data=Path(folder) / "data")
        found, findings = _read(
            project, standard, _write(Path(folder) / "a.xlsx", standard, rows, columns, order)
        )
    assert found == unmoved
    assert not findings


@pytest.mark.parametrize("kind", mostly_at_night(["xlsx", "ods"], ["ods"]))
def test_saving_again_in_libreoffice_loses_nothing(
    kind: str, unmoved: list[Any], standard: Standard, tmp_path: Path, project: Project
) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice Calc (Debian: libreoffice-calc) is not installed")
    path = _write(tmp_path / "a.xlsx", standard, 3, 2, [3, 1, 2])
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind,
         "--outdir", str(tmp_path / "again"), str(path)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    found, findings = _read(project, standard, tmp_path / "again" / f"a.{kind}")
    assert found == unmoved
    assert not findings
