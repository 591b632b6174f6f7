"""Every rule over every row of a submission, set-based: findings with their place, results with counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.errors import InternalError, of_the_standard
from clearing_point.standard.expressions import (
    PREVIOUS,
    RECEIPT,
    install_macros,
    joined_from,
    one_table_select,
    qualified,
)
from clearing_point.standard.model import LINEAGE, Rule, Standard, Table
from clearing_point.standard.rules import PUBLISHED, RUN, SERIES


def evaluate(
    connection: Any, submission_id: str, standard: Standard, *, no_previous: str = "no_previous"
) -> None:
    """Run all rules over a workspace.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose ``staged`` tables are filled and whose ``known`` views stand. Rules of scope
        ``series`` need tables ``previous.<table>`` in an attached database or a schema of that name (rows of
        the sender's last accepted submission, shaped as ``staged``); those of scope ``published`` the
        table ``ref.published_figure``.
    no_previous : str
        Why nothing earlier is there, as a name in ``words.yml`` (not_run).

    Notes
    -----
    Writes ``quality.finding`` (one row a failing row and rule) and ``quality.rule_result`` (one row
    a rule and field: evaluated, failed, not applicable, or why it could not run). Missing codes are
    NULL to a rule, so a rule about an unknown value does not apply; it never fails for it.

    Raises
    ------
    InternalError
        If a rule cannot be run: the rule is wrong, not the data. Names the rule.
    """
    install_macros(connection, standard)
    run_rules(connection, submission_id, standard, no_previous=no_previous)


def run_rules(
    connection: Any, submission_id: str, standard: Standard, *, no_previous: str = "no_previous"
) -> None:
    """Run all rules as :func:`evaluate` where the functions of the standard are installed."""
    absent = _absent_scopes(connection, no_previous)
    results: list[Result] = []
    for table in _filled(connection, standard):
        rules = [r for r in standard.rules if r.table == table.name and r.scope in RUN]
        results += [(r, 0, 0, 0, absent[r.scope]) for r in rules if r.scope in absent]
        rules = [r for r in rules if r.scope not in absent]
        if each := [r for r in rules if r.each_row]:
            results += _check_rows(connection, submission_id, table, each, standard)
        if whole := [r for r in rules if not r.each_row]:
            results += _check_submission(connection, submission_id, table, whole, standard)
    _record(connection, submission_id, results)
    _count_unread(connection, submission_id)


Result = tuple[Rule, int, int, int, str | None]
"""A rule, on how many rows it was evaluated, failed and did not apply, and why it could not run."""


def _filled(connection: Any, standard: Standard) -> list[Table]:
    """Return the tables that have rules and rows."""
    judged = {rule.table for rule in standard.rules}
    tables = [table for table in standard.tables_of_kind() if table.name in judged]
    if not tables:
        return []
    asked = connection.execute(
        "SELECT " + ", ".join(f'EXISTS (FROM staged."{table.name}")' for table in tables)
    ).fetchone()
    return [table for table, has_rows in zip(tables, asked, strict=True) if has_rows]


def _absent_scopes(connection: Any, no_previous: str) -> Mapping[str, str]:
    """Scopes whose other side is not there, with the name of the reason."""
    there = {
        tuple(row)
        for row in connection.execute(
            "SELECT table_catalog, table_schema, table_name FROM information_schema.tables"
        ).fetchall()
    }
    absent = {}
    if not any(PREVIOUS in (catalog, schema) for catalog, schema, _ in there):
        absent[SERIES] = no_previous
    if not any((schema, name) == ("ref", "published_figure") for _, schema, name in there):
        absent[PUBLISHED] = "no_published"
    return absent


def _check_rows(
    connection: Any, submission_id: str, table: Table, rules: Sequence[Rule], standard: Standard
) -> list[Result]:
    names = [f"check_{n}" for n in range(len(rules))]
    checks = [f"({qualified(rule.holds, table, standard)})::BOOLEAN" for rule in rules]
    lineage = ", ".join(f'"{table.name}".{c}' for c in LINEAGE if c != "submission_id")
    selected = ", ".join(f"{sql} AS {name}" for sql, name in zip(checks, names, strict=True))
    source = joined_from(table, standard, checks)
    if any(f"{RECEIPT}." in check for check in checks):
        # The receipt is one row: what the engine knows of the submission stands beside every row of it.
        source += f" CROSS JOIN (SELECT * FROM raw.submission LIMIT 1) AS {RECEIPT}"
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE checked AS SELECT {lineage}, {selected} FROM {source}"
        )
    except duckdb.Error as error:
        for rule, sql in zip(rules, checks, strict=True):
            try:
                connection.execute(f"SELECT {sql} FROM {source}").fetchall()
            except duckdb.Error as cause:
                raise of_the_standard(
                    cause, f"Rule {rule.rule_id} on {table.name}", "schemas/rules"
                ) from cause
        raise InternalError(f"The rules on {table.name} cannot be run ({type(error).__name__}).") from error
    counts = connection.execute(
        "SELECT count(*), "
        + ", ".join(f"count({n}), coalesce(count_if(NOT {n}), 0)" for n in names)
        + " FROM checked"
    ).fetchone()
    rows = counts[0]
    results: list[Result] = []
    failing = []
    for position, rule in enumerate(rules):
        evaluated, failed = counts[1 + 2 * position], counts[2 + 2 * position]
        results.append((rule, evaluated, failed, rows - evaluated, None))
        if failed:
            failing.append(position)
    if failing:
        _store_findings(connection, submission_id, table, [(names[p], rules[p]) for p in failing])
    return results


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
    all_hold = " AND ".join(f"coalesce({name}, true)" for name, _ in failing)
    connection.execute(
        f"INSERT INTO quality.finding SELECT '{submission_id}', f.rule_id, f.severity, f.dimension, "
        f"'{table.name}', f.field, u.sheet, u.source_row, c.column_letter, false "
        f"FROM (UNPIVOT (SELECT sheet, source_row, {columns} FROM checked WHERE NOT ({all_hold})) ON {columns} "
        "INTO NAME check_name VALUE holds) AS u JOIN failing_rules AS f USING (check_name) "
        f'LEFT JOIN (SELECT sheet, target_field, min(column_letter) AS column_letter FROM raw."column" '
        f"WHERE target_table = '{table.name}' GROUP BY ALL) AS c "
        "ON c.sheet = u.sheet AND c.target_field = f.field WHERE NOT u.holds"
    )
    connection.unregister("failing_rules")


def _check_submission(
    connection: Any, submission_id: str, table: Table, rules: Sequence[Rule], standard: Standard
) -> list[Result]:
    """Run rules with one verdict a submission; those that only read one table share one pass over it."""
    passes: dict[str, list[tuple[Rule, str]]] = {}
    for rule in rules:
        expression, source = one_table_select(rule.holds, table, standard) or (
            qualified(rule.holds, table, standard),
            "(SELECT 1)",
        )
        passes.setdefault(source, []).append((rule, expression))
    results: list[Result] = []
    for source, checks in passes.items():
        selected = ", ".join(f"({expression})::BOOLEAN" for _, expression in checks)
        try:
            verdicts = connection.execute(f"SELECT {selected} FROM {source}").fetchone()
        except duckdb.Error as error:
            for rule, expression in checks:
                try:
                    connection.execute(f"SELECT ({expression})::BOOLEAN FROM {source}").fetchone()
                except duckdb.Error as cause:
                    raise of_the_standard(
                        cause, f"Rule {rule.rule_id} on {table.name}", "schemas/rules"
                    ) from cause
            raise InternalError(
                f"The rules on {table.name} cannot be run ({type(error).__name__})."
            ) from error
        for (rule, _), holds in zip(checks, verdicts, strict=True):
            results.append((rule, int(holds is not None), int(holds is False), int(holds is None), None))
    for rule, _, failed, _, _ in results:
        if failed:
            # No row is at fault: the finding points to the column as a whole, where the file has it.
            connection.execute(
                "INSERT INTO quality.finding SELECT ?, ?, ?, ?, ?, ?, min(sheet), NULL, "
                "min(column_letter), false FROM raw.\"column\" WHERE target_table = ? AND target_field = ?",
                [submission_id, rule.rule_id, rule.severity, rule.dimension, table.name, *_field(rule),
                 table.name, *_field(rule)],
            )  # fmt: skip
    return results


def _field(rule: Rule) -> tuple[str | None]:
    return (rule.fields[0] if rule.fields else None,)


def _record(connection: Any, submission_id: str, results: Sequence[Result]) -> None:
    rows = [
        (
            submission_id,
            rule.rule_id,
            rule.table,
            *_field(rule),
            rule.severity,
            evaluated,
            failed,
            without,
            reason,
        )
        for rule, evaluated, failed, without, reason in results
    ]
    names = [r[1] for r in connection.execute("PRAGMA table_info('quality.rule_result')").fetchall()]
    types = [pa.string()] * 5 + [pa.int64()] * 3 + [pa.string()]
    columns = {n: pa.array([row[i] for row in rows], types[i]) for i, n in enumerate(names)}
    connection.register("result_rows", pa.table(columns))
    connection.execute("INSERT INTO quality.rule_result SELECT * FROM result_rows")
    connection.unregister("result_rows")


def _count_unread(connection: Any, submission_id: str) -> None:
    """Findings made while reading get their result rows as well, so that every rule that found something has one."""
    connection.execute(
        "INSERT INTO quality.rule_result SELECT submission_id, rule_id, coalesce(target_table, '-'), target_field, "
        "any_value(severity), count(*), count(*), 0, NULL FROM quality.finding AS f WHERE submission_id = ? "
        "AND NOT EXISTS (SELECT 1 FROM quality.rule_result AS r WHERE r.rule_id = f.rule_id "
        "AND r.target_table = coalesce(f.target_table, '-') AND r.target_field IS NOT DISTINCT FROM f.target_field) "
        "GROUP BY ALL",
        [submission_id],
    )
