"""A file is read by the same program without what it costs to begin: no interpreter a file, no database opened anew.

Most tests read small files, of which nine tenths of the time are what every file costs. That a workbook is parsed in a process of
its own, and what becomes of that process, is the matter of tests marked ``own_parser`` and of every command that is run.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import duckdb

from clearing_point import engine
from clearing_point.analysis import answers
from clearing_point.analysis.own_rows import keys_of
from clearing_point.countries import Profile, profile
from clearing_point.intake import expected, guard_contents, minimal, package, parser_process, receive
from clearing_point.intake.forbidden import Forbidden
from clearing_point.intake.words import Words
from clearing_point.publication import effect, release
from clearing_point.publication.edition import Edition
from clearing_point.report import draw
from clearing_point.standard import Standard, load, prepared
from clearing_point.standard.files import read_before
from clearing_point.standard.kept import kept
from clearing_point.standard.model import Population
from clearing_point.standard.spelling import Spelling
from clearing_point.submission import layout as submission_layout
from clearing_point.submission import side_by_side
from clearing_point.synthetic import write
from clearing_point.warehouse import shape
from pipelines import demo, ingest, load_many, rebuild


class _OneDatabase:
    """Stands for the module ``duckdb``: opening a database in memory costs more than what is asked of a small one."""

    def __init__(self) -> None:
        self._base = duckdb.connect(":memory:")
        self._base.execute("SET threads = 1")
        self._base.execute(f"SET disabled_optimizers = {engine.left_out(many_rows=False)}")

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


@cache
def _one_database() -> _OneDatabase:
    return _OneDatabase()


class _ParsedHere:
    """Stands for the module ``subprocess``: what the parser's process would write, without the process."""

    def __getattr__(self, name: str) -> Any:
        import subprocess

        return getattr(subprocess, name)

    def run(self, command: list[str], **_: Any) -> Any:
        out, said = SimpleNamespace(buffer=io.BytesIO()), io.StringIO()
        here = SimpleNamespace(argv=["parser", command[-1]], stdout=out, stderr=said)
        with (
            mock.patch.object(parser_process, "sys", here),
            mock.patch.object(parser_process, "_limit_memory"),
            mock.patch.object(parser_process, "end_with_parent"),
        ):
            code = parser_process.main()
        return SimpleNamespace(returncode=code, stdout=out.buffer.getvalue(), stderr=said.getvalue().encode())


@contextmanager
def started_once() -> Iterator[None]:
    """Parse workbooks in this process, look for forbidden content in one database, read every document once."""
    with (
        mock.patch.object(package, "subprocess", _ParsedHere()),
        mock.patch.object(guard_contents, "duckdb", _one_database()),
        read_before({}),
    ):
        yield


@contextmanager
def cheaply() -> Iterator[None]:
    """Also work out once what follows from declarations: for many files of profiles that nobody changes."""
    with ExitStack() as stack:
        stack.enter_context(started_once())
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
            # What is compared by its place in memory must stay there.
            known[key] = (function(*arguments), arguments)
        return known[key][0]

    return asked


_BY_THEIR_PLACE = frozenset({Spelling, Forbidden, Words})


def _key(argument: Any) -> Hashable:
    kind = type(argument)  # asked a million times: what comes most often is asked for first
    if kind is str:
        return cast("str", argument)
    if kind is list:
        return tuple(map(id, argument))
    if kind in _BY_THEIR_PLACE:
        return id(argument)
    if isinstance(argument, Profile):
        sheets = tuple(sheet.sheet for sheet in argument.sheets)
        said = (argument.sender, argument.sent_by, tuple(argument.header.items()))
        return (argument.name, argument.sha256, argument.language, argument.period, sheets, said)
    if isinstance(argument, Mapping):
        return tuple(argument.items())
    return id(argument)


@contextmanager
def made_once(folder: Path, sha256: str) -> Iterator[None]:
    """Give a new data folder what follows from a standard as it was made for the one before.

    What follows from the project's own standard (``sha256``) is kept in ``folder`` for the next process, too.
    """
    known: dict[tuple[str, str], bytes] = {}

    def once(place: Path, name: str, of: str, make: Callable[[], bytes]) -> bytes:
        def made() -> bytes:
            if (name, of) not in known:
                known[name, of] = kept(folder, name, of, make) if of == sha256 else make()
            return known[name, of]

        return kept(place, name, of, made)

    with ExitStack() as stack:
        for module in (load, prepared, profile, shape):
            stack.enter_context(mock.patch.object(module, "kept", once))
        stack.enter_context(mock.patch.object(load, "_load", _in_other_folders(load._load, sha256)))
        yield


def _in_other_folders(read: Any, sha256: str) -> Any:
    """Return a function that reads the project's own standard once: its copies in other folders say the same."""
    known: dict[Path, Standard] = {}

    def asked(schemas: Path, of: str) -> Standard:
        if of != sha256:
            return cast("Standard", read(schemas, of))
        if schemas not in known:
            known[schemas] = (
                replace(next(iter(known.values())), folder=schemas) if known else read(schemas, of)
            )
        return known[schemas]

    asked.__wrapped__ = read.__wrapped__  # type: ignore[attr-defined]
    return asked


