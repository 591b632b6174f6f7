"""Rules that follow from the field definitions, so that nobody writes them twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearing_point.standard.model import Field, Rule, Table

REQUIRED, RANGE, PATTERN, LENGTH = "F01", "F02", "F03", "F04"
UNREADABLE, UNKNOWN_CODE, DUPLICATE_KEY, ORPHAN = "F05", "P04", "P05", "P08"
"""Identifiers of the derived rules; ``UNREADABLE`` and ``UNKNOWN_CODE`` are found while normalising."""

_WHY = {
    REQUIRED: "A row without this value cannot be counted.",
    RANGE: "A value outside these limits is a typing error.",
    PATTERN: "The value has a fixed form so that rows can be told apart and matched.",
    LENGTH: "Longer text is free text, which must not enter the clearing point.",
}


def structure_rules(tables: Mapping[str, Table]) -> tuple[Rule, ...]:
    """Derive one rule a constraint: required, range, pattern, length, unique key, parent present.

    Returns
    -------
    tuple of Rule
        In table and field order; several fields share an identifier and differ in ``fields``.
    """
    made: list[Rule] = []
    for table in sorted(tables.values(), key=lambda t: (t.order, t.name)):
        for field in table.received:
            made.extend(_of_field(table, field))
        if table.primary_key and table.kind != "header":
            made.append(_duplicate_key(table))
        made.extend(_orphan(table, parent, keys) for parent, keys in table.parents.items())
        made.extend(_dangling(table, *reference) for reference in table.references)
    return tuple(made)


def _rule(rule_id: str, table: Table, field: Field, holds: str, dimension: str) -> Rule:
    return Rule(
        rule_id=rule_id,
        table=table.name,
        severity="error",
        dimension=dimension,
        fields=(field.name,),
        holds=holds,
        why={"en": _WHY[rule_id]},
        structural=True,
    )


def _of_field(table: Table, field: Field) -> list[Rule]:
    made: list[Rule] = []
    constraints: Mapping[str, Any] = field.constraints
    name = f'"{field.name}"'
    if field.required:
        made.append(_rule(REQUIRED, table, field, f"{name} IS NOT NULL", "completeness"))
    bounds = []
    for word, sign in (("minimum", ">="), ("maximum", "<=")):
        if word in constraints:
            literal = constraints[word]
            bounds.append(f"{name} {sign} " + (f"DATE '{literal}'" if field.type == "date" else str(literal)))
    if bounds:
        made.append(_rule(RANGE, table, field, " AND ".join(bounds), "validity"))
    if "pattern" in constraints:
        pattern = str(constraints["pattern"]).replace("'", "''")
        made.append(_rule(PATTERN, table, field, f"regexp_full_match({name}, '{pattern}')", "validity"))
    if "maxLength" in constraints and not field.is_coded:
        made.append(
            _rule(LENGTH, table, field, f"length({name}) <= {int(constraints['maxLength'])}", "validity")
        )
    return made


def _duplicate_key(table: Table) -> Rule:
    keys = ", ".join(f'"{k}"' for k in table.primary_key)
    known = " AND ".join(f'"{k}" IS NOT NULL' for k in table.primary_key)
    return Rule(
        rule_id=DUPLICATE_KEY,
        table=table.name,
        severity="error",
        dimension="uniqueness",
        fields=table.primary_key,
        holds=f"CASE WHEN {known} THEN count(*) OVER (PARTITION BY {keys}) = 1 END",
        why={"en": "Two rows with one number would count a person or a service twice."},
        structural=True,
    )


def _orphan(table: Table, parent: str, keys: tuple[str, ...]) -> Rule:
    return Rule(
        rule_id=ORPHAN,
        table=table.name,
        severity="block",
        dimension="consistency",
        fields=keys,
        # The parent is joined in by the runner; a missing partner shows as a null key.
        holds=f'CASE WHEN {table.name}."{keys[0]}" IS NOT NULL THEN {parent}."{keys[0]}" IS NOT NULL END',
        why={"en": "A row that belongs to nobody in the file cannot be counted for a person."},
        structural=True,
    )


def _dangling(table: Table, field: str, other: str, key: str) -> Rule:
    return Rule(
        rule_id=ORPHAN,
        table=table.name,
        severity="error",
        dimension="consistency",
        fields=(field,),
        # Senders that keep no register of organisations are not asked for one. A line of it that names nobody is a finding
        # of its own; in the list it would make every answer unknown.
        holds=(
            f'CASE WHEN "{field}" IS NOT NULL AND EXISTS (SELECT 1 FROM {other} AS any_row) THEN '
            f'"{field}" IN (SELECT register."{key}" FROM {other} AS register WHERE register."{key}" IS NOT NULL) END'
        ),
        why={"en": "A reference number that no row in the file has cannot be linked."},
        structural=True,
    )
