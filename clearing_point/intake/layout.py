"""Where each field stands in a received file: its headings matched to a profile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import GROUP_SEPARATOR, Profile, SheetSpec, TableSpec
from clearing_point.findings import (
    BLOCK,
    HEADING_MISSING,
    HEADING_UNEXPECTED,
    NAMES_MISSING,
    NO_HEADINGS,
    NO_ROWS,
    SHEET_MISSING,
    Finding,
    conserved,
)
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard.spelling import Spelling

_SPACES = re.compile(r"\s+")
FOLDED = (
    r"replace(lower(replace(trim(regexp_replace(nfc_normalize({text}), '[\s\x0b\x1c-\x1f\x85\p{{Z}}]+', ' ', 'g')), "
    "'İ', 'i')), 'ς', 'σ')"
)
"""SQL of what :func:`fold` does, over whole columns; a test holds both against each other."""
FOLD = f"CREATE OR REPLACE TEMP MACRO fold(word) AS {FOLDED.format(text='word')}"
_SEARCHED_ROWS = 40
"""Rows from the top of a sheet in which moved headings are looked for."""
_EXTRA_PREFIX = "x_"
"""Senders may keep columns of their own under this prefix; they are passed over."""


@dataclass(frozen=True)
class SheetLayout:
    """One sheet of a file with the column number (1 is the first) of every heading."""

    sheet: str
    spec: SheetSpec
    header_row: int
    columns: Mapping[str, int]
    """Folded heading -> column number."""
    headings: tuple[str | None, ...]
    skip_columns: Mapping[int, tuple[str, ...]]
    respelled: tuple[int, ...] = ()
    """Columns whose heading was found only in another spelling."""
    hidden_rows: frozenset[int] = frozenset()
    """Rows that the sender's program does not show."""
    twice: tuple[int, ...] = ()
    """Columns whose heading stands over an earlier one, too: they are not read."""
    rows_between: int = 0
    """Rows between the headings and the first data row."""

    @property
    def first_row(self) -> int:
        """First data row."""
        return self.header_row + self.spec.header_height + self.rows_between

    def column_of(self, headings: tuple[str, ...]) -> int | None:
        """Return the column of the first of these headings that is there."""
        for heading in headings:
            found = self.columns.get(fold(heading))
            if found is not None:
                return found
        return None


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Fold a heading or word: Unicode form, case and runs of white space; nothing fuzzier.

    Letter by letter, as a database does it: a Greek sigma is one letter wherever it stands, a Turkish capital with its
    dot is an i.
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    return text.replace("İ", "i").lower().replace("ς", "σ")


def lay_out(
    received: ReceivedFile, profile: Profile, spelling: Spelling | None = None
) -> tuple[list[SheetLayout], list[Finding]]:
    """Match the sheets and headings of a file to a profile.

    Parameters
    ----------
    spelling : Spelling, optional
        Ways of writing one word in the sender's language, for headings that are not found as they stand.

    Returns
    -------
    layouts : list of SheetLayout
        The sheets that were recognised.
    findings : list of Finding
        Missing sheets and headings, headings nobody expects, sheets without rows.
    """
    layouts: list[SheetLayout] = []
    findings: list[Finding] = []
    spelling = spelling or Spelling()
    by_name = {fold(name): name for name in received.sheets}
    for spec in profile.sheets:
        if spec.sheet is None:
            name = received.sheets[0] if received.sheets else None
        else:
            name = by_name.get(fold(spec.sheet)) or _alike(fold(spec.sheet), by_name, spelling)
            if name is None and len(received.sheets) == 1 and len(profile.sheets) == 1:
                name = received.sheets[0]  # a CSV export of the one sheet
        if name is None:
            if not spec.optional:
                findings.append(Finding(SHEET_MISSING, BLOCK, "structure", sheet=spec.sheet))
            continue
        layout, problems = _sheet(received.rows, name, spec, spelling)
        findings.extend(problems)
        layouts.append(layout)
    for rule in (NAMES_MISSING, NO_HEADINGS):
        said = [f for f in findings if f.rule_id == rule]
        if said and (rule == NAMES_MISSING or not any(map(_found, layouts))):
            findings = said[:1]  # said once: what else there is to say of such a file follows from it
    if not layouts and not findings:
        wanted = next((s.sheet for s in profile.sheets if s.sheet), None)
        findings.append(Finding(SHEET_MISSING, BLOCK, "structure", sheet=wanted))
    return layouts, findings


