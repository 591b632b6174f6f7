"""The suites judge the data themselves: the same failing rows as our SQL, found without it, with or without us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from clearing_point.errors import InternalError, UsageProblem
from clearing_point.publication.checkpoint import _more_of, _of_the_whole
from clearing_point.quality import confirm
from clearing_point.quality.confirm import compare
from clearing_point.quality.evaluate import evaluate
from clearing_point.quality.rule_examples import SUBMISSION, blocks_of, cases_of
from clearing_point.standard import Standard
from clearing_point.standard.ddl import statements
from clearing_point.standard.rules import RUN, SERIES
from clearing_point.suites import runner
from clearing_point.suites.listing import listed
from clearing_point.suites.page import Line, Result, page
from clearing_point.suites.ready import FOLDER, chosen_suites, generated_suites, suite_files
from clearing_point.suites.runner import Judgement, Question, run_suites
from tests.conftest import ROOT
from tests.contract.postgres import server
from tests.contract.test_rules import SCHEMAS, Workspace

GENERATED = SCHEMAS / "generated"


@dataclass(frozen=True)
class Filled:
    """A database with the rows of all examples that need nothing but their own, and what SQL counted in it."""

    path: Path
    counted: dict[tuple[str, str], int]

    @property
    def failing(self) -> dict[str, int]:
        return {f"{rule} {table}": n for (rule, table), n in self.counted.items() if n}


@pytest.fixture(scope="module")
def examples(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Every rule fails here somewhere: its examples are put in together, and a second submission repeats them all."""
    path = tmp_path_factory.mktemp("examples") / "workspace.duckdb"
    cases = [c for c in cases_of(standard, blocks_of(SCHEMAS)) if not c.alone]
    with duckdb.connect(str(path)) as connection:
        Workspace(connection, standard).fill(cases)
        evaluate(connection, SUBMISSION, standard)
        counted = confirm._counted(connection, standard)
        for statement in statements(standard):  # the examples have no published figures
            connection.execute(statement)
        for name in (
            "raw.submission",
            'raw."column"',
            "raw.record",
            *(f'staged."{t}"' for t in standard.tables),
        ):
            connection.execute(f"INSERT INTO {name} SELECT * REPLACE ('second' AS submission_id) FROM {name}")
    return Filled(path, counted)


@pytest.fixture(scope="module")
def documents(standard: Standard) -> list[dict[str, Any]]:
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted((GENERATED / FOLDER).glob("*.json"))]


def test_the_generated_suites_are_of_this_standard_and_program(standard: Standard) -> None:
    assert generated_suites(standard) is not None, "run `clearing-point build`"


@pytest.mark.nightly
def test_the_generated_suites_are_what_the_standard_gives(standard: Standard) -> None:
    """Every file, letter by letter.

    Quick: tests/contract/test_suites.py::test_the_generated_suites_are_of_this_standard_and_program
    """
    for name, text in suite_files(standard).items():
        assert (GENERATED / name).read_text(encoding="utf-8") == text, name


def test_every_rule_has_an_expectation_with_its_sentence(standard: Standard) -> None:
    there: dict[tuple[str, str], set[str]] = {}
    for path in (GENERATED / FOLDER).rglob("*.json"):
        for one in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
            assert one["description"]
            assert "{" not in one["description"], "a sentence on fields names them"
            assert one["meta"]["severity"] in ("block", "error", "warning", "information")
            if one["meta"]["rule"]:
                there.setdefault((one["meta"]["rule"], one["meta"]["table"]), set()).update(
                    one["meta"]["fields"]
                )
    for rule in standard.rules:
        if rule.scope in RUN and not (rule.scope == SERIES and rule.expectation):
            assert set(rule.fields) <= there[rule.rule_id, rule.table], rule.rule_id


def test_the_librarys_own_types_stand_wherever_there_is_one(
    documents: list[dict[str, Any]], standard: Standard
) -> None:
    """What a field's definition says is never asked through SQL of ours; of several codes in a cell the library has no type."""
    lists = {(t.name, f.name) for t in standard.tables.values() for f in t.fields if f.multiple}
    queries = {
        e["meta"]["rule"]
        for d in documents
        for e in d["expectations"]
        if e["type"] == "unexpected_rows_expectation"
        and not lists.issuperset((e["meta"]["table"], field) for field in e["meta"]["fields"] or [""])
    }
    assert queries.isdisjoint({"F01", "F02", "F04", "P04", "P05", "N03b", "X09a", "A10"})


def test_the_guide_counts_the_expectations_by_type(standard: Standard) -> None:
    text = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    said = {kind: int(count) for kind, count in re.findall(r"^\| `(\w+)` \| (\d+) \|$", text, re.MULTILINE)}
    there: Counter[str] = Counter()
    for row in listed(chosen_suites(standard, "duckdb")):
        there.update(row["types"])
    assert said == there


