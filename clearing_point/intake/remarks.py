"""What is said of a sheet beside its values: error cells, hidden rows, totals left out, odd spellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from re import fullmatch
from typing import Any

from clearing_point.countries.profile import ColumnSpec
from clearing_point.findings import (
    CELL_ERROR,
    ERROR,
    HIDDEN_ROWS,
    INFORMATION,
    OTHER_SPELLING,
    REPEATED_ROW,
    ROW_NOT_PLACED,
    TOTALS_LEFT_OUT,
    Finding,
    conserved,
    store_findings,
)
from clearing_point.intake.layout import SheetLayout, kept_columns, working_columns
from clearing_point.intake.package import column_letter
from clearing_point.intake.source import quoted
from clearing_point.standard.model import Standard

ERROR_TEXT = r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|FORMULA)|Err:[0-9]{3}"
"""What office programs write in a cell whose formula failed; in a CSV file and pasted as text, too."""


Named = Sequence[tuple[SheetLayout, str]]
"""Sheets, each with the temporary table of its working rows."""


def clear_errors(connection: Any, submission_id: str, named: Named) -> None:
    """Report error cells of the columns that are read, and take their text out of the working rows.

    An error is no answer and no blank: the finding stands, whatever the column takes. The received text
    stays in ``raw``.
    """
    columns = [working_columns(layout) for layout, _ in named]
    # Few cells begin so: the pattern is tried on those only.
    parts = []
    for (_, rows), numbers in zip(named, columns, strict=True):
        begins = " OR ".join(f"starts_with(c{n}, '#') OR starts_with(c{n}, 'Err:')" for n in numbers)
        parts.append(
            f"SELECT source_row, [{', '.join(f'c{n}' for n in numbers)}] FROM {rows} WHERE {begins or 'false'}"
        )
    findings: list[Finding] = []
    for place, found in enumerate(_asked_together(connection, parts)):
        layout, rows = named[place]
        kept = kept_columns(layout)
        cleared = [
            (source_row, number)
            for source_row, cells in found
            for number, cell in zip(columns[place], cells, strict=True)
            if cell and fullmatch(ERROR_TEXT, cell.strip())
        ]
        findings += [
            Finding(
                CELL_ERROR, ERROR, "validity", table, field, layout.sheet, source_row, column_letter(number)
            )
            for source_row, number in cleared
            for table, field in kept.get(number, ())[:1]
        ]
        for number in sorted({number for _, number in cleared}):
            connection.execute(
                f"UPDATE {rows} SET c{number} = NULL WHERE regexp_full_match(trim(c{number}), {quoted(ERROR_TEXT)})"
            )
    store_findings(connection, submission_id, findings)


def _asked_together(connection: Any, parts: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    """Ask several queries whose first column is a row's number in one statement; return the rows of each, in order."""
    found: list[list[tuple[Any, ...]]] = [[] for _ in parts]
    asked = " UNION ALL ".join(
        f"SELECT {place} AS place, * FROM ({part})" for place, part in enumerate(parts)
    )
    if parts:
        for place, *row in connection.execute(f"FROM ({asked}) ORDER BY 1, 2").fetchall():
            found[place].append(tuple(row))
    return found


def remark(connection: Any, submission_id: str, named: Named) -> list[int]:
    """Report rows that were hidden and read, rows that were left out as totals, headings read in another spelling.

    Returns
    -------
    list of int
        Number of the rows that were left out of each sheet.
    """
    hidden, left_out = [], []
    for layout, rows in named:
        places = ", ".join(map(str, sorted(layout.hidden_rows))) or "NULL"
        hidden.append(f"SELECT source_row FROM {rows} WHERE source_row IN ({places})")
        marked = (
            f"sheet = {quoted(layout.sheet)} AND source_row >= {layout.first_row} "
            f"AND source_row NOT IN (SELECT source_row FROM {rows}) "
            "AND len(list_filter(cells, lambda cell: cell IS NOT NULL)) > 0"
        )
        left_out.append(
            f"SELECT source_row FROM raw.record WHERE {marked if layout.skip_columns else 'false'}"
        )
    none: list[list[tuple[Any, ...]]] = [[] for _ in named]
    seen = _asked_together(connection, hidden) if any(layout.hidden_rows for layout, _ in named) else none
    left = _asked_together(connection, left_out) if any(layout.skip_columns for layout, _ in named) else none
    findings: list[Finding] = []
    for place, (layout, _) in enumerate(named):
        findings += [_respelled(layout, number) for number in layout.respelled]
        findings += [_row(HIDDEN_ROWS, layout, number) for (number,) in seen[place]]
        findings += [_row(TOTALS_LEFT_OUT, layout, number) for (number,) in left[place]]
    store_findings(connection, submission_id, findings)
    return [len(rows) for rows in left]


