"""A test that runs at night only says which quick one holds the same promise, and that one is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.conftest import ROOT

QUICK = re.compile(r"^\s*Quick: (tests/\S+\.py)::(test_\w+)$", re.MULTILINE)


def _tests() -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """Yield (file, function, nightly) of every test, whether the mark stands at the test or at its file."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        marks = [
            n for n in tree.body if isinstance(n, ast.Assign) and "pytestmark" in ast.unparse(n.targets[0])
        ]
        whole = any("mark.nightly" in ast.unparse(n.value) for n in marks)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marked = any(ast.unparse(d).startswith("pytest.mark.nightly") for d in node.decorator_list)
                yield path.relative_to(ROOT).as_posix(), node, whole or marked


def test_every_nightly_test_names_a_quick_one_with_the_same_promise() -> None:
    found = list(_tests())
    quick = {(file, node.name) for file, node, nightly in found if not nightly}
    wrong = []
    for file, node, nightly in found:
        named = QUICK.findall(ast.get_docstring(node) or "")
        if nightly and not (named and set(named) <= quick):
            wrong.append(f"{file}::{node.name}: {named or 'names none'}")
    assert wrong == []
