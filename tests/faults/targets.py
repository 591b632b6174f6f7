"""What is fuzzed: functions that take bytes or text of a stranger and must return, or raise InputProblem.

Used by structure (``tests.faults.fuzz``, hypothesis) and by coverage (``tests.faults.fuzz_coverage``, atheris).
"""

from __future__ import annotations

import contextlib
import tempfile
from functools import lru_cache
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.intake.encodings import Expected
from clearing_point.intake.expected import expected_of
from clearing_point.intake.package import look_over
from clearing_point.intake.read import SCHEMA, ReceivedFile, read_file
from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.allowed import one_query
from clearing_point.standard.expressions import qualified
from clearing_point.standard.files import lines_of_yaml, read_csv, read_yaml

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 20.0
"""Seconds that one input may take on a busy machine."""


@lru_cache(maxsize=1)
def standard() -> Standard:
    """The real standard, read once."""
    return load_standard(ROOT / "schemas")


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-")


def _written(name: str, data: bytes) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(data)
    return path


@lru_cache(maxsize=1)
def _expected() -> Expected:
    from clearing_point.countries import profile_of_territory

    project = Project(root=ROOT, data=Path(_folder().name))
    return expected_of(profile_of_territory(project, "ALB"), standard())


def yaml_text(data: bytes) -> None:
    """The YAML loader and its line finder."""
    path = _written("a.yml", data)
    with contextlib.suppress(InputProblem):
        read_yaml(path)
    lines_of_yaml(path)


def project_csv(data: bytes) -> None:
    """The reader of CSV files of the project."""
    with contextlib.suppress(InputProblem):
        read_csv(_written("a.csv", data))


def received_csv(data: bytes) -> None:
    """The reader of received CSV files: the encoding is found, and the text read."""
    path = _written("b.csv", data)
    for expected in (None, _expected()):
        with contextlib.suppress(InputProblem):
            read_file(path, expected=expected)


def received_packed(data: bytes) -> None:
    """The same, of a compressed file."""
    with contextlib.suppress(InputProblem):
        read_file(_written("c.csv.gz", data))


def package(data: bytes) -> None:
    """The look over a workbook's package, before any parser."""
    with contextlib.suppress(InputProblem):
        look_over(_written("d.xlsx", data))


def workbook(data: bytes) -> None:
    """The whole reading of a workbook, with the parser in its own process."""
    with contextlib.suppress(InputProblem):
        read_file(_written("e.xlsx", data))


def expression(data: bytes) -> None:
    """An SQL expression of a rule, and a query of a population."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(InputProblem):
        qualified(text, standard().tables["person"], standard())
    with contextlib.suppress(InputProblem):
        one_query(text, "Population x")


TARGETS = {
    f.__name__: f
    for f in (yaml_text, project_csv, received_csv, received_packed, package, workbook, expression)
}


def cells(sheets: dict[str, list[list[str | None]]]) -> dict[str, int]:
    """Receive, normalise and check a submission of these cells, as ``check`` does but without Great Expectations."""
    import pyarrow as pa

    from clearing_point.countries import profile_of_territory, regional_profile, regional_sheets
    from clearing_point.intake.receive import receive
    from clearing_point.quality.evaluate import evaluate
    from clearing_point.standard.expressions import create_known_views

    project = Project(root=ROOT, data=Path(_folder().name) / "data")
    rows = [
        {"sheet": name, "source_row": number, "cells": row, "kinds": "t" * len(row), "hidden": False}
        for name, content in sheets.items()
        for number, row in enumerate(content, start=1)
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    path = _written("f.xlsx", b"made")
    received = ReceivedFile("f.xlsx", "0" * 64, 1, tuple(sheets), table)
    try:
        profile = profile_of_territory(project, "ALB")
        found = regional_sheets(table, standard())
        profile = regional_profile(standard(), profile, found)
        receipt = receive(project, standard(), path, profile, "2022", received=received)
    except InputProblem:
        return {}
    try:
        with receipt.workspace.opened() as connection:
            create_known_views(
                connection, standard(), {t.name: f'staged."{t.name}"' for t in standard().tables.values()}
            )
            evaluate(connection, receipt.submission_id, standard())
        return dict(receipt.rows)
    finally:
        receipt.workspace.drop()
