"""Every command that the documents show is run, on the demonstration."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from clearing_point.cli import app
from clearing_point.project import Project
from tests.command import command as run
from tests.conftest import ROOT

PAGES = [
    "README.md",
    *(
        p.relative_to(ROOT).as_posix()
        for g in ("*.md", "tutorials/*.md")
        for p in sorted((ROOT / "docs").glob(g))
    ),
]
RUN_BY_MAKE = ("make demo", "make test")


def _commands(page: str) -> list[str]:
    blocks = re.findall(r"```(?:sh|bash)?\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("clearing-point ")]


ELSEWHERE = {
    "clearing-point demo",
    "clearing-point desk --demo",
    "clearing-point desk account add coordinator-1 --role coordinator --host desk.example.org",
    "clearing-point desk account add coordinator-2 --role coordinator --host desk.example.org",
    "clearing-point desk audit --verify",
    "clearing-point desk sweep",
    "clearing-point rebuild",
    "clearing-point standard check",
    "clearing-point report --edition 2022 --verify",
    "clearing-point diff 2022 2022",
    "clearing-point run annual --edition 2022",
    "clearing-point run annual --edition 2022 --quiet",
    "clearing-point backup FOLDER",
    "clearing-point restore FOLDER --verify",
    "clearing-point restore FOLDER",
    'clearing-point edition 2022 --state open --role "head of the office"',
}
"""Run on a small archive in tests/pipeline (test_ingest.py, test_run_annual.py, test_states_and_lines.py,
test_played_year.py), in tests/contract/test_standard.py or, of the desk, in tests/desk/test_commands.py: on the demonstration
each takes a minute."""
AT_NIGHT = {
    "clearing-point publish --edition 2022",
    "clearing-point report --edition 2022",
    "clearing-point suites --dialect postgres -o suites",
    "clearing-point suites --edition 2022 -o edition.html",
    "clearing-point duplicates evaluate --persons 500 --seeds 31,32",
    "clearing-point trace --cell 2022-ALB-ALB01-v1 Personat 9 sex",
}
"""What the last two do is seen in tests/unit/test_linkage_links.py and tests/pipeline/test_trace.py. By day the demonstration publishes and reports itself, by one judge: there is no page of what the other was asked."""
BOTH_JUDGES = (pytest.mark.nightly, pytest.mark.great_expectations)
SHOWN = sorted({command for page in PAGES for command in _commands(page)} - ELSEWHERE)


def _parameters(words: list[str]) -> set[str]:
    """Return the names of the options that a command line's command has."""
    command: Any = typer.main.get_command(app)
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return {parameter.name for parameter in command.params}


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in RUN_BY_MAKE:
        assert f"\n{command}\n" in text
        assert f"{command.split()[1]}: $(STAMP)" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", [pytest.param(c, marks=BOTH_JUDGES) if c in AT_NIGHT else c for c in SHOWN]
)
def test_a_command_that_is_shown_works(command: str, demo: Project, tmp_path: Path) -> None:
    example = demo.data / "submissions" / "MADE-ALB-2022.xlsx"
    long_table = tmp_path / "table.csv"
    long_table.write_text("region,sex,n\nA,F,3\nA,M,9\nB,F,12\nB,M,20\nC,F,7\nC,M,2\n", encoding="utf-8")
    names = {
        "FILE": str(example),
        "FILE.csv": str(long_table),
        "OUT.csv": str(tmp_path / "out.csv"),
        "/": str(tmp_path),
        "OUT.xlsx": str(tmp_path / "out.xlsx"),
        "OUT.html": str(tmp_path / "out.html"),
        "OUT.sql": str(tmp_path / "out.sql"),
    }
    words = [names.get(word, word) for word in shlex.split(command)[1:]]
    words = [{"COLUMN": "n", "A,B": "region,sex"}.get(word, word) for word in words]
    words = [str(tmp_path / "exchange") if word == "OUTPUT" else word for word in words]
    takes = _parameters(words)
    options = ["--project", str(ROOT)] if "project" in takes else []
    if "data" in takes:
        options += ["--data", str(demo.data)]
    if words[0] in {"build"}:
        words.append("--check")  # the tests write nothing into the project
    code, out, err = run(*words, *options, folder=tmp_path)
    assert code == 0, err + out
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("page", "written"),
    [("researchers.md", "sex_by_territory.xlsx"), ("tutorials/researcher.md", "by_sex.svg")],
)
def test_the_python_of_the_pages_for_researchers_runs(
    page: str, written: str, demo: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 4
    monkeypatch.setenv("CLEARING_POINT_RELEASE", str(demo.releases / "2022"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)  # noqa: S102 - our own page
    assert (tmp_path / written).is_file()


_EXAMPLES = ("XYZ", "countries/GRC", "translations/el.csv")
"""Territories and languages that a page adds."""


def test_every_file_that_the_documents_name_is_there() -> None:
    lost = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for named in re.findall(
            r"`((?:tests|schemas|docs|reports|clearing_point|pipelines)/[\w./-]+)`", text
        ):
            if not (ROOT / named).exists() and not any(example in named for example in _EXAMPLES):
                lost.append(f"{page}: {named}")
        for named in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            if "reference/" in named:
                continue  # made when the site is built, which fails where one is missing (test_site.py)
            if not (ROOT / page).parent.joinpath(named).exists():
                lost.append(f"{page}: {named}")
    assert lost == []
