"""Every command that the documents show is run, on the demonstration."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.project import Project
from tests.conftest import ROOT

PAGES = ["README.md", *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").glob("*.md"))]
RUN_BY_MAKE = ("make demo", "make test")


def _commands(page: str) -> list[str]:
    blocks = re.findall(r"```(?:sh|bash)?\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("clearing-point ")]


ELSEWHERE = {"clearing-point rebuild"}
"""Run on a small archive in tests/pipeline/test_ingest.py: on the demonstration it takes a minute."""
SHOWN = sorted({command for page in PAGES for command in _commands(page)} - ELSEWHERE)


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in RUN_BY_MAKE:
        assert f"\n{command}\n" in text
        assert f"{command.split()[1]}: $(STAMP)" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.great_expectations
@pytest.mark.parametrize("command", SHOWN)
def test_a_command_that_is_shown_works(command: str, demo: Project, tmp_path: Path) -> None:
    example = demo.data / "submissions" / "MADE-ALB-2022.xlsx"
    long_table = tmp_path / "table.csv"
    long_table.write_text("region,sex,n\nA,F,3\nA,M,9\nB,F,12\nB,M,20\nC,F,7\nC,M,2\n", encoding="utf-8")
    names = {"FILE": str(example), "FILE.csv": str(long_table), "OUT.csv": str(tmp_path / "out.csv")}
    words = [names.get(word, word) for word in shlex.split(command)[1:]]
    words = [{"COLUMN": "n", "A,B": "region,sex"}.get(word, word) for word in words]
    takes_data = words[0] in {"check", "load", "status", "publish", "report", "rebuild", "import"} or words[
        :2
    ] == ["duplicates", "list"]
    options = ["--project", str(ROOT)] if words[0] not in {"audit", "protect"} else []
    if words[0] in {"build"}:
        words.append("--check")  # the tests write nothing into the project
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "clearing_point.cli",
            *words,
            *options,
            *(["--data", str(demo.data)] if takes_data else []),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
