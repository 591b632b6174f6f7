"""The same submission by what one would pick instead: pandas, and Great Expectations on a pandas frame with row keys.

Run after ``make demo``: ``python -m tests.benchmarks.bench_against_pandas 100000``. Both sides read the file, give its
texts their codes, test every column and list every failing row by its number, and store the result in DuckDB; both pay the
import of Great Expectations. Ours also refuses what may not be sent, keeps the received cells, and runs the
whole rule book. One expectation in five fails on one row in a hundred on the pandas side, as in our findings.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clearing_point.project import Project
from clearing_point.standard import load_standard
from tests.benchmarks.bench_load import MADE, PERIOD, profile, write
from tests.conftest import ROOT

_EXPECTATIONS = 60


def main() -> None:
    """Print seconds of validation and of the whole path on both sides, and the ratios."""
    if not MADE.is_file():
        sys.exit("Run `make demo` first: the rows of this benchmark repeat a made submission of it.")
    print(
        f"{'rows':>9} {'pandas+GX: validate':>20} {'whole':>7}   {'ours: rules':>11} {'checks':>7} {'whole':>7}   "
        f"{'validate x':>10} {'a check x':>10} {'whole x':>8}"
    )
    for size in map(int, sys.argv[1:] or ["20000"]):
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder), size)
            theirs, ours = _alone("theirs", path), _alone("ours", path)
        each = theirs["validate"] / _EXPECTATIONS / (ours["validate"] / ours["checks"])
        print(
            f"{size:>9,} {theirs['validate']:>20.1f} {theirs['whole']:>7.1f}   {ours['validate']:>11.1f} "
            f"{ours['checks']:>7.0f} {ours['whole']:>7.1f}   {theirs['validate'] / ours['validate']:>10.1f} "
            f"{each:>10.1f} {theirs['whole'] / ours['whole']:>8.1f}",
            flush=True,
        )


def _alone(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_against_pandas", what, str(path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _theirs(path: Path) -> dict[str, float]:
    import duckdb
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    began = time.perf_counter()
    frame = pd.read_csv(path.with_suffix(".utf8"), sep=";", dtype=str, keep_default_na=False)
    for column in list(frame.columns):
        texts = frame[column].unique()
        if len(texts) <= len(frame) // 2:
            frame[column] = frame[column].map({t: t.strip().lower() for t in texts})
    frame["row_number"] = range(2, len(frame) + 2)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("p")
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("b")
    )
    columns = list(frame.columns)[:-1]
    expectations: list[Any] = []
    for number in range(_EXPECTATIONS):
        column = columns[number % len(columns)]
        texts = sorted(frame[column].unique())
        if number % 5 == 0 and len(texts) > 1 and len(texts) < 1000:
            rare = frame[column].value_counts().index[-1]
            texts.remove(rare)
        if len(texts) < 1000:
            expectations.append(gxe.ExpectColumnValuesToBeInSet(column=column, value_set=texts))
        else:
            expectations.append(gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=1 - number / 1000))
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=batch, suite=suite)
    )
    started = time.perf_counter()
    definition.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row_number"]},
    )
    validated = time.perf_counter() - started
    with duckdb.connect(str(path.with_suffix(".theirs.duckdb"))) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE stored AS SELECT * FROM frame")
    return {"validate": validated, "whole": time.perf_counter() - began}


def _ours(path: Path) -> dict[str, float]:
    from clearing_point.quality import judge
    from clearing_point.suites.runner import import_library
    from clearing_point.warehouse.connection import opened
    from clearing_point.warehouse.workspace import drop_workspace, new_workspace
    from pipelines.ingest import load

    import_library()
    spent = {"validate": 0.0}
    evaluate = judge.evaluate

    def timed(*arguments: Any, **named: Any) -> None:
        started = time.perf_counter()
        evaluate(*arguments, **named)
        spent["validate"] += time.perf_counter() - started

    judge.evaluate = timed
    project = Project(root=ROOT, data=path.parent / "data")
    # A data folder in use, as every load but the first one of it finds: rules compiled, an empty warehouse there.
    drop_workspace(new_workspace(project, load_standard(ROOT / "schemas")))
    began = time.perf_counter()
    load(project, load_standard(ROOT / "schemas"), path, profile(), PERIOD, made_data=True)
    whole = time.perf_counter() - began
    with opened(project.warehouse, read_only=True) as connection:
        checks = connection.execute(
            "SELECT count(*) FROM quality.rule_result WHERE evaluated > 0"
        ).fetchone()[0]
    return {**spent, "whole": whole, "checks": checks}


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].isdigit():
        print(json.dumps({"theirs": _theirs, "ours": _ours}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main()
