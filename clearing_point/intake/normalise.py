"""From raw cells to typed rows: spelling to code, text to type. Nothing else changes a value.

All of it is SQL over whole columns. Each distinct text of a column is looked up once; rows then
join to that lookup, so a text that nobody mapped falls out of the same join as a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.findings import (
    AMBIGUOUS,
    INFORMATION,
    MISSING_BESIDE_CODE,
    OTHER_SPELLING,
    PARTED_OTHERWISE,
)
from clearing_point.intake.balance import Arrived
from clearing_point.intake.changed import doubt_of_references
from clearing_point.intake.corrections import correct
from clearing_point.intake.guard_columns import readers_of
from clearing_point.intake.layout import FOLD, SheetLayout, fold, working_columns
from clearing_point.intake.lookups import code_lookup
from clearing_point.intake.remarks import clear_errors, leave_out_repeats, remark, rows_of_no_table
from clearing_point.intake.select import Select, absent, flags, is_key, store_texts
from clearing_point.intake.source import Source, quoted
from clearing_point.intake.stage import rows_of, stage
from clearing_point.intake.typed import Typed
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import Field, Standard
from clearing_point.standard.structure import UNKNOWN_CODE


def normalise(
    connection: Any,
    submission_id: str,
    layouts: list[SheetLayout],
    profile: Profile,
    standard: Standard,
    corrections: Sequence[Correction] = (),
    texts: dict[str, set[str]] | None = None,
    arrived: list[Arrived] | None = None,
) -> dict[str, int]:
    """Fill the ``staged`` tables of a workspace from its ``raw`` tables.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose ``raw.record`` holds the submission.
    corrections : sequence of Correction
        In force for this file; see :mod:`clearing_point.intake.corrections`.
    texts : dict, optional
        Filled with the distinct texts of the cells of every coded field.
    arrived : list, optional
        Filled with what became of the rows, one item a layout.

    Returns
    -------
    dict
        Table -> rows staged. What could not be read is in ``quality.finding`` and staged as unknown.
    """
    install_macros(connection, standard)
    connection.execute(FOLD)
    filled: dict[str, list[str]] = {}
    named = [(layout, f"rows_{number}") for number, layout in enumerate(layouts)]
    came = [Arrived() for _ in named] if arrived is None else arrived
    came.extend(Arrived() for _ in named[len(came) :])
    for layout, rows in named:
        _working_rows(connection, layout, rows)
    clear_errors(connection, submission_id, named)
    left_out = remark(connection, submission_id, named)
    repeated = leave_out_repeats(connection, submission_id, named, standard)
    for place, here in enumerate(came):
        here.left_out, here.repeated = left_out[place], repeated[place]
    if corrections:
        file_sha256 = connection.execute("SELECT file_sha256 FROM raw.submission").fetchone()[0]
        correct(connection, submission_id, file_sha256, named, corrections)
    typed = Typed(connection, profile, standard)
    selects: list[tuple[Source, str, Select]] = []
    coded = _coded_texts(connection, named, standard)
    for number, (layout, rows) in enumerate(named):
        for position, spec in enumerate(layout.spec.tables):
            source = Source(
                connection, submission_id, layout, spec, standard.tables[spec.table], profile, standard, rows,
                {} if texts is None else texts, coded[number],
            )  # fmt: skip
            target = f"read_{spec.table}_{number}_{position}"
            selects.append((source, target, _selected(source, target, typed)))
            filled.setdefault(spec.table, []).append(target)
    typed.look_up()
    for source, target, select in selects:
        _read_table(source, target, select)
    counted = rows_of(connection, {rows: rows for _, rows in named})
    for number, (layout, rows) in enumerate(named):
        here = came[number]
        here.not_placed = rows_of_no_table(
            connection, submission_id, layout, rows, f"read_{{}}_{number}_{{}}"
        )
        here.read = counted[rows] - here.not_placed
    return stage(connection, filled, standard)


def _coded_texts(
    connection: Any, named: Sequence[tuple[SheetLayout, str]], standard: Standard
) -> list[dict[int, list[str]]]:
    """Return, for each sheet, the distinct texts of its columns of codes and of yes and no, in order."""
    columns = [
        (place, rows, n)
        for place, (layout, rows) in enumerate(named)
        for n in {n for n, reader in readers_of(layout, standard) if reader.is_flag or reader.field.is_coded}
    ]
    found: list[dict[int, list[str]]] = [{} for _ in named]
    if columns:
        each = " UNION ALL ".join(
            f"SELECT DISTINCT {place} AS place, {n} AS number, c{n} AS text FROM {rows} "
            f"WHERE trim(coalesce(c{n}, '')) <> ''"
            for place, rows, n in columns
        )
        for place, number, text in connection.execute(f"FROM ({each}) ORDER BY ALL").fetchall():
            found[place].setdefault(number, []).append(text)
    return found


def _working_rows(connection: Any, layout: SheetLayout, rows: str) -> None:
    """Copy the data rows of a sheet: below the headings, not blank, not marked as totals.

    Their cells become columns ``c1``, ``c2``: reading one column then costs one column, not all.
    """
    cells = "".join(f", cells[{number}] AS c{number}" for number in working_columns(layout))
    filled = " OR ".join(f"c{number} IS NOT NULL" for number in working_columns(layout)) or "false"
    skipped = "".join(
        f" AND NOT coalesce(list_contains([{', '.join(map(quoted, words))}], fold(c{column})), false)"
        for column, words in layout.skip_columns.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT * FROM (SELECT source_row, kinds{cells} FROM raw.record "
        f"WHERE sheet = ? AND source_row >= {layout.first_row}) WHERE ({filled}){skipped}",
        [layout.sheet],
    )


def _selected(source: Source, target: str, typed: Typed) -> Select:
    selected: dict[str, str] = {}
    joins: list[str] = []
    for number, field in enumerate(source.table.received):
        spec = source.spec.columns.get(field.name)
        made = _field_select(source, field, spec, f"{target}_{number}", typed)
        selected.update(made.columns)
        joins.extend(made.joins)
    _ages_from_years(source, selected)
    return Select(selected, tuple(joins))


def _read_table(source: Source, target: str, select: Select) -> None:
    selected = dict(select.columns)
    part = "0"
    where = _when_filled(source)
    if source.spec.explode:
        exploded = selected[source.spec.explode]
        missing = ", ".join(map(quoted, source.standard.missing_codes))
        known = f"list_filter({exploded}, lambda code: code NOT IN ({missing}))"
        selected[source.spec.explode] = f"unnest({known})"
        part = f"unnest(range(1, len({known}) + 1))"
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in selected.items())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {quoted(source.submission_id)} AS submission_id, "
        f"{quoted(source.layout.sheet)} AS sheet, r.source_row, {part}::SMALLINT AS source_part, {columns} "
        f"FROM {source.rows} AS r {' '.join(select.joins)}{where}"
    )
    if source.spec.explode:
        _number_parts(source, target)


def _ages_from_years(source: Source, selected: dict[str, str]) -> None:
    """Where the column holds a year of birth, the age is the year of its date field less that year."""
    for name, spec in source.spec.columns.items():
        if spec.year_of_birth_at is not None and name in selected:
            born, at = selected[name], selected[spec.year_of_birth_at]
            missing = source.table.by_name[name].missing_column or ""
            selected[name] = f"(year({at}) - {born})::INTEGER"
            selected[missing] = (
                f"CASE WHEN {at} IS NULL AND {born} IS NOT NULL THEN 'UNK' ELSE {selected[missing]} END"
            )


def _number_parts(source: Source, target: str) -> None:
    """Rows that became several take their part into their own number, so that it stays unique."""
    for key in source.table.primary_key:
        spec = source.spec.columns.get(key)
        if spec is not None and spec.row_number:
            source.connection.execute(f'UPDATE {target} SET "{key}" = "{key}" || \'.\' || source_part')


def _when_filled(source: Source) -> str:
    numbers = [
        column
        for name in source.spec.when_filled
        if (column := source.layout.columns.get(fold(name))) is not None
    ]
    if not source.spec.when_filled:
        return ""
    if not numbers:
        return " WHERE false"
    return " WHERE " + " OR ".join(f"trim(coalesce(r.c{n}, '')) <> ''" for n in numbers)


def _field_select(source: Source, field: Field, spec: ColumnSpec | None, lookup: str, typed: Typed) -> Select:
    if spec is not None and spec.row_number:
        # Row 3 of two years is not one person: the number of a row carries the period it was sent for.
        period = (
            f"{source.profile.period}-" if source.profile.use == "count" and source.profile.period else ""
        )
        return Select({field.name: f"{quoted(spec.prefix + period)} || r.source_row"})
    if spec is not None and spec.flags:
        return flags(source, field, spec)
    if spec is not None and spec.also is not None:
        return _both(source, field, spec, lookup, typed)
    column = source.column(spec) if spec is not None and spec.headings else None
    if spec is not None and spec.constant is not None:
        return _lookup_select(source, field, spec, lookup, quoted(spec.constant), None, typed)
    if spec is None or column is None:
        return Select(absent(source, field))
    if field.type == "string" and not field.is_coded:
        doubt = doubt_of_references(source, field, column)
        if doubt is not None:
            typed.ask_reference(source, field, column, doubt)
        return Select({field.name: _plain_text(source, field, spec, column)})
    made = _lookup_select(source, field, spec, lookup, f"r.c{column}", column, typed)
    if not field.no_column:
        return made
    no_spec = source.spec.columns.get(field.no_column)
    no_column = source.column(no_spec) if no_spec is not None else None
    if no_spec is None or no_column is None:
        return Select({**made.columns, field.no_column: "NULL::VARCHAR[]"}, made.joins)
    other = _lookup_select(source, field, no_spec, f"{lookup}_no", f"r.c{no_column}", no_column, typed)
    missing = ", ".join(map(quoted, source.standard.missing_codes))
    said_no = f"list_filter({other.columns[field.name]}, lambda code: code NOT IN ({missing}))"
    return Select({**made.columns, field.no_column: said_no}, (*made.joins, *other.joins))


def _both(source: Source, field: Field, spec: ColumnSpec, lookup: str, typed: Typed) -> Select:
    """Codes of two columns: what either of them says; unknown only where both are."""
    first = _field_select(source, field, replace(spec, also=None), lookup, typed)
    second = _field_select(source, field, spec.also, f"{lookup}_also", typed)
    missing = ", ".join(map(quoted, source.standard.missing_codes))
    one, other = first.columns[field.name], second.columns[field.name]
    known = f"list_filter(list_concat({one}, {other}), lambda code: code NOT IN ({missing}))"
    columns = {**second.columns, **first.columns}
    columns[field.name] = f"CASE WHEN len({known}) > 0 THEN list_sort(list_distinct({known})) ELSE {one} END"
    return Select(columns, (*first.joins, *second.joins))


def _plain_text(source: Source, field: Field, spec: ColumnSpec, column: int) -> str:
    text = f"nullif(trim(r.c{column}), '')"
    words = {**source.profile.reading.missing, **spec.missing}
    whens = {fold(word): code for word, code in words.items() if word.strip()}
    if whens:
        meant = " ".join(f"WHEN {quoted(word)} THEN {quoted(code)}" for word, code in whens.items())
        text = f"CASE fold({text}) {meant} ELSE {text} END"
    if spec.prefix:
        text = f"{quoted(spec.prefix)} || {text}"
    return text if is_key(source, field) else f"coalesce({text}, {quoted(source.profile.reading.blank)})"


def _lookup_select(
    source: Source, field: Field, spec: ColumnSpec, lookup: str, cell: str, column: int | None, typed: Typed
) -> Select:
    blank = spec.missing.get("", source.profile.reading.missing.get("", source.profile.reading.blank))
    if field.is_coded:
        return _code_select(source, field, spec, lookup, cell, column, blank)
    return typed.ask(source, field, spec, cell, column, blank)


def _code_select(
    source: Source, field: Field, spec: ColumnSpec, lookup: str, cell: str, column: int | None, blank: str
) -> Select:
    texts = [spec.constant or ""] if column is None else source.coded.get(column, [])
    source.texts.setdefault(field.name, set()).update(texts)
    found = code_lookup(source, field, spec, lookup, cell, texts, blank)
    if column is not None:
        store_texts(source, field, column, found.ambiguous, AMBIGUOUS)
        store_texts(source, field, column, tuple(set(found.unread) - set(found.ambiguous)), UNKNOWN_CODE)
        store_texts(source, field, column, found.respelled, OTHER_SPELLING, INFORMATION)
        store_texts(source, field, column, found.mixed, MISSING_BESIDE_CODE)
        store_texts(source, field, column, found.parted, PARTED_OTHERWISE)
    return Select({field.name: found.value}, found.joins)
