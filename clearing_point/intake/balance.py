"""The law of conservation: what became of every sheet, row and column that holds something.

Counted where the file comes in, before anything is left out, and again where rows arrive; what lies between must have a
name: headings, lines above them, rows left out by a declared word, repeated rows, sheets passed over by a declared
name. Everything else is a finding. The balance goes with the receipt (``quality.balance``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import Profile
from clearing_point.countries.regional import Mark, sheets_of_template, tables_in_row
from clearing_point.errors import InternalError
from clearing_point.findings import (
    HEADING_TWICE,
    HIDDEN_COLUMN,
    HIDDEN_SHEET,
    NO_HEADING,
    NOT_SHOWN,
    OTHER_SEPARATOR,
    QUOTES_OVER_LINES,
    ROW_ABOVE,
    ROW_LONG,
    ROW_NOT_PLACED,
    ROW_SHORT,
    SHEET_NOT_READ,
    SHEET_OF_OURS_NOT_READ,
    SHOWN_OTHERWISE,
    STRUCK_OUT,
    Finding,
    conserved,
)
from clearing_point.intake.doubtful import rows_of_words
from clearing_point.intake.layout import SheetLayout, fold, kept_columns, looks_like, top_of
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import CSV_SHEET, ReceivedFile
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import Standard

ROWS, ABOVE, HEADINGS, READ = "rows", "rows_above", "rows_headings", "rows_read"
LEFT_OUT, REPEATED, NOT_PLACED = "rows_left_out", "rows_repeated", "rows_not_placed"
NOT_READ, PASSED_OVER = "rows_of_unread_sheet", "rows_passed_over"
COLUMNS, COLUMNS_READ, COLUMNS_PASSED_OVER = "columns", "columns_read", "columns_passed_over"
PARTS = (ABOVE, HEADINGS, READ, LEFT_OUT, REPEATED, NOT_PLACED, NOT_READ, PASSED_OVER)
"""The items of a sheet whose counts add up to its rows."""

_FEW_CELLS = 1
"""Cells of a line above the headings that is a title."""


@dataclass(frozen=True)
class Tally:
    """What a sheet holds, as it came.

    Attributes
    ----------
    rows : array of int, shape (rows,)
        Numbers of the rows with something in them.
    cells : array of int, shape (rows,)
        Cells that hold something, of each of these rows.
    kept : array of bool, shape (rows,)
        Whether a row has something in a column that is read.
    columns : mapping
        Number of a column -> its cells that hold something, from the first data row on.
    """

    rows: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    kept: npt.NDArray[np.bool_]
    columns: Mapping[int, int]


@dataclass
class Arrived:
    """What became of the data rows of one layout, counted where they arrived."""

    read: int = 0
    left_out: int = 0
    repeated: int = 0
    not_placed: int = 0


def tallies(received: ReceivedFile, layouts: Sequence[SheetLayout]) -> dict[str, Tally]:
    """Count what every sheet holds, batch by batch."""
    first_rows: dict[str, int] = {}
    for layout in layouts:
        first_rows[layout.sheet] = min(layout.first_row, first_rows.get(layout.sheet, layout.first_row))
    read: dict[str, set[int]] = {}
    for layout in layouts:
        read.setdefault(layout.sheet, set()).update(n - 1 for n in kept_columns(layout))
    kept: dict[str, list[npt.NDArray[np.bool_]]] = {}
    rows: dict[str, list[npt.NDArray[np.int64]]] = {}
    cells: dict[str, list[npt.NDArray[np.int64]]] = {}
    columns: dict[str, npt.NDArray[np.int64]] = {}
    for batch in received.rows.select(["sheet", "source_row", "cells"]).to_batches():
        for sheet in batch["sheet"].unique().to_pylist():
            here = batch.filter(pc.equal(batch["sheet"], sheet))
            numbers = here["source_row"].to_numpy(zero_copy_only=False).astype(np.int64)
            filled = here["cells"].flatten().is_valid().to_numpy(zero_copy_only=False)
            parents = pc.list_parent_indices(here["cells"]).to_numpy(zero_copy_only=False)
            counts = np.bincount(parents[filled], minlength=len(numbers))
            rows.setdefault(sheet, []).append(numbers[counts > 0])
            cells.setdefault(sheet, []).append(counts[counts > 0])
            lengths = pc.fill_null(pc.list_value_length(here["cells"]), 0).to_numpy(zero_copy_only=False)
            starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(lengths) else np.zeros(0, np.int64)
            places = np.arange(len(parents)) - starts[parents]
            wanted = filled & np.isin(places, sorted(read.get(sheet, ())))
            keeps = np.bincount(parents[wanted], minlength=len(numbers)) > 0
            kept.setdefault(sheet, []).append(keeps[counts > 0])
            data = filled & (numbers[parents] >= first_rows.get(sheet, 1))
            found = np.bincount(places[data])
            before = columns.get(sheet, np.zeros(0, np.int64))
            width = max(len(found), len(before))
            columns[sheet] = np.pad(found, (0, width - len(found))) + np.pad(before, (0, width - len(before)))
    return {
        sheet: Tally(
            np.concatenate(parts), np.concatenate(cells[sheet]), np.concatenate(kept[sheet]),
            {n: int(count) for n, count in enumerate(columns[sheet], start=1) if count},
        )
        for sheet, parts in rows.items()
    }  # fmt: skip


@dataclass
class Balance:
    """What came of a file, sheet by sheet: items -> counts. Read and unread sheets are told apart by their items."""

    items: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, sheet: str, item: str, count: int) -> None:
        """Count something of a sheet."""
        here = self.items.setdefault(sheet, {})
        here[item] = here.get(item, 0) + int(count)

    def check(self) -> None:
        """Hold the law for rows.

        Raises
        ------
        InternalError
            If rows of a sheet are in no item, or in two: the program would lose or double them.
        """
        for number, items in enumerate(self.items.values(), start=1):
            if sum(items.get(part, 0) for part in PARTS) != items.get(ROWS, 0):
                found = ", ".join(f"{name} {count}" for name, count in sorted(items.items()))
                raise InternalError(f"Rows of sheet {number} do not add up ({found}).")

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Yield sheet, item and count."""
        for sheet, items in self.items.items():
            yield from ((sheet, item, count) for item, count in items.items())


