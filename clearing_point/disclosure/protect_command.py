"""The command `protect`: a safe copy of a long table of any office."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.commands import AuditReport, attack, audit_files, check_threshold
from clearing_point.disclosure.gate import Reason, protect
from clearing_point.disclosure.long_table import LongTable, check_size, read_long_tables
from clearing_point.disclosure.model import Category, Cell, CountTable, Dimension, KnownFigure, Profile
from clearing_point.disclosure.policy import Policy
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
) -> AuditReport:
    """Write a protected copy of a long table and return the audit of what was written.

    Missing totals are added. A combination without a row counts 0, and everybody sees that it has none. A cell that is
    hidden in the input stays hidden, and so does every total that would need it. The column `protection` says
    `primary`, `secondary` or `rounded`; it is for the office: published, it would tell small counts from others.

    Raises
    ------
    InputProblem
        As `read_long_tables`; where totals do not add up; where a small count cannot be protected.
    """
    check_threshold(threshold)
    (table,) = read_long_tables([path], value=value, by=by, total=total)
    if "protection" in table.columns:
        raise InputProblem(f"{table.table_id} has a column 'protection' already; leave it out.")
    check_size([table])
    counts, unknown, absent = _complete(table, total)
    if unknown and method == "round":
        raise InputProblem(f"{table.table_id} has hidden cells; rounding needs every count.")
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
    unlisted = {cell for cell in counts.counts if cell not in table.cells and _is_leaf(cell, total)} | unknown
    rows = _output_rows(table, counts, absent, unlisted, value, by, texts, reasons)
    target = Path(output)
    partial = target.with_name(target.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*table.columns, "protection"])
            writer.writerows(rows)
        report = audit_files([partial], value=value, by=by, total=total, threshold=threshold)
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
    return AuditReport(report.cells, report.notes, tally)


def _is_leaf(cell: Cell, total: str) -> bool:
    return total not in cell


def _complete(table: LongTable, total: str) -> tuple[CountTable, set[Cell], list[Cell]]:
    """Return the table with all totals, the cells whose count the file does not tell, and the absent combinations."""
    dimensions = tuple(
        d if any(c.code == total for c in d.categories) else Dimension(
            d.variable,
            (*d.categories, Category(total, frozenset().union(*(c.members for c in d.categories)))),
        )
        if len(d.categories) > 1 else d
        for d in table.dimensions
    )  # fmt: skip
    full = LongTable(table.table_id, table.population, dimensions, table.cells)
    system = build_system([full])
    leaf = [{c.code for c in d.categories if c.code != total or len(d.categories) == 1} for d in dimensions]
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
) -> list[list[str]]:
    header = list(table.columns)
    value_at = header.index(value)
    dimension_at = [header.index(variable) for variable in by]
    rows = []
    for row in table.rows:
        if row:
            cell = tuple(row[at].strip() for at in dimension_at)
            fresh = list(row)
            fresh[value_at] = texts[cell]
            rows.append([*fresh, reasons[cell]])
    left_out = {*absent, *unlisted}
    for cell in sorted(cell for cell in counts.counts if cell not in table.cells and cell not in left_out):
        fresh = [""] * len(header)
        for at, code in zip(dimension_at, cell, strict=True):
            fresh[at] = code
        fresh[value_at] = texts[cell]
        rows.append([*fresh, reasons[cell]])
    return rows
