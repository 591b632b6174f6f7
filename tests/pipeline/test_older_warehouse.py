"""A warehouse that is lost or older than the receipts beside the archive: nothing is forgotten, and everybody says *rebuild*."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem, MachineProblem
from clearing_point.project import Project
from clearing_point.publication.backup import make_backup, verify_backup
from clearing_point.publication.release import make_release
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.receipts import keep_head, kept_head, read_receipts
from pipelines.health import health
from pipelines.ingest import load
from pipelines.rebuild import rebuild
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional


def _load(project: Project, standard: Standard, folder: Path, territory: str) -> None:
    rows = {"person": [person(n) for n in range(3)], "identification": [identification(n) for n in range(3)]}
    path = write_regional(folder / f"{territory}.xlsx", standard, rows)
    assert load(project, standard, path, profile_of_territory(project, territory), "2022").verdict.accepted


def _stored(project: Project) -> set[str]:
    with opened(project.warehouse, read_only=True) as connection:
        return {row[0] for row in connection.execute("SELECT territory FROM raw.submission").fetchall()}


@pytest.fixture(scope="module")
def two_came(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of two submissions, and beside it the warehouse as it was after the first."""
    folder = tmp_path_factory.mktemp("two_came")
    project = Project(root=ROOT, data=folder / "data")
    _load(project, standard, folder, "ALB")
    shutil.copytree(project.warehouse.parent, folder / "older")
    _load(project, standard, folder, "SRB")
    return folder


@pytest.fixture
def two(two_came: Path, tmp_path: Path) -> Project:
    """A copy of it, and of the older warehouse."""
    shutil.copytree(two_came / "older", tmp_path / "older")
    return Project(root=ROOT, data=Path(shutil.copytree(two_came / "data", tmp_path / "data")))


def test_a_load_into_an_older_warehouse_forgets_nothing_that_came_since(
    tmp_path: Path, two: Project, standard: Standard
) -> None:
    project = two
    receipts = project.receipts.read_bytes()
    shutil.rmtree(project.warehouse.parent)
    shutil.copytree(tmp_path / "older", project.warehouse.parent)
    with pytest.raises(
        MachineProblem, match=r"lacks \(2022-SRB-SRB01-v1\): nothing was stored. Run `clearing-point rebuild`"
    ):
        _load(project, standard, tmp_path, "MKD")
    assert project.receipts.read_bytes() == receipts
    assert _stored(project) == {"ALB"}
    rebuild(project, standard)
    assert _stored(project) == {"ALB", "SRB"}, "the receipts know more"


