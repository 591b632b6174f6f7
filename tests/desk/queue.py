"""Many uploads at once, the server killed in their midst: ``python -m tests.desk.queue [NUMBER]``.

Prints the longest answer, the processor time of the server for taking them, the overview's answers while jobs run, and
how many files were lost, checked twice or left behind. The jobs are those of :mod:`tests.faults.light_desk`.
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from clearing_point.standard import load_standard
from tests.conftest import ROOT
from tests.faults.kill_desk import LightDesk

_PERIOD = "2024"
_BYTES = 640_000
_AT_ONCE = 50


def play(number: int, folder: Path) -> dict[str, float]:
    """Send files, kill the server when half of them are answered, wait for all; returns figures. Raises if one is lost."""
    territories = load_standard(ROOT / "schemas").reporting_territories
    desk = LightDesk(folder / "data")
    people = {f"officer-{t.lower()}": ("officer", t, "en") for t in territories}
    desk.make(people, dict.fromkeys(territories, (_PERIOD,)))
    desk.start()
    files = []
    for count in range(number):
        path = folder / f"{count}.csv"
        path.write_bytes(f"number {count}\n".encode() + b"x" * _BYTES)
        files.append(path)
    visitors = {t: desk.visitor(f"officer-{t.lower()}") for t in territories}
    assert desk.process is not None
    server = psutil.Process(desk.process.pid)
    before = sum(server.cpu_times()[:2])
    answers: dict[Path, tuple[int, str, float]] = {}

    def send(count: int) -> None:
        territory = territories[count % len(territories)]
        began = time.monotonic()
        try:
            answer = visitors[territory].upload(files[count], territory, _PERIOD)
            answers[files[count]] = (
                answer.status_code,
                answer.headers.get("location", ""),
                time.monotonic() - began,
            )
        except httpx.TransportError:
            answers[files[count]] = (0, "", time.monotonic() - began)

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(send, range(number)))
        taking = sum(server.cpu_times()[:2]) - before
        overview = []
        for _ in range(40):
            began = time.monotonic()
            assert visitors[territories[0]].get("/").status_code == 200
            overview.append((time.monotonic() - began) * 1000)
        desk.kill()
        desk.start()
        taken = {path: address for path, (status, address, _) in answers.items() if status == 303}
        for count, path in enumerate(files):
            if path in taken:
                visitors[territories[count % len(territories)]].until(taken[path], ("checked",), 600)
                original = desk.data / "desk" / "files" / taken[path].rpartition("/")[2] / "original.csv"
                assert _hash(original) == _hash(path), f"{path.name} is not whole"
        with sqlite3.connect(desk.data / "desk" / "desk.sqlite", timeout=30) as connection:
            states = dict(connection.execute("SELECT state, count(*) FROM file GROUP BY 1").fetchall())
        assert states == {"checked": len(taken)}
        assert not [p for p in (desk.data / "work").iterdir() if p.is_dir()]
    finally:
        desk.stop()
    overview.sort()
    return {
        "sent": number, "taken": len(taken), "lost": 0, "longest_answer_s": max(a[2] for a in answers.values()),
        "server_cpu_of_taking_s": taking, "overview_median_ms": statistics.median(overview),
        "overview_p95_ms": overview[int(0.95 * len(overview))],
    }  # fmt: skip


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="queue-") as place:
        for name, figure in play(int(sys.argv[1]) if len(sys.argv) > 1 else 200, Path(place)).items():
            print(f"{name}: {figure:.2f}" if isinstance(figure, float) else f"{name}: {figure}")
