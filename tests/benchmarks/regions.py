"""Regions of any size for benchmarks: the persons of a finished demonstration, repeated under numbers of their own."""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from tests.conftest import ROOT
from tests.unpublished import forget_what_is_out

DEMO = ROOT / "data" / "demo"
_SHARED = ("organisation",)
"""Tables that all repetitions have in common."""


def demo_data() -> Path:
    """Return the data folder of the demonstration, or end with a sentence that says how to make one."""
    if not (DEMO / "warehouse").is_dir():
        sys.exit("Run `make demo` first: this benchmark works on the data of it.")
    return DEMO


def copied(folder: Path, data: Path) -> Project:
    """Return a project of its own over a copy of the archive and warehouse of a data folder."""
    root = folder / "project"
    root.mkdir()
    for part in ("schemas", "pipelines"):
        (root / part).symlink_to(ROOT / part)
    shutil.copytree(ROOT / "reports", root / "reports")
    for part in ("archive", "warehouse"):
        shutil.copytree(data / part, folder / "data" / part)
    place = Project(root=root, data=folder / "data")
    forget_what_is_out(place)
    return place


def repeat(project: Project, standard: Standard, times: int) -> int:
    """Let every person of the warehouse stand so many times, with all her rows; return the number of persons.

    Links within a repetition stay links: tokens are repeated under other names, too.
    """
    tables = [t for t in standard.tables_of_kind("case") if t.name not in _SHARED]
    keys = {
        key
        for table in tables
        for key in table.primary_key
        if table.by_name[key].type == "string" and not table.by_name[key].is_coded
    }
    with opened(project.warehouse) as connection:
        for table in tables if times > 1 else ():
            names = [
                row[1] for row in connection.execute(f"PRAGMA table_info('core.{table.name}')").fetchall()
            ]
            renamed = [n for n in names if n in keys or n == "person_id" or n.startswith("linkage_token")]
            replaced = ", ".join(f'"{name}" || \'-\' || k AS "{name}"' for name in renamed)
            connection.execute(
                f'INSERT INTO core."{table.name}" BY NAME SELECT * EXCLUDE (k) REPLACE ({replaced}, '
                f'source_row + 10000000 * k AS source_row) FROM core."{table.name}", range(1, {times}) AS r(k)'
            )
        return int(connection.execute("SELECT count(*) FROM core.person").fetchone()[0])


def processor_seconds() -> float:
    """Seconds of processor that this process and those it started have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_mebibytes() -> int:
    """Most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
