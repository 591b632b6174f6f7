"""What is said of a sheet beside its values: error cells, hidden rows, totals left out, odd spellings."""

from __future__ import annotations

from collections.abc import Mapping
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


def clear_errors(connection: Any, submission_id: str, layout: SheetLayout, rows: str) -> None:
    """Report error cells of the columns that are read, and take their text out of the working rows.

    An error is no answer and no blank: the finding stands, whatever the column takes. The received text
    stays in ``raw``.
    """
    numbers = working_columns(layout)
    # Few cells begin so: the pattern is tried on those only.
    first_look = (
        " OR ".join(f"starts_with(c{n}, '#') OR starts_with(c{n}, 'Err:')" for n in numbers) or "false"
    )
    found = [
        (
            source_row,
            [
                n
                for n, cell in zip(numbers, cells, strict=True)
                if cell and fullmatch(ERROR_TEXT, cell.strip())
            ],
        )
        for source_row, *cells in connection.execute(
            f"SELECT source_row{''.join(f', c{n}' for n in numbers)} FROM {rows} WHERE {first_look} ORDER BY 1"
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
    for number in sorted({n for _, places in found for n in places}):
        connection.execute(
            f"UPDATE {rows} SET c{number} = NULL WHERE regexp_full_match(trim(c{number}), {quoted(ERROR_TEXT)})"
        )


def remark(connection: Any, submission_id: str, layout: SheetLayout, rows: str) -> int:
    """Report rows that were hidden and read, rows that were left out as totals, headings read in another spelling.

    Returns
    -------
    int
        Number of the rows that were left out.
    """
    left_out: list[tuple[int]] = []
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
            "AND len(list_filter(cells, lambda cell: cell IS NOT NULL)) > 0 ORDER BY 1",
            [layout.sheet],
        ).fetchall()
        findings += [_row(TOTALS_LEFT_OUT, layout, number) for (number,) in left_out]
    store_findings(connection, submission_id, findings)
    return len(left_out)


def leave_out_repeats(
    connection: Any, submission_id: str, layout: SheetLayout, rows: str, standard: Standard
) -> int:
    """Take rows that stand twice with the same cells out of the working rows; the first one stays (rule P06).

    Only where the sender numbers her rows: without a number of its own, a second row like the first may
    be a second person.

    Returns
    -------
    int
        Number of the rows that were taken out.
    """
    if not all(_is_numbered(layout, spec.table, spec.columns, standard) for spec in layout.spec.tables):
        return 0
    # Few files hold any: hashes are compared first, cells only of rows whose hash comes twice.
    cells = ", ".join(f"c{n}" for n in working_columns(layout))
    repeated = connection.execute(
        f"SELECT source_row FROM {rows} SEMI JOIN (SELECT hash({cells}) AS same FROM {rows} GROUP BY ALL "
        f"HAVING count(*) > 1) AS twice ON hash({cells}) = twice.same "
        f"QUALIFY row_number() OVER (PARTITION BY {cells} ORDER BY source_row) > 1 ORDER BY 1"
    ).fetchall()
    if repeated:
        places = ", ".join(str(number) for (number,) in repeated)
        connection.execute(f"DELETE FROM {rows} WHERE source_row IN ({places})")
        store_findings(
            connection,
            submission_id,
            (
                Finding(REPEATED_ROW, INFORMATION, "uniqueness", None, None, layout.sheet, number)
                for (number,) in repeated
            ),
        )
    return len(repeated)


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
