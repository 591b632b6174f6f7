"""The validation suites as data, derived from ``schemas/``: one suite a table.

What the definition of a field says (required, codes, bounds, length, key) becomes an expectation type of the library's
own on the table's own column, without any SQL of ours; what a person wrote as a rule becomes one of them where it
says no more than one, and else the library's expectation on the rows of a query.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearing_point.standard.columns import columns_of
from clearing_point.standard.model import LINEAGE, NUMBER_TYPES, Field, Rule, Standard, Table
from clearing_point.standard.rules import RUN, SERIES
from clearing_point.standard.structure import (
    DUPLICATE_KEY,
    LENGTH,
    RANGE,
    REQUIRED,
    UNKNOWN_CODE,
)
from clearing_point.suites.queries import failing_rows, unknown_in_list
from clearing_point.suites.simple import simple_expectation

ROWS_QUERY = "unexpected_rows_expectation"
_FIELD_RULES = (REQUIRED, RANGE, LENGTH, DUPLICATE_KEY)
PSEUDONYM_OF = ("person",)
"""Tables that have a column more in ``core`` than in ``staged``."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite.

    Attributes
    ----------
    name : str
        Unlike any other of its suite.
    kind : str
        Type, in the words of the library.
    rule_id : str or None
        The rule that it judges; None where it is on the shape of the table, which no sender can break.
    severity : str
        In our words (:mod:`clearing_point.findings`).
    """

    name: str
    kind: str
    kwargs: Mapping[str, Any]
    rule_id: str | None
    severity: str
    dimension: str
    sentence: str
    fields: tuple[str, ...] = ()
    scope: str = "row"


@dataclass(frozen=True)
class Suite:
    """The expectations on one table."""

    table: str
    expectations: tuple[Expectation, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)


def suites_of(standard: Standard, dialect: str = "duckdb") -> tuple[Suite, ...]:
    """Derive the suites of all tables, in the order people see them.

    Rules that compare with the sender's past or ask the database of another submission are in
    :func:`history_suites_of`.
    """
    return tuple(
        Suite(table.name, tuple(_of_table(table, standard, dialect))) for table in standard.tables_of_kind()
    )


def history_suites_of(standard: Standard, dialect: str = "duckdb") -> tuple[Suite, ...]:
    """Derive what is asked of a submission beside the one before it, whose tables stand in schema ``previous``."""
    made = []
    for table in standard.tables_of_kind():
        rules = [
            r for r in standard.rules if r.table == table.name and r.scope == SERIES and not r.expectation
        ]
        found = tuple(_of_rules(rules, table, standard, dialect))
        if found:
            made.append(Suite(table.name, found))
    return tuple(made)


def _of_table(table: Table, standard: Standard, dialect: str) -> Iterator[Expectation]:
    yield _shape("columns", *_columns(table), standard.word("suites", "columns"))
    yield _shape(
        "lineage", "expect_compound_columns_to_be_unique", {"column_list": list(LINEAGE)},
        standard.word("suites", "lineage"),
    )  # fmt: skip
    # Rules that read the receipt say nothing of a row without one, which is not the same as a row that holds.
    yield _shape(
        "receipt", ROWS_QUERY,
        {"unexpected_rows_query": "SELECT submission_id, sheet, source_row FROM {batch} WHERE submission_id NOT IN "
         "(SELECT submission_id FROM raw.submission)"},
        standard.word("suites", "receipt"),
    )  # fmt: skip
    messages = {r.rule_id: r.why["en"] for r in standard.rules}
    for one in table.fields:
        yield from _of_field(one, table, standard, messages)
    yield from _of_lists(table, standard, dialect, messages)
    if table.primary_key and table.kind != "header":
        yield _unique(table, standard, messages)
    rules = [
        r
        for r in standard.rules
        if r.table == table.name and r.scope in RUN and r.scope != SERIES and r.rule_id not in _FIELD_RULES
    ]
    yield from _of_rules(rules, table, standard, dialect)


def _shape(name: str, kind: str, kwargs: Mapping[str, Any], sentence: str) -> Expectation:
    return Expectation(name, kind, kwargs, None, "block", "conformity", sentence, scope="table")


def _columns(table: Table) -> tuple[str, Mapping[str, Any]]:
    names = [*LINEAGE, *(name for name, _ in columns_of(table))]
    if table.name in PSEUDONYM_OF:
        return "expect_table_columns_to_match_set", {"column_set": names, "exact_match": False}
    return "expect_table_columns_to_match_ordered_list", {"column_list": names}


def _of_lists(
    table: Table, standard: Standard, dialect: str, messages: Mapping[str, str]
) -> Iterator[Expectation]:
    """Ask of columns with several codes that all are of their list: the library's own type looks at one value only."""
    sentence = messages.get(UNKNOWN_CODE) or standard.messages[UNKNOWN_CODE]["what"]["en"]
    for one in table.fields:
        if not (one.is_coded and one.multiple):
            continue
        codes = list(dict.fromkeys([*standard.codes_of(one.codelist or ""), *standard.missing_codes]))
        for column in filter(None, (one.name, one.no_column)):
            query = unknown_in_list(column, codes, standard, dialect)
            yield Expectation(
                f"{UNKNOWN_CODE}.{column}", ROWS_QUERY, {"unexpected_rows_query": query}, UNKNOWN_CODE, "error", "validity",
                sentence, (one.name,),
            )  # fmt: skip


