"""The round on a running desk, measured: ``python -m tests.desk.round DATA`` (a data folder with a demonstration).

A made submission is sent, checked, sent on, approved and loaded as a person with a browser would; prints bytes, answers,
and the processor time of its check beside that of ``clearing-point check`` of the same file in the same minute.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.conftest import ROOT
from tests.desk.running import RunningDesk

REPEATED = 3
"""Checks both ways; the middle one is printed."""


def measured(demo: Path, folder: Path) -> dict[str, float]:
    """Play the round with the first workbook of the demonstration; returns figures."""
    source = sorted((demo / "submissions").glob("*.xlsx"))[-1]
    territory, period = source.stem.split("-")[1], source.stem.split("-")[2]
    data = Path(shutil.copytree(demo, folder / "data", ignore=shutil.ignore_patterns("desk")))
    desk = RunningDesk(data)
    desk.make(
        {"officer": ("officer", territory, "sq"), "approver": ("approver", territory, "sq")},
        {territory: (period,)},
    )
    command = [
        *(
            sys.executable,
            "-m",
            "clearing_point.cli",
            "check",
            str(source),
            "--territory",
            territory,
            "--period",
            period,
        ),
        *(
            "--project",
            str(ROOT),
            "--data",
            str(data),
            "--lang",
            "sq",
            "--marked",
            str(folder / "marked.xlsx"),
        ),
    ]
    subprocess.run(
        command, capture_output=True, check=True, cwd=ROOT
    )  # what is kept prepared is there for both
    ratios = []
    desk.start()
    try:
        officer, approver = desk.visitor("officer"), desk.visitor("approver")
        assert desk.process is not None
        web = psutil.Process(desk.process.pid)
        for _ in range(REPEATED):
            before = _cpu_of_children()
            subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
            alone = _cpu_of_children() - before
            sent = officer.upload(source, territory, period)
            address = sent.headers["location"]
            assert officer.until(address, ("checked", "refused", "failed"), 300) == "checked"
            job = _last_job(data)
            ratios.append((job[0] / alone, job[0], alone, job[1] / 1024))
        stem = max((p.memory_info().rss for p in web.children(recursive=True)), default=0) / 2**20
        served = web.memory_info().rss / 2**20
        officer.bytes = officer.answers = 0
        page = officer.get(address)
        book = officer.get(f"{address}/marked")
        asks = 'id="reason-send"' in page.text
        assert (
            officer.deed(
                address, "send", **({"reason": "A round that is measured."} if asks else {})
            ).status_code
            == 303
        )
        assert approver.deed(address, "approve", what=approver.what(address)).status_code == 303
        ended = approver.until(address, ("loaded", "returned", "checked"), 300)
        approver.get(f"{address}/receipt")
    finally:
        desk.stop()
    ratios.sort()
    ratio, desk_cpu, command_cpu, memory = ratios[len(ratios) // 2]
    return {
        "file_bytes": source.stat().st_size, "check_cpu_desk_s": desk_cpu, "check_cpu_command_s": command_cpu,
        "check_cpu_ratio": ratio, "own_memory_of_a_check_MiB": memory, "stem_MiB": stem,
        "web_process_MiB": served, "page_bytes": len(page.content), "marked_workbook_bytes": len(book.content),
        "round_bytes_without_workbook": officer.bytes + approver.bytes - len(book.content), "loaded": float(ended == "loaded"),
    }  # fmt: skip


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _last_job(data: Path) -> tuple[float, int]:
    with sqlite3.connect(data / "desk" / "desk.sqlite", timeout=30) as connection:
        found: tuple[float, int] = connection.execute(
            "SELECT cpu, memory_kib FROM job WHERE kind = 'check' AND cpu IS NOT NULL ORDER BY id DESC LIMIT 1"
        ).fetchone()
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="round-") as place:
        for name, figure in measured(Path(sys.argv[1]), Path(place)).items():
            print(f"{name}: {figure:,.2f}")
