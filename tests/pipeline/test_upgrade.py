"""The upgrade as docs/operations.md tells it, step by step, with two programs side by side; and the way back."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.project import Project
from tests.conftest import ROOT
from tests.small_office import small_office

_HEADING = "## Upgrade, and the way back"
_PACKAGES = ("clearing_point", "pipelines")


def steps() -> list[str]:
    """The commands of the section, in their order."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition(_HEADING)[2].partition("\n## ")[0]
    return re.findall(r"^\s*(clearing-point .*)$", section, re.MULTILINE)


class Program:
    """One installed program: its own copy of the code."""

    def __init__(self, code: Path, office: Project) -> None:
        self.code, self.office = code, office

    def run(self, line: str, backup: Path) -> str:
        """Run a line of the documents; return what it said."""
        words = [str(backup) if word == "FOLDER" else word for word in shlex.split(line)[1:]]
        where = ("--project", str(self.office.root), "--data", str(self.office.data))
        done = subprocess.run(
            [sys.executable, "-m", "clearing_point.cli", *words, *where],
            capture_output=True, text=True, check=False, cwd=self.code,
            env={**os.environ, "PYTHONPATH": str(self.code), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.mark.nightly
def test_an_upgrade_and_the_way_back_move_no_number(tmp_path: Path) -> None:
    """Two copies of the program, the second with another module that reads files.

    Quick: tests/pipeline/test_rebuild_first.py::test_a_changed_standard_profile_or_program_asks_for_a_rebuild
    """
    office = small_office(tmp_path)
    new_code = tmp_path / "venv-new"
    for name in _PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "countries", "sources")
        shutil.copytree(ROOT / name, new_code / name, ignore=ignored if name == "pipelines" else None)
    module = new_code / "clearing_point" / "intake" / "read.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")
    old, new = Program(ROOT, office), Program(new_code, office)
    backup = tmp_path / "backup"
    old.run(
        "clearing-point rebuild", backup
    )  # the office's file was loaded by a function, and not by the command
    old.run('clearing-point edition 2022 --state open --role "head of the office"', backup)
    old.run("clearing-point run annual --edition 2022", backup)
    ledger = office.ledger.read_bytes()

    keep, ask, rebuild, verify, night, back = steps()
    old.run(keep, backup)
    assert re.search(r"look +rows: .*the program", new.run(ask, backup))
    assert "the content is the same" in new.run(rebuild, backup)
    new.run(verify, backup)
    assert "is unchanged" in new.run(night, backup)
    assert "the content is the same" in old.run(back, backup)
    assert "is unchanged" in old.run(night, backup)
    assert office.ledger.read_bytes() == ledger