def leave_out_repeats(connection: Any, submission_id: str, named: Named, standard: Standard) -> list[int]:
    """Take rows that stand twice with the same cells out of the working rows; the first one stays (rule P06).

    Only where the sender numbers her rows: without a number of its own, a second row like the first may
    be a second person.

    Returns
    -------
    list of int
        Number of the rows that were taken out of each sheet.
    """
    parts = []
    for layout, rows in named:
        if not all(_is_numbered(layout, spec.table, spec.columns, standard) for spec in layout.spec.tables):
            parts.append(f"SELECT source_row FROM {rows} WHERE false")
            continue
        # Few files hold any: hashes are compared first, cells only of rows whose hash comes twice.
        cells = ", ".join(f"c{n}" for n in working_columns(layout))
        parts.append(
            f"SELECT source_row FROM {rows} SEMI JOIN (SELECT hash({cells}) AS same FROM {rows} GROUP BY ALL "
            f"HAVING count(*) > 1) AS twice ON hash({cells}) = twice.same "
            f"QUALIFY row_number() OVER (PARTITION BY {cells} ORDER BY source_row) > 1"
        )
    repeated = _asked_together(connection, parts)
    findings: list[Finding] = []
    for (layout, rows), found in zip(named, repeated, strict=True):
        if found:
            places = ", ".join(str(number) for (number,) in found)
            connection.execute(f"DELETE FROM {rows} WHERE source_row IN ({places})")
            findings += [
                Finding(REPEATED_ROW, INFORMATION, "uniqueness", None, None, layout.sheet, number)
                for (number,) in found
            ]
    store_findings(connection, submission_id, findings)
    return [len(found) for found in repeated]


def rows_of_no_table(connection: Any, submission_id: str, layout: SheetLayout, rows: str, target: str) -> int:
    """Report rows that came into no table, and blocks of a row that did not though something stands in them.

    A block is what one table alone reads of a sheet with several; it is left out of a row where its first columns
    are empty (``when_filled``), and something in its other columns would be lost with it.

    Parameters
    ----------
    target : str
        Name of the temporary table of each block, to be filled with its table and position.

    Returns
    -------
    int
        Number of the rows that came into no table.
    """
    blocks = [target.format(spec.table, position) for position, spec in enumerate(layout.spec.tables)]
    if not any(spec.when_filled or spec.explode for spec in layout.spec.tables):
        return 0
    kept = kept_columns(layout)
    findings = []
    for block, spec in zip(blocks, layout.spec.tables, strict=True):
        own = [n for n, pairs in kept.items() if {table for table, _ in pairs} == {spec.table}]
        if spec.when_filled and own:
            something = " OR ".join(f"c{n} IS NOT NULL" for n in own)
            lost = connection.execute(
                f"SELECT source_row FROM {rows} ANTI JOIN {block} USING (source_row) WHERE {something} ORDER BY 1"
            ).fetchall()
            findings += [conserved(ROW_NOT_PLACED, spec.table, None, layout.sheet, n) for (n,) in lost]
    anywhere = " UNION ".join(f"SELECT source_row FROM {block}" for block in blocks)
    nowhere = connection.execute(
        f"SELECT source_row FROM {rows} ANTI JOIN ({anywhere}) USING (source_row) ORDER BY 1"
    ).fetchall()
    said = {finding.source_row for finding in findings}
    findings += [conserved(ROW_NOT_PLACED, None, None, layout.sheet, n) for (n,) in nowhere if n not in said]
    store_findings(connection, submission_id, findings)
    return len(nowhere)


def _is_numbered(
    layout: SheetLayout, table: str, columns: Mapping[str, ColumnSpec], standard: Standard
) -> bool:
    return all(
        (column := columns.get(key)) is not None
        and not column.row_number
        and layout.column_of(column.headings) is not None
        for key in standard.tables[table].primary_key
    )


def _row(rule_id: str, layout: SheetLayout, number: int) -> Finding:
    return Finding(rule_id, INFORMATION, "structure", None, None, layout.sheet, number)


def _respelled(layout: SheetLayout, number: int) -> Finding:
    return Finding(
        OTHER_SPELLING,
        INFORMATION,
        "structure",
        None,
        None,
        layout.sheet,
        layout.header_row,
        column_letter(number),
    )
