"""What an edition was made of: submissions, standard, profiles, decisions, packages; and the hashes of what came out.

The lock stands in the folder of the report, ``<year>.lock.json``. It holds no time of day and no value of a person.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clearing_point import __version__
from clearing_point.errors import InputProblem
from clearing_point.project import Project, hash_of_folder
from clearing_point.publication.release import Release, linkage_hash
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.events import releases_in_force

# Packages whose version can change a byte of a report.
_PACKAGES = (
    "babel",
    "duckdb",
    "highspy",
    "Jinja2",
    "matplotlib",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "splink",
    "typst",
    "xlsxwriter",
)


def lock_name(year: int) -> str:
    """Return the file name of an edition's lock."""
    return f"{year}.lock.json"


def read_lock(folder: Path, year: int) -> dict[str, Any]:
    """Read the lock of a built report.

    Raises
    ------
    InputProblem
        If there is none, or it is not readable.
    """
    path = folder / lock_name(year)
    if not path.is_file():
        raise InputProblem(
            f"{path} is missing: build it first with `clearing-point report --edition {year}`."
        )
    try:
        lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputProblem(f"{path} is damaged: build the edition again.") from error
    return lock


def inputs_of(
    project: Project,
    standard: Standard,
    release: Release,
    submissions: Sequence[Mapping[str, Any]],
    against: Mapping[str, str] | None,
    published: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Describe everything that the report of a release is a function of.

    Parameters
    ----------
    against : mapping or None
        ``folder`` (beside the report) and ``lock_sha256`` of the report that revisions are told against.
    published : sequence of mappings
        National totals that others print, as :func:`clearing_point.report.context.published_figures` returns them: the next
        report tells which of them moved.
    """
    return {
        "edition": release.edition.year,
        "languages": list(release.edition.languages),
        "data_as_of": release.data_as_of,
        "submissions": [dict(row) for row in submissions],
        "standard": {"version": standard.version, "sha256": standard.sha256},
        "edition_file_sha256": _hash(project.editions / f"{release.edition.year}.yml"),
        "edition_texts_sha256": _hash_of_texts(project.editions / str(release.edition.year)),
        "reports_sha256": hash_of_folder(project.reports, leave_out=("editions",)),
        "profiles_sha256": hash_of_folder(project.countries),
        "linkage_sha256": linkage_hash(project),
        "published_figures": [dict(row) for row in published],
        "revisions_against": dict(against) if against else None,
        "packages": {"clearing-point": __version__, "python": platform.python_version(), **versions()},
    }


def submissions_of(
    project: Project, counted: Collection[str], cut_off: str | None, known: Collection[str] | None
) -> list[dict[str, Any]]:
    """Describe the submissions that an edition knows: those it counts, returned ones, reference data.

    One a series: the counted one, else the newest accepted, else the newest of those received by the cut-off day. Of public
    data the newest release, whenever it came, and of an earlier one no part.

    Parameters
    ----------
    known : collection of str or None
        Exactly these: those of a lock.
    """
    received = "($day::DATE IS NULL OR received_at < $day::DATE + 1)"
    in_force = releases_in_force("warehouse.raw.submission", received)
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        rows: list[dict[str, Any]] = (
            connection.execute(
                "SELECT submission_id AS submission, series, territory, sender, year(period_start)::INTEGER AS first_year, "
                "year(period_end)::INTEGER AS last_year, version_number AS version, file_sha256, profile, profile_sha256, "
                "standard_sha256, made_data, use, received_at::DATE::VARCHAR AS received, d.decision, "
                "coalesce(d.errors, 0) AS errors, coalesce(d.warnings, 0) AS warnings, "
                "list_contains($counted, submission_id) AS counted, CASE WHEN status IN ('ACCEPTED', 'REPLACED') "
                "THEN 'accepted' ELSE 'returned' END AS state FROM warehouse.raw.submission "
                "LEFT JOIN warehouse.quality.decision AS d USING (submission_id) "
                f"WHERE {received} AND ($all OR list_contains($known, submission_id)) "
                "QUALIFY row_number() OVER (PARTITION BY series ORDER BY counted DESC, state, released DESC NULLS LAST, "
                "version_number DESC) = 1 "
                f"AND (NOT $all OR use <> 'reference' OR state <> 'accepted' OR submission_id IN ({in_force})) "
                "ORDER BY submission_id",
                {"counted": list(counted), "day": cut_off, "all": known is None, "known": list(known or ())},
            )
            .to_arrow_table()
            .to_pylist()
        )
    finally:
        connection.close()
    return rows


def lock_text(inputs: Mapping[str, Any], release_number: str, files: Mapping[str, str]) -> str:
    """Return the text of a lock: number of the release, inputs, and the hash of every file made of them."""
    document = {"release": release_number, **inputs, "files": dict(sorted(files.items()))}
    return json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n"


def hashes_of(folder: Path, leave_out: Sequence[str] = ()) -> dict[str, str]:
    """Return path and SHA-256 of every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): _hash(path)
        for path in sorted(p for p in folder.rglob("*") if p.is_file())
        if path.relative_to(folder).as_posix() not in leave_out
    }


def _hash_of_texts(folder: Path) -> str | None:
    """Hash what the editor wrote for an edition; None where nothing is written."""
    return hash_of_folder(folder) if folder.is_dir() else None


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Return the installed version of every package that can change a byte of a report; empty where it is missing."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found
