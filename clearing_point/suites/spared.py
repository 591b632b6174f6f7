"""Spare Great Expectations what it does again and again: more than half of its time on small tables.

Nothing here changes what is asked or answered: while suites run, a function of the library is replaced by itself with its
answer kept. A test holds the verdicts and counts with it against those without.
"""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def spared() -> Iterator[None]:
    """Run what stands in the block with the library's repetitions left out, and without Python's search for cycles.

    An expectation works out its configuration once instead of about eighty times, and a configuration makes its expectation
    once instead of once a metric; what a metric depends on is worked out once a metric instead of once an expectation, and
    visited once in the graph of an expectation; what is JSON already, such as a list of all territories, is not converted to
    JSON value by value whenever a metric is named, and a name that was made is kept. The columns of a table are read off a
    query of it, and its keys, which no expectation asks about, not at all; one connection is kept; a query is not written
    out for a line of a log that nobody keeps.
    """
    from unittest.mock import patch

    import sqlalchemy
    from great_expectations.core import id_dict
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metrics.metric_provider import MetricProvider
    from great_expectations.validator.validation_graph import ExpectationValidationGraph, ValidationGraph
    from sqlalchemy.engine.reflection import Inspector

    made = _Kept(ExpectationConfiguration.to_domain_obj)
    configured = _Kept(Expectation.configuration.fget)

    def configuration(expectation: Any) -> Any:
        found = configured(expectation)
        made.know(found, expectation)  # a configuration need not make the expectation anew that it came from
        return found

    def expectation(of: Any) -> Any:
        found = made(of)
        if (
            "batch_id" in of.kwargs
        ):  # the copy of one that an expectation gave, so that it would give the same
            configured.know(found, of)
        return found

    with ExitStack() as stack:
        for owner, name, instead in (
            (Expectation, "configuration", property(configuration)),
            (ExpectationConfiguration, "to_domain_obj", expectation),
            (ExpectationConfiguration, "__deepcopy__", _copied),
            (id_dict, "convert_to_json_serializable", _as_json(id_dict.convert_to_json_serializable)),
            (id_dict.IDDict, "to_id", _named(id_dict.IDDict.to_id)),
            (MetricProvider, "get_evaluation_dependencies", _dependencies(MetricProvider)),
            (ValidationGraph, "build_metric_dependency_graph",
             _visited_once(ValidationGraph.build_metric_dependency_graph)),
            (ExpectationValidationGraph, "_filter_metric_info_in_graph",
             _of_something(ExpectationValidationGraph._filter_metric_info_in_graph)),
            (SqlAlchemyExecutionEngine, "get_connection", _one_connection),
            (Inspector, "get_columns", _columns_by_name(Inspector.get_columns)),
            (Inspector, "get_pk_constraint", _no_key),
            (sqlalchemy.Select, "__str__", object.__str__),
        ):  # fmt: skip
            stack.enter_context(patch.object(owner, name, instead, create=name == "__deepcopy__"))
        stack.enter_context(_without_search_for_cycles())
        yield


class _Kept:
    """A function of one object with its answers kept; the objects are kept, too, so that an id stays its own."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, of: Any) -> Any:
        known = self._known.get(id(of))
        return known[1] if known is not None else self.know(of, self._work(of))

    def know(self, of: Any, answer: Any) -> Any:
        """Return the answer, and give it from now on."""
        return self._known.setdefault(id(of), (of, answer))[1]


def _as_json(convert: Callable[..., Any]) -> Callable[..., Any]:
    def as_json(data: Any) -> Any:
        try:
            json.dumps(data)
        except TypeError:
            return convert(data)
        return data

    return as_json


def _dependencies(provider: Any) -> Any:
    """Return ``get_evaluation_dependencies`` that answers for one metric on one engine once."""
    work = provider.get_evaluation_dependencies.__func__
    known: dict[Any, tuple[Any, Any]] = {}

    def dependencies(
        cls: Any,
        metric: Any,
        configuration: Any = None,
        execution_engine: Any = None,
        runtime_configuration: Any = None,
    ) -> Any:
        key = (cls, metric.id, id(execution_engine))
        if configuration is not None or key not in known:
            found = work(cls, metric, configuration, execution_engine, runtime_configuration)
            if configuration is not None:
                return found
            known[key] = (execution_engine, found)
        return dict(known[key][1])

    return classmethod(dependencies)


def _copied(configuration: Any, _memo: Any) -> Any:
    """Copy a configuration with its arguments, which one adds to and nobody changes, and not what each of them holds."""
    found = copy.copy(configuration)
    found._kwargs = dict(configuration.kwargs)
    return found


def _named(to_id: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def named(of: Any, id_keys: Any = None, id_ignore_keys: Any = None) -> Any:
        if id_keys is not None or id_ignore_keys is not None:
            return to_id(of, id_keys, id_ignore_keys)
        key = frozenset(
            (name, value) if type(value) is str else (name, type(value), repr(value))
            for name, value in of.items()
        )
        if key not in known:
            known[key] = to_id(of)
        return known[key]

    return named


def _visited_once(build: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out of the graph of an expectation what was built into it before."""

    def visited_once(graph: Any, metric_configuration: Any, runtime_configuration: Any = None) -> None:
        visited = graph.__dict__.setdefault("_visited", set())
        if metric_configuration.id not in visited:
            visited.add(metric_configuration.id)
            build(graph, metric_configuration, runtime_configuration)

    return visited_once


def _of_something(filtered: Callable[..., Any]) -> Callable[..., Any]:
    def of_something(graph: Any, metric_info: Mapping[Any, Any]) -> Any:
        return filtered(graph, metric_info) if metric_info else {}

    return of_something


@contextmanager
def _one_connection(execution_engine: Any) -> Iterator[Any]:
    """Keep the connection, as the library does itself for engines that it knows to need it."""
    if execution_engine._connection is None:
        execution_engine._connection = execution_engine.engine.connect()
    yield execution_engine._connection


def _columns_by_name(get_columns: Callable[..., Any]) -> Callable[..., Any]:
    """Read the columns of a table off a query without rows: the list of all columns of all databases is long.

    Their types are left open, as no expectation of ours is on types: those are the tables' own.
    """
    from sqlalchemy import types

    def columns_by_name(inspector: Any, table_name: str, schema: str | None = None, **more: Any) -> Any:
        known = inspector.__dict__.setdefault("_columns_by_name", {})
        if schema is not None:
            return get_columns(inspector, table_name, schema, **more)
        if table_name not in known:
            quoted = inspector.dialect.identifier_preparer.quote_identifier(str(table_name))
            with inspector.bind.connect() as connection:
                names = connection.exec_driver_sql(f"SELECT * FROM {quoted} LIMIT 0").keys()
                known[table_name] = [
                    {"name": n, "type": types.NullType(), "nullable": True, "default": None} for n in names
                ]
        return known[table_name]

    return columns_by_name


def _no_key(*_: Any, **__: Any) -> Any:
    return {"constrained_columns": [], "name": None}


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """The library makes so many objects that looking for cycles among them is a fifth of its time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
