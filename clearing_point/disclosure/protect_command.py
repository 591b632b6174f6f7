"""The command `protect`: a safe copy of a long table of any office."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearing_point.disclosure.audit_report import AuditReport
from clearing_point.disclosure.beside import columns_beside, refusal
from clearing_point.disclosure.bounded import Say, bounded
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.commands import attack, audit_files, check_threshold
from clearing_point.disclosure.gate import Reason, protect
from clearing_point.disclosure.long_table import LongTable, check_size, read_long_tables
from clearing_point.disclosure.model import Category, Cell, CountTable, Dimension, KnownFigure, Profile
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.understood import Declared
from clearing_point.errors import InputProblem


def protect_file(
    path: Path | str,
    *,
    value: str,
    by: Sequence[str],
    output: Path | str,
    total: str = "Total",
    threshold: int = 5,
    method: Profile = "suppress",
    declared: Declared | None = None,
    seconds: float = 300,
    say: Say = lambda _: None,
) -> AuditReport:
    """Write a protected copy of a long table and return the audit of what was written.

    Missing totals are added. A combination without a row counts 0, and everybody sees that it has none. A cell that is
    hidden in the input stays hidden, and so does every total that would need it. The column `protection` says
    `primary`, `secondary` or `rounded`; it is for the office: published, it would tell small counts from others.

    Parameters
    ----------
    seconds
        After which the work is given up, with what to coarsen.
    say
        Takes a line of progress.

    Raises
    ------
    InputProblem
        As `read_long_tables`; where totals do not add up; where a column of numbers beside the counts would stay; where
        a small count cannot be protected, or not in time.
    """
    check_threshold(threshold)
    declared = declared or Declared()
    (table,) = read_long_tables([path], value=value, by=by, total=total, declared=declared)
    problems = [refusal(table.table_id, column) for column in columns_beside(table, value, by, declared.keep)]
    if "protection" in table.columns:
        problems.append(f"{table.table_id} has a column 'protection' already; leave it out.")
    if problems:
        raise InputProblem("\n".join(problems))
    check_size([table])
    check_work(table, threshold)
    with bounded(seconds, say, lambda: _coarsen(table, threshold, "No safe table was found in time")):
        return _protected(table, value, by, Path(output), total, threshold, method, declared)


_MOST_CELLS = 20_000
_MOST_SMALL = 1_500


def check_work(table: LongTable, threshold: int) -> None:
    """Refuse before the work what would take longer than anybody waits."""
    small = sum(entry.hidden or 0 < entry.low < threshold for entry in table.cells.values())
    if len(table.cells) > _MOST_CELLS or small > _MOST_SMALL:
        raise InputProblem(
            _coarsen(
                table,
                threshold,
                f"{len(table.cells)} cells, {small} of them small or hidden, are too many at once",
            )
        )


def _coarsen(table: LongTable, threshold: int, what: str) -> str:
    """Say which dimension to coarsen: the one with the most categories that hold small counts nearly everywhere."""
    small = [cell for cell, entry in table.cells.items() if entry.hidden or 0 < entry.low < threshold]
    told = []
    for at, dimension in enumerate(table.dimensions):
        by_code: dict[str, int] = {}
        for cell in small:
            by_code[cell[at]] = by_code.get(cell[at], 0) + 1
        finest = sorted(by_code, key=lambda code: (-by_code[code], code))[:3]
        told.append((len(dimension.categories), dimension.variable, ", ".join(finest)))
    categories, variable, finest_codes = max(told)
    examples = f"; most small counts stand at {finest_codes}" if finest_codes else ""
    return (
        f"{table.table_id}: {what}. Merge categories of {variable!r}, which has {categories}{examples}, or protect parts "
        "of the table that share no person."
    )


def _protected(
    table: LongTable,
    value: str,
    by: Sequence[str],
    target: Path,
    total: str,
    threshold: int,
    method: Profile,
    declared: Declared,
) -> AuditReport:
    counts, unknown, absent = _complete(table, total)
    if unknown and method == "round":
        raise InputProblem(_not_told(table, unknown))
    policy = Policy.plain(threshold)
    known = tuple(
        KnownFigure(
            "count",
            {
                d.variable: next(c.members for c in d.categories if c.code == code)
                for d, code in zip(counts.dimensions, cell, strict=True)
            },
            0,
        )
        for cell in absent
    )
    protection = protect(
        [counts],
        policy,
        profile=method,
        known=known,
        unknown={counts.table_id: frozenset(unknown)},
        added={counts.table_id: frozenset(cell for cell in counts.counts if cell not in table.cells)},
    )
    reasons = protection.reasons[counts.table_id]
    printed = protection.tables[0]
    texts = {cell: printed.text(cell) for cell in printed.cells}
    # A total that the file does not tell is not added, and a combination without a row gets none.
    unlisted = {
        cell for cell in counts.counts if cell not in table.cells and _is_leaf(counts, cell)
    } | unknown
    rows = _output_rows(table, counts, absent, unlisted, value, by, texts, reasons, total)
    # What was understood of the input holds of the output, where hidden cells no longer show it.
    same = Declared(
        sums={v: u.sums for v, u in table.understood.items() if u.sums},
        apart=frozenset(by),
        keep=declared.keep,
        totals={v: u.total for v, u in table.understood.items() if u.total},
    )
    partial = target.with_name(target.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*table.columns, "protection"])
            writer.writerows(rows)
        report = audit_files([partial], value=value, by=by, total=total, threshold=threshold, declared=same)
        if not report.exit_code:
            partial.replace(target)
    except OSError as problem:
        raise InputProblem(f"{target.name} cannot be written; check the folder.") from problem
    finally:
        partial.unlink(missing_ok=True)
    if report.exit_code:
        raise InputProblem(
            f"No safe table was found: {report.recovered} cells can be recovered and {report.too_narrow} are known too "
            "well; coarsen a dimension."
        )
    tally = {name: sum(row[-1] == name for row in rows) for name in ("primary", "secondary", "rounded")}
    notes = tuple(note for u in table.understood.values() for note in u.notes)
    return AuditReport(report.cells, (*notes, *report.notes), tally)


def _not_told(table: LongTable, unknown: set[Cell]) -> str:
    """Say why a table cannot be rounded: which counts it does not tell, and what would."""
    lines = sorted(table.cells[cell].line for cell in unknown if cell in table.cells)
    lacking = sorted(cell for cell in unknown if cell not in table.cells)
    told = [f"line {line} hides its count" for line in lines[:3]]
    told += [f"{', '.join(cell)} has no row, and the totals leave its count open" for cell in lacking[:3]]
    return (
        f"{table.table_id} cannot be rounded: rounding changes every count, and {len(unknown)} are not told "
        f"({'; '.join(told)}). Write the counts, or a 0 where nobody is, or use --method suppress."
    )


def _leaves(dimension: Dimension) -> set[str]:
    """Categories that hold no other."""
    return {
        c.code for c in dimension.categories if not any(o.members < c.members for o in dimension.categories)
    }


def _is_leaf(counts: CountTable, cell: Cell) -> bool:
    return all(code in _leaves(d) for code, d in zip(cell, counts.dimensions, strict=True))


def _with_total(dimension: Dimension, total: str) -> Dimension:
    everybody = frozenset().union(*(c.members for c in dimension.categories))
    if len(dimension.categories) < 2 or any(c.members == everybody for c in dimension.categories):
        return dimension
    return Dimension(dimension.variable, (*dimension.categories, Category(total, everybody)))


def _complete(table: LongTable, total: str) -> tuple[CountTable, set[Cell], list[Cell]]:
    """Return the table with all totals, the cells whose count the file does not tell, and the absent combinations."""
    dimensions = tuple(_with_total(d, total) for d in table.dimensions)
    full = LongTable(table.table_id, table.population, dimensions, table.cells)
    system = build_system([full])
    leaf = [_leaves(d) for d in dimensions]
    place = {codes: cell for cell, places in enumerate(system.places) for _, codes in places}
    attacker = attack(system, [full], 0)
    values = attacker.low.copy()
    for part in attacker.parts:
        values[part.cells] = part.any_point()
    absent = [
        codes
        for codes, cell in place.items()
        if codes not in table.cells
        and all(code in leaf[at] for at, code in enumerate(codes))
        and attacker.high[cell] == 0
    ]
    unknown = {codes for codes, cell in place.items() if attacker.part_of[cell] >= 0}
    counts = {codes: int(values[cell]) for codes, cell in place.items()}
    return CountTable(table.table_id, table.population, dimensions, counts), unknown, absent


def _output_rows(
    table: LongTable,
    counts: CountTable,
    absent: Sequence[Cell],
    unlisted: set[Cell],
    value: str,
    by: Sequence[str],
    texts: Mapping[Cell, str],
    reasons: Mapping[Cell, Reason],
    total: str,
) -> list[list[str]]:
    header = list(table.columns)
    value_at = header.index(value)
    dimension_at = [header.index(variable) for variable in by]
    # A total keeps the name that the file gives it.
    words = [table.understood[variable].total or total for variable in by]
    rows = []
    for row in table.rows:
        if row:
            texts_of_row = [row[at].strip() for at in dimension_at]
            cell = tuple(
                total if text == word else text for text, word in zip(texts_of_row, words, strict=True)
            )
            fresh = list(row)
            fresh[value_at] = texts[cell]
            rows.append([*fresh, reasons[cell]])
    left_out = {*absent, *unlisted}
    for cell in sorted(cell for cell in counts.counts if cell not in table.cells and cell not in left_out):
        fresh = [""] * len(header)
        for at, code, word in zip(dimension_at, cell, words, strict=True):
            fresh[at] = word if code == total else code
        fresh[value_at] = texts[cell]
        rows.append([*fresh, reasons[cell]])
    return rows
