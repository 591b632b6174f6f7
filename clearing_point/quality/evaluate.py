"""Every rule over every row of a submission, set-based: findings with their place, results with counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.errors import InternalError
from clearing_point.standard.expressions import install_macros, joined_from, qualified
from clearing_point.standard.model import LINEAGE, Rule, Standard, Table

ROW, SUBMISSION = "row", "submission"


def evaluate(connection: Any, submission_id: str, standard: Standard) -> None:
    """Run all rules over a workspace.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose ``staged`` tables are filled and whose ``known`` views stand.

    Notes
    -----
    Writes ``quality.finding`` (one row a failing row and rule) and ``quality.rule_result`` (one row
    a rule and field: evaluated, failed, not applicable). Missing codes are NULL to a rule, so a rule
    about an unknown value does not apply; it never fails for it.

    Raises
    ------
    InternalError
        If a rule cannot be run: the rule is wrong, not the data. Names the rule.
    """
    install_macros(connection, standard)
    for table in standard.tables_of_kind("header", "case", "aggregate", "scorecard"):
        if connection.execute(f'SELECT 1 FROM staged."{table.name}" LIMIT 1').fetchone() is None:
            continue
        rules = [r for r in standard.rules if r.table == table.name and r.scope == ROW]
        if rules:
            _check_rows(connection, submission_id, table, rules, standard)
        for rule in standard.rules:
            if rule.table == table.name and rule.scope == SUBMISSION:
                _check_submission(connection, submission_id, rule, table, standard)
    _count_unread(connection, submission_id)


def _check_rows(
    connection: Any, submission_id: str, table: Table, rules: Sequence[Rule], standard: Standard
) -> None:
    names = [f"check_{n}" for n in range(len(rules))]
    checks = [f"({qualified(rule.holds, table, standard)})::BOOLEAN" for rule in rules]
    lineage = ", ".join(f'"{table.name}".{c}' for c in LINEAGE if c != "submission_id")
    selected = ", ".join(f"{sql} AS {name}" for sql, name in zip(checks, names, strict=True))
    source = joined_from(table, standard)
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE checked AS SELECT {lineage}, {selected} FROM {source}")
    except duckdb.Error as error:
        for rule, sql in zip(rules, checks, strict=True):
            try:
                connection.execute(f"SELECT {sql} FROM {source} LIMIT 0")
            except duckdb.Error as cause:
                raise InternalError(f"Rule {rule.rule_id} on {table.name} cannot be run: {cause}") from cause
        raise InternalError(f"The rules on {table.name} cannot be run: {error}") from error
    counts = connection.execute(
        "SELECT count(*), " + ", ".join(f"count({n}), count_if(NOT {n})" for n in names) + " FROM checked"
    ).fetchone()
    rows = counts[0]
    results = []
    failing = []
    for position, rule in enumerate(rules):
        evaluated, failed = counts[1 + 2 * position], counts[2 + 2 * position]
        results.append(
            (submission_id, rule.rule_id, table.name, rule.fields[0] if rule.fields else None, rule.severity,
             evaluated, failed, rows - evaluated, None)
        )  # fmt: skip
        if failed:
            failing.append(position)
    connection.executemany("INSERT INTO quality.rule_result VALUES (?,?,?,?,?,?,?,?,?)", results)
    if failing:
        _store_findings(connection, submission_id, table, [(names[p], rules[p]) for p in failing])


def _store_findings(
    connection: Any, submission_id: str, table: Table, failing: Sequence[tuple[str, Rule]]
) -> None:
    info = pa.table(
        {
            "check_name": [name for name, _ in failing],
            "rule_id": [rule.rule_id for _, rule in failing],
            "severity": [rule.severity for _, rule in failing],
            "dimension": [rule.dimension for _, rule in failing],
            "field": pa.array([rule.fields[0] if rule.fields else None for _, rule in failing], pa.string()),
        }
    )
    connection.register("failing_rules", info)
    columns = ", ".join(name for name, _ in failing)
    connection.execute(
        f"INSERT INTO quality.finding SELECT '{submission_id}', f.rule_id, f.severity, f.dimension, "
        f"'{table.name}', f.field, u.sheet, u.source_row, c.column_letter, false "
        f"FROM (UNPIVOT (SELECT sheet, source_row, {columns} FROM checked) ON {columns} "
        "INTO NAME check_name VALUE holds) AS u JOIN failing_rules AS f USING (check_name) "
        f"LEFT JOIN (SELECT sheet, target_field, min(column_letter) AS column_letter FROM raw.\"column\" "
        f"WHERE target_table = '{table.name}' GROUP BY ALL) AS c "
        "ON c.sheet = u.sheet AND c.target_field = f.field WHERE NOT u.holds"
    )
    connection.unregister("failing_rules")


def _check_submission(
    connection: Any, submission_id: str, rule: Rule, table: Table, standard: Standard
) -> None:
    sql = qualified(f"(SELECT ({rule.holds}))" if "SELECT" not in rule.holds.upper() else rule.holds, table, standard)
    try:
        holds = connection.execute(f"SELECT ({sql})::BOOLEAN").fetchone()[0]
    except duckdb.Error as error:
        raise InternalError(f"Rule {rule.rule_id} on {table.name} cannot be run: {error}") from error
    field = rule.fields[0] if rule.fields else None
    connection.execute(
        "INSERT INTO quality.rule_result VALUES (?,?,?,?,?,?,?,?,?)",
        [submission_id, rule.rule_id, table.name, field, rule.severity,
         int(holds is not None), int(holds is False), int(holds is None), None],
    )  # fmt: skip
    if holds is False:
        connection.execute(
            "INSERT INTO quality.finding VALUES (?,?,?,?,?,?,NULL,NULL,NULL,false)",
            [submission_id, rule.rule_id, rule.severity, rule.dimension, table.name, field],
        )


def _count_unread(connection: Any, submission_id: str) -> None:
    """Findings made while reading get their result rows as well, so that the gate sees every one."""
    connection.execute(
        "INSERT INTO quality.rule_result SELECT submission_id, rule_id, coalesce(target_table, '-'), target_field, "
        "any_value(severity), count(*), count(*), 0, NULL FROM quality.finding AS f WHERE submission_id = ? "
        "AND NOT EXISTS (SELECT 1 FROM quality.rule_result AS r WHERE r.rule_id = f.rule_id "
        "AND r.target_table = coalesce(f.target_table, '-') AND r.target_field IS NOT DISTINCT FROM f.target_field) "
        "GROUP BY ALL",
        [submission_id],
    )