@dataclass(frozen=True)
class Account:
    """What is known of a whole file before only a part of it is kept: its balance so far, and findings."""

    balance: Balance
    findings: list[Finding]

    def document(self, mark: Mark | None) -> dict[str, Any]:
        """Return what goes with the kept file: counts, and the year of the template."""
        return {"items": self.balance.items, "template_year": "" if mark is None else mark.year}


def account_for(
    received: ReceivedFile, layouts: Sequence[SheetLayout], profile: Profile, standard: Standard,
    again: Mapping[str, frozenset[int]] = {},
) -> Account:  # fmt: skip
    """Count a file as it came, and account for all of it but the rows that are read (:func:`with_arrived`).

    Parameters
    ----------
    again : mapping, optional
        Sheet -> rows that repeat its headings (:func:`.doubtful.headings_again`).
    """
    tally, balance = tallies(received, layouts), Balance()
    findings = unread_sheets(received, layouts, profile, standard, tally, balance)
    findings += columns_of(layouts, tally, balance)
    findings += hidden_parts(received, layouts, tally)
    findings += rows_of(layouts, tally, balance, again) + rows_of_words(received, layouts)
    if received.delimiter:
        findings += lines_of(received, layouts, profile)
    return Account(balance, findings)


def lines_of(received: ReceivedFile, layouts: Sequence[SheetLayout], profile: Profile) -> list[Finding]:
    """Say of a CSV file which lines are no plain rows: too short, too long, or with a quoted cell over several lines."""
    findings: list[Finding] = []
    if received.delimiter != profile.reading.delimiter:
        findings.append(conserved(OTHER_SEPARATOR, None, None, CSV_SHEET))
    for layout in layouts[:1]:
        width = len(layout.headings)
        last = pc.max(received.rows["source_row"]).as_py()
        for batch in received.rows.to_batches():
            numbers = batch["source_row"].to_numpy(zero_copy_only=False)
            cells = batch["cells"]
            lengths = pc.fill_null(pc.list_value_length(cells), 0).to_numpy(zero_copy_only=False)
            values = cells.flatten()
            parents = pc.list_parent_indices(cells).to_numpy(zero_copy_only=False)
            filled = values.is_valid().to_numpy(zero_copy_only=False)
            places = np.arange(len(parents)) - np.concatenate(([0], np.cumsum(lengths)))[parents]
            over = pc.and_(
                pc.match_substring_regex(values, r"[\r\n]"), pc.match_substring(values, received.delimiter)
            )
            over = pc.fill_null(over, False).to_numpy(zero_copy_only=False)
            data = numbers >= layout.first_row
            holds = np.bincount(parents[filled], minlength=len(numbers)) > 0
            holds |= numbers == last  # a file that was cut off ends in the middle of a line
            for rule, at in (
                (ROW_SHORT, data & holds & (lengths < width)),
                (
                    ROW_LONG,
                    data & (np.bincount(parents[filled & (places >= width)], minlength=len(numbers)) > 0),
                ),
                (QUOTES_OVER_LINES, data & (np.bincount(parents[over], minlength=len(numbers)) > 0)),
            ):
                findings += [
                    conserved(rule, None, None, CSV_SHEET, int(n), dimension="validity") for n in numbers[at]
                ]
    return findings


