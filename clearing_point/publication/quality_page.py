"""What the quality page of a territory says: its submissions, years, core fields, and published figures beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from clearing_point.analysis.reconcile import (
    Pair,
    decisions,
    quality_by_year,
    reconcile,
)
from clearing_point.halves import percent_text
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened

_STYLE = (
    "body{font:15px/1.45 sans-serif;max-width:70rem;margin:1.5rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:.6rem 0 1.4rem}caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{border-bottom:1px solid #ccc;padding:.25rem .6rem;text-align:left;vertical-align:top}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}thead th{border-bottom:2px solid #555}"
    ".made{border-left:4px solid #888;padding-left:.8rem}"
)


def page_of_quality(
    warehouse: Path, standard: Standard, territory: str, rows: Sequence[Mapping[str, Any]], language: str
) -> str:
    """Return the page as HTML that loads nothing from elsewhere; small counts of persons are not written out.

    Parameters
    ----------
    rows : sequence of mapping
        The territory's submissions (:func:`clearing_point.analysis.reconcile.quality_by_submission`).
    """
    page = _Page(standard, language)
    title = page.word("title", territory=standard.territory_name(territory, language=language))
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(page.word('intro'))}</p>"]
    if any(r["made_data"] for r in rows):
        body.append(f'<p class="made">{escape(standard.word("letter", "made", language))}</p>')
    body += [
        page.table("by_submission", rows, _SUBMISSION),
        page.table("by_year", quality_by_year(warehouse, territory=territory), _YEAR),
        page.table("by_field", _fields(warehouse, territory, standard, language), _FIELD),
        _reconciliation(page, reconcile(warehouse, standard, territory=territory)),
    ]
    for kind, found in decisions(warehouse, territory=territory).items():
        if found:
            body.append(page.table(kind, found, _DECIDED[kind]))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


_SUBMISSION = (
    "submission_id", "status", "rows", "rows_before", "completeness", "completeness_before", "validity", "consistency",
    "days_after_period", "duplicates", "errors", "warnings", "waived", "answered", "corrected",
)  # fmt: skip
_YEAR = (
    "reference_year", "submissions", "rows", "completeness", "validity", "consistency", "days_after_period", "duplicates",
    "errors", "warnings", "waived", "answered", "corrected",
)  # fmt: skip
_FIELD = ("table", "field", "share", "share_before")
_PAIR = (
    "reference_year",
    "population",
    "sex",
    "age_group",
    "origin",
    "ours",
    "published",
    "source",
    "flag",
    "known",
)
_DECIDED = {
    "waivers": ("waiver_id", "reference_year", "rule_id", "reason", "role", "decided_on", "expires_on", "findings"),
    "corrections": ("correction_id", "reference_year", "target_field", "reason", "role", "decided_on", "expires_on",
                    "cells"),
    "answers": ("reference_year", "rule_id", "target_field", "answer", "findings"),
}  # fmt: skip
_SHARES = (
    "completeness", "completeness_before", "validity", "consistency", "share", "share_before",
)  # fmt: skip


class _Page:
    def __init__(self, standard: Standard, language: str) -> None:
        self.standard, self.language = standard, language

    def word(self, name: str, **filled: object) -> str:
        return self.standard.word("quality", name, self.language, **filled)

    def table(self, name: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
        head = "".join(f'<th scope="col">{escape(self.word("column_" + c))}</th>' for c in columns)
        lines = []
        for row in rows:
            cells = [self._cell(c, row[c]) for c in columns]
            lines.append(f"<tr>{''.join(cells)}</tr>")
        return (
            f"<table><caption>{escape(self.word(name))}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table>"
        )

    def _cell(self, column: str, value: Any) -> str:
        if value is None:
            return '<td class="n">–</td>'
        if column in _SHARES:
            return f'<td class="n">{percent_text(value, 1)}</td>'
        if column == "status":
            value = self.standard.label_of("submission_status", value, self.language)
        if column == "answer":
            value = self.standard.label_of("finding_answer", value, self.language)
        kind = ' class="n"' if isinstance(value, int | float) and column != "reference_year" else ""
        text = f"{value:,}" if kind else str(value)
        return f"<td{kind}>{escape(text)}</td>"


def _fields(warehouse: Path, territory: str, standard: Standard, language: str) -> list[dict[str, Any]]:
    """Completeness of each core field in the newest accepted submission of a territory and the one before."""
    with opened(warehouse, read_only=True) as connection:
        found = connection.execute(
            "WITH ranked AS (SELECT submission_id, row_number() OVER (PARTITION BY sender ORDER BY period_end DESC) AS n "
            "FROM raw.submission WHERE territory = ? AND status = 'ACCEPTED'), shares AS (SELECT n, target_table, "
            "target_field, sum(known) / nullif(sum(required), 0) AS share FROM quality.field_completeness "
            "JOIN ranked USING (submission_id) WHERE n <= 2 GROUP BY ALL) "
            "SELECT target_table, target_field, max(share) FILTER (n = 1), max(share) FILTER (n = 2) FROM shares "
            "GROUP BY ALL ORDER BY ALL",
            [territory],
        ).fetchall()
    made = []
    for table, field, share, before in found:
        known = standard.tables[table]
        texts = known.title, known.by_name[field].title
        names = [text.get(language) or text["en"] for text in texts]
        made.append({"table": names[0], "field": names[1], "share": share, "share_before": before})
    return made


def _reconciliation(page: _Page, pairs: Sequence[Pair]) -> str:
    small = int(page.standard.settings["thresholds"]["small_count"])
    rows = []
    for pair in pairs:
        shown = f"<{small}" if 0 < pair.ours < small else f"{pair.ours:,}"
        rows.append(
            {
                "reference_year": pair.reference_year,
                "population": page.standard.label_of("aggregate_population", pair.population, page.language),
                "sex": page.standard.label_of("aggregate_sex", pair.sex, page.language),
                "age_group": page.standard.label_of("aggregate_age_group", pair.age_group, page.language),
                "origin": page.word("origin_" + pair.origin.replace(" ", "_")),
                "ours": shown,
                "published": f"{pair.published:,.0f}",
                "source": pair.source,
                "flag": page.word("flag_" + pair.flag),
                "known": " ".join(pair.known),
            }
        )
    return page.table("reconciliation", rows, _PAIR)