def copies_of(received: ReceivedFile, layouts: Sequence[SheetLayout], profile: Profile) -> list[SheetLayout]:
    """Lay out the sheets that are not read although they have the headings of one that is, such as copies of it."""
    read = {layout.sheet for layout in layouts}
    found = []
    for name in received.sheets:
        if name in read:
            continue
        top = top_of(received.rows, name)
        for spec in (s for s in profile.sheets if looks_like(top, s)):
            for row in rows_with_headings(top, spec)[:1]:
                found.append(_with_header(received.rows, name, spec, row, Spelling())[0])
    return found


def _alike(wanted: str, by_name: Mapping[str, str], spelling: Spelling) -> str | None:
    found = {name for folded, name in by_name.items() if spelling.key(folded) == spelling.key(wanted)}
    return found.pop() if len(found) == 1 else None


def _sheet(
    rows: pa.Table, name: str, spec: SheetSpec, spelling: Spelling
) -> tuple[SheetLayout, list[Finding]]:
    tried = [_with_header(rows, name, spec, header_row, spelling) for header_row in spec.header_rows]
    layout, findings = min(tried, key=lambda pair: len(pair[1]))
    if not _found(layout) and _has_words_only(rows, name, layout):
        return layout, [conserved(NAMES_MISSING, None, None, name, layout.header_row)]
    if findings or not _found(layout):
        # A line was put above the table or taken away: the row that has the headings is theirs, wherever it stands.
        top = top_of(rows, name)
        moved = [_with_header(rows, name, spec, row, spelling) for row in rows_with_headings(top, spec)]
        tried = [(layout, findings), *moved]
        layout, findings = min(tried, key=lambda pair: (len(pair[1]), -_found(pair[0])))
    if findings and not _found(layout):
        findings = [conserved(NO_HEADINGS, None, None, name), *findings]
    if not findings:
        below = pc.and_(pc.equal(rows["sheet"], name), pc.greater_equal(rows["source_row"], layout.first_row))
        if not pc.sum(below).as_py() and not spec.optional:
            findings = [Finding(NO_ROWS, BLOCK, "structure", sheet=name)]
    return layout, findings


def _found(layout: SheetLayout) -> int:
    """Count the headings that are read and stand in the row of headings."""
    return sum(len(mapped_headings(table) & layout.columns.keys()) for table in layout.spec.tables)


def top_of(rows: pa.Table, name: str) -> list[tuple[int, list[str | None]]]:
    """Return the first rows of a sheet, each with its number."""
    here = rows.filter(pc.equal(rows["sheet"], name)).slice(0, _SEARCHED_ROWS).to_pylist()
    return [(int(row["source_row"]), row["cells"] or []) for row in here]


def rows_with_headings(top: Sequence[tuple[int, list[str | None]]], spec: SheetSpec) -> list[int]:
    """Return the rows near the top in which at least half of the headings that are read stand, letter by letter."""
    wanted = {h for table in spec.tables for h in mapped_headings(table)}
    wanted |= {part for h in wanted for part in h.split(GROUP_SEPARATOR)}
    needed = {
        h for table in spec.tables for c in table.columns.values() if not c.optional for h in c.headings[:1]
    }
    found = []
    for number, cells in top:
        there = {fold(cell) for cell in cells if cell} & wanted
        if 2 * len(there) >= min(len(needed), len(wanted)) and len(there) > 1:
            found.append(number)
    return found


