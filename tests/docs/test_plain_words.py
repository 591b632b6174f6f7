"""Docs, docstrings and messages say one word for one concept, by the list in docs/naming.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.conftest import ROOT

NAMING = ROOT / "docs" / "naming.md"
CODE = re.compile(r"```.*?```|``?[^`]*``?", re.DOTALL)
"""What stands in backticks is a name and no word."""


def _avoided() -> dict[str, str]:
    """Read the list: what is not said, as a pattern, and what is said instead."""
    part = NAMING.read_text(encoding="utf-8").partition("## Words that are not used")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line.startswith("| ")
    ]
    return {word.strip(): say for say, words in rows[2:] for word in words.split(",")}


def _texts() -> Iterator[tuple[str, str]]:
    """Yield every page, and every docstring and sentence of the program, with its place."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("tutorials/*.md")]
    for page in sorted(pages):
        if page != NAMING:
            yield page.name, CODE.sub(" ", page.read_text(encoding="utf-8"))
    for folder in ("clearing_point", "pipelines"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", CODE.sub(" ", node.value)


def _found(texts: Iterable[tuple[str, str]]) -> list[str]:
    avoided = _avoided()
    pattern = re.compile(rf"\b({'|'.join(avoided)})(?:s|es)?\b", re.IGNORECASE)
    return [
        f"{place}: '{hit[0]}': say {avoided[hit[1].lower()]}"
        for place, text in texts
        for hit in pattern.finditer(" ".join(text.split()))
    ]


def test_words_that_are_not_used_are_not_used() -> None:
    avoided = _avoided()
    assert len(avoided) > 10
    for word in avoided:  # the check sees each of them
        assert _found([("here", f"Some {word} here")]), word
    assert _found(_texts()) == []
