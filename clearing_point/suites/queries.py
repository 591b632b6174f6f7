"""The failing rows of a rule as one query that runs on the tables alone, in DuckDB or PostgreSQL.

The predicate is the one that a person wrote in ``schemas/rules``; here it is put on the tables' own columns (missing
codes made NULL in place, functions written out) instead of on the views and functions of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from clearing_point.standard.columns import columns_of
from clearing_point.standard.dialects import spelled
from clearing_point.standard.expressions import KNOWN, RECEIPT, STAGED, one_table_select, qualified
from clearing_point.standard.macros import missing_list, written_out
from clearing_point.standard.model import LINEAGE, Field, Rule, Standard, Table
from clearing_point.standard.parsing import parsed
from clearing_point.suites.families import VALUE, Family, family_of
from clearing_point.suites.scope import KEY, key_of, scoped
from clearing_point.suites.together import together

BATCH = "batch_of_the_suite"
"""Stands for the table that a suite is run on, until the text is written."""
_ALIAS = "subselect"
"""The alias that Great Expectations itself gives to the batch in a query without a join."""


def failing_rows(rules: Sequence[Rule], table: Table, standard: Standard, dialect: str) -> str:
    """Return a query of the rows that fail any of several rules, one row a rule and failing row.

    Parameters
    ----------
    rules : sequence of Rule
        Of one table; all of them on rows or all on whole submissions.
    dialect : str
        ``duckdb`` or ``postgres``.

    Returns
    -------
    str
        With ``{batch}`` for the table itself. Columns: the field that the rule is about, submission, and for rules
        on rows sheet and row: coordinates, never values.
    """
    each_row = rules[0].each_row
    shown = ["submission_id", "sheet", "source_row"] if each_row else ["submission_id"]
    family = family_of(rules, table, standard)
    if family is not None:
        judged = _family_judged(family, table, standard, each_row=each_row)
        query = exp.select("field", *shown).from_(judged.subquery("judged")).where("NOT holds", copy=False)
        return _with_batch(spelled(query, dialect, _lists(standard)))
    made = _judged_rows(rules, table, standard) if each_row else _judged_submissions(rules, table, standard)
    if len(rules) == 1:
        named = exp.alias_(exp.Literal.string(_field_of(rules[0])), "field")
        query = exp.select(named, *shown).from_(made.subquery("judged")).where("NOT holds_0", copy=False)
        return _with_batch(spelled(query, dialect, _lists(standard)))
    failed = exp.Array(
        expressions=[
            parsed(f"SELECT CASE WHEN NOT holds_{n} THEN '{_field_of(rule)}' END").expressions[0]
            for n, rule in enumerate(rules)
        ]
    )
    several = exp.select(exp.alias_(exp.Explode(this=failed), "field"), *shown).from_(made.subquery("judged"))
    query = exp.select("*").from_(several.subquery("failed")).where("NOT field IS NULL", copy=False)
    return _with_batch(spelled(query, dialect, _lists(standard)))


def unknown_in_list(column: str, codes: Sequence[str], standard: Standard, dialect: str) -> str:
    """Return a query of the rows of which a list holds something else than these codes; columns as :func:`failing_rows`."""
    shown = exp.Array(expressions=[exp.Literal.string(code) for code in codes])
    holds = exp.func(
        "list_has_all", shown, exp.column(exp.to_identifier(column, quoted=True)), dialect="duckdb"
    )
    batch = exp.to_table(BATCH)
    batch.set("alias", exp.TableAlias(this=exp.to_identifier(_ALIAS)))
    query = exp.select(
        exp.alias_(exp.Literal.string(column), "field"), "submission_id", "sheet", "source_row"
    ).from_(batch)
    return _with_batch(spelled(query.where(exp.Not(this=exp.paren(holds))), dialect, _lists(standard)))


def _lists(standard: Standard) -> frozenset[str]:
    names = {f.name for table in standard.tables.values() for f in table.fields if f.multiple}
    return frozenset(names | {f"{name}_no" for name in names})


def _field_of(rule: Rule) -> str:
    return rule.fields[0] if rule.fields else ""


def _family_judged(family: Family, table: Table, standard: Standard, *, each_row: bool) -> exp.Select:
    """Judge one predicate over many columns: their values stand below each other beside the column's name."""
    names = [exp.Literal.string(name) for name in family.fields]
    values = [written_out(value, standard) for value in family.values]
    batch = exp.to_table(BATCH)
    batch.set("alias", exp.TableAlias(this=exp.to_identifier(_ALIAS)))
    source: exp.Expression = batch
    if family.known:
        read = {c.name for value in values for c in value.find_all(exp.Column)}
        source = _known(table, batch, read, standard).subquery("known")
    stacked = (
        exp.select("submission_id", "sheet", "source_row")
        .select(exp.alias_(exp.Explode(this=exp.Array(expressions=names)), "field"), copy=False)
        .select(exp.alias_(exp.Explode(this=exp.Array(expressions=values)), VALUE), copy=False)
        .from_(source)
    )
    holds = exp.alias_(
        exp.cast(exp.paren(written_out(exp.Paren(this=family.predicate), standard)), "boolean"), "holds"
    )
    if each_row:
        return exp.select("field", "submission_id", "sheet", "source_row", holds).from_(
            stacked.subquery("stacked")
        )
    return (
        exp.select("field", "submission_id", holds)
        .from_(stacked.subquery("stacked"))
        .group_by("field", "submission_id")
    )


