"""Cells that an office program made one: their value is read for every row they cover, and that is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.findings import MERGED_BELOW, MERGED_BESIDE, UNDER_MERGED, Finding, conserved
from clearing_point.intake.layout import SheetLayout, kept_columns
from clearing_point.intake.package import column_letter
from clearing_point.intake.parser_process import BELOW, BESIDE, UNDER
from clearing_point.intake.read import ReceivedFile


def fill_merged(received: ReceivedFile, layouts: Sequence[SheetLayout]) -> tuple[ReceivedFile, list[Finding]]:
    """Give the value of cells merged over rows to each of these rows that holds something else, too.

    Only in data rows and in columns that are read; titles and headings are laid out by where their text stands. Cells
    merged over several columns keep their one value in the first: which answer the others have nobody can tell.

    Returns
    -------
    received : ReceivedFile
        With the values filled in.
    findings : list of Finding
        Of the cells that were filled, of those that lie under a cell of several columns, and of those whose own content lies
        under a cell that shows nothing.
    """
    places = _places(received.rows)
    if not places:
        return received, []
    findings: list[Finding] = []
    sheets = {layout.sheet: layout for layout in layouts}
    parts = []
    for batch in received.rows.to_batches():
        sheet = batch["sheet"][0].as_py() if batch.num_rows else None
        layout = sheets.get(sheet or "")
        if layout is None or sheet not in places:
            parts.append(batch)
            continue
        parts.append(_filled(batch, layout, findings))
    return replace(received, rows=pa.Table.from_batches(parts, schema=received.rows.schema)), findings


def _places(rows: pa.Table) -> set[str]:
    covered = pc.fill_null(pc.match_substring_regex(rows["kinds"], f"[{BELOW}{BESIDE}{UNDER}]"), False)
    return set(rows.filter(covered)["sheet"].unique().to_pylist())


def _filled(batch: pa.RecordBatch, layout: SheetLayout, findings: list[Finding]) -> pa.RecordBatch:
    kept = kept_columns(layout)
    above: dict[int, str | None] = {}
    made: list[list[str | None]] = []
    for sheet, row, cells, kinds in zip(
        batch["sheet"].to_pylist(), batch["source_row"].to_pylist(), batch["cells"].to_pylist(),
        batch["kinds"].to_pylist(), strict=True,
    ):  # fmt: skip
        there = list(cells or ())
        holds_something = any(cell is not None for cell in there)
        for position, kind in enumerate(kinds or ""):
            number = position + 1
            if kind not in {BELOW, UNDER}:
                above[number] = there[position]
            if kind not in {BELOW, BESIDE, UNDER} or sheet != layout.sheet or number not in kept:
                continue
            if row < layout.first_row or not (holds_something or kind == UNDER):
                continue
            place = (*(kept[number][0] if kept[number] else (None, None)), sheet, row, column_letter(number))
            if kind == BESIDE:
                findings.append(conserved(MERGED_BESIDE, *place, dimension="validity"))
            elif above.get(number) is None or not holds_something:
                if kind == UNDER:
                    findings.append(conserved(UNDER_MERGED, *place, dimension="validity"))
            else:
                there[position] = above[number]
                findings.append(conserved(MERGED_BELOW, *place, dimension="validity"))
                if kind == UNDER:  # another answer may have stood there
                    findings.append(conserved(UNDER_MERGED, *place, dimension="validity"))
        made.append(there)
    index = batch.schema.get_field_index("cells")
    return batch.set_column(index, batch.schema.field(index), pa.array(made, batch.schema.field(index).type))
