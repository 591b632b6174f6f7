"""Views of the warehouse on the quality of what was sent (table T41), derived from the core fields of the standard."""

from __future__ import annotations

from collections.abc import Iterator

from clearing_point.standard.model import REFERENCE, Field, Standard

_DIMENSIONS = ("validity", "consistency")


def quality_views(standard: Standard) -> list[str]:
    """Return the statements that make the views, each after those it reads.

    ``quality.field_completeness`` has one row a submission and core field: ``known`` values of those ``required``
    (not applicable ones are left out, domain.md 13). ``quality.by_submission`` has one row a submission: shares of
    completeness, validity and consistency, days from the end of the period to receipt, duplicates, and the
    same of the sender's accepted submission of the period before. ``quality.by_year`` sums accepted submissions by
    territory and year in which their period ends.
    """
    fields = " UNION ALL ".join(_completeness(standard))
    rows = " UNION ALL ".join(
        f'SELECT submission_id, sheet, source_row FROM staged."{t.name}"'
        for t in standard.tables_of_kind("case", "aggregate", "scorecard", REFERENCE)
    )
    clean = ", ".join(
        f"1 - count(DISTINCT (f.sheet, f.source_row)) FILTER (f.dimension = '{d}' AND f.severity IN "
        f"('error', 'warning') AND NOT f.waived AND f.source_row IS NOT NULL) / nullif(any_value(d.rows), 0) AS {d}"
        for d in _DIMENSIONS
    )
    settled = ", ".join(
        f"coalesce((SELECT sum(t.{count}) FROM quality.{table} AS t WHERE t.submission_id = s.submission_id), 0)::BIGINT "
        f"AS {name}"
        for table, count, name in _SETTLED
    )
    return [
        f"CREATE OR REPLACE VIEW quality.field_completeness AS {fields}",
        "CREATE OR REPLACE VIEW quality.data_rows AS SELECT submission_id, "
        f"count(DISTINCT (sheet, source_row)) AS rows FROM ({rows}) GROUP BY submission_id",
        f"CREATE OR REPLACE VIEW quality.by_submission AS {_BY_SUBMISSION.format(clean=clean, settled=settled)}",
        f"CREATE OR REPLACE VIEW quality.by_year AS {_BY_YEAR}",
    ]


_SETTLED = (
    ("waiver", "findings", "waived"),
    ("answer", "findings", "answered"),
    ("correction", "cells", "corrected"),
)
_BY_SUBMISSION = """
WITH complete AS (
  SELECT submission_id, avg(known / required) AS completeness
  FROM quality.field_completeness WHERE required > 0 GROUP BY submission_id
),
faults AS (
  SELECT r.submission_id, {clean},
    count(*) FILTER (f.dimension = 'uniqueness' AND f.severity <> 'information') AS duplicates,
    count(*) FILTER (f.severity IN ('block', 'error') AND NOT f.waived) AS errors,
    count(*) FILTER (f.severity = 'warning' AND NOT f.waived) AS warnings
  FROM raw.submission AS r
  LEFT JOIN quality.data_rows AS d ON d.submission_id = r.submission_id
  LEFT JOIN quality.finding AS f ON f.submission_id = r.submission_id
  GROUP BY r.submission_id
),
judged AS (
  SELECT s.submission_id, s.series, s.version_number, s.sender, s.territory, s.period_start, s.period_end,
    year(s.period_end) AS reference_year, s.status, s.use, s.made_data, coalesce(d.rows, 0) AS rows,
    c.completeness, f.validity, f.consistency, date_diff('day', s.period_end, s.received_at::DATE) AS days_after_period,
    f.duplicates, f.errors, f.warnings, {settled}
  FROM raw.submission AS s
  JOIN faults AS f ON f.submission_id = s.submission_id
  LEFT JOIN quality.data_rows AS d ON d.submission_id = s.submission_id
  LEFT JOIN complete AS c ON c.submission_id = s.submission_id
)
SELECT j.*, b.rows AS rows_before, b.completeness AS completeness_before, b.validity AS validity_before,
  b.consistency AS consistency_before
FROM judged AS j
LEFT JOIN judged AS b ON b.sender = j.sender AND b.territory IS NOT DISTINCT FROM j.territory AND b.status = 'ACCEPTED'
  AND b.period_end = (
    SELECT max(o.period_end) FROM raw.submission AS o
    WHERE o.sender = j.sender AND o.territory IS NOT DISTINCT FROM j.territory AND o.status = 'ACCEPTED'
      AND o.period_end < j.period_start
  )
"""
_BY_YEAR = """
SELECT territory, reference_year, count(*) AS submissions, sum(rows)::BIGINT AS rows,
  sum(completeness * rows) / nullif(sum(rows) FILTER (completeness IS NOT NULL), 0) AS completeness,
  sum(validity * rows) / nullif(sum(rows), 0) AS validity, sum(consistency * rows) / nullif(sum(rows), 0) AS consistency,
  max(days_after_period) AS days_after_period, sum(duplicates)::BIGINT AS duplicates, sum(errors)::BIGINT AS errors,
  sum(warnings)::BIGINT AS warnings, sum(waived)::BIGINT AS waived, sum(answered)::BIGINT AS answered,
  sum(corrected)::BIGINT AS corrected, bool_or(made_data) AS made_data
FROM quality.by_submission WHERE status = 'ACCEPTED' AND use = 'count'
GROUP BY territory, reference_year
"""


def _completeness(standard: Standard) -> Iterator[str]:
    out = [e["code"] for e in standard.settings["missing"]["meaning"] if not e["counts_in_completeness"]]
    for table in standard.tables_of_kind():
        for field in table.fields:
            if field.core:
                missing = _missing(field, standard)
                left_out = ", ".join(f"'{code}'" for code in out)
                yield (
                    f"SELECT submission_id, '{table.name}' AS target_table, '{field.name}' AS target_field, "
                    f"count(*) FILTER ({missing} IS NULL) AS known, "
                    f"count(*) FILTER ({missing} IS NULL OR {missing} NOT IN ({left_out})) AS required "
                    f'FROM staged."{table.name}" GROUP BY submission_id'
                )


def _missing(field: Field, standard: Standard) -> str:
    """Return SQL of the missing code of a staged value, or NULL where it is known."""
    empty = f"'{standard.settings['missing']['empty_cell']}'"
    codes = ", ".join(f"'{c}'" for c in standard.missing_codes)
    name = f'"{field.name}"'
    if field.multiple:
        return (
            f"(CASE WHEN {name} IS NULL THEN {empty} WHEN len({name}) > 0 AND list_has_all([{codes}], {name}) "
            f"THEN {name}[1] END)"
        )
    if field.missing_column:
        return f'(CASE WHEN {name} IS NULL THEN coalesce("{field.missing_column}", {empty}) END)'
    return f"(CASE WHEN {name} IS NULL THEN {empty} WHEN {name} IN ({codes}) THEN {name} END)"