def test_the_guide_says_what_is_asked_of_the_whole(standard: Standard) -> None:
    text = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| (W\d\d) \| (\w+) \| `(\w+)` \| (.+) \|$", text, re.MULTILINE)
    made = [e for query in _of_the_whole(standard).values() for e in query]
    made += [e for table in standard.tables_of_kind() for e in _more_of(standard, table)]
    there = {(e.rule_id, e.severity, e.kind, e.sentence) for e in made}
    assert there <= set(said)
    # No list of the standard has a code that ended, so that nothing is asked of W10 yet.
    assert {row[0] for row in said} - {row[0] for row in there} <= {"W10"}
    assert {row[0] for row in said} == {
        name.upper() for name in standard.words["suites"] if re.fullmatch(r"w\d\d", name)
    }


@pytest.mark.great_expectations
def test_both_judges_count_the_same_failing_rows_of_every_rule(
    examples: Filled, documents: list[dict[str, Any]], standard: Standard
) -> None:
    """Over two submissions with the same numbers: each is judged by itself, so that every count doubles."""
    judgements = run_suites(Question(examples.path, "staged", documents, {}))
    shape = [j for j in judgements if j.rule_id is None and not j.success]
    assert {j.name for j in shape} <= {"lineage"}, "examples of one rule share places"
    of_rules = [j for j in judgements if j.rule_id is not None]
    compare({key: 2 * n for key, n in examples.counted.items()}, of_rules, standard)
    assert len(examples.failing) > 120
    with pytest.raises(InternalError, match=r"Rule \w+ on \w+: \d+ failing rows by SQL, \d+ by Great"):
        compare(examples.counted, of_rules, standard)


