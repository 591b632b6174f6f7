"""What a command refuses is said in the language it was asked for: each code has its sentence, and fills it."""

from __future__ import annotations

import ast
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.refusals import refusal as refusal_in
from clearing_point.submission.resubmission import effect_on_published
from tests.command import command
from tests.conftest import ROOT
from tests.refusals import Refusal, refusals

ON_THE_WAY = (
    "intake", "submission", "countries", "quality", "warehouse", "cli.py", "errors.py", "project.py", "workplace.py",
    "standard/files.py", "standard/shapes.py", "standard/workbook.py",
    "commands/submissions.py", "commands/countries.py", "commands/quality.py", "commands/shared.py",
    "pipelines/ingest.py", "pipelines/check.py", "pipelines/load_many.py",
    "pipelines/country.py", "pipelines/quality.py", "pipelines/desk.py",
    "pipelines/desk_file.py",
)  # fmt: skip
"""Where template, check, load, feedback, withdraw, delete, status and country refuse something, or a page of the desk does."""
OFF_THE_WAY = {
    "standard": "who keeps the standard",
    "synthetic": "who makes the demonstration",
    "analysis": "who declares tables",
    "disclosure": "who protects tables",
    "publication": "who publishes",
    "published": "researchers",
    "report": "who writes the report",
    "linkage": "who runs a round of linkage",
    "suites": "who runs suites",
    "operations": "who runs the clearing point",
    "desk": "who runs the desk; its pages have words of their own",
    "warehouse/lake.py": "who runs a warehouse of several writers",
    "warehouse/made_anew.py": "who runs the clearing point",
    "submission/received_before.py": "who runs the clearing point",
    "commands": "who runs the clearing point",
    "pipelines": "who runs the clearing point",
}
"""Who reads what is refused elsewhere, in English."""
SAID_OTHERWISE = {
    ("project.py", "find_project"): "without a project there are no words",
    ("project.py", "installed_project"): "without a project there are no words",
    ("project.py", "refuse_other_project"): "who sets up a data folder is to act, in English",
    ("project.py", "_names_of"): "without a project's name there are no words",
    ("submission/resubmission.py", "what_changes"): "put together of sentences in her language",
    ("pipelines/country.py", "suggest"): "a finding's sentence in her language",
}
OF_PUBLIC_SOURCES = {"compare", "frequencies"}
_BOUND = re.compile(r"{(\w+)}")


def _part(path: str) -> str:
    """Return the longest name above that a path begins with."""
    parts = [p for p in (*ON_THE_WAY, *OFF_THE_WAY) if path == p or path.startswith(f"{p}/")]
    return max(parts, key=len, default="")


def _place(refusal: Refusal) -> str:
    return f"{refusal.path}:{refusal.line}"


def test_every_refusal_on_an_officers_way_has_a_code() -> None:
    """Whoever raises something new says which sentence it is, or whose way it is on."""
    found = list(refusals())
    assert [_place(r) for r in found if not _part(r.path)] == [], "on whose way?"
    of_hers = [r for r in found if _part(r.path) in ON_THE_WAY]
    assert len(of_hers) > 100
    without = [r for r in of_hers if r.code is None and (r.path, r.function) not in SAID_OTHERWISE]
    assert [_place(r) for r in without] == []
    assert set(SAID_OTHERWISE) <= {(r.path, r.function) for r in of_hers if r.code is None}


def test_what_editors_wrote_wrong_is_said_to_a_sender_in_her_language(
    standard: Standard, tmp_path: Path
) -> None:
    """A new version is compared with what is published, by files that are not hers."""
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    shutil.copytree(ROOT / "reports" / "editions", tmp_path / "reports" / "editions")
    project = Project(root=tmp_path, data=tmp_path / "data")
    newest = max(project.editions.glob("[0-9]*.yml"))
    newest.rename(newest.with_stem(str(int(newest.stem) + 1)))
    with pytest.raises(InputProblem) as refused:
        effect_on_published(project, standard, tmp_path, "s2", "s1", "ALB", range(2022, 2023))
    said = refusal_in(refused.value, standard, "sq")
    assert said.startswith(standard.words["problem"]["written_wrong"]["sq"].split(".")[0])
    assert "the file's name says" in said


def test_every_code_has_a_sentence_that_its_parameters_fill_in_every_language(standard: Standard) -> None:
    wrong = []
    for refusal in refusals():
        if refusal.code is None:
            continue
        text = standard.words["problem"].get(refusal.code) or standard.words["desk"].get(refusal.code)
        if text is None:
            wrong.append(f"{_place(refusal)}: {refusal.code} has no sentence")
            continue
        # Of a file that the parser cannot read its name is said by who asked the parser, of a decision its place.
        given = refusal.given | {
            "intake/parser_process.py": {"file"}, "intake/corrections.py": {"file", "decision"},
            "quality/waivers.py": {"file", "decision"}, "countries/decisions.py": {"file", "decision"},
        }.get(refusal.path, set())  # fmt: skip
        for language in standard.languages:
            if language not in text:
                wrong.append(f"{refusal.code} is not in {language}")
            elif lacking := set(_BOUND.findall(str(text[language]))) - given:
                wrong.append(f"{_place(refusal)}: {refusal.code} in {language} lacks {lacking}")
    assert wrong == []


def test_what_her_commands_print_is_no_text_of_the_program() -> None:
    """Sentences come from ``words.yml``; those of public sources are for who runs the clearing point."""
    found = []
    for name in ("submissions", "countries", "quality"):
        tree = ast.parse((ROOT / "clearing_point" / "commands" / f"{name}.py").read_text(encoding="utf-8"))
        for function in tree.body:
            if not isinstance(function, ast.FunctionDef) or function.name in OF_PUBLIC_SOURCES:
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"print", "say"}:
                    texts = [
                        part.value
                        for argument in call.args
                        if isinstance(argument, ast.Constant | ast.JoinedStr)
                        for part in ast.walk(argument)
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    ]
                    found += [f"{name}.py:{call.lineno}" for text in texts if re.search("[a-z]", text)]
    assert found == []


@pytest.mark.parametrize(
    ("words", "code", "filled"),
    [
        (("check", "sent.xls", "--territory", "ALB", "--period", "2022"), "file_kind", {"file": "sent.xls", "kinds": ".xlsx, .xlsm, .ods, .csv, .csv.gz, .txt"}),
        (("check", "sent.csv", "--territory", "ALB", "--period", "20x2"), "period_wrong", {"period": "20x2"}),
        (("check", "broken.xlsx", "--territory", "ALB", "--period", "2022"), "file_damaged", {}),
        (("check", "wide.xlsx", "--territory", "ALB", "--period", "2022"), "sheet_column", {"file": "wide.xlsx", "column": "1024", "sheet": "#1"}),
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
    with zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as package:
        package.writestr("xl/workbook.xml", "<workbook")
    with xlsxwriter.Workbook(tmp_path / "wide.xlsx") as workbook:
        workbook.add_worksheet("Persons").write(0, 1030, "x")
    (tmp_path / "sent.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    place = (
        ("--project", ROOT) if words[0] == "template" else ("--project", ROOT, "--data", tmp_path / "data")
    )
    for language in ("sq", "sr-Cyrl", "mk"):
        ended, _, err = command(*words, "--lang", language, *place, folder=tmp_path)
        assert ended in {1, 2}
        place_of_words = "problem" if code in standard.words["problem"] else "desk"
        said = standard.word(place_of_words, code, language, **filled)
        assert said.split("`")[0] in err, (err, said)
