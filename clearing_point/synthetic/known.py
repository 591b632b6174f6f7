"""What one sender knew at the end of a period: the rows and cells of her submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing_point.standard import Standard
from clearing_point.standard.model import Table
from clearing_point.synthetic.columns import DATE, NOTHING, WORD, Array, Frame, Vocabulary, days
from clearing_point.synthetic.region import MadeRegion
from clearing_point.synthetic.senders import LEVELS

Cell = str | int | float | None
_PERSON = "person"


@dataclass(frozen=True)
class MadeTable:
    """Rows of one table as a sender would write them, in codes of the standard.

    Attributes
    ----------
    columns : mapping of str to list
        Field (or its companion of explicit no) -> one cell a row; None is an empty cell. Texts are
        codes, references and dates (``2021-03-05``, ``2021-03`` or ``2021``); several codes of one
        cell are joined with ``"; "``.
    """

    name: str
    columns: Mapping[str, list[Cell]]

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), []))


def submission_tables(
    region: MadeRegion, standard: Standard, territory: str, period: tuple[int, int]
) -> dict[str, MadeTable]:
    """Return the case tables that a territory sends for a period.

    Parameters
    ----------
    period : tuple of int
        First and last calendar year. Persons are in it who were identified, assisted or contacted
        in these years, with all that was known of their case when the period ended.

    Returns
    -------
    dict
        Table -> rows; tables without a row are left out.
    """
    first, last = days(f"{period[0]}-01-01"), days(f"{period[1]}-12-31")
    settings, frames = region.settings["tables"], region.frames
    person = frames["person"]
    mine = person.columns["territory"].values == region.vocabulary.number(territory)
    visible: dict[str, Array] = {}
    present = np.zeros(person.size, dtype=bool)
    for name, frame in frames.items():
        shown = mine[frame.case]
        if frame.parent is not None:
            shown = shown & visible[frame.parent.name][frame.parent_row]
        block = settings[name]
        if "known_from" in block:
            with np.errstate(invalid="ignore"):
                shown = shown & (frame.column(block["known_from"]).values <= last)
        visible[name] = shown
        if "present" in block:
            start, end = (frame.columns[c].values for c in block["present"])
            with np.errstate(invalid="ignore"):
                active = shown & (start <= last) & (np.isnan(end) | (end >= first))
            present[frame.case[active]] = True
    without = region.settings["senders"][territory].get("without", {})
    made = {}
    for name, frame in frames.items():
        if name in standard.tables:
            rows = np.flatnonzero(visible[name] & present[frame.case])
            if len(rows):
                skipped = set(without.get(name, ()))
                made[name] = _table(region, standard.tables[name], frame, rows, last, territory, skipped)
    return made


def _table(
    region: MadeRegion,
    table: Table,
    frame: Frame,
    rows: Array,
    last: float,
    territory: str,
    skipped: set[str],
) -> MadeTable:
    block = region.settings["tables"][frame.name]
    columns: dict[str, list[Cell]] = {}
    own = {f.name for f in table.received} | {f.no_column for f in table.received if f.no_column}
    references = _references(region, frame, rows, territory)
    for field in table.received:
        for name in (field.name, field.no_column):
            if name in references:
                columns[name] = references[name]
            elif name is not None and frame.name == _PERSON and name in region.tokens:
                texts: list[Cell] = [region.tokens[name][row] for row in rows.tolist()]
                if any(texts):
                    columns[name] = texts
            elif name is not None and name in frame.columns and name in own and field.name not in skipped:
                cells = _cells(region, frame, block["columns"].get(name, {}), name, rows, last)
                if any(cell is not None for cell in cells):
                    # A column that nobody ever fills is not on this sender's form.
                    columns[name] = cells
    return MadeTable(frame.name, columns)


def _cells(
    region: MadeRegion, frame: Frame, spec: Mapping[str, Any], name: str, rows: Array, last: float
) -> list[Cell]:
    column = frame.columns[name].taken(rows)
    values, vocabulary = column.values, region.vocabulary
    if column.kind == DATE:
        if not spec.get("ahead"):
            with np.errstate(invalid="ignore"):
                values = np.where(values > last, np.nan, values)
        cells = _dates(values, region.precision[frame.name, name][rows])
    elif column.kind == WORD:
        cells = _words(values, vocabulary)
    else:
        cells = _figures(values)
    for until in _listed(spec.get("until", [])):
        # What depends on something that had not happened yet is told as it stood then.
        when = frame.column(until["with"]).taken(rows).values
        with np.errstate(invalid="ignore"):
            open_rows = np.isnan(when) | (when > last)
        if "only" in until:
            open_rows &= column.values == vocabulary.number(until["only"])
        cells[open_rows] = until["word"]
    reasons = frame.missing.get(name)
    if reasons is not None:
        reasons = reasons[rows]
        silent = reasons == vocabulary.number(region.settings["blank"])
        told = (reasons != NOTHING) & ~silent
        cells[silent] = None
        cells[told] = _words(reasons[told], vocabulary)
    made: list[Cell] = cells.tolist()
    return made


def _listed(spec: Any) -> list[Mapping[str, Any]]:
    return spec if isinstance(spec, list) else [spec]


def _words(values: Array, vocabulary: Vocabulary) -> Array:
    words = np.array([*vocabulary.words, None], dtype=object)
    cells: Array = words[values]
    return cells


def _figures(values: Array) -> Array:
    cells = values.astype(object)
    known = ~np.isnan(values)
    whole = known & (np.where(known, values, 0) % 1 == 0)
    cells[whole] = values[whole].astype(np.int64).astype(object)
    cells[~known] = None
    return cells


def _dates(values: Array, level: Array) -> Array:
    cells = np.full(len(values), None, dtype=object)
    for word, number in LEVELS.items():
        rows = (level == number) & ~np.isnan(values)
        text = values[rows].astype("datetime64[D]").astype(f"datetime64[{word[0]}]").astype(str)
        cells[rows] = text.astype(object)
    return cells


def _references(region: MadeRegion, frame: Frame, rows: Array, territory: str) -> dict[str, list[Cell]]:
    """Write the sender's own numbers: the person's case number, then the numbers of the rows below it."""
    made: dict[str, list[Cell]] = {}
    case_number = str(region.settings["senders"][territory]["case_number"])
    for field, spec in region.settings["tables"][frame.name].get("references", {}).items():
        target, at = frame, rows
        if "above" in spec:
            while target.name != spec["above"] and target.parent is not None:
                at = target.parent_row[at]
                target = target.parent
        elif "beside" in spec:
            target = region.frames[spec["beside"]]
            number = frame.column(spec["number"]).values[rows] if "number" in spec else np.ones(len(rows))
            at = _beside(target, frame.case[rows], number)
        made[field] = [None] * len(rows)
        texts = _reference_texts(region, target, np.maximum(at, 0), case_number)
        made[field] = [None if n < 0 else t for n, t in zip(at.tolist(), texts, strict=True)]
    return made


def _beside(target: Frame, case: Array, number: Array) -> Array:
    """Return the rows of another table of the same person with that number, or -1."""
    starts = np.searchsorted(target.case, case, "left")
    sizes = np.searchsorted(target.case, case, "right") - starts
    whole = np.nan_to_num(number, nan=0).astype(np.int64)
    found: Array = np.where((whole >= 1) & (whole <= sizes), starts + whole - 1, -1)
    return found


def _reference_texts(region: MadeRegion, frame: Frame, rows: Array, case_number: str) -> list[str]:
    prefix = str(region.settings["tables"][frame.name].get("prefix", ""))
    if not frame.size:
        return [""] * len(rows)
    serial = region.serial[frame.case[rows]].tolist()
    parts: list[list[int]] = []
    target: Frame | None = frame
    while target is not None and target.parent is not None:
        if region.settings["tables"][target.name].get("prefix"):
            parts.insert(0, target.number[rows].astype(np.int64).tolist())
        rows = target.parent_row[rows]
        target = target.parent
    if not parts:
        return [f"{prefix}{case_number}{s}" for s in serial]
    tails = ["-".join(map(str, numbers)) for numbers in zip(*parts, strict=True)]
    return [f"{prefix}-{case_number}{s}-{tail}" for s, tail in zip(serial, tails, strict=True)]
