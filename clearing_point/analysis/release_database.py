"""The release as one DuckDB file that a notebook opens read-only, and as Parquet.

It is filled from protected tables and definitions alone. The bytes of a DuckDB file differ from run to run; its content
does not, and the release id is a hash of the CSV files beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.analysis.missing import MISSING, missing_cells
from clearing_point.analysis.model import TOTAL, UNKNOWN, PublishedTable
from clearing_point.analysis.revisions import Revision
from clearing_point.standard.files import read_csv
from clearing_point.standard.model import Breakdown, Standard

DATABASE = "published.duckdb"

_TABLES = """
CREATE TABLE release (release_id VARCHAR, edition INTEGER, data_as_of VARCHAR, made_data BOOLEAN, standard_version VARCHAR,
  package_version VARCHAR, profile VARCHAR, threshold INTEGER, naming_profile VARCHAR,
  provisional_years INTEGER[]);
CREATE TABLE indicator (indicator_id VARCHAR, position INTEGER, part VARCHAR, title VARCHAR, definition VARCHAR,
  population VARCHAR, population_title VARCHAR, population_definition VARCHAR, condition VARCHAR, profile VARCHAR,
  base INTEGER, far_from INTEGER, far_reach INTEGER, sign VARCHAR, sensitive BOOLEAN, multiple_response VARCHAR[],
  minimum_base INTEGER, withheld VARCHAR, made_data BOOLEAN, caveats VARCHAR[], submissions VARCHAR[], query VARCHAR,
  measure_kind VARCHAR, measure_label VARCHAR, counted VARCHAR);
CREATE TABLE dimension (indicator_id VARCHAR, position INTEGER, variable VARCHAR, label VARCHAR, codelist VARCHAR);
CREATE TABLE category (indicator_id VARCHAR, variable VARCHAR, position INTEGER, code VARCHAR, label VARCHAR, kind VARCHAR,
  members VARCHAR[]);
CREATE TABLE label (variable VARCHAR, code VARCHAR, language VARCHAR, label VARCHAR);
CREATE TABLE cell (indicator_id VARCHAR, position INTEGER, key VARCHAR[], value BIGINT, protection VARCHAR,
  measure DOUBLE);
CREATE TABLE cost (indicator_id VARCHAR, measure VARCHAR, amount DOUBLE);
CREATE TABLE submission (submission_id VARCHAR, sender VARCHAR, territory VARCHAR, made_data BOOLEAN, received VARCHAR,
  first_year INTEGER, last_year INTEGER, coverage VARCHAR, definition_identified VARCHAR, count_basis VARCHAR,
  kosovo_basis VARCHAR);
CREATE TABLE quality (submission_id VARCHAR, territory VARCHAR, completeness_percent INTEGER, validity_percent INTEGER,
  consistency_percent INTEGER, days_after_period INTEGER);
CREATE TABLE revision (indicator_id VARCHAR, key VARCHAR[], before_edition INTEGER, before BIGINT, now BIGINT,
  reason VARCHAR);
CREATE TABLE break (territory VARCHAR, reference_year INTEGER, field VARCHAR, before VARCHAR, after VARCHAR);
CREATE VIEW coverage AS SELECT territory, unnest(range(first_year, last_year + 1))::INTEGER AS reference_year,
  submission_id, coverage FROM submission WHERE territory IS NOT NULL;
