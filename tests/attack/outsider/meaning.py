"""What the printed words mean: which answers go together, read from code lists and from what a reader knows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.attack.outsider.conditions import EMPTY, any_of


@dataclass(frozen=True)
class Rule:
    """One answer (`gives`) follows from others (`by`). `cases`: (axis -> codes) -> codes of the answer."""

    name: str
    gives: str
    by: tuple[str, ...]
    cases: tuple[tuple[tuple[tuple[str, frozenset[str]], ...], frozenset[str]], ...]
    otherwise: frozenset[str] | None
    populations: frozenset[str] = frozenset()

    @property
    def axes(self) -> tuple[str, ...]:
        """All axes that the rule speaks of."""
        return (*self.by, self.gives)

    def cuts(self) -> Iterable[tuple[str, frozenset[str]]]:
        """Yield every (axis, codes) that the rule tells apart."""
        for conditions, answer in self.cases:
            yield from conditions
            yield self.gives, answer
        if self.otherwise is not None:
            yield self.gives, self.otherwise

    def allows(self, leaves: Mapping[str, str]) -> bool:
        """Say whether these answers (axis -> leaf) can be one person's."""
        leaves = {axis: "UNK" if leaf == EMPTY else leaf for axis, leaf in leaves.items()}
        for conditions, answer in self.cases:
            if all(leaves[axis] in codes for axis, codes in conditions):
                return leaves[self.gives] in answer
        return self.otherwise is None or leaves[self.gives] in self.otherwise


@dataclass(frozen=True)
class Inside:
    """The persons of one population are persons of another who meet conditions; `exact`: all who meet them."""

    population: str
    of: str
    conditions: tuple[tuple[str, frozenset[str]], ...]
    exact: bool


def read_inside(file: Path) -> list[Inside]:
    """Read which populations are part of which from YAML: {population, of, where: {axis: codes}, exact}."""
    return [
        Inside(
            raw["population"],
            raw["of"],
            tuple((_axis(x), _codes(codes)) for x, codes in (raw.get("where") or {}).items()),
            bool(raw.get("exact")),
        )
        for raw in yaml.safe_load(file.read_text(encoding="utf-8")).get("inside") or ()
    ]


def read_rules(file: Path) -> list[Rule]:
    """Read rules from YAML: {gives, by, cases: [{axis: codes, ..., is: codes}], otherwise, populations}."""
    return [_rule(raw) for raw in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]]


def _rule(raw: dict) -> Rule:
    by = tuple(_axis(x) for x in raw["by"])
    cases = []
    for case in raw["cases"]:
        conditions = tuple((_axis(x), _codes(codes)) for x, codes in case.items() if x != "is")
        cases.append((conditions, _codes(case["is"])))
    otherwise = _codes(raw["otherwise"]) if "otherwise" in raw else None
    gives = _axis(raw["gives"])
    name = f"{gives} from {', '.join(by)}"
    return Rule(name, gives, by, tuple(cases), otherwise, frozenset(raw.get("populations") or ()))


def _axis(text: str) -> str:
    variable, _, codes = text.partition("~")
    return any_of(variable, frozenset(codes.split("|"))) if codes else variable


def _codes(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})


def rules_of_code_lists(folder: Path) -> list[Rule]:
    """Read every column of a code list that is named like another list: a code gives a code of that list."""
    files = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    found = []
    for name, path in files.items():
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for column in (rows[0] if rows else {}).keys() & files.keys():
            cases: dict[str, set[str]] = {}
            for row in rows:
                if row.get(column) and ";" not in row[column]:
                    cases.setdefault(row[column], set()).add(row["code"])
            if cases:
                given = tuple(
                    (((name, frozenset(codes)),), frozenset({answer}))
                    for answer, codes in sorted(cases.items())
                )
                found.append(Rule(f"code list {name}: {column}", column, (name,), given, None))
    return found
