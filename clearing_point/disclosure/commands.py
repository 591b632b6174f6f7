"""The command `audit`: attack published long tables of any office."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Attacker, Contradiction
from clearing_point.disclosure.audit import judge_cell
from clearing_point.disclosure.audit_report import AuditReport, HiddenCell
from clearing_point.disclosure.beside import columns_beside, columns_unread, number_of, refusal, share_of
from clearing_point.disclosure.bounded import Say, bounded
from clearing_point.disclosure.cells import Integers, System, build_system
from clearing_point.disclosure.long_table import LongTable, check_size, read_long_tables
from clearing_point.disclosure.model import (
    Cell,
    Relation,
)
from clearing_point.disclosure.understood import Declared
from clearing_point.disclosure.values import describe
from clearing_point.errors import InputProblem


def audit_files(
    paths: Sequence[Path | str],
    *,
    value: str,
    by: Sequence[str],
    total: str = "Total",
    threshold: int = 5,
    zeros: str = "may_be_hidden",
    declared: Declared | None = None,
    seconds: float = 0,
    say: Say = lambda _: None,
) -> AuditReport:
    """Attack one or more published long tables as one system.

    Several files are linked through their dimensions; files that show different counts for the same cell are
    taken as successive releases in the order given, and what changed between them is attacked too. What was understood
    of the columns is said in the report's notes. With `seconds`, the work is given up after them.
    The attacker takes a combination without a row for nobody where the totals are complete without it, and
    for any count of 0 or more elsewhere. `<n` tells that the count is 1 to n-1 (0 to n-1 where the
    totals rule out 1), and fails only if more than that follows.

    Raises
    ------
    InputProblem
        For any input that cannot be judged (see `read_long_tables`), and for totals that do not add up.
    """
    check_threshold(threshold)
    declared = declared or Declared()
    tables = read_long_tables(paths, value=value, by=by, total=total, declared=declared)
    tables, notes = _with_shares(tables, value, by, total, declared)
    understood = dict.fromkeys(note for t in tables for u in t.understood.values() for note in u.notes)
    hidden = sum(entry.hidden for t in tables for entry in t.cells.values())
    too_long = (
        f"{hidden} hidden cells could not be judged in time; audit parts of the files that share no totals."
    )
    with bounded(seconds, say, lambda: too_long) if seconds else nullcontext():
        report = audit_long_tables(tables, by=by, total=total, threshold=threshold, zeros=zeros)
    return replace(report, notes=(*understood, *notes, *report.notes))


def _with_shares(
    tables: Sequence[LongTable], value: str, by: Sequence[str], total: str, declared: Declared
) -> tuple[list[LongTable], list[str]]:
    """Let the attacker read what stands beside a hidden count: a share of a known whole tells the count."""
    found, notes, problems = [], [], []
    for table in tables:
        cells = dict(table.cells)
        lines = {entry.line: cell for cell, entry in cells.items()}
        rows = [
            (lines[n], cells[lines[n]], row)
            for n, row in enumerate(table.rows, start=2)
            if row and n in lines
        ]
        beside = columns_beside(table, value, by, declared.keep)
        for column in columns_unread(table, value, by, [*beside, *declared.keep]):
            notes.append(
                f"Column {column!r} holds words that were not read; look whether they tell of hidden counts."
            )
        for column in beside:
            share = share_of(table, column, rows)
            if share is None:
                problems.append(refusal(table.table_id, column))
                continue
            notes.append(f"Column {column!r} is a share of the counts (the numbers say so), and read as one.")
            at = table.columns.index(column)
            for cell, entry, row in rows:
                told = number_of(row[at])
                if entry.hidden and told is not None:
                    low, high = share.interval(*told)
                    cells[cell] = replace(
                        entry, low=max(entry.low, low), high=min(entry.high, high), told=True
                    )
        found.append(replace(table, cells=cells))
    if problems:
        raise InputProblem("\n".join(problems))
    return found, notes


def audit_long_tables(
    tables: Sequence[LongTable],
    *,
    by: Sequence[str],
    total: str,
    threshold: int,
    zeros: str = "may_be_hidden",
) -> AuditReport:
    """Attack long tables that are in memory (see `audit_files`)."""
    check_size(tables)
    notes: list[str] = []
    tables, relations, changes = _releases(tables, by, total, threshold, notes)
    system = build_system(tables, relations)
    attacker = attack(system, tables, 1 if zeros == "always_shown" else 0)
    cells = [
        *_hidden_cells(system, tables, attacker, by, total, threshold),
        *_small_shown(tables, by, total, threshold),
        *changes,
    ]
    return AuditReport(tuple(cells), tuple(notes))


def _small_shown(
    tables: Sequence[LongTable], by: Sequence[str], total: str, threshold: int
) -> list[HiddenCell]:
    several = len(tables) > 1
    return [
        HiddenCell(
            _named(table, codes, by, total), entry.low, entry.low, True, False, "shown",
            table.table_id if several else "",
        )
        for table in tables
        for codes, entry in sorted(table.cells.items(), key=lambda item: item[1].line)
        if not entry.hidden and 0 < entry.low < threshold
    ]  # fmt: skip


def check_threshold(threshold: int) -> None:
    """Refuse a threshold under which no count is small."""
    if threshold < 2:
        raise InputProblem("The threshold must be 2 or more: counts from 1 to one less are small.")


def _releases(
    tables: Sequence[LongTable], by: Sequence[str], total: str, threshold: int, notes: list[str]
) -> tuple[list[LongTable], list[Relation], list[HiddenCell]]:
    """Tell linked tables from successive releases, and judge the changes that everybody can read off."""
    shown: list[dict[Cell, int]] = []
    for table in tables:
        at = {variable: position for position, variable in enumerate(table.variables)}
        shown.append(
            {
                tuple(cell[at[name]] if name in at else total for name in by): entry.low
                for cell, entry in table.cells.items()
                if not entry.hidden
            }
        )
    differ = any(
        shown[one].get(cell, count) != count
        for one in range(len(tables))
        for other in range(one + 1, len(tables))
        for cell, count in shown[other].items()
    )
    if not differ:
        return list(tables), [], []
    renamed = [
        LongTable(table.table_id, f"release {at}", table.dimensions, table.cells)
        for at, table in enumerate(tables, start=1)
    ]
    relations, changes = [], []
    for one in range(len(tables) - 1):
        steps = {
            cell: count - shown[one][cell] for cell, count in shown[one + 1].items() if cell in shown[one]
        }
        if all(step >= 0 for step in steps.values()):
            relations.append(Relation(f"release {one + 1}", f"release {one + 2}"))
        else:
            notes.append(
                f"{tables[one + 1].table_id} revises {tables[one].table_id} up and down; only the differences of shown "
                "counts are judged."
            )
        changes += [
            HiddenCell(
                tuple(zip(by, cell, strict=True)),
                abs(step),
                abs(step),
                recovered=True,
                too_narrow=False,
                kind="change",
                file=tables[one + 1].table_id,
            )
            for cell, step in sorted(steps.items())
            if 0 < abs(step) < threshold
        ]
    return renamed, relations, changes


def attack(system: System, tables: Sequence[LongTable], least: int) -> Attacker:
    """Return the strongest attacker whose assumptions the published numbers allow.

    She takes `<n` for 1 to n-1, and a combination without a row for nobody, as most offices print it. Where
    the totals contradict her she gives up the second assumption for those rows, then altogether, then the first.
    """
    for below_from, assume_none in ((1, True), (1, False), (0, True), (0, False)):
        lower, upper = _bounds(system, tables, least, below_from)
        if assume_none:
            upper = _nobody_in_absent(system, tables, lower, upper)
        try:
            return Attacker(system.matrix, lower, upper)
        except Contradiction as found:
            problem = found
    where = describe(system, [table.table_id for table in tables], problem.cell)
    raise InputProblem(
        f"The totals around {where} do not add up; correct them, or add the missing part as a row (for example "
        "Unknown)."
    )


def _nobody_in_absent(
    system: System, tables: Sequence[LongTable], lower: Integers, upper: Integers
) -> Integers:
    """Return upper bounds with 0 for absent combinations, except in sums that are not complete without them."""
    upper = upper.copy()
    absent = ~_listed(system, tables) & np.array([bool(places) for places in system.places], dtype=bool)
    parents = np.zeros(len(absent), dtype=bool)
    matrix = system.matrix
    parents[matrix.indices[matrix.data < 0]] = True
    listed = _listed(system, tables)
    # Where a whole is listed and not one part of it, nobody concludes that there is none.
    whole_listed = np.asarray((matrix < 0) @ listed.astype(np.int64)) > 0
    without_parts = np.asarray((matrix > 0) @ listed.astype(np.int64)) == 0
    lonely = (whole_listed & without_parts).astype(np.int64)
    absent &= ~parents & (np.asarray(abs(matrix).T @ lonely) == 0)
    free = upper.copy()
    upper[absent] = 0
    starts = matrix.indptr[:-1]
    while len(starts):
        least = np.where(matrix.data > 0, lower[matrix.indices], -upper[matrix.indices])
        most = np.where(matrix.data > 0, upper[matrix.indices], -lower[matrix.indices])
        broken = (np.add.reduceat(least, starts) > 0) | (np.add.reduceat(most, starts) < 0)
        involved = np.asarray(abs(matrix).T @ broken.astype(np.int64)) > 0
        release = absent & involved & (upper == 0)
        if not release.any():
            break
        upper[release] = free[release]
    return upper


def _listed(system: System, tables: Sequence[LongTable]) -> np.ndarray:
    return np.array(
        [any(codes in tables[at].cells for at, codes in places) for places in system.places], dtype=bool
    )


def _bounds(
    system: System, tables: Sequence[LongTable], least: int, below_from: int
) -> tuple[Integers, Integers]:
    lower = np.zeros(len(system.keys), dtype=np.int64)
    upper = np.full(len(system.keys), UNLIMITED, dtype=np.int64)
    for cell, places in enumerate(system.places):
        for at, codes in places:
            entry = tables[at].cells.get(codes)
            if entry is not None:
                low = max(entry.low, least) if entry.high >= UNLIMITED else min(entry.low, below_from)
                low = max(low, entry.low) if entry.told else low
                lower[cell] = max(lower[cell], entry.low if not entry.hidden else low)
                upper[cell] = min(upper[cell], entry.high)
    return lower, upper


def _hidden_cells(
    system: System,
    tables: Sequence[LongTable],
    attacker: Attacker,
    by: Sequence[str],
    total: str,
    threshold: int,
) -> list[HiddenCell]:
    several = len(tables) > 1
    found: dict[tuple[int, int], HiddenCell] = {}
    for cell, places in enumerate(system.places):
        rows = [(at, codes, tables[at].cells[codes]) for at, codes in places if codes in tables[at].cells]
        hidden = [row for row in rows if row[2].hidden]
        if rows and not hidden:
            continue
        if not rows and (
            system.derived[cell] or (attacker.part_of[cell] >= 0 and _loose(attacker, cell, threshold))
        ):
            continue
        low, high = attacker.interval(cell)
        if hidden:
            at, codes, entry = hidden[0]
            upper = min(row[2].high for row in hidden)
            # A sign is knowledge that the office gives on purpose; what stands beside it is not.
            told = any(row[2].told for row in hidden)
            recovered, narrow = judge_cell(
                low,
                high,
                threshold,
                0 if told else entry_low(entry.low, low),
                UNLIMITED if told else upper,
                printed=True,
            )
            order, file = (at, entry.line), tables[at].table_id if several else ""
            dims, kind = _named(tables[at], codes, by, total), "hidden"
        else:
            recovered, narrow = judge_cell(low, high, threshold, 0, UNLIMITED, printed=False)
            if not (recovered or narrow):
                continue
            order, file, kind = (len(tables), cell), "", "unlisted"
            dims = _from_key(system, cell, by, total)
            if " without " in system.keys[cell][0]:
                kind = "change"
        found[order] = HiddenCell(
            dims, low, None if high >= UNLIMITED else high, recovered, narrow, kind, file
        )
    return [found[order] for order in sorted(found)]


def entry_low(sign_low: int, low: int) -> int:
    """Return the lowest count that the sign admits, given that the totals may have ruled the 1 of `<n` out."""
    return min(sign_low, low) if sign_low == 1 else sign_low


def _loose(attacker: Attacker, cell: int, threshold: int) -> bool:
    return bool(attacker.high[cell] >= threshold) and attacker.most(cell) >= threshold


def _named(table: LongTable, codes: Cell, by: Sequence[str], total: str) -> tuple[tuple[str, str], ...]:
    own = dict(zip(table.variables, codes, strict=True))
    return tuple((variable, own.get(variable, total)) for variable in by)


def _from_key(system: System, cell: int, by: Sequence[str], total: str) -> tuple[tuple[str, str], ...]:
    conditions = dict(system.keys[cell][1])
    named = []
    for variable in by:
        mask = conditions.get(variable)
        leaves = system.universe[variable]
        codes = [leaf for at, leaf in enumerate(leaves) if mask is not None and mask >> at & 1]
        named.append((variable, "+".join(codes) if codes else total))
    return tuple(named)