def _of_field(
    one: Field, table: Table, standard: Standard, messages: Mapping[str, str]
) -> Iterator[Expectation]:
    def made(rule_id: str, part: str, kind: str, dimension: str, **kwargs: Any) -> Expectation:
        sentence = messages.get(rule_id) or standard.messages[rule_id]["what"]["en"]
        return Expectation(
            ".".join(filter(None, (rule_id, one.name, part))), kind, {"column": one.name, **kwargs}, rule_id,
            "error", dimension, sentence, (one.name,),
        )  # fmt: skip

    missing = list(standard.missing_codes)
    if one.required and one.derived is None:
        yield made(REQUIRED, "known", "expect_column_values_to_not_be_null", "completeness")
        if one.type == "string" and not one.multiple:
            yield made(
                REQUIRED, "code", "expect_column_values_to_not_be_in_set", "completeness", value_set=missing
            )
    if one.is_coded and not one.multiple and one.type == "string":
        codes = [*standard.codes_of(one.codelist or ""), *missing]
        yield made(
            UNKNOWN_CODE, "", "expect_column_values_to_be_in_set", "validity",
            value_set=list(dict.fromkeys(codes)),
        )  # fmt: skip
    if one.derived is not None:
        return
    bounds = {
        name: _bound(one, one.constraints[word])
        for name, word in (("min_value", "minimum"), ("max_value", "maximum"))
        if word in one.constraints
    }
    if bounds:
        yield made(RANGE, "", "expect_column_values_to_be_between", "validity", **bounds)
    if "maxLength" in one.constraints and not one.is_coded:
        yield made(
            LENGTH, "", "expect_column_value_lengths_to_be_between", "validity",
            max_value=int(one.constraints["maxLength"]),
        )  # fmt: skip


def _bound(one: Field, value: Any) -> Any:
    if one.type == "date":
        return datetime.date.fromisoformat(str(value)).isoformat()
    return value if one.type in NUMBER_TYPES else str(value)


def _unique(table: Table, standard: Standard, messages: Mapping[str, str]) -> Expectation:
    # A number that is not known is a fault of its own, and no duplicate of another that is not known.
    conditions = [
        {
            "type": "comparison",
            "column": {"name": k},
            "operator": "NOT_IN",
            "parameter": list(standard.missing_codes),
        }
        for k in table.primary_key
        if table.by_name[k].type == "string"
    ]
    condition: dict[str, Any] | None = None
    if conditions:
        condition = conditions[0] if len(conditions) == 1 else {"type": "and", "conditions": conditions}
    kwargs: dict[str, Any] = {
        "column_list": ["submission_id", *table.primary_key],
        "ignore_row_if": "any_value_is_missing",
    }
    if condition is not None:
        kwargs["row_condition"] = condition
    return Expectation(
        DUPLICATE_KEY, "expect_compound_columns_to_be_unique", kwargs, DUPLICATE_KEY, "error", "uniqueness",
        messages[DUPLICATE_KEY], table.primary_key,
    )  # fmt: skip


def _of_rules(rules: Sequence[Rule], table: Table, standard: Standard, dialect: str) -> Iterator[Expectation]:
    """One expectation a rule; what a rule says of several columns is one query, unless the library has a type for it."""
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        native = simple_expectation(rule, table, standard)
        if native is not None:
            kind, kwargs = native
            name = f"{rule.rule_id}.{rule.fields[0]}"
            yield _of_rule(rule, name, kind, kwargs, rule.fields)
        else:
            groups.setdefault((rule.rule_id, rule.severity), []).append(rule)
    severities: dict[str, int] = {}
    for (rule_id, _), several in groups.items():
        # An orphan of a parent and a number that points nowhere have one name and two severities.
        severities[rule_id] = severities.get(rule_id, 0) + 1
        name = rule_id if severities[rule_id] == 1 else f"{rule_id}.{severities[rule_id]}"
        query = failing_rows(several, table, standard, dialect)
        fields = tuple(dict.fromkeys(f for rule in several for f in rule.fields))
        yield _of_rule(several[0], name, ROWS_QUERY, {"unexpected_rows_query": query}, fields)


def _of_rule(
    rule: Rule, name: str, kind: str, kwargs: Mapping[str, Any], fields: tuple[str, ...]
) -> Expectation:
    scope = "row" if rule.each_row else "submission"
    return Expectation(
        name, kind, kwargs, rule.rule_id, rule.severity, rule.dimension, rule.why["en"], fields, scope
    )
