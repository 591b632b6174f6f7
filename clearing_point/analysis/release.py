"""A release: the protected tables of one edition as files that anybody may have.

Written beside its place and renamed, so that an open release keeps working and none is ever half there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point.analysis.missing import MISSING, missing_cells
from clearing_point.analysis.model import PublishedTable
from clearing_point.analysis.release_database import DATABASE, labels_of, write_database
from clearing_point.analysis.release_metadata import (
    CODELISTS,
    REVISIONS,
    catalogue,
    citation,
    codelists_csv,
    data_package,
    revisions_csv,
)
from clearing_point.analysis.revisions import Revision, compare
from clearing_point.disclosure.model import Cell, Protected
from clearing_point.errors import InternalError
from clearing_point.project import Project
from clearing_point.standard.model import Standard
from clearing_point.workplace import drop_work, exchange, work_folder


def write_release(
    project: Project,
    standard: Standard,
    edition: int,
    title: str,
    tables: Sequence[PublishedTable],
    manifest: Mapping[str, Any],
    extra: Mapping[str, str],
    place: Path,
    described: Sequence[Mapping[str, Any]] = (),
    about: Mapping[str, str] | None = None,
) -> Path:
    """Write the release of an edition and put it in a place, which is that of the one before when it is published.

    Parameters
    ----------
    tables : sequence of PublishedTable
        Only protected tables; anything else is refused.
    manifest : mapping
        What it was made of: submissions, hashes, versions.
    extra : mapping of str to str
        Further text files by name, such as certificates.
    place : Path
        The folder that it is to have.
    described : sequence of mapping
        Resources of the Data Package for those of the further files that are data.
    about : mapping
        What the edition says of itself: ``contact``, ``base_address``.

    Returns
    -------
    Path
        The folder of the release.

    Raises
    ------
    InternalError
        If a table did not come through the disclosure gate.
    """
    for table in tables:
        if not isinstance(table.protected, Protected):
            raise InternalError(f"{table.indicator.indicator_id} has not passed the disclosure gate.")
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = work_folder(project.work, f"release-{edition}-") / str(edition)
    folder.mkdir()
    try:
        data = folder / "data"
        data.mkdir()
        for table in tables:
            missing = missing_cells(table)
            _write(
                data / f"{table.indicator.indicator_id}.csv", long_csv(table.protected, table.values, missing)
            )
        _write(folder / "definitions.json", _json([_definition(t) for t in tables]))
        release_id = f"{edition}-{_content_hash(folder)[:12]}"
        _write(folder / "manifest.json", _json({"release": release_id, **manifest}))
        package = data_package(edition, title, release_id, tables, manifest, described)
        _write(folder / "datapackage.json", _json(package))
        _write(folder / CODELISTS, codelists_csv(labels_of(tables, standard)))
        _write(folder / "catalogue.jsonld", catalogue(edition, title, release_id, manifest, tables, about))
        _write(folder / "CITATION.cff", citation(title, release_id, manifest))
        revised = _revised(project, folder, {"release": release_id, **manifest})
        _write(folder / REVISIONS, revisions_csv(revised))
        write_database(folder, tables, manifest, standard, release_id, revised)
        for name, text in extra.items():
            _write(folder / name, text)
        _write(folder / "SHA256SUMS", checksums(folder))
        return put_in_place(folder, place)
    finally:
        drop_work(folder.parent)


def _revised(project: Project, folder: Path, manifest: Mapping[str, Any]) -> list[tuple[int, Revision]]:
    """Compare what is shown with what earlier editions show: printed numbers only, on both sides."""
    found = []
    for path in sorted(project.releases.glob("[0-9]*/manifest.json")):
        if int(path.parent.name) < manifest["edition"]:
            earlier = json.loads(path.read_text(encoding="utf-8"))
            moved = compare(path.parent, folder, earlier, manifest).moved
            found += [(earlier["edition"], r) for r in moved if r.before is not None and r.now is not None]
    return found


def put_in_place(folder: Path, target: Path) -> Path:
    """Put a finished folder in its place in one step; the one before is removed only after that."""
    if target.exists():
        exchange(folder, target)
        shutil.rmtree(folder, ignore_errors=True)
    else:
        os.rename(folder, target)
    return target


def long_csv(
    table: Protected,
    values: Mapping[Cell, float | None] | None = None,
    missing: Collection[Cell] = (),
) -> str:
    """Return a protected table as a long CSV: one row a cell, an empty value where it is hidden or missing.

    An indicator with a measure has a further column for it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measured = [] if values is None else ["measure"]
    writer.writerow([*(d.variable for d in table.dimensions), "value", "protection", *measured])
    for cell, shown in table.cells.items():
        number = "" if shown.shown is None else shown.shown
        row = [*cell, "", MISSING] if cell in missing else [*cell, number, shown.status]
        if values is not None:
            value = values.get(cell)
            row.append("" if value is None or cell in missing else repr(value))
        writer.writerow(row)
    return text.getvalue()


def _definition(table: PublishedTable) -> dict[str, Any]:
    indicator = table.indicator
    return {
        "id": indicator.indicator_id,
        "title": dict(indicator.title),
        "definition": dict(indicator.definition),
        "population": {"name": table.population.name, "definition": dict(table.population.definition)},
        "where": indicator.where,
        "dimensions": {
            d.variable: {c.code: sorted(c.members) for c in d.categories} for d in table.protected.dimensions
        },
        "measure": None
        if indicator.measure is None
        else {
            "kind": indicator.measure.kind,
            "label": dict(indicator.measure.label),
            "scale": indicator.measure.scale,
        },
        "withheld": table.protected.reason or None,
        "sign_of_hidden_cells": table.protected.sign,
        "profile": table.protected.profile,
        "made_data": table.made_data,
        "submissions": list(table.submissions),
        "query": table.query,
        "notes": [*(note.said() for note in table.notes), *(c["en"] for c in indicator.caveats)],
        "cost_of_protection": dict(table.cost),
    }


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False, default=str) + "\n"


def _content_hash(folder: Path) -> str:
    """Hash what a release says: tables and definitions. It is the release's number."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def checksums(folder: Path) -> str:
    """Return the checksums of all files but the database, whose bytes DuckDB does not repeat."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != DATABASE):
        lines.append(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        )
    return "".join(lines)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
