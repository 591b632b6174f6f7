"""Attack a release folder: `python -m tests.attack.outsider RELEASE_FOLDER [--report FOLDER] [--standard FOLDER]`.

Several release folders are editions in a row, attacked side by side.

Exit 1 if a hidden cell follows from what is printed, exactly or too closely; 2 if the folder cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.attack.outsider.whole import attack_editions, attack_folder


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Attack and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.outsider", description=__doc__)
    parser.add_argument("release", type=Path, nargs="+")
    parser.add_argument(
        "--report", type=Path, help="the report's folder, with HTML, PDF, workbook and figures"
    )
    parser.add_argument("--standard", type=Path, help="public code lists and denominators (schemas)")
    parser.add_argument(
        "--meaning", type=Path, action="append", default=[], help="more rules of meaning (YAML)"
    )
    parser.add_argument("--inhabitants", type=Path, help="CSV: territory, year, inhabitants; against rates")
    parser.add_argument("--quiet", action="store_true", help="counts only")
    given = parser.parse_args(arguments)
    try:
        if len(given.release) > 1:
            release, verdict = attack_editions(given.release, given.standard, given.meaning, _say)
        else:
            release, verdict = attack_folder(
                given.release[0],
                report=given.report,
                standard=given.standard,
                meaning=given.meaning,
                inhabitants=given.inhabitants,
                say=_say,
            )
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    for word in verdict.words:
        print(word)
    if not given.quiet:
        for name, found in (
            ("recovered", verdict.recovered),
            ("too narrow", verdict.narrow),
            ("undecided", verdict.undecided),
            ("left open by the policy", verdict.left_open),
            ("nobody can be in it", verdict.impossible),
        ):
            for cell in found:
                between = str(cell.low) if cell.exact else f"{cell.low} to {cell.high:g}"
                print(f"{name}: {cell.table} [{', '.join(cell.codes)}] {between}")
    print(
        f"attacked {verdict.attacked}, recovered {len(verdict.recovered)}, of them 1 to {release.threshold - 1}: "
        f"{verdict.small(release.threshold)}, too narrow {len(verdict.narrow)}, undecided {len(verdict.undecided)}"
        + (f"; left open by the policy {len(verdict.left_open)}" if verdict.left_open else "")
        + (f"; cells in which nobody can be {len(verdict.impossible)}" if verdict.impossible else "")
    )
    return 1 if verdict.recovered or verdict.narrow or verdict.undecided else 0


if __name__ == "__main__":
    sys.exit(main())
