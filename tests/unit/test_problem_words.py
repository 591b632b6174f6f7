"""What a command refuses is said in the language it was asked for: each code has its sentence, and fills it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from clearing_point.standard import Standard
from tests.command import command
from tests.conftest import ROOT

ON_THE_WAY = ("intake", "submission", "countries", "quality", "warehouse", "standard", "commands", "desk")
RAISED = {"InputProblem", "UsageProblem", "InUse", "MachineProblem"}


def _raised() -> list[tuple[str, str, set[str]]]:
    """Return the place, code and parameters of every error that is raised with a code."""
    found = []
    for path in [*(ROOT / "clearing_point").rglob("*.py"), *(ROOT / "pipelines").glob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id in RAISED
                and len(call.args) > 1
            ):
                code = call.args[1]
                assert isinstance(code, ast.Constant), path
                found.append(
                    (f"{path.name}:{call.lineno}", str(code.value), {k.arg or "" for k in call.keywords})
                )
    return found


def test_every_code_has_a_sentence_that_its_parameters_fill_in_every_language(standard: Standard) -> None:
    raised = _raised()
    assert len(raised) > 40
    wrong = []
    for place, code, given in raised:
        text = standard.words["problem"].get(code) or standard.words["desk"].get(code)
        if text is None:
            wrong.append(f"{place}: {code} has no sentence")
            continue
        for language in standard.languages:
            if language not in text:
                wrong.append(f"{code} is not in {language}")
            elif set(re.findall(r"{(\w+)}", str(text[language]))) - given:
                wrong.append(f"{place}: {code} in {language} asks for what is not given")
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "code", "filled"),
    [
        (("check", "sent.xls", "--territory", "ALB", "--period", "2022"), "file_kind", {"file": "sent.xls", "kinds": ".xlsx, .xlsm, .ods, .csv, .csv.gz, .txt"}),
        (("check", "sent.csv", "--territory", "ALB", "--period", "20x2"), "period_wrong", {"period": "20x2"}),
        (("load", "away.csv", "--territory", "ALB", "--period", "2022"), "file_not_opened", {"file": "away.csv"}),
        (("withdraw", "2022-ALB-X-v1", "--reason", "x"), "submission_unknown", {"submission": "2022-ALB-X-v1"}),
        (("delete", "2022-ALB-X-v1", "--reason", "x"), "submission_unknown", {"submission": "2022-ALB-X-v1"}),
        (("template", "ALB", "--year", "2022", "-o", "form.csv"), "ending_template", {"file": "form.csv"}),
        (("feedback", "2022-ALB-X-v1", "-o", "a.xlsx"), "nothing_loaded", {}),
        (("country", "new", "ALB", "away.csv", "-o", "."), "file_not_opened", {"file": "away.csv"}),
    ],
)  # fmt: skip
def test_a_command_refuses_in_the_language_it_was_asked_for(
    words: tuple[str, ...], code: str, filled: dict[str, str], standard: Standard, tmp_path: Path
) -> None:
    (tmp_path / "sent.xls").write_bytes(b"x")
    (tmp_path / "sent.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    place = (
        ("--project", ROOT) if words[0] == "template" else ("--project", ROOT, "--data", tmp_path / "data")
    )
    for language in ("sq", "sr-Cyrl", "mk"):
        ended, _, err = command(*words, "--lang", language, *place, folder=tmp_path)
        assert ended in {1, 2}
        said = standard.word("problem", code, language, **filled)
        assert said.split("`")[0] in err, (err, said)
