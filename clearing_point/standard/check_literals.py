"""Codes that SQL of the standard compares with: a code that no list has would match no row, and nobody would notice.

Only comparisons with something that is coded are looked at: a field, a variable of a table of the report, an attribute of
a code list, the precision or missing code beside a date or number, a group of territories. A name that is coded in several
tables may be compared with the codes of any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.model import TERRITORY, Standard

_PRECISION = frozenset({"DAY", "MONTH", "QUARTER", "YEAR"})
_COMPARED = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_LISTS = (exp.ArrayContains, exp.ArrayContainsAll, exp.ArrayOverlaps)
_LIST_FUNCTIONS = ("list_contains", "list_has_any", "list_has_all")
_ASIDE = (exp.Paren, exp.Coalesce, exp.Cast, exp.TryCast, exp.Max, exp.Min, exp.Unnest, exp.Bracket)
"""What a compared name may stand in and still be that name."""
_GROUP_FUNCTION = "territory_in_group"
_LITERAL = re.compile(r"'[^']+'")
At = tuple[str | int, ...]


def literal_problems(standard: Standard) -> Iterator[str]:
    """Yield codes in SQL of tables, rules, populations and indicators that no list has, as ``file:line: sentence``."""
    known = _Known(standard)
    for path, at, text in _texts(standard):
        if not _LITERAL.search(text):
            continue
        for name, code, codes in known.unknown_codes(text):
            yield f"{path}:{_line(path, at, code)}: '{code}' is no code of {name}: {_some(codes)}."


def _texts(standard: Standard) -> Iterator[tuple[Path, At, str]]:
    folder = standard.folder
    for table in standard.tables.values():
        for index, field in enumerate(table.fields):
            if field.derived:
                yield folder / "tables" / f"{table.name}.yml", ("fields", index, "derived"), field.derived
    for path in sorted((folder / "rules").glob("*.yml")):
        document = read_yaml(path)
        for name, text in document.get("fragments", {}).items():
            yield path, ("fragments", name), text
        for index, block in enumerate(document.get("rules", ())):
            yield from _of_rule(path, ("rules", index), block)
    for name, population in standard.populations.items():
        at = "sql" if population.figures is None else "figures"
        yield folder / "populations" / f"{name}.yml", (at,), population.sql
    for path in sorted((folder / "denominators").glob("*.yml")):
        yield path, ("sql",), read_yaml(path)["sql"]
    for path in sorted((folder / "indicators").glob("*.yml")):
        for index, block in enumerate(read_yaml(path).get("indicators", ())):
            if block.get("where"):
                yield path, ("indicators", index, "where"), block["where"]


def _of_rule(path: Path, at: At, block: Mapping[str, Any]) -> Iterator[tuple[Path, At, str]]:
    if block.get("holds"):
        yield path, (*at, "holds"), block["holds"]
    for name, text in (block.get("expectation") or {}).items():
        if isinstance(text, str) and _LITERAL.search(text):
            yield path, (*at, "expectation", name), text


class _Known:
    """What names are coded by which codes."""

    def __init__(self, standard: Standard) -> None:
        self.groups = frozenset(row["group_id"] for row in standard.territory_files["group"])
        self.missing = frozenset(standard.missing_codes)
        self.by_name: dict[str, set[str]] = {}
        for table in standard.tables.values():
            for field in table.fields:
                if field.codelist == TERRITORY or field.codelist in standard.codelists:
                    self._add(field.name, standard.codes_of(str(field.codelist)))
                if field.precision_column:
                    self._add(field.precision_column, _PRECISION)
                if field.missing_column:
                    self._add(field.missing_column, self.missing)
        for indicator in standard.indicators:
            for breakdown in indicator.by:
                if breakdown.codelist in standard.codelists or breakdown.codelist == TERRITORY:
                    self._add(breakdown.variable, standard.codes_of(breakdown.codelist))
                for codes in breakdown.groups.values():
                    self._add(breakdown.variable, (code for code in codes if code[:1].isalnum()))
        self.by_function = {
            f"{codelist.name}_{attribute}": {
                code.attributes[attribute] for code in codelist.codes if code.attributes[attribute]
            }
            for codelist in standard.codelists.values()
            for attribute in codelist.attributes
        }

    def _add(self, name: str, codes: Iterable[str]) -> None:
        self.by_name.setdefault(name, set()).update(codes)

    def unknown_codes(self, text: str) -> Iterator[tuple[str, str, set[str]]]:
        """Yield (what is coded, the code that it does not have, its codes) of one text."""
        # A place that a repeated rule fills is any name.
        filled = re.sub(r"\{\w+\}", "NULL", text)
        query = filled if re.match(r"\s*(SELECT|WITH)\b", filled, re.IGNORECASE) else f"SELECT {filled}"
        try:
            tree = sqlglot.parse_one(query, dialect="duckdb")
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
            return  # that it is no SQL is said elsewhere
        for node in tree.walk():
            for subject, codes in _comparisons(node):
                yield from self._compared(subject, codes)
            if isinstance(node, exp.Anonymous) and node.name.lower() == _GROUP_FUNCTION:
                for argument in node.expressions[1:2]:
                    if isinstance(argument, exp.Literal) and argument.name not in self.groups:
                        yield "the groups of territories", argument.name, set(self.groups)
            if isinstance(node, exp.Alias) and node.alias in self.by_name:
                yield from self._unknown(node.alias, _given(node.this))

    def _compared(self, subject: exp.Expression, codes: Iterable[str]) -> Iterator[tuple[str, str, set[str]]]:
        found = _subject(subject)
        if isinstance(found, exp.Column):
            yield from self._unknown(found.name, codes)
        elif isinstance(found, exp.Anonymous) and found.name in self.by_function:
            values = self.by_function[found.name]
            yield from ((f"{found.name}()", code, values) for code in codes if code not in values)

    def _unknown(self, name: str, codes: Iterable[str]) -> Iterator[tuple[str, str, set[str]]]:
        known = self.by_name.get(name)
        if known is not None:
            yield from ((name, code, known) for code in codes if code not in known | self.missing)


def _comparisons(node: Any) -> Iterator[tuple[exp.Expression, list[str]]]:
    """Yield what a node compares, and the texts that it is compared with."""
    if isinstance(node, _COMPARED):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if texts := _literals([other]):
                yield one, texts
    elif isinstance(node, exp.In):
        yield node.this, _literals(node.expressions)
    elif isinstance(node, _LISTS):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            yield one, _literals([other])
    elif isinstance(node, exp.Anonymous) and node.name.lower() in _LIST_FUNCTIONS:
        one, other = (*node.expressions, None, None)[:2]
        for first, second in ((one, other), (other, one)):
            if first is not None and second is not None:
                yield first, _literals([second])
    elif isinstance(node, exp.Case) and node.this is not None:
        yield node.this, _literals([branch.this for branch in node.args["ifs"]])


def _literals(nodes: Iterable[exp.Expression]) -> list[str]:
    found = []
    for node in nodes:
        if isinstance(node, exp.Array):
            found += _literals(node.expressions)
        elif isinstance(node, exp.Literal) and node.is_string:
            found.append(node.name)
    return found


def _subject(node: exp.Expression) -> exp.Expression:
    while isinstance(node, _ASIDE):
        node = node.this
    return node


def _given(node: exp.Expression) -> list[str]:
    """Return the codes that an expression gives: those of the branches of a CASE."""
    if isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return [code for branch in (*branches, *([default] if default else [])) for code in _given(branch)]
    if isinstance(node, exp.Paren):
        return _given(node.this)
    return _literals([node])


def _line(path: Path, at: At, code: str) -> int:
    """Return the line on which a code stands in a text; the text's own where it is written on one."""
    first = line_at(lines_of_yaml(path), at)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[first - 1 :], start=first):
        if f"'{code}'" in line:
            return number
    return first


def _some(codes: set[str], shown: int = 12) -> str:
    found = sorted(codes)
    more = f" and {len(found) - shown} more" if len(found) > shown else ""
    return ", ".join(found[:shown]) + more
