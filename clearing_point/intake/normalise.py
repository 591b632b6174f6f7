"""From raw cells to typed rows: spelling to code, text to type. Nothing else changes a value.

All of it is SQL over whole columns. Each distinct text of a column is looked up once; rows then
join to that lookup, so a text that nobody mapped falls out of the same join as a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec, Profile, TableSpec
from clearing_point.findings import AMBIGUOUS, ERROR
from clearing_point.intake.layout import SheetLayout, fold
from clearing_point.intake.package import column_letter
from clearing_point.intake.words import words_of
from clearing_point.standard.expressions import (
    create_known_views,
    install_macros,
    joined_from,
    qualified,
)
from clearing_point.standard.model import Field, Standard, Table
from clearing_point.standard.structure import UNKNOWN_CODE, UNREADABLE




_NOT_ON_FORM = "NAS"
_ISO_DATES = (("%Y-%m-%d", "DAY"), ("%Y-%m-%d %H:%M:%S", "DAY"), ("%Y-%m", "MONTH"), ("%Y", "YEAR"))
"""Year first is read everywhere: it cannot be mistaken. All else is read only as declared."""


@dataclass(frozen=True)
class _Source:
    """One sheet on its way into one table."""

    connection: Any
    submission_id: str
    layout: SheetLayout
    spec: TableSpec
    table: Table
    profile: Profile
    standard: Standard
    rows: str

    def column(self, spec: ColumnSpec) -> int | None:
        return self.layout.column_of(spec.headings)


def normalise(
    connection: Any,
    submission_id: str,
    layouts: list[SheetLayout],
    profile: Profile,
    standard: Standard,
) -> dict[str, int]:
    """Fill the ``staged`` tables of a workspace from its ``raw`` tables.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose ``raw.record`` holds the submission.

    Returns
    -------
    dict
        Table -> rows staged. What could not be read is in ``quality.finding`` and staged as unknown.
    """
    install_macros(connection, standard)
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO fold(word) AS lower(trim(regexp_replace("
        "replace(nfc_normalize(word), chr(160), ' '), '\\s+', ' ', 'g')))"
    )
    filled: dict[str, list[str]] = {}
    for number, layout in enumerate(layouts):
        rows = f"rows_{number}"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {rows} AS {_rows_of(layout)}", [layout.sheet])
        for position, spec in enumerate(layout.spec.tables):
            table = standard.tables[spec.table]
            source = _Source(connection, submission_id, layout, spec, table, profile, standard, rows)
            target = f"read_{table.name}_{number}_{position}"
            _read_table(source, target)
            filled.setdefault(table.name, []).append(target)
    return _stage(connection, filled, standard)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _rows_of(layout: SheetLayout) -> str:
    """Select the data rows of a sheet: below the headings, not blank, not marked as totals."""
    skipped = "".join(
        f" AND NOT coalesce(list_contains([{', '.join(map(_text, words))}], fold(cells[{column}])), false)"
        for column, words in layout.skip_columns.items()
    )
    return (
        "SELECT source_row, cells, kinds FROM raw.record WHERE sheet = ? "
        f"AND source_row >= {layout.first_row} "
        f"AND len(list_filter(cells, lambda cell: trim(coalesce(cell, '')) <> '')) > 0{skipped}"
    )


def _read_table(source: _Source, target: str) -> None:
    selected: dict[str, str] = {}
    joins: list[str] = []
    for number, field in enumerate(source.table.received):
        spec = source.spec.columns.get(field.name)
        made = _field_select(source, field, spec, f"{target}_{number}")
        selected.update(made.columns)
        joins.extend(made.joins)
    part = "0"
    where = _when_filled(source)
    if source.spec.explode:
        exploded = selected[source.spec.explode]
        missing = ", ".join(map(_text, source.standard.missing_codes))
        known = f"list_filter({exploded}, lambda code: code NOT IN ({missing}))"
        selected[source.spec.explode] = f"unnest({known})"
        part = f"unnest(range(1, len({known}) + 1))"
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in selected.items())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {_text(source.submission_id)} AS submission_id, "
        f"{_text(source.layout.sheet)} AS sheet, r.source_row, {part}::SMALLINT AS source_part, {columns} "
        f"FROM {source.rows} AS r {' '.join(joins)}{where}"
    )
    if source.spec.explode:
        _number_parts(source, target)


def _number_parts(source: _Source, target: str) -> None:
    """Rows that became several take their part into their own number, so that it stays unique."""
    for key in source.table.primary_key:
        spec = source.spec.columns.get(key)
        if spec is not None and spec.row_number:
            source.connection.execute(f'UPDATE {target} SET "{key}" = "{key}" || \'.\' || source_part')


def _when_filled(source: _Source) -> str:
    numbers = [
        column
        for name in source.spec.when_filled
        if (column := source.layout.columns.get(fold(name))) is not None
    ]
    if not source.spec.when_filled:
        return ""
    if not numbers:
        return " WHERE false"
    return " WHERE " + " OR ".join(f"trim(coalesce(r.cells[{n}], '')) <> ''" for n in numbers)


@dataclass(frozen=True)
class _Select:
    columns: dict[str, str]
    joins: tuple[str, ...] = ()


def _field_select(source: _Source, field: Field, spec: ColumnSpec | None, lookup: str) -> _Select:
    if spec is not None and spec.row_number:
        return _Select({field.name: f"{_text(spec.prefix)} || r.source_row"})
    if spec is not None and spec.flags:
        return _flags(source, field, spec)
    column = source.column(spec) if spec is not None and spec.headings else None
    if spec is not None and spec.constant is not None:
        return _lookup_select(source, field, spec, lookup, _text(spec.constant), None)
    if spec is None or column is None:
        return _Select(_absent(source, field))
    if field.type == "string" and not field.is_coded:
        return _Select({field.name: _plain_text(source, field, spec, column)})
    made = _lookup_select(source, field, spec, lookup, f"r.cells[{column}]", column)
    if not field.no_column:
        return made
    no_spec = source.spec.columns.get(field.no_column)
    no_column = source.column(no_spec) if no_spec is not None else None
    if no_spec is None or no_column is None:
        return _Select({**made.columns, field.no_column: "NULL::VARCHAR[]"}, made.joins)
    other = _lookup_select(source, field, no_spec, f"{lookup}_no", f"r.cells[{no_column}]", no_column)
    missing = ", ".join(map(_text, source.standard.missing_codes))
    said_no = f"list_filter({other.columns[field.name]}, lambda code: code NOT IN ({missing}))"
    return _Select({**made.columns, field.no_column: said_no}, (*made.joins, *other.joins))


def _absent(source: _Source, field: Field) -> dict[str, str]:
    """A field that the layout does not have was not asked: NAS, never unknown and never no."""
    columns: dict[str, str] = {}
    if field.multiple:
        columns[field.name] = f"['{_NOT_ON_FORM}']"
    elif field.is_coded:
        columns[field.name] = f"'{_NOT_ON_FORM}'"
    elif field.type == "string":
        columns[field.name] = "NULL::VARCHAR" if _is_key(source, field) else f"'{_NOT_ON_FORM}'"
    else:
        kind = {"date": "DATE", "number": "DOUBLE", "year": "SMALLINT", "integer": "INTEGER"}[field.type]
        columns[field.name] = f"NULL::{kind}"
        columns[field.missing_column or ""] = f"'{_NOT_ON_FORM}'"
    if field.precision_column:
        columns[field.precision_column] = f"'{_NOT_ON_FORM}'"
    if field.no_column:
        columns[field.no_column] = "NULL::VARCHAR[]"
    return columns


def _is_key(source: _Source, field: Field) -> bool:
    keys = {*source.table.primary_key, *(k for keys in source.table.parents.values() for k in keys)}
    return field.name in keys or field.required


def _plain_text(source: _Source, field: Field, spec: ColumnSpec, column: int) -> str:
    text = f"nullif(trim(r.cells[{column}]), '')"
    for word, code in {**source.profile.reading.missing, **spec.missing}.items():
        if word.strip():
            text = f"CASE WHEN fold({text}) = {_text(fold(word))} THEN {_text(code)} ELSE {text} END"
    if spec.prefix:
        text = f"{_text(spec.prefix)} || {text}"
    return text if _is_key(source, field) else f"coalesce({text}, {_text(source.profile.reading.blank)})"


def _flags(source: _Source, field: Field, spec: ColumnSpec) -> _Select:
    """One yes/no column a code. Blank is unknown: only a written no is a no."""
    reading = source.profile.reading
    yes = ", ".join(_text(fold(w)) for w in reading.yes) or "NULL"
    no = ", ".join(_text(fold(w)) for w in reading.no) or "NULL"
    known = [*map(fold, (*reading.yes, *reading.no, *reading.missing)), ""]
    said_yes, said_no, asked = [], [], []
    for heading, code in spec.flags.items():
        column = source.layout.columns.get(fold(heading))
        if column is None:
            continue
        cell = f"fold(r.cells[{column}])"
        said_yes.append(f"CASE WHEN {cell} IN ({yes}) THEN {_text(code)} END")
        said_no.append(f"CASE WHEN {cell} IN ({no}) THEN {_text(code)} END")
        asked.append(f"{cell} IN ({no})")
        _unreadable(
            source, field, column, f"fold(r.cells[{column}]) NOT IN ({', '.join(map(_text, known))})", UNKNOWN_CODE
        )
    if not said_yes:
        return _Select(_absent(source, field))

    def gathered(items: list[str]) -> str:
        return f"list_sort(list_distinct(list_filter([{', '.join(items)}], lambda code: code IS NOT NULL)))"

    codes = (
        f"CASE WHEN len({gathered(said_yes)}) > 0 THEN {gathered(said_yes)} "
        f"WHEN {' AND '.join(f'coalesce({a}, false)' for a in asked)} THEN []::VARCHAR[] "
        f"ELSE ['{reading.blank}'] END"
    )
    columns = {field.name: codes}
    if field.no_column:
        columns[field.no_column] = gathered(said_no)
    return _Select(columns)


def _lookup_select(
    source: _Source, field: Field, spec: ColumnSpec, lookup: str, cell: str, column: int | None
) -> _Select:
    blank = source.profile.reading.blank
    if column is None:
        distinct = f"SELECT {cell} AS raw, false AS is_number"
    else:
        kind = f"coalesce(substr(kinds, {column}, 1) = 'n', false)"
        distinct = (
            f"SELECT DISTINCT cells[{column}] AS raw, {kind} AS is_number FROM {source.rows} "
            f"WHERE trim(coalesce(cells[{column}], '')) <> ''"
        )
    if field.is_coded:
        _code_lookup(source, field, spec, lookup, distinct)
    elif field.type == "date":
        _date_lookup(source, spec, lookup, distinct)
    else:
        _number_lookup(source, field, spec, lookup, distinct)
    on = f"{lookup}.raw = {cell}"
    if column is not None:
        on += f" AND {lookup}.is_number = coalesce(substr(r.kinds, {column}, 1) = 'n', false)"
        _unread_values(source, field, column, lookup, on)
    join = f"LEFT JOIN {lookup} ON {on}"
    blank_code = _text(spec.missing.get("", source.profile.reading.missing.get("", blank)))
    if field.is_coded:
        value = f"coalesce({lookup}.codes, [CASE WHEN {lookup}.raw IS NULL THEN {blank_code} ELSE 'UNK' END])"
        return _Select({field.name: value if field.multiple else f"{value}[1]"}, (join,))
    columns = {field.name: f"{lookup}.value"}
    missing = (
        f"CASE WHEN {lookup}.value IS NOT NULL THEN NULL WHEN {lookup}.raw IS NULL THEN {blank_code} "
        f"ELSE coalesce({lookup}.missing, 'UNK') END"
    )
    columns[field.missing_column or ""] = missing
    if field.precision_column:
        columns[field.precision_column] = f"coalesce({lookup}.precision, {missing})"
    return _Select(columns, (join,))


def _register_words(source: _Source, name: str, rows: list[tuple[str, Any]], kind: pa.DataType) -> None:
    table = pa.table({"word": pa.array([r[0] for r in rows], pa.string()), "meant": pa.array([r[1] for r in rows], kind)})
    source.connection.register("words_view", table)
    # Folded a second time by the same SQL as the cells, so that both sides agree to the letter.
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT fold(word) AS word, any_value(meant) AS meant "
        "FROM words_view GROUP BY 1"
    )
    source.connection.unregister("words_view")


def _code_lookup(source: _Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    words = words_of(field, spec, source.profile, source.standard)
    rows = [(word, list(codes)) for word, codes in words.codes.items()]
    rows += [(word, ["?"]) for word in sorted(words.ambiguous)]
    _register_words(source, f"{lookup}_words", rows, pa.list_(pa.string()))
    otherwise = "NULL" if spec.otherwise is None else f"[{_text(spec.otherwise)}]"
    if field.multiple or source.spec.explode == field.name:
        separator = _text(source.profile.reading.list_separator)
        parts = f"list_filter(string_split(raw, {separator}), lambda part: trim(part) <> '')"
        source.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {lookup} AS "
            f"WITH texts AS ({distinct}), parts AS (SELECT raw, is_number, unnest({parts}) AS part FROM texts) "
            f"SELECT raw, is_number, CASE WHEN bool_and(meant IS NOT NULL) "
            "THEN list_sort(list_distinct(flatten(list(meant)))) END AS codes, "
            "coalesce(bool_or(meant = ['?']), false) AS ambiguous "
            f"FROM parts LEFT JOIN {lookup}_words ON word = fold(part) GROUP BY raw, is_number"
        )
    else:
        source.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
            f"SELECT raw, is_number, coalesce(CASE WHEN meant <> ['?'] THEN meant END, "
            f"CASE WHEN meant IS NULL THEN {otherwise} END) AS codes, coalesce(meant = ['?'], false) AS ambiguous "
            f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
        )


def _date_lookup(source: _Source, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    formats = [(f, _precision_of(f)) for f in source.profile.reading.dates]
    formats += [pair for pair in _ISO_DATES if pair[0] not in source.profile.reading.dates]
    value = ", ".join(f"try_strptime(trim(raw), {_text(f)})::DATE" for f, _ in formats)
    precision = " ".join(
        f"WHEN try_strptime(trim(raw), {_text(f)}) IS NOT NULL THEN '{exact}'" for f, exact in formats
    )
    _register_words(source, f"{lookup}_words", _missing_words(source, spec), pa.string())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN coalesce({value}) END AS value, "
        f"CASE WHEN meant IS NULL THEN CASE {precision} END END AS precision, meant AS missing "
        f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
    )


def _precision_of(pattern: str) -> str:
    return "DAY" if "%d" in pattern else "MONTH" if "%m" in pattern or "%b" in pattern else "YEAR"


def _number_lookup(source: _Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    reading = source.profile.reading
    decimal, thousands = (f"\\{c}" if c in ".'" else c for c in (reading.decimal, reading.thousands))
    whole = rf"\d{{1,3}}({thousands}\d{{3}})+|\d+" if thousands else r"\d+"
    pattern = _text(rf"^[-+]?({whole})({decimal}\d+)?$")
    cleaned = "trim(raw)"
    if reading.thousands:
        cleaned = f"replace({cleaned}, {_text(reading.thousands)}, '')"
    cleaned = f"replace({cleaned}, {_text(reading.decimal)}, '.')"
    number = (
        f"CASE WHEN is_number THEN TRY_CAST(raw AS DOUBLE) "
        f"WHEN regexp_matches(trim(raw), {pattern}) THEN TRY_CAST({cleaned} AS DOUBLE) END"
    )
    if field.type == "number":
        value = number
    else:
        kind = "SMALLINT" if field.type == "year" else "INTEGER"
        value = f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS {kind}) END"
    _register_words(source, f"{lookup}_words", _missing_words(source, spec), pa.string())
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN {value} END AS value, meant AS missing "
        f"FROM texts LEFT JOIN {lookup}_words ON word = fold(raw)"
    )


def _missing_words(source: _Source, spec: ColumnSpec) -> list[tuple[str, Any]]:
    words = {fold(code): code for code in source.standard.missing_codes}
    words |= {fold(w): c for w, c in {**source.profile.reading.missing, **spec.missing}.items()}
    return sorted(words.items())


def _unread_values(source: _Source, field: Field, column: int, lookup: str, on: str) -> None:
    """Every text that has no meaning is a finding at its cell."""
    unread = f"{lookup}.raw IS NOT NULL AND {lookup}." + (
        "codes IS NULL" if field.is_coded else "value IS NULL AND " + f"{lookup}.missing IS NULL"
    )
    rule = UNKNOWN_CODE if field.is_coded else UNREADABLE
    rule_sql = f"CASE WHEN {lookup}.ambiguous THEN '{AMBIGUOUS}' ELSE '{rule}' END" if field.is_coded else f"'{rule}'"
    _store(source, field, column, f"FROM {source.rows} AS r JOIN {lookup} ON {on} WHERE {unread}", rule_sql)


def _unreadable(source: _Source, field: Field, column: int, condition: str, rule: str) -> None:
    _store(source, field, column, f"FROM {source.rows} AS r WHERE {condition}", f"'{rule}'")


def _store(source: _Source, field: Field, column: int, from_where: str, rule_sql: str) -> None:
    source.connection.execute(
        f"INSERT INTO quality.finding SELECT {_text(source.submission_id)}, {rule_sql}, '{ERROR}', 'validity', "
        f"'{source.table.name}', '{field.name}', {_text(source.layout.sheet)}, r.source_row, "
        f"'{column_letter(column)}', false {from_where}"
    )


def _stage(connection: Any, filled: dict[str, list[str]], standard: Standard) -> dict[str, int]:
    """Bring what was read into ``staged`` and work out the derived fields."""
    sources: dict[str, str] = {}
    for name in standard.tables:
        parts = filled.get(name)
        if parts is None:
            sources[name] = f'staged."{name}"'
        elif len(parts) == 1:
            sources[name] = parts[0]
        else:
            union = " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE read_{name} AS {union}")
            sources[name] = f"read_{name}"
    # Views over temporary tables must be temporary: the derived step reads them through one schema.
    counts: dict[str, int] = {}
    for name in _parents_first(filled, standard):
        table = standard.tables[name]
        if table.derived:
            _insert_with_derived(connection, table, sources, standard)
        else:
            connection.execute(f'INSERT INTO staged."{name}" BY NAME SELECT * FROM {sources[name]}')
        counts[name] = connection.execute(f'SELECT count(*) FROM staged."{name}"').fetchone()[0]
    create_known_views(connection, standard, {n: f'staged."{n}"' for n in standard.tables})
    return counts


def _parents_first(filled: dict[str, list[str]], standard: Standard) -> Iterator[str]:
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for parent in standard.tables[name].parents:
            yield from visit(parent)
        if name in filled:
            yield name

    for name in sorted(filled, key=lambda n: (standard.tables[n].order, n)):
        yield from visit(name)


def _insert_with_derived(connection: Any, table: Table, sources: dict[str, str], standard: Standard) -> None:
    """Insert the rows as read, then work out each derived field over them and their parents."""
    connection.execute(f'INSERT INTO staged."{table.name}" BY NAME SELECT * FROM {sources[table.name]}')
    create_known_views(connection, standard, {n: f'staged."{n}"' for n in standard.tables})
    for field in table.derived:
        # One field at a time: a derived field may build on the one before it.
        value = qualified(field.derived or "NULL", table, standard)
        blank = "['UNK']" if field.multiple else "'UNK'"
        result = f"coalesce({value}, {blank})" if field.type == "string" else value
        sets = f'"{field.name}" = worked_out.value'
        if field.missing_column:
            sets += f", \"{field.missing_column}\" = CASE WHEN worked_out.value IS NULL THEN 'UNK' END"
        connection.execute(
            f'CREATE OR REPLACE TEMP TABLE worked_out AS SELECT "{table.name}".sheet, "{table.name}".source_row, '
            f'"{table.name}".source_part, {result} AS value FROM {joined_from(table, standard)}'
        )
        connection.execute(
            f'UPDATE staged."{table.name}" AS t SET {sets} FROM worked_out WHERE t.sheet = worked_out.sheet '
            "AND t.source_row = worked_out.source_row AND t.source_part = worked_out.source_part"
        )


