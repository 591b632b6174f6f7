"""The examples of the rules as rows: each with its keys, its parents and what the standard requires.

`clearing-point standard check` puts them into a database (:mod:`.judged_examples`), the tests of planted faults into a
workbook: one source of what a rule must find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clearing_point.standard import Rule, Standard
from clearing_point.standard.files import read_yaml
from clearing_point.standard.rules import RUN

SUBMISSION = "S1"
TODAY = {"period_start": "2024-01-01", "period_end": "2024-12-31", "received_at": "2025-03-01"}


def blocks_of(schemas: Path) -> list[dict[str, Any]]:
    """Return the blocks of all rule files as written."""
    return [block for path in sorted((schemas / "rules").glob("*.yml")) for block in read_yaml(path)["rules"]]


@dataclass
class Case:
    """One example: the rows it needs, the row that is judged, the verdict that is promised."""

    rule: Rule
    promised: bool | None
    number: int
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    previous: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    published: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, str] = field(default_factory=dict)
    alone: bool = False

    @property
    def judged_row(self) -> int:
        """Row of the sheet that is judged; rows of other examples have other numbers."""
        return self.number * 100

    def __str__(self) -> str:
        return f"{self.rule.rule_id} on {self.rule.table}.{self.rule.fields[0]}, example {self.number}"


def cases_of(standard: Standard, blocks: list[dict[str, Any]]) -> list[Case]:
    """Return every example of blocks as written, in order."""
    made: list[Case] = []
    for block in blocks:
        if block["scope"] not in RUN:
            continue
        examples = block["examples"]
        wanted = (
            examples.get("table", block.get("table")),
            examples.get("field", block.get("fields", [None])[0]),
        )
        rule = next(
            r for r in standard.rules if r.rule_id == block["id"] and (r.table, r.fields[0]) == wanted
        )
        for word, promised in (("holds", True), ("fails", False), ("not_applicable", None)):
            for example in examples.get(word, []):
                made.append(case_of(standard, rule, example, promised, len(made) + 1))
    return made


def case_of(
    standard: Standard, rule: Rule, example: Mapping[str, Any], promised: bool | None, number: int
) -> Case:
    """Return one example with all the rows that it needs."""
    case = Case(rule, promised, number)
    parts = dict(example)
    if rule.each_row and "row" not in parts:
        parts = {"row": parts}
    case.alone = bool(parts.pop("alone", False)) or not rule.each_row
    case.receipt = parts.pop("receipt", {})
    case.written = parts.pop("written", {})
    case.published = [
        {"population": "IDENT_ALL", "breakdown": "TOTAL", "category": "TOTAL", "sex": "TOTAL", "age_group": "TOTAL",
         "unit": "PERSONS", **row}
        for row in parts.pop("published_figure", [])
    ]  # fmt: skip
    previous = parts.pop("previous", {})
    if "row" in parts:
        parts = {rule.table: [parts.pop("row"), *parts.pop(rule.table, [])], **parts}
    case.tables = _complete(standard, parts, number)
    case.previous = _complete(standard, previous, number)
    case.alone = case.alone or bool(case.receipt or case.previous or case.published or "submission" in parts)
    for row in case.tables[rule.table][:1]:
        row["source_row"] = case.judged_row
    if case.written:
        case.tables[rule.table][0]["sheet"] = f"sheet {number}"
    return case


def _complete(standard: Standard, parts: Mapping[str, Any], number: int) -> dict[str, list[dict[str, Any]]]:
    """Give every row its keys, its parents and what the standard requires; the rest was not asked."""
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, rows in parts.items():
        for row in rows:
            for _ in range(row.get("times", 1)):
                values = {k: v for k, v in row.items() if k not in ("times", "own")}
                made[name].append(
                    complete_row(
                        standard, name, values, len(made[name]) + 1, number, set(parts), row.get("own", False)
                    )
                )
    for name in [*made]:
        for row in list(made[name]):
            _add_parents(standard, made, name, row, number)
    return made


def complete_row(
    standard: Standard,
    name: str,
    values: dict[str, Any],
    position: int,
    number: int,
    given: set[str],
    own: bool,
) -> dict[str, Any]:
    """Return a row as it stands in ``staged``: what is not given is a key, what the standard requires, or not asked."""
    table = standard.tables[name]
    row: dict[str, Any] = {"submission_id": SUBMISSION, "sheet": "examples", "source_part": 0}
    row["source_row"] = number * 100 + position + (50 if name == "person" else 0)
    keys = {k: parent for parent, fields in table.parents.items() for k in fields}
    references = {*table.primary_key, *keys}
    territory = standard.territories[number % len(standard.territories)]["territory_id"]
    usual = {"population": "IDENT_ALL", "reference_year": 2022, "territory": territory, "indicator": "M10"}
    if name == "aggregate_cell":
        usual |= {"sex": "TOTAL", "age_group": "TOTAL"}
        usual["category"] = "TOTAL" if values.get("breakdown", "TOTAL") == "TOTAL" else "NAS"
    for f in table.fields:
        value = values.get(f.name)
        if value is None and f.name in references and f.type == "string" and not f.is_coded:
            wanted = f.name in table.primary_key or f.required or keys[f.name] in given
            counted = position if (f.name in table.primary_key and f.name not in keys) or own else 1
            value = f"{f.name[0].upper()}{counted}" if wanted else None
        if value is None:
            value = usual.get(f.name) if name not in ("person", "identification") else None
        if value is None and f.required and f.is_coded:
            value = standard.codes_of(f.codelist or "")[0]
        if value is None and f.required and f.type == "integer":
            value = max(int(f.constraints.get("minimum", 1)), position)
        if value is None and name == "submission" and f.name in TODAY:
            value = TODAY[f.name]
        if (
            value is not None
            and f.name in references
            and f.type == "string"
            and not f.is_coded
            and name != "organisation"
        ):
            value = value if value in ("-99", "00") else f"C{number}-{value}"
        row |= _staged(f, value, standard)
    return row


def _staged(f: Any, value: Any, standard: Standard) -> dict[str, Any]:
    missing = value if isinstance(value, str) and value in standard.missing_codes else None
    if f.multiple:
        return {f.name: value or ["NAS"]}
    if f.type == "string":
        return {f.name: "NAS" if value is None and not f.name.endswith("_reference") else value}
    made: dict[str, Any] = {f.missing_column: None, f.name: None}
    if value is None or missing:
        made[f.missing_column] = missing or "NAS"
        return made | ({f.precision_column: missing or "NAS"} if f.precision_column else {})
    made[f.name] = value
    if f.precision_column:
        made[f.precision_column] = {4: "YEAR", 7: "MONTH", 10: "DAY"}[len(value)]
        made[f.name] = value + {4: "-01-01", 7: "-01", 10: ""}[len(value)]
    return made


def _add_parents(
    standard: Standard, made: dict[str, list[dict[str, Any]]], name: str, row: Mapping[str, Any], number: int
) -> None:
    for parent, (key, *_) in standard.tables[name].parents.items():
        if row.get(key) and all(r[key] != row[key] for r in made[parent]):
            local = {key: row[key].split("-", 1)[1]}
            made[parent].append(
                complete_row(standard, parent, local, len(made[parent]) + 1, number, set(made), False)
            )
            _add_parents(standard, made, parent, made[parent][-1], number)
