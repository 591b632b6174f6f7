"""Short versions of the campaigns; the long ones and what they found are in `docs/reliability.md`.

Each runs as its module does by hand, in a process of its own: it forks, and pytest's process is no place to fork from.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pytest

from clearing_point.errors import InputProblem, MachineProblem, UsageProblem, of_the_machine
from clearing_point.intake import package
from clearing_point.intake.read import read_file
from clearing_point.project import Project, find_project
from clearing_point.quality.marked_workbook import _write_csv, _write_xlsx
from clearing_point.standard import Standard
from clearing_point.standard.files import lines_of_yaml, read_yaml
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.shape import prepare_warehouse
from clearing_point.workplace import HOLD, alone, drop_work, sweep, work_folder
from tests.conftest import ROOT, mostly_at_night

pytestmark = pytest.mark.own_parser


def _campaign(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.nightly
def test_commands_killed_at_random_moments_leave_the_state_before_or_after() -> None:
    """Two rounds of the campaign, with kills at random moments.

    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    Quick: tests/faults/test_faults.py::test_what_a_killed_load_left_goes_even_if_the_next_one_needs_no_work_folder
    """
    assert "2 rounds" in _campaign("tests.faults.kill", "2", "11")


def test_a_warehouse_that_is_no_database_is_said_to_need_a_rebuild(project: Project) -> None:
    project.prepare()
    project.warehouse.write_bytes(b"damaged" * 1000)
    with pytest.raises(InputProblem, match="clearing-point rebuild"), opened(project.warehouse):
        pass


@pytest.mark.parametrize("made", [sqlite3.connect, duckdb.connect])
def test_a_database_of_another_program_is_no_damaged_warehouse(made: Any, project: Project) -> None:
    project.prepare()
    with closing(made(str(project.warehouse))) as theirs:
        theirs.execute("CREATE TABLE notes (line VARCHAR)")
        theirs.commit()
    before = project.warehouse.read_bytes()
    with pytest.raises(InputProblem, match="is a database of another program"), opened(project.warehouse):
        pass
    assert project.warehouse.read_bytes() == before


def test_a_plain_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("nothing", encoding="utf-8")
    with pytest.raises(UsageProblem, match="is a file and no data folder"):
        find_project(ROOT, tmp_path / "plain").prepare()


@pytest.mark.own_parser
@pytest.mark.skipif(sys.platform == "win32", reason="the system does not limit memory so")
@pytest.mark.parametrize("megabytes", [20, 80, 100, 110])
def test_too_little_memory_for_the_parser_is_said_as_such(
    megabytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the parser is the first to ask for too much: Python, a library while it is loaded, the parser itself."""
    book = openpyxl.Workbook()
    book.save(tmp_path / "made.xlsx")
    limited = tmp_path / "python"
    limited.write_text(
        f'#!/bin/sh\nulimit -v {megabytes * 1000}\nexec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    limited.chmod(0o755)
    monkeypatch.setattr(package, "sys", SimpleNamespace(executable=str(limited), path=sys.path))
    with pytest.raises(InputProblem, match="cannot be read in the memory there is for it"):
        package.read_workbook(tmp_path / "made.xlsx", pa.schema([]))


def test_a_parser_that_the_system_ended_for_its_memory_is_no_broken_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl.Workbook().save(tmp_path / "made.xlsx")
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", encoding="utf-8")
    killed.chmod(0o755)
    monkeypatch.setattr(package, "sys", SimpleNamespace(executable=str(killed), path=sys.path))
    with pytest.raises(InputProblem, match="cannot be read in the memory there is for it"):
        package.read_workbook(tmp_path / "made.xlsx", pa.schema([]))


@pytest.mark.nightly
def test_a_damaged_warehouse_is_noticed_and_rebuilt_and_damaged_originals_are_named() -> None:
    """A round of the campaign: bytes changed anywhere, originals and receipts too.

    Quick: tests/faults/test_faults.py::test_a_warehouse_that_is_no_database_is_said_to_need_a_rebuild
    Quick: tests/pipeline/test_ingest.py::test_a_rebuild_gives_the_same_content
    """
    assert "1 rounds and 6 other damages, 0 wrong" in _campaign("tests.faults.damage", "1", "7")


FUZZED = ("yaml_text", "project_csv", "received_csv", "received_packed", "package", "expression")


@pytest.mark.parametrize("target", mostly_at_night(FUZZED, ["received_csv"]))
def test_reading_normalising_yaml_and_sql_stand_what_structure_can_bend(target: str) -> None:
    assert target in _campaign("tests.faults.fuzz", "15", target)


class TestWhatFuzzingFound:
    """Every input that once ended in a traceback, a crash or a hang."""

    @pytest.mark.parametrize(
        "text",
        [
            "!!float abc\n", "!!timestamp 2001-99-99\n", "? [a]\n: b\n", "!!bool maybe\n", "a: " + "9" * 5000 + "\n",
            "[" * 100_000, "- " * 100_000 + "a", "{a: " * 100_000, "? " * 100_000,
            "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        ],
    )  # fmt: skip
    def test_yaml_that_is_none_of_ours_is_one_sentence(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "a.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputProblem, match=r"a\.yml"):
            read_yaml(path)
        lines_of_yaml(path)

    def test_a_file_without_line_ends_is_not_held_in_memory_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "long.csv"
        path.write_bytes(b"a," * 20_000_000)
        with pytest.raises(InputProblem, match="line of more than 16 MB"):
            read_file(path)

    def test_what_is_no_file_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.csv")
        (tmp_path / "link.csv").symlink_to(tmp_path / "other.csv")
        for name in ("pipe.csv", "link.csv"):
            with pytest.raises(InputProblem, match=r"is not a file|is a link"):
                read_file(tmp_path / name)


HOSTILE = ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"]


def test_no_text_of_a_sender_becomes_a_formula_in_what_is_written(tmp_path: Path) -> None:
    lines: Sequence[list[str]] = [[text, text, "", "", "", ""] for text in HOSTILE]
    _write_csv(tmp_path / "list.csv", ["a"] * 6, iter(lines))
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as handle:
        for row in list(csv.reader(handle))[1:]:
            assert row[0].startswith("'")
    _write_xlsx(tmp_path / "list.xlsx", ["a"] * 6, iter(lines))
    for sheet in openpyxl.load_workbook(tmp_path / "list.xlsx"):
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_workbooks_are_written_cell_by_cell_as_text_or_number() -> None:
    """A general ``write`` would take a text that begins with ``=`` for a formula."""
    for path in (ROOT / "clearing_point").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "xlsxwriter" in text and '"strings_to_formulas": False' not in text:
            for name in ("sheet.write(", "page.write(", ".write_row(", ".write_column(", "add_table("):
                assert name not in text, path.name


def test_work_of_a_killed_command_is_cleared_away_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    script = (
        "import sys, os; from pathlib import Path; from clearing_point.workplace import work_folder\n"
        "folder = work_folder(Path(sys.argv[1]), 'a-'); (folder / 'x').write_text('y')\n"
        "print(folder, flush=True); sys.stdin.read()"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert maker.stdout is not None
    theirs = Path(maker.stdout.readline().strip())
    mine = work_folder(tmp_path, "b-")
    assert theirs.is_dir()
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o700
    maker.kill()
    maker.wait()
    sweep(tmp_path)
    assert not theirs.exists()
    assert mine.is_dir()
    drop_work(mine)
    assert not mine.exists()


def test_what_a_killed_load_left_goes_even_if_the_next_one_needs_no_work_folder(
    project: Project, standard: Standard
) -> None:
    prepare_warehouse(project, standard)
    left = project.work / "submission-of-a-killed-command"
    left.mkdir()
    (left / HOLD).touch()
    (left / "workspace.duckdb").write_text("rows of persons")
    prepare_warehouse(project, standard)
    assert not left.exists()


def test_workers_of_a_killed_command_end_with_it() -> None:
    script = (
        "import os, time\n"
        "from clearing_point.processes import workers\n"
        "if __name__ == '__main__':\n"
        "    with workers(2, time.sleep, 0.1) as pool:\n"
        "        print(*{pool.submit(os.getpid).result() for _ in range(4)}, flush=True)\n"
        "        time.sleep(60)\n"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert command.stdout is not None
    pids = [int(word) for word in command.stdout.readline().split()]
    assert pids
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    command.kill()
    command.wait()
    for _ in range(100):
        if not any(map(_runs, pids)):
            return
        time.sleep(0.1)
    pytest.fail("a worker outlived its command")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_every_pool_ends_with_its_command() -> None:
    named = [
        path.relative_to(ROOT).as_posix()
        for folder in ("clearing_point", "pipelines")
        for path in (ROOT / folder).rglob("*.py")
        if "ProcessPoolExecutor(" in path.read_text(encoding="utf-8")
    ]
    assert named == ["clearing_point/processes.py"]


def test_half_an_empty_database_is_never_kept(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; from clearing_point.project import Project\n"
        "from clearing_point.standard import load_standard; from clearing_point.warehouse.shape import prepare_warehouse\n"
        f"root = Path({str(ROOT)!r}); standard = load_standard(root / 'schemas')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000,) * 2)\n"
        "prepare_warehouse(Project(root=root, data=Path(sys.argv[1])), standard)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "data")], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode != 0
    assert "Could not write file" in done.stderr
    assert not list((tmp_path / "data" / "prepared").glob("empty-*"))
    assert not (tmp_path / "data" / "warehouse" / "clearing_point.duckdb").exists()


def test_a_second_writer_is_told_which_process_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARING_POINT_WAIT", "0.2")
    script = (
        "import sys; from pathlib import Path; from clearing_point.workplace import alone\n"
        "with alone(Path(sys.argv[1]), 'at work'):\n    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(InputProblem, match=f"process {holder.pid}"), alone(tmp_path / "lock", "at work"):
        pass
    holder.kill()
    holder.wait()
    with alone(tmp_path / "lock", "at work"), alone(tmp_path / "lock", "at work"):
        pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "disk is full"),
        (OSError(27, "File too large"), "disk is full"),
        (OSError(30, "Read-only file system"), "cannot be written"),
        (PermissionError(13, "Permission denied"), "cannot be written"),
        (ValueError("no space left"), None),
    ],
)
def test_what_the_machine_refuses_is_said_as_such(error: Exception, said: str | None) -> None:
    found = of_the_machine(error)
    assert (found is None) if said is None else (said in str(found))
    assert found is None or isinstance(found, MachineProblem), "a night's run calls who runs the machine"