def unread_sheets(
    received: ReceivedFile, layouts: Sequence[SheetLayout], profile: Profile, standard: Standard,
    tally: Mapping[str, Tally], balance: Balance,
) -> list[Finding]:  # fmt: skip
    """Account for sheets that no layout reads: passed over by a declared name, or a finding."""
    read = {layout.sheet for layout in layouts}
    template = read_yaml(standard.folder / "template.yml")
    declared = {fold(name) for name in (*profile.ignore_sheets, *template["sheets_without_data"])}
    own = sheets_of_template(received.rows, standard)
    findings = []
    for sheet, held in tally.items():
        if sheet in read or not len(held.rows):
            continue
        balance.add(sheet, ROWS, len(held.rows))
        ours = _is_ours(received, sheet, profile, standard)
        # A declared name is a decision of a person; that a sheet belongs to our own template is only our guess.
        if fold(sheet) in declared or (sheet in own and not ours):
            balance.add(sheet, PASSED_OVER, len(held.rows))
            continue
        balance.add(sheet, NOT_READ, len(held.rows))
        findings.append(conserved(SHEET_OF_OURS_NOT_READ if ours else SHEET_NOT_READ, None, None, sheet))
    return findings


def _is_ours(received: ReceivedFile, sheet: str, profile: Profile, standard: Standard) -> bool:
    """Whether an unread sheet has the headings of one that is read."""
    top = top_of(received.rows, sheet)
    return bool(tables_in_row(received.rows, sheet, standard)) or any(
        looks_like(top, spec) for spec in profile.sheets
    )


def hidden_parts(
    received: ReceivedFile, layouts: Sequence[SheetLayout], tally: Mapping[str, Tally]
) -> list[Finding]:
    """Say of what is read that it is hidden, shown otherwise or struck out."""
    findings = []
    for layout in layouts:
        facts, held = received.facts.get(layout.sheet), tally.get(layout.sheet)
        if facts is None or held is None or not held.columns:
            continue
        if facts.state != "visible":
            findings.append(conserved(HIDDEN_SHEET, None, None, layout.sheet))
        kept = kept_columns(layout)
        told = (
            (HIDDEN_COLUMN, facts.hidden_columns), (NOT_SHOWN, facts.unshown_columns),
            (SHOWN_OTHERWISE, facts.otherwise_columns),
        )  # fmt: skip
        findings += [
            conserved(rule, *(kept[n][0] if kept[n] else (None, None)), layout.sheet, None, column_letter(n))
            for rule, columns in told
            for n in columns
            if n in held.columns and n in kept
        ]
        if not kept.keys().isdisjoint(facts.struck_columns):
            rows = held.rows[held.rows >= layout.first_row]
            findings += [
                conserved(STRUCK_OUT, None, None, layout.sheet, int(number))
                for number in rows[np.isin(rows, facts.struck_rows)]
            ]
    return list(dict.fromkeys(findings))


