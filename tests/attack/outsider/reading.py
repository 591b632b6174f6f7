"""What a release folder prints: tables of counts with their definitions, read from the files alone."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import yaml

from tests.attack.outsider.conditions import Both, Condition, read

Codes = tuple[str, ...]


@dataclass
class Printed:
    """One cell: between which numbers the count is said to be, and what stands beside it."""

    low: int = 0
    high: int | None = None
    state: str = "shown"  # shown, hidden, rounded or missing
    measure: float | None = None
    measure_digits: int = 0
    admits: tuple[int, int] = (
        0,
        0,
    )  # of a rounded number: between which the count is, by the rule of rounding


@dataclass
class Table:
    """A table of counts. `dimensions`: variable -> category -> the codes that the category stands for."""

    id: str
    population: str
    condition: Condition
    dimensions: dict[str, dict[str, frozenset[str]]]
    several: frozenset[str] = frozenset()
    cells: dict[Codes, Printed] = field(default_factory=dict)
    measure: str | None = None
    scale: float = 1
    where: str = ""
    title: str = ""


@dataclass
class Release:
    """All tables of a release, with the promise that it prints."""

    folder: Path
    tables: list[Table]
    threshold: int
    base: int
    manifest: dict
    words: list[str] = field(default_factory=list)  # what was understood on the way, said before the verdict
    open_cells: set[tuple[str, Codes]] = field(default_factory=set)
    """Cells of which the published policy says that a few of them need no protection of their own."""


def read_release(folder: Path) -> Release:
    """Read datapackage, definitions and CSV of a release.

    Raises
    ------
    ValueError
        The folder holds no definitions, or a CSV lacks a column that its definition names.
    """
    if not (folder / "definitions.json").is_file():
        raise ValueError(f"{folder}: no definitions.json, so this is no release folder")
    definitions = json.loads((folder / "definitions.json").read_text(encoding="utf-8"))
    manifest_file = folder / "manifest.json"
    manifest = json.loads(manifest_file.read_text(encoding="utf-8")) if manifest_file.is_file() else {}
    tables = []
    for definition in definitions:
        path = folder / "data" / f"{definition['id']}.csv"
        if path.is_file() and definition.get("population"):
            tables.append(_table(definition, path))
    rounded = [p.low for t in tables for p in t.cells.values() if p.state == "rounded"]
    base = int(manifest.get("protection", {}).get("base") or reduce(math.gcd, rounded, 0) or 1)
    for table in tables:
        for cell in table.cells.values():
            if cell.state == "rounded":
                cell.admits = (max(0, cell.low - base + 1), cell.low + base - 1)
                cell.low, cell.high = cell.admits
    threshold = int(manifest.get("protection", {}).get("threshold") or 5)
    return Release(folder, tables, threshold, base, manifest)


def leave_open(release: Release, policy: Path) -> None:
    """Read in the published policy which "not known" cells need no protection of their own."""
    if not policy.is_file():
        return
    rule = yaml.safe_load(policy.read_text(encoding="utf-8")).get("not_known") or {}
    lacking = frozenset(rule.get("categories") or ())
    for table in release.tables:
        for codes in table.cells:
            for (variable, categories), code in zip(table.dimensions.items(), codes, strict=True):
                leaves = categories[code]
                beside = frozenset((rule.get("with") or {}).get(variable) or ())
                if (
                    leaves & lacking
                    and leaves <= lacking | beside
                    and variable not in (rule.get("tells") or ())
                ):
                    release.open_cells.add((table.id, codes))


def _table(definition: dict, path: Path) -> Table:
    dimensions = {
        variable: {code: frozenset(leaves) for code, leaves in categories.items()}
        for variable, categories in definition["dimensions"].items()
    }
    query = definition.get("query") or ""
    # A measure is of those who have the value: the query says so in its own condition.
    known = [read(f"{name} IS NOT NULL") for name in re.findall(r'\("(\w+)" IS NOT NULL\)', query)]
    where = definition.get("where") or ""
    measure = definition.get("measure") or {}
    table = Table(
        id=definition["id"],
        population=_population(definition),
        condition=Both((read(where), *known), True),
        dimensions=dimensions,
        several=frozenset(re.findall(r'unnest\(\s*CASE WHEN "(\w+)"', query)) & dimensions.keys(),
        measure=measure.get("kind"),
        scale=float(measure.get("scale") or 1),
        where=where,
        title=_english(definition.get("title")),
    )
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        lacking = [v for v in (*dimensions, "value", "protection") if v not in (rows.fieldnames or ())]
        if lacking:
            raise ValueError(f"{path.name}: no column {', '.join(lacking)}")
        for row in rows:
            table.cells[tuple(row[v] for v in dimensions)] = _printed(row)
    return table


def _printed(row: dict[str, str]) -> Printed:
    state = row["protection"] or "shown"
    if row["value"]:
        low = int(row["value"])
        cell = Printed(low, low, "rounded" if state == "rounded" else "shown")
    elif state == "missing":
        cell = Printed(0, 0, "missing")  # nothing was sent, so nobody is counted
    else:
        cell = Printed(0, None, "hidden")
    measure = row.get("measure") or ""
    if measure:
        cell.measure = float(measure)
        cell.measure_digits = len(measure.partition(".")[2])
    return cell


def _population(definition: dict) -> str:
    population = definition["population"]
    return population if isinstance(population, str) else population["name"]


def _english(text: dict | str | None) -> str:
    return text if isinstance(text, str) else (text or {}).get("en", "")
