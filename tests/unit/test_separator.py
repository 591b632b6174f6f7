"""A new country's text file is begun by the sign and encoding it has; what a reference or date may be is said in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.intake.separator import separator_of
from clearing_point.project import Project
from clearing_point.quality.said import sentences
from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml
from pipelines.country import start

HEADINGS, ROW = ("Ügyszám", "Nem", "Születési év"), ("U-1", "nő", "1990")


def _file(path: Path, sign: str, encoding: str = "utf-8") -> Path:
    rows = [HEADINGS, ROW, ("U-2", "férfi", "1,5")] if sign != "," else [HEADINGS, ROW]
    path.write_bytes("\r\n".join(sign.join(row) for row in rows).encode(encoding))
    return path


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_is_the_one_that_parts_the_lines_alike(sign: str, tmp_path: Path) -> None:
    assert separator_of(_file(tmp_path / "a.csv", sign), "utf-8") == sign


def test_one_column_is_read_as_it_always_was(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Ügyszám\n1\n", encoding="utf-8")
    assert separator_of(tmp_path / "a.csv", "utf-8") == ","


def test_a_profile_is_started_from_semicolons_and_says_how_the_file_is_written(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Most office programs of the region write them; such a file had "no row of headings"."""
    path = _file(tmp_path / "a.csv", ";", "cp1250")
    start(project, standard, "HUN", path, tmp_path / "HUN", "hu", "cp1250")
    made = read_yaml(tmp_path / "HUN" / "profile.yml")
    assert (made["read"]["delimiter"], made["read"]["encoding"]) == (";", "cp1250")
    text = (tmp_path / "HUN" / "profile.yml").read_text(encoding="utf-8")
    assert all(heading in text for heading in HEADINGS)


def test_what_a_reference_may_be_and_from_when_a_date_is_said(standard: Standard) -> None:
    def to_do(rule: str, table: str, field: str) -> str:
        return sentences(standard, "en", rule, table, field, table, "A")[1]

    assert "no word of five letters" in to_do("F03", "person", "person_reference")
    assert "no word of five letters" in to_do("F03", "service", "assistance_reference")
    assert "no word of five letters" not in to_do("F03", "person", "linkage_token_1")
    assert "1990-01-01" in to_do("F02", "identification", "identification_date")
    assert "1990-01-01" not in to_do("F05", "identification", "identification_date")
