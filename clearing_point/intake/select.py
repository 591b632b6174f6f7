"""The parts of a table's SELECT that normalising puts together, and the findings it stores on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clearing_point.countries.profile import ColumnSpec
from clearing_point.findings import ERROR
from clearing_point.intake.layout import fold
from clearing_point.intake.package import column_letter
from clearing_point.intake.source import Source, quoted
from clearing_point.standard.model import Field
from clearing_point.standard.structure import UNKNOWN_CODE

_NOT_ON_FORM = "NAS"


@dataclass(frozen=True)
class Select:
    """Columns of a table's row as SQL, and the joins that they need."""

    columns: dict[str, str]
    joins: tuple[str, ...] = ()


def absent(source: Source, field: Field) -> dict[str, str]:
    """A field that the layout does not have was not asked: NAS, never unknown and never no."""
    columns: dict[str, str] = {}
    if field.multiple:
        columns[field.name] = f"['{_NOT_ON_FORM}']"
    elif field.is_coded:
        columns[field.name] = f"'{_NOT_ON_FORM}'"
    elif field.type == "string":
        columns[field.name] = "NULL::VARCHAR" if is_key(source, field) else f"'{_NOT_ON_FORM}'"
    else:
        kind = {"date": "DATE", "number": "DOUBLE", "year": "SMALLINT", "integer": "INTEGER"}[field.type]
        columns[field.name] = f"NULL::{kind}"
        columns[field.missing_column or ""] = f"'{_NOT_ON_FORM}'"
    if field.precision_column:
        columns[field.precision_column] = f"'{_NOT_ON_FORM}'"
    if field.no_column:
        columns[field.no_column] = "NULL::VARCHAR[]"
    return columns


def is_key(source: Source, field: Field) -> bool:
    """Whether a row is found by this field, or makes no sense without it: then nothing stands in for a blank."""
    keys = {*source.table.primary_key, *(k for keys in source.table.parents.values() for k in keys)}
    return field.name in keys or field.required


def flags(source: Source, field: Field, spec: ColumnSpec) -> Select:
    """One yes/no column a code. Blank is unknown: only a written no is a no."""
    said_yes, said_no, asked = [], [], []
    for heading, code in spec.flags.items():
        column = source.layout.columns.get(fold(heading))
        if column is None:
            continue
        yes, no = _flag_texts(source, field, column)
        said_yes.append(f"CASE WHEN r.c{column} IN ({yes}) THEN {quoted(code)} END")
        said_no.append(f"CASE WHEN r.c{column} IN ({no}) THEN {quoted(code)} END")
        asked.append(f"coalesce(r.c{column} IN ({no}), false)")
    if not said_yes:
        return Select(absent(source, field))

    def gathered(items: list[str]) -> str:
        return f"list_sort(list_distinct(list_filter([{', '.join(items)}], lambda code: code IS NOT NULL)))"

    codes = (
        f"CASE WHEN len({gathered(said_yes)}) > 0 THEN {gathered(said_yes)} "
        f"WHEN {' AND '.join(asked)} THEN []::VARCHAR[] ELSE ['{source.profile.reading.blank}'] END"
    )
    columns = {field.name: codes}
    if field.no_column:
        columns[field.no_column] = gathered(said_no)
    return Select(columns)


def _flag_texts(source: Source, field: Field, column: int) -> tuple[str, str]:
    """Return the texts of a flag column that say yes and those that say no, as they stand in its cells.

    The few distinct texts are judged once; what is neither yes, no nor missing becomes findings.
    """
    reading = source.profile.reading
    meaning: dict[str, bool | None] = {
        fold(w): None for w in (*reading.missing, *source.standard.missing_codes, "")
    }
    meaning |= {fold(w): True for w in reading.yes} | {fold(w): False for w in reading.no}
    texts = source.coded.get(column, [])
    unread = tuple(text for text in texts if fold(text) not in meaning)
    store_texts(source, field, column, unread, UNKNOWN_CODE)
    said = [(text, meaning.get(fold(text))) for text in texts]
    yes = ", ".join(quoted(text) for text, value in said if value is True) or "NULL"
    no = ", ".join(quoted(text) for text, value in said if value is False) or "NULL"
    return yes, no


def store_texts(
    source: Source, field: Field, column: int, texts: tuple[str, ...], rule: str, severity: str = ERROR
) -> None:
    """Make a finding at every cell that holds one of these texts."""
    if texts:
        where = f"FROM {source.rows} AS r WHERE list_contains($texts, r.c{column})"
        store(source, field, column, where, rule, {"texts": sorted(texts)}, severity)


def store(
    source: Source,
    field: Field,
    column: int,
    from_where: str,
    rule: str,
    parameters: dict[str, Any] | None = None,
    severity: str = ERROR,
) -> None:
    """Make a finding for every working row that a FROM and WHERE clause selects."""
    source.connection.execute(
        f"INSERT INTO quality.finding SELECT {quoted(source.submission_id)}, '{rule}', '{severity}', 'validity', "
        f"'{source.table.name}', '{field.name}', {quoted(source.layout.sheet)}, r.source_row, "
        f"'{column_letter(column)}', false {from_where}",
        parameters or {},
    )
