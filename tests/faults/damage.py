"""Bytes turned in the warehouse, its log and the archive: ``python -m tests.faults.damage ROUNDS [SEED]``.

Each round turns bytes at one random place of a copy and runs ``rebuild``, which reads everything first. Damage must
be noticed (a sentence that names ``rebuild``, or the rebuild saying that the warehouse could not be read) or lie where
nothing is stored; the rebuilt warehouse must have the content hash of the one that was damaged.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from clearing_point.project import Project
from tests.faults.place import content, leaks, preload, run, small_project, write_submission


def prepared(folder: Path, *, short: bool = False) -> tuple[Project, str]:
    """Make a warehouse of an accepted, a replaced, a returned and a refused submission; return its content hash.

    For the ordinary tests none is replaced: every rebuild judges one less.
    """
    project = small_project(folder)
    first, second = write_submission(folder / "a.xlsx"), write_submission(folder / "b.xlsx", 14)
    broken = write_submission(folder / "c.xlsx", 5, broken=True)
    refused = folder / "d.csv"
    refused.write_text("name,surname,date of birth\nx,y,z\n", encoding="utf-8")
    for path, period, code in (
        (first, "2022", 0),
        *([] if short else [(second, "2022", 0)]),
        (broken, "2021", 1),
        (refused, "2020", 1),
    ):
        done = run(project, "load", str(path), "--territory", "ALB", "--period", period)
        assert done.code == code, done.said
    return project, content(project)


def turn(path: Path, place: int, length: int) -> None:
    """Turn some bytes of a file."""
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[place : place + length] = bytes(b ^ 0xFF for b in data[place : place + length])
    path.write_bytes(data)


def campaign(folder: Path, project: Project, whole: str, rounds: int, seed: int) -> Counter[str]:
    """Damage, look, rebuild, compare; count."""
    drawn = random.Random(seed)  # noqa: S311 - places, not keys
    counted: Counter[str] = Counter()
    size = project.warehouse.stat().st_size
    for number in range(rounds):
        place = replace(project, data=folder / "damaged")
        shutil.rmtree(place.data, ignore_errors=True)
        shutil.copytree(project.data, place.data)
        at = drawn.choice((drawn.randrange(size), drawn.randrange(12288)))
        turn(place.warehouse, at, drawn.choice((1, 8, 512)))
        said = []
        before = content(place)
        noticed = before != whole
        if noticed and before.isalnum() and len(before) == 64:
            counted["wrong"] += 1
            print(f"round {number}: byte {at}: another content and no complaint")
        if noticed:
            counted["noticed"] += 1
            status = run(place, "status")
            said.append(status.said)
            if status.code not in (0, 4) or (status.code == 4 and "rebuild" not in status.said):
                counted["wrong"] += 1
                print(f"round {number}: byte {at}: {status.code} {status.said.strip()[-200:]}")
        else:
            counted["where nothing is stored"] += 1
        done = run(place, "rebuild")
        said.append(done.said)
        if done.code != 0 or content(place) != whole:
            counted["wrong"] += 1
            print(f"round {number}: byte {at}: not rebuilt: {done.code} {done.said.strip()[-200:]}")
        elif noticed:
            counted["recovered"] += 1
        for leak in leaks(place, said):
            counted["wrong"] += 1
            print(f"round {number}: planted value: {leak}")
    return counted


def others(folder: Path, project: Project, whole: str) -> list[str]:
    """Damage what the warehouse is rebuilt from; return what was not noticed and named."""
    wrong = []

    def copy() -> Project:
        place = replace(project, data=folder / "other")
        shutil.rmtree(place.data, ignore_errors=True)
        shutil.copytree(project.data, place.data)
        return place

    originals = [p for p in project.archive.rglob("*") if p.is_file() and p != project.receipts]
    for original in originals:
        place = copy()
        damaged = place.archive / original.relative_to(project.archive)
        turn(damaged, damaged.stat().st_size // 2, 1)
        done = run(place, "rebuild")
        if done.code != 4 or original.name[:12] not in done.said or content(place) != whole:
            wrong.append(f"damaged original: {done.said}")
    place = copy()
    (place.archive / originals[0].relative_to(project.archive)).unlink()
    done = run(place, "rebuild")
    if done.code != 4 or originals[0].name[:12] not in done.said or content(place) != whole:
        wrong.append(f"lost original: {done.said}")
    place = copy()
    turn(place.warehouse, 4096, 4096)
    turn(place.receipts, 300, 1)
    done = run(place, "rebuild")
    if done.code != 4 or "receipts.json is damaged" not in done.said:
        wrong.append(f"damaged warehouse and receipts: {done.said}")
    # A warehouse that is lost altogether; and the archive alone, as from a backup.
    place = copy()
    shutil.rmtree(place.data / "warehouse")
    shutil.rmtree(place.data / "work")
    done = run(place, "rebuild")
    if done.code != 0 or content(place) != whole:
        wrong.append(f"from the archive alone: {done.said}")
    # The log of a command that was killed is not played back over the warehouse that replaces it.
    place = copy()
    (place.data / "warehouse" / "clearing_point.duckdb.wal").write_bytes(b"no log of this warehouse" * 100)
    done = run(place, "rebuild")
    if done.code != 0 or content(place) != whole:
        wrong.append(f"damaged log: {done.said} {content(place)}")
    return wrong


def main() -> int:
    """Run the campaign named on the command line."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    preload()
    with tempfile.TemporaryDirectory(prefix="damage-") as name:
        folder = Path(name)
        project, whole = prepared(folder, short=rounds < 2)
        counted = campaign(folder, project, whole, rounds, seed)
        wrong = others(folder, project, whole)
    for text in wrong:
        print(text)
    for what, count in sorted(counted.items()):
        print(f"{count:6} {what}")
    print(f"{rounds} rounds and 6 other damages, {counted['wrong'] + len(wrong)} wrong (seed {seed})")
    return 1 if counted["wrong"] or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
