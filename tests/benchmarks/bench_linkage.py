"""Linkage: accuracy over seeds, a million persons, what is assumed made worse, the public file, attacks, training.

bench_linkage.py              100,000 persons, 8 seeds; harder assumptions; fake_1000.csv
bench_linkage.py --million    1,000,000 persons beside a plain self-join on the strict token
bench_linkage.py --train      the m and u of schemas/linkage.yml from other seeds than any evaluation uses
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from clearing_point.linkage.evaluation import Measured, evaluate, evaluate_file, lines, measure, open_made
from clearing_point.linkage.inputs import INPUT, PERSON, prepare
from clearing_point.linkage.made_people import make_region
from clearing_point.linkage.scoring import SCORED, all_levels, score, score_plainly
from clearing_point.linkage.settings import LinkageSettings, load_linkage

ROOT = Path(__file__).resolve().parents[2]
# Never looked at while the tokens, the model or a threshold were made (those: 1, 2, 11 to 13, 21 to 28, 31).
SEEDS = tuple(range(32, 40))
TRAINING_SEEDS = (101, 102, 103)


def _peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB"


def _show(title: str, found: list[Measured]) -> None:
    print(title, *lines(found), f"peak {_peak()}", sep="\n  ", flush=True)


def _self_join(connection: Any, truth: dict[str, int]) -> None:
    """The plain way, beside: everybody with the same strict token is one person."""
    started, cpu = time.perf_counter(), time.process_time()
    pairs = connection.execute(
        f"SELECT x.person_id, y.person_id FROM {INPUT} AS x JOIN {INPUT} AS y ON x.token_strict = y.token_strict "
        "AND x.person_id < y.person_id"
    ).fetchall()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    right = sum(truth[a] == truth[b] for a, b in pairs)
    true_pairs = sum(n * (n - 1) // 2 for n in Counter(truth.values()).values())
    print(f"self-join on the strict token: recall {right / true_pairs:.4f}, precision {right / len(pairs):.4f}, "
          f"{seconds:.1f} s, {cpu:.1f} CPU s", flush=True)  # fmt: skip


def accuracy(settings: LinkageSettings) -> None:
    _show("100,000 persons, 11 territories, 15 % repeats, 8 seeds", evaluate(settings, 100_000, SEEDS))
    _show("twice the errors", evaluate(settings, 100_000, SEEDS[:2], error_factor=2.0))
    _show("half the errors", evaluate(settings, 100_000, SEEDS[:2], error_factor=0.5))
    few = replace(settings, made={**settings.made, "common_given_name_share": 1.0})
    _show("only the short lists of given names", evaluate(few, 100_000, SEEDS[:2]))
    _show("8 of 10 senders use the token program", evaluate(settings, 20_000, SEEDS, token_share=0.8))
    _show("a region of 3,000 persons", evaluate(settings, 3_000, SEEDS))
    path = ROOT.parent / "shared" / "data" / "linkage" / "fake_1000.csv"
    if path.exists():
        _show("fake_1000.csv, names and date only", [evaluate_file(path, settings)])
        _show(
            "fake_1000.csv, the e-mail address as a document",
            [evaluate_file(path, settings, {"document_number": "email"})],
        )
    region = make_region(settings.made, 100_000, SEEDS[0])
    connection = open_made(region, settings)
    _self_join(
        connection, dict(zip(region.columns["person_id"].tolist(), region.truth.tolist(), strict=True))
    )
    prepare(connection, settings, ())

    def by_splink() -> None:
        score(connection, settings)

    def plainly() -> None:
        score_plainly(connection, settings, "plain")

    for name, run in (("Splink", by_splink), ("plain DuckDB", plainly)):
        started, cpu = time.perf_counter(), time.process_time()
        run()
        print(f"{name}: {time.perf_counter() - started:.2f} s, {time.process_time() - cpu:.2f} CPU s")
    pairs, apart = connection.execute(
        f"SELECT count(*), max(abs(s.probability - p.probability)) FROM {SCORED} AS s FULL JOIN plain AS p USING (a, b)"
    ).fetchone()
    print(f"{pairs:,} pairs scored by both; largest difference of a probability {apart:.1e}")


def million(settings: LinkageSettings) -> None:
    region = make_region(settings.made, 1_000_000, SEEDS[0])
    started = time.perf_counter()
    connection = open_made(region, settings)
    print(
        f"tokens of {len(region.truth):,} reports: {time.perf_counter() - started:.0f} s, peak {_peak()}",
        flush=True,
    )
    connection.execute("SET memory_limit = '4GB'")
    truth = dict(zip(region.columns["person_id"].tolist(), region.truth.tolist(), strict=True))
    del region
    _self_join(connection, truth)
    _show("1,000,000 persons", [measure(connection, truth, settings)[0]])


def train(settings: LinkageSettings) -> None:
    counts: dict[bool, Counter[tuple[str, str]]] = {True: Counter(), False: Counter()}
    different = 0.0
    for seed in TRAINING_SEEDS:
        region = make_region(settings.made, 300_000, seed)
        connection = open_made(region, settings)
        prepare(connection, settings, ())
        truth = dict(zip(region.columns["person_id"].tolist(), region.truth.tolist(), strict=True))
        true_pairs, persons = _label(connection, truth)
        different += persons * (persons - 1) / 2 - true_pairs
        for name, sql in all_levels(settings, "training_pair").items():
            for same, level, count in connection.execute(sql).fetchall():
                counts[same][name, level] += count
    for comparison in settings.model["comparisons"]:
        within = {level["name"]: level.get("within") for level in comparison["levels"]} | {"otherwise": None}
        for level, part in within.items():
            share = []
            for same in (True, False):
                base = sum(
                    counts[same][comparison["name"], other] for other, p in within.items() if p == part
                )
                whole = different if "anchor" in comparison and not same else base + 1
                share.append((counts[same][comparison["name"], level] + 0.5) / whole)
            print(f"{comparison['name']:14} {level:22} m: {share[0]:.3g}  u: {share[1]:.3g}")


def _label(connection: Any, truth: dict[str, int]) -> tuple[int, int]:
    import pyarrow as pa

    ids = [row[0] for row in connection.execute(f"SELECT person_id FROM {PERSON} ORDER BY number").fetchall()]
    table = pa.table({"number": list(range(len(ids))), "truth": [truth[i] for i in ids]})
    connection.register("training_truth_rows", table)
    connection.execute("CREATE OR REPLACE TEMP TABLE training_truth AS SELECT * FROM training_truth_rows")
    count = connection.execute(
        "SELECT count(*) FROM training_truth AS x JOIN training_truth AS y ON x.truth = y.truth AND x.number < y.number"
    ).fetchone()[0]
    return int(count), len(ids)


if __name__ == "__main__":
    chosen = load_linkage(ROOT / "schemas")
    {"--million": million, "--train": train}.get(sys.argv[-1], accuracy)(chosen)
