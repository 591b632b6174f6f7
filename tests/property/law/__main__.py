"""Print how many mutations each layout stood; exit 1 if anything is against the law."""

from __future__ import annotations

import argparse
import sys
import time

from tests.property.law.books import LAYOUTS
from tests.property.law.campaign import Stood, ground_of, place_of_campaign, run, try_one


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.property.law", description=__doc__)
    parser.add_argument("--mutations", type=int, default=100, help="of each layout")
    parser.add_argument(
        "--layout", action="append", choices=LAYOUTS, help="may be given again; all of them by default"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after which no more are tried")
    parser.add_argument("--number", type=int, help="try this one mutation of a campaign again")
    asked = parser.parse_args()
    until = time.time() + asked.seconds
    failed = 0
    with place_of_campaign() as project:
        for layout in asked.layout or LAYOUTS:
            if asked.number is not None:
                tried = try_one(
                    ground_of(project, layout, asked.seed, asked.number), asked.seed, asked.number
                )
                print(f"{layout}: {' + '.join(tried.kinds)}: {tried.against or 'stands'}")
                failed += bool(tried.against)
                continue
            stood = run(project, layout, asked.mutations, asked.seed, until=until)
            failed += len(stood.against)
            _print(stood, asked.seed)
    return 1 if failed else 0


def _print(stood: Stood, seed: int) -> None:
    each, busy = (seconds / max(1, stood.ran) for seconds in (stood.seconds, stood.busy_seconds))
    print(
        f"{stood.layout}: {stood.ran} ran, {len(stood.against)} against the law, {each:.3f} s each ({busy:.3f} s busy)"
    )
    for kind, many in sorted(stood.by_kind.items()):
        print(f"    {kind}: {many} ran, {stood.against_by_kind[kind]} against")
    for number, kinds, against in stood.against:
        print(f"  --layout {stood.layout} --seed {seed} --number {number} | {' + '.join(kinds)} | {against}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