class _Here:
    """Stands for a pool of processes: does at once what it is given."""

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(task(*given))
        return done

    def map(self, task: Callable[..., Any], *given: Any, **_: Any) -> Iterator[Any]:
        return map(task, *given)


@contextmanager
def _here(_number: int, _prepare: Callable[..., None] | None = None, *_: Any) -> Iterator[_Here]:
    yield _Here()


@contextmanager
def in_one_process() -> Iterator[None]:
    """Load, write and draw in this process: the other core has tests of its own to run, and a new process imports all anew."""
    with ExitStack() as stack:
        for module in (side_by_side, draw):
            stack.enter_context(mock.patch.object(module, "workers", _here))
        stack.enter_context(mock.patch.object(write, "_WORKERS", 1))
        yield


_OF_TWO = tuple(
    (module, name, getattr(module, name))
    for module, name in (
        *((module, "library_beside") for module in (ingest, load_many, rebuild, release, demo)),
        (ingest, "confirmed_by"),
        (load_many, "confirmed_by"),
        (release, "run_checkpoint"),
    )
)
"""What asks the library, as it is."""


@contextmanager
def by_sql_alone() -> Iterator[None]:
    """Judge what is loaded, rebuilt and published by SQL alone."""
    instead = {"library_beside": nullcontext, "confirmed_by": _as_found, "run_checkpoint": _not_asked}
    with ExitStack() as stack:
        for module, name, _ in _OF_TWO:
            stack.enter_context(mock.patch.object(module, name, instead[name]))
        yield


@contextmanager
def by_both_judges() -> Iterator[None]:
    """Judge as commands do, within :func:`by_sql_alone`."""
    with ExitStack() as stack:
        for module, name, as_it_is in _OF_TWO:
            stack.enter_context(mock.patch.object(module, name, as_it_is))
        yield


def _not_asked(*_: Any) -> None:
    return None


def _as_found(_ask: Any, _project: Any, _standard: Any, _plan: Any, found: Any, **_: Any) -> Any:
    return found


_COUNT_OF_EFFECT = effect._counts
FIRST_TABLES = 12
"""So many of an edition's tables are counted to say what a new version moves; each is counted with both versions."""


def _of_first_tables(warehouse: Path, standard: Standard, edition: Edition) -> Any:
    return _COUNT_OF_EFFECT(warehouse, standard, replace(edition, tables=edition.tables[:FIRST_TABLES]))


def _followed_once(lineage: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that follows a column of a query once: every edition asks the same of the same populations."""
    known: dict[Hashable, Any] = {}

    def asked(column: str, sql: str, *, schema: Any, dialect: str) -> Any:
        key = (column, sql, repr(schema), dialect)
        if key not in known:
            known[key] = lineage(column, sql, schema=schema, dialect=dialect)
        return known[key]

    return asked


def _passed_once(refuse: Callable[[Standard, Population], None]) -> Callable[[Standard, Population], None]:
    """Return a function that looks at a query of a standard once, unless it was refused."""
    passed: set[Hashable] = set()

    def asked(standard: Standard, population: Population) -> None:
        key = (standard.sha256, standard.folder, keys_of(standard), population.name, population.sql)
        if key not in passed:
            refuse(standard, population)
            passed.add(key)

    return asked


@contextmanager
def queries_looked_at_once() -> Iterator[None]:
    """Judge the text of a population's query once for all editions that count it."""
    with (
        mock.patch.object(answers, "lineage", _followed_once(answers.lineage)),
        mock.patch.object(release, "refuse_named_rows", _passed_once(release.refuse_named_rows)),
    ):
        yield


def _drawn_before(draw_picture: Callable[..., str]) -> Callable[..., str]:
    """Return a function that draws a picture once: the next build of an edition has most of them again.

    That the same picture is the same bytes is seen where it is drawn twice (tests/unit/test_report_figures.py) and in another
    process.
    """
    known: dict[bytes, str] = {}

    def drawn(picture: Any, *more: Any) -> str:
        files = [one.read_bytes() if isinstance(one, Path) else one for one in more]
        key = pickle.dumps((picture, files))
        if key not in known:
            known[key] = draw_picture(picture, *more)
        return known[key]

    return drawn


@contextmanager
def drawn_once() -> Iterator[None]:
    """Draw each picture of a report once a process."""
    with (
        mock.patch.object(draw, "draw_chart", _drawn_before(draw.draw_chart)),
        mock.patch.object(draw, "draw_map", _drawn_before(draw.draw_map)),
    ):
        yield


@contextmanager
def few_tables_moved() -> Iterator[None]:
    """Compare the first tables of an edition where a new version comes: of all of them it is most of what a load costs."""
    with mock.patch.object(effect, "_counts", _of_first_tables):
        yield


@contextmanager
def every_table_moved() -> Iterator[None]:
    """Compare all of them, as commands do, within :func:`few_tables_moved`."""
    with mock.patch.object(effect, "_counts", _COUNT_OF_EFFECT):
        yield
