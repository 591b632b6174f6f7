"""What `check` prints is in the language that the officer asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.cli import main
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.workbooks import identification, person, write_regional


def test_findings_are_printed_in_the_language_asked_for(
    project: Project,
    standard: Standard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    decided = identification(1)
    decided.pop("identification_status")
    path = write_regional(tmp_path / "a.xlsx", standard, {"person": [person(1)], "identification": [decided]})
    words = ["check", str(path), "--territory", "ALB", "--period", "2022", "--data", str(project.data)]

    def said(language: str) -> tuple[object, str]:
        monkeypatch.setattr("sys.argv", ["clearing-point", *words, "--lang", language])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, capsys.readouterr().out

    def finding(language: str) -> str:
        code, text = said(language)
        assert code == 1, text
        (line,) = (line for line in text.splitlines() if "F01" in line)
        return line.lower()

    assert not any("а" <= letter <= "я" for letter in finding("en"))
    assert sum("а" <= letter <= "я" for letter in finding("sr-Cyrl")) > 20
    assert said("xx")[0] == 2
