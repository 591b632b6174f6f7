"""Checking a file of the project against the JSON Schema of its kind, with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml


def shape_problems(path: Path, document: Any, schema: Path) -> list[str]:
    """List what is wrong with a YAML document, each as ``file:line: sentence``."""
    errors = list(_validator(schema).iter_errors(document))
    if not errors:
        return []
    lines = lines_of_yaml(path)
    return sorted(
        f"{path}:{line_at(lines, tuple(error.absolute_path))}: {_sentence(error.absolute_path, error.message)}"
        for error in errors
    )


def row_problems(path: Path, rows: Iterable[Mapping[str, str]], schema: Path) -> list[str]:
    """List what is wrong with the rows of a CSV, each as ``file:line: sentence``."""
    validator = _validator(schema)
    problems = []
    for number, row in enumerate(rows, start=2):
        for error in validator.iter_errors(dict(row)):
            problems.append(f"{path}:{number}: {_sentence(error.absolute_path, error.message)}")
    return problems


def refuse_row_problems(path: Path, rows: Iterable[Mapping[str, str]], schema: Path) -> None:
    """Refuse a CSV whose rows have not the shape of a schema.

    Raises
    ------
    InputProblem
        With the first problem's file, line and sentence, and how many more there are.
    """
    _refuse(row_problems(path, rows, schema))


def read_shaped_yaml(path: Path, schema: Path) -> Any:
    """Read a YAML file that must have the shape of a schema.

    Raises
    ------
    InputProblem
        With the first problem's file, line and sentence, and how many more there are.
    """
    document = read_yaml(path)
    _refuse(shape_problems(path, document, schema))
    return document


def _refuse(problems: list[str]) -> None:
    if problems:
        more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
        raise InputProblem(problems[0] + more)


def _sentence(path: Iterable[str | int], message: str) -> str:
    where = ".".join(str(step) for step in path)
    shortened = message if len(message) <= 300 else message[:297] + "..."
    return f"{where}: {shortened}" if where else shortened


@lru_cache(maxsize=64)
def _validator(schema: Path) -> Any:
    # Imported here: commands that check no shape need not pay for it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
