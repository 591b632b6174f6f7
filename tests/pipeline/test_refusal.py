"""A refused file leaves its receipt and nothing else: not a value, not the file, nowhere in the data folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter

from clearing_point.countries.profile import ColumnSpec, Profile, Reading, SheetSpec, TableSpec
from clearing_point.findings import FORBIDDEN_COLUMN, PERSONAL_CONTENT
from clearing_point.intake.receive import Receipt, receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import REFUSED
from clearing_point.warehouse.merge import merge
from clearing_point.warehouse.shape import prepare_warehouse

PERIOD = "2023"
REFERENCES = ["KX-77001", "KX-77002", "KX-77003"]
TELEPHONE, VILLAGE = "69555017", "Qarbluk"
NAMES = ["Zorblatina Quixova", "Wexfordina Plimova", "Ukvardina Jexova"]
STORY = f"Her brother came from the village of {VILLAGE} to fetch her"
_HEADINGS = ["Case", "Sex"]
_COLUMNS = {"person_reference": ColumnSpec(("Case",)), "sex": ColumnSpec(("Sex",))}
_SHEET = SheetSpec("People", (1,), 0, (TableSpec("person", _COLUMNS),), ignore=("Prezime", "Extra"))
PROFILE = Profile("made", "Made", "ORG07", "MDA", "count", True, {}, Reading(), (_SHEET,), (), "0" * 64)


def _workbook(path: Path, heading: str, values: list[str]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        made = book.add_worksheet("People")
        made.write_row(0, 0, [*_HEADINGS, heading])
        for number, (reference, value) in enumerate(zip(REFERENCES, values, strict=True), start=1):
            made.write_row(number, 0, [reference, "F", value])
    return path


def _bytes_of(folder: Path) -> bytes:
    return b"\n".join(p.name.encode() + p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def _texts_of(database: Path) -> Iterator[str]:
    """Every value of every table: DuckDB packs texts, so bytes alone would not show them."""
    with opened(database, read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, table in tables:
            for row in connection.execute(f'SELECT * FROM {schema}."{table}"').fetchall():
                yield " ".join(map(str, row))


def _is_there(word: str, project: Project, *databases: Path) -> bool:
    raw = _bytes_of(project.data)
    in_bytes = any(word.encode(encoding) in raw for encoding in ("utf-8", "utf-16-le", "cp1250"))
    return in_bytes or any(word in text for database in databases for text in _texts_of(database))


def _received(project: Project, standard: Standard, path: Path) -> Receipt:
    prepare_warehouse(project, standard)
    return receive(project, standard, path, PROFILE, PERIOD)


def _leaves_nothing(
    project: Project, standard: Standard, path: Path, words: list[str], rule: str
) -> list[Any]:
    """Check workspace and warehouse; return the findings that were kept."""
    receipt = _received(project, standard, path)
    assert receipt.refused
    assert receipt.rows == {}
    assert [w for w in words if _is_there(w, project, receipt.workspace.path)] == []
    merge(project, standard, receipt.workspace, receipt.submission_id, accepted=False)
    receipt.workspace.drop()
    assert [w for w in words if _is_there(w, project, project.warehouse)] == []
    assert [p for p in project.archive.rglob("*") if p.is_file() and p != project.receipts] == [], (
        "the file itself is not kept"
    )
    assert path.stem not in project.receipts.read_text(encoding="utf-8"), "nor is its name"
    with opened(project.warehouse, read_only=True) as connection:
        for table in ("raw.record", 'raw."column"', "staged.person", "core.person"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        kept = connection.execute("SELECT status, file_sha256, sender FROM raw.submission").fetchall()
        assert kept == [(REFUSED, hashlib.sha256(path.read_bytes()).hexdigest(), "ORG07")]
        found: list[Any] = connection.execute(
            "SELECT DISTINCT rule_id, severity, sheet, column_letter, target_field FROM quality.finding ORDER BY ALL"
        ).fetchall()
    assert {row[0] for row in found} == {rule}
    return found


def test_a_filled_name_column_leaves_only_the_receipt(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = _workbook(tmp_path / "sent.xlsx", "Prezime", NAMES)
    found = _leaves_nothing(
        project, standard, path, [*" ".join(NAMES).split(), *REFERENCES], FORBIDDEN_COLUMN
    )
    assert found == [(FORBIDDEN_COLUMN, "block", "People", "C", "person_name")]


def test_telephones_and_a_story_in_a_column_nobody_reads_leave_only_the_receipt(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = _workbook(tmp_path / "sent.xlsx", "Extra", [f"+373 {TELEPHONE}", STORY, ""])
    found = _leaves_nothing(project, standard, path, [TELEPHONE, VILLAGE, *REFERENCES], PERSONAL_CONTENT)
    assert {row[4] for row in found} == {"over_long_text", "phone_international"}


def test_the_search_would_find_what_is_stored(project: Project, standard: Standard, tmp_path: Path) -> None:
    path = _workbook(tmp_path / "sent.xlsx", "Prezime", ["", "", ""])
    receipt = _received(project, standard, path)
    assert not receipt.refused, "an empty name column is passed over"
    assert receipt.rows["person"] == 3
    assert all(_is_there(reference, project, receipt.workspace.path) for reference in REFERENCES)
    assert not _is_there("Prezime", project, receipt.workspace.path), "and its heading is not kept"
    receipt.workspace.drop()
