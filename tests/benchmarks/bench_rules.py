"""Twenty rules over a wide table with every failing row listed, by our engine and by what one would pick instead.

Run with the extra ``bench``: ``python -m tests.benchmarks.bench_rules 1000000``. Everybody reads the same Parquet
file of 15 columns, asks the same 20 rules (required, form, code list, range, two columns together) and hands over every
failing row with its rule; they must all find the same ones. Seconds of processor and peak memory of a process of its own
each; the time of imports stands beside. The hand-written SQL is the floor: it stores its findings in a DuckDB file, as ours does.

Ours does more: missing codes are read as unknown, every rule gets a line of how often it applied, each finding has sheet and
column. Great Expectations lists at most what it is asked for, here every row by its number.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

CODES = {
    "sex": ("F", "M", "OTH"),
    "citizenship": ("ALB", "BGR", "BIH", "HRV", "MDA", "MKD", "MNE", "ROU", "SRB", "SVN", "UKR"),
    "destination": ("ALB", "BGR", "BIH", "HRV", "MDA", "MKD", "MNE", "ROU", "SRB", "SVN", "UKR"),
    "form": ("SEX", "LAB", "BEG", "CRIME", "MARR", "OTH"),
    "status": ("OPEN", "CLOSED", "LEFT", "MOVED"),
    "age_group": ("CHILD", "ADULT"),
}
KINDS = {
    "reference": "string", **dict.fromkeys(CODES, "string"), "token": "string", "age": "integer", "year": "integer",
    "nights": "integer", "beds": "integer", "started": "date", "ended": "date", "seen": "date",
}  # fmt: skip
FORMS = {"reference": "^P-[0-9]{7}$", "token": "^[0-9a-f]{32}$"}
REQUIRED = ("reference", "sex", "year", "started")
RANGES = {"age": (0, 120), "year": (2015, 2024), "nights": (0, 366), "beds": (1, 500)}
PAIRS = {
    "ended": ("started", "started <= ended"),
    "seen": ("started", "started <= seen"),
    "age_group": ("age", "(age < 18) = (age_group = 'CHILD')"),
    "nights": ("beds", "nights <= beds * 366"),
}


@dataclass(frozen=True)
class Asked:
    """One rule: its name, the column it is about, its kind, and the SQL that must hold."""

    name: str
    column: str
    kind: str
    sql: str


def asked() -> list[Asked]:
    """Return the 20 rules."""
    rules = [Asked(f"required_{c}", c, "required", f"{c} IS NOT NULL") for c in REQUIRED]
    rules += [Asked(f"form_{c}", c, "form", f"regexp_matches({c}, '{form}')") for c, form in FORMS.items()]
    rules += [
        Asked(f"code_{c}", c, "code", f"{c} IN ({', '.join(map(repr, codes))})") for c, codes in CODES.items()
    ]
    rules += [
        Asked(f"range_{c}", c, "range", f"{c} BETWEEN {low} AND {high}") for c, (low, high) in RANGES.items()
    ]
    rules += [Asked(f"pair_{c}", c, "pair", sql) for c, (_, sql) in PAIRS.items()]
    return rules


def write(path: Path, rows: int) -> None:
    """Write the table: mistakes in about one row of 25, in 13 of the 20 rules."""
    import duckdb

    def one_of(codes: tuple[str, ...], salt: int, wrong: int = 0) -> str:
        code = f"[{', '.join(map(repr, codes))}][1 + (hash(i * 31 + {salt}) % {len(codes)})::INTEGER]"
        return f"CASE WHEN {wrong} > 0 AND i % {wrong or 1} = 7 THEN 'X9' ELSE {code} END"

    duckdb.connect().execute(
        f"""
        COPY (SELECT i + 2 AS source_row,
            CASE WHEN i % 701 = 3 THEN 'P' || i ELSE 'P-' || lpad(i::VARCHAR, 7, '0') END AS reference,
            CASE WHEN i % 523 = 5 THEN NULL ELSE {one_of(CODES["sex"], 1, 397)} END AS sex,
            {one_of(CODES["citizenship"], 2, 251)} AS citizenship, {one_of(CODES["destination"], 3)} AS destination,
            {one_of(CODES["form"], 4, 311)} AS form, {one_of(CODES["status"], 5)} AS status,
            CASE WHEN (age < 18) = (i % 401 <> 11) THEN 'CHILD' ELSE 'ADULT' END AS age_group,
            CASE WHEN i % 307 = 13 THEN 'token' ELSE md5(i::VARCHAR) END AS token,
            CASE WHEN i % 911 = 17 THEN 130 ELSE age END::INTEGER AS age,
            CASE WHEN i % 613 = 19 THEN 2031 ELSE 2015 + i % 10 END::INTEGER AS year,
            CASE WHEN i % 809 = 23 THEN -1 ELSE i % 360 END::INTEGER AS nights, (1 + i % 400)::INTEGER AS beds,
            CASE WHEN i % 997 = 29 THEN NULL ELSE started END AS started,
            (CASE WHEN i % 353 = 31 THEN started - 5 ELSE started + (i % 90)::INTEGER END)::DATE AS ended,
            (started + (i % 60)::INTEGER)::DATE AS seen
        FROM (SELECT i, (hash(i) % 90)::INTEGER AS age, DATE '2015-01-01' + (i % 3000)::INTEGER AS started
              FROM range({rows}) AS t(i))) TO '{path}' (FORMAT parquet)
        """
    )


@contextmanager
def _spent(told: dict[str, float]) -> Iterator[None]:
    before = time.process_time()
    yield
    told["seconds"] = time.process_time() - before


def _table(path: Path, ending: str, threads: int = 1) -> Any:
    """Open a DuckDB file that holds the rows."""
    import duckdb

    connection = duckdb.connect(str(path.with_suffix(ending)))
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"CREATE TABLE measured AS FROM '{path}'")
    return connection


def by_hand(path: Path, told: dict[str, float]) -> Counter[str]:
    """DuckDB SQL as one would write it for just these rules."""
    connection = _table(path, ".hand.duckdb")
    with _spent(told):
        failing = ", ".join(f"CASE WHEN NOT ({rule.sql}) THEN '{rule.name}' END" for rule in asked())
        connection.execute(
            "CREATE TABLE finding AS SELECT unnest(failing) AS rule, source_row FROM (SELECT source_row, "
            f"list_filter([{failing}], lambda r: r IS NOT NULL) AS failing FROM measured) WHERE len(failing) > 0"
        )
    return Counter(dict(connection.execute("SELECT rule, count(*) FROM finding GROUP BY 1").fetchall()))


def ours(path: Path, told: dict[str, float]) -> Counter[str]:
    """The engine of this project: the same rules as a standard of one table."""
    import pyarrow.parquet as pq

    from clearing_point.quality.evaluate import evaluate
    from clearing_point.standard import Field, Rule, Table, load_standard
    from clearing_point.standard.ddl import statements
    from clearing_point.standard.expressions import create_known_views
    from clearing_point.warehouse.connection import connect, share_cores

    share_cores()
    text = {"en": "made"}
    table = Table(
        name="measured", title=text, help=text, grain=text, kind="case", order=1, primary_key=("reference",), parents={},
        references=(), fields=tuple(Field(c, kind, text, text, {}) for c, kind in KINDS.items()),
    )  # fmt: skip
    rules = tuple(
        Rule(rule.name, "measured", "error", "validity", (rule.column,), rule.sql, text) for rule in asked()
    )
    real = load_standard(ROOT / "schemas")
    standard = replace(real, tables={**real.tables, "measured": table}, rules=rules, sha256="measured")
    connection = connect(path.with_suffix(".ours.duckdb"), short_lived=True)
    for statement in statements(standard):
        connection.execute(statement)
    create_known_views(connection, standard, {"measured": "staged.measured"})
    connection.register("rows", pq.read_table(path))
    connection.execute(
        "INSERT INTO staged.measured BY NAME SELECT 'S1' AS submission_id, 'sheet' AS sheet, 0 AS source_part, * FROM rows"
    )
    connection.unregister("rows")
    _receipt(connection)
    with _spent(told):
        evaluate(connection, "S1", standard)
    return Counter(
        dict(connection.execute("SELECT rule_id, count(*) FROM quality.finding GROUP BY 1").fetchall())
    )


def _receipt(connection: Any) -> None:
    """Rules may ask the receipt: a row of it stands beside every row."""
    columns = connection.execute("PRAGMA table_info('raw.submission')").fetchall()
    filled = {name: kind for _, name, kind, needed, *_ in columns if needed}
    values = {"VARCHAR": "'S1'", "TIMESTAMP": "TIMESTAMP '2025-01-01'", "BOOLEAN": "true"}
    listed = ", ".join(f"{values.get(kind, '1')} AS {name}" for name, kind in filled.items())
    connection.execute(f"INSERT INTO raw.submission BY NAME SELECT {listed}")


def polars_by_hand(path: Path, told: dict[str, float]) -> Counter[str]:
    """polars expressions, one frame of failing rows a rule."""
    import polars as pl

    frame = pl.read_parquet(path)
    with _spent(told):
        parts = [
            frame.lazy().filter(~_expression(rule)).select(pl.lit(rule.name).alias("rule"), "source_row")
            for rule in asked()
        ]
        found = pl.concat(pl.collect_all(parts))
    return Counter(dict(found.group_by("rule").len().iter_rows()))


def _expression(rule: Asked) -> Any:
    import polars as pl

    column = pl.col(rule.column)
    if rule.kind == "required":
        return column.is_not_null()
    if rule.kind == "form":
        return column.str.contains(FORMS[rule.column])
    if rule.kind == "code":
        return column.is_in(list(CODES[rule.column]))
    if rule.kind == "range":
        return column.is_between(*RANGES[rule.column])
    return pl.sql_expr(rule.sql)


def with_pandera(path: Path, told: dict[str, float]) -> Counter[str]:
    """pandera on polars, lazily: all failures of all checks in one run."""
    import pandera.polars as pa
    import polars as pl

    def check(rule: Asked) -> Any:
        if rule.kind == "form":
            return pa.Check.str_matches(FORMS[rule.column])
        if rule.kind == "code":
            return pa.Check.isin(list(CODES[rule.column]))
        return pa.Check.in_range(*RANGES[rule.column])

    def pair(rule: Asked) -> Any:
        return pa.Check(
            lambda data: data.lazyframe.select(_expression(rule).fill_null(value=True)), name=rule.name
        )

    frame = pl.read_parquet(path)
    schema = pa.DataFrameSchema(
        {
            c: pa.Column(
                nullable=c not in REQUIRED,
                checks=[check(r) for r in asked() if r.column == c and r.kind in ("form", "code", "range")],
            )
            for c in KINDS
        },
        checks=[pair(rule) for rule in asked() if rule.kind == "pair"],
    )
    with _spent(told):
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            failures = error.failure_cases
    found: Counter[str] = Counter()
    kinds = {"not_nullable": "required", "str_matches": "form", "isin": "code", "in_range": "range"}
    for column, name, number in failures.group_by("column", "check").len().iter_rows():
        kind = kinds.get(name.partition("(")[0])
        found[name if kind is None else f"{kind}_{column}"] += number
    return found


def with_pointblank(path: Path, told: dict[str, float]) -> Counter[str]:
    """pointblank on polars, with the failing rows of every step."""
    import pointblank as pb
    import polars as pl

    frame = pl.read_parquet(path)
    with _spent(told):
        plan = pb.Validate(frame)
        for rule in asked():
            if rule.kind == "required":
                plan = plan.col_vals_not_null(rule.column)
            elif rule.kind == "form":
                plan = plan.col_vals_regex(rule.column, FORMS[rule.column], na_pass=True)
            elif rule.kind == "code":
                # A missing value is in no set here; elsewhere a rule about it does not apply.
                plan = plan.col_vals_in_set(rule.column, [*CODES[rule.column], None])
            elif rule.kind == "range":
                plan = plan.col_vals_between(rule.column, *RANGES[rule.column], na_pass=True)
            else:
                plan = plan.col_vals_expr(_expression(rule).fill_null(value=True))
        plan = plan.interrogate(extract_limit=len(frame))
        rows = [plan.get_data_extracts(i=step + 1, frame=True) for step in range(len(asked()))]
    return Counter(
        {rule.name: len(failing) for rule, failing in zip(asked(), rows, strict=True) if len(failing)}
    )


def with_great_expectations(path: Path, told: dict[str, float]) -> Counter[str]:
    """Great Expectations on SQL, every failing row by its number."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    _table(path, ".gx.duckdb").close()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # As the library must be told of DuckDB, or every open result is dropped before it is read.
    source = context.data_sources.add_sql(
        "d",
        connection_string=f"duckdb:///{path.with_suffix('.gx.duckdb')}",
        create_temp_table=False,
        kwargs={"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True},
    )
    batch = source.add_table_asset("t", table_name="measured").add_batch_definition_whole_table("w")
    expectations: list[Any] = []
    for rule in asked():
        named: dict[str, Any] = {"meta": {"rule": rule.name}}
        if rule.kind == "required":
            expectations.append(gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **named))
        elif rule.kind == "code":
            codes = list(CODES[rule.column])
            expectations.append(gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=codes, **named))
        elif rule.kind == "range":
            low, high = RANGES[rule.column]
            expectations.append(
                gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high, **named)
            )
        else:
            holds = rule.sql.replace("{", "{{").replace("}", "}}")
            query = f"SELECT source_row FROM {{batch}} WHERE NOT ({holds})"
            expectations.append(gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **named))
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=batch, suite=suite)
    )
    with _spent(told):
        found = definition.run(
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["source_row"]},
        )
    counted: Counter[str] = Counter()
    for one in found.results:  # in another order than they were asked
        number = one.result.get("unexpected_count", one.result.get("observed_value"))
        counted[one.expectation_config.meta["rule"]] = int(number)
    return +counted