def columns_of(layouts: Sequence[SheetLayout], tally: Mapping[str, Tally], balance: Balance) -> list[Finding]:
    """Account for the filled columns of the sheets that are read: read, passed over, or a finding."""
    findings: list[Finding] = []
    for sheet in dict.fromkeys(layout.sheet for layout in layouts):
        here = [layout for layout in layouts if layout.sheet == sheet]
        filled = set(tally[sheet].columns) if sheet in tally else set()
        read = filled & {n for layout in here for n in kept_columns(layout)}
        named = {
            n for layout in here for n, text in enumerate(layout.headings, start=1) if text and text.strip()
        }
        others = any(layout.spec.ignore_others for layout in here)
        twice = filled & {n for layout in here for n in layout.twice}
        balance.add(sheet, COLUMNS, len(filled))
        balance.add(sheet, COLUMNS_READ, len(read))
        # In a CSV file what stands beyond the headings is told line by line.
        beyond = {n for n in filled if n > len(here[0].headings)} if sheet == CSV_SHEET else set()
        declared = {
            n for n in filled if column_letter(n) in {c for layout in here for c in layout.spec.unnamed}
        }
        nameless = set() if others else filled - named - read - beyond - declared
        balance.add(sheet, COLUMNS_PASSED_OVER, len(filled - read - nameless - twice))
        row = here[0].header_row
        findings += [
            conserved(NO_HEADING, None, None, sheet, row, column_letter(n)) for n in sorted(nameless)
        ]
        findings += [
            conserved(HEADING_TWICE, None, None, sheet, row, column_letter(n)) for n in sorted(twice)
        ]
    return findings


def rows_of(
    layouts: Sequence[SheetLayout],
    tally: Mapping[str, Tally],
    balance: Balance,
    again: Mapping[str, frozenset[int]],
) -> list[Finding]:
    """Account for the rows of the sheets that are read, as far as the sheets themselves tell."""
    findings: list[Finding] = []
    done: set[str] = set()
    for layout in layouts:
        held = tally.get(layout.sheet)
        if held is None or layout.sheet in done:
            continue  # one sheet of two layouts is accounted for by the first: its rows are the same
        done.add(layout.sheet)
        above = held.rows < layout.header_row
        data = (held.rows >= layout.first_row) & ~np.isin(held.rows, sorted(again.get(layout.sheet, ())))
        lost = held.rows[data & ~held.kept]
        balance.add(layout.sheet, ROWS, len(held.rows))
        balance.add(layout.sheet, ABOVE, int(above.sum()))
        balance.add(layout.sheet, HEADINGS, int((~above & ~data).sum()))
        balance.add(layout.sheet, NOT_PLACED, len(lost))
        findings += [
            conserved(ROW_ABOVE, None, None, layout.sheet, int(number))
            for number in held.rows[above & (held.cells > _FEW_CELLS)]
        ]
        findings += [conserved(ROW_NOT_PLACED, None, None, layout.sheet, int(number)) for number in lost]
    return findings


def with_arrived(
    document: Mapping[str, Any], layouts: Sequence[SheetLayout], arrived: Sequence[Arrived]
) -> Balance:
    """Add what became of the rows that were read to the balance that came with the file."""
    balance = Balance({sheet: dict(items) for sheet, items in document.get("items", {}).items()})
    done: set[str] = set()
    for layout, came in zip(layouts, arrived, strict=True):
        if layout.sheet not in balance.items or layout.sheet in done:
            continue
        done.add(layout.sheet)
        balance.add(layout.sheet, READ, came.read)
        balance.add(layout.sheet, LEFT_OUT, came.left_out)
        balance.add(layout.sheet, REPEATED, came.repeated)
        balance.add(layout.sheet, NOT_PLACED, came.not_placed)
    return balance


def store_balance(connection: Any, submission_id: str, balance: Balance) -> None:
    """Hold the law, and write the balance beside the receipt."""
    balance.check()
    rows = [(submission_id, *row) for row in balance.rows()]
    if rows:
        names = ("submission_id", "sheet", "item", "count")
        connection.register(
            "balance_rows", pa.table({n: [row[i] for row in rows] for i, n in enumerate(names)})
        )
        connection.execute("INSERT INTO quality.balance SELECT * FROM balance_rows")
        connection.unregister("balance_rows")
