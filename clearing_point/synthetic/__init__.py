"""Made submissions: a population after declared assumptions, and the files its senders would write.

Nothing here is copied from records of real persons: ``schemas/synthetic.yml`` holds every assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.synthetic.known import MadeTable, submission_tables
from clearing_point.synthetic.region import MadeRegion, make_region
from clearing_point.synthetic.targets import targets_from
from clearing_point.synthetic.write import MadeFile, tables_of, write_submissions

__all__ = [
    "MadeFile",
    "MadeRegion",
    "MadeTable",
    "make_region",
    "read_settings",
    "submission_tables",
    "tables_of",
    "targets_from",
    "write_submissions",
]


def read_settings(schemas: Path) -> Mapping[str, Any]:
    """Read ``synthetic.yml``, the assumptions behind synthetic data.

    Raises
    ------
    InputProblem
        If it cannot be read or is not of its shape; says file and line.
    """
    settings: Mapping[str, Any] = read_shaped_yaml(
        schemas / "synthetic.yml", schemas / "meta" / "synthetic.schema.json"
    )
    return settings
