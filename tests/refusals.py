"""Every place of the program that refuses something, read from its source: where, by which code, and what fills it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conftest import ROOT
from tests.sources import tree_of

HANDED_ON = {"_TooLarge", "_unreadable", "stale"}
"""What hands a sentence and its code on to an error: the parser's process, a decision."""
_ERRORS = {"InputProblem", "UsageProblem"}
"""And all classes that follow from one."""


@dataclass(frozen=True)
class Refusal:
    """One such place; ``code`` is None where the sentence has none."""

    path: str
    function: str
    line: int
    code: str | None
    given: frozenset[str]


@cache
def refusals() -> tuple[Refusal, ...]:
    """Return all of them, by their path below ``clearing_point`` (or ``pipelines/...``)."""
    return tuple(_refusals())


def _refusals() -> Iterator[Refusal]:
    package = ROOT / "clearing_point"
    raised = _errors(package) | HANDED_ON
    for path in [*sorted(package.rglob("*.py")), *sorted((ROOT / "pipelines").glob("*.py"))]:
        name = path.relative_to(package if path.is_relative_to(package) else ROOT).as_posix()
        tree = tree_of(path)
        for function, call in _calls(tree, "", raised):
            code = call.args[1] if len(call.args) > 1 else None
            if code is not None and not isinstance(code, ast.Constant):
                continue  # handed on: the place that it comes from is another of these
            given = {name for keyword in call.keywords for name in _names(keyword, tree)}
            if len(call.args) > 2 and isinstance(call.args[2], ast.Attribute):
                continue  # of parser_process: handed on with all that fills it
            yield Refusal(
                name, function, call.lineno, None if code is None else str(code.value), frozenset(given)
            )


def _errors(package: Path) -> frozenset[str]:
    """Return the names of all classes of errors that follow from ours."""
    classes = [
        (node.name, {base.id for base in node.bases if isinstance(base, ast.Name)})
        for path in package.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    known = set(_ERRORS)
    while more := {name for name, bases in classes if bases & known} - known:
        known |= more
    return frozenset(known)


def _calls(node: ast.AST, function: str, raised: frozenset[str]) -> Iterator[tuple[str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) else function
        if isinstance(child, ast.Call):
            called = child.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in raised:
                yield inside, child
        yield from _calls(child, inside, raised)


def _names(keyword: ast.keyword, tree: ast.Module) -> Iterator[str]:
    """Yield what a keyword gives; of ``**_place(...)`` what the function of that name in the module returns."""
    if keyword.arg is not None:
        yield keyword.arg
        return
    called = keyword.value.func if isinstance(keyword.value, ast.Call) else None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and isinstance(called, ast.Name) and node.name == called.id:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Dict):
                    yield from (str(key.value) for key in inner.keys if isinstance(key, ast.Constant))