def known_rows(
    table: Table, fields: Sequence[str], standard: Standard, worked_out: Mapping[str, str] | None = None
) -> str:
    """Return a query of columns of a table in which missing codes are NULL, and of what is worked out from them.

    Parameters
    ----------
    worked_out : mapping of str to str, optional
        Name -> expression over the table's own columns, qualified.
    """
    trees = {name: _tree(sql, standard) for name, sql in (worked_out or {}).items()}
    read = {c.name for tree in trees.values() for c in tree.find_all(exp.Column)} | set(fields)
    inner = _known(table, exp.to_table(f'"{table.name}"', dialect="duckdb"), read, standard)
    query = exp.select(*(_own(table.name, f) for f in fields)).from_(inner.subquery(_quoted(table.name)))
    for name, tree in trees.items():
        query.select(exp.alias_(tree, name), copy=False)
    return spelled(query, "duckdb")


def _with_batch(text: str) -> str:
    """Name the batch as Great Expectations wants it: it adds an alias unless the query has a join."""
    text = text.replace("{", "{{").replace("}", "}}")
    named = re.compile(rf'"?{BATCH}"? AS "?{_ALIAS}"?')
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", " ", text)
    joined = re.search(r"\bJOIN\b", bare, re.IGNORECASE) is not None
    return named.sub(f"{{batch}} AS {_ALIAS}" if joined else "{batch}", text)


def _judged_rows(rules: Sequence[Rule], table: Table, standard: Standard) -> exp.Select:
    trees = [_tree(qualified(rule.holds, table, standard), standard) for rule in rules]
    own = key_of(table.name)
    owners = {c.table for tree in trees for c in tree.find_all(exp.Column)}
    for tree in trees:
        for window in _own_windows(tree):
            window.set("partition_by", [*(window.args.get("partition_by") or []), own.copy()])
        scoped(tree, own)
    batch = exp.to_table(BATCH)
    batch.set("alias", exp.TableAlias(this=exp.to_identifier(_ALIAS)))
    select = exp.select(*(_own(table.name, c) for c in LINEAGE))
    for number, tree in enumerate(trees):
        select.select(exp.alias_(exp.cast(exp.paren(tree), "boolean"), f"holds_{number}"), copy=False)
    links = _parents(table, owners, standard)
    # Keys are read to find the parents; of the other columns only those that a rule names of the table.
    read: dict[str, set[str]] = {}
    for tree in trees:
        for column in tree.find_all(exp.Column):
            read.setdefault(column.table, set()).add(column.name)
    for child, parent, columns in links:
        read.setdefault(child, set()).update(columns)
        read.setdefault(parent, set()).update(columns)
    select.from_(
        _known(table, batch, read.get(table.name, ()), standard).subquery(_quoted(table.name)), copy=False
    )
    for child, parent, columns in links:
        _join_parent(select, child, standard.tables[parent], columns, read[parent], standard)
    if RECEIPT in owners:
        select.join(
            exp.alias_(exp.table_("submission", db="raw"), RECEIPT, table=True),
            on=exp.EQ(this=key_of(RECEIPT), expression=own.copy()), join_type="left", copy=False,
        )  # fmt: skip
    return select


def _judged_submissions(rules: Sequence[Rule], table: Table, standard: Standard) -> exp.Select:
    """One row a submission: rules that read the same tables share one pass over them, the others are asked beside."""
    passes: dict[str, list[tuple[int, str]]] = {}
    for number, rule in enumerate(rules):
        split = one_table_select(rule.holds, table, standard)
        expression, source = split or (qualified(rule.holds, table, standard), "")
        passes.setdefault(source, []).append((number, expression))
    # A submission without a row of the table is not judged: nothing was sent.
    batch = exp.to_table(BATCH)
    batch.set("alias", exp.TableAlias(this=exp.to_identifier(_ALIAS)))
    sent = exp.select(KEY).from_(batch).distinct().subquery("sent")
    select = exp.select(key_of("sent")).from_(sent)
    for count, (source, checks) in enumerate(passes.items()):
        if source:
            listed = ", ".join(f"CAST(({sql}) AS BOOLEAN) AS holds_{number}" for number, sql in checks)
            query = parsed(f"SELECT {listed} FROM {source}")
            assert isinstance(query, exp.Select)  # noqa: S101 - for the type checker
            query = _tree_of(query, standard)
            name = _first_source(query)
            query.group_by(key_of(name), copy=False)
        else:
            trees = [_tree(sql, standard) for _, sql in checks]
            merged = together(trees, [number for number, _ in checks])
            if merged is None:
                for (number, _), tree in zip(checks, trees, strict=True):
                    holds = exp.cast(exp.paren(scoped(tree, key_of("sent"))), "boolean")
                    select.select(exp.alias_(holds, f"holds_{number}"), copy=False)
                continue
            query = merged
            name = _first_source(query)
        query.select(exp.alias_(key_of(name), KEY), copy=False)
        scoped(exp.Paren(this=query), key_of(name))
        alias = f"pass_{count}"
        select.join(
            query.subquery(alias), on=exp.EQ(this=key_of(alias), expression=key_of("sent")), join_type="left", copy=False
        )  # fmt: skip
        for number, _ in checks:
            select.select(exp.column(f"holds_{number}", table=alias), copy=False)
    return select