def looks_like(top: Sequence[tuple[int, list[str | None]]], spec: SheetSpec) -> bool:
    """Whether a row near the top is a row of headings of a sheet: most of what stands in it are headings that are read."""
    wanted = {h for table in spec.tables for h in mapped_headings(table)}
    wanted |= {part for h in wanted for part in h.split(GROUP_SEPARATOR)}
    for _, cells in top:
        there = {fold(cell) for cell in cells if cell}
        if len(there & wanted) > 1 and 2 * len(there & wanted) >= len(there):
            return True
    return False


def _has_words_only(rows: pa.Table, name: str, layout: SheetLayout) -> bool:
    """Whether the row of machine names is gone: the words that stand below it stand in its place."""
    words = frozenset().union(*layout.spec.labels.values())
    return len({fold(cell) for cell in _row(rows, name, layout.header_row) if cell} & words) > 1


def _rows_between(
    rows: pa.Table, name: str, spec: SheetSpec, header_row: int, columns: Mapping[str, int]
) -> int:
    """Return how many rows stand between headings and data; a row of words counts only if it holds the words.

    A code may be written as the word over it is, and a first person must not pass for a row of words: where most of
    the cells are other words (of an earlier template), none of them may hold a figure, as every person's row does.
    """
    if not spec.labels or not columns:
        return spec.rows_between
    below = _row(rows, name, header_row + spec.header_height)
    cells = {h: below[n - 1] for h, n in columns.items() if h in spec.labels and n <= len(below)}
    filled = {heading: fold(cell) for heading, cell in cells.items() if cell}
    others = [cell for heading, cell in filled.items() if cell not in spec.labels[heading]]
    found = len(filled) - len(others)
    if found and (found >= len(others) or not any(map(str.isdecimal, "".join(others)))):
        return spec.rows_between
    return 0 if any(below) else spec.rows_between


def _with_header(
    rows: pa.Table, name: str, spec: SheetSpec, header_row: int, spelling: Spelling
) -> tuple[SheetLayout, list[Finding]]:
    header = _row(rows, name, header_row)
    if spec.header_height > 1:
        header = _under_groups(header, _row(rows, name, header_row + 1))
    columns: dict[str, int] = {}
    twice = []
    for number, heading in enumerate(header, start=1):
        if heading and heading.strip() and columns.setdefault(fold(heading), number) != number:
            twice.append(number)
    expected = expected_headings(spec)
    respelled = _respell(columns, expected, spelling)
    twice = [n for n in twice if fold(header[n - 1] or "") in expected - {fold(h) for h in spec.ignore}]
    layout = SheetLayout(
        sheet=name,
        spec=spec,
        header_row=header_row,
        columns=columns,
        headings=tuple(header),
        skip_columns={
            columns[fold(h)]: tuple(fold(w) for w in words)
            for h, words in spec.skip_rows.items()
            if fold(h) in columns
        },
        respelled=respelled,
        hidden_rows=_hidden(rows, name),
        twice=tuple(twice),
        rows_between=_rows_between(rows, name, spec, header_row, columns),
    )
    return layout, _missing(layout) + _unexpected(layout)


def _row(rows: pa.Table, name: str, number: int) -> list[str | None]:
    found = rows.filter(pc.and_(pc.equal(rows["sheet"], name), pc.equal(rows["source_row"], number)))
    return found["cells"][0].as_py() if found.num_rows else []


def _hidden(rows: pa.Table, name: str) -> frozenset[int]:
    if "hidden" not in rows.column_names or not pc.any(rows["hidden"]).as_py():
        return frozenset()
    hidden = rows.filter(pc.and_(pc.equal(rows["sheet"], name), rows["hidden"]))
    return frozenset(hidden["source_row"].to_pylist())