"""
_BREAKING = ("definition_identified", "count_basis")
"""Declarations whose change makes two years hard to compare (domain.md 12.1 R11)."""


def write_database(
    folder: Path,
    tables: Sequence[PublishedTable],
    manifest: Mapping[str, Any],
    standard: Standard,
    release_id: str,
    revised: Sequence[tuple[int, Revision]] = (),
) -> None:
    """Write ``published.duckdb`` and one Parquet file a table into the folder of a release.

    Parameters
    ----------
    tables : sequence of PublishedTable
        Protected tables; only what they show is written.
    manifest : mapping
        As it is published: edition, versions, submissions with their years and declarations, and their quality.
    revised : sequence of (edition, Revision)
        Numbers that an earlier edition and this one show, and that moved.
    """
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute(_TABLES)
        connection.execute(
            "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                release_id, manifest["edition"], manifest["data_as_of"], manifest["made_data"],
                manifest["standard"]["version"], manifest["package"], manifest["protection"]["profile"],
                manifest["protection"]["threshold"], manifest["naming_profile"],
                list(manifest.get("provisional_years", ())),
            ],
        )  # fmt: skip
        for name, rows in (
            ("indicator", [_indicator(n, t) for n, t in enumerate(tables)]),
            ("dimension", [row for t in tables for row in _dimensions(t)]),
            ("category", [row for t in tables for row in _categories(t, standard)]),
            ("label", labels_of(tables, standard)),
            ("cell", [row for t in tables for row in _cells(t)]),
            (
                "cost",
                [
                    (t.indicator.indicator_id, k, v)
                    for t in tables
                    for k, v in t.cost.items()
                    if _is_number(v)
                ],
            ),
            ("submission", [tuple(s[k] for k in _SUBMISSION) for s in manifest["submissions"]]),
            ("quality", [tuple(q[k] for k in _QUALITY) for q in manifest["quality"]]),
            ("revision", [_revision(edition, r) for edition, r in revised]),
            ("break", [*_breaks(manifest["submissions"]), *_known_breaks(standard, manifest["submissions"])]),
        ):
            _insert(connection, name, rows)
        for table in tables:
            _view(connection, table)
            connection.execute(
                f'COPY (SELECT * FROM "{table.indicator.indicator_id}" ORDER BY ALL) '
                f"TO '{folder / 'data' / table.indicator.indicator_id}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )


_SUBMISSION = (
    "submission", "sender", "territory", "made_data", "received", "first_year", "last_year", "coverage",
    "definition_identified", "count_basis", "kosovo_basis",
)  # fmt: skip


_QUALITY = (
    "submission",
    "territory",
    "completeness_percent",
    "validity_percent",
    "consistency_percent",
    "days_after_period",
)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _insert(connection: Any, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    described = connection.execute(f'SELECT * FROM "{name}" LIMIT 0').to_arrow_table().schema
    columns = [pa.array([row[n] for row in rows], field.type) for n, field in enumerate(described)]
    connection.register("to_insert", pa.table(columns, names=described.names))
    connection.execute(f'INSERT INTO "{name}" SELECT * FROM to_insert')
    connection.unregister("to_insert")


def _indicator(position: int, table: PublishedTable) -> tuple[Any, ...]:
    indicator, shown = table.indicator, table.protected
    return (
        indicator.indicator_id, position, indicator.part, indicator.title["en"], indicator.definition["en"],
        table.population.name, table.population.title["en"], table.population.definition["en"], indicator.where,
        shown.profile, shown.base, shown.far_from, shown.far_reach, shown.sign, shown.sensitive,
        sorted(shown.multiple_response), indicator.minimum_base, shown.reason or None, table.made_data,
        [*(note.said() for note in table.notes), *(caveat["en"] for caveat in indicator.caveats)],
        list(table.submissions), table.query,
        indicator.measure.kind if indicator.measure and table.values is not None else None,
        indicator.measure.label["en"] if indicator.measure and table.values is not None else None,
        # Who is counted as the disclosure gate names it: equal names are one population.
        shown.population,
    )  # fmt: skip


def _breakdowns(table: PublishedTable) -> dict[str, Breakdown]:
    return {b.variable: b for b in table.indicator.by}


def _dimensions(table: PublishedTable) -> Iterator[tuple[Any, ...]]:
    known = _breakdowns(table)
    for position, dimension in enumerate(table.protected.dimensions):
        breakdown = known.get(dimension.variable)
        label = breakdown.label["en"] if breakdown else dimension.variable
        yield (
            table.indicator.indicator_id,
            position,
            dimension.variable,
            label,
            breakdown.codelist if breakdown else None,
        )


def _categories(table: PublishedTable, standard: Standard) -> Iterator[tuple[Any, ...]]:
    known = _breakdowns(table)
    for dimension in table.protected.dimensions:
        breakdown = known.get(dimension.variable)
        for position, category in enumerate(dimension.categories):
            kind = {TOTAL: "total", UNKNOWN: "unknown"}.get(category.code, "code")
            if breakdown and category.code in breakdown.groups:
                kind = "group"
            label = label_of(breakdown, category.code, standard, "en")
            yield (
                table.indicator.indicator_id, dimension.variable, position, category.code, label, kind,
                sorted(category.members),
            )  # fmt: skip


def labels_of(tables: Sequence[PublishedTable], standard: Standard) -> list[tuple[str, str, str, str]]:
    """Return (variable, code, language, words) of every code of the tables."""
    return sorted({row for table in tables for row in _labels(table, standard)})


def _labels(table: PublishedTable, standard: Standard) -> Iterator[tuple[str, str, str, str]]:
    known = _breakdowns(table)
    for dimension in table.protected.dimensions:
        for category in dimension.categories:
            for language in standard.languages:
                label = label_of(known.get(dimension.variable), category.code, standard, language)
                yield dimension.variable, category.code, language, label


def label_of(breakdown: Breakdown | None, code: str, standard: Standard, language: str) -> str:
    """Return the words for a category of a table: of a code, a group, the total or what is not known."""
    if code == TOTAL:
        return standard.word("tables", "total", language)
    if code == UNKNOWN:
        return standard.word("tables", "unknown", language)
    if breakdown is not None and code in breakdown.group_labels:
        text = breakdown.group_labels[code]
        return text.get(language) or text["en"]
    if breakdown is None or breakdown.codelist not in (*standard.codelists, "territory"):
        return code
    return standard.label_of(breakdown.codelist, code, language)


def _cells(table: PublishedTable) -> Iterator[tuple[Any, ...]]:
    missing = missing_cells(table)
    for position, (cell, shown) in enumerate(table.protected.cells.items()):
        measure = None if table.values is None else table.values.get(cell)
        said = (None, MISSING, None) if cell in missing else (shown.shown, shown.status, measure)
        yield table.indicator.indicator_id, position, list(cell), *said


def _revision(edition: int, moved: Revision) -> tuple[Any, ...]:
    return moved.table, list(moved.place.values()), edition, moved.before, moved.now, moved.reason


def _breaks(submissions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    before: dict[tuple[str, str], str] = {}
    for one in sorted(submissions, key=lambda s: (s["territory"] or "", s["first_year"], s["submission"])):
        for field in _BREAKING:
            key = (one["sender"], field)
            value = one[field]
            if value and before.get(key, value) != value:
                yield one["territory"], one["first_year"], field, before[key], value
            if value:
                before[key] = value


def _known_breaks(standard: Standard, submissions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the breaks that no declaration tells (``schemas/reference/breaks.csv``), of territories in the release."""
    path = standard.folder / "reference" / "breaks.csv"
    there = {one["territory"] for one in submissions}
    for row in read_csv(path) if path.is_file() else ():
        if row["territory_id"] in there:
            field = row["population"] or "every count"
            yield row["territory_id"], int(row["reference_year"]), field, "", row["what_en"]


