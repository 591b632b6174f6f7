"""Whether the ledger is all that was ever entered: one that is lost or older would let numbers out that others give away.

Three things outlive it and know better: the releases and reports that stand, and the head of its chain, which is kept with
the archive of received files whenever an issue is entered, in a file of its own and in the receipts.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from clearing_point.disclosure import Ledger
from clearing_point.errors import MachineProblem
from clearing_point.project import Project
from clearing_point.warehouse import receipts
from clearing_point.workplace import alone, write_whole


def head_file(project: Project) -> Path:
    """Return where the head of the ledger's chain is kept: beside the receipts, not beside the ledger."""
    return project.receipts.with_name("ledger-head.json")


def keep_head(project: Project) -> None:
    """Note the newest link of the ledger's chain; nothing where only a copy of the ledger was written.

    Receipts that another command is about to write, or that are damaged, get it with the next publication.
    """
    if project.ledger_folder is not None:
        return
    last = Ledger(project.ledger).records()[-1]
    said = {"records": last.sequence, "issue": last.edition, "chain": last.chain}
    write_whole(head_file(project), (json.dumps(said, ensure_ascii=False) + "\n").encode())
    if project.receipts.is_file() and receipts.kept_head(project.receipts) != said:
        with (
            suppress(MachineProblem),
            alone(project.warehouse_lock, "changing the warehouse", patience=0),
        ):
            receipts.keep_head(project.receipts, said)


def refuse_lost_ledger(project: Project) -> None:
    """Stop where something stands that the ledger does not know.

    Raises
    ------
    MachineProblem
        Naming what stands, and what to do.
    """
    ledger = Ledger(project.ledger)
    links = {record.chain for record in ledger.records()}
    editions = {issue.note.get("edition") for issue in ledger.issues()}
    unknown = []
    for manifest in sorted((project.data / "releases").glob("[0-9]*/manifest.json")):
        if _read(manifest).get("protection", {}).get("ledger") not in links:
            unknown.append(f"release {manifest.parent.name}")
    for lock in sorted((project.data / "reports").glob("[0-9]*/[0-9]*.lock.json")):
        if _read(lock).get("edition") not in editions:
            unknown.append(f"the report of {lock.parent.name}")
    heads = [
        _read(head_file(project)) if head_file(project).is_file() else {},
        receipts.kept_head(project.receipts),
    ]
    for issue in dict.fromkeys(head["issue"] for head in heads if head and head["chain"] not in links):
        unknown.append(f"the entry of {issue} that the archive remembers")
    if unknown:
        raise MachineProblem(
            f"The ledger of what is out is lost or older than what is out: it does not know {', '.join(unknown)}. Nothing "
            "was published. Put publications/ledger.csv back from the newest backup (docs/operations.md)."
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise MachineProblem(f"{path} cannot be read: put it back from the backup.") from error
    return found if isinstance(found, dict) else {}
