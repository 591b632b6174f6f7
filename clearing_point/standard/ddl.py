"""The warehouse's tables, derived from the standard as SQLAlchemy metadata."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from duckdb_sqlalchemy import Dialect
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.schema import CreateSchema, CreateTable
from sqlalchemy.types import TypeEngine

from clearing_point.standard.columns import SCHEMAS
from clearing_point.standard.model import Field, Standard
from clearing_point.standard.model import Table as StandardTable
from clearing_point.standard.quality_views import quality_views


def metadata_of(standard: Standard) -> MetaData:
    """Build the metadata of the whole warehouse.

    Returns
    -------
    sqlalchemy.MetaData
        Schemas ``raw`` (received, nothing interpreted), ``staged`` and ``core`` (one table a
        table of the standard, with lineage columns), ``quality`` and ``ref``.
    """
    metadata = MetaData()
    _raw(metadata)
    _quality(metadata)
    _reference(metadata)
    for table in standard.tables_of_kind():
        for schema in ("staged", "core"):
            _data_table(metadata, schema, table)
    return metadata


def statements(standard: Standard) -> tuple[str, ...]:
    """Return the DDL of :func:`metadata_of` as DuckDB statements that may run twice."""
    return _statements(standard.sha256, standard)


@lru_cache(maxsize=4)
def _statements(_sha256: str, standard: Standard) -> tuple[str, ...]:
    dialect = Dialect()
    made = [str(CreateSchema(s, if_not_exists=True).compile(dialect=dialect)) for s in SCHEMAS]
    made += [
        str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)).strip()
        for table in metadata_of(standard).sorted_tables
    ]
    made += quality_views(standard)
    return tuple(made)


def _type_of(field: Field) -> TypeEngine[Any]:
    if field.multiple:
        return ARRAY(String)
    types: dict[str, TypeEngine[Any]] = {
        "string": String(),
        "integer": Integer(),
        "year": SmallInteger(),
        "number": Double(),
        "date": Date(),
    }
    return types[field.type]


def _data_table(metadata: MetaData, schema: str, table: StandardTable) -> None:
    columns: list[Column[object]] = [
        Column("submission_id", String, nullable=False),
        Column("sheet", String, nullable=False),
        Column("source_row", Integer, nullable=False, comment="row of the sender's sheet, 1 is the first"),
        Column("source_part", SmallInteger, nullable=False, comment="part of a row that became several"),
    ]
    if schema == "core" and table.name == "person":
        columns.append(Column("person_id", String, nullable=False, comment="one a person and sender"))
    for field in table.fields:
        columns.append(Column(field.name, _type_of(field), comment=field.title["en"]))
        for companion in (field.precision_column, field.missing_column):
            if companion:
                columns.append(Column(companion, String))
        if field.no_column:
            columns.append(Column(field.no_column, ARRAY(String)))
    Table(table.name, metadata, *columns, schema=schema, comment=table.grain["en"])


def _raw(metadata: MetaData) -> None:
    Table(
        "submission",
        metadata,
        Column("submission_id", String, primary_key=True),
        Column(
            "series", String, nullable=False, comment="sender, territory and period: versions of one thing"
        ),
        Column("version_number", Integer, nullable=False),
        Column("supersedes", String),
        Column("sender", String, nullable=False),
        Column("territory", String),
        Column("period_start", Date),
        Column("period_end", Date),
        Column(
            "released", Date, comment="when its publisher released a public file; empty: sent, not published"
        ),
        Column("use", String, nullable=False, comment="count, or reference: never counted as persons"),
        Column("made_data", Boolean, nullable=False, comment="made for demonstration or training"),
        Column("profile", String, nullable=False),
        Column("profile_sha256", String, nullable=False),
        Column("standard_version", String, nullable=False),
        Column("standard_sha256", String, nullable=False),
        Column("rows_sha256", String, comment="of what of the standard its rows were worked out by"),
        Column("program_sha256", String, comment="of what of the program its rows were worked out by"),
        Column("file_name", String, nullable=False),
        Column("file_sha256", String, nullable=False),
        Column("file_bytes", BigInteger, nullable=False),
        Column("encoding", String, comment="of a CSV file: how it was read"),
        Column("received_at", TIMESTAMP, nullable=False),
        Column("status", String, nullable=False),
        Column("rows_read", BigInteger, nullable=False),
        Column(
            "answers_sha256", String, comment="of answers that were given beside the file; empty: none were"
        ),
        Column(
            "rows_digest",
            String,
            comment="of what was accepted: number of rows and sum of their digests, a table",
        ),
        schema="raw",
    )
    Table(
        "event",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("event", String, nullable=False, comment="replaced, withdrawn or deleted"),
        Column(
            "reason",
            String,
            nullable=False,
            comment="why, in the words of who did it; never a value of a person",
        ),
        Column("happened_at", TIMESTAMP, nullable=False),
        schema="raw",
    )
    Table(
        "column",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("sheet", String, nullable=False),
        Column("column_number", Integer, nullable=False, comment="1 is the first column of the sheet"),
        Column("column_letter", String, nullable=False),
        Column("heading", String),
        Column("target_table", String),
        Column("target_field", String, comment="empty: seen and not kept"),
        schema="raw",
    )
    Table(
        "record",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("sheet", String, nullable=False),
        Column("source_row", Integer, nullable=False),
        Column(
            "cells", ARRAY(String), nullable=False, comment="text as received; columns not kept are empty"
        ),
        Column("kinds", String, comment="one letter a cell: text, number, date, boolean, error"),
        schema="raw",
    )


def _quality(metadata: MetaData) -> None:
    Table(
        "finding",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("rule_id", String, nullable=False),
        Column("severity", String, nullable=False),
        Column("dimension", String, nullable=False),
        Column("target_table", String),
        Column("target_field", String),
        Column("sheet", String),
        Column("source_row", Integer),
        Column("column_letter", String),
        Column("waived", Boolean, nullable=False),
        schema="quality",
    )
    Table(
        "rule_result",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("rule_id", String, nullable=False),
        Column("target_table", String, nullable=False),
        Column("target_field", String),
        Column("severity", String, nullable=False),
        Column("evaluated", BigInteger, nullable=False),
        Column("failed", BigInteger, nullable=False),
        Column("not_applicable", BigInteger, nullable=False),
        Column("could_not_run", String, comment="reason, where a check did not run"),
        schema="quality",
    )
    decided = (
        ("reason", Text, None),
        ("role", String, "who decided, by function"),
        ("decided_on", Date, None),
        ("expires_on", Date, None),
    )
    Table(
        "waiver",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("waiver_id", String, nullable=False),
        Column("rule_id", String, nullable=False),
        Column("target_table", String, nullable=False),
        Column("target_field", String),
        *(Column(name, kind, nullable=False, comment=comment) for name, kind, comment in decided),
        Column("findings", BigInteger, nullable=False, comment="findings that it covered"),
        schema="quality",
    )
    Table(
        "correction",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("correction_id", String, nullable=False),
        Column("target_table", String, nullable=False),
        Column("target_field", String, nullable=False),
        *(Column(name, kind, nullable=False, comment=comment) for name, kind, comment in decided),
        Column("cells", BigInteger, nullable=False, comment="cells that were read as corrected"),
        schema="quality",
    )
    Table(
        "answer",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("rule_id", String, nullable=False),
        Column("target_table", String),
        Column("target_field", String),
        Column("sheet", String),
        Column("column_letter", String),
        Column("answer", String, nullable=False, comment="code of the list finding_answer"),
        Column("findings", BigInteger, nullable=False, comment="findings that the sender confirmed with it"),
        schema="quality",
    )
    Table(
        "balance",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("sheet", String, nullable=False),
        Column(
            "item", String, nullable=False, comment="what became of these rows, columns or cells of the sheet"
        ),
        Column("count", BigInteger, nullable=False),
        schema="quality",
    )
    Table(
        "decision",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("decision", String, nullable=False),
        Column("decided_at", TIMESTAMP, nullable=False),
        Column("errors", BigInteger, nullable=False),
        Column("warnings", BigInteger, nullable=False),
        Column("notes", BigInteger, nullable=False),
        Column("expectations", Integer, nullable=False),
        Column("expectations_failed", Integer, nullable=False),
        schema="quality",
    )
    Table(
        "validation_result",
        metadata,
        Column("submission_id", String, nullable=False),
        Column("suite", String, nullable=False),
        Column("expectation_id", String, nullable=False, comment="its name within the suite"),
        Column("rule_id", String, comment="empty: on the shape of the table"),
        Column("expectation", String, nullable=False, comment="type, in the words of Great Expectations"),
        Column("success", Boolean, nullable=False),
        Column("failed", BigInteger, comment="failing rows, where rows are judged"),
        Column("observed", Text, comment="a count or share; never a value of a person"),
        schema="quality",
    )


def _reference(metadata: MetaData) -> None:
    Table(
        "code",
        metadata,
        Column("codelist", String, nullable=False),
        Column("code", String, nullable=False),
        Column("parent", String),
        Column("kind", String, nullable=False),
        Column("position", Integer, nullable=False),
        Column("label", String, nullable=False),
        schema="ref",
    )
    Table(
        "code_attribute",
        metadata,
        Column("codelist", String, nullable=False),
        Column("code", String, nullable=False),
        Column("attribute", String, nullable=False),
        Column("value", String),
        schema="ref",
    )
    Table(
        "territory_group",
        metadata,
        Column("group_id", String, nullable=False),
        Column("territory_id", String, nullable=False),
        Column("year_from", Integer),
        Column("year_to", Integer),
        schema="ref",
    )
    Table(
        "published_figure",
        metadata,
        Column("figure_id", String, nullable=False),
        Column("territory_id", String, nullable=False),
        Column("reference_year", Integer, nullable=False),
        Column("population", String, nullable=False),
        Column("breakdown", String, nullable=False),
        Column("category", String, nullable=False),
        Column("sex", String, nullable=False),
        Column("age_group", String, nullable=False),
        Column("value", Double, nullable=False),
        Column("unit", String, nullable=False),
        Column("source_title", String, nullable=False),
        Column("source_url", String, nullable=False),
        Column("published_year", Integer, nullable=False),
        Column("note", String),
        schema="ref",
        comment="figures that others published, one row a number and edition",
    )
    Table(
        "known_mismatch",
        metadata,
        Column("territory_id", String, nullable=False),
        Column("reference_year", Integer, nullable=False),
        Column("rule_id", String, nullable=False),
        Column("what", String, nullable=False),
        schema="ref",
        comment="published figures that do not fit each other, as known (domain.md 9.3)",
    )
    Table(
        "population",
        metadata,
        Column("territory_id", String, nullable=False),
        Column("year", Integer, nullable=False),
        Column("population", BigInteger, nullable=False),
        Column("includes_kosovo", String),
        schema="ref",
    )