def test_what_an_earlier_version_refused_is_carried_on_although_its_warehouse_lacks_a_table(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    rows = {"person": [person(1, phone="+381 64 123 4567")], "identification": [identification(1)]}
    path = write_regional(tmp_path / "refused.xlsx", standard, rows)
    assert not load(project, standard, path, profile_of_territory(project, "ALB"), "2022").verdict.accepted
    _load(project, standard, tmp_path, "SRB")
    with opened(project.warehouse) as connection:
        connection.execute("DROP TABLE quality.balance")
    rebuild(project, standard)
    assert _stored(project) == {"ALB", "SRB"}


def _damage(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ALB", b"XYZ", 1))


def test_with_damaged_receipts_nothing_is_stored(tmp_path: Path, two: Project, standard: Standard) -> None:
    """What they named would be forgotten in silence where the warehouse is older."""
    shutil.rmtree(two.warehouse.parent)
    shutil.copytree(tmp_path / "older", two.warehouse.parent)
    _damage(two.receipts)
    damaged = two.receipts.read_bytes()
    with pytest.raises(MachineProblem, match=r"receipts\.json is damaged"):
        _load(two, standard, tmp_path, "MKD")
    with pytest.raises(MachineProblem, match=r"lacks what the archive holds \(2022-SRB-SRB01-v1\)"):
        rebuild(two, standard)
    assert (two.receipts.read_bytes(), _stored(two)) == (damaged, {"ALB"})


@pytest.mark.nightly
def test_damaged_receipts_are_never_written_over_by_a_load(
    tmp_path: Path, two: Project, standard: Standard
) -> None:
    """In an older warehouse, and in a whole one, of which what is known is taken.

    Quick: tests/pipeline/test_older_warehouse.py::test_with_damaged_receipts_nothing_is_stored
    """
    project = two
    whole = shutil.copytree(project.warehouse.parent, tmp_path / "whole")
    _damage(project.receipts)
    for warehouse in (tmp_path / "older", whole):
        shutil.rmtree(project.warehouse.parent)
        shutil.copytree(warehouse, project.warehouse.parent)
        with pytest.raises(MachineProblem, match=r"receipts\.json is damaged"):
            _load(project, standard, tmp_path, "MKD")
        if warehouse != whole:
            with pytest.raises(MachineProblem, match=r"lacks what the archive holds \(2022-SRB-SRB01-v1\)"):
                rebuild(project, standard)
    # Nobody has better ones: what the warehouse knows is taken, and it is said.
    assert "receipts beside the archive were damaged" in rebuild(project, standard).sentence()
    _load(project, standard, tmp_path, "MKD")
    assert _stored(project) == {"ALB", "SRB", "MKD"}


def test_a_load_keeps_what_receipts_know_of_the_newest_publication(
    tmp_path: Path, two: Project, standard: Standard
) -> None:
    head = {"records": 3, "issue": "2022", "chain": "x"}
    keep_head(two.receipts, head)
    _load(two, standard, tmp_path, "MKD")
    assert kept_head(two.receipts) == head
    # An earlier version, restored, enters the rows of every table that it finds there.
    assert read_receipts(two.receipts)["publication.head"]["rows"] == []


@pytest.mark.nightly
def test_receipts_go_on_knowing_of_the_newest_publication(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    """A rebuild does, too, also where the warehouse is lost.

    Quick: tests/pipeline/test_older_warehouse.py::test_a_load_keeps_what_receipts_know_of_the_newest_publication
    Quick: tests/pipeline/test_older_warehouse.py::test_a_warehouse_that_is_lost_is_not_called_empty
    """
    _load(project, standard, tmp_path, "ALB")
    head = {"records": 3, "issue": "2022", "chain": "x"}
    keep_head(project.receipts, head)
    _load(project, standard, tmp_path, "SRB")
    assert kept_head(project.receipts) == head
    assert "same" in rebuild(project, standard).sentence()
    assert kept_head(project.receipts) == head
    shutil.rmtree(project.warehouse.parent)
    rebuild(project, standard)
    assert (kept_head(project.receipts), _stored(project)) == (head, {"ALB", "SRB"})
    # An earlier version, restored, enters the rows of every table that it finds there.
    assert read_receipts(project.receipts)["publication.head"]["rows"] == []


def test_a_warehouse_that_is_lost_is_not_called_empty(
    tmp_path: Path, two: Project, standard: Standard
) -> None:
    project, head = two, {"records": 3, "issue": "2022", "chain": "x"}
    keep_head(project.receipts, head)
    shutil.rmtree(project.warehouse.parent)
    with pytest.raises(MachineProblem, match="run `clearing-point rebuild` first"):
        make_release(project, standard, 2022, tmp_path / "release")
    with pytest.raises(MachineProblem, match=r"[Rr]un `clearing-point rebuild` first"):
        _load(project, standard, tmp_path, "MKD")
    rebuild(project, standard)
    assert (kept_head(project.receipts), _stored(project)) == (head, {"ALB", "SRB"})


def test_a_backup_without_what_the_receipts_name_is_not_made_and_not_called_whole(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    _load(project, standard, tmp_path, "ALB")
    kept = tmp_path / "kept"
    make_backup(project, kept)
    lost = next(path for path in project.archive.glob("??/*") if path.is_file())
    body = lost.read_bytes()
    lost.unlink()
    with pytest.raises(InputProblem, match="restore it from the backup"):
        make_backup(project, tmp_path / "second")
    lost.write_bytes(body)
    receipts = project.receipts.read_bytes()
    project.receipts.unlink()
    with pytest.raises(InputProblem, match=r"receipts\.json is missing"):
        make_backup(project, tmp_path / "second")
    shutil.rmtree(project.warehouse.parent)
    answers = {answer.question: answer.state for answer in health(project, lambda: standard)}
    assert answers["archive"] == "wrong"
    # What was cut out of a backup together with its hash.
    project.receipts.write_bytes(receipts)
    sums = kept / "SHA256SUMS"
    gone = next(path for path in (kept / "data" / "archive").glob("??/*") if path.is_file())
    name = gone.relative_to(kept).as_posix()
    gone.unlink()
    sums.write_text("".join(x for x in sums.read_text().splitlines(True) if name not in x), encoding="utf-8")
    with pytest.raises(InputProblem, match="restore it from the backup"):
        verify_backup(kept)