CONTENDERS: dict[str, Callable[[Path, dict[str, float]], Counter[str]]] = {
    "SQL by hand": by_hand,
    "ours": ours,
    "polars by hand": polars_by_hand,
    "pandera on polars": with_pandera,
    "pointblank on polars": with_pointblank,
    "Great Expectations on SQL": with_great_expectations,
}
_FLOOR = "SQL by hand"


def main() -> None:
    """Print seconds of processor, their ratio to the hand-written SQL, peak memory and what was found, a line each."""
    lacking = [name for name in ("polars", "pandera", "pointblank") if find_spec(name) is None]
    if lacking:
        sys.exit(
            f"Not installed: {', '.join(lacking)}. Install them with: python -m pip install -e '.[bench]'"
        )
    for size in map(int, sys.argv[1:] or ["200000"]):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.parquet"
            write(path, size)
            told = {name: _alone(name, path) for name in CONTENDERS}
        print(f"{size:,} rows, {len(KINDS)} columns, {len(asked())} rules")
        print(
            f"{'':28} {'seconds':>8} {'x by hand':>10} {'with imports':>13} {'peak MiB':>9} {'failing rows':>13} {'same':>5}"
        )
        for name, one in told.items():
            print(
                f"{name:28} {one['seconds']:8.2f} {one['seconds'] / told[_FLOOR]['seconds']:10.2f} {one['whole']:13.2f} "
                f"{one['peak']:9.0f} {sum(one['found'].values()):13,} "
                f"{'yes' if one['found'] == told[_FLOOR]['found'] else 'NO':>5}",
                flush=True,
            )


def _alone(name: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_rules", name, str(path)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in CONTENDERS:
        spent: dict[str, Any] = {}
        found = CONTENDERS[sys.argv[1]](Path(sys.argv[2]), spent)
        spent |= {
            "found": dict(sorted(found.items())), "whole": time.process_time(),
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }  # fmt: skip
        print(json.dumps(spent))
    else:
        main()
