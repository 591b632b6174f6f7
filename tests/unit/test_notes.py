"""Notes on cells are read by the identity guard: the same content refuses a file, and only its place is told."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from clearing_point.countries import profile_of_territory
from clearing_point.intake.notes import guard_notes, notes_of
from clearing_point.intake.read import read_file
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.workbook import write_example
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def clean(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notes") / "clean.xlsx"
    write_example(standard, path, territory="SRB", year=2024, language="sr-Cyrl")
    return path


def places(path: Path, standard: Standard) -> list[tuple[str, str | None, str | None, int | None]]:
    profile = profile_of_territory(Project(root=ROOT, data=path.parent / "data"), "SRB")
    found = guard_notes(read_file(path), path, profile, standard)
    assert {f.rule_id for f in found} <= {"P02"}
    return [(str(f.target_field), f.sheet, f.column_letter, f.source_row) for f in found]


def test_the_notes_of_our_own_template_refuse_nothing(clean: Path, standard: Standard) -> None:
    notes = list(notes_of(clean))
    assert len(notes) > 100
    assert all(note.ours for note in notes)
    assert places(clean, standard) == []


@pytest.mark.parametrize(
    ("author", "text", "pattern"),
    [
        ("Служба", "звати 064/123-4567", "phone_local"),
        ("Служба", "проверити\nЗорблатина Квиксова", "names"),
        ("Служба", "ana.p@example.org", "email"),
        ("Служба", "рекла нам је да је отишла из куће са рођаком прошле зиме", "over_long_text"),
        ("clearing-point", "+381 64 123 4567", "phone_international"),
    ],
)
def test_what_may_not_stand_in_a_cell_may_not_stand_in_a_note(
    clean: Path, standard: Standard, tmp_path: Path, author: str, text: str, pattern: str
) -> None:
    book = openpyxl.load_workbook(clean)
    sheet = next(s for s in book if s["A1"].value == "person_reference")
    sheet["D5"].comment = Comment(text, author)
    sheet["E6"].comment = Comment("проверити", "Служба")
    book.save(tmp_path / "noted.xlsx")
    found = places(tmp_path / "noted.xlsx", standard)
    assert found == [(pattern, sheet.title, "D", None), (pattern, sheet.title, "D", 5)]
