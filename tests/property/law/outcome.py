"""What a spoiled file becomes, what is said of it, and what of that is against the law.

What a file holds is counted from the grid that was written; of the reader only its results are looked at.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import duckdb

from clearing_point.countries import Profile
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, SEVERITIES, TOTALS_LEFT_OUT, WARNING, Finding, sheet_at
from clearing_point.intake import expected, guard_contents, minimal, package, parser_process, receive
from clearing_point.intake.forbidden import Forbidden
from clearing_point.intake.kept import profile_of_kept, read_kept
from clearing_point.intake.layout import kept_columns, lay_out
from clearing_point.intake.receive import keep_file, receive_kept
from clearing_point.intake.words import Words
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.files import read_before, read_yaml
from clearing_point.standard.spelling import Spelling, spelling_of
from clearing_point.submission import layout as submission_layout
from clearing_point.submission.layout import read_with_answers
from clearing_point.warehouse.workspace import drop_workspace
from pipelines.ingest import check
from tests.conftest import ROOT
from tests.property.law.books import LAYOUTS, PERIOD, profile_of_layout
from tests.property.law.mutations import Book

Row = frozenset[tuple[str, str, str]]
"""What is kept of a row: table, field and cell."""


@dataclass
class Seen:
    """What is kept of a file, and what is said of it."""

    content: Counter[Row]
    findings: list[Finding]
    balance: Mapping[str, Mapping[str, int]]
    refused: str = ""
    """The sentence by which it was not read at all, or not laid out."""
    first_rows: Mapping[str, int] = field(default_factory=dict)
    kept_file: Path | None = None
    profile: Profile | None = None
    """As which it was read."""


class _OneDatabase:
    """Stands for the module ``duckdb``: opening a database in memory costs more than what is asked of a small one."""

    def __init__(self) -> None:
        self._base = duckdb.connect(":memory:")
        self._base.execute("SET threads = 1")

    def __getattr__(self, name: str) -> Any:
        return getattr(duckdb, name)

    def connect(self, _: str) -> _Cursor:
        return _Cursor(self._base.cursor())


class _Cursor:
    """A connection of its own, with tables of its own, to a database whose settings stand."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *rest: Any) -> Any:
        return self if sql.startswith("SET ") else self._cursor.execute(sql, *rest)


@contextmanager
def cheaply() -> Iterator[None]:
    """Run the same program without what it costs to begin: no interpreter a file, documents and databases opened once."""

    def run(command: list[str], **_: Any) -> Any:
        out = SimpleNamespace(buffer=io.BytesIO())
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["parser", command[-1]]), mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stderr", said), mock.patch.object(parser_process, "_limit_memory"),
            mock.patch.object(parser_process, "end_with_parent"),
        ):  # fmt: skip
            code = parser_process.main()
        return SimpleNamespace(returncode=code, stdout=out.buffer.getvalue(), stderr=said.getvalue().encode())

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(package.subprocess, "run", run))
        stack.enter_context(mock.patch.object(guard_contents, "duckdb", _OneDatabase()))
        stack.enter_context(read_before({}))
        for place, name in _ALWAYS_ALIKE:
            stack.enter_context(mock.patch.object(place, name, _remembering(getattr(place, name))))
        yield


