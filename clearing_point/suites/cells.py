"""Cells as they were received, judged without what reads them: texts that no list knows, dates and numbers that are none.

Such a cell is *not known* before its row is staged, so that nothing in the tables tells it from one that says so. Here
every distinct text of a column stands beside the number of its cells and the words that its reader knows, and Great
Expectations counts the cells of texts that are none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from clearing_point.standard.model import Standard
from clearing_point.suites.documents import expectation_document
from clearing_point.suites.expectations import ROWS_QUERY, Expectation
from clearing_point.suites.received import Received, Sheet

AS_RECEIVED = "as_received"
"""In the names of these expectations."""
SCHEMA = "written"
OTHER_FORM = "other_form"
"""Of dates in a form that nobody agreed on: where a whole file is written so, it is said once and not cell by cell."""
_LARGEST = {"year": 2**15 - 1, "integer": 2**31 - 1}
_GROUPS = {"%d": r"([0-9]{1,2})", "%m": r"([0-9]{1,2})", "%Y": r"([0-9]{4})"}


Place = tuple[str, str, str, str]
"""Table, field, sheet, letter of the column."""


def lay_out_cells(connection: Any, received: Received) -> None:
    """Put the distinct texts and the words that are known into schema ``written`` of a workspace."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    parts = [
        part
        for place, sheet in enumerate(received.sheets)
        if (part := _texts(place, sheet, {c.number for c in received.columns if c.place == place}, received))
    ]
    empty = "SELECT 0 AS place, 0 AS number, '' AS text, false AS is_number, 0 AS cells WHERE false"
    connection.execute(f"CREATE OR REPLACE TABLE {SCHEMA}.cell AS {' UNION ALL '.join([empty, *parts])}")
    texts: dict[tuple[int, int], list[str]] = {}
    for place, column, said in connection.execute(
        f"SELECT DISTINCT place, number, text FROM {SCHEMA}.cell ORDER BY ALL"
    ).fetchall():
        texts.setdefault((place, column), []).append(said)
    sets: dict[frozenset[str], int] = {}
    columns, values = [], []
    for n, one in enumerate(received.columns):
        known = sets.setdefault(one.words if one.only is None else one.only, len(sets))
        keys = sets.setdefault(one.keys, len(sets))
        columns.append((n, one.place, one.number, one.kind, known, keys, one.only is not None))
        for said in texts.get((one.place, one.number), ()):
            values += [(n, said, piece, one.key(piece) if one.key else None) for piece in one.pieces(said)]
    words = [(n, word) for several, n in sets.items() for word in several]
    number, text = pa.int32(), pa.string()
    for name, rows, kinds in (
        ("column", columns, {"id": number, "place": number, "number": number, "kind": text, "words": number,
         "keys": number, "others_known": pa.bool_()}),
        ("value", values, {"id": number, "text": text, "value": text, "key": text}),
        ("word", words, {"words": number, "word": text}),
    ):  # fmt: skip
        made = pa.table(
            {c: pa.array([row[i] for row in rows], kind) for i, (c, kind) in enumerate(kinds.items())}
        )
        connection.register("written_rows", made)
        connection.execute(f'CREATE OR REPLACE TABLE {SCHEMA}."{name}" AS FROM written_rows')
        connection.unregister("written_rows")


def _texts(place: int, sheet: Sheet, numbers: set[int], received: Received) -> str:
    """Return SQL of the distinct texts of the columns of a sheet that are asked about, with the number of their cells."""
    if not numbers:
        return ""
    ordered = sorted(numbers)
    cells = ", ".join(sheet.corrected.get(n, f"cells[{n}]") for n in ordered)
    # What a person corrected is a text, whatever it was.
    kinds = ", ".join(
        f"coalesce(substr(kinds, {n}, 1) = 'n', false)"
        + (f" AND cells[{n}] IS NOT DISTINCT FROM {sheet.corrected[n]}" if n in sheet.corrected else "")
        for n in ordered
    )
    return (
        f"SELECT {place}, number, text, is_number, count(*) FROM (SELECT unnest({ordered}) AS number, "
        f"unnest([{cells}]) AS text, unnest([{kinds}]) AS is_number FROM raw.record WHERE {sheet.rows}) "
        f"WHERE trim(text) <> '' AND NOT regexp_full_match(trim(text), {_text(received.errors)}) GROUP BY ALL"
    )


