"""What `health` says of an installation that is not well, and that `tidy` deletes leftovers and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clearing_point.project import Project
from clearing_point.publication.states import set_state
from clearing_point.warehouse.events import now
from tests.command import command
from tests.conftest import ROOT
from tests.small_office import small_office


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_office(tmp_path_factory.mktemp("office"))
    line = {
        "at": "2999-01-01T00:00:00Z",
        "edition": 2022,
        "outcome": "draft",
        "exit_code": 0,
        "step": "done",
        "reason": "",
    }
    project.run_log.write_text(json.dumps(line) + "\n", encoding="utf-8")
    project.run_log.chmod(0o600)
    for path in (
        project.data,
        *project.data.rglob("*"),
    ):  # a command closes its files by its own mask; this is the tests' process
        path.chmod(path.stat().st_mode & 0o700)
    return project


@pytest.fixture
def place(loaded: Project, tmp_path: Path) -> Project:
    return Project(root=loaded.root, data=Path(shutil.copytree(loaded.data, tmp_path / "data")))


def _asked(place: Project) -> tuple[int, dict[str, dict[str, str]]]:
    code, out, err = command("health", "--json", "--project", place.root, "--data", place.data)
    told = json.loads(out)
    assert told["exit_code"] == code, err
    return code, {answer["question"]: answer for answer in told["answers"]}


def test_an_installation_that_is_well_says_so(place: Project) -> None:
    assert (
        command("backup", place.data.parent / "kept", "--project", place.root, "--data", place.data)[0] == 0
    )
    code, answers = _asked(place)
    assert code == 0
    assert {q: a["sentence"] for q, a in answers.items() if a["state"] != "ok"} == {}
    assert "submissions" in command("health", "--project", place.root, "--data", place.data)[1]


def _failed(place: Project) -> None:
    line = {
        "at": "2023-01-01T00:00:00Z",
        "edition": 2022,
        "outcome": "failed",
        "exit_code": 1,
        "step": "gates",
        "reason": "No.",
    }
    with place.run_log.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def _failed_beside_another(place: Project) -> None:
    """Of two editions by night, the first fails and the second is well."""
    line = {"at": now().isoformat() + "Z", "exit_code": 4, "step": "lock", "reason": "No."}
    with place.run_log.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line | {"edition": 2022, "outcome": "failed"}) + "\n")
        log.write(json.dumps(line | {"edition": 2023, "outcome": "unchanged", "exit_code": 0}) + "\n")


def _old(place: Project) -> None:
    place.run_log.write_text(place.run_log.read_text("utf-8").replace("2999", "2023"), "utf-8")


def _lost(place: Project) -> None:
    (place.data / "archive" / "ledger-head.json").write_text('{"issue": "2022", "chain": "x"}\n', "utf-8")


def _written(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)


def _damaged(place: Project) -> None:
    kept = next(p for p in place.archive.rglob("*") if p.parent != place.archive and p.is_file())
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1])


def _receipts(place: Project) -> None:
    _head, _, body = place.receipts.read_text("utf-8").partition("\n")
    changed = json.loads(body)
    changed["raw.submission"]["rows"] = []
    text = json.dumps(changed)
    place.receipts.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}\n", "utf-8")


WRONG: list[tuple[str, Callable[[Project], object], int, str]] = [
    ("last run", _failed, 1, "edition 2022 failed at 'gates': No."),
    ("last run", _failed_beside_another, 4, "edition 2022 failed at 'lock': No."),
    ("last run", _old, 4, "the timer does not run"),
    (
        "owner and modes",
        lambda place: place.warehouse.chmod(0o644),
        4,
        "can be read by other users, such as warehouse/",
    ),
    (
        "last run",
        lambda place: place.run_log.write_text(place.run_log.read_text("utf-8") + '{"at": "20', "utf-8"),
        4,
        "the last line of runs.log is cut off",
    ),
    (
        "last backup",
        lambda place: (place.data / "last-backup.json").write_text("{", "utf-8"),
        4,
        "this could not be found out (JSONDecodeError)",
    ),
    (
        "ledger",
        lambda place: _written(place.ledger, b"\xff\xfe"),
        4,
        "it is no text; restore it from its copy",
    ),
    ("ledger", _lost, 4, "lost or older than what is out"),
    ("archive", _damaged, 4, "is damaged: restore it from the backup"),
    ("archive", lambda place: place.receipts.unlink(), 4, "make it again from the warehouse"),
    ("archive", _receipts, 4, "name other submissions than the warehouse"),
    (
        "archive",
        lambda place: place.warehouse.unlink(),
        4,
        "the warehouse is not there: `clearing-point rebuild`",
    ),
]


@pytest.mark.parametrize(("question", "spoil", "code", "sentence"), WRONG)
def test_what_is_not_well_is_named_with_whom_it_concerns(
    question: str, spoil: Callable[[Project], object], code: int, sentence: str, place: Project
) -> None:
    spoil(place)
    found, answers = _asked(place)
    assert (found, answers[question]["state"]) == (code, "wrong"), answers
    assert sentence in answers[question]["sentence"]
    assert [q for q, a in answers.items() if a["state"] == "wrong"] == [question]


def test_too_little_room_and_files_of_another_user(place: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "clearing_point.operations.data_folder.shutil.disk_usage",
        lambda _: shutil._ntuple_diskusage(10, 9, 1),
    )
    code, answers = _asked(place)
    assert (code, answers["free disk"]["state"]) == (4, "wrong")
    assert "make room" in answers["free disk"]["sentence"]
    if os.geteuid() == 0:
        os.chown(place.run_log, 12345, -1)
        assert "belong to another user, such as runs.log" in _asked(place)[1]["owner and modes"]["sentence"]


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def _planted(place: Project) -> Iterator[Path]:
    """Make leftovers of every kind."""
    for name in (
        "work/load-1",
        "warehouse/spill-999999999",
        "reports/.2022-x",
        "releases/.2022-x",
        "drafts/.2022-new",
    ):
        folder = place.data / name
        folder.mkdir(parents=True)
        (folder / "some").write_text("x", encoding="utf-8")
        yield folder
    (place.data / "waiting").mkdir(exist_ok=True)
    old = place.data / "waiting" / "ALB-2022-v1.xlsx"
    old.write_text("x", encoding="utf-8")
    os.utime(old, (0, time.time() - 15 * 86_400))
    yield old
    yield place.prepared


def test_tidy_deletes_leftovers_and_nothing_else(place: Project) -> None:
    set_state(place, 2022, "open", "head of the office")
    for name in ("drafts/2022", "reports/earlier/2022-1.0", "reports/2022", "releases/2022", "linkage"):
        (place.data / name).mkdir(parents=True)
        (place.data / name / "kept").write_text("x", encoding="utf-8")
    (place.data / "waiting").mkdir(exist_ok=True)
    (place.data / "waiting" / "ALB-2022-v2.xlsx").write_text("x", encoding="utf-8")
    # Work of a command that lives stays.
    holds = "import sys; from pathlib import Path; from clearing_point.workplace import work_folder\n"
    holds += "print(work_folder(Path(sys.argv[1]), 'load-'), flush=True); sys.stdin.read()"
    living = subprocess.Popen(
        [sys.executable, "-c", holds, str(place.work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert living.stdout
    held = Path(living.stdout.readline().strip())
    try:
        kept = _bytes_of(place.data)
        planted = list(_planted(place))
        where = ("--project", place.root, "--data", place.data)
        everything = _bytes_of(place.data)
        code, _, err = command("tidy", "--dry-run", *where)
        assert code == 0
        assert {str(p) for p in planted} == {line.split(" (")[0] for line in err.splitlines()}
        assert {n: b for n, b in _bytes_of(place.data).items() if not n.startswith(".")} == {
            n: b for n, b in everything.items() if not n.startswith(".")
        }
        assert command("tidy", *where)[0] == 0
        assert held.is_dir()
        after = _bytes_of(place.data)
        assert {n: b for n, b in after.items() if not n.startswith(".")} == {
            n: b for n, b in kept.items() if not n.startswith((".", "prepared/"))
        }
    finally:
        living.communicate("")


def test_a_file_that_cannot_be_read_is_not_called_missing_or_unwritable(
    place: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(place.receipts))

    monkeypatch.setattr("pipelines.health.archive", closed)
    code, answers = _asked(place)
    assert (code, answers["archive"]["state"]) == (4, "wrong")
    assert answers["archive"]["sentence"].startswith("receipts.json cannot be read (permission denied)")


def test_a_standard_that_cannot_be_read_leaves_the_other_questions_their_answers(
    place: Project, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(place.root / "schemas", root / "schemas")
    with (root / "schemas" / "tables" / "identification.yml").open("a", encoding="utf-8") as file:
        file.write("x: [\n")
    code, answers = _asked(Project(root=root, data=place.data))
    assert (code, answers["rows"]["state"], answers["archive"]["state"]) == (4, "wrong", "ok")
    assert "identification.yml" in answers["rows"]["sentence"]


def test_a_named_data_folder_that_is_gone_is_the_machines_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "not-mounted"
    code, _, err = command("health", "--project", ROOT, "--data", gone)
    assert (code, "is its disk there" in err) == (4, True), err
    monkeypatch.setenv("CLEARING_POINT_DATA", str(gone))
    assert command("health", "--project", ROOT)[0] == 4
    # A backup of nothing would pass for one, and the folder that it made would be taken for an empty office.
    code, _, err = command("backup", tmp_path / "kept", "--project", ROOT)
    assert (code, "is its disk there" in err) == (4, True), err
    assert not (tmp_path / "kept").exists()
    assert not gone.exists()