_ALWAYS_ALIKE: tuple[tuple[Any, str], ...] = (
    (submission_layout, "regional_profile"), (receive, "_for_period"), (minimal, "words_of"), (minimal, "missing_words"),
    (Spelling, "key"), (Forbidden, "concept_of"), (Words, "in_other_spelling"), (expected, "expected_of"),
)  # fmt: skip
"""What follows from declarations and one word alone: worked out for every file anew, it is most of what a small one costs."""


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is asked once for the same declarations and words."""
    known: dict[Hashable, Any] = {}

    def asked(*arguments: Any) -> Any:
        key = tuple(map(_key, arguments))
        if key not in known:
            known[key] = (
                function(*arguments),
                arguments,
            )  # what is compared by its place in memory must stay there
        return known[key][0]

    return asked


def _key(argument: Any) -> Hashable:
    if isinstance(argument, str):
        return argument
    if isinstance(argument, Profile):
        sheets = tuple(sheet.sheet for sheet in argument.sheets)
        return (argument.name, argument.sha256, argument.language, argument.period, sheets)
    if isinstance(argument, Mapping):
        return tuple(argument.items())
    return tuple(map(id, argument)) if isinstance(argument, list) else id(argument)


def look(path: Path, layout: str, project: Project, standard: Standard) -> Seen:
    """Read a file as far as what is kept of it."""
    try:
        received, profile, _ = read_with_answers(project, path, profile_of_layout(layout), standard)
    except InputProblem as problem:
        return Seen(Counter(), [], {}, str(problem))
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    kept_file = path.with_suffix(".parquet")
    kept_file.unlink(missing_ok=True)
    try:
        keep_file(kept_file, received, profile, standard, PERIOD)
    except InputProblem as problem:
        return Seen(Counter(), problems, {}, str(problem))
    kept, rows = read_kept(kept_file)
    found, _ = lay_out(rows, profile_of_kept(kept, profile), spelling_of(standard, profile.language))
    content: Counter[Row] = Counter()
    read = {one.sheet: (one.first_row, kept_columns(one)) for one in found}
    for one in found[::-1]:
        merged = dict(read[one.sheet][1])
        for number, pairs in kept_columns(one).items():
            merged[number] = [*merged.get(number, []), *(p for p in pairs if p not in merged.get(number, []))]
        read[one.sheet] = (one.first_row, merged)
    for row in rows.rows.to_pylist():
        first, columns = read.get(row["sheet"], (0, {}))
        if first and row["source_row"] >= first:
            content[
                frozenset(
                    (table, name, cell)
                    for number, cell in enumerate(row["cells"] or (), start=1) if cell is not None
                    for table, name in columns.get(number, ())
                )
            ] += 1  # fmt: skip
    content.pop(frozenset(), None)
    return Seen(
        content, [*problems, *kept.findings], dict(kept.balance["items"]),
        first_rows={one.sheet: one.first_row - 1 for one in layouts}, kept_file=kept_file, profile=profile,
    )  # fmt: skip


def said_of_rows(seen: Seen, project: Project, standard: Standard) -> list[Finding]:
    """Return what is said where the kept cells become typed rows, before any rule."""
    assert seen.kept_file is not None
    assert seen.profile is not None
    receipt = receive_kept(project, standard, seen.kept_file, seen.profile, PERIOD)
    try:
        with duckdb.connect(str(receipt.workspace), read_only=True) as connection:
            rows = connection.execute(
                "SELECT rule_id, severity, dimension, target_table, target_field, sheet FROM quality.finding"
            ).fetchall()
    finally:
        drop_workspace(receipt.workspace)
    return [Finding(*row) for row in rows]


def said_on_the_whole_way(path: Path, layout: str, project: Project, standard: Standard) -> list[Finding]:
    """Check a file as its sender would, with guard, typed rows and all rules, and return what is said."""
    groups = check(project, standard, path, profile_of_layout(layout), PERIOD).feedback.groups
    return [
        Finding(g.rule_id, g.severity, "", g.table, g.field, g.sheet) for g in groups for _ in range(g.count)
    ]


@lru_cache(maxsize=len(LAYOUTS))
def declared_words(layout: str) -> frozenset[str]:
    """Return the words that, by a declaration, mark a row that is no record; in small letters."""
    words = {str(word) for word in read_yaml(ROOT / "schemas" / "template.yml")["totals"]}
    for sheet in profile_of_layout(layout).sheets:
        words.update(word for many in sheet.skip_rows.values() for word in many)
    return frozenset(word.strip().lower() for word in words)


def _more(seen: Seen, base: Seen, severities: Container[str]) -> Counter[tuple[str, str, str, str]]:
    """Count what is said that was not said before: by rule, table, field and sheet."""
    now, before = (
        Counter(
            (f.rule_id, f.target_table or "", f.target_field or "", f.sheet or "")
            for f in one.findings if f.severity in severities
        )
        for one in (seen, base)
    )  # fmt: skip
    return now - before


def _unexplained(seen: Seen, base: Seen, layout: str, touched: set[str], names: Sequence[str]) -> int:
    """Count the rows that are kept otherwise; not those that a note leaves out by a declared word."""
    words = declared_words(layout)
    gained = seen.content - base.content
    totals = sum(
        many for row, many in gained.items() if any(cell.strip().lower() in words for *_, cell in row)
    )
    noted = sum(
        many for (rule, _, _, sheet), many in _more(seen, base, SEVERITIES).items()
        if rule == TOTALS_LEFT_OUT and sheet_at(sheet, names) in touched
    )  # fmt: skip
    return (base.content - seen.content).total() + gained.total() - min(totals, noted)


def violation(book: Book, touched: set[str], base: Seen, seen: Seen, layout: str) -> str:
    """Return what is against the law, or an empty text.

    Parameters
    ----------
    touched : set of str
        Sheets that were spoiled: one of them must be named.
    base : Seen
        What the file was before, and what was said of it on the same part of the way: that does not count as told.
    """
    if seen.refused and not seen.findings:
        return ""  # one sentence refuses the file as such: nothing of it is taken for read
    names = [sheet.name for sheet in book]
    if not seen.refused:
        held = {sheet.name: sheet.filled() for sheet in book if sheet.filled()}
        counted = {sheet_at(name, names): items.get("rows", 0) for name, items in seen.balance.items()}
        if counted != held:
            return f"balance {sorted(set(held.items()) ^ set(counted.items()))}"
    told = {sheet_at(sheet, names) for *_, sheet in _more(seen, base, (BLOCK, ERROR, WARNING))}
    differ = _unexplained(seen, base, layout, touched, names)
    if (differ or seen.refused) and not told & (touched | {""}):
        return f"{differ} rows differ and nothing is said; told {sorted(told)}"
    return ""