def _first_source(query: Any) -> str:
    return str(query.find(exp.From).this.alias_or_name)


def _tree(sql: str, standard: Standard) -> Any:
    return _tree_of(exp.Paren(this=parsed(sql)), standard)


def _tree_of(tree: Any, standard: Standard) -> Any:
    """Write out the functions and put the tables themselves in the place of the engine's views."""
    written_out(tree, standard)
    names = {c.name for c in tree.find_all(exp.Column)} | {
        i.name for join in tree.find_all(exp.Join) for i in join.args.get("using") or []
    }
    for source in list(tree.find_all(exp.Table)):
        alias = source.alias_or_name
        if source.db in (KNOWN, STAGED) and source.name in standard.tables:
            table = standard.tables[source.name]
            plain = exp.to_table(f'"{source.name}"', dialect="duckdb")
            if source.db == STAGED:
                plain.set("alias", exp.TableAlias(this=_quoted(alias)))
                source.replace(plain)
            else:
                source.replace(_known(table, plain, names, standard).subquery(_quoted(alias)))
    return tree


def _known(table: Table, source: exp.Expression, names: Iterable[str], standard: Standard) -> exp.Select:
    """Return a query of the named columns of a table in which missing codes are NULL."""
    wanted = set(names)
    fields = {f.name: f for f in table.fields}
    shown: list[Any] = [exp.column(c) for c in LINEAGE]
    for name, _ in columns_of(table):
        if name in wanted:
            field = fields.get(name)
            shown.append(exp.column(_quoted(name)) if field is None else _known_value(field, standard))
    return exp.select(*shown).from_(source)


def _known_value(field: Field, standard: Standard) -> Any:
    name, missing = f'"{field.name}"', missing_list(standard)
    if field.multiple:
        text = (
            f"CASE WHEN len({name}) > 0 AND list_has_all([{missing}], {name}) THEN NULL "
            f"ELSE codes_outside({name}, [{missing}]) END AS {name}"
        )
    elif field.type == "string":
        text = f"CASE WHEN {name} NOT IN ({missing}) THEN {name} END AS {name}"
    else:
        text = name
    return parsed(f"SELECT {text}").expressions[0]


def _parents(table: Table, owners: set[str], standard: Standard) -> list[tuple[str, str, tuple[str, ...]]]:
    """Links to the parents that are named and to those on the way to them: child, parent, keys."""
    links: list[tuple[str, str, tuple[str, ...]]] = []
    queue, seen = [table], {table.name}
    while queue:
        child = queue.pop(0)
        for parent, keys in child.parents.items():
            if parent not in seen:
                seen.add(parent)
                queue.append(standard.tables[parent])
                links.append((child.name, parent, keys))
    needed: set[str] = set(owners)
    for child_name, parent, _ in reversed(links):
        if parent in needed:
            needed.add(child_name)
    return [link for link in links if link[1] in needed]


def _join_parent(
    select: exp.Select,
    child: str,
    parent: Table,
    keys: tuple[str, ...],
    names: set[str],
    standard: Standard,
) -> None:
    """Join a parent; one whose number stands twice is taken once, as its duplicate has a finding of its own."""
    inner = _known(parent, exp.to_table(f'"{parent.name}"', dialect="duckdb"), names, standard)
    listed = ", ".join(["submission_id", *(f'"{k}"' for k in keys)])
    inner = exp.select("*").from_(inner.subquery("listed"))
    ranked = parsed(f"row_number() OVER (PARTITION BY {listed} ORDER BY source_row)")
    inner.select(exp.alias_(ranked, "nth_of_key"), copy=False)
    on = [exp.EQ(this=key_of(parent.name), expression=key_of(child))] + [
        exp.EQ(this=_own(parent.name, k), expression=_own(child, k)) for k in keys
    ]
    on.append(exp.EQ(this=_own(parent.name, "nth_of_key"), expression=exp.Literal.number(1)))
    select.join(inner.subquery(_quoted(parent.name)), on=exp.and_(*on), join_type="left", copy=False)


def _own_windows(tree: exp.Expression) -> list[exp.Window]:
    return [w for w in tree.find_all(exp.Window) if w.find_ancestor(exp.Select) is None]


def _own(table: str, column: str) -> exp.Column:
    return exp.column(_quoted(column), table=_quoted(table))


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
