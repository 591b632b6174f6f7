"""The checkpoint before an edition: Great Expectations judges once more what is about to be counted, all of it together.

Each submission was judged when it came. Since then rows were brought into the warehouse, the standard may have changed,
and some faults show only where all submissions stand together. The suites read the warehouse's own columns, without our SQL.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.columns import columns_of
from clearing_point.standard.kept import kept
from clearing_point.standard.model import Table
from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.suites.documents import document_of_parts, expectation_document, named, sentence_of
from clearing_point.suites.expectations import PSEUDONYM_OF, ROWS_QUERY, Expectation
from clearing_point.suites.history import MEASURED, name_of_measured
from clearing_point.suites.ready import FOLDER, ready_suites
from clearing_point.suites.runner import Ask, Document, Judgement, Question
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.lake import copy_to_file, is_lake, state_of
from clearing_point.warehouse.rows_kept import compared_sql
from clearing_point.workplace import drop_work, work_folder

_TABLES, _WHOLE = "tables", "edition"
PLACE, _SHOWN = "suites", 3
"""Where the sentences stand in ``words.yml``; how many rules a refusal tells in full."""
_ROUGHLY, FEW = 2, 50
"""Digits that are rounded in a number of rows that leaves the office, and how many rows are rounded to none at most."""
FILE = "validation.json"
"""The result in a release."""


@dataclass(frozen=True)
class Checkpoint:
    """What Great Expectations said of an edition's submissions: verdicts, never rows or values."""

    judgements: tuple[Judgement, ...]
    decided: frozenset[tuple[str, str]]
    """Rule and table whose failing rows were all waived or answered before."""
    sentence: str
    """One line for a person."""
    rows: Mapping[str, int]
    """Rows of every table in all submissions that count: for the office."""

    def text(self) -> str:
        """Return the result as it stands in a release."""
        rows = []
        suites = dict.fromkeys([*(j.suite for j in self.judgements), *self.rows])
        for suite in suites:
            of_suite = [j for j in self.judgements if j.suite == suite]
            rows.append(
                {
                    "suite": suite,
                    # A release leaves the office: how many rows there are is said roughly, as a few may be a person.
                    "rows_about": round(self.rows[suite], -_ROUGHLY) if suite in self.rows else None,
                    "expectations": len(of_suite),
                    "met": sum(j.success for j in of_suite),
                    "asked": [self._told(j) for j in of_suite],
                }
            )
        return json.dumps({"suites": rows}, ensure_ascii=False, indent=1) + "\n"

    def by_suite(self) -> tuple[Mapping[str, Any], ...]:
        """Return a row a suite: suite, expectations, met, and the rules that were not met."""
        return tuple(
            {
                "suite": suite,
                "expectations": len(asked),
                "met": sum(j.success for j in asked),
                "not_met": tuple(dict.fromkeys(str(j.rule_id or j.name) for j in asked if not j.success)),
            }
            for suite in dict.fromkeys(j.suite for j in self.judgements)
            for asked in [[j for j in self.judgements if j.suite == suite]]
        )

    def _told(self, judgement: Judgement) -> dict[str, Any]:
        decided = (judgement.rule_id or judgement.name, judgement.suite) in self.decided
        return {
            "expectation": judgement.name,
            "rule": judgement.rule_id,
            "type": judgement.kind,
            "severity": judgement.severity,
            "met": judgement.success,
            "decided_before": not judgement.success and decided,
        }


def _named(judgements: Sequence[Judgement], standard: Standard, language: str) -> list[str]:
    """Name rules with their tables; those of the whole stand in no rule book and say their sentence."""
    whole = [f"{j.rule_id}" for j in judgements if j.suite == _WHOLE]
    said = {rule: standard.word(PLACE, rule.lower(), language).rstrip(".") for rule in whole}
    return list(dict.fromkeys(f"{j.rule_id} ({said.get(str(j.rule_id), j.suite)})" for j in judgements))


