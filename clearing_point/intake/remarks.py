"""What is said of a sheet beside its values: error cells, hidden rows, totals left out, odd spellings."""

from __future__ import annotations

from re import fullmatch
from typing import Any

from clearing_point.findings import (
    CELL_ERROR,
    ERROR,
    HIDDEN_ROWS,
    INFORMATION,
    OTHER_SPELLING,
    TOTALS_LEFT_OUT,
    Finding,
    store_findings,
)
from clearing_point.intake.layout import SheetLayout, kept_columns
from clearing_point.intake.package import column_letter
from clearing_point.intake.source import quoted

ERROR_TEXT = r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|FORMULA)|Err:[0-9]{3}"
"""What office programs write in a cell whose formula failed; in a CSV file and pasted as text, too."""


def clear_errors(connection: Any, submission_id: str, layout: SheetLayout, rows: str) -> None:
    """Report error cells of the columns that are read, and take their text out of the working rows.

    An error is no answer and no blank: the finding stands, whatever the column takes. The received text
    stays in ``raw``.
    """
    # Few cells begin so: the pattern is tried on those only.
    first_look = (
        "len(list_filter(cells, lambda cell: starts_with(cell, '#') OR starts_with(cell, 'Err:'))) > 0"
    )
    found = [
        (
            source_row,
            [n for n, cell in enumerate(cells, start=1) if cell and fullmatch(ERROR_TEXT, cell.strip())],
        )
        for source_row, cells in connection.execute(
            f"SELECT source_row, cells FROM {rows} WHERE {first_look} ORDER BY 1"
        ).fetchall()
    ]
    found = [(source_row, places) for source_row, places in found if places]
    if not found:
        return
    kept = kept_columns(layout)
    store_findings(
        connection,
        submission_id,
        (
            Finding(
                CELL_ERROR, ERROR, "validity", table, field, layout.sheet, source_row, column_letter(number)
            )
            for source_row, places in found
            for number in places
            for table, field in kept.get(number, ())[:1]
        ),
    )
    is_error = f"regexp_full_match(trim(coalesce(cell, '')), {quoted(ERROR_TEXT)})"
    connection.execute(
        f"UPDATE {rows} SET cells = list_transform(cells, lambda cell: CASE WHEN {is_error} THEN NULL ELSE cell END) "
        f"WHERE {first_look}"
    )


def remark(connection: Any, submission_id: str, layout: SheetLayout, rows: str) -> None:
    """Report rows that were hidden and read, rows that were left out as totals, headings read in another spelling."""
    findings = [
        Finding(
            OTHER_SPELLING,
            INFORMATION,
            "structure",
            None,
            None,
            layout.sheet,
            layout.header_row,
            column_letter(n),
        )
        for n in layout.respelled
    ]
    here = f"source_row IN (SELECT source_row FROM {rows})"
    if layout.hidden_rows:
        places = ", ".join(map(str, sorted(layout.hidden_rows)))
        hidden = connection.execute(
            f"SELECT source_row FROM {rows} WHERE source_row IN ({places}) ORDER BY 1"
        ).fetchall()
        findings += [_row(HIDDEN_ROWS, layout, number) for (number,) in hidden]
    if layout.skip_columns:
        left_out = connection.execute(
            f"SELECT source_row FROM raw.record WHERE sheet = ? AND source_row >= {layout.first_row} AND NOT {here} "
            "AND len(list_filter(cells, lambda cell: trim(coalesce(cell, '')) <> '')) > 0 ORDER BY 1",
            [layout.sheet],
        ).fetchall()
        findings += [_row(TOTALS_LEFT_OUT, layout, number) for (number,) in left_out]
    store_findings(connection, submission_id, findings)


def _row(rule_id: str, layout: SheetLayout, number: int) -> Finding:
    return Finding(rule_id, INFORMATION, "structure", None, None, layout.sheet, number)
