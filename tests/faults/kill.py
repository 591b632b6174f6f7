"""Commands killed at random moments: ``python -m tests.faults.kill ROUNDS [SEED]``.

Each round copies a made data folder, starts ``load``, ``publish``, ``report`` or ``rebuild``, kills it with SIGKILL
at a random moment of its usual time, and then asks: does the warehouse open and hold what it held before or what
it should hold after; does a release or report stand whole or not at all; does the same command, run again,
succeed; does a planted value stand where none may.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from clearing_point.project import Project
from tests.faults.place import (
    LOAD,
    content,
    leaks,
    loose,
    preload,
    release_state,
    run,
    small_project,
    write_submission,
)


@dataclass(frozen=True)
class Case:
    """A command, the data folder it starts from, and the states before and after it."""

    name: str
    words: tuple[str, ...]
    base: Path
    contents: tuple[str, str]
    releases: tuple[str, str]
    seconds: float


def cases(folder: Path, *, short: bool = False) -> tuple[Project, list[Case]]:
    """Make the data folders and run every command once undisturbed, to know its states and its time."""
    project = small_project(folder)
    first = write_submission(folder / "qplantfileq.xlsx")
    second = write_submission(folder / "second.xlsx", 14)
    broken = write_submission(folder / "broken.xlsx", 5, broken=True)
    found: list[Case] = []

    def case(name: str, *words: str) -> None:
        base = folder / f"base-{name}"
        if project.data.exists():
            shutil.copytree(project.data, base)
        else:
            base.mkdir()
        before = content(project), release_state(project)
        done = run(project, *words)
        assert done.code in (0, 1), done.said
        assert done.code == 0 or name == "load, returned", done.said
        after = content(project), release_state(project)
        found.append(
            Case(name, words, base, (before[0], after[0]), (before[1], after[1]), max(done.seconds, 0.2))
        )

    case("load, first", "load", str(first), *LOAD)
    if short:
        case("rebuild", "rebuild")
        case("publish", "publish", "--edition", "2022")
        return project, found
    case("load, replacing", "load", str(second), *LOAD)
    case("load, returned", "load", str(broken), "--territory", "ALB", "--period", "2021")
    case("rebuild", "rebuild")
    case("publish", "publish", "--edition", "2022")
    case("publish, again", "publish", "--edition", "2022")
    case("report", "report", "--edition", "2022")
    text = project.reports / "text" / "en" / "front.yml"
    text.write_text(text.read_text(encoding="utf-8").replace("Annual report", "Yearly report"), "utf-8")
    case("report, replacing", "report", "--edition", "2022")
    # The first report is built from the new words in every round: that is what it must come to.
    at = next(n for n, c in enumerate(found) if c.name == "report")
    place = replace(project, data=folder / "first report")
    shutil.copytree(found[at].base, place.data)
    assert run(place, *found[at].words).code == 0
    found[at] = replace(found[at], releases=(found[at].releases[0], release_state(place)))
    case("run annual", "run", "annual", "--edition", "2022")
    return project, found


def one_round(project: Project, case: Case, moment: float) -> list[str]:
    """Kill the command of a case at a moment and return what was found wrong."""
    place = replace(project, data=project.root.parent / "killed")
    shutil.rmtree(place.data, ignore_errors=True)
    shutil.copytree(case.base, place.data)
    if not any(place.data.iterdir()):
        place.data.rmdir()
    killed = run(place, *case.words, kill_after=moment)
    wrong = []
    holds, stands = content(place), release_state(place)
    # Before the first load there may be no warehouse yet, or an empty one.
    empty = case.contents[0] == "none" and holds == _empty(project)
    if holds not in case.contents and not empty:
        wrong.append(f"content between: {holds[:80]}")
    for before, after, now in zip(*(s.split(", ") for s in (*case.releases, stands)), strict=False):
        if now not in (before, after):
            wrong.append(f"release or report between: {stands}")
    wrong += [f"open to others: {name}" for name in loose(place)]
    wrong += [f"planted value: {name}" for name in leaks(place, [killed.said], finished=False)]
    again = run(place, *case.words)
    if again.code != (1 if case.name == "load, returned" else 0):
        wrong.append(f"again: {again.code} {again.said.strip()[-200:]}")
    elif content(place) != case.contents[1] or release_state(place) != case.releases[1]:
        wrong.append(f"again, but another state: {content(place)[:20]} {release_state(place)}")
    wrong += [f"planted value after: {name}" for name in leaks(place, [again.said])]
    if killed.code >= 0:
        wrong.append("")  # it had ended before: the round counts as not killed
    return wrong


_EMPTY: dict[Path, str] = {}


def _empty(project: Project) -> str:
    """Content hash of a warehouse that nothing was loaded into."""
    if project.root not in _EMPTY:
        from clearing_point.standard import load_standard
        from clearing_point.warehouse.shape import prepare_warehouse
        from tests.faults.place import asked

        place = replace(project, data=project.root.parent / "empty")
        asked(lambda: str(prepare_warehouse(place, load_standard(project.schemas))))
        _EMPTY[project.root] = content(place)
    return _EMPTY[project.root]


def campaign(folder: Path, rounds: int, seed: int) -> Counter[str]:
    """Run rounds over all cases in turn and count, case by case, what was killed and what went wrong."""
    project, found = cases(folder, short=rounds < 9)
    drawn = random.Random(seed)  # noqa: S311 - moments, not keys
    counted: Counter[str] = Counter()
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))  # told to stop, it ends its round and counts
    for number in range(rounds):
        if stopped:
            break
        case = found[number % len(found)]
        moment = drawn.uniform(0.0, case.seconds * 1.05)
        wrong = one_round(project, case, moment)
        counted[f"{case.name}: {'ended first' if '' in wrong else 'killed'}"] += 1
        print(f"\r{number + 1} rounds", end="", file=sys.stderr, flush=True)
        for text in filter(None, wrong):
            counted["wrong"] += 1
            print(f"round {number}, {case.name} at {moment:.3f} s of {case.seconds:.2f}: {text}", flush=True)
    return counted


def main() -> int:
    """Run the campaign named on the command line."""
    rounds, seed = (
        int(sys.argv[1]) if len(sys.argv) > 1 else 100,
        int(sys.argv[2]) if len(sys.argv) > 2 else 1,
    )
    preload()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        counted = campaign(Path(folder), rounds, seed)
    for name, count in sorted(counted.items()):
        print(f"{count:6} {name}")
    killed = sum(n for name, n in counted.items() if name.endswith("killed"))
    done = sum(n for name, n in counted.items() if name != "wrong")
    print(f"{done} rounds, {killed} killed, {counted['wrong']} wrong (seed {seed})")
    return 1 if counted["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