def run_checkpoint(
    project: Project, standard: Standard, submissions: Sequence[str], ask: Ask, language: str = "en"
) -> Checkpoint:
    """Ask every suite, and what only the whole can show, of the submissions that count.

    Parameters
    ----------
    submissions : sequence of str
        Those that the edition counts.
    ask : callable
        :func:`~clearing_point.suites.runner.run_suites`, or the same in another process; no connection to the warehouse
        may be open in this one.
    language : str
        Of the refusal and of the line for a person.

    Raises
    ------
    InputProblem
        If an error is found in rows that nobody decided on; it names rules and tables.
    InternalError
        As ``run_suites``.
    """
    folder = work_folder(project.work, "checkpoint-")
    try:
        place = folder / "counted.duckdb"
        warehouse = project.warehouse
        if is_lake(warehouse):  # the library's own connections open files only
            warehouse = folder / "warehouse.duckdb"
            copy_to_file(project.warehouse, warehouse)
        with opened(place, attach={"warehouse": warehouse}) as connection:
            _lay_out(connection, standard, submissions)
            rows = _rows(connection)
            uncompared = _uncompared(connection)
            documents = list(_documents(rows, project, standard))
            settled = _settled(connection)

        def judge() -> bytes:
            found = ask(Question(place, _TABLES, documents, {"warehouse": warehouse}))
            return json.dumps([asdict(j) for j in found]).encode()

        # The same bytes of the warehouse, asked the same, give the same answer: a build every night does not ask again.
        asked = _hash_of(project.warehouse, submissions, documents)
        answer = json.loads(kept(project.prepared, "checkpoint", asked, judge, of_data=True))
        judgements = [Judgement(**row) for row in answer]
    finally:
        drop_work(folder)
    sentences = {
        str(e["meta"]["rule"] or e["meta"]["name"]): sentence_of(e)
        for d in documents
        for e in d["expectations"]
    }
    asked_of = {(d["name"], e["meta"]["name"]): e["meta"] for d in documents for e in d["expectations"]}
    failed = Counter[tuple[str, str]]()
    fields: dict[tuple[str, str], list[str]] = {}
    for judgement in judgements:
        if not judgement.success and judgement.severity in (BLOCK, ERROR):
            key = (judgement.rule_id or judgement.name, judgement.suite)
            failed[key] += judgement.failed or 1
            fields.setdefault(key, []).extend(asked_of[judgement.suite, judgement.name].get("fields") or ())
    undecided = [key for key in sorted(failed) if failed[key] > settled[key]]
    if undecided:
        raise InputProblem(_refusal(undecided, sentences, fields, standard, language))
    return Checkpoint(
        tuple(judgements), frozenset(failed), _sentence(judgements, standard, language, uncompared), rows
    )


def _sentence(
    judgements: Sequence[Judgement], standard: Standard, language: str, uncompared: Sequence[str]
) -> str:
    failed = [j for j in judgements if not j.success]
    said = [
        standard.word(PLACE, "checked", language, asked=len(judgements), met=len(judgements) - len(failed))
    ]
    if failed:
        said.append(
            standard.word(
                PLACE, "rules_not_met", language, rules=", ".join(_named(failed, standard, language))
            )
        )
    if uncompared:
        said.append(standard.word(PLACE, "counts_only", language, submissions=", ".join(uncompared)))
    return " ".join(said)


def _hash_of(warehouse: Path, submissions: Sequence[str], documents: Sequence[Document]) -> str:
    engines = [version(name) for name in ("great_expectations", "duckdb", "sqlalchemy")]
    digest = hashlib.sha256(json.dumps([list(submissions), documents, engines], default=dict).encode())
    digest.update(state_of(warehouse))
    return digest.hexdigest()


def sentences_of(standard: Standard, prepared: Path) -> dict[tuple[str, str], tuple[str, str, list[str]]]:
    """Return severity, sentence and fields of every expectation by suite and name."""
    documents = [
        *ready_suites(standard, prepared).values(),
        *(_document(query, made, standard) for query, made in _of_the_whole(standard).items()),
        *(
            document_of_parts(
                t.name, {}, [expectation_document(e, t.name, standard) for e in _more_of(standard, t)]
            )
            for t in standard.tables_of_kind()
        ),
    ]
    return {
        # Their bounds are another submission's, so that they stand in no suite of the standard.
        (f"{rule.table}.{MEASURED}", name_of_measured(rule)): (
            rule.severity,
            rule.why["en"],
            list(rule.fields),
        )
        for rule in standard.rules
        if rule.expectation
    } | {
        (document["name"], e["meta"]["name"]): (
            str(e["meta"]["severity"]),
            sentence_of(e),
            list(e["meta"].get("fields") or ()),
        )
        for document in documents
        for e in document["expectations"]
    }


