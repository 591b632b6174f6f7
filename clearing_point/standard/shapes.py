"""Checking a file of the project against the JSON Schema of its kind, with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml


def shape_problems(path: Path, document: Any, schema: Path) -> list[str]:
    """List what is wrong with a YAML document, each as ``file:line: sentence``; all of it in one run."""
    errors = list(_validator(schema).iter_errors(document))
    if not errors:
        return []
    lines = lines_of_yaml(path)
    return sorted(
        {
            f"{path}:{line_at(lines, tuple(error.absolute_path))}: {_sentence(error.absolute_path, _said(error, schema))}"
            for error in errors
        }
    )


def row_problems(path: Path, rows: Iterable[Mapping[str, str]], schema: Path) -> list[str]:
    """List what is wrong with the rows of a CSV, each as ``file:line: sentence``; of its header once for the file."""
    found: dict[str, None] = {}
    listed = [dict(row) for row in rows]
    for number, error in _errors_of_rows(listed, schema):
        line = 1 if error.validator in _OF_THE_HEADER else number
        found.setdefault(f"{path}:{line}: {_sentence(error.absolute_path, _said(error, schema))}")
    return list(found)


_OF_THE_HEADER = ("required", "additionalProperties", "propertyNames", "dependentRequired")
"""What a CSV lacks in one row it lacks in all of them."""
_EACH_COLUMN = {
    "$schema",
    "$id",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
}
"""Keywords of a schema that looks at each column by itself."""


def _errors_of_rows(rows: list[dict[str, str]], schema: Path) -> Iterator[tuple[int, Any]]:
    """Yield (line, error); a value that is wrong or right in one row is so in every other."""
    validator = _validator(schema)
    if set(validator.schema) <= _EACH_COLUMN:
        seen: set[tuple[str, str]] = set()
        wrong: set[tuple[str, str]] = set()
        first = True
        for number, row in enumerate(rows, start=2):
            new = row.items() - seen
            if first or new or row.items() & wrong:
                errors = list(validator.iter_errors(row if first else dict(new | (row.items() & wrong))))
                errors = errors if first else [e for e in errors if e.validator not in _OF_THE_HEADER]
                wrong |= {
                    (name, row[name]) for e in errors for name in list(e.absolute_path)[:1] if name in row
                }
                yield from ((number, error) for error in errors)
            seen |= new
            first = False
        return
    for number, row in enumerate(rows, start=2):
        yield from ((number, error) for error in validator.iter_errors(row))


def _said(error: Any, schema: Path) -> str:
    """Return what is meant: the comment of the condition that an error comes from, or the library's own sentence."""
    root: Any = _validator(schema).schema
    node, meant = root, ""
    for step in error.absolute_schema_path:  # which leaves references out
        while isinstance(node, dict) and step not in node and "$ref" in node:
            node = _referred(root, str(node["$ref"]))
        node = node[step]
        if isinstance(node, dict):
            meant = node.get("$comment", meant)
    return meant or str(error.message)


def _referred(root: Any, pointer: str) -> Any:
    found = root
    for name in pointer.removeprefix("#/").split("/"):
        found = found[name]
    return found


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
        raise InputProblem(problems[0] + more, "written_wrong", said=problems[0] + more)


def _sentence(path: Iterable[str | int], message: str) -> str:
    where = ".".join(str(step) for step in path)
    shortened = message if len(message) <= 300 else message[:297] + "..."
    return f"{where}: {shortened}" if where else shortened


@lru_cache(maxsize=64)
def _validator(schema: Path) -> Any:
    # Imported here: commands that check no shape need not pay for it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
