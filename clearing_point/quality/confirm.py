"""The second judge: Great Expectations decides on what is loaded, from the tables' own columns.

Our SQL lists the failing rows with their places; the suites count them without it. Where the two counts of a rule differ,
the program is at fault and nothing is decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.findings import (
    AMBIGUOUS,
    BLOCK,
    DATES_OF_OTHER_FORM,
    ERROR,
    PARTED_OTHERWISE,
    WARNING,
)
from clearing_point.quality.earlier import Earlier
from clearing_point.quality.judge import ACCEPT, ACCEPT_WITH_WARNINGS, DECISIVE, RETURN, Verdict
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.rules import RUN
from clearing_point.standard.structure import UNKNOWN_CODE, UNREADABLE
from clearing_point.suites.cells import (
    AS_RECEIVED,
    OTHER_FORM,
    Place,
    cell_expectations,
    compared_cells,
    lay_out_cells,
)
from clearing_point.suites.documents import document_of_parts
from clearing_point.suites.history import measured_documents
from clearing_point.suites.ready import FOLDER, HISTORY, ready_suites
from clearing_point.suites.received import Received
from clearing_point.suites.runner import Ask, Document, Judgement, Question
from clearing_point.warehouse.workspace import Workspace

Key = tuple[str, str]
"""Rule and table."""
_CELL_RULES = {
    UNKNOWN_CODE: UNKNOWN_CODE,
    AMBIGUOUS: UNKNOWN_CODE,
    PARTED_OTHERWISE: UNKNOWN_CODE,
    UNREADABLE: UNREADABLE,
    DATES_OF_OTHER_FORM: OTHER_FORM,
}
"""Finding on a cell -> what the second judge counts it as: of a word that is not known, three rules say why."""


def confirmed(
    workspace: Workspace,
    verdict: Verdict,
    standard: Standard,
    ask: Ask,
    *,
    prepared: Path,
    use: str,
    earlier: Earlier,
    received: Received | None = None,
) -> Verdict:
    """Let the suites judge a submission that our SQL has judged, and store what they say.

    Parameters
    ----------
    workspace : Workspace
        After :func:`~clearing_point.quality.judge.judge` of a file that was not refused; closed: the library opens it.
    ask : callable
        :func:`~clearing_point.suites.runner.run_suites`, or the same in another process.
    prepared : Path
        See :func:`~clearing_point.suites.ready.ready_suites`.
    received : Received, optional
        What the file says, cell by cell.

    Raises
    ------
    InternalError
        If the two judges count different failing rows of a rule, a rule was judged by one of them only, or they decide
        differently; it names the rule.
    """
    with workspace.opened(attach=earlier.attached) as connection:
        counted = _counted(connection, standard)
        cells: dict[str, list[Mapping[str, Any]]] = {}
        found = found_while_reading(connection)
        if received is not None:
            lay_out_cells(connection, received)
            cells = cell_expectations(received, found, standard)
        documents = list(_documents(connection, standard, prepared, earlier, cells))
    judgements = ask(Question(workspace.path, "staged", documents, earlier.attached))
    compare(counted, [j for j in judgements if f".{AS_RECEIVED}" not in j.name], standard)
    if received is not None:
        difference = compared_cells(received, found, _of_cells(judgements))
        if difference:
            # Columns without a finding are asked together: table by table, the message says where the difference is.
            placed = cell_expectations(received, found, standard, by_table=True)
            asked = [document_of_parts(name, {"table": name}, made) for name, made in placed.items()]
            again = _of_cells(ask(Question(workspace.path, "staged", asked, earlier.attached)))
            raise InternalError(compared_cells(received, found, again) or difference)
    with workspace.opened() as connection:
        decision = _decision(connection, verdict.submission_id, judgements, standard, use)
        if decision != verdict.decision:
            raise InternalError(
                f"Great Expectations decides '{decision}' and our SQL '{verdict.decision}'"
                f"{_weighed_otherwise(judgements, standard)}: nothing was decided."
            )
        failed = sum(not j.success for j in judgements)
        connection.execute("BEGIN TRANSACTION")
        connection.executemany(
            "INSERT INTO quality.validation_result VALUES (?,?,?,?,?,?,?,?)",
            [
                (verdict.submission_id, j.suite, j.name, j.rule_id, j.kind, j.success, j.failed, j.observed)
                for j in judgements
            ],
        )
        connection.execute(
            "UPDATE quality.decision SET expectations = ?, expectations_failed = ? WHERE submission_id = ?",
            [len(judgements), failed, verdict.submission_id],
        )
        connection.execute("COMMIT")
    return replace(verdict, expectations=len(judgements), failed_expectations=failed)


def compare(counted: Mapping[Key, int], judgements: Sequence[Judgement], standard: Standard) -> None:
    """Hold the failing rows that our SQL found against those that the suites counted, rule by rule.

    Parameters
    ----------
    counted : mapping
        Failing rows of every rule that our SQL evaluated.

    Raises
    ------
    InternalError
        On the first difference; it names the rule and the table.
    """
    found: Counter[Key] = Counter()
    for judgement in judgements:
        table = judgement.suite.partition(".")[0]
        if judgement.rule_id is None:
            if not judgement.success:
                raise InternalError(
                    f"The table {table} has not the shape of the standard ({judgement.name})."
                )
            continue
        failed = int(not judgement.success) if judgement.failed is None else judgement.failed
        found[judgement.rule_id, table] += failed
    for key in sorted({*counted, *found}):
        if key not in found:
            raise InternalError(f"Rule {key[0]} on {key[1]} was not judged by Great Expectations.")
        # What our SQL does not look for (a code that is in no list, once the file was read) can have no failing row.
        if found[key] != counted.get(key, 0):
            raise InternalError(
                f"Rule {key[0]} on {key[1]}: {counted.get(key, 0)} failing rows by SQL, {found[key]} by Great "
                "Expectations; nothing was decided."
            )


def _of_cells(judgements: Sequence[Judgement]) -> Iterator[tuple[str, str, int]]:
    return ((j.suite, j.name, j.failed or 0) for j in judgements if f".{AS_RECEIVED}" in j.name)


def found_while_reading(connection: Any) -> dict[tuple[str, Place], int]:
    """Return the cells that were found while reading, by rule, table, field, sheet and column."""
    found: Counter[tuple[str, Place]] = Counter()
    for rule, *place, count in connection.execute(
        "SELECT rule_id, target_table, target_field, sheet, column_letter, count(*) FROM quality.finding "
        "WHERE list_contains(?, rule_id) AND column_letter IS NOT NULL GROUP BY ALL",
        [list(_CELL_RULES)],
    ).fetchall():
        table, field, sheet, letter = place
        found[_CELL_RULES[rule], (table, field, sheet, letter)] += count
    return dict(found)


def _counted(connection: Any, standard: Standard) -> dict[Key, int]:
    run = {r.rule_id for r in standard.rules if r.scope in RUN}
    # A rule that applied to no row has nothing to count; the suites may still judge it, and must then find nothing.
    return {
        (rule_id, table): int(failed)
        for rule_id, table, failed in connection.execute(
            "SELECT rule_id, target_table, sum(failed) FROM quality.rule_result WHERE could_not_run IS NULL GROUP BY ALL "
            "HAVING sum(evaluated) > 0"
        ).fetchall()
        if rule_id in run
    }


def _documents(
    connection: Any,
    standard: Standard,
    prepared: Path,
    earlier: Earlier,
    cells: Mapping[str, list[Mapping[str, Any]]],
) -> Iterator[Document]:
    suites = ready_suites(standard, prepared)
    for name in standard.tables:
        of_cells = cells.get(name, [])
        if connection.execute(f'SELECT 1 FROM staged."{name}" LIMIT 1').fetchone() is None:
            if of_cells:
                yield document_of_parts(name, {"table": name}, of_cells)
            continue
        # What is asked of the table beside the one before it is asked together with the rest: each suite has its own cost.
        folders = [FOLDER, HISTORY] if earlier.attached else [FOLDER]
        asked = [suites[f"{folder}/{name}.json"] for folder in folders if f"{folder}/{name}.json" in suites]
        if asked:
            yield {
                **asked[0],
                "expectations": [*(e for document in asked for e in document["expectations"]), *of_cells],
            }
    if earlier.attached:
        install_macros(connection, standard)  # bounds are written with functions of the standard
        yield from measured_documents(connection, standard)


def _weighed_otherwise(judgements: Sequence[Judgement], standard: Standard) -> str:
    """Name the rules to which a suite gives another severity than the standard."""
    weights = {(r.rule_id, r.table): r.severity for r in standard.rules}
    found = {
        (str(j.rule_id), table)
        for j in judgements
        if (table := j.suite.partition(".")[0])
        and weights.get((str(j.rule_id), table), j.severity) != j.severity
    }
    named = ", ".join(f"{rule} on {table}" for rule, table in sorted(found))
    return f" (another severity in the suites: {named})" if named else ""


def _decision(
    connection: Any, submission_id: str, judgements: Sequence[Judgement], standard: Standard, use: str
) -> str:
    """Decide by what the suites found, less what was waived or answered, and by what was found while reading."""
    settled: Counter[Key] = Counter(
        {
            (rule, table): count
            for rule, table, count in connection.execute(
                "SELECT rule_id, target_table, count(*) FROM quality.finding WHERE submission_id = ? AND waived "
                "GROUP BY ALL",
                [submission_id],
            ).fetchall()
        }
    )
    run = sorted({r.rule_id for r in standard.rules if r.scope in RUN})
    open_findings: Counter[str] = Counter(
        dict(
            connection.execute(
                "SELECT severity, count(*) FROM quality.finding WHERE submission_id = ? AND NOT waived "
                "AND NOT list_contains(?, rule_id) GROUP BY severity",
                [submission_id, run],
            ).fetchall()
        )
    )
    for judgement in judgements:
        if f".{AS_RECEIVED}" in judgement.name:
            continue  # as many findings, which were counted above with what was waived of them
        failed = int(not judgement.success) if judgement.failed is None else judgement.failed
        key = (str(judgement.rule_id), judgement.suite.partition(".")[0])
        covered = min(failed, settled[key])
        settled[key] -= covered
        open_findings[judgement.severity] += failed - covered
    if any(open_findings[s] for s in DECISIVE[use]):
        return RETURN
    return ACCEPT_WITH_WARNINGS if any(open_findings[s] for s in (BLOCK, ERROR, WARNING)) else ACCEPT