def _refusal(
    undecided: Sequence[tuple[str, str]],
    sentences: Mapping[str, str],
    fields: Mapping[tuple[str, str], Sequence[str]],
    standard: Standard,
    language: str,
) -> str:
    def word(name: str, **filled: object) -> str:
        return standard.word(PLACE, name, language, **filled)

    spoken = spoken_in(standard, language)
    shown = [
        f"{rule} ({word('all_submissions') if table == _WHOLE else table}): "
        + named(spoken(sentences[rule]), fields[rule, table], standard, table, language)
        for rule, table in undecided[:_SHOWN]
    ]
    further = ", ".join(dict.fromkeys(rule for rule, _ in undecided[_SHOWN:]))
    said = [word("not_published"), *shown, *([word("further", rules=further)] if further else [])]
    return " ".join([*said, word("judge_again")])


def spoken_in(standard: Standard, language: str) -> Callable[[str], str]:
    """Return what says an English sentence of the standard in a language, or as it is where the language lacks it."""
    known = {text["en"]: text.get(language, text["en"]) for _, text in standard.texts()}
    return lambda english: known.get(english, english)


def _lay_out(connection: Any, standard: Standard, submissions: Sequence[str]) -> None:
    """Make views of the rows that count, under the names that suites use."""
    connection.execute(f"CREATE SCHEMA {_TABLES}")
    connection.execute("CREATE SCHEMA raw; CREATE SCHEMA quality; CREATE SCHEMA ref")
    connection.execute("CREATE TABLE raw.counted (submission_id VARCHAR)")
    connection.execute("INSERT INTO raw.counted SELECT unnest(?::VARCHAR[])", [list(submissions)])
    views = [(_TABLES, "core", t.name) for t in standard.tables_of_kind()]
    # A rule may look at a cell as its sender wrote it.
    views += [("raw", "raw", name) for name in ("submission", "record", "column")]
    views += [("quality", "quality", name) for name in ("decision", "rule_result")]
    for schema, source, name in views:
        connection.execute(
            f'CREATE VIEW {schema}."{name}" AS SELECT * FROM warehouse.{source}."{name}" '
            "WHERE submission_id IN (SELECT submission_id FROM raw.counted)"
        )
    # How many rows of every table stand there now, beside how many its rules judged when they came.
    stored = [
        f"SELECT c.submission_id, '{t.name}' AS stored_table, count(r.submission_id) AS stored_rows "
        f'FROM raw.counted AS c LEFT JOIN {_TABLES}."{t.name}" AS r USING (submission_id) GROUP BY 1'
        for t in standard.tables_of_kind()
    ]
    connection.execute(f"CREATE VIEW raw.stored AS {' UNION ALL '.join(stored)}")
    # What stands there beside what stood there when it was accepted; worked out once, however often it is asked about.
    compared = compared_sql(standard, _TABLES, dict.fromkeys(PSEUDONYM_OF, "person_id"))
    connection.execute(f"CREATE TABLE raw.rows_kept AS {compared}")
    names = connection.execute(
        "SELECT DISTINCT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'ref'"
    ).fetchall()
    for (name,) in names:
        connection.execute(f'CREATE VIEW ref."{name}" AS SELECT * FROM warehouse.ref."{name}"')


def _rows(connection: Any) -> dict[str, int]:
    found = connection.execute(
        "SELECT stored_table, sum(stored_rows) FROM raw.stored GROUP BY 1 HAVING sum(stored_rows) > 0 ORDER BY 1"
    )
    return {table: int(rows) for table, rows in found.fetchall()}


def _uncompared(connection: Any) -> list[str]:
    """Return the submissions of which an earlier version kept numbers of rows and no digests of them."""
    found = connection.execute(
        "SELECT DISTINCT submission_id FROM raw.rows_kept WHERE accepted IS NULL ORDER BY 1"
    )
    return [name for (name,) in found.fetchall()]