def _view(connection: Any, table: PublishedTable) -> None:
    """Make the tidy view of one table: a column a dimension, the number, and what may be said of it as flags."""
    known = _breakdowns(table)
    names = [d.variable for d in table.protected.dimensions]
    # All years together are a category like "2018-2022" and no year.
    years = [
        d.variable
        for d in table.protected.dimensions
        if d.variable in known
        and known[d.variable].codelist == "year"
        and all(category.code.isdigit() for category in d.categories)
    ]
    columns = [
        f'key[{n}]{"::INTEGER" if name in years else ""} AS "{name}"' for n, name in enumerate(names, start=1)
    ]
    missing = f"(t.protection = '{MISSING}')"
    if "territory" in names and years:
        reported = f'SELECT 1 FROM coverage AS c WHERE c.territory = t.territory AND c.reference_year = t."{years[0]}"'
        places = (
            "SELECT DISTINCT unnest(members) FROM category WHERE variable = 'territory' AND kind = 'code'"
        )
        # A year that went out before its data came stays without them, although they are there now.
        missing = f"({missing} OR t.territory IN ({places}) AND NOT EXISTS ({reported}))"
    named, asked = table.indicator.indicator_id, ", ".join(f't."{n}"' for n in names)
    measure = "" if table.values is None else f"CASE WHEN {missing} THEN NULL ELSE measure END AS measure, "
    connection.execute(
        f'CREATE VIEW "{named}" AS WITH t AS (SELECT {", ".join(columns)}, value, protection, measure, position '
        f"FROM cell WHERE indicator_id = '{named}') SELECT {asked}, CASE WHEN {missing} THEN NULL ELSE value END AS value, "
        f"{measure}protection = 'hidden' AND NOT {missing} AS suppressed, protection = 'rounded' AS rounded, "
        f"{missing} AS missing "
        "FROM t ORDER BY position"
    )
