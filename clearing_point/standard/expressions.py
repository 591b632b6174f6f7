"""SQL expressions of the standard, made runnable; :mod:`clearing_point.standard.qualify` parses and limits them.

Rules, derived fields and indicators are written as DuckDB expressions in YAML. They may name the
row's own columns, columns of parent tables as ``table.column``, and other tables in subqueries.
Missing codes appear to them as NULL: an expression over an unknown value is itself unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.standard.columns import columns_of
from clearing_point.standard.files import place_of_text
from clearing_point.standard.model import LINEAGE, Standard, Table

KNOWN = "known"
"""Schema of the views in which missing codes are NULL."""

STAGED, PREVIOUS = "staged", "previous"
"""Prefixes that show missing codes: this submission, and the accepted one of the same sender before it."""

RECEIPT = "receipt"


def ancestors(table: Table, standard: Standard) -> tuple[str, ...]:
    """Return the parent tables of a table and theirs, nearest first."""
    found: list[str] = []
    queue = list(table.parents)
    while queue:
        name = queue.pop(0)
        if name not in found and name != table.name:
            found.append(name)
            queue.extend(standard.tables[name].parents)
    return tuple(found)


def qualified(text: str, table: Table, standard: Standard) -> str:
    """Return an expression with every bare column of the row's own table qualified.

    Raises
    ------
    InputProblem
        If it names a column that neither the table nor its parents have.
    """
    return compiled(text, table.name, standard)[0]


def one_table_select(text: str, table: Table, standard: Standard) -> tuple[str, str] | None:
    """Split ``(SELECT expression FROM table)`` into expression and table, qualified, if a text is just that.

    Such expressions over one table can be worked out together in one pass. Raises as :func:`qualified`.
    """
    return compiled(text, table.name, standard)[1]


Compiled = tuple[str, tuple[str, str] | None]
"""An expression qualified, and split as by :func:`one_table_select`."""

_READY: dict[str, Mapping[tuple[str, str], Compiled]] = {}


def take_compiled(standard: Standard, ready: Mapping[tuple[str, str], Compiled]) -> None:
    """Use what :func:`compiled` gave for (text, table) before instead of parsing it again."""
    _READY[standard.sha256] = ready


def compiled(text: str, table_name: str, standard: Standard) -> Compiled:
    """Return :func:`qualified` and :func:`one_table_select` of an expression; raises as they do."""
    ready = _READY.get(standard.sha256, {}).get((text, table_name))
    if ready is not None:
        return ready
    from clearing_point.standard.qualify import qualified_and_split  # the parser is heavy, and seldom needed

    try:
        return qualified_and_split(text, table_name, standard.sha256, standard)
    except InputProblem as problem:
        place = place_of_text(standard.folder, text) or f"{standard.folder.name}: table {table_name}"
        raise InputProblem(f"{place}: {problem}.") from problem


def names_of(table: Table) -> set[str]:
    """Return the names that a row of a table has for an expression."""
    return {name for name, _ in columns_of(table)} | set(LINEAGE)


def known_select(
    table: Table, source: str, standard: Standard, *, received_only: bool = False, extra: str = ""
) -> str:
    """Return a query of a data table in which missing codes are NULL.

    Parameters
    ----------
    source : str
        The data table to read, such as ``staged.person``.
    received_only : bool
        The source has only the fields that a sender fills.
    extra : str
        Further columns to select, each followed by a comma.
    """
    codes = ", ".join(f"'{c}'" for c in standard.missing_codes)
    missing = f"[{codes}]"
    replaced = []
    for field in table.received if received_only else table.fields:
        name = f'"{field.name}"'
        if field.multiple:
            replaced.append(
                f"CASE WHEN len({name}) > 0 AND list_has_all({missing}, {name}) THEN NULL "
                f"ELSE list_filter({name}, lambda code: NOT list_contains({missing}, code)) END AS {name}"
            )
        elif field.type == "string":
            replaced.append(f"CASE WHEN {name} IN ({codes}) THEN NULL ELSE {name} END AS {name}")
    clause = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT {extra}*{clause} FROM {source}"


def create_known_views(connection: Any, standard: Standard, sources: dict[str, str]) -> None:
    """Make the views of schema ``known`` and, for parents, one row a key.

    Parameters
    ----------
    sources : dict
        Table name -> data table to read; see :func:`known_select`.
    """
    statements = [f"CREATE SCHEMA IF NOT EXISTS {KNOWN}"]
    for name, source in sources.items():
        select = known_select(standard.tables[name], source, standard)
        statements.append(f'CREATE OR REPLACE VIEW {KNOWN}."{name}" AS {select}')
    connection.execute("; ".join(statements))


def joined_from(table: Table, standard: Standard, used_by: Iterable[str] | None = None) -> str:
    """Return the FROM clause that brings a table together with its parents.

    A parent whose number stands twice is taken once: the duplicate has its own finding and must
    not multiply the children.

    Parameters
    ----------
    used_by : iterable of str, optional
        Expressions as :func:`qualified` gives them: parents that none of them names are left out.
    """
    clause = f'{KNOWN}."{table.name}" AS "{table.name}"'
    links = list(_links(table, standard))
    if used_by is not None:
        links = _named_links(links, " ".join(used_by))
    for child_name, parent_name, keys in links:
        columns = ", ".join(f'"{k}"' for k in keys)
        on = " AND ".join(f'"{parent_name}"."{k}" = "{child_name}"."{k}"' for k in keys)
        clause += (
            f' LEFT JOIN (SELECT * FROM {KNOWN}."{parent_name}" QUALIFY row_number() OVER '
            f'(PARTITION BY {columns} ORDER BY source_row) = 1) AS "{parent_name}" ON {on}'
        )
    return clause


_Link = tuple[str, str, tuple[str, ...]]
"""Child, parent, keys of the parent."""


def _links(table: Table, standard: Standard) -> Iterable[_Link]:
    seen = {table.name}
    queue = [table]
    while queue:
        child = queue.pop(0)
        for parent, keys in child.parents.items():
            if parent not in seen:
                seen.add(parent)
                queue.append(standard.tables[parent])
                yield child.name, parent, keys


def _named_links(links: Iterable[_Link], expressions: str) -> list[_Link]:
    """Leave out the parents that no expression names and through which none is found that one names."""
    kept: list[_Link] = []
    for child, parent, keys in reversed(list(links)):
        if re.search(rf'\b{parent}"?\.', expressions) or any(parent == other for other, _, _ in kept):
            kept.insert(0, (child, parent, keys))
    return kept


def install_macros(connection: Any, standard: Standard) -> None:
    """Make the functions that expressions may call: code attributes and membership of groups.

    ``<codelist>_<attribute>(code)`` gives an attribute column of a code list;
    ``territory_in_group(territory, group, year)`` says whether a territory belonged to a group in any
    part of that year; with no year, whether it ever did;
    ``last_possible_day(date, precision)`` gives the last day that a date of that precision may mean (a
    date stands for its first day), so that two dates compare at the coarser precision of both;
    ``days_at_least(a, a_precision, b, b_precision)``, ``days_at_most(...)`` and ``days_exact(...)`` give the
    shortest and the longest time between two dates of these precisions, and the time itself where both
    are known to the day (null otherwise): a vague date never makes a time shorter or longer than is certain;
    ``missing_code(value)`` and ``missing_code_of_list(codes)`` give the missing code of a staged text.
    """
    codes = ", ".join(f"'{c}'" for c in standard.missing_codes)
    empty = f"'{standard.settings['missing']['empty_cell']}'"
    statements = [
        "CREATE OR REPLACE TEMP MACRO last_possible_day(day_given, exactness) AS CASE exactness "
        "WHEN 'MONTH' THEN last_day(day_given) "
        "WHEN 'QUARTER' THEN (date_trunc('quarter', day_given) + INTERVAL 3 MONTH - INTERVAL 1 DAY)::DATE "
        "WHEN 'YEAR' THEN make_date(year(day_given), 12, 31) ELSE day_given END; "
        "CREATE OR REPLACE TEMP MACRO days_at_least(a, a_exactness, b, b_exactness) AS "
        "date_diff('day', last_possible_day(a, a_exactness), b); "
        "CREATE OR REPLACE TEMP MACRO days_at_most(a, a_exactness, b, b_exactness) AS "
        "date_diff('day', a, last_possible_day(b, b_exactness)); "
        "CREATE OR REPLACE TEMP MACRO days_exact(a, a_exactness, b, b_exactness) AS CASE "
        "WHEN last_possible_day(a, a_exactness) = a AND last_possible_day(b, b_exactness) = b "
        "THEN date_diff('day', a, b) END; "
        f"CREATE OR REPLACE TEMP MACRO missing_code(text_given) AS CASE WHEN text_given IS NULL THEN {empty} "
        f"WHEN text_given IN ({codes}) THEN text_given END; "
        "CREATE OR REPLACE TEMP MACRO missing_code_of_list(codes_given) AS CASE WHEN codes_given IS NULL "
        f"THEN {empty} WHEN len(codes_given) > 0 AND list_has_all([{codes}], codes_given) THEN codes_given[1] END"
    ]
    for codelist in standard.codelists.values():
        for attribute in codelist.attributes:
            pairs = ", ".join(
                f"'{c.code}': '{c.attributes[attribute]}'" for c in codelist.codes if c.attributes[attribute]
            )
            if pairs:
                statements.append(
                    f"CREATE OR REPLACE TEMP MACRO {codelist.name}_{attribute}(code) AS MAP {{{pairs}}}[code]"
                )
    members: dict[str, list[str]] = {}
    for row in standard.territory_files["group"]:
        members.setdefault(row["group_id"], []).append(
            f"{{'t': '{row['territory_id']}', 'f': {row['valid_from'][:4] or 0}, "
            f"'u': {row['valid_to'][:4] or 9999}}}"
        )
    groups = ", ".join(f"'{g}': [{', '.join(rows)}]" for g, rows in members.items())
    statements.append(
        "CREATE OR REPLACE TEMP MACRO territory_in_group(territory, group_id, year) AS CASE WHEN territory IS "
        f"NOT NULL THEN len(list_filter(MAP {{{groups}}}[group_id], lambda m: m.t = territory "
        "AND (year IS NULL OR m.f <= year AND year <= m.u))) > 0 END"
    )
    connection.execute("; ".join(statements))
