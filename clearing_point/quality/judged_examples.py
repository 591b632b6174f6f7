"""The examples of the rules judged by the rules: an example that gets another verdict than it promises is a fault."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from clearing_point.quality.evaluate import run_rules
from clearing_point.quality.rule_examples import SUBMISSION, TODAY, Case, cases_of
from clearing_point.standard import Rule, Standard
from clearing_point.standard.columns import columns_of
from clearing_point.standard.ddl import statements
from clearing_point.standard.expressions import create_known_views, install_macros, joined_from, qualified
from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.rules import RUN
from clearing_point.standard.verdicts import Basis, Verdicts
from clearing_point.warehouse.connection import connect

_WORDS = {True: "holds", False: "fails", None: "does not apply"}


def contradicted(standard: Standard, verdicts: Verdicts | None = None) -> list[str]:
    """List the examples whose rule gives another verdict than they promise, each as ``file:line: sentence``.

    Parameters
    ----------
    verdicts : Verdicts, optional
        Examples that were judged as promised before are not judged again.
    """
    known, basis = verdicts or Verdicts(None), Basis(standard)
    new: list[dict[str, Any]] = []
    names: list[list[bytes | str]] = []
    for path, document in _documents(standard):
        for block in document["rules"]:
            if block["scope"] in RUN:
                text = json.dumps([block, document.get("fragments")])
                name: list[bytes | str] = ["examples", path.name, text, basis.of(text)]
                if known.ask(name, lambda: ("not judged",)):
                    new.append(block)
                    names.append(name)
    if not new:
        return []
    with connect(Path(":memory:")) as connection:
        wrong = list(_contradicted(Workspace(connection, standard), standard, new))
    faulty = {case.rule.rule_id for case, _ in wrong}
    for block, name in zip(new, names, strict=True):
        if block["id"] not in faulty:
            known.ask(name, tuple)
    places = dict(_places(standard))
    return [
        f"{places[case.rule.rule_id, case.promised]}: an example of {case} {_WORDS[verdict]}."
        for case, verdict in wrong
    ]


def _documents(standard: Standard) -> Iterator[tuple[Path, Any]]:
    for path in sorted((standard.folder / "rules").glob("*.yml")):
        yield path, read_yaml(path)


def _contradicted(
    workspace: Workspace, standard: Standard, blocks: list[dict[str, Any]]
) -> Iterator[tuple[Case, bool | None]]:
    """Judge examples that need nothing but their own rows together, the others one by one."""
    cases = cases_of(standard, blocks)
    together = [c for c in cases if not c.alone]
    by_table: dict[str, dict[int, Rule]] = defaultdict(dict)
    for case in together:
        by_table[case.rule.table][id(case.rule)] = case.rule
    workspace.fill(together)
    chosen = tuple(rule for rules in by_table.values() for rule in rules.values())
    run_rules(workspace.connection, SUBMISSION, replace(standard, rules=chosen))
    for rules in by_table.values():
        for rule, applies in zip(rules.values(), workspace.applies([*rules.values()]), strict=True):
            failing = workspace.failing(rule)
            for case in together:
                if case.rule is rule and (verdict := _verdict(case, failing, applies)) is not case.promised:
                    yield case, verdict
    for case in cases:
        if case.alone:
            workspace.fill([case], case.receipt)
            run_rules(workspace.connection, SUBMISSION, replace(standard, rules=(case.rule,)))
            verdict = _verdict(case, workspace.failing(case.rule), workspace.applies([case.rule])[0])
            if verdict is not case.promised:
                yield case, verdict


def _verdict(case: Case, failing: set[int | None], applies: set[int | None]) -> bool | None:
    at = case.judged_row if case.rule.each_row else None
    return False if at in failing else True if at in applies else None


def _places(standard: Standard) -> Iterator[tuple[tuple[str, bool | None], str]]:
    """Yield (rule, promised verdict) with the place of these examples."""
    for path, document in _documents(standard):
        lines = lines_of_yaml(path)
        for at, block in enumerate(document["rules"]):
            for word, promised in (("holds", True), ("fails", False), ("not_applicable", None)):
                yield (block["id"], promised), f"{path}:{line_at(lines, ('rules', at, 'examples', word))}"


class Workspace:
    """A database of the standard's shape into which examples are put and taken out again."""

    def __init__(self, connection: Any, standard: Standard) -> None:
        self.connection = connection
        self.standard = standard
        self.filled: set[str] = set()
        for statement in statements(standard):
            connection.execute(statement)
        install_macros(connection, standard)
        create_known_views(connection, standard, {n: f'staged."{n}"' for n in standard.tables})

    def fill(self, cases: list[Case], receipt: Mapping[str, str] = TODAY) -> None:
        """Put the rows of some examples in the place of those before."""
        run = self.connection.execute
        for name in self.filled:
            run(f"TRUNCATE {name}")
        self.filled = {
            "raw.submission",
            'raw."column"',
            "raw.record",
            "quality.finding",
            "quality.rule_result",
        }
        run("DROP SCHEMA IF EXISTS previous CASCADE; DROP TABLE IF EXISTS ref.published_figure")
        run(
            "INSERT INTO raw.submission BY NAME SELECT ? AS submission_id, 'A/MDA/2024' AS series, 1 AS version_number, "
            "'A' AS sender, 'count' AS use, true AS made_data, 'p' AS profile, 'p' AS profile_sha256, "
            "'1' AS standard_version, 's' AS standard_sha256, 'f' AS file_name, 'f' AS file_sha256, 1 AS file_bytes, "
            "'RECEIVED' AS status, 1 AS rows_read, ?::DATE AS period_start, ?::DATE AS period_end, "
            "?::TIMESTAMP AS received_at",
            [SUBMISSION, *({**TODAY, **receipt}[k] for k in TODAY)],
        )
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for case in cases:
            for name, some in case.tables.items():
                rows[name] += some
            for position, (target, word) in enumerate(case.written.items(), 1):
                run("INSERT INTO raw.\"column\" VALUES (?,?,?,?,?,'aggregate_cell',?)",
                    [SUBMISSION, f"sheet {case.number}", position, "A", target, target])  # fmt: skip
                run("INSERT INTO raw.record VALUES (?,?,?,?,'t')",
                    [SUBMISSION, f"sheet {case.number}", case.judged_row, [word]])  # fmt: skip
        for name, some in rows.items():
            self._insert(f'staged."{name}"', name, some)
            self.filled.add(f'staged."{name}"')
        for case in cases:
            if case.previous:
                run("CREATE SCHEMA IF NOT EXISTS previous")
                for name, some in case.previous.items():
                    run(f'CREATE OR REPLACE TABLE previous."{name}" AS FROM staged."{name}" LIMIT 0')
                    self._insert(f'previous."{name}"', name, some)
            if case.published:
                run("CREATE OR REPLACE TABLE ref.published_figure (territory_id VARCHAR, reference_year INTEGER, "
                    "population VARCHAR, breakdown VARCHAR, category VARCHAR, sex VARCHAR, age_group VARCHAR, "
                    "value INTEGER, unit VARCHAR)")  # fmt: skip
                for figure in case.published:
                    names = ", ".join(figure)
                    run(f"INSERT INTO ref.published_figure ({names}) VALUES ({', '.join('?' * len(figure))})",
                        list(figure.values()))  # fmt: skip

    def _insert(self, target: str, name: str, rows: list[dict[str, Any]]) -> None:
        lists = {f.name for f in self.standard.tables[name].fields if f.multiple}
        columns = ["submission_id", "sheet", "source_row", "source_part"]
        columns += [c for c, role in columns_of(self.standard.tables[name]) if role != "no"]
        table = pa.table(
            {
                c: pa.array([row.get(c) for row in rows], pa.list_(pa.string()))
                if c in lists
                else pa.array([None if row.get(c) is None else str(row[c]) for row in rows], pa.string())
                for c in columns
            }
        )
        self.connection.register("example_rows", table)
        self.connection.execute(f"INSERT INTO {target} BY NAME SELECT * FROM example_rows")
        self.connection.unregister("example_rows")

    def failing(self, rule: Rule) -> set[int | None]:
        """Rows at which a rule has findings; None stands for the submission as a whole."""
        found = self.connection.execute(
            "SELECT source_row FROM quality.finding WHERE rule_id = ? AND target_table = ? AND target_field = ?",
            [rule.rule_id, rule.table, rule.fields[0]],
        ).fetchall()
        return {row for (row,) in found}

    def applies(self, rules: list[Rule]) -> list[set[int | None]]:
        """Rows of one table that each of its rules applies to."""
        if not rules[0].each_row:
            results = self.connection.execute(
                "SELECT rule_id, target_field, evaluated FROM quality.rule_result"
            ).fetchall()
            return [{None} if (r.rule_id, r.fields[0], 1) in results else set() for r in rules]
        table = self.standard.tables[rules[0].table]
        verdicts = ", ".join(qualified(r.holds, table, self.standard) for r in rules)
        rows = self.connection.execute(
            f'SELECT "{table.name}".source_row, {verdicts} '
            f"FROM {joined_from(table, self.standard)} CROSS JOIN raw.submission AS receipt"
        ).fetchall()
        return [{row[0] for row in rows if row[1 + n] is not None} for n in range(len(rules))]
