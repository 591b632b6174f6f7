"""SQL of the standard that says the same only in DuckDB: found on the syntax tree, said with file and line.

What people write is DuckDB's SQL; :mod:`clearing_point.standard.dialects` carries it into other dialects. A few constructs
it cannot carry, or another engine would answer otherwise. They still count here, so they are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.macros import is_written_out
from clearing_point.standard.model import Standard
from clearing_point.standard.parsing import parsed

_STRUCTS = "a struct or map, which other engines write otherwise: use columns, or a list of VALUES to join"
_LISTS = "a function of lists that other engines lack: join the codes as rows, or ask list_contains"
_NO_ROW = "the value of no certain row: say which, with arg_max or arg_min"
_TEXTS = "a conversion that raises an error elsewhere, or reads other patterns: let the reading of the file convert"
_CONSTRUCTS: dict[type[exp.Expression], str] = {
    **dict.fromkeys((exp.Struct, exp.StructExtract, exp.Map, exp.ToMap), _STRUCTS),
    **dict.fromkeys(
        (
            *(exp.Flatten, exp.Transform, exp.ArraySort, exp.ArraySlice, exp.ArrayAll, exp.ArrayAny, exp.ArrayToString),
            *(exp.ArrayConcat, exp.ArrayUniqueAgg, exp.ArrayIntersect, exp.ArrayMax, exp.ArrayMin, exp.List, exp.Split),
        ),
        _LISTS,
    ),
    **dict.fromkeys((exp.AnyValue, exp.First, exp.Last, exp.Mode), _NO_ROW),
    **dict.fromkeys((exp.TryCast, exp.StrToTime, exp.StrToDate, exp.TimeToStr), _TEXTS),
    exp.DayOfWeek: "the day of the week, which engines number differently: ask isodow",
}  # fmt: skip
_UNTYPED = "a list without a type: write []::VARCHAR[]"
_CARRIED = frozenset({"list_has_all", "to_months"})
"""Functions of DuckDB that sqlglot does not know and :mod:`clearing_point.standard.dialects` carries."""


def unportable(standard: Standard) -> list[str]:
    """List what is not portable, each as ``file:line: sentence``."""
    return [
        f"{place}: only DuckDB has {what}."
        for place, text in sql_of(standard)
        for what in dict.fromkeys(_found(text, standard))
    ]


def _found(text: str, standard: Standard) -> Iterator[str]:
    for node in parsed(text).walk():
        if type(node) in _CONSTRUCTS:
            yield _CONSTRUCTS[type(node)]
        elif isinstance(node, exp.Array) and not node.expressions and not isinstance(node.parent, exp.Cast):
            yield _UNTYPED
        elif isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name not in _CARRIED and not is_written_out(name, standard):
                yield f"the function {name}"


def sql_of(standard: Standard) -> Iterator[tuple[str, str]]:
    """Yield every piece of SQL in the YAML of a standard with its ``file:line``; of a rule repeated for many fields, one."""
    for table in standard.tables.values():
        path = standard.folder / "tables" / f"{table.name}.yml"
        if table.derived:
            lines = lines_of_yaml(path)
            for index, field in enumerate(table.fields):
                if field.derived:
                    yield f"{path}:{line_at(lines, ('fields', index, 'derived'))}", field.derived
    texts = {rule.rule_id: rule.holds for rule in reversed(standard.rules) if rule.holds}
    for folder, parts, key in (("rules", "rules", "holds"), ("indicators", "indicators", "where")):
        for path in sorted((standard.folder / folder).glob("*.yml")):
            lines = lines_of_yaml(path)
            for index, block in enumerate(read_yaml(path).get(parts, ())):
                text = texts.get(block["id"]) if key == "holds" else block.get(key)
                if text:
                    yield f"{path}:{line_at(lines, (parts, index, key))}", text
    for name in sorted(standard.populations):
        yield _query(standard, "populations", name), standard.populations[name].sql
    for name in sorted(standard.denominators):
        yield _query(standard, "denominators", name), standard.denominators[name].sql


def _query(standard: Standard, folder: str, name: str) -> str:
    path = standard.folder / folder / f"{name}.yml"
    key = "figures" if folder == "populations" and standard.populations[name].figures is not None else "sql"
    return f"{path}:{line_at(lines_of_yaml(path), (key,))}"
