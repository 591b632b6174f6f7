"""Receipts beside the archive: what came, when, under which profile, and what was done with it.

The warehouse can be made anew from the originals only by somebody who knows which file came as whose, for
which period and in which order. That stands in the warehouse, and here once more for the day on which the
warehouse is damaged: receipts, events, and the findings (places, never values) of what was refused or deleted. The newest
link of the ledger of publications stands with them, so that everything that is out cannot be lost without a trace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem, MachineProblem
from clearing_point.workplace import write_whole

_HEAD = "publication.head"


def keep_receipts(
    connection: Any, path: Path, quality: Sequence[str], without_original: Sequence[str]
) -> bytes | None:
    """Write the receipts of a warehouse; return the bytes that stood there before.

    Parameters
    ----------
    quality : sequence of str
        Tables of schema ``quality``.
    without_original : sequence of str
        States of submissions that cannot be read again; their rows of those tables are kept here.

    Raises
    ------
    MachineProblem
        If the receipts that stand name a file or something done that this warehouse does not know: it is older than they
        are, and written over them that would be forgotten. Or if they are damaged: nobody knows then what they name.
    """
    document: dict[str, Any] = {
        "raw.submission": _rows(connection, "SELECT * FROM raw.submission ORDER BY rowid"),
        "raw.event": _rows(connection, "SELECT * FROM raw.event ORDER BY rowid"),
    }
    for name in quality:
        document[f"quality.{name}"] = _rows(
            connection,
            f"SELECT q.* FROM quality.{name} AS q JOIN raw.submission AS s USING (submission_id) "
            f"WHERE s.status IN ({', '.join('?' * len(without_original))}) ORDER BY q.rowid",
            without_original,
        )
    before = path.read_bytes() if path.is_file() else None
    if before is not None:
        kept = read_receipts(path)
        _refuse_forgetting(kept, document)
        if _HEAD in kept:
            document[_HEAD] = kept[_HEAD]
    _write(path, document)
    return before


def kept_head(path: Path) -> dict[str, Any]:
    """Return what receipts know of the newest link of the ledger; nothing where they are missing, damaged or know none."""
    try:
        told = read_receipts(path).get(_HEAD)
    except MachineProblem:
        return {}
    return dict(told["head"]) if told else {}


def keep_head(path: Path, head: dict[str, Any]) -> None:
    """Note the newest link of the ledger in receipts; whoever calls holds the warehouse's lock."""
    # As a table without rows: an earlier version, to which there is a way back, enters every table into its warehouse.
    _write(path, {**read_receipts(path), _HEAD: {"columns": [], "rows": [], "head": head}})


def _write(path: Path, document: dict[str, Any]) -> None:
    body = json.dumps(document, ensure_ascii=False, indent=0, default=str)
    write_whole(path, f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}\n".encode())


def files_and_deeds(document: dict[str, Any]) -> tuple[set[tuple[str, str]], int]:
    """Return submission and hash of every file that receipts name, and how many things were done to submissions."""
    told = document["raw.submission"]
    name, sha256 = (told["columns"].index(column) for column in ("submission_id", "file_sha256"))
    return {(row[name], row[sha256]) for row in told["rows"]}, len(document["raw.event"]["rows"])


def nothing_loaded(receipts: Path) -> InputProblem:
    """Return why there is no warehouse: nothing came yet, or it is lost and what it was made of is there."""
    if receipts.is_file():
        return MachineProblem(
            "The warehouse is not there, and the archive holds what it was made of: run `clearing-point rebuild` first.",
            "warehouse_behind",
        )
    return InputProblem(
        "Nothing has been loaded yet: `clearing-point load FILE ...` first.", "nothing_loaded"
    )


def _refuse_forgetting(kept: dict[str, Any], document: dict[str, Any]) -> None:
    files, deeds = files_and_deeds(kept)
    now_files, now_deeds = files_and_deeds(document)
    lost = sorted({name for name, _ in files - now_files})
    if lost or deeds > now_deeds:
        named = ", ".join(lost[:3]) + (f" (+{len(lost) - 3})" if len(lost) > 3 else "")
        raise MachineProblem(
            f"The archive holds what the warehouse lacks ({named or 'a withdrawal or deletion'}): nothing was stored. Run "
            "`clearing-point rebuild` first.",
            "warehouse_behind",
        )


def put_back(path: Path, before: bytes | None) -> None:
    """Undo :func:`keep_receipts`."""
    if before is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, before)


def read_receipts(path: Path) -> dict[str, dict[str, Any]]:
    """Return table -> ``columns`` and ``rows`` of the kept receipts.

    Raises
    ------
    MachineProblem
        If they are missing or damaged.
    """
    if not path.is_file():
        raise MachineProblem(
            f"The warehouse cannot be read, and {path.name} is not in the archive: restore the archive from the backup.",
            "archive_missing",
            file=path.name,
        )
    head, _, body = path.read_bytes().partition(b"\n")
    body = body.removesuffix(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != head:
        raise MachineProblem(
            f"The archived file {path.name} is damaged: restore it from the backup.",
            "archive_damaged",
            file=path.name,
        )
    document: dict[str, dict[str, Any]] = json.loads(body)
    return document


def enter_receipts(connection: Any, receipts: dict[str, dict[str, Any]]) -> None:
    """Put kept receipts into an empty warehouse."""
    connection.execute("BEGIN TRANSACTION")
    for table, content in receipts.items():
        columns = ", ".join(f'"{name}"' for name in content["columns"])
        if content["rows"]:
            connection.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(content['columns']))})",
                content["rows"],
            )
    connection.execute("COMMIT")


def _rows(connection: Any, query: str, values: Sequence[Any] = ()) -> dict[str, Any]:
    cursor = connection.execute(query, list(values))
    return {"columns": [c[0] for c in cursor.description], "rows": [list(row) for row in cursor.fetchall()]}
