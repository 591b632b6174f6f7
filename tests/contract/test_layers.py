"""Which module may import which: the arrows of the architecture, held by reading the imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from clearing_point.standard import Standard
from clearing_point.standard.ddl import metadata_of
from clearing_point.standard.files import read_yaml
from tests.conftest import ROOT
from tests.sources import nodes_of, tree_of

LEVELS = [
    {"errors"},
    {"halves", "project", "findings", "workplace"},
    {"standard"},
    {"countries"},
    {"warehouse", "suites"},
    {"intake", "quality", "linkage", "disclosure"},
    {"analysis", "synthetic"},
    {"publication"},
    {"submission"},
    {"report", "published"},
    {"desk", "operations"},
    {"commands", "version"},
    {"cli"},
    {"__main__"},
]
# The guard, the layout and the receipt name findings, which is why findings stand at the bottom.
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in nodes_of(path):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = (
                [node.module]
                if node.module != "clearing_point"
                else [f"clearing_point.{a.name}" for a in node.names]
            )
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "pipelines":
                found.add("pipelines")
            elif parts[0] == "clearing_point" and len(parts) > 1 and parts[1] in LEVEL:
                found.add(parts[1])
    return found


def test_imports_point_downwards_and_siblings_do_not_see_each_other() -> None:
    wrong = []
    for path in sorted((ROOT / "clearing_point").rglob("*.py")):
        parts = path.relative_to(ROOT / "clearing_point").parts
        own = parts[0].removesuffix(".py")
        if own in {"__init__", "bundled"}:
            continue
        for other in _imports(path):
            if other == "pipelines":
                if own not in {"cli", "commands"}:
                    wrong.append(f"{own} imports the flows ({path.name})")
            elif other != own and LEVEL[other] >= LEVEL[own]:
                wrong.append(f"{own} imports {other} ({path.name})")
    assert wrong == []


def test_great_expectations_is_imported_in_two_modules_only_and_late() -> None:
    users = []
    for path in sorted((ROOT / "clearing_point").rglob("*.py")):
        tree = tree_of(path)
        for node in nodes_of(path):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(n.split(".")[0] == "great_expectations" for n in names):
                users.append(path.name)
                assert node not in tree.body, f"{path.name} imports Great Expectations at module level"
    assert set(users) == {"runner.py", "spared.py"}


def test_no_territory_is_named_in_the_engine() -> None:
    codes = {"ALB", "BIH", "BGR", "HRV", "XKX", "MKD", "MDA", "MNE", "ROU", "SRB", "SVN"}
    found = []
    for folder in ("clearing_point", "pipelines"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in nodes_of(path):
                if isinstance(node, ast.Constant) and node.value in codes:
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_the_desk_knows_neither_the_warehouse_nor_the_flows() -> None:
    allowed = {"desk", "errors", "project", "workplace", "findings", "standard", "quality", "countries"}
    for path in sorted((ROOT / "clearing_point" / "desk").rglob("*.py")):
        assert _imports(path) <= allowed, path.name
        quality = {
            node.module
            for node in nodes_of(path)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("clearing_point.quality")
        }
        # What says findings without a database, and nothing else.
        assert quality <= {"clearing_point.quality.said", "clearing_point.quality.balance_words"}, path.name


def test_nobody_but_the_gate_makes_a_protected_table() -> None:
    makers = {"model.py", "gate.py", "ledger.py"}  # the ledger restores what the gate made
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("clearing_point", "pipelines")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in nodes_of(path)
        if isinstance(node, ast.Name | ast.alias | ast.Attribute)
        for name in [getattr(node, "id", getattr(node, "name", getattr(node, "attr", "")))]
        if name in ("_make_protected", "_GATE")
    }
    assert found == {f"clearing_point/disclosure/{name}" for name in makers}


ONE_FILE = {"clearing_point/linkage/tokens.py"}
"""Senders copy it to a computer where nothing is installed (docs/decisions/0020-linkage-without-identities.md)."""


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        path.relative_to(ROOT).as_posix()
        for folder in ("clearing_point", "pipelines")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if len(path.read_text(encoding="utf-8").splitlines()) > 400
    }
    assert long == ONE_FILE


LINES_OF_A_STORY = 120


def test_flows_are_read_in_one_go() -> None:
    """A flow tells its steps in order; what is machinery stands in the room whose question it answers."""
    long = {
        path.name
        for path in (ROOT / "pipelines").rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES_OF_A_STORY
    }
    assert long == set()


def test_the_way_of_a_row_names_tables_that_are_there(standard: Standard) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:raw|staged|core|quality)\.[a-z_]+\b", text))
    assert len(named) > 10
    assert named <= set(metadata_of(standard).tables)
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith("_")
    }
    assert folders == set(re.findall(r"^\| `tests/(\w+)` ", text, re.MULTILINE))


def test_hooks_before_a_commit_fetch_nothing() -> None:
    hooks = read_yaml(ROOT / ".pre-commit-config.yaml")
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert all(hook["language"] == "system" for repo in hooks["repos"] for hook in repo["hooks"])


def test_percentages_are_printed_by_one_function() -> None:
    """``clearing_point/halves.py`` works the digits out; the report's word around them stands in ``signs.py``."""
    found = []
    for path in sorted((ROOT / "clearing_point").rglob("*.py")):
        name = path.relative_to(ROOT / "clearing_point").as_posix()
        text = path.read_text(encoding="utf-8")
        # A share that a sender wrote (scorecard) is printed as she wrote it.
        if "signs.percent" in text and name not in ("report/signs.py", "report/scorecard.py"):
            found.append(f"{name} words a percentage")
        for number, line in enumerate(text.splitlines(), start=1):
            printed = re.search(r"f[\"'].*(?:\{[^{}]*:[,.0-9]*%\}|\{100 \* [^{}]*\} ?%)", line)
            if printed and not name.startswith("linkage/"):
                found.append(f"{name}:{number} works a percentage out")
    assert found == []
