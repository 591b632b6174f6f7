"""Declared corrections, applied to a copy of the received cells: one of the three places where a value changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clearing_point.countries.decisions import Correction
from clearing_point.intake.layout import SheetLayout, fold
from clearing_point.intake.source import quoted


def correct(
    connection: Any,
    submission_id: str,
    file_sha256: str,
    sheets: Sequence[tuple[SheetLayout, str]],
    corrections: Sequence[Correction],
) -> None:
    """Apply corrections to the rows that are about to be coded, and record each with its number of cells.

    Parameters
    ----------
    sheets : sequence of (SheetLayout, str)
        Each sheet and the temporary table with its data rows (``source_row``, ``kinds``, ``c1``, ``c2`` ...); what was
        received stays in ``raw.record``. The macro ``fold`` must stand.

    Raises
    ------
    InputProblem
        If a correction is stale: its column is not there, the file is another, or another number of cells
        holds its text.
    """
    for correction in corrections:
        if correction.file_sha256 and not file_sha256.startswith(correction.file_sha256):
            raise correction.stale("it was decided for another file", "decision_other_file")
        places = [(rows, column) for layout, rows in sheets if (column := _column(layout, correction))]
        if not places:
            raise correction.stale("its column is not in the file", "decision_no_column")
        changed = sum(_change(connection, rows, column, correction) for rows, column in places)
        if changed != correction.cells:
            raise correction.stale(
                f"{correction.cells} cells should hold its text and {changed} do",
                "decision_cells",
                wanted=str(correction.cells),
                found=str(changed),
            )
        connection.execute(
            "INSERT INTO quality.correction VALUES (?,?,?,?,?,?,?,?,?)",
            [submission_id, correction.decision_id, correction.table, correction.field, correction.reason,
             correction.role, correction.date, correction.expires, changed],
        )  # fmt: skip


def _column(layout: SheetLayout, correction: Correction) -> int | None:
    for spec in layout.spec.tables:
        column = spec.columns.get(correction.field or "")
        if spec.table == correction.table and column is not None:
            return layout.column_of(column.headings)
    return None


def _change(connection: Any, rows: str, column: int, correction: Correction) -> int:
    where = f"fold(coalesce(c{column}, '')) = {quoted(fold(correction.before))}"
    if correction.rows:
        where += f" AND source_row IN ({', '.join(map(str, correction.rows))})"
    # The corrected text is text, whatever the cell was; an empty one is an empty cell.
    written = "NULL" if not correction.after else quoted(correction.after)
    changed = connection.execute(
        f"UPDATE {rows} SET c{column} = {written}, "
        f"kinds = CASE WHEN kinds IS NOT NULL THEN substr(kinds, 1, {column - 1}) || "
        f"'{'t' if correction.after else '.'}' || substr(kinds, {column + 1}) END WHERE {where}"
    ).fetchone()
    return int(changed[0])
