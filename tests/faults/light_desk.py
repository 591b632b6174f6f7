"""The desk with jobs that take no library: what a killed server, stem or job leaves is the same, and a round takes a second.

``python -m tests.faults.light_desk PORT DATA`` serves it. A job reads the file, puts a planted row into a work folder,
takes its time, and leaves findings; a load enters the file's hash into a ledger as the warehouse would: once.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clearing_point.desk.bound import hash_of_bound
from clearing_point.project import Project
from clearing_point.workplace import alone, drop_work, work_folder, write_whole
from tests.conftest import ROOT

PLANTED = "qplantrowq"
LEDGER = "ledger.json"
NONE = {"must_fix": 0, "confirm": 0, "note": 0, "information": 0}


def run(task: dict[str, Any], tell: Callable[[str], None]) -> Any:
    """Do one job of the light desk."""
    data = Path(task["data"])
    if task["kind"] == "overview":
        return []
    one = task["file"]
    content = (Path(task["folder"]) / f"original{one['ending']}").read_bytes()
    bound = {"file": hashlib.sha256(content).hexdigest(), "answers": None, "standard": "s", "profile": "p"}
    (data / "work").mkdir(exist_ok=True)
    place = work_folder(data / "work", "submission-")
    try:
        (place / "rows").write_text(PLANTED)
        for stage in ("reading", "checking", "comparing"):
            tell(stage)
            time.sleep(random.uniform(0.02, 0.25))  # noqa: S311 - no secret
        if task["kind"] == "load":
            return _load(data, one, bound)
        facts = {"submission_id": "x", "places": [], "missed": [], "balance": []}
        told = {"facts": facts, "reading": "", "remarks": [], "stops": [], "replaces": None, "changes": None}
        write_whole(Path(task["folder"]) / "findings.json", json.dumps(told).encode())
    finally:
        drop_work(place)
    return {
        "refused": False, "accepted": True, "decision": "accepted", "counts": NONE, "rows": {}, "unchanged": False,
        "asks_reason": False, "busy": False, "marked": None, "answers_sha256": None, "bound": bound,
    }  # fmt: skip


def _load(data: Path, one: dict[str, Any], bound: dict[str, Any]) -> dict[str, Any]:
    if hash_of_bound(bound) != one["approved_sha256"]:
        return {"changed": True}
    with alone(data / ".ledger.lock", "loading"):
        path = data / LEDGER
        stored = json.loads(path.read_text()) if path.is_file() else []
        if bound["file"] not in stored:
            write_whole(path, json.dumps([*stored, bound["file"]]).encode())
        time.sleep(random.uniform(0, 0.1))  # noqa: S311
    return {
        "accepted": True,
        "decision": "accepted",
        "counts": NONE,
        "submission": f"s-{one['id']}",
        "replaced": None,
        "unchanged": False,
    }


def main(port: int, data: Path) -> None:
    from clearing_point.desk.server import Place, opened_desk, serve

    place = Place(port)
    desk = opened_desk(Project(root=ROOT, data=data), place)
    serve(
        desk,
        place,
        run="tests.faults.light_desk:run",
        preload=("clearing_point.desk.lifeline", "clearing_point.desk.stem"),
        workers=2,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