def _documents(rows: Mapping[str, int], project: Project, standard: Standard) -> Iterator[Document]:
    """Give the suite of every table that has rows; that the others have a right to be empty is asked of the whole (W12)."""
    suites = ready_suites(standard, project.prepared)
    for table in standard.tables_of_kind():
        document = suites.get(f"{FOLDER}/{table.name}.json")
        if document is None or not rows.get(table.name):
            continue
        more = [expectation_document(e, table.name, standard) for e in _more_of(standard, table)]
        yield {**document, "expectations": [*document["expectations"], *more]}
    for query, made in _of_the_whole(standard).items():
        yield _document(query, made, standard)


def _document(query: str, made: Sequence[Expectation], standard: Standard) -> Document:
    table = next(iter(standard.tables_of_kind("header"))).name
    parts = [expectation_document(e, _WHOLE, standard) for e in made]
    return document_of_parts(_WHOLE, {"table": table, "query": query}, parts)


def _of_the_whole(standard: Standard) -> dict[str, list[Expectation]]:
    """Read what ``schemas/checkpoint.yml`` asks, by the query that it is asked about."""
    folder = standard.folder
    entries = read_shaped_yaml(folder / "checkpoint.yml", folder / "meta" / "checkpoint.schema.json")[
        "expectations"
    ]
    found: dict[str, list[Expectation]] = {}
    for entry in entries:
        made = Expectation(
            entry["id"],
            entry["type"],
            entry["kwargs"],
            entry["id"],
            entry["severity"],
            "consistency",
            standard.word(PLACE, entry["id"].lower()),
            scope="row" if entry["type"] == ROWS_QUERY else "submission",
        )
        found.setdefault(entry.get("query", "SELECT submission_id FROM raw.submission"), []).append(made)
    return found


def _more_of(standard: Standard, table: Table) -> Iterator[Expectation]:
    """Give what is asked of a table at the checkpoint and not when a file comes."""
    yield from _ended_codes(standard, table.name)
    yield _said_something(standard, table)


def _ended_codes(standard: Standard, table: str) -> Iterator[Expectation]:
    """Ask that a code is used within the years for which its list has it."""
    for field in standard.tables[table].fields:
        if not field.is_coded or field.multiple or field.derived is not None:
            continue
        codelist = standard.codelists.get(field.codelist or "")
        for code in codelist.codes if codelist else ():
            if not code.valid_from and not code.valid_to:
                continue
            outside = [
                f"r.{column} {sign} DATE '{day}'"
                for column, sign, day in (
                    ("period_end", "<", code.valid_from),
                    ("period_start", ">=", code.valid_to),
                )
                if day
            ]
            query = (
                f"SELECT t.submission_id FROM {{batch}} AS t JOIN raw.submission AS r USING (submission_id) "
                f"WHERE t.\"{field.name}\" = '{code.code}' AND ({' OR '.join(outside)})"
            )
            yield Expectation(
                f"W10.{field.name}.{code.code}", ROWS_QUERY, {"unexpected_rows_query": query}, "W10", ERROR, "validity",
                standard.word(PLACE, "w10"), (field.name,),
            )  # fmt: skip


def _said_something(standard: Standard, table: Table) -> Expectation:
    """Ask that every cell says something: a value or why there is none. A key may be empty, unless it must be there."""
    names = {name for name, _ in columns_of(table)}
    keys = {*table.primary_key, *(k for keys in table.parents.values() for k in keys)}
    empty = [
        f'"{f.name}" IS NULL' + (f' AND "{f.name}_missing" IS NULL' if f"{f.name}_missing" in names else "")
        for f in table.fields
        if f.derived is None and f.name not in keys
    ]
    query = f"SELECT submission_id, sheet, source_row FROM {{batch}} WHERE {' OR '.join(empty)}"
    asked = {"unexpected_rows_query": query}
    return Expectation("W13", ROWS_QUERY, asked, "W13", ERROR, "completeness", standard.word(PLACE, "w13"))


def _settled(connection: Any) -> Counter[tuple[str, str]]:
    """Return how many failing rows of each rule and table were waived or answered."""
    rows = connection.execute(
        "SELECT rule_id, target_table, count(*) FROM warehouse.quality.finding "
        "WHERE waived AND submission_id IN (SELECT submission_id FROM raw.counted) GROUP BY ALL"
    ).fetchall()
    return Counter({(rule, table): int(count) for rule, table, count in rows})
