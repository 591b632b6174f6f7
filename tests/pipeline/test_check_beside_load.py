"""A check that meets a load of another process: it waits and runs all rules, or says which it could not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.standard import Standard
from pipelines.ingest import load
from tests.command import command
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional

# A load that stops in the middle of its transaction, with the warehouse open, until it is told to go on.
LOADS = """\
import sys
from clearing_point.cli import main
from clearing_point.warehouse import merge
enter = merge._enter_core
def slowly(*given, **named):
    print("in the middle", flush=True)
    sys.stdin.readline()
    enter(*given, **named)
merge._enter_core = slowly
main()
"""


@pytest.mark.nightly
def test_a_check_beside_a_load_waits_or_says_what_it_could_not_run(
    project: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes, of which one holds the warehouse in the middle of its work.

    Quick: tests/faults/test_faults.py::test_a_second_writer_is_told_which_process_it_waits_for
    Quick: tests/desk/test_ground.py::test_a_lock_excludes_another_thread
    """
    files = {
        year: write_regional(
            tmp_path / f"{year}.xlsx", standard,
            {"person": [person(n) for n in range(few)], "identification": [identification(n) for n in range(few)]},
        )
        for year, few in ((2021, 12), (2022, 14), (2023, 13))
    }  # fmt: skip
    load(project, standard, files[2021], profile_of_territory(project, "ALB"), "2021")
    place = ("--project", str(ROOT), "--data", str(project.data))
    asked = ("check", files[2023], "--territory", "ALB", "--period", "2023", *place)
    busy = standard.word("not_run", "warehouse_busy", "en")
    changes = standard.word("screen", "may_change", "en")
    other = subprocess.Popen(
        [sys.executable, "-c", LOADS, "load", str(files[2022]), "--territory", "ALB", "--period", "2022", *place],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        assert other.stdin is not None
        assert other.stdout is not None
        said = iter(other.stdout.readline, "")
        assert any("in the middle" in line for line in said)
        monkeypatch.setenv("CLEARING_POINT_WAIT", "0.2")
        _, out, err = command(*asked)
        assert busy in out, err
        assert changes in out
        series = [
            rule.rule_id for rule in standard.rules if rule.scope == "series" and rule.table == "person"
        ]
        assert all(rule in out for rule in series), "the rules that could not be run are named"
        monkeypatch.setenv("CLEARING_POINT_WAIT", "60")
        Timer(1, lambda: (other.stdin.write("\n"), other.stdin.flush())).start()
        _, out, err = command(*asked)
        assert busy not in out + err
        assert standard.word("not_run", "no_previous", "en") not in out
        rest, _ = other.communicate(timeout=300)
        assert other.returncode == 0
        assert "2022-ALB" in rest
    finally:
        other.kill()
        other.wait()
