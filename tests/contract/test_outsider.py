"""The attacker written from scratch shares no module with the gate, or her verdict is the gate's own."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "tests" / "attack" / "outsider"
ALLOWED = {"numpy", "scipy", "yaml", "duckdb", "openpyxl", "pypdf", "lxml"}


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"import_module", "__import__", "exec", "eval"}:
                found.add(called)
    return found


def strangers(path: Path) -> set[str]:
    """What a module imports that an outsider does not have: only the standard library and well-known packages."""
    import sys

    return {
        name
        for name in _imported(path)
        if not name.startswith("tests.attack.outsider")
        and name.split(".")[0] not in ALLOWED | set(sys.stdlib_module_names) - {"importlib"}
    }


def test_attacker_from_scratch_imports_nothing_of_the_program_or_of_other_tests() -> None:
    modules = sorted(PACKAGE.glob("*.py"))
    assert len(modules) > 4
    assert {path.name: found for path in modules if (found := strangers(path))} == {}


def test_an_import_of_the_gate_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    for text in (
        "from clearing_point.disclosure import cells",
        "import pipelines",
        "def f():\n    from tests.attack.campaign import x",
        "import importlib",
        "__import__('clearing_point')",
        "from ..campaign import x",
    ):
        module.write_text(text)
        assert strangers(module), text