@pytest.mark.great_expectations
def test_what_the_library_is_spared_changes_no_verdict(
    examples: Filled, documents: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Question(examples.path, "staged", [d for d in documents if d["name"] in ("person", "need")], {})
    spared = run_suites(asked)
    assert any(not j.success for j in spared)
    monkeypatch.setattr(runner, "spared", nullcontext)
    assert run_suites(asked) == spared


@pytest.mark.great_expectations
def test_a_planted_disagreement_is_caught(
    examples: Filled, documents: list[dict[str, Any]], standard: Standard
) -> None:
    """A bound, a list and a query that differ from the rule's SQL: each is named."""

    def planted(table: str, name: str, **kwargs: Any) -> list[dict[str, Any]]:
        document = json.loads(json.dumps(next(d for d in documents if d["name"] == table)))
        (one,) = [e for e in document["expectations"] if e["meta"]["name"] == name]
        one["kwargs"].update(kwargs)
        return [{**document, "expectations": [one]}]

    query = next(
        e["kwargs"]["unexpected_rows_query"] for d in documents if d["name"] == "trafficking_episode"
        for e in d["expectations"] if e["meta"]["name"] == "A02a"
    )  # fmt: skip
    for rule, question in (
        ("F02", planted("person", "F02.birth_year", min_value=1990)),
        ("A10", planted("identification", "A10.age_assessment", value_set=["ESTIMATED"])),
        ("A02a", planted("trafficking_episode", "A02a", unexpected_rows_query=query.replace("+ 1)", "+ 2)"))),
    ):
        (judgement,) = run_suites(Question(examples.path, "staged", question, {}))
        key = (rule, str(question[0]["meta"]["table"]))
        with pytest.raises(InternalError, match=f"Rule {rule} on {key[1]}: "):
            compare({key: 2 * examples.counted[key]}, [judgement], standard)


def test_a_suite_that_weighs_a_rule_otherwise_is_named(standard: Standard) -> None:
    (rule,) = [r for r in standard.rules if (r.rule_id, r.table) == ("A10", "identification")]
    said = Judgement("identification", "A10", "A10", rule.severity, "kind", False, 3)
    assert confirm._weighed_otherwise([said], standard) == ""
    assert "A10 on identification" in confirm._weighed_otherwise([replace(said, severity="block")], standard)


def test_a_rule_that_only_one_judge_knows_is_no_verdict(standard: Standard) -> None:
    said = Judgement("person", "A10", "A10", "information", "kind", True, 0)
    with pytest.raises(InternalError, match="Rule A11 on person was not judged"):
        compare({("A10", "person"): 0, ("A11", "person"): 0}, [said], standard)
    compare({("A10", "person"): 0}, [said], standard)
    with pytest.raises(InternalError, match="has not the shape"):
        compare({}, [replace(said, rule_id=None, success=False)], standard)


class _Batch:
    """A batch that answers what it is told."""

    def __init__(self, *results: Any) -> None:
        self.results = results

    def validate(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(results=self.results)


def _result(success: Any, *, name: str = "A10", raised: Any = None, **result: Any) -> Any:
    config = SimpleNamespace(meta={"name": name}, type="expect_column_values_to_not_be_null")
    return SimpleNamespace(success=success, expectation_config=config, exception_info=raised, result=result)


@pytest.mark.great_expectations
@pytest.mark.parametrize(
    ("judges", "results", "said"),
    [
        ("row", (), "no result for person A10"),
        ("row", (_result(None),), "no verdict on person A10"),
        ("row", (_result(True), _result(True)), "no verdict on person A10"),
        ("row", (_result(False, raised={"raised_exception": True, "exception_message": "Boom: Ana"}),), "could not evaluate person A10: Boom"),
        ("row", (_result(False, raised={"id": {"raised_exception": True, "exception_message": "Boom"}}),), "could not evaluate"),
        ("row", (_result(False, unexpected_count=None),), "counted no failing rows of person A10"),
        ("row", (_result(False, unexpected_count=0),), "counted no failing rows of person A10"),
        ("submission", (_result(False, observed_value=None),), "saw nothing of person A10"),
    ],
)  # fmt: skip
def test_what_is_null_raised_or_missing_is_never_a_verdict(
    judges: str, results: tuple[Any, ...], said: str
) -> None:
    made = {
        "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "sex"}, "severity": "info", "description": "",
        "meta": {"name": "A10", "rule": "A10", "severity": "information", "judges": judges},
    }  # fmt: skip
    gx, _ = runner.import_library()
    with pytest.raises(InternalError, match=said) as raised:
        runner._judged(gx, _Batch(*results), {"name": "person", "meta": {}, "expectations": [made]})
    assert "Ana" not in str(raised.value), "a message may hold a value"


def _script(folder: Path) -> Path:
    text = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = folder / "run_suites.py"
    # As in an environment without this project: nothing of it can be imported.
    path.write_text(
        "import sys\nsys.modules['clearing_point'] = sys.modules['pipelines'] = None\n" + code,
        encoding="utf-8",
    )
    return path


def _plainly(folder: Path, address: str, suites: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-P", str(_script(folder)), address, "staged", str(suites)],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return {rule: n for rule, n in found.items() if not rule.startswith("None")}


@pytest.mark.nightly
def test_plain_great_expectations_finds_the_same_without_this_project(
    examples: Filled, tmp_path: Path
) -> None:
    """By the script of the guide, in a process that knows nothing of this project.

    Quick: tests/contract/test_suites.py::test_both_judges_count_the_same_failing_rows_of_every_rule
    """
    found = _plainly(tmp_path, f"duckdb:///{examples.path}", GENERATED / FOLDER)
    assert found == {rule: 2 * n for rule, n in examples.failing.items()}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with server(tmp_path_factory.mktemp("postgres")) as found:
        yield found


@pytest.mark.nightly
def test_on_postgresql_the_same_rows_fail(
    examples: Filled, postgres: Any, tmp_path: Path, standard: Standard
) -> None:
    """In the other dialect, by the same script; half of the rows have no list where they should have one.

    Quick: tests/contract/test_suites.py::test_both_judges_count_the_same_failing_rows_of_every_rule
    """
    copy = tmp_path / "without_lists.duckdb"
    shutil.copy(examples.path, copy)
    with duckdb.connect(str(copy)) as connection:
        for table, field in ((t, f) for t in standard.tables.values() for f in t.fields if f.multiple):
            connection.execute(
                f'UPDATE staged."{table.name}" SET "{field.name}" = NULL WHERE submission_id = \'second\''
            )
    postgres.copy(copy, ("raw", "staged", "ref"))
    for name, text in suite_files(standard, "postgres").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = _plainly(tmp_path, postgres.address, tmp_path / FOLDER)
    assert found == _plainly(tmp_path, f"duckdb:///{copy}", GENERATED / FOLDER)


def test_a_page_says_how_many_rows_were_checked_and_which_tables_have_none() -> None:
    """That the page of a real submission and edition does is a matter of the night (test_validation_pages.py)."""
    line = Line(
        "person",
        "P05",
        "expect_compound_columns_to_be_unique",
        "",
        "One row a person.",
        [Result(True, "met")],
    )
    told = {"person": "ROWS OF PERSON", "service": None}

    def said(name: str, **filled: object) -> str:
        return f"{name} {' '.join(map(str, filled.values()))}"

    text = page("title", "intro", ["2022"], [line], said, rows=told, made_data=True, language="en")
    assert "<summary>person: ROWS OF PERSON figures 1 1 0</summary>" in text
    assert "<p>rows_none service</p>" in text
    assert "rows_none" not in page("t", "i", ["2022"], [line], said, rows={}, made_data=True, language="en")


def test_a_dialect_that_there_is_not_is_a_wrong_call(standard: Standard) -> None:
    with pytest.raises(UsageProblem, match="There is no dialect 'mysql'") as refused:
        chosen_suites(standard, "mysql")
    assert refused.value.exit_code == 2


def test_the_script_of_the_document_names_what_has_no_rule_of_its_own() -> None:
    """A fault of a table's shape is no rule of ours: it is told by the name of its expectation."""
    text = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.strip().startswith("rule = f")]
    meta, path = {"rule": None, "name": "columns"}, Path("identification.json")
    named: dict[str, str] = {}
    exec(line.strip(), {"meta": meta, "path": path}, named)  # noqa: S102 - a line of our own document
    assert named["rule"] == "columns identification"
