"""The scorecard of mechanisms (M01-M27): what a territory reports of its law, its practice and its results, with evidence.

No rank and no average: paper and practice are never mixed, a territory has a count per domain and a list of what is not
known and of what lacks evidence (domain.md 7.2). Numbers of victims are not shown; those of other persons only above the
threshold of all tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.analysis.units import CURRENT
from clearing_point.standard.model import Code, Standard

LIST, LEVELS = "scorecard_indicator", "evidence_level"
TABLE = "scorecard"
_TYPES = {"integer": "integer", "year": "integer", "number": "number", "date": "date"}
"""Type of a field -> type of Frictionless; all else is text."""
_PERSONS = ("PERSONS",)
_VICTIMS = "VICTIMS"
"""In the column ``counts`` of the code list: the number is of victims."""
_COLUMNS = (
    "territory", "reference_year", "indicator", "level", "stage", "value", "answer", "date_value", "evidence_title",
    "evidence_url", "evidence_date", "evidence_status", "submission_id", "made_data",
)  # fmt: skip
_ADOPTED, _IN_OPERATION = 2, 3
"""Stages from which something stands on paper, and is in operation (scale of domain.md 7.2)."""


@dataclass(frozen=True)
class ScoreRow:
    """One answer: a territory, an indicator and a level.

    Attributes
    ----------
    stage : int or None
        0 none to 4 in operation and evaluated; None where it is not known or the indicator has no stage.
    value : float or None
        A number in the unit of the indicator; None where there is none or it is `hidden`.
    hidden : bool
        The number counts victims, or fewer persons than may be shown.
    """

    territory: str
    year: int
    indicator: str
    level: str
    stage: int | None
    value: float | None
    answer: str | None
    date_value: str | None
    evidence_title: str | None
    evidence_url: str | None
    evidence_date: str | None
    evidence_status: str | None
    submission: str
    made_data: bool
    hidden: bool = False

    @property
    def lacks_evidence(self) -> bool:
        """Adopted or more without a title and a date to show for it (rule C01)."""
        return (self.stage or 0) >= _ADOPTED and not (self.evidence_title and self.evidence_date)


@dataclass(frozen=True)
class SubScore:
    """How far a territory is in a domain: of the indicators with a stage, how many are so far. Never an average.

    Attributes
    ----------
    on_paper, in_operation : tuple of int
        (indicators that stand on paper, indicators whose stage on paper is known); the same for practice.
    not_known : int
        Indicators of the domain of which nothing was sent.
    lacking_evidence : int
        Rows that say more than they can show.
    """

    territory: str
    domain: str
    on_paper: tuple[int, int]
    in_operation: tuple[int, int]
    not_known: int
    lacking_evidence: int


@dataclass(frozen=True)
class Scorecard:
    """All answers of a year, and the indicators that could have been answered, in the order of the code list."""

    year: int
    rows: tuple[ScoreRow, ...]
    domains: Mapping[str, tuple[str, ...]]
    """Domain -> its main indicators, such as ``M01``."""
    parts: Mapping[str, tuple[str, ...]]
    """Main indicator -> itself and the indicators below it."""
    levels: tuple[str, ...]
    """Paper, operation, outcome: the order of an indicator's answers."""

    @property
    def territories(self) -> tuple[str, ...]:
        """Territories that sent a scorecard."""
        return tuple(sorted({row.territory for row in self.rows}))

    def of(self, territory: str, main: str) -> tuple[ScoreRow, ...]:
        """Return the answers of a territory to an indicator and those below it."""
        parts = self.parts[main]
        found = [row for row in self.rows if row.territory == territory and row.indicator in parts]
        return tuple(
            sorted(found, key=lambda row: (parts.index(row.indicator), self.levels.index(row.level)))
        )

    def sub_scores(self, territory: str, scored: Sequence[str]) -> Iterator[SubScore]:
        """Yield one a domain, for the domains that are scored."""
        for domain in scored:
            answers = {main: self.of(territory, main) for main in self.domains[domain]}
            rows = [row for found in answers.values() for row in found]
            yield SubScore(
                territory,
                domain,
                _reached(rows, "PAPER", _ADOPTED),
                _reached(rows, "OPERATION", _IN_OPERATION),
                sum(not found for found in answers.values()),
                sum(row.lacks_evidence for row in rows),
            )

    def not_known(self, territory: str) -> tuple[str, ...]:
        """Return the main indicators of which a territory told nothing."""
        return tuple(
            main for mains in self.domains.values() for main in mains if not self.of(territory, main)
        )

    def csv(self) -> str:
        """Return the scorecard as a long CSV: one row an answer, numbers that may not be shown empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*_COLUMNS[:-2], "protection"])
        for row in self.rows:
            values = [
                row.territory, row.year, row.indicator, row.level, row.stage, row.value, row.answer, row.date_value,
                row.evidence_title, row.evidence_url, row.evidence_date, row.evidence_status,
            ]  # fmt: skip
            writer.writerow(["" if v is None else v for v in values] + ["hidden" if row.hidden else ""])
        return text.getvalue()


def scorecard_resource(standard: Standard, path: str) -> dict[str, Any]:
    """Describe the CSV of a scorecard as a resource of a Data Package."""
    table = standard.tables[TABLE]
    fields: list[dict[str, Any]] = [
        {
            "name": name,
            "type": _TYPES.get(table.by_name[name].type, "string"),
            "title": table.by_name[name].title["en"],
        }
        for name in _COLUMNS[:-2]
    ]
    keys = ["territory", "reference_year", "indicator", "level"]
    for described in fields:
        described["constraints"] = {"required": described["name"] in keys}
    fields.append(
        {"name": "protection", "type": "string", "title": "Protection", "constraints": {"enum": ["hidden"]},
         "description": "hidden: the number is of victims, or of fewer persons than may be shown; empty: as reported."}
    )  # fmt: skip
    return {
        "profile": "tabular-data-resource",
        "name": "t40",
        "path": path,
        "title": table.title["en"],
        "description": "What territories report of their mechanisms, with their evidence; facts about states and not about "
        "persons. An empty cell is not known, or does not belong to that indicator.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""], "primaryKey": keys},
    }


def _reached(rows: Sequence[ScoreRow], level: str, least: int) -> tuple[int, int]:
    stages = [row.stage for row in rows if row.level == level and row.stage is not None]
    return sum(stage >= least for stage in stages), len(stages)


def read_scorecard(connection: Any, standard: Standard, year: int) -> Scorecard:
    """Read the scorecards of a year over the ``current`` views; the newest submission of a territory counts.

    Parameters
    ----------
    connection : duckdb connection
        With the views of :func:`clearing_point.analysis.count.open_current`.
    """
    codes = standard.codelists[LIST].codes
    units = {code.code: code.attributes.get("measure_unit") for code in codes}
    victims = {code.code for code in codes if code.attributes.get("counts") == _VICTIMS}
    least = standard.settings["thresholds"]["small_count"]
    found = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM (SELECT c.*, s.made_data, s.received_at "
        f'FROM "{CURRENT}".scorecard AS c JOIN "{CURRENT}".submission AS s USING (submission_id) '
        "WHERE c.reference_year = ?) QUALIFY row_number() OVER (PARTITION BY territory, indicator, level "
        "ORDER BY received_at DESC, submission_id DESC) = 1 ORDER BY ALL",
        [year],
    ).fetchall()
    missing = set(standard.missing_codes)
    rows = []
    for record in found:
        told: dict[str, Any] = dict(zip(_COLUMNS, (None if v in missing else v for v in record), strict=True))
        value = None if told["value"] is None else float(told["value"])
        indicator = told["indicator"]
        # Victims are counted by the protected tables: a second number of them, however large, could be taken from those.
        few = units.get(indicator) in _PERSONS and value is not None and 0 < value < least
        hidden = value is not None and (few or indicator in victims)
        rows.append(
            ScoreRow(
                territory=told["territory"], year=int(told["reference_year"]), indicator=told["indicator"],
                level=told["level"], stage=None if told["stage"] is None else int(told["stage"]),
                value=None if hidden else value, answer=told["answer"],
                date_value=_text(told["date_value"]), evidence_title=told["evidence_title"],
                evidence_url=told["evidence_url"], evidence_date=_text(told["evidence_date"]),
                evidence_status=told["evidence_status"], submission=told["submission_id"],
                made_data=bool(told["made_data"]), hidden=hidden,
            )
        )  # fmt: skip
    by_code = standard.codelists[LIST].by_code
    mains = [code for code in codes if code.parent is not None and by_code[code.parent].kind == "group"]
    domains = {
        group.code: tuple(code.code for code in mains if code.parent == group.code)
        for group in codes
        if group.kind == "group"
    }
    parts = {main.code: tuple(c.code for c in codes if _main_of(c, by_code) == main.code) for main in mains}
    return Scorecard(year, tuple(rows), domains, parts, standard.codes_of(LEVELS))


def _main_of(code: Code, by_code: Mapping[str, Code]) -> str | None:
    while code.parent is not None and by_code[code.parent].kind != "group":
        code = by_code[code.parent]
    return code.code if code.parent is not None else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