def cell_expectations(
    received: Received,
    found: Mapping[tuple[str, Place], int],
    standard: Standard,
    *,
    by_table: bool = False,
) -> dict[str, list[Mapping[str, Any]]]:
    """Return what is asked of the cells of each table.

    Parameters
    ----------
    found : mapping
        Rule and place -> cells that were found while reading. Each such column is asked for by itself and all others
        together, where nothing may fail: so every column is compared at little cost.
    by_table : bool
        Ask for the others table by table, so that a difference has a place.
    """
    made: dict[str, list[Mapping[str, Any]]] = {}
    others_of: dict[tuple[str, str], list[int]] = {}
    # What is asked of a file as a whole stands with its one row.
    whole = next(iter(standard.tables_of_kind("header"))).name
    asked = sorted(enumerate(received.columns), key=lambda pair: (pair[1].table, pair[1].rule_id))
    for (table, rule_id), group in groupby(asked, key=lambda pair: (pair[1].table, pair[1].rule_id)):
        columns = list(group)
        alone: dict[Place, list[int]] = {}
        others = others_of.setdefault((table if by_table else whole, rule_id), [])
        for n, one in columns:
            place = (one.table, one.field, received.sheets[one.place].name, one.letter)
            if any((rule, place) in found for rule in (rule_id, OTHER_FORM)):
                alone.setdefault(place, []).append(n)
            else:
                others.append(n)
        for place, ids in alone.items():
            name = f".{place[1]}.{place[2]}.{place[3]}"
            made.setdefault(table, []).extend(_asked_of(received, ids, table, rule_id, name, standard))
    for (table, rule_id), ids in others_of.items():
        if ids:
            made.setdefault(table, []).extend(_asked_of(received, ids, table, rule_id, "", standard))
    return made


def _asked_of(
    received: Received, ids: Sequence[int], table: str, rule_id: str, name: str, standard: Standard
) -> Iterator[Mapping[str, Any]]:
    """Give the expectations on columns: where cells were found, those of another form are counted apart."""
    kinds = sorted({received.columns[n].kind for n in ids})
    queries = {rule_id: _failing(received, ids, kinds, other_form=False)}
    if "date" in kinds and name:
        queries[OTHER_FORM] = _failing(received, ids, kinds, other_form=True)
    for which, query in queries.items():
        one = Expectation(
            f"{which}.{AS_RECEIVED}{name}", ROWS_QUERY, {"unexpected_rows_query": query}, rule_id, "error",
            "validity", standard.messages[rule_id]["what"]["en"], (received.columns[ids[0]].field,) if name else (),
        )  # fmt: skip
        yield expectation_document(one, table, standard)


def _failing(received: Received, ids: Sequence[int], kinds: Sequence[str], *, other_form: bool) -> str:
    """Return a query with a row for every cell of columns that cannot be read, without its text."""
    known = {kind: _known(kind, ids, received) for kind in kinds}
    failing = " OR ".join(f"(c.kind = '{kind}' AND NOT {sql})" for kind, sql in known.items())
    other = f"c.kind = 'date' AND regexp_full_match(trim(t.text), {_text(received.other_form)})"
    # The library wants its batch named; nothing of it is read.
    query = (
        f'SELECT c.id FROM {SCHEMA}.cell AS t, {SCHEMA}."column" AS c, unnest(range(t.cells)) AS each_one(n) '
        f"WHERE c.id IN ({', '.join(map(str, ids))}) AND t.place = c.place AND t.number = c.number AND ({failing}) "
        f"AND {'' if other_form else 'NOT '}({other}) AND NOT EXISTS (SELECT 1 FROM {{batch}} WHERE false)"
    )
    return _braced(query)


def _known(kind: str, ids: Sequence[int], received: Received) -> str:
    """Return SQL that holds for a text of a column (``t``, ``c``) of a kind which its reader can read."""
    word = f"EXISTS (SELECT 1 FROM {SCHEMA}.word AS w WHERE w.words = c.words AND w.word = v.value)"
    if kind == "code":
        respelled = f"EXISTS (SELECT 1 FROM {SCHEMA}.word AS w WHERE w.words = c.keys AND w.word = v.key)"
        return (
            f'(NOT EXISTS (SELECT 1 FROM {SCHEMA}."value" AS v WHERE v.id = c.id AND v.text = t.text AND '
            f"CASE WHEN c.others_known THEN {word} ELSE NOT ({word} OR {respelled}) END))"
        )
    missing = f'EXISTS (SELECT 1 FROM {SCHEMA}."value" AS v WHERE v.id = c.id AND v.text = t.text AND {word})'
    if kind == "date":
        return f"({missing} OR {_is_date(received)})"
    pieces = sorted({(received.columns[n].piece, n) for n in ids if received.columns[n].kind == kind})
    whens = " ".join(f"WHEN {n} THEN {piece}" for piece, n in pieces if piece != "text")
    piece = f"CASE c.id {whens} ELSE t.text END" if whens else "t.text"
    return f"({missing} OR {_is_number(kind, piece, received)})"


