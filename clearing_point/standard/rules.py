"""Rules as written in ``schemas/rules/*.yml`` to :class:`Rule` objects: one a block, or one a repeated field.

A block may stand for the same rule on many fields (``repeat``), so that a new field is checked without
anybody writing its rule: ``{table}``, ``{field}`` and ``{missing}`` (its missing code, or NULL) are then
put in. ``fragments`` of a file are pieces of SQL that its rules share, put in for ``{name}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clearing_point.standard.model import CodeList, Field, Rule, Table

ROW, SUBMISSION, SERIES, PUBLISHED = "row", "submission", "series", "published"
RUN = (ROW, SUBMISSION, SERIES, PUBLISHED)
"""Scopes that are evaluated by SQL over a submission (``series``: and the one before it)."""
INTAKE, LINKAGE, PUBLICATION = "intake", "linkage", "publication"
"""Scopes whose findings are made elsewhere: while reading, over several senders, when figures are published."""


def rules_of(
    document: Mapping[str, Any], tables: Mapping[str, Table], codelists: Mapping[str, CodeList]
) -> tuple[Rule, ...]:
    """Make the rules of one file.

    Parameters
    ----------
    document : mapping
        ``rules`` and, where wanted, ``fragments`` (name -> SQL).

    Raises
    ------
    KeyError
        If a block lacks what every rule has, or names a table or field that is not there.
    """
    fragments: Mapping[str, str] = document.get("fragments", {})
    return tuple(
        rule for block in document["rules"] for rule in _rules_of_block(block, fragments, tables, codelists)
    )


@dataclass(frozen=True)
class _Place:
    """One field that a repeated rule is written for."""

    table: Table
    field: Field

    @property
    def missing(self) -> str:
        if self.field.multiple:
            return f'missing_code_of_list("{self.field.name}")'
        if self.field.missing_column:
            return (
                f'CASE WHEN "{self.field.name}" IS NULL THEN coalesce("{self.field.missing_column}", '
                "missing_code(NULL)) END"
            )
        return f'missing_code("{self.field.name}")'


def _rules_of_block(
    block: Mapping[str, Any],
    fragments: Mapping[str, str],
    tables: Mapping[str, Table],
    codelists: Mapping[str, CodeList],
) -> Iterator[Rule]:
    holds = block["holds"] if block["scope"] in RUN else ""
    expectation: Mapping[str, str] = block.get("expectation", {})

    def whole(text: str) -> str:
        """Put in the fragments, and the codes below a list's."""
        for _ in range(4):  # a fragment may use others
            for name, sql in fragments.items():
                text = text.replace("{" + name + "}", sql)
        for name in codelists:
            # {children_of.<list>}: the codes that stand below another, so that no rule repeats the list.
            token = "{children_of." + name + "}"
            if token in text:
                below = ", ".join(f"'{c.code}'" for c in codelists[name].codes if c.parent)
                text = text.replace(token, below)
        return text

    holds = whole(holds)
    expectation = {name: whole(text) for name, text in expectation.items()}
    if "repeat" not in block:
        yield _rule(block, block.get("table", ""), tuple(block.get("fields", ())), holds, expectation)
        return
    for place in _places(block["repeat"], tables):

        def placed(text: str, place: _Place = place) -> str:
            text = text.replace("{table}", place.table.name).replace("{missing}", place.missing)
            return text.replace("{field}", place.field.name)

        found = {name: placed(text) for name, text in expectation.items()}
        yield _rule(block, place.table.name, (place.field.name,), placed(holds), found)


def _places(wanted: Mapping[str, Any], tables: Mapping[str, Table]) -> Iterator[_Place]:
    named = [tuple(name.split(".")) for name in wanted.get("fields", ())]
    left_out = [tuple(name.split(".")) for name in wanted.get("except", ())]
    for table_name, field_name in (*named, *left_out):
        tables[table_name].by_name[field_name]  # a name that is not there is a fault of the file
    for table in sorted(tables.values(), key=lambda t: (t.order, t.name)):
        if named:
            fields = [table.by_name[f] for t, f in named if t == table.name]
        elif table.kind in wanted["kinds"] and _has_ancestor(table, wanted.get("below"), tables):
            fields = [f for f in table.fields if _wanted(f, table, wanted)]
        else:
            continue
        for field in fields:
            if (table.name, field.name) not in left_out:
                yield _Place(table, field)


def _wanted(field: Field, table: Table, wanted: Mapping[str, Any]) -> bool:
    if wanted["select"] == "core":
        return field.core
    if field.derived is not None:
        return False
    keys = {*table.primary_key, *(k for keys in table.parents.values() for k in keys)}
    return {
        "date": field.type == "date",
        "text": field.type == "string" and not field.is_coded,
        "number": field.type in ("integer", "number", "year"),
        "optional": not field.required and field.name not in keys,
    }[wanted["select"]]


def _has_ancestor(table: Table, name: str | None, tables: Mapping[str, Table]) -> bool:
    return name is None or any(p == name or _has_ancestor(tables[p], name, tables) for p in table.parents)


def _rule(
    block: Mapping[str, Any], table: str, fields: tuple[str, ...], holds: str, expectation: Mapping[str, str]
) -> Rule:
    scope = block["scope"]
    return Rule(
        rule_id=block["id"],
        table=table,
        severity=block["severity"],
        dimension=block["dimension"],
        fields=fields,
        holds=holds,
        why=block["why"],
        scope=scope,
        each_row=scope == ROW or bool(block.get("each_row", False)),
        answer=block.get("answer"),
        examples=block.get("examples", {}),
        expectation=expectation,
    )
