"""A full disk, a read-only folder, a held warehouse, a clock that goes backwards: ``python -m tests.faults.disk``.

The full disk is a small memory disk where the system lets one be mounted, and in any case a limit of the size that a
file may have (``RLIMIT_FSIZE``), tried at many sizes.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from clearing_point.project import Project
from tests.faults.place import (
    LOAD,
    Done,
    content,
    leaks,
    loose,
    preload,
    release_state,
    run,
    small_project,
    write_submission,
)

MEGABYTE = 1024 * 1024


def limited(size: int) -> Callable[[], None]:
    """Return what limits the files of a child to a size; writing more fails as on a full disk."""

    def before() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return before


@contextmanager
def memory_disk(place: Path, size: str, *options: str) -> Iterator[bool]:
    """Mount a small memory disk; says whether the system let us."""
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], check=False)


class Disk:
    """The tries and what was found wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.counted = folder, Counter[str]()
        self.project = small_project(folder)
        self.first, self.second = write_submission(folder / "a.xlsx"), write_submission(folder / "b.xlsx", 14)
        assert run(self.project, "load", str(self.first), *LOAD).code == 0
        self.before = content(self.project)

    def copy(self, data: Path | None = None) -> Project:
        place = replace(self.project, data=data or self.folder / "place")
        if data is None:
            shutil.rmtree(place.data, ignore_errors=True)
        shutil.copytree(self.project.data, place.data, dirs_exist_ok=True)
        return place

    def judge(self, what: str, place: Project, done: Done, *, states: tuple[str, ...], said: str) -> None:
        self.counted[f"{what}: tried"] += 1
        wrong = []
        if done.code == 0:
            self.counted[f"{what}: done all the same"] += 1
        elif done.code != 4 or said not in done.said or not done.one_sentence:
            wrong.append(f"{done.code} {done.said.strip()[-300:]}")
        holds = content(place)
        if done.code != 0 and holds not in states:
            wrong.append(f"holds {holds[:60]}")
        if (state := release_state(place)).startswith("stray") or ":" in state:
            wrong.append(state)
        wrong += leaks(place, [done.said]) + loose(place)
        for text in wrong:
            self.counted["wrong"] += 1
            print(f"{what}: {text}", flush=True)

    def full(self, sizes: tuple[int, ...]) -> None:
        for words in (
            ("load", str(self.second), *LOAD),
            ("rebuild",),
            ("publish", "--edition", "2022"),
            ("report", "--edition", "2022"),
        ):
            for size in sizes:
                place = self.copy()
                done = run(place, *words, before=limited(size))
                self.judge(f"disk full, {words[0]}", place, done, states=(self.before,), said="disk is full")
                again = run(place, *words)
                if again.code != 0:
                    self.counted["wrong"] += 1
                    print(f"disk full, {words[0]}: not afterwards: {again.said.strip()[-200:]}")

    def memory(self) -> None:
        used = sum(p.stat().st_size for p in self.project.data.rglob("*") if p.is_file())
        for spare in (0, MEGABYTE, 3 * MEGABYTE):
            disk = self.folder / f"memory-{spare}"
            with memory_disk(disk, str(used + spare + 200_000)) as mounted:
                if not mounted:
                    self.counted["memory disk: not to be had here"] += 1
                    return
                place = self.copy(disk)
                done = run(place, "load", str(self.second), *LOAD)
                self.judge("memory disk full, load", place, done, states=(self.before,), said="disk is full")

    def read_only(self) -> None:
        disk = self.folder / "read-only"
        with memory_disk(disk, "100m") as mounted:
            if not mounted:
                self.counted["read-only disk: not to be had here"] += 1
                return
            place = self.copy(disk)
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            for words in (("load", str(self.second), *LOAD), ("publish", "--edition", "2022"), ("rebuild",)):
                done = run(place, *words)
                self.judge("read-only folder", place, done, states=(self.before,), said="read-only")
                if done.code == 0:
                    self.counted["wrong"] += 1

    def held(self) -> None:
        place = self.copy()
        script = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(300)"
        for seconds, code in (("0.3", 4), ("30", 0)):
            holder = subprocess.Popen(
                [sys.executable, "-c", script, str(place.warehouse)], stdout=subprocess.PIPE
            )
            assert holder.stdout is not None
            holder.stdout.readline()
            try:
                if code == 0:  # let go while the other waits
                    subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {holder.pid}"])
                done = run(
                    place, "load", str(self.second), *LOAD, environment={"CLEARING_POINT_WAIT": seconds}
                )
            finally:
                holder.kill()
                holder.wait()
            self.counted["held warehouse: tried"] += 1
            named = code == 0 or f"process {holder.pid}" in done.said
            if done.code != code or not named:
                self.counted["wrong"] += 1
                print(f"held warehouse: {done.code} {done.said.strip()[-200:]}")

    def clock(self) -> None:
        # All after the period: what came before it would rightly be returned.
        place = replace(self.project, data=self.folder / "clock")
        for number, (path, epoch) in enumerate(
            ((self.first, "1900000000"), (self.second, "1700000000"), (self.first, "1800000000"))
        ):
            done = run(place, "load", str(path), *LOAD, environment={"SOURCE_DATE_EPOCH": epoch})
            other = run(
                place, "load", str(path), "--territory", "SRB", "--period", "2022",
                environment={"SOURCE_DATE_EPOCH": str(int(epoch) - 50_000_000 * number)},
            )  # fmt: skip
            assert done.code == 0, (done.said, other.said)
        before = content(place)
        done = run(place, "rebuild", environment={"SOURCE_DATE_EPOCH": "1400000000"})
        self.counted["clock backwards: tried"] += 1
        if done.code != 0 or "the same" not in done.said or content(place) != before:
            self.counted["wrong"] += 1
            print(f"clock backwards: {done.said}")
        for epoch in ("1700000000", "1300000000"):
            published = run(place, "publish", "--edition", "2022", environment={"SOURCE_DATE_EPOCH": epoch})
            self.counted["clock backwards: tried"] += 1
            if published.code != 0 or "stray" in release_state(place):
                self.counted["wrong"] += 1
                print(f"clock backwards, publish: {published.said}")


def campaign(folder: Path, sizes: tuple[int, ...]) -> Counter[str]:
    """Try everything and count."""
    disk = Disk(folder)
    disk.full(sizes)
    disk.memory()
    disk.read_only()
    disk.held()
    disk.clock()
    return disk.counted


def main() -> int:
    """Run with the number of file sizes named on the command line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    sizes = tuple(int(2000 * (12_000 ** (n / max(1, count - 1)))) for n in range(count))
    preload()
    with tempfile.TemporaryDirectory(prefix="disk-") as name:
        counted = campaign(Path(name), sizes)
    for what, number in sorted(counted.items()):
        print(f"{number:6} {what}")
    return 1 if counted["wrong"] else 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