def _under_groups(groups: list[str | None], columns: list[str | None]) -> list[str | None]:
    """Join a row of groups to the row below it.

    A group's cell is merged over its columns, so its text stands in the first of them only. A column
    that has no group is merged downwards: its text stands in the upper row and nothing below it.
    """
    width = max(len(groups), len(columns))
    upper = [*groups, *[None] * (width - len(groups))]
    lower = [*columns, *[None] * (width - len(columns))]
    headings: list[str | None] = []
    group: str | None = None
    for above, below in zip(upper, lower, strict=True):
        filled_above, filled_below = bool(above and above.strip()), bool(below and below.strip())
        if filled_above:
            group = above if filled_below else None
        if filled_below:
            headings.append(f"{group}{GROUP_SEPARATOR}{below}" if group else below)
        else:
            headings.append(above if filled_above else None)
    return headings


def _missing(layout: SheetLayout) -> list[Finding]:
    findings = []
    for table in layout.spec.tables:
        for field, column in table.columns.items():
            if column.optional:
                continue
            wanted = column.headings[:1] if column.headings else tuple(column.flags)
            found = (
                layout.column_of(column.headings) is not None
                if column.headings
                else all(fold(h) in layout.columns for h in wanted)
            )
            if wanted and not found:
                findings.append(
                    Finding(
                        HEADING_MISSING,
                        BLOCK,
                        "structure",
                        table.table,
                        field,
                        layout.sheet,
                        layout.header_row,
                    )
                )
    return findings


def _unexpected(layout: SheetLayout) -> list[Finding]:
    if layout.spec.ignore_others:
        return []
    expected = expected_headings(layout.spec)
    # A heading that nobody expects is named by its column only: on a wrong row it is a person's value.
    return [
        Finding(
            HEADING_UNEXPECTED,
            BLOCK,
            "structure",
            None,
            None,
            layout.sheet,
            layout.header_row,
            column_letter(number),
        )
        for heading, number in layout.columns.items()
        if heading not in expected and not heading.startswith(_EXTRA_PREFIX)
    ]


def expected_headings(spec: SheetSpec) -> set[str]:
    """Return the folded headings that a sheet may have: those that are read, skipped by or ignored."""
    expected = {fold(h) for h in (*spec.ignore, *spec.skip_rows)}
    for table in spec.tables:
        expected |= mapped_headings(table)
    return expected


def _respell(columns: dict[str, int], expected: set[str], spelling: Spelling) -> tuple[int, ...]:
    """Give unexpected headings the name of the one expected heading that they spell otherwise."""
    open_headings: dict[str, list[str]] = {}
    for heading in expected - columns.keys():
        open_headings.setdefault(spelling.key(heading), []).append(heading)
    changed = []
    for heading in [h for h in columns if h not in expected]:
        meant = open_headings.get(spelling.key(heading), [])
        if len(meant) == 1 and meant[0] not in columns:
            columns[meant[0]] = columns.pop(heading)
            changed.append(columns[meant[0]])
    return tuple(sorted(changed))


def mapped_headings(table: TableSpec) -> set[str]:
    """Return the folded headings that a table reads."""
    found: set[str] = set()
    for column in table.columns.values():
        found |= {fold(h) for h in (*column.headings, *column.flags)}
        if column.also is not None:
            found |= {fold(h) for h in column.also.headings}
    return found


def kept_columns(layout: SheetLayout) -> dict[int, list[tuple[str, str]]]:
    """Return the columns whose cells are stored: number -> the (table, field) pairs they are read for."""
    kept: dict[int, list[tuple[str, str]]] = {number: [] for number in layout.skip_columns}
    for table in layout.spec.tables:
        for field, column in table.columns.items():
            second = column.also.headings if column.also is not None else ()
            for heading in (*column.headings, *column.flags, *second):
                number = layout.columns.get(fold(heading))
                if number is not None:
                    kept.setdefault(number, []).append((table.table, field))
    return kept


def working_columns(layout: SheetLayout) -> list[int]:
    """Return the numbers of the columns that the working rows of a sheet have, as ``c1``, ``c2``."""
    return sorted({*layout.columns.values(), *kept_columns(layout)})