def _is_date(received: Received) -> str:
    """Say by the form of a text and the calendar whether it is a date; the engine's own parser is not asked."""
    day = f"regexp_replace(trim(t.text), {_text(received.time_of_day)}, '')"
    forms = []
    for form in dict.fromkeys((*received.dates, "%Y-%m-%d", "%Y-%m", "%Y")):
        signs = re.findall("%[a-zA-Z]", form)
        if not signs or len(set(signs)) < len(signs) or not {*signs} <= {*_GROUPS}:
            forms.append(f"try_strptime({day}, {_text(form)}) IS NOT NULL")
            continue
        pattern = "".join(
            _GROUPS.get(part, re.escape(part)) for part in re.split("(%[a-zA-Z])", form) if part
        )
        found = {
            sign: f"regexp_extract({day}, {_text(f'^{pattern}$')}, {n})" for n, sign in enumerate(signs, 1)
        }
        parts = [
            found[s] if s == "%Y" else f"lpad({found[s]}, 2, '0')" if s in found else "'01'"
            for s in ("%Y", "%m", "%d")
        ]
        forms.append(f"TRY_CAST({' || chr(45) || '.join(parts)} AS DATE) IS NOT NULL")
    return f"(regexp_matches(t.text, '[0-9]{{4}}') AND ({' OR '.join(forms)}))"


def _is_number(kind: str, piece: str, received: Received) -> str:
    """Say by its form and size whether a text is a number of a kind."""
    decimal, thousands = (re.escape(sign) for sign in (received.decimal, received.thousands))
    whole = f"([0-9]{{1,3}}({thousands}[0-9]{{3}})+|[0-9]+)" if thousands else "[0-9]+"
    form = f"regexp_full_match(trim({piece}), {_text(f'[-+]?{whole}({decimal}[0-9]+)?')})"
    plain = f"trim({piece})"
    if received.thousands:
        plain = f"replace({plain}, {_text(received.thousands)}, '')"
    plain = f"replace({plain}, {_text(received.decimal)}, '.')"
    value = f"CASE WHEN t.is_number THEN TRY_CAST(t.text AS DOUBLE) WHEN {form} THEN TRY_CAST({plain} AS DOUBLE) END"
    if kind not in _LARGEST:
        return f"({value}) IS NOT NULL"
    most = _LARGEST[kind]
    return f"coalesce(({value}) % 1 = 0 AND ({value}) BETWEEN {-most - 1} AND {most}, false)"


def compared_cells(
    received: Received, found: Mapping[tuple[str, Place], int], judged: Iterator[tuple[str, str, int]]
) -> str | None:
    """Hold the cells that were found while reading against those that were counted here; name the first difference.

    Parameters
    ----------
    judged : iterator of (table, name, failed)
        Of the expectations of :func:`cell_expectations`.
    """
    counts = {(table, name): failed for table, name, failed in judged}
    said_once = any(rule == OTHER_FORM for rule, _ in found)
    for (table, name), failed in sorted(counts.items()):
        which, _, place = name.partition(f".{AS_RECEIVED}")
        if which == OTHER_FORM:
            continue
        expected = sum(
            n
            for (rule, at), n in found.items()
            if rule == which and at[0] == table and f".{'.'.join(at[1:])}" == place
        )
        more = counts.get((table, f"{OTHER_FORM}.{AS_RECEIVED}{place}"), 0)
        # Where a file is written in another form, that is said once; a column of it may stay without a finding a cell.
        if expected != failed + more and not (said_once and failed <= expected <= failed + more):
            where = place.removeprefix(".") or "the columns without a finding"
            return (
                f"Rule {which} on {table} ({where}): {expected} cells found while reading, {failed + more} by Great "
                "Expectations; nothing was decided."
            )
    asked = {(one.rule_id, one.table) for one in received.columns}
    for rule, at in sorted(found):
        if rule != OTHER_FORM and (rule, at[0]) not in asked:
            return f"Rule {rule} on {at[0]} was not judged by Great Expectations."
    return None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _braced(query: str) -> str:
    """Write braces as the library wants them, which fills in ``{batch}``."""
    return query.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
