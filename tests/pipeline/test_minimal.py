"""What was not asked for is nowhere: not in archive, warehouse, receipts or feedback; and a rebuild needs none of it."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.intake.archive import archived_file
from clearing_point.intake.keeps import MARK
from clearing_point.intake.kept import _TOTAL, read_kept
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.merge import content_hash
from pipelines.feedback import feedback
from pipelines.ingest import load
from pipelines.rebuild import rebuild
from pipelines.reduce import reduce
from tests.pipeline.test_refusal import _texts_of
from tests.workbooks import identification, person, write_regional

PLANTED = [
    "Qarbluk", "Wexfordina", "Plimova", "Ukvardin", "Jexov", "Drenkova", "Sumbarin", "Tolvanka", "Virzenka", "Molbrat",
    "Kvostarin", "Zelmira", "641234567", "J. K.", "KUKUPEPAJ1",
]  # fmt: skip


@pytest.fixture
def sent(tmp_path: Path, standard: Standard) -> Path:
    """A file with a planted word in every place that nobody asked about, each written so that no pattern knows it."""
    path = write_regional(
        tmp_path / f"{PLANTED[0]} 2022.xlsx",
        standard,
        {
            "organisation": [
                {"organisation_id": "ORG7", "organisation_name": f"Safe House {PLANTED[1]}", "territory": "ALB",
                 "organisation_type": "NGO"},
                {"organisation_id": PLANTED[14], "organisation_name": "Safe House", "territory": "ALB",
                 "organisation_type": "NGO"},
                {"organisation_id": "ORG8", "organisation_name": f"Safe House {PLANTED[13]}", "territory": "ALB",
                 "organisation_type": "NGO"},
            ],
            "person": [
                person(1, x_own=PLANTED[2]),
                person(2, sex=PLANTED[3], x_own="z", number_of_children=f"2.{PLANTED[12]}"),
                person(3, birth_year=PLANTED[4]),
                {**person(4), "person_reference": PLANTED[5]},
            ],
            "identification": [identification(1), identification(2, identification_date=PLANTED[6])],
        },
    )  # fmt: skip
    book = openpyxl.load_workbook(path)
    book.create_sheet(PLANTED[7])["A1"] = PLANTED[8]
    book["person"].oddHeader.center.text = PLANTED[9]
    book["person"]["A3"].comment = openpyxl.comments.Comment(PLANTED[10], "a")
    book.properties.keywords = PLANTED[11]
    book.save(path)
    return path


def _load(project: Project, standard: Standard, path: Path) -> Any:
    return load(project, standard, path, profile_of_territory(project, "ALB"), "2022")


def _is_there(word: str, project: Project) -> list[str]:
    found = [text for text in _texts_of(project.warehouse) if word in text]
    for path in (p for p in project.data.rglob("*") if p.is_file() and "waiting" not in p.parts):
        if word in path.name or word.encode() in path.read_bytes():
            found.append(path.name)
        if path.suffix == ".parquet":
            found += [path.name for row in pq.read_table(path).to_pylist() if word in str(row)]
    return found


def test_planted_words_are_nowhere_and_the_fault_is_still_told(
    sent: Path, project: Project, standard: Standard, tmp_path: Path
) -> None:
    outcome = _load(project, standard, sent)
    assert outcome.verdict.decision == "returned"
    told = {(g.rule_id, g.sheet, g.column, g.rows) for g in outcome.feedback.groups}
    assert {
        ("P04", "person", "B", "4"), ("F05", "person", "D", "5"), ("F03", "person", "A", "6"),
        ("F05", "identification", "C", "4"), ("P12", "organisation", "B", ""), ("F03", "organisation", "A", "4"),
    } <= told  # fmt: skip
    assert {word: _is_there(word, project) for word in PLANTED if _is_there(word, project)} == {}
    assert _is_there("P-2", project), "the search would find what is kept"
    fix_list = tmp_path / "list.csv"
    feedback(project, standard, outcome.submission_id, fix_list, letter=tmp_path / "letter.txt")
    said = (
        fix_list.read_text("utf-8-sig")
        + (tmp_path / "letter.txt").read_text("utf-8")
        + str(outcome.document())
    )
    assert [word for word in PLANTED if word in said] == []
    with opened(project.warehouse, read_only=True) as connection:
        cells = connection.execute(
            "SELECT cells FROM raw.record WHERE sheet = 'person' ORDER BY source_row"
        ).fetchall()
    assert [row[:2] for (row,) in cells] == [["P-1", "F"], ["P-2", MARK], ["P-3", "F"], [f"{MARK}2", "F"]]


def test_a_day_of_birth_among_days_and_a_hash_among_tokens_are_not_kept(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    made = hashlib.md5(b"Zelmira Jexworthy").hexdigest()  # noqa: S324 - what others use
    path = write_regional(
        tmp_path / "file.xlsx",
        standard,
        {
            "person": [
                person(n, linkage_token_strict=made if n == 1 else "" if n == 2 else "k" * 32)
                for n in range(1, 5)
            ],
            "identification": [
                identification(n, identification_date=day)
                for n, day in enumerate(("1985-03-14", "1999", "2021-05-02", "2022-03-14"), start=1)
            ],
        },
    )
    outcome = _load(project, standard, path)
    assert {("P14", "person", "E"), ("P15", "identification", "C")} <= {
        (g.rule_id, g.sheet, g.column) for g in outcome.feedback.groups
    }
    for word in (made, "1985-03-14", "03-14 00"):
        assert _is_there(word, project) == []
    assert rebuild(project, standard).sentence().endswith("the content is the same.")
    with opened(project.warehouse, read_only=True) as connection:
        days = connection.execute(
            "SELECT identification_date::VARCHAR, identification_date_precision FROM staged.identification ORDER BY 1"
        ).fetchall()
        tokens = connection.execute(
            "SELECT linkage_token_strict FROM staged.person ORDER BY person_reference"
        )
        assert tokens.fetchall() == [("UNK",), ("UNK",), *[("k" * 32,)] * 2], "as where nothing stands"
    assert days[1:] == [("1999-01-01", "YEAR"), ("2021-05-02", "DAY"), ("2022-03-14", "DAY")]
    assert days[0] == ("1985-01-01", "YEAR")


def test_tokens_of_an_archive_of_originals_stay_when_it_is_rebuilt_and_reduced(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    token = "0123456789abcdef" * 2
    rows = {"person": [person(n, linkage_token_strict=token) for n in range(1, 5)],
            "identification": [identification(n) for n in range(1, 5)]}  # fmt: skip
    path = write_regional(tmp_path / "file.xlsx", standard, rows)
    outcome = _load(project, standard, path)
    assert outcome.verdict.accepted
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = archived_file(project, sha256, outcome.submission_id)
    shutil.copyfile(path, kept.with_name(f"{sha256}.xlsx"))  # as an earlier version left it
    kept.unlink()
    # One that was accepted once, and that today's guard refuses.
    refused = write_regional(
        tmp_path / "refused.xlsx", standard, {"person": [person(1, x="+381 64 123 4567")]}
    )
    load(project, standard, refused, profile_of_territory(project, "SRB"), "2022")
    other = hashlib.sha256(refused.read_bytes()).hexdigest()
    left_over = kept.parents[1] / other[:2] / f"{other}.xlsx"
    left_over.parent.mkdir(exist_ok=True)
    shutil.copyfile(refused, left_over)
    before = rebuild(project, standard).after
    with opened(project.warehouse, read_only=True) as connection:
        held = connection.execute("SELECT DISTINCT linkage_token_strict FROM core.person").fetchall()
    assert held == [(token,)]
    done = reduce(project, standard)
    assert (done.before, done.after, done.removed) == (before, before, 2)
    assert not left_over.exists()


def test_a_row_of_totals_has_no_room_for_a_telephone() -> None:
    assert re.fullmatch(_TOTAL, "123456,50")
    assert not re.fullmatch(_TOTAL, "641234567")
    assert not re.fullmatch(_TOTAL, "1207985")


def test_the_archive_gives_the_same_content_and_its_address(
    sent: Path, project: Project, standard: Standard
) -> None:
    outcome = _load(project, standard, sent)
    assert rebuild(project, standard).sentence().endswith("the content is the same.")
    with opened(project.warehouse, read_only=True) as connection:
        sha256, rows = connection.execute("SELECT file_sha256, rows_read FROM raw.submission").fetchone()
    kept, received = read_kept(archived_file(project, sha256, outcome.submission_id))
    assert kept.rows_read == rows > received.rows.num_rows - 1
    assert [place["sheet"] for place in kept.sheets] == ["organisation", "person", "identification"]
    row = next(r for r in received.rows.to_pylist() if r["sheet"] == "person" and r["source_row"] == 3)
    assert row["cells"] == ["P-1", "F", "ALB", "2000", None, None], (
        "as written, at its place; the own column is empty"
    )
    assert row["kinds"] == "tttn.."


@pytest.mark.nightly
def test_a_profile_that_maps_the_same_columns_still_rebuilds(
    sent: Path, project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Its file has another hash.

    Quick: tests/pipeline/test_minimal.py::test_the_archive_gives_the_same_content_and_its_address
    """
    root = tmp_path / "project"
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(
            project.root / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
    place = Project(root=root, data=project.data)
    _load(place, standard, sent)
    profile = root / "pipelines" / "countries" / "ALB" / "profile.yml"
    profile.write_text("# A line more.\n" + profile.read_text("utf-8"), encoding="utf-8")
    assert rebuild(place, standard).sentence().endswith("the content is the same.")


def test_the_workbook_waits_until_it_is_marked_and_no_longer(
    sent: Path, project: Project, standard: Standard, tmp_path: Path
) -> None:
    outcome = _load(project, standard, sent)
    assert [p.name for p in project.waiting.iterdir()] == [f"{outcome.submission_id}.xlsx"]
    back = tmp_path / "back.xlsx"
    assert feedback(project, standard, outcome.submission_id, back).marked
    assert zipfile.is_zipfile(back)
    assert list(project.waiting.iterdir()) == []
    again = feedback(project, standard, outcome.submission_id, back)
    assert not again.marked
    assert again.why_not_marked == "list_not_kept"
    assert feedback(project, standard, outcome.submission_id, back, original=sent).marked


@pytest.mark.nightly
def test_an_archive_of_originals_is_reduced_and_rebuilt_to_the_same_content(
    sent: Path, project: Project, standard: Standard
) -> None:
    """As earlier versions left it.

    Quick: tests/pipeline/test_minimal.py::test_the_archive_gives_the_same_content_and_its_address
    """
    outcome = _load(project, standard, sent)
    with opened(project.warehouse, read_only=True) as connection:
        sha256 = connection.execute("SELECT file_sha256 FROM raw.submission").fetchone()[0]
        before = content_hash(connection, standard)
    # As an earlier version left it: the original itself.
    kept = archived_file(project, sha256, outcome.submission_id)
    original = kept.with_name(f"{sha256}.xlsx")
    shutil.copyfile(sent, original)
    kept.unlink()
    done = reduce(project, standard)
    assert (done.before, done.after, done.differing, done.removed) == (before, before, (), 1)
    assert not original.exists()
    assert rebuild(project, standard).after == before
    assert [word for word in PLANTED if _is_there(word, project)] == []
